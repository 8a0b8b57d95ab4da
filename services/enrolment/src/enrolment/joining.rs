//! How a learner comes into a run: by request or invitation, with a seat where seats are limited, paid where it costs.

use super::{Authority, By, Enrolment, INVITATION_MS, Offer, SEAT_HOLD_MS, Terms, no, word};
use studium_kit::Decision;
use studium_proto::enrolment::v1::{
    EndCause, EnrolmentActivated, EnrolmentExpired, EnrolmentInvited, EnrolmentMode, EnrolmentPromoted,
    EnrolmentRequested, EnrolmentSource, EnrolmentState, EnrolmentWaitlisted, InvitationAccepted, InvitationDeclined,
    ModeChanged, PaymentRecorded, Reason, SeatHeld, enrolment_event::Event,
};

impl Enrolment {
    pub(super) fn enrol(&self, by: &By, offer: &Offer, terms: &Terms, why: &str) -> Decision<Self> {
        by.may_act_for(&offer.institution_id, &terms.sponsor_institution_id)?;
        let own = matches!(terms.source, EnrolmentSource::SelfPaid | EnrolmentSource::Audit);
        if by.authority == Authority::Learner && !(own && terms.sponsor_institution_id.is_empty()) {
            return no(
                Reason::SourceNotAllowed,
                "learners enrol themselves as self-payers or listeners, without a sponsor",
            );
        }
        match self.state {
            EnrolmentState::Requested | EnrolmentState::Waitlisted | EnrolmentState::Active => {
                return self.enrolled_already(terms);
            }
            EnrolmentState::Suspended => {
                return no(Reason::AlreadyEnrolled, "the enrolment is suspended; reinstate it");
            }
            EnrolmentState::Completed | EnrolmentState::Failed => return self.ended(),
            EnrolmentState::Unspecified
            | EnrolmentState::Invited
            | EnrolmentState::Withdrawn
            | EnrolmentState::Expired => {}
        }
        offer.is_open(by, why)?;
        offer.admits(by, why, self.state == EnrolmentState::Invited)?;
        offer.has_room()?;
        let why = if by.authority == Authority::Registrar { why } else { "" };
        let mut events = Vec::with_capacity(2);
        if self.state == EnrolmentState::Invited {
            events.push(Event::InvitationAccepted(InvitationAccepted {}));
        }
        self.request(offer, terms, why, &mut events);
        Ok(events)
    }

    fn enrolled_already(&self, terms: &Terms) -> Decision<Self> {
        let Terms { source, source_ref, sponsor_institution_id, .. } = &self.terms;
        if *source == terms.source
            && *source_ref == terms.source_ref
            && *sponsor_institution_id == terms.sponsor_institution_id
            && self.terms.mode == terms.mode
        {
            return Ok(Vec::new());
        }
        no(Reason::AlreadyEnrolled, format!("the enrolment is {} on other terms; change its mode", word(self.state)))
    }

    /// Asks for a place; with unlimited seats and nothing to pay the learner is in at once.
    pub(super) fn request(&self, offer: &Offer, terms: &Terms, override_reason: &str, events: &mut Vec<Event>) {
        let round = self.round + 1;
        let due = offer.due(terms.source, self.paid_minor);
        events.push(Event::EnrolmentRequested(EnrolmentRequested {
            round,
            course_id: offer.course_id.clone(),
            course_version: offer.course_version,
            institution_id: offer.institution_id.clone(),
            sponsor_institution_id: terms.sponsor_institution_id.clone(),
            source: terms.source as i32,
            source_ref: terms.source_ref.clone(),
            mode: terms.mode as i32,
            capacity: offer.capacity,
            waiting_list: offer.waiting_list,
            amount_due_minor: due,
            currency: if due > 0 { offer.currency.clone() } else { String::new() },
            override_reason: override_reason.to_owned(),
            deferred_from_run_id: terms.deferred_from_run_id.clone(),
        }));
        if offer.capacity == 0 && due == 0 {
            events.push(Event::EnrolmentActivated(EnrolmentActivated { round, seat_held: false }));
        }
    }

