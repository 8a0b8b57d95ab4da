//! One learner in one run: asked for, admitted, taught, assessed, ended; leaving and coming back is history here.

mod ending;
mod joining;
mod learning;
mod offer;
mod seat;
mod verdict;

pub use offer::{Authority, By, Offer, RunStatus};
pub use seat::SeatWish;
pub use verdict::{Rule, Weight};

use std::collections::BTreeMap;
use studium_kit::{Decider, Decision};
use studium_proto::campus::v1::FallBack;
use studium_proto::enrolment::v1::{
    EndCause, EnrolmentInvited, EnrolmentMode, EnrolmentReinstated, EnrolmentRequested, EnrolmentSource,
    EnrolmentState, Outcome, Reason, ResultRecorded, enrolment_event::Event,
};

/// How long an invitation stands unless it says otherwise: 14 days.
pub const INVITATION_MS: i64 = 14 * 24 * 3_600_000;

/// How long a seat is held for somebody who has still to pay: 48 hours.
pub const SEAT_HOLD_MS: i64 = 48 * 3_600_000;

/// What can be asked of an enrolment, by whom and when.
#[derive(Debug, Clone)]
pub struct Command {
    /// Who asks, when, and for which institution.
    pub by: By,
    /// What is asked.
    pub act: Act,
}

/// What can be asked of an enrolment.
#[derive(Debug, Clone)]
pub enum Act {
    /// To be enrolled.
    Enrol { offer: Offer, terms: Terms, override_reason: String },
    /// To be enrolled by a campus's seat, or to say why not; no offer if the run is unknown.
    EnrolBySeat { wish: SeatWish, offer: Option<Offer> },
    /// To go on without the seat of this plan.
    LoseSeat { plan_id: String, fall_back: FallBack },
    /// To be invited until a time, Unix milliseconds.
    Invite { offer: Offer, terms: Terms, expires_at_ms: i64, reason: String },
    /// To take up the invitation.
    Accept { offer: Offer },
    /// To turn the invitation down.
    Decline { reason: String },
    /// To note that the run has set a seat aside, in answer to the request `round`.
    GrantSeat { round: u32 },
    /// To note that the run has put the learner in line.
    Waitlist { round: u32 },
    /// To note that the run has no seat and no line.
    RefuseSeat { round: u32, cause: EndCause },
    /// To end what has waited too long: an invitation without answer, a seat without payment.
    Lapse,
    /// To end because the run did; whatever has ended already stays as it is.
    EndWithRun { cause: EndCause },
    /// To note a payment.
    RecordPayment { payment_id: String, amount_minor: i64, currency: String },
    /// To be in the run for something else; the price is what the new mode costs a self-payer.
    ChangeMode { mode: EnrolmentMode, price_minor: i64, reason: String },
    /// To note that the learner opened the course.
    Start,
    /// To note how far the learner is in a module.
    RecordProgress { module_id: String, minutes: u32, completed: bool },
    /// To note presence at a session.
    RecordAttendance { session_id: String, attendance: i32, minutes: u32 },
    /// To note a result; with a rule, the rule gives the weight.
    RecordResult { result: ResultRecorded, rule: Rule },
    /// To rest.
    Suspend { reason: String, release_seat: bool },
    /// To go on after a rest, or after an end that is taken back.
    Reinstate { offer: Offer, reason: String },
    /// To leave.
    Withdraw { cause: EndCause, reason: String },
    /// To move from one run to another.
    Defer { run_id: String, to_run_id: String, offer: Offer, reason: String },
    /// To have passed.
    Complete { outcome: Outcome, grade_millipoints: Option<u32>, override_reason: String, rule: Rule },
    /// To have failed.
    Fail { grade_millipoints: Option<u32>, reason: String, rule: Rule },
    /// To be judged by the run's rule.
    Conclude { rule: Rule },
    /// To be closed as having come to nothing.
    Expire { cause: EndCause, reason: String },
}

