//! The facts that come in with a command: who asks, and what the catalogue offers.

use super::no;
use studium_kit::Rejection;
use studium_proto::enrolment::v1::{EnrolmentSource, Reason};

pub use studium_proto::enrolment::v1::RunStatus;

/// Who asks, when, and for which institution.
#[derive(Debug, Clone, Default)]
pub struct By {
    /// The business time of the act, Unix milliseconds.
    pub at_ms: i64,
    /// With what authority.
    pub authority: Authority,
    /// The institution that staff acts for; empty for everybody else.
    pub institution_id: String,
}

/// With what authority somebody asks; the later may do what the earlier may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authority {
    /// The learner.
    #[default]
    Learner,
    /// Staff or a teacher of an institution.
    Staff,
    /// Registrar, operator, or what follows by itself.
    Registrar,
}

impl By {
    /// The institution that asks, if one does, must provide the course or sponsor the learner.
    pub(crate) fn may_act_for(&self, provider: &str, sponsor: &str) -> Result<(), Rejection<Reason>> {
        if self.institution_id.is_empty() || self.institution_id == provider || self.institution_id == sponsor {
            return Ok(());
        }
        no(
            Reason::NotYourInstitution,
            format!("`{}` neither provides the course nor sponsors the learner", self.institution_id),
        )
    }
}

/// What the catalogue's events tell of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that are independent of each other")]
pub struct Offer {
    /// The course.
    pub course_id: String,
    /// Version of the course that the run teaches; 0 where the catalogue does not say.
    pub course_version: u32,
    /// The institution that provides it.
    pub institution_id: String,
    /// Where the run stands.
    pub status: RunStatus,
    /// The enrolment window opens, Unix milliseconds; 0 = no bound.
    pub opens_at_ms: i64,
    /// The enrolment window closes, Unix milliseconds; 0 = no bound.
    pub closes_at_ms: i64,
    /// The run ends, Unix milliseconds; 0 = not fixed.
    pub ends_at_ms: i64,
    /// Seats; 0 = unlimited.
    pub capacity: u32,
    /// Who finds no seat waits in line.
    pub waiting_list: bool,
    /// All seats are taken, as the run's own record says.
    pub is_full: bool,
    /// Only who was invited may join.
    pub by_invitation: bool,
    /// Only members may join, and as far as is known this learner is none.
    pub is_stranger: bool,
    /// What a self-payer pays, in minor units.
    pub price_minor: i64,
    /// ISO 4217 code of the price.
    pub currency: String,
}

impl Offer {
    /// The run takes place and is not over.
    pub(super) fn takes_place(&self, at_ms: i64) -> Result<(), Rejection<Reason>> {
        if self.status == RunStatus::Cancelled {
            return no(Reason::RunCancelled, "the run was cancelled");
        }
        if self.status == RunStatus::Ended || (self.ends_at_ms > 0 && at_ms >= self.ends_at_ms) {
            return no(Reason::RunEnded, format!("the run ended at {} ms", self.ends_at_ms));
        }
        Ok(())
    }

    /// The run takes place and can be joined at this time; a registrar's reason sets the time aside.
    pub(super) fn is_open(&self, by: &By, override_reason: &str) -> Result<(), Rejection<Reason>> {
        if self.status == RunStatus::Cancelled {
            return no(Reason::RunCancelled, "the run was cancelled");
        }
        if by.authority == Authority::Registrar && !override_reason.is_empty() {
            return Ok(());
        }
        self.takes_place(by.at_ms)?;
        if self.status != RunStatus::Open {
            return no(Reason::RunNotOpen, "the run is not open for enrolment");
        }
        let too_early = self.opens_at_ms > 0 && by.at_ms < self.opens_at_ms;
        let too_late = self.closes_at_ms > 0 && by.at_ms >= self.closes_at_ms;
        if too_early || too_late {
            return no(
                Reason::OutsideWindow,
                format!(
                    "enrolment is open from {} to {} (Unix milliseconds, 0 = no bound); asked for at {}",
                    self.opens_at_ms, self.closes_at_ms, by.at_ms
                ),
            );
        }
        Ok(())
    }

    /// Whom the run admits, whatever the time; a registrar's reason sets this aside as well.
    pub(super) fn admits(&self, by: &By, override_reason: &str, is_invited: bool) -> Result<(), Rejection<Reason>> {
        if by.authority == Authority::Registrar && !override_reason.is_empty() {
            return Ok(());
        }
        if self.by_invitation && !is_invited {
            return no(Reason::InvitationRequired, "the run is open to invited learners only");
        }
        if self.is_stranger {
            return no(Reason::NotAMember, "the run is open to members of certain institutions only");
        }
        Ok(())
    }

    /// There is a seat, or a line to stand in, as far as is known; the run's own record decides in the end.
    pub(super) fn has_room(&self) -> Result<(), Rejection<Reason>> {
        if self.is_full && !self.waiting_list {
            let sentence = format!("all {} seats are taken and there is no waiting list", self.capacity);
            return no(Reason::RunFull, sentence);
        }
        Ok(())
    }

    /// What somebody who paid so much already has still to pay.
    pub(super) fn due(&self, source: EnrolmentSource, paid_minor: i64) -> i64 {
        if source == EnrolmentSource::SelfPaid { self.price_minor.saturating_sub(paid_minor).max(0) } else { 0 }
    }
}
