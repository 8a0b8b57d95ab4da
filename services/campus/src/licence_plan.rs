//! A licence plan: what a campus bought, whom and what it covers, and where every single seat of it is.
//!
//! One aggregate holds the whole ledger, so no seat can be given twice however many replicas decide. Each command
//! looks at one learner's seat, and nobody waits for a job that locks the plan.

mod ledger;
mod seats;
mod terms;
mod uses;

pub use ledger::Ledger;
pub use seats::{Assignee, MemberFact};
pub use uses::{Wanted, how_near};

use crate::by::{Asked, By};
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Decider, Decision, Reason as _, Rejection};
use studium_proto::campus::v1::{
    CarryOver, PlanProvisioned, PlanTermsSet, Reason, RenewalScheduled, SeatEnd, SeatSource, licence_plan_event::Event,
};

/// What can be asked of a plan.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist; `agreement` says whether the agreement holds and is this campus's, `selection` whether it is known.
    Provision { plan: PlanProvisioned, terms: PlanTermsSet, agreement: Result<(), Reason>, selection: bool },
    /// To promise this from now on.
    Amend { terms: PlanTermsSet, selection: bool },
    /// To have so many seats bought in all.
    SetSeats { total: u32 },
    /// To assign no seat any more, and to give the unassigned ones back.
    Freeze { reason: String },
    /// To assign seats again.
    Unfreeze,
    /// To go on for another term.
    ScheduleRenewal(RenewalScheduled),
    /// Not to go on for that term, nor for those after it.
    CancelRenewal { term: u32 },
    /// To begin the next term, or to expire, because the time has come.
    EndTerm,
    /// To give these learners seats, as far as the rules allow.
    Assign { learners: Vec<Assignee>, source: SeatSource },
    /// To note that the learner uses the seat.
    Activate { learner_id: String },
    /// To note that the learner was reminded.
    Remind { learner_id: String },
    /// To take the seat away.
    Revoke { learner_id: String, reason: String },
    /// To take the seat back from somebody who left the campus.
    Leave { learner_id: String },
    /// To take over a seat, as it is, from another plan.
    Receive { learner: Assignee, from_plan_id: String, activated: bool, uses: Vec<(String, String)> },
    /// To note that the seat is in another plan now.
    HandOver { learner_id: String, to_plan_id: String },
    /// To warn the learner of an idle seat.
    WarnIdle { learner_id: String },
    /// To take an idle seat back after the warning.
    ReclaimIdle { learner_id: String },
    /// To enrol the learner in a run by the seat.
    Use(Wanted),
    /// To note enrolment's answer to a request.
    Answer { learner_id: String, run_id: String, round: u32, refusal: Option<(String, String)> },
    /// To note that the enrolment ended.
    EndUse { learner_id: String, run_id: String },
}

/// A seat in a learner's hands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seat {
    activated: bool,
    test_user: bool,
    /// Idle from then unless something happens, Unix milliseconds; 0 = never, or in use.
    idle_at_ms: i64,
    /// Reclaimed then, Unix milliseconds; 0 = not warned.
    reclaim_at_ms: i64,
    reminders: u32,
    uses: Vec<Use>,
}

/// A run for which a seat is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    run_id: String,
    course_id: String,
    round: u32,
    /// Enrolment took the learner in; otherwise its answer is still to come.
    accepted: bool,
    seat_is_new: bool,
}

/// A licence plan with its seats, as far as decisions need them.
#[derive(Debug, Clone, Default)]
pub struct LicencePlan {
    provisioned: Option<PlanProvisioned>,
    /// The terms that it was provisioned with, so that the same provision again is known.
    first_terms: PlanTermsSet,
    terms: PlanTermsSet,
    term: u32,
    starts_at_ms: i64,
    ends_at_ms: i64,
    renewals: Vec<RenewalScheduled>,
    is_frozen: bool,
    is_expired: bool,
    ledger: Ledger,
    seats: BTreeMap<String, Seat>,
    /// Who lost a seat by revocation or idleness: gets no other by itself.
    lost: BTreeSet<String>,
    /// Activated seats that were revoked in this term.
    revoked_activated: u32,
    /// The mark of utilisation that was told.
    told_percent: u32,
    /// Requests for uses so far: numbers them.
    rounds: u32,
}

impl LicencePlan {
    /// Where the seats are.
    #[cfg(test)]
    pub fn ledger(&self) -> Ledger {
        self.ledger
    }

    /// The campus; empty if there is no such plan.
    pub fn campus_id(&self) -> &str {
        self.provisioned.as_ref().map_or("", |it| it.campus_id.as_str())
    }

    /// The agreement that it hangs below; none if there is no such plan.
    pub fn agreement_id(&self) -> Option<&str> {
        self.provisioned.as_ref().map(|it| it.agreement_id.as_str())
    }

    /// The selection of courses that it covers.
    pub fn selection_id(&self) -> &str {
        &self.terms.selection_id
    }

    /// Whether a learner holds a seat.
    pub fn holds(&self, learner_id: &str) -> bool {
        self.seats.contains_key(learner_id)
    }

    fn known(&self) -> Result<&PlanProvisioned, Rejection<Reason>> {
        match &self.provisioned {
            Some(it) => Ok(it),
            None => Reason::NoPlan.because("there is no such plan"),
        }
    }
}