/// On what terms somebody is in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Where it comes from.
    pub source: EnrolmentSource,
    /// Licence plan, programme or the like.
    pub source_ref: String,
    /// What for.
    pub mode: EnrolmentMode,
    /// Who sponsors the learner.
    pub sponsor_institution_id: String,
    /// Run that the learner moved here from.
    pub deferred_from_run_id: String,
}

/// One learner in one run, as far as decisions need it.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that are independent of each other")]
pub struct Enrolment {
    state: EnrolmentState,
    round: u32,
    course_id: String,
    course_version: u32,
    institution_id: String,
    terms: Terms,
    /// One of the run's limited seats, or a place in its line, was asked for and not given back.
    wants_seat: bool,
    /// The seat is set aside.
    holds_seat: bool,
    capacity: u32,
    due_minor: i64,
    currency: String,
    paid_minor: i64,
    payments: BTreeMap<String, (i64, String)>,
    /// An invitation or a held seat lapses then.
    waits_until_ms: i64,
    end_cause: EndCause,
    deferred_to: String,
    /// Suspended because the campus's seat ended.
    rests_without_seat: bool,
    /// The last wish of each plan that was answered.
    seat_rounds: BTreeMap<String, u32>,
    is_started: bool,
    modules: BTreeMap<String, (u32, bool)>,
    sessions: BTreeMap<String, (i32, u32)>,
    results: BTreeMap<(String, u32), Scored>,
    outcome: Outcome,
    grade: Option<u32>,
}

/// A result, as far as decisions need it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scored {
    score: Option<u32>,
    weight: u32,
    identity_verified: bool,
    banked: bool,
}

impl Enrolment {
    /// Where it stands.
    pub fn state(&self) -> EnrolmentState {
        self.state
    }

    /// It occupies one of the run's limited seats.
    #[cfg(test)]
    pub fn occupies_seat(&self) -> bool {
        self.holds_seat
    }

    /// There is something to act on, and the institution that asks has a say in it.
    fn known_to(&self, by: &By) -> Result<(), studium_kit::Rejection<Reason>> {
        if self.state == EnrolmentState::Unspecified {
            return no(Reason::NotEnrolled, "the learner was never enrolled in this run");
        }
        by.may_act_for(&self.institution_id, &self.terms.sponsor_institution_id)
    }

    fn ended(&self) -> Decision<Self> {
        match self.state {
            EnrolmentState::Completed => no(Reason::AlreadyCompleted, "the enrolment is completed"),
            it => no(Reason::EnrolmentEnded, format!("the enrolment is {}", word(it))),
        }
    }

    fn not_active(&self) -> Decision<Self> {
        match self.state {
            EnrolmentState::Completed => no(Reason::AlreadyCompleted, "the enrolment is completed"),
            it => no(Reason::NotActive, format!("the enrolment is {}, not active", word(it))),
        }
    }
}

