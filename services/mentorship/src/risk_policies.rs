//! Who is watched follows from mentorships, enrolments, runs and programmes; what is said follows from a due time.

use crate::{
    mentee_progress::{self, MenteeProgress, MenteeProgressRow},
    mentoring_programmes::{self, MentoringProgrammes},
    mentoring_runs::{self, MentoringRuns},
    mentorships::{self, MentorshipRow, Mentorships},
    mentorships_of,
    risk::{Command, Risk},
    risk_due::Fact,
    terms_held,
};
use std::collections::HashSet;
use studium_kit::{App, Asked, Deadline, LookUpPolicy, Reaction, Store, StoreError, View, by_itself};
use studium_proto::{
    catalogue::v1::{course_run_event::Event as RunEvent, programme_event::Event as ProgrammeEvent},
    enrolment::v1::{EnrolmentState, enrolment_event::Event as EnrolmentEvent},
    mentorship::v1::{
        MentorshipState, RiskWatchBegan, RiskWatchEnd, mentorship_event::Event as MentorshipEvent,
        risk_event::Event as RiskEvent,
    },
};

fn reaction(id: String, at_ms: i64, command: Command) -> Reaction<Risk> {
    Reaction { id, command: by_itself(at_ms, command) }
}

/// Those of a learner's mentorships that are active and whose programme contains the course.
async fn concerned(
    store: &Store,
    mentorships: Vec<MentorshipRow>,
    course_id: &str,
) -> Result<Vec<MentorshipRow>, StoreError> {
    let mut concerned = Vec::new();
    for it in mentorships.into_iter().filter(|it| it.state == MentorshipState::Active as i32) {
        let programme = mentoring_programmes::programme(store, &it.programme_id).await?;
        if programme.is_some_and(|it| it.course_ids.0.iter().any(|it| it == course_id)) {
            concerned.push(it);
        }
    }
    Ok(concerned)
}

/// What is watched in each of these enrolments of a learner.
async fn watches(
    store: &Store,
    of: &MentorshipRow,
    enrolments: &[&MenteeProgressRow],
    at_ms: i64,
) -> Result<Vec<RiskWatchBegan>, StoreError> {
    let ids: Vec<_> = enrolments.iter().map(|it| it.run_id.as_str()).collect();
    let runs = mentoring_runs::runs(store, &ids).await?;
    let risk_days = terms_held::terms(store, &of.programme_id).await?.risk_days;
    let watch = |it: &&MenteeProgressRow| {
        let run = runs.iter().find(|run| run.run_id == it.run_id).cloned().unwrap_or_default();
        RiskWatchBegan {
            run_id: it.run_id.clone(),
            course_id: it.course_id.clone(),
            institution_id: of.institution_id.clone(),
            since_ms: at_ms.max(of.assigned_at_ms).max(it.active_at_ms),
            starts_at_ms: run.starts_at_ms,
            risk_days: risk_days.clone(),
            pass_mark_millipoints: run.pass_mark(),
            assessments: run.assessments(),
        }
    };
    Ok(enrolments.iter().map(watch).collect())
}

/// Watches over a learner in all courses of the programme where the learner is active.
async fn watch(store: &Store, of: &MentorshipRow, at_ms: i64) -> Result<Option<Reaction<Risk>>, StoreError> {
    let Some(programme) = mentoring_programmes::programme(store, &of.programme_id).await? else { return Ok(None) };
    let rows = mentee_progress::of_learner(store, &of.learner_id).await?;
    let is_active = |it: &&MenteeProgressRow| {
        it.state == EnrolmentState::Active as i32 && programme.course_ids.0.contains(&it.course_id)
    };
    let enrolments: Vec<_> = rows.iter().filter(is_active).collect();
    if enrolments.is_empty() {
        return Ok(None);
    }
    let runs = watches(store, of, &enrolments, at_ms).await?;
    Ok(Some(reaction(of.id(), at_ms, Command::Watch(runs))))
}

fn begins_watch(event: &MentorshipEvent) -> bool {
    match event {
        MentorshipEvent::MentorAssigned(it) => it.previous_mentor_id.is_empty(),
        MentorshipEvent::MentorshipResumed(_) => true,
        _ => false,
    }
}

fn ends_watch(event: &MentorshipEvent) -> Option<RiskWatchEnd> {
    match event {
        MentorshipEvent::MentorshipPaused(_) => Some(RiskWatchEnd::Paused),
        MentorshipEvent::MentorshipEnded(_) => Some(RiskWatchEnd::MentorshipEnded),
        _ => None,
    }
}

