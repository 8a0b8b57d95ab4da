//! A partner university's feed: whether there is one, and which days are over for it.

use studium_kit::{Decider, Decision};
use studium_proto::enrolment::v1::{
    PartnerDayClosed, PartnerFeedClosed, PartnerFeedOpened, Reason, partner_feed_event::Event,
};

/// What can be asked of a partner's feed.
#[derive(Debug, Clone)]
pub enum Command {
    /// To tell the partner everything, from the beginning on.
    Open,
    /// To tell it nothing more.
    Close { reason: String },
    /// To say what a copy has to come to at the end of a day, ISO 8601.
    CloseDay { date: String },
}

/// Whether there is a feed.
#[derive(Debug, Clone, Default)]
pub struct Partner {
    is_open: bool,
    was_opened: bool,
    closed_day: String,
}

impl Decider for Partner {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        // Who may ask is the contract's business; that a partner may always come and go is not ruled.
        Ok(match command {
            Command::Open if !self.is_open => vec![Event::PartnerFeedOpened(PartnerFeedOpened {})],
            Command::Close { reason } if self.is_open => {
                vec![Event::PartnerFeedClosed(PartnerFeedClosed { reason: reason.clone() })]
            }
            // ISO dates are in order as text.
            Command::CloseDay { date } if self.is_open && *date > self.closed_day => {
                vec![Event::PartnerDayClosed(PartnerDayClosed { date: date.clone() })]
            }
            Command::Open | Command::Close { .. } | Command::CloseDay { .. } => Vec::new(),
        })
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::PartnerFeedOpened(_) => (self.is_open, self.was_opened) = (true, true),
            Event::PartnerFeedClosed(_) => self.is_open = false,
            Event::PartnerDayClosed(it) => self.closed_day.clone_from(&it.date),
        }
    }
}

impl Partner {
    /// Whether there ever was a feed.
    pub fn was_opened(&self) -> bool {
        self.was_opened
    }
}

#[cfg(test)]
mod tests;
