//! What follows here from what happened: seats hear of enrolments, of members who leave, and of time.

use crate::{
    agreements::{self, Agreements},
    by::{Asked, By},
    enrolments::{self, Enrolments},
    licence_plan::{Assignee, Command, LicencePlan, MemberFact},
    plans::Plans,
    seats::{self, Seats},
};
use studium_kit::{App, Deadline, LookUpPolicy, Policy, Reaction, StoreError, View};
use studium_proto::{
    campus::v1::{SeatSource, licence_plan_event::Event as PlanEvent, member_event::Event as MemberEvent},
    enrolment::v1::{EnrolmentSource, enrolment_event::Event as EnrolmentEvent},
};

fn by_itself(at_ms: i64, command: Command) -> Asked<Command> {
    By::platform(at_ms).asks(command)
}

/// Takes enrolment's answer to a request for a use of a seat.
pub struct UsesHearEnrolment;

impl Policy for UsesHearEnrolment {
    const NAME: &'static str = "uses-hear-enrolment";
    const STREAM: &'static str = "enrolment";
    type Event = EnrolmentEvent;
    type Target = LicencePlan;

    fn react(&self, id: &str, event: &EnrolmentEvent, at_ms: i64) -> Vec<Reaction<LicencePlan>> {
        let EnrolmentEvent::CampusSeatAnswered(it) = event else { return Vec::new() };
        let Some((run, learner)) = id.split_once('~') else { return Vec::new() };
        let command = Command::Answer {
            learner_id: learner.to_owned(),
            run_id: run.to_owned(),
            round: it.seat_round,
            refusal: (!it.accepted).then(|| (it.reason.clone(), it.detail.clone())),
        };
        vec![Reaction { id: it.plan_id.clone(), command: by_itself(at_ms, command) }]
    }
}

/// Ends the use of a seat with the enrolment that it was for.
pub struct UsesEndWithEnrolments;

impl LookUpPolicy for UsesEndWithEnrolments {
    const NAME: &'static str = "uses-end-with-enrolments";
    const STREAM: &'static str = "enrolment";
    const VIEWS: &'static [&'static str] = &[Enrolments::NAME];
    type Event = EnrolmentEvent;
    type Target = LicencePlan;

    async fn react(
        app: &App,
        id: &str,
        event: &EnrolmentEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<LicencePlan>>, StoreError> {
        let has_ended = matches!(
            event,
            EnrolmentEvent::EnrolmentWithdrawn(_)
                | EnrolmentEvent::EnrolmentDeferred(_)
                | EnrolmentEvent::EnrolmentCompleted(_)
                | EnrolmentEvent::EnrolmentFailed(_)
                | EnrolmentEvent::EnrolmentExpired(_)
        );
        let Some((run, learner)) = id.split_once('~').filter(|_| has_ended) else { return Ok(Vec::new()) };
        let Some(row) = enrolments::enrolment(app.store(), run, learner).await? else { return Ok(Vec::new()) };
        if row.source != EnrolmentSource::CampusSeat as i32 {
            return Ok(Vec::new());
        }
        let command = Command::EndUse { learner_id: learner.to_owned(), run_id: run.to_owned() };
        Ok(vec![Reaction { id: row.source_ref, command: by_itself(at_ms, command) }])
    }
}

/// Takes a seat out of the plan that it came from, once another plan has it.
pub struct OldPlansHandOver;

impl Policy for OldPlansHandOver {
    const NAME: &'static str = "old-plans-hand-over";
    const STREAM: &'static str = "campus";
    type Event = PlanEvent;
    type Target = LicencePlan;

    fn react(&self, id: &str, event: &PlanEvent, at_ms: i64) -> Vec<Reaction<LicencePlan>> {
        match event {
            PlanEvent::SeatAssigned(it) if !it.from_plan_id.is_empty() => {
                let command = Command::HandOver { learner_id: it.learner_id.clone(), to_plan_id: id.to_owned() };
                vec![Reaction { id: it.from_plan_id.clone(), command: by_itself(at_ms, command) }]
            }
            _ => Vec::new(),
        }
    }
}

