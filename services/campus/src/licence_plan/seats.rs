//! Seats one by one: assigned, activated, reminded, revoked, handed over, reclaimed.

use super::{LicencePlan, Seat, Use};
use crate::by::By;
use studium_kit::{DAY_MS, Decision, Reason as _, Rejection};
use studium_proto::campus::v1::{
    FallBack, MemberClass, Reason, RevokedSeat, SeatActivated, SeatAssigned, SeatEnd, SeatEnded, SeatIdleWarned,
    SeatReminded, SeatSource, SeatUseEnded, SeatUseRequested, UtilisationReached, licence_plan_event::Event,
};

/// Somebody who is to have a seat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignee {
    /// The learner.
    pub learner_id: String,
    /// What the campus's roster says; none if the learner is no member.
    pub member: Option<MemberFact>,
}

/// A member, as far as seats are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberFact {
    /// In what capacity.
    pub class: MemberClass,
    /// Department; may be empty.
    pub department: String,
    /// The seat counts nowhere.
    pub test_user: bool,
}

impl LicencePlan {
    /// Whether a learner may be given a seat, beside `more` others in the same decision. The one rule for bulk
    /// assignment, enrolment by seat, transfer, and for the question why not.
    pub fn may_assign(&self, by: &By, it: &Assignee, source: SeatSource, more: u32) -> Result<(), Rejection<Reason>> {
        self.known()?;
        self.not_expired(by)?;
        let Some(member) = &it.member else {
            return Reason::NotAMember.because("the learner is no member of the campus");
        };
        if !self.terms.member_classes.contains(&(member.class as i32)) {
            let class = member.class.as_str_name().trim_start_matches("MEMBER_CLASS_").to_lowercase();
            return Reason::ClassNotCovered.because(format!("the plan does not cover members of class {class}"));
        }
        if self.seats.contains_key(&it.learner_id) {
            return Reason::AlreadyHoldsASeat.because("the learner holds a seat of this plan");
        }
        let by_itself = matches!(source, SeatSource::AutoApply | SeatSource::Enrolment);
        if by_itself && self.lost.contains(&it.learner_id) {
            return Reason::SeatWasRevoked
                .because("the learner lost a seat of this plan; only an administrator assigns another");
        }
        if member.test_user {
            return Ok(());
        }
        if self.is_frozen {
            return Reason::PlanFrozen.because("the plan is frozen: no seat is assigned");
        }
        if self.ledger.unassigned <= more {
            return Reason::NoSeatsLeft.because(format!("all {} seats of the plan are taken", self.ledger.bought));
        }
        Ok(())
    }

