//! How an enrolment rests, ends and comes back: suspended, withdrawn, deferred, expired, reinstated.

use super::{Authority, By, Enrolment, Offer, no, word};
use studium_kit::Decision;
use studium_proto::enrolment::v1::{
    EndCause, EnrolmentDeferred, EnrolmentExpired, EnrolmentReinstated, EnrolmentState, EnrolmentSuspended,
    EnrolmentWithdrawn, Reason, enrolment_event::Event,
};

impl Enrolment {
    pub(super) fn suspend(&self, reason: &str, release_seat: bool) -> Decision<Self> {
        match self.state {
            EnrolmentState::Suspended => return Ok(Vec::new()),
            EnrolmentState::Active => {}
            EnrolmentState::Withdrawn
            | EnrolmentState::Expired
            | EnrolmentState::Completed
            | EnrolmentState::Failed => {
                return self.ended();
            }
            _ => return self.not_active(),
        }
        if reason.is_empty() {
            return no(Reason::ExplanationRequired, "say why the enrolment is suspended");
        }
        Ok(vec![Event::EnrolmentSuspended(EnrolmentSuspended {
            reason: reason.to_owned(),
            seat_released: release_seat && self.wants_seat,
            round: self.round,
            cause: EndCause::Unspecified as i32,
        })])
    }

    /// Back from a rest or an end. Whoever has no seat any more asks for one as a newcomer does.
    pub(super) fn reinstate(&self, offer: &Offer, reason: &str) -> Decision<Self> {
        match self.state {
            EnrolmentState::Active | EnrolmentState::Requested | EnrolmentState::Waitlisted => return Ok(Vec::new()),
            EnrolmentState::Completed => return self.ended(),
            EnrolmentState::Suspended | EnrolmentState::Failed => {}
            EnrolmentState::Withdrawn | EnrolmentState::Expired if self.round > 0 => {}
            it => return no(Reason::NotSuspended, format!("the enrolment is {}; enrol or invite instead", word(it))),
        }
        if reason.is_empty() {
            return no(Reason::ExplanationRequired, "say why the enrolment is reinstated");
        }
        let seat_needed = offer.capacity > 0 && !self.holds_seat;
        Ok(vec![Event::EnrolmentReinstated(EnrolmentReinstated {
            reason: reason.to_owned(),
            seat_needed,
            round: if seat_needed { self.round + 1 } else { self.round },
            capacity: offer.capacity,
            waiting_list: offer.waiting_list,
        })])
    }

    pub(super) fn withdraw(&self, by: &By, cause: EndCause, reason: &str) -> Decision<Self> {
        match self.state {
            EnrolmentState::Withdrawn => return Ok(Vec::new()),
            EnrolmentState::Completed | EnrolmentState::Failed | EnrolmentState::Expired => return self.ended(),
            _ => {}
        }
        if by.authority > Authority::Learner && reason.is_empty() {
            return no(Reason::ExplanationRequired, "say why the learner is withdrawn");
        }
        let by_whom =
            if by.authority == Authority::Learner { EndCause::LearnerChoice } else { EndCause::StaffDecision };
        let cause = if cause == EndCause::Unspecified { by_whom } else { cause };
        Ok(vec![Event::EnrolmentWithdrawn(EnrolmentWithdrawn {
            cause: cause as i32,
            reason: reason.to_owned(),
            seat_released: self.wants_seat,
            round: self.round,
        })])
    }

    pub(super) fn defer(&self, by: &By, run: &str, to_run: &str, offer: &Offer, reason: &str) -> Decision<Self> {
        if run == to_run {
            return no(Reason::SameRun, format!("the learner is in `{run}` already"));
        }
        match self.state {
            EnrolmentState::Requested
            | EnrolmentState::Waitlisted
            | EnrolmentState::Active
            | EnrolmentState::Suspended => {}
            EnrolmentState::Withdrawn if self.deferred_to == to_run => return Ok(Vec::new()),
            EnrolmentState::Invited => return no(Reason::NotActive, "the invitation is not accepted yet"),
            _ => return self.ended(),
        }
        offer.is_open(by, reason)?;
        offer.admits(by, reason, false)?;
        offer.has_room()?;
        let due = offer.due(self.terms.source, self.paid_minor);
        Ok(vec![Event::EnrolmentDeferred(EnrolmentDeferred {
            to_run_id: to_run.to_owned(),
            to_course_id: offer.course_id.clone(),
            to_course_version: offer.course_version,
            to_institution_id: offer.institution_id.clone(),
            to_capacity: offer.capacity,
            to_waiting_list: offer.waiting_list,
            sponsor_institution_id: self.terms.sponsor_institution_id.clone(),
            source: self.terms.source as i32,
            source_ref: self.terms.source_ref.clone(),
            mode: self.terms.mode as i32,
            amount_due_minor: due,
            currency: if due > 0 { offer.currency.clone() } else { String::new() },
            reason: reason.to_owned(),
            seat_released: self.wants_seat,
            round: self.round,
        })])
    }

    pub(super) fn expire(&self, cause: EndCause, reason: &str) -> Decision<Self> {
        match self.state {
            EnrolmentState::Expired | EnrolmentState::Unspecified => return Ok(Vec::new()),
            EnrolmentState::Withdrawn | EnrolmentState::Completed | EnrolmentState::Failed => return self.ended(),
            _ => {}
        }
        let cause = if cause == EndCause::Unspecified { EndCause::RunEnded } else { cause };
        Ok(vec![Event::EnrolmentExpired(EnrolmentExpired {
            cause: cause as i32,
            reason: reason.to_owned(),
            seat_released: self.wants_seat,
            round: self.round,
        })])
    }
}
