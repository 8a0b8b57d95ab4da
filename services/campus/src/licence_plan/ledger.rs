//! The ledger of a plan's seats: every seat that was bought is in exactly one state.

use studium_proto::campus::v1::{TermBegan, licence_plan_event::Event};

/// How many of the seats that were bought are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Seats bought for the term.
    pub bought: u32,
    /// Free to be assigned.
    pub unassigned: u32,
    /// In a learner's hands, not used yet.
    pub assigned: u32,
    /// In a learner's hands and used.
    pub activated: u32,
    /// Taken away, and used up until the next term.
    pub revoked: u32,
    /// Over with the plan.
    pub expired: u32,
}

/// A state of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Account {
    /// Does not exist: before it was bought, after it was given back.
    Outside,
    /// Free to be assigned.
    Unassigned,
    /// In a learner's hands, not used yet.
    Assigned,
    /// In a learner's hands and used.
    Activated,
    /// Taken away and used up.
    Revoked,
    /// Over with the plan.
    Expired,
}

impl Ledger {
    /// Posts what an event moves; decisions and the view of plans both keep their books here.
    pub fn take_in(&mut self, event: &Event) {
        use Account::{Activated, Assigned, Expired, Outside, Revoked, Unassigned};
        match event {
            Event::PlanProvisioned(it) => self.post(Outside, Unassigned, it.seats),
            Event::SeatsBought(it) => self.post(Outside, Unassigned, it.seats),
            Event::SeatsGivenBack(it) => self.post(Unassigned, Outside, it.seats),
            Event::PlanFrozen(it) => self.post(Unassigned, Outside, it.seats_given_back),
            Event::TermBegan(it) => self.begin_term(it),
            Event::PlanExpired(it) => {
                self.post(Unassigned, Expired, it.unassigned);
                self.post(Assigned, Expired, it.assigned);
                self.post(Activated, Expired, it.activated);
            }
            Event::SeatAssigned(it) if !it.test_user => self.post(Unassigned, Assigned, 1),
            Event::SeatActivated(it) if !it.test_user => self.post(Assigned, Activated, 1),
            Event::SeatEnded(it) if !it.test_user => {
                let from = if it.was_activated { Activated } else { Assigned };
                self.post(from, if it.returned { Unassigned } else { Revoked }, 1);
            }
            _ => {}
        }
    }

    /// The old term's seats go, the new term's come.
    fn begin_term(&mut self, it: &TermBegan) {
        use Account::{Activated, Assigned, Expired, Outside, Revoked, Unassigned};
        let old = *self;
        self.post(Unassigned, Outside, old.unassigned);
        self.post(Assigned, Outside, old.assigned);
        self.post(Activated, Outside, old.activated);
        self.post(Revoked, Outside, old.revoked);
        self.post(Expired, Outside, old.expired);
        self.post(Outside, Unassigned, it.seats);
        self.post(Unassigned, Assigned, it.assigned);
        self.post(Unassigned, Activated, it.activated);
    }

    /// Moves seats from one state to another: the only way in which any figure here changes.
    fn post(&mut self, from: Account, to: Account, seats: u32) {
        // An event in the wrong order must not make a state panic; what is not there is not moved.
        let moved = self.account(from).map_or(seats, |it| (*it).min(seats));
        for (account, is_from) in [(from, true), (to, false)] {
            match (self.account(account), is_from) {
                (Some(it), true) => *it -= moved,
                (Some(it), false) => *it += moved,
                (None, true) => self.bought += moved,
                (None, false) => self.bought -= moved,
            }
        }
    }

    fn account(&mut self, account: Account) -> Option<&mut u32> {
        match account {
            Account::Outside => None,
            Account::Unassigned => Some(&mut self.unassigned),
            Account::Assigned => Some(&mut self.assigned),
            Account::Activated => Some(&mut self.activated),
            Account::Revoked => Some(&mut self.revoked),
            Account::Expired => Some(&mut self.expired),
        }
    }

    /// Seats in learners' hands.
    pub fn held(&self) -> u32 {
        self.assigned + self.activated
    }

    /// The highest of the marks 75 and 100 (percent of what was bought) that is reached with so many seats in
    /// learners' hands; 0 = neither.
    pub(super) fn mark(&self, held: u32) -> u32 {
        let reached = |percent: u32| u64::from(held) * 100 >= u64::from(self.bought) * u64::from(percent);
        if self.bought == 0 { 0 } else { [100, 75].into_iter().find(|it| reached(*it)).unwrap_or(0) }
    }

    /// Seats by state, in all: always what was bought.
    #[cfg(test)]
    pub fn sum(&self) -> u32 {
        self.unassigned + self.assigned + self.activated + self.revoked + self.expired
    }
}