    pub(super) fn assign(&self, by: &By, learners: &[Assignee], source: SeatSource) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::with_capacity(learners.len() + 1);
        let mut taken = 0;
        let mut seen = std::collections::BTreeSet::new();
        for it in learners {
            if !seen.insert(&it.learner_id) || self.may_assign(by, it, source, taken).is_err() {
                continue;
            }
            let Some(member) = &it.member else { continue };
            taken += u32::from(!member.test_user);
            events.push(self.assigned(by, &it.learner_id, member, source, ""));
        }
        self.tell_utilisation(taken, &mut events);
        events
    }

    pub(super) fn assigned(&self, by: &By, learner: &str, it: &MemberFact, source: SeatSource, from: &str) -> Event {
        Event::SeatAssigned(SeatAssigned {
            learner_id: learner.to_owned(),
            member_class: it.class as i32,
            source: source as i32,
            from_plan_id: from.to_owned(),
            test_user: it.test_user,
            idle_at_ms: self.idle_from(by.at_ms),
            department: it.department.clone(),
        })
    }

    /// Adds the mark of utilisation that is reached with so many more seats in learners' hands, if it is new.
    pub(super) fn tell_utilisation(&self, more: u32, events: &mut Vec<Event>) {
        let held = self.ledger.held() + more;
        let percent = self.ledger.mark(held);
        if more > 0 && percent > self.told_percent {
            let total = self.ledger.bought;
            events.push(Event::UtilisationReached(UtilisationReached { percent, held, total }));
        }
    }

    /// When a seat that is in no use from now on is idle; 0 = never.
    pub(super) fn idle_from(&self, at_ms: i64) -> i64 {
        let days = i64::from(self.terms.idle_days);
        if days == 0 { 0 } else { at_ms.saturating_add(days * DAY_MS) }
    }

    fn held(&self, learner_id: &str) -> Result<&Seat, Rejection<Reason>> {
        match self.seats.get(learner_id) {
            Some(it) => Ok(it),
            None => Reason::NoSeat.because("the learner holds no seat of this plan"),
        }
    }

    pub(super) fn activate(&self, at_ms: i64, learner_id: &str) -> Decision<Self> {
        let seat = self.held(learner_id)?;
        if seat.activated {
            return Ok(Vec::new());
        }
        self.in_force(&By::platform(at_ms))?;
        Ok(vec![self.activated(at_ms, learner_id, seat.test_user)])
    }

    pub(super) fn activated(&self, at_ms: i64, learner_id: &str, test_user: bool) -> Event {
        let (learner_id, idle_at_ms) = (learner_id.to_owned(), self.idle_from(at_ms));
        Event::SeatActivated(SeatActivated { learner_id, idle_at_ms, test_user })
    }

    pub(super) fn remind(&self, learner_id: &str) -> Decision<Self> {
        let seat = self.held(learner_id)?;
        if seat.activated {
            return Ok(Vec::new());
        }
        let (learner_id, count) = (learner_id.to_owned(), seat.reminders + 1);
        Ok(vec![Event::SeatReminded(SeatReminded { learner_id, count })])
    }

    pub(super) fn revoke(&self, learner_id: &str, reason: &str) -> Decision<Self> {
        let Some(seat) = self.seats.get(learner_id) else {
            // Revoked already, or never there: either way the learner has none, unless nobody ever heard of it.
            return if self.lost.contains(learner_id) { Ok(Vec::new()) } else { self.held(learner_id).map(|_| vec![]) };
        };
        if reason.is_empty() {
            return Reason::ExplanationRequired.because("say why the seat is revoked");
        }
        let cap = (u64::from(self.ledger.bought) * u64::from(self.terms.revocation_cap_percent)).div_ceil(100);
        if seat.activated && !seat.test_user && u64::from(self.revoked_activated) >= cap {
            return Reason::RevocationCapReached.because(format!(
                "{} activated seats were revoked in this term, {cap} may be ({} % of {})",
                self.revoked_activated, self.terms.revocation_cap_percent, self.ledger.bought
            ));
        }
        Ok(self.end_seat(learner_id, SeatEnd::Revoked, reason, ""))
    }

    /// Ends a seat with all its uses; nothing if there is none.
    pub(super) fn end_seat(&self, learner_id: &str, cause: SeatEnd, reason: &str, to_plan: &str) -> Vec<Event> {
        let Some(seat) = self.seats.get(learner_id) else { return Vec::new() };
        let is_used_up = matches!(cause, SeatEnd::Revoked | SeatEnd::LeftCampus)
            && seat.activated
            && self.terms.revoked_seat() == RevokedSeat::Terminal;
        let mut events: Vec<Event> = seat.uses.iter().map(|it| self.use_ended(learner_id, it, cause)).collect();
        events.push(seat.ended(learner_id, cause, !is_used_up, reason, to_plan));
        events
    }

    fn use_ended(&self, learner_id: &str, it: &Use, cause: SeatEnd) -> Event {
        // What goes on in another plan does not fall back.
        let fall_back = if cause == SeatEnd::Transferred { FallBack::Unspecified } else { self.fall_back() };
        Event::SeatUseEnded(SeatUseEnded {
            learner_id: learner_id.to_owned(),
            run_id: it.run_id.clone(),
            round: it.round,
            cause: cause as i32,
            fall_back: fall_back as i32,
            idle_at_ms: 0,
        })
    }

    /// What another plan has to know to take a seat over: whether it is activated, and runs with their courses.
    pub fn for_transfer(&self, learner_id: &str) -> Option<(bool, Vec<(String, String)>)> {
        let seat = self.seats.get(learner_id)?;
        let uses = seat.uses.iter().map(|it| (it.run_id.clone(), it.course_id.clone())).collect();
        Some((seat.activated, uses))
    }

    pub(super) fn receive(
        &self,
        by: &By,
        it: &Assignee,
        from: &str,
        activated: bool,
        uses: &[(String, String)],
    ) -> Decision<Self> {
        self.may_assign(by, it, SeatSource::Transfer, 0)?;
        let Some(member) = &it.member else { return Ok(Vec::new()) };
        let mut events = vec![self.assigned(by, &it.learner_id, member, SeatSource::Transfer, from)];
        if activated {
            events.push(self.activated(by.at_ms, &it.learner_id, member.test_user));
        }
        events.extend(uses.iter().zip(self.rounds + 1..).map(|((run_id, course_id), round)| {
            Event::SeatUseRequested(SeatUseRequested {
                learner_id: it.learner_id.clone(),
                run_id: run_id.clone(),
                course_id: course_id.clone(),
                campus_id: self.campus_id().to_owned(),
                round,
                ..SeatUseRequested::default()
            })
        }));
        self.tell_utilisation(u32::from(!member.test_user), &mut events);
        Ok(events)
    }

    pub(super) fn warn_idle(&self, at_ms: i64, learner_id: &str) -> Vec<Event> {
        match self.seats.get(learner_id) {
            Some(it) if it.is_idle(at_ms) && it.reclaim_at_ms == 0 => {
                let reclaim_at_ms = at_ms.saturating_add(i64::from(self.terms.idle_grace_days) * DAY_MS);
                vec![Event::SeatIdleWarned(SeatIdleWarned { learner_id: learner_id.to_owned(), reclaim_at_ms })]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn reclaim_idle(&self, at_ms: i64, learner_id: &str) -> Vec<Event> {
        match self.seats.get(learner_id) {
            Some(it) if it.is_idle(at_ms) && it.reclaim_at_ms > 0 && at_ms >= it.reclaim_at_ms => {
                self.end_seat(learner_id, SeatEnd::Idle, "", "")
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn on_assigned(&mut self, it: &SeatAssigned) {
        let seat = Seat { test_user: it.test_user, idle_at_ms: it.idle_at_ms, ..Seat::default() };
        self.seats.insert(it.learner_id.clone(), seat);
        self.lost.remove(&it.learner_id);
    }

    pub(super) fn on_activated(&mut self, it: &SeatActivated) {
        self.seat_mut(&it.learner_id, |seat| {
            seat.activated = true;
            (seat.idle_at_ms, seat.reclaim_at_ms) = (it.idle_at_ms, 0);
        });
    }

    pub(super) fn on_ended(&mut self, it: &SeatEnded) {
        self.seats.remove(&it.learner_id);
        if matches!(it.cause(), SeatEnd::Revoked | SeatEnd::Idle) {
            self.lost.insert(it.learner_id.clone());
        }
        if it.cause() == SeatEnd::Revoked && it.was_activated && !it.test_user {
            self.revoked_activated += 1;
        }
    }
}

impl Seat {
    pub(super) fn ended(&self, learner_id: &str, cause: SeatEnd, returned: bool, reason: &str, to_plan: &str) -> Event {
        Event::SeatEnded(SeatEnded {
            learner_id: learner_id.to_owned(),
            cause: cause as i32,
            was_activated: self.activated,
            returned,
            reason: reason.to_owned(),
            to_plan_id: to_plan.to_owned(),
            test_user: self.test_user,
        })
    }

    fn is_idle(&self, at_ms: i64) -> bool {
        self.uses.is_empty() && self.idle_at_ms > 0 && at_ms >= self.idle_at_ms
    }
}