impl Decider for Enrolment {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        let by = &command.by;
        match &command.act {
            Act::Enrol { offer, terms, override_reason } => return self.enrol(by, offer, terms, override_reason),
            Act::Invite { offer, terms, expires_at_ms, reason } => {
                return self.invite(by, offer, terms, *expires_at_ms, reason);
            }
            // What follows by itself is no refusal when it comes too late: it finds nothing to do.
            Act::EnrolBySeat { wish, offer } => return Ok(self.enrol_by_seat(by, wish, offer.as_ref())),
            Act::LoseSeat { plan_id, fall_back } => return Ok(self.lose_seat(plan_id, *fall_back)),
            Act::GrantSeat { round } => return Ok(self.grant_seat(*round, by.at_ms)),
            Act::Waitlist { round } => return Ok(self.waitlist(*round)),
            Act::RefuseSeat { round, cause } => return Ok(self.refuse_seat(*round, *cause)),
            Act::Lapse => return Ok(self.lapse(by.at_ms)),
            Act::EndWithRun { cause } => return Ok(self.expire(*cause, "").unwrap_or_default()),
            _ => {}
        }
        self.known_to(by)?;
        match &command.act {
            Act::Accept { offer } => self.accept(by, offer),
            Act::Decline { reason } => self.decline(reason),
            Act::RecordPayment { payment_id, amount_minor, currency } => {
                self.record_payment(payment_id, *amount_minor, currency)
            }
            Act::ChangeMode { mode, price_minor, reason } => self.change_mode(by, *mode, *price_minor, reason),
            Act::Start => self.start(),
            Act::RecordProgress { module_id, minutes, completed } => {
                self.record_progress(module_id, *minutes, *completed)
            }
            Act::RecordAttendance { session_id, attendance, minutes } => {
                self.record_attendance(session_id, *attendance, *minutes)
            }
            Act::RecordResult { result, rule } => self.record_result(by, result, rule),
            Act::Suspend { reason, release_seat } => self.suspend(reason, *release_seat),
            Act::Reinstate { offer, reason } => self.reinstate(offer, reason),
            Act::Withdraw { cause, reason } => self.withdraw(by, *cause, reason),
            Act::Defer { run_id, to_run_id, offer, reason } => self.defer(by, run_id, to_run_id, offer, reason),
            Act::Complete { outcome, grade_millipoints, override_reason, rule } => {
                self.complete(*outcome, *grade_millipoints, override_reason, rule)
            }
            Act::Fail { grade_millipoints, reason, rule } => self.fail(*grade_millipoints, reason, rule),
            Act::Conclude { rule } => self.conclude(rule),
            Act::Expire { cause, reason } => self.expire(*cause, reason),
            Act::Enrol { .. }
            | Act::EnrolBySeat { .. }
            | Act::LoseSeat { .. }
            | Act::Invite { .. }
            | Act::GrantSeat { .. }
            | Act::Waitlist { .. }
            | Act::RefuseSeat { .. }
            | Act::Lapse
            | Act::EndWithRun { .. } => Ok(Vec::new()),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::EnrolmentInvited(it) => self.on_invited(it),
            Event::InvitationAccepted(_) => self.waits_until_ms = 0,
            Event::InvitationDeclined(_) => self.on_end(EnrolmentState::Withdrawn, EndCause::Declined as i32),
            Event::EnrolmentRequested(it) => self.on_requested(it),
            Event::SeatHeld(it) => {
                self.state = EnrolmentState::Requested;
                self.holds_seat = true;
                self.waits_until_ms = it.until_ms;
            }
            Event::EnrolmentWaitlisted(_) => self.state = EnrolmentState::Waitlisted,
            Event::EnrolmentPromoted(_) => self.state = EnrolmentState::Requested,
            Event::PaymentRecorded(it) => {
                self.payments.insert(it.payment_id.clone(), (it.amount_minor, it.currency.clone()));
                self.paid_minor = self.paid_minor.saturating_add(it.amount_minor);
                self.due_minor = self.due_minor.saturating_sub(it.amount_minor).max(0);
            }
            Event::EnrolmentActivated(it) => {
                self.state = EnrolmentState::Active;
                self.holds_seat = it.seat_held;
                self.waits_until_ms = 0;
            }
            Event::ModeChanged(it) => self.terms.mode = it.mode(),
            Event::EnrolmentStarted(_) => self.is_started = true,
            Event::ProgressRecorded(it) => {
                self.modules.insert(it.module_id.clone(), (it.minutes, it.completed));
            }
            Event::AttendanceRecorded(it) => {
                self.sessions.insert(it.session_id.clone(), (it.attendance, it.minutes));
            }
            Event::ResultRecorded(it) => {
                self.results.insert((it.assessment_id.clone(), it.attempt), Scored::from(it));
            }
            Event::EnrolmentSuspended(it) => {
                self.state = EnrolmentState::Suspended;
                self.rests_without_seat = it.cause() == EndCause::SeatRevoked;
                self.wants_seat &= !it.seat_released;
                self.holds_seat &= !it.seat_released;
            }
            Event::EnrolmentReinstated(it) => self.on_reinstated(it),
            Event::EnrolmentWithdrawn(it) => self.on_end(EnrolmentState::Withdrawn, it.cause),
            Event::EnrolmentDeferred(it) => {
                self.on_end(EnrolmentState::Withdrawn, EndCause::Deferred as i32);
                self.deferred_to.clone_from(&it.to_run_id);
            }
            Event::EnrolmentCompleted(it) => {
                self.state = EnrolmentState::Completed;
                self.outcome = it.outcome();
                self.grade = it.grade_millipoints;
            }
            Event::EnrolmentFailed(it) => {
                self.state = EnrolmentState::Failed;
                self.grade = it.grade_millipoints;
            }
            Event::EnrolmentExpired(it) => self.on_end(EnrolmentState::Expired, it.cause),
            Event::CampusSeatAnswered(it) => drop(self.seat_rounds.insert(it.plan_id.clone(), it.seat_round)),
        }
    }
}

