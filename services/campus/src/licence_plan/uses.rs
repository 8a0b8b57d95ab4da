//! What seats are used for: a learner is to be enrolled in a run, enrolment answers, the enrolment ends.

use super::{Assignee, LicencePlan, Seat, Use};
use crate::by::By;
use studium_kit::{Decision, Reason as _, Rejection};
use studium_proto::campus::v1::{
    Reason, SeatEnd, SeatSource, SeatUseAccepted, SeatUseEnded, SeatUseRefused, SeatUseRequested,
    licence_plan_event::Event,
};

/// A wish to be enrolled in a run by a seat, with the facts that the rules need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Who, and what the campus's roster says.
    pub learner: Assignee,
    /// The run.
    pub run_id: String,
    /// Its course.
    pub course_id: String,
    /// The plan's selection holds the course.
    pub in_selection: bool,
    /// The course is to be taken for credit.
    pub for_credit: bool,
    /// An administrator asks; otherwise the learner does.
    pub by_administrator: bool,
    /// So much of the catalogue's stream was known.
    pub catalogue_position: u64,
}

/// How near to a yes a refusal is: the later a rule comes in [`LicencePlan::may_use`], the nearer.
pub fn how_near(reason: Reason) -> usize {
    const IN_ORDER: [Reason; 12] = [
        Reason::NoPlan,
        Reason::NotYourCampus,
        Reason::PlanExpired,
        Reason::PlanNotStarted,
        Reason::NotAMember,
        Reason::CourseNotInSelection,
        Reason::NotForCredit,
        Reason::ClassNotCovered,
        Reason::SeatWasRevoked,
        Reason::PlanFrozen,
        Reason::NoSeatsLeft,
        Reason::NoSeat,
    ];
    IN_ORDER.iter().position(|it| *it == reason).unwrap_or(IN_ORDER.len())
}

impl LicencePlan {
    /// Whether the plan lets a learner into a course: the one rule for enrolment by seat and for the question why not.
    pub fn may_use(&self, by: &By, it: &Wanted) -> Result<(), Rejection<Reason>> {
        self.known()?;
        self.in_force(by)?;
        if it.learner.member.is_none() {
            return Reason::NotAMember.because("the learner is no member of the campus");
        }
        if !it.in_selection {
            let selection = &self.terms.selection_id;
            return Reason::CourseNotInSelection
                .because(format!("selection `{selection}` of the plan does not hold course `{}`", it.course_id));
        }
        if it.for_credit && !self.terms.credit_course_ids.contains(&it.course_id) {
            return Reason::NotForCredit.because(format!("the plan does not offer `{}` for credit", it.course_id));
        }
        if self.seats.contains_key(&it.learner.learner_id) {
            return Ok(());
        }
        self.may_assign(by, &it.learner, SeatSource::Enrolment, 0)?;
        if !it.by_administrator && !self.terms.self_service {
            return Reason::NoSeat.because("the learner holds no seat of this plan; an administrator assigns seats");
        }
        Ok(())
    }

    pub(super) fn use_seat(&self, by: &By, it: &Wanted) -> Decision<Self> {
        let (learner, seat) = (&it.learner.learner_id, self.seats.get(&it.learner.learner_id));
        if seat.is_some_and(|seat| seat.uses.iter().any(|known| known.run_id == it.run_id)) {
            return Ok(Vec::new());
        }
        self.may_use(by, it)?;
        let Some(member) = &it.learner.member else { return Ok(Vec::new()) };
        let mut events = Vec::with_capacity(4);
        if seat.is_none() {
            events.push(self.assigned(by, learner, member, SeatSource::Enrolment, ""));
        }
        if seat.is_none_or(|seat| !seat.activated) {
            events.push(self.activated(by.at_ms, learner, seat.map_or(member.test_user, |it| it.test_user)));
        }
        events.push(Event::SeatUseRequested(SeatUseRequested {
            learner_id: learner.clone(),
            run_id: it.run_id.clone(),
            course_id: it.course_id.clone(),
            campus_id: self.campus_id().to_owned(),
            round: self.rounds + 1,
            for_credit: it.for_credit,
            seat_is_new: seat.is_none(),
            catalogue_position: it.catalogue_position,
        }));
        self.tell_utilisation(u32::from(seat.is_none() && !member.test_user), &mut events);
        Ok(events)
    }

    /// Enrolment's answer counts only for the request that is open now.
    pub(super) fn answer(
        &self,
        learner: &str,
        run: &str,
        round: u32,
        refusal: Option<&(String, String)>,
    ) -> Vec<Event> {
        let Some(seat) = self.seats.get(learner) else { return Vec::new() };
        let Some(open) = seat.uses.iter().find(|it| it.run_id == run && it.round == round && !it.accepted) else {
            return Vec::new();
        };
        let (learner_id, run_id) = (learner.to_owned(), run.to_owned());
        let Some((reason, detail)) = refusal.cloned() else {
            return vec![Event::SeatUseAccepted(SeatUseAccepted { learner_id, run_id, round })];
        };
        let mut events = vec![Event::SeatUseRefused(SeatUseRefused { learner_id, run_id, round, reason, detail })];
        if open.seat_is_new && seat.uses.len() == 1 {
            events.push(seat.ended(learner, SeatEnd::EnrolmentRefused, true, "", ""));
        }
        events
    }

    pub(super) fn end_use(&self, at_ms: i64, learner: &str, run: &str) -> Vec<Event> {
        let Some(seat) = self.seats.get(learner) else { return Vec::new() };
        let Some(open) = seat.uses.iter().find(|it| it.run_id == run) else { return Vec::new() };
        let idle_at_ms = if seat.uses.len() == 1 { self.idle_from(at_ms) } else { 0 };
        vec![Event::SeatUseEnded(SeatUseEnded {
            learner_id: learner.to_owned(),
            run_id: run.to_owned(),
            round: open.round,
            cause: SeatEnd::Unspecified as i32,
            fall_back: 0,
            idle_at_ms,
        })]
    }

    pub(super) fn on_use_requested(&mut self, it: &SeatUseRequested) {
        self.rounds = self.rounds.max(it.round);
        self.seat_mut(&it.learner_id, |seat| {
            seat.uses.retain(|known| known.run_id != it.run_id);
            seat.uses.push(Use {
                run_id: it.run_id.clone(),
                course_id: it.course_id.clone(),
                round: it.round,
                accepted: false,
                seat_is_new: it.seat_is_new,
            });
            seat.reclaim_at_ms = 0;
        });
    }
}

impl Seat {
    pub(super) fn accept(&mut self, run_id: &str, round: u32) {
        for it in self.uses.iter_mut().filter(|it| it.run_id == run_id && it.round == round) {
            it.accepted = true;
        }
    }

    pub(super) fn drop_use(&mut self, run_id: &str, round: u32) {
        self.uses.retain(|it| it.run_id != run_id || it.round != round);
    }
}