/// Who leaves a campus leaves the seats of its plans.
pub struct SeatsEndWithMembership;

impl LookUpPolicy for SeatsEndWithMembership {
    const NAME: &'static str = "seats-end-with-membership";
    const STREAM: &'static str = "campus";
    const VIEWS: &'static [&'static str] = &[Seats::NAME, Plans::NAME];
    type Event = MemberEvent;
    type Target = LicencePlan;

    async fn react(
        app: &App,
        id: &str,
        event: &MemberEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<LicencePlan>>, StoreError> {
        let MemberEvent::MemberRemoved(_) = event else { return Ok(Vec::new()) };
        let Some((campus, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let plans = seats::ever_held_by(app.store(), campus, learner).await?;
        let leave = |id: String| {
            let command = Command::Leave { learner_id: learner.to_owned() };
            Reaction { id, command: by_itself(at_ms, command) }
        };
        Ok(plans.into_iter().map(leave).collect())
    }
}

/// New members get a seat of the plan that their campus's agreements name for that.
pub struct NewMembersGetSeats;

impl LookUpPolicy for NewMembersGetSeats {
    const NAME: &'static str = "new-members-get-seats";
    const STREAM: &'static str = "campus";
    const VIEWS: &'static [&'static str] = &[Agreements::NAME];
    type Event = MemberEvent;
    type Target = LicencePlan;

    async fn react(
        app: &App,
        id: &str,
        event: &MemberEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<LicencePlan>>, StoreError> {
        let MemberEvent::MemberDescribed(it) = event else { return Ok(Vec::new()) };
        let Some((campus, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let plans = agreements::auto_apply_plans(app.store(), campus, at_ms).await?;
        let assign = |id: String| {
            let member = MemberFact { class: it.class(), department: it.department.clone(), test_user: it.test_user };
            let learners = vec![Assignee { learner_id: learner.to_owned(), member: Some(member) }];
            let command = Command::Assign { learners, source: SeatSource::AutoApply };
            Reaction { id, command: by_itself(at_ms, command) }
        };
        Ok(plans.into_iter().map(assign).collect())
    }
}

/// A term ends: the next begins, or the plan expires.
pub struct TermsEnd;

impl Deadline for TermsEnd {
    const NAME: &'static str = "terms-end";
    type Target = LicencePlan;
    const DUE: &'static str =
        "SELECT plan_id AS id, term_due_ms AS due_ms FROM plan_1 WHERE term_due_ms > 0 AND term_due_ms <= $1";

    fn command(_: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::EndTerm)
    }
}

/// The plan of a seat that is named `<plan>~<learner>`.
fn plan_of(id: &str) -> &str {
    id.split_once('~').map_or(id, |it| it.0)
}

fn learner_of(id: &str) -> String {
    id.split_once('~').map_or(String::new(), |it| it.1.to_owned())
}

/// A seat is idle: its learner is warned.
pub struct IdleSeatsAreWarned;

impl Deadline for IdleSeatsAreWarned {
    const NAME: &'static str = "idle-seats-are-warned";
    type Target = LicencePlan;
    const DUE: &'static str = "SELECT plan_id || '~' || learner_id AS id, warn_due_ms AS due_ms FROM seat_1 \
                               WHERE warn_due_ms > 0 AND warn_due_ms <= $1";

    fn target(id: &str) -> &str {
        plan_of(id)
    }

    fn command(id: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::WarnIdle { learner_id: learner_of(id) })
    }
}

/// A seat is still idle after the warning and the grace: it can be given to somebody else.
pub struct IdleSeatsAreReclaimed;

impl Deadline for IdleSeatsAreReclaimed {
    const NAME: &'static str = "idle-seats-are-reclaimed";
    type Target = LicencePlan;
    const DUE: &'static str = "SELECT plan_id || '~' || learner_id AS id, reclaim_due_ms AS due_ms FROM seat_1 \
                               WHERE reclaim_due_ms > 0 AND reclaim_due_ms <= $1";

    fn target(id: &str) -> &str {
        plan_of(id)
    }

    fn command(id: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::ReclaimIdle { learner_id: learner_of(id) })
    }
}