impl Enrolment {
    fn on_invited(&mut self, it: &EnrolmentInvited) {
        self.state = EnrolmentState::Invited;
        self.course_id.clone_from(&it.course_id);
        self.institution_id.clone_from(&it.institution_id);
        self.terms = Terms {
            source: it.source(),
            source_ref: it.source_ref.clone(),
            mode: it.mode(),
            sponsor_institution_id: it.sponsor_institution_id.clone(),
            deferred_from_run_id: String::new(),
        };
        self.waits_until_ms = it.expires_at_ms;
        self.end_cause = EndCause::Unspecified;
        self.deferred_to.clear();
    }

    fn on_requested(&mut self, it: &EnrolmentRequested) {
        self.state = EnrolmentState::Requested;
        self.round = it.round;
        self.course_id.clone_from(&it.course_id);
        self.course_version = it.course_version;
        self.institution_id.clone_from(&it.institution_id);
        self.terms = Terms {
            source: it.source(),
            source_ref: it.source_ref.clone(),
            mode: it.mode(),
            sponsor_institution_id: it.sponsor_institution_id.clone(),
            deferred_from_run_id: it.deferred_from_run_id.clone(),
        };
        self.capacity = it.capacity;
        self.wants_seat = it.capacity > 0;
        self.holds_seat = false;
        self.due_minor = it.amount_due_minor;
        self.currency.clone_from(&it.currency);
        self.waits_until_ms = 0;
        self.end_cause = EndCause::Unspecified;
        self.deferred_to.clear();
    }

    fn on_reinstated(&mut self, it: &EnrolmentReinstated) {
        self.state = if it.seat_needed { EnrolmentState::Requested } else { EnrolmentState::Active };
        self.round = it.round;
        self.capacity = it.capacity;
        self.holds_seat &= !it.seat_needed;
        self.wants_seat = it.seat_needed || self.holds_seat;
        self.end_cause = EndCause::Unspecified;
        self.deferred_to.clear();
        self.grade = None;
    }

    fn on_end(&mut self, state: EnrolmentState, cause: i32) {
        self.state = state;
        self.end_cause = EndCause::try_from(cause).unwrap_or_default();
        self.waits_until_ms = 0;
        self.wants_seat = false;
        self.holds_seat = false;
    }
}

impl From<&ResultRecorded> for Scored {
    fn from(it: &ResultRecorded) -> Self {
        Self {
            score: it.score_millipoints,
            weight: it.weight_millipoints,
            identity_verified: it.identity_verified,
            banked: it.banked,
        }
    }
}

/// Refuses with a sentence; shorter than the trait's method where the answer's type is known.
fn no<T>(reason: Reason, detail: impl Into<String>) -> Result<T, studium_kit::Rejection<Reason>> {
    studium_kit::Reason::because(reason, detail)
}

/// A state as it is said in a sentence.
fn word(state: EnrolmentState) -> &'static str {
    match state {
        EnrolmentState::Unspecified => "unknown",
        EnrolmentState::Requested => "requested",
        EnrolmentState::Invited => "invited",
        EnrolmentState::Waitlisted => "waitlisted",
        EnrolmentState::Active => "active",
        EnrolmentState::Suspended => "suspended",
        EnrolmentState::Withdrawn => "withdrawn",
        EnrolmentState::Completed => "completed",
        EnrolmentState::Failed => "failed",
        EnrolmentState::Expired => "expired",
    }
}

#[cfg(test)]
mod tests;