/// The watch begins with the first mentor, rests with the mentorship, and ends with it.
pub struct RisksFollowMentorships;

impl LookUpPolicy for RisksFollowMentorships {
    const NAME: &'static str = "risks-follow-mentorships";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = &[Mentorships::NAME];
    type Event = MentorshipEvent;
    type Target = Risk;

    fn concerns(event: &MentorshipEvent) -> bool {
        begins_watch(event) || ends_watch(event).is_some()
    }

    async fn react(
        app: &App,
        id: &str,
        event: &MentorshipEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Risk>>, StoreError> {
        if let Some(end) = ends_watch(event) {
            return Ok(vec![reaction(id.to_owned(), at_ms, Command::Rest { end })]);
        }
        let Some((programme, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let row = mentorships::mentorship(app.store(), programme, learner).await?;
        let Some(row) = row.filter(|it| it.state == MentorshipState::Active as i32) else { return Ok(Vec::new()) };
        Ok(watch(app.store(), &row, at_ms).await?.into_iter().collect())
    }
}

/// Whether somebody is active in a run from now on; none if nothing changes about that.
fn becomes_active(event: &EnrolmentEvent) -> Option<bool> {
    match event {
        EnrolmentEvent::EnrolmentActivated(_) => Some(true),
        EnrolmentEvent::EnrolmentReinstated(it) => Some(!it.seat_needed),
        EnrolmentEvent::EnrolmentSuspended(_)
        | EnrolmentEvent::EnrolmentWithdrawn(_)
        | EnrolmentEvent::EnrolmentDeferred(_)
        | EnrolmentEvent::EnrolmentCompleted(_)
        | EnrolmentEvent::EnrolmentFailed(_)
        | EnrolmentEvent::EnrolmentExpired(_) => Some(false),
        _ => None,
    }
}

/// Who becomes active in a course of a programme with a mentor is watched there, until it ends.
pub struct RisksFollowEnrolments;

impl LookUpPolicy for RisksFollowEnrolments {
    const NAME: &'static str = "risks-follow-enrolments";
    const STREAM: &'static str = "enrolment";
    const VIEWS: &'static [&'static str] = &[MenteeProgress::NAME];
    type Event = EnrolmentEvent;
    type Target = Risk;

    fn concerns(event: &EnrolmentEvent) -> bool {
        becomes_active(event).is_some()
    }

    /// Most learners of the world have no mentor.
    async fn narrowed(app: &App, mut ids: HashSet<String>) -> Result<HashSet<String>, StoreError> {
        let learners: Vec<_> = ids.iter().filter_map(|it| it.split_once('~')).map(|it| it.1).collect();
        let mentored = mentorships_of::mentored(app.store(), &learners).await?;
        ids.retain(|it| it.split_once('~').is_some_and(|(_, learner)| mentored.contains(learner)));
        Ok(ids)
    }

    async fn react(app: &App, id: &str, event: &EnrolmentEvent, at_ms: i64) -> Result<Vec<Reaction<Risk>>, StoreError> {
        let Some(begins) = becomes_active(event) else { return Ok(Vec::new()) };
        let Some((run, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let mentorships = mentorships_of::learner(app.store(), learner).await?;
        let rows = mentee_progress::of_learner(app.store(), learner).await?;
        let Some(row) = rows.iter().find(|it| it.run_id == run) else { return Ok(Vec::new()) };
        let mentorships = concerned(app.store(), mentorships, &row.course_id).await?;
        let mut reactions = Vec::new();
        if begins {
            for it in mentorships {
                let runs = watches(app.store(), &it, &[row], at_ms).await?;
                reactions.push(reaction(it.id(), at_ms, Command::Watch(runs)));
            }
        } else {
            // Also who rests has signals that are moot now.
            let told = row.signals.0.iter().map(|it| &it.programme).chain(row.watches.0.iter().map(|it| &it.programme));
            let told = told.map(|programme| format!("{programme}~{learner}"));
            let mut ids: Vec<_> = mentorships.iter().map(MentorshipRow::id).chain(told).collect();
            ids.sort_unstable();
            ids.dedup();
            let leave = || Command::Leave { run_id: run.to_owned() };
            reactions.extend(ids.into_iter().map(|id| reaction(id, at_ms, leave())));
        }
        Ok(reactions)
    }
}

/// What is due when, and what is enough, follows the catalogue.
pub struct RisksFollowRuns;

impl LookUpPolicy for RisksFollowRuns {
    const NAME: &'static str = "risks-follow-runs";
    const STREAM: &'static str = "catalogue";
    const VIEWS: &'static [&'static str] = &[MentoringRuns::NAME];
    type Event = RunEvent;
    type Target = Risk;

    fn concerns(event: &RunEvent) -> bool {
        matches!(event, RunEvent::RunScheduled(_) | RunEvent::RunRescheduled(_) | RunEvent::AssessmentSchemeSet(_))
    }

    async fn react(app: &App, run: &str, _: &RunEvent, at_ms: i64) -> Result<Vec<Reaction<Risk>>, StoreError> {
        let mut reactions = Vec::new();
        for row in mentee_progress::watched_in(app.store(), run).await? {
            for watch in &row.watches.0 {
                let of = mentorships::mentorship(app.store(), &watch.programme, &row.learner_id).await?;
                let Some(of) = of else { continue };
                let mut runs = watches(app.store(), &of, &[&row], at_ms).await?;
                // It goes on, and must not begin anew when the learner rests in the meantime.
                for it in &mut runs {
                    it.since_ms = watch.since;
                }
                reactions.push(reaction(of.id(), at_ms, Command::Watch(runs)));
            }
        }
        Ok(reactions)
    }
}

/// A run that changed while a watch over it began is looked at again.
pub struct RisksFollowWatches;

impl LookUpPolicy for RisksFollowWatches {
    const NAME: &'static str = "risks-follow-watches";
    const STREAM: &'static str = "mentorship";
    /// Who is seen to be watched hears of later changes by `RisksFollowRuns`; what changed before is looked up here.
    const VIEWS: &'static [&'static str] = &[MenteeProgress::NAME];
    type Event = RiskEvent;
    type Target = Risk;

    fn concerns(event: &RiskEvent) -> bool {
        matches!(event, RiskEvent::RiskWatchBegan(_))
    }

    async fn react(app: &App, id: &str, event: &RiskEvent, at_ms: i64) -> Result<Vec<Reaction<Risk>>, StoreError> {
        let RiskEvent::RiskWatchBegan(began) = event else { return Ok(Vec::new()) };
        let Some(run) = mentoring_runs::runs(app.store(), &[began.run_id.as_str()]).await?.pop() else {
            return Ok(Vec::new());
        };
        let now = RiskWatchBegan {
            starts_at_ms: run.starts_at_ms,
            pass_mark_millipoints: run.pass_mark(),
            assessments: run.assessments(),
            ..began.clone()
        };
        let changed = (now != *began).then(|| reaction(id.to_owned(), at_ms, Command::Watch(vec![now])));
        Ok(changed.into_iter().collect())
    }
}

/// A course that comes to a programme later is watched there, too.
pub struct RisksFollowProgrammes;

impl LookUpPolicy for RisksFollowProgrammes {
    const NAME: &'static str = "risks-follow-programmes";
    const STREAM: &'static str = "catalogue";
    const VIEWS: &'static [&'static str] = &[MentoringProgrammes::NAME];
    type Event = ProgrammeEvent;
    type Target = Risk;

    fn concerns(event: &ProgrammeEvent) -> bool {
        matches!(event, ProgrammeEvent::ProgrammeComposed(_))
    }

    async fn react(app: &App, id: &str, _: &ProgrammeEvent, at_ms: i64) -> Result<Vec<Reaction<Risk>>, StoreError> {
        let mut reactions = Vec::new();
        for it in mentorships_of::programme(app.store(), id).await? {
            reactions.extend(watch(app.store(), &it, at_ms).await?);
        }
        Ok(reactions)
    }
}

/// What is to be said of a learner is said when the time has come, and taken back when it is not true any more.
pub struct RisksAreTold;

impl Deadline for RisksAreTold {
    const NAME: &'static str = "risks-are-told";
    type Target = Risk;
    const DUE: &'static str = "SELECT due_programme_id || '~' || learner_id || '|' || due_fact AS id, due_ms \
                               FROM mentee_progress_1 WHERE due_ms > 0 AND due_ms <= $1";

    fn target(id: &str) -> &str {
        id.split_once('|').map_or(id, |it| it.0)
    }

    fn command(id: &str, due_ms: i64) -> Asked<Command> {
        let fact = id.split_once('|').map_or("", |it| it.1);
        by_itself(due_ms, Fact::command(fact))
    }
}