    pub(super) fn invite(&self, by: &By, offer: &Offer, terms: &Terms, until_ms: i64, reason: &str) -> Decision<Self> {
        by.may_act_for(&offer.institution_id, &terms.sponsor_institution_id)?;
        match self.state {
            EnrolmentState::Invited => return Ok(Vec::new()),
            EnrolmentState::Unspecified | EnrolmentState::Withdrawn | EnrolmentState::Expired => {}
            EnrolmentState::Completed | EnrolmentState::Failed => return self.ended(),
            it => return no(Reason::AlreadyEnrolled, format!("the enrolment is {}", word(it))),
        }
        offer.takes_place(by.at_ms)?;
        let expires_at_ms = if until_ms > 0 { until_ms } else { by.at_ms.saturating_add(INVITATION_MS) };
        if expires_at_ms <= by.at_ms {
            return no(Reason::InvitationExpired, "the invitation would lapse before it is given");
        }
        Ok(vec![Event::EnrolmentInvited(EnrolmentInvited {
            course_id: offer.course_id.clone(),
            institution_id: offer.institution_id.clone(),
            sponsor_institution_id: terms.sponsor_institution_id.clone(),
            source: terms.source as i32,
            source_ref: terms.source_ref.clone(),
            mode: terms.mode as i32,
            expires_at_ms,
            reason: reason.to_owned(),
        })])
    }

    pub(super) fn accept(&self, by: &By, offer: &Offer) -> Decision<Self> {
        match self.state {
            EnrolmentState::Invited => {}
            EnrolmentState::Requested | EnrolmentState::Waitlisted | EnrolmentState::Active => return Ok(Vec::new()),
            EnrolmentState::Expired if self.end_cause == EndCause::InvitationLapsed => {
                return no(Reason::InvitationExpired, "the invitation has lapsed");
            }
            it => return no(Reason::NotInvited, format!("the enrolment is {}", word(it))),
        }
        if by.at_ms >= self.waits_until_ms {
            return no(Reason::InvitationExpired, format!("the invitation lapsed at {} ms", self.waits_until_ms));
        }
        offer.takes_place(by.at_ms)?;
        offer.has_room()?;
        let mut events = vec![Event::InvitationAccepted(InvitationAccepted {})];
        self.request(offer, &self.terms, "", &mut events);
        Ok(events)
    }

    pub(super) fn decline(&self, reason: &str) -> Decision<Self> {
        match self.state {
            EnrolmentState::Invited => {
                Ok(vec![Event::InvitationDeclined(InvitationDeclined { reason: reason.to_owned() })])
            }
            EnrolmentState::Withdrawn if self.end_cause == EndCause::Declined => Ok(Vec::new()),
            it => no(Reason::NotInvited, format!("the enrolment is {}", word(it))),
        }
    }

    /// An answer about a seat counts only for the request that is open now.
    fn awaits_seat(&self, round: u32) -> bool {
        let waits = matches!(self.state, EnrolmentState::Requested | EnrolmentState::Waitlisted);
        waits && round == self.round && self.wants_seat && !self.holds_seat
    }

    pub(super) fn grant_seat(&self, round: u32, at_ms: i64) -> Vec<Event> {
        if !self.awaits_seat(round) {
            return Vec::new();
        }
        let mut events = Vec::with_capacity(2);
        if self.state == EnrolmentState::Waitlisted {
            events.push(Event::EnrolmentPromoted(EnrolmentPromoted { round }));
        }
        events.push(if self.due_minor > 0 {
            Event::SeatHeld(SeatHeld { round, until_ms: at_ms.saturating_add(SEAT_HOLD_MS) })
        } else {
            Event::EnrolmentActivated(EnrolmentActivated { round, seat_held: true })
        });
        events
    }

