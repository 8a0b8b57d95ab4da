//! A key that a campus hands out: who holds it becomes a member, so many learners at most, until it ends.

use std::collections::BTreeSet;
use studium_kit::{DAY_MS, Decider, Decision, Reason as _};
use studium_proto::campus::v1::{
    InviteKeyCreated, InviteKeyDeactivated, InviteRedeemed, MemberClass, Reason, invite_key_event::Event,
};

/// A key holds for so many days and so many learners at most, and unless something else is said.
pub const DAYS_MAX: u32 = 365;
/// See [`DAYS_MAX`].
pub const USES_MAX: u32 = 10_000;

/// What can be asked of a key.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist from a time on.
    Create { terms: Terms, at_ms: i64 },
    /// To make a learner a member at a time.
    Redeem { learner_id: String, at_ms: i64 },
    /// To be used no more; only the campus that made it may say so.
    Deactivate { campus_id: String, reason: String },
}

/// On what terms a key is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// The campus.
    pub campus_id: String,
    /// In what capacity people become members.
    pub class: MemberClass,
    /// In which department.
    pub department: String,
    /// Learners who may use it.
    pub uses_max: u32,
    /// For so many days.
    pub valid_days: u32,
}

/// A key as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct InviteKey {
    terms: Option<Terms>,
    expires_at_ms: i64,
    used_by: BTreeSet<String>,
    deactivated: bool,
}

impl Decider for InviteKey {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match (command, &self.terms) {
            (Command::Create { terms, .. }, Some(it)) if terms == it => Ok(Vec::new()),
            (Command::Create { .. }, Some(_)) => {
                Reason::InviteKeyExists.because("the key exists already, on other terms; choose another")
            }
            (Command::Create { terms, at_ms }, None) => create(terms, *at_ms),
            (Command::Redeem { learner_id, at_ms }, Some(it)) => self.redeem(it, learner_id, *at_ms),
            (Command::Deactivate { campus_id, reason }, Some(it)) if it.campus_id == *campus_id => {
                if self.deactivated {
                    return Ok(Vec::new());
                }
                Ok(vec![Event::InviteKeyDeactivated(InviteKeyDeactivated { reason: reason.clone() })])
            }
            // Another campus learns nothing of the key, not even that there is one.
            (Command::Redeem { .. } | Command::Deactivate { .. }, _) => {
                Reason::InviteKeyNotFound.because("there is no such key")
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::InviteKeyCreated(it) => {
                self.expires_at_ms = it.expires_at_ms;
                self.terms = Some(Terms {
                    campus_id: it.campus_id.clone(),
                    class: it.class(),
                    department: it.department.clone(),
                    uses_max: it.uses_max,
                    valid_days: it.valid_days,
                });
            }
            Event::InviteRedeemed(it) => drop(self.used_by.insert(it.learner_id.clone())),
            Event::InviteKeyDeactivated(_) => self.deactivated = true,
        }
    }
}

fn create(terms: &Terms, at_ms: i64) -> Decision<InviteKey> {
    let fits = (1..=DAYS_MAX).contains(&terms.valid_days) && (1..=USES_MAX).contains(&terms.uses_max);
    if !fits {
        return Reason::InviteKeyBeyondLimits
            .because(format!("a key holds for 1 to {DAYS_MAX} days and 1 to {USES_MAX} learners"));
    }
    Ok(vec![Event::InviteKeyCreated(InviteKeyCreated {
        campus_id: terms.campus_id.clone(),
        class: terms.class.into(),
        department: terms.department.clone(),
        uses_max: terms.uses_max,
        valid_days: terms.valid_days,
        expires_at_ms: at_ms.saturating_add(i64::from(terms.valid_days) * DAY_MS),
    })])
}

impl InviteKey {
    fn redeem(&self, terms: &Terms, learner_id: &str, at_ms: i64) -> Decision<Self> {
        if self.used_by.contains(learner_id) {
            return Ok(Vec::new());
        }
        if self.deactivated {
            return Reason::InviteKeyDeactivated.because("the key was deactivated; ask the campus for another");
        }
        if at_ms >= self.expires_at_ms {
            return Reason::InviteKeyExpired.because("the key holds no more; ask the campus for another");
        }
        if self.used_by.len() >= terms.uses_max as usize {
            return Reason::InviteKeyUsedUp
                .because(format!("{} learners have used the key, and no more may", terms.uses_max));
        }
        Ok(vec![Event::InviteRedeemed(InviteRedeemed {
            learner_id: learner_id.to_owned(),
            campus_id: terms.campus_id.clone(),
            class: terms.class.into(),
            department: terms.department.clone(),
            r#use: self.used_by.len() as u32 + 1,
        })])
    }
}

#[cfg(test)]
mod tests;
