//! Learners whom a campus pays for: in by a seat of its plan, and back to listening or to rest when the seat ends.

use super::{By, Enrolment, Offer, Terms, no};
use studium_kit::{Decision, Reason as _};
use studium_proto::{
    campus::v1::FallBack,
    enrolment::v1::{
        CampusSeatAnswered, EndCause, EnrolmentExpired, EnrolmentMode, EnrolmentSource, EnrolmentState,
        EnrolmentSuspended, ModeChanged, Reason, enrolment_event::Event,
    },
};

/// A campus's wish to enrol a learner by a seat of one of its plans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeatWish {
    /// The plan.
    pub plan_id: String,
    /// The plan's number of the wish; answered once.
    pub seat_round: u32,
    /// The campus, which sponsors the enrolment.
    pub campus_id: String,
    /// The course is taken for credit.
    pub for_credit: bool,
}

impl Enrolment {
    /// Answers a campus's wish: what refuses anybody else refuses here, and the campus hears the reason.
    pub(super) fn enrol_by_seat(&self, by: &By, wish: &SeatWish, offer: Option<&Offer>) -> Vec<Event> {
        if self.seat_rounds.get(&wish.plan_id).is_some_and(|it| *it >= wish.seat_round) {
            return Vec::new();
        }
        let judged = match offer {
            Some(offer) => self.join_by_seat(by, wish, offer),
            None => no(Reason::RunNotFound, "no event of the catalogue tells of this run"),
        };
        let (mut events, reason, detail) = match judged {
            Ok(events) => (events, "", String::new()),
            Err(it) => (Vec::new(), it.reason.name(), it.detail),
        };
        events.push(Event::CampusSeatAnswered(CampusSeatAnswered {
            plan_id: wish.plan_id.clone(),
            seat_round: wish.seat_round,
            accepted: reason.is_empty(),
            reason: reason.to_owned(),
            detail,
        }));
        events
    }

    fn join_by_seat(&self, by: &By, wish: &SeatWish, offer: &Offer) -> Decision<Self> {
        let mut terms = Terms {
            source: EnrolmentSource::CampusSeat,
            source_ref: wish.plan_id.clone(),
            mode: if wish.for_credit { EnrolmentMode::Credit } else { EnrolmentMode::Certificate },
            sponsor_institution_id: wish.campus_id.clone(),
            deferred_from_run_id: String::new(),
        };
        let is_sponsored = self.terms.source == EnrolmentSource::CampusSeat
            && self.terms.sponsor_institution_id == wish.campus_id
            && self.is_in();
        if self.has_fallen_back() {
            // The learner was in the run and lost the seat: another takes the learner back in, window or not.
            return self.request_again(by, offer, &terms);
        }
        if is_sponsored && self.terms.source_ref != wish.plan_id {
            // The seat moved to another plan, and the learner stays for what it was.
            terms.mode = self.terms.mode;
            return self.request_again(by, offer, &terms);
        }
        if is_sponsored {
            return Ok(Vec::new());
        }
        self.enrol(by, offer, &terms, "")
    }

    fn request_again(&self, by: &By, offer: &Offer, terms: &Terms) -> Decision<Self> {
        offer.takes_place(by.at_ms)?;
        let mut events = Vec::with_capacity(2);
        self.request(offer, terms, "", &mut events);
        Ok(events)
    }

    fn is_in(&self) -> bool {
        matches!(self.state, EnrolmentState::Requested | EnrolmentState::Waitlisted | EnrolmentState::Active)
    }

    /// The campus's seat ended, and the enrolment went back to listening or to rest for that.
    fn has_fallen_back(&self) -> bool {
        let listens = self.is_in() && self.terms.mode == EnrolmentMode::Audit;
        let rests = self.state == EnrolmentState::Suspended && self.rests_without_seat;
        self.terms.source == EnrolmentSource::CampusSeat && (listens || rests)
    }

    /// The seat of this plan ended: the enrolment goes on as the plan says. One that has ended stays as it is.
    pub(super) fn lose_seat(&self, plan_id: &str, fall_back: FallBack) -> Vec<Event> {
        if self.terms.source != EnrolmentSource::CampusSeat || self.terms.source_ref != plan_id {
            return Vec::new();
        }
        let reason = "the campus seat ended".to_owned();
        match self.state {
            EnrolmentState::Requested | EnrolmentState::Waitlisted => {
                vec![Event::EnrolmentExpired(EnrolmentExpired {
                    cause: EndCause::SeatRevoked as i32,
                    reason,
                    seat_released: self.wants_seat,
                    round: self.round,
                })]
            }
            EnrolmentState::Active if fall_back == FallBack::Suspend => {
                vec![Event::EnrolmentSuspended(EnrolmentSuspended {
                    reason,
                    seat_released: false,
                    round: self.round,
                    cause: EndCause::SeatRevoked as i32,
                })]
            }
            EnrolmentState::Active if self.terms.mode != EnrolmentMode::Audit => {
                vec![Event::ModeChanged(ModeChanged {
                    mode: EnrolmentMode::Audit as i32,
                    previous_mode: self.terms.mode as i32,
                    reason,
                })]
            }
            _ => Vec::new(),
        }
    }
}