    pub(super) fn waitlist(&self, round: u32) -> Vec<Event> {
        if !self.awaits_seat(round) || self.state == EnrolmentState::Waitlisted {
            return Vec::new();
        }
        vec![Event::EnrolmentWaitlisted(EnrolmentWaitlisted { round })]
    }

    pub(super) fn refuse_seat(&self, round: u32, cause: EndCause) -> Vec<Event> {
        if !self.awaits_seat(round) {
            return Vec::new();
        }
        // The run holds nothing for the learner: there is nothing to give back.
        let (cause, reason) = (cause as i32, String::new());
        vec![Event::EnrolmentExpired(EnrolmentExpired { cause, reason, seat_released: false, round })]
    }

    pub(super) fn lapse(&self, at_ms: i64) -> Vec<Event> {
        if self.waits_until_ms == 0 || at_ms < self.waits_until_ms {
            return Vec::new();
        }
        let cause = match self.state {
            EnrolmentState::Invited => EndCause::InvitationLapsed,
            EnrolmentState::Requested if self.holds_seat && self.due_minor > 0 => EndCause::PaymentLapsed,
            _ => return Vec::new(),
        };
        vec![Event::EnrolmentExpired(EnrolmentExpired {
            cause: cause as i32,
            reason: String::new(),
            seat_released: self.holds_seat,
            round: self.round,
        })]
    }

    pub(super) fn record_payment(&self, payment_id: &str, amount_minor: i64, currency: &str) -> Decision<Self> {
        if let Some((amount, code)) = self.payments.get(payment_id) {
            if *amount == amount_minor && code == currency {
                return Ok(Vec::new());
            }
            return no(Reason::PaymentDiffers, format!("payment `{payment_id}` is recorded as {amount} {code}"));
        }
        match self.state {
            EnrolmentState::Requested
            | EnrolmentState::Waitlisted
            | EnrolmentState::Active
            | EnrolmentState::Suspended => {}
            EnrolmentState::Invited => return no(Reason::NotActive, "the invitation is not accepted yet"),
            _ => return self.ended(),
        }
        if self.due_minor > 0 && currency != self.currency {
            return no(Reason::CurrencyDiffers, format!("the amount is due in {}, not {currency}", self.currency));
        }
        let payment =
            PaymentRecorded { payment_id: payment_id.to_owned(), amount_minor, currency: currency.to_owned() };
        let mut events = vec![Event::PaymentRecorded(payment)];
        let seated = !self.wants_seat || self.holds_seat;
        if self.state == EnrolmentState::Requested && seated && amount_minor >= self.due_minor {
            events
                .push(Event::EnrolmentActivated(EnrolmentActivated { round: self.round, seat_held: self.holds_seat }));
        }
        Ok(events)
    }

    pub(super) fn change_mode(&self, by: &By, mode: EnrolmentMode, price_minor: i64, reason: &str) -> Decision<Self> {
        if mode == self.terms.mode {
            return Ok(Vec::new());
        }
        match self.state {
            EnrolmentState::Requested
            | EnrolmentState::Waitlisted
            | EnrolmentState::Active
            | EnrolmentState::Suspended => {}
            EnrolmentState::Invited => return no(Reason::NotActive, "the invitation is not accepted yet"),
            _ => return self.ended(),
        }
        // Whom an institution, a programme or staff brought in has paid elsewhere.
        let pays = matches!(self.terms.source, EnrolmentSource::SelfPaid | EnrolmentSource::Audit);
        if by.authority == Authority::Learner && pays && mode != EnrolmentMode::Audit && self.paid_minor < price_minor {
            return no(
                Reason::PaymentDue,
                format!("{} of {price_minor} (minor units) are paid; pay the rest first", self.paid_minor),
            );
        }
        Ok(vec![Event::ModeChanged(ModeChanged {
            mode: mode as i32,
            previous_mode: self.terms.mode as i32,
            reason: reason.to_owned(),
        })])
    }
}