impl Decider for LicencePlan {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Asked<Command>) -> Decision<Self> {
        let Asked { by, command } = asked;
        if let Command::Provision { plan, terms, agreement, selection } = command {
            return self.provision(by, plan, terms, *agreement, *selection);
        }
        by.may_act_for(&self.known()?.campus_id)?;
        match command {
            Command::Provision { .. } => Ok(Vec::new()),
            Command::Amend { terms, selection } => self.amend(terms, *selection),
            Command::SetSeats { total } => self.set_seats(*total),
            Command::Freeze { reason } => self.freeze(reason),
            Command::Unfreeze => Ok(self.unfreeze()),
            Command::ScheduleRenewal(renewal) => self.schedule_renewal(renewal),
            Command::CancelRenewal { term } => self.cancel_renewal(*term),
            Command::EndTerm => Ok(self.end_term(by.at_ms)),
            Command::Assign { learners, source } => Ok(self.assign(by, learners, *source)),
            Command::Activate { learner_id } => self.activate(by.at_ms, learner_id),
            Command::Remind { learner_id } => self.remind(learner_id),
            Command::Revoke { learner_id, reason } => self.revoke(learner_id, reason),
            Command::Leave { learner_id } => Ok(self.end_seat(learner_id, SeatEnd::LeftCampus, "", "")),
            Command::Receive { learner, from_plan_id, activated, uses } => {
                self.receive(by, learner, from_plan_id, *activated, uses)
            }
            Command::HandOver { learner_id, to_plan_id } => {
                Ok(self.end_seat(learner_id, SeatEnd::Transferred, "", to_plan_id))
            }
            Command::WarnIdle { learner_id } => Ok(self.warn_idle(by.at_ms, learner_id)),
            Command::ReclaimIdle { learner_id } => Ok(self.reclaim_idle(by.at_ms, learner_id)),
            Command::Use(wanted) => self.use_seat(by, wanted),
            Command::Answer { learner_id, run_id, round, refusal } => {
                Ok(self.answer(learner_id, run_id, *round, refusal.as_ref()))
            }
            Command::EndUse { learner_id, run_id } => Ok(self.end_use(by.at_ms, learner_id, run_id)),
        }
    }

    fn evolve(&mut self, event: &Event) {
        self.ledger.take_in(event);
        match event {
            Event::PlanProvisioned(it) => self.on_provisioned(it),
            Event::PlanTermsSet(it) => self.on_terms_set(it),
            Event::SeatsBought(_) => self.told_percent = self.ledger.mark(self.ledger.held()),
            Event::SeatsGivenBack(_) => {}
            Event::PlanFrozen(_) => self.is_frozen = true,
            Event::PlanUnfrozen(_) => self.is_frozen = false,
            Event::RenewalScheduled(it) => self.renewals.push(*it),
            Event::RenewalCancelled(it) => self.renewals.retain(|renewal| renewal.term < it.term),
            Event::TermBegan(it) => self.on_term_began(it),
            Event::PlanExpired(_) => self.on_expired(),
            Event::SeatAssigned(it) => self.on_assigned(it),
            Event::SeatActivated(it) => self.on_activated(it),
            Event::SeatReminded(it) => self.seat_mut(&it.learner_id, |seat| seat.reminders = it.count),
            Event::SeatIdleWarned(it) => self.seat_mut(&it.learner_id, |seat| seat.reclaim_at_ms = it.reclaim_at_ms),
            Event::SeatEnded(it) => self.on_ended(it),
            Event::SeatUseRequested(it) => self.on_use_requested(it),
            Event::SeatUseAccepted(it) => self.seat_mut(&it.learner_id, |seat| seat.accept(&it.run_id, it.round)),
            Event::SeatUseRefused(it) => self.seat_mut(&it.learner_id, |seat| seat.drop_use(&it.run_id, it.round)),
            Event::SeatUseEnded(it) => self.seat_mut(&it.learner_id, |seat| {
                seat.drop_use(&it.run_id, it.round);
                seat.idle_at_ms = it.idle_at_ms;
            }),
            Event::UtilisationReached(it) => self.told_percent = it.percent,
        }
    }
}

impl LicencePlan {
    fn seat_mut(&mut self, learner_id: &str, change: impl FnOnce(&mut Seat)) {
        if let Some(seat) = self.seats.get_mut(learner_id) {
            change(seat);
        }
    }

    /// Which held seats a new term takes over: not yet activated, activated.
    fn carried(&self, carry_over: CarryOver) -> (u32, u32) {
        match carry_over {
            CarryOver::Held | CarryOver::Unspecified => (self.ledger.assigned, self.ledger.activated),
            CarryOver::Activated => (0, self.ledger.activated),
            CarryOver::None => (0, 0),
        }
    }

    /// When the last term that is arranged for ends.
    fn last_end_ms(&self) -> i64 {
        self.renewals.last().map_or(self.ends_at_ms, |it| it.ends_at_ms)
    }

    /// The plan covers something at this time. Terms follow each other without a gap.
    fn in_force(&self, by: &By) -> Result<(), Rejection<Reason>> {
        if by.at_ms < self.provisioned.as_ref().map_or(0, |it| it.starts_at_ms) {
            return Reason::PlanNotStarted.because(format!("the plan begins at {} ms", self.starts_at_ms));
        }
        self.not_expired(by)
    }

    fn not_expired(&self, by: &By) -> Result<(), Rejection<Reason>> {
        if self.is_expired || by.at_ms >= self.last_end_ms() {
            return Reason::PlanExpired.because(format!("the plan ended at {} ms", self.last_end_ms()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
