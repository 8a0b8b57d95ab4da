//! The rules of runs as sentences, and their laws.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::{scheme::WHOLE, *};
use proptest::prelude::*;
use studium_proto::catalogue::v1::{Assessment, AssessmentPart, RestrictionKind};
use studium_testkit::{given, laws};

fn ann() -> By {
    By::of("ann", "ou")
}

fn course(offered_version: u32) -> CourseFacts {
    CourseFacts { institution_id: Some("ou".into()), offered_version, is_retired: false }
}

fn plan() -> RunScheduled {
    RunScheduled {
        course_id: "AAA".into(),
        institution_id: "ou".into(),
        title: "2013J".into(),
        starts_at_ms: 1_000,
        ends_at_ms: 2_000,
        enrol_from_ms: 100,
        enrol_until_ms: 1_500,
        pacing: 1,
        capacity: 30,
        waiting_list: true,
        restrictions: Vec::new(),
    }
}

fn schedule(run: RunScheduled) -> Asked<Command> {
    ann().asks(Command::Schedule { run, course: course(1) })
}

fn scheduled() -> Event {
    Event::RunScheduled(plan())
}

fn opened(course_version: u32) -> Event {
    Event::RunOpened(RunOpened { course_version })
}

fn closed() -> Event {
    Event::RunClosed(RunClosed { reason: "full".into() })
}

fn open(offered_version: u32) -> Asked<Command> {
    ann().asks(Command::Open { course: course(offered_version) })
}

fn seats(capacity: u32) -> RunCapacitySet {
    RunCapacitySet { capacity, waiting_list: true }
}

#[test]
fn a_run_is_of_a_course_that_exists() {
    given::<CourseRun>(&[]).when(schedule(plan())).then(&[scheduled()]);
    let nothing = Command::Schedule { run: plan(), course: CourseFacts::default() };
    given::<CourseRun>(&[]).when(ann().asks(nothing)).refused(Reason::CourseNotFound);
    let retired = Command::Schedule { run: plan(), course: CourseFacts { is_retired: true, ..course(1) } };
    given::<CourseRun>(&[]).when(ann().asks(retired)).refused(Reason::CourseRetired);
    let eve = By::of("eve", "mit").asks(Command::Schedule { run: plan(), course: course(1) });
    given::<CourseRun>(&[]).when(eve.clone()).refused(Reason::NotYourInstitution);
    given::<CourseRun>(&[scheduled()]).when(eve).refused(Reason::NotYourInstitution);
    let other = RunScheduled { capacity: 31, ..plan() };
    given::<CourseRun>(&[scheduled()]).when(schedule(other)).refused(Reason::RunExists);
    given::<CourseRun>(&[]).when(open(1)).refused(Reason::RunNotFound);
}

#[test]
fn dates_follow_each_other() {
    for ends_at_ms in [1_000, 999] {
        let run = RunScheduled { ends_at_ms, enrol_until_ms: 0, ..plan() };
        given::<CourseRun>(&[]).when(schedule(run)).refused(Reason::EndNotAfterStart);
    }
    for (enrol_from_ms, enrol_until_ms) in [(500, 500), (500, 400), (0, 2_001), (2_000, 0)] {
        let run = RunScheduled { enrol_from_ms, enrol_until_ms, ..plan() };
        given::<CourseRun>(&[]).when(schedule(run)).refused(Reason::WindowInvalid);
    }
    let unbounded = RunScheduled { enrol_from_ms: 0, enrol_until_ms: 0, ..plan() };
    given::<CourseRun>(&[]).when(schedule(unbounded.clone())).then(&[Event::RunScheduled(unbounded)]);
    let dates = RunRescheduled { starts_at_ms: 1_100, ..dates_of(&plan()) };
    given::<CourseRun>(&[scheduled()])
        .when(ann().asks(Command::Reschedule(dates)))
        .then(&[Event::RunRescheduled(dates)]);
    let wrong = RunRescheduled { ends_at_ms: 1, ..dates };
    given::<CourseRun>(&[scheduled()]).when(ann().asks(Command::Reschedule(wrong))).refused(Reason::EndNotAfterStart);
}

#[test]
fn a_run_teaches_a_published_version() {
    given::<CourseRun>(&[scheduled()]).when(open(0)).refused(Reason::CourseNotPublished);
    given::<CourseRun>(&[scheduled()]).when(open(2)).then(&[opened(2)]);
    let retired = Command::Open { course: CourseFacts { is_retired: true, ..course(0) } };
    given::<CourseRun>(&[scheduled()]).when(ann().asks(retired)).refused(Reason::CourseRetired);
    // Opened again, it goes on with what it began with.
    given::<CourseRun>(&[scheduled(), opened(2), closed()]).when(open(3)).then(&[opened(2)]);
    let close = ann().asks(Command::Close { reason: "full".into() });
    given::<CourseRun>(&[scheduled()]).when(close.clone()).refused(Reason::RunNotOpen);
    given::<CourseRun>(&[scheduled(), opened(2)]).when(close).then(&[closed()]);
}

#[test]
fn once_opened_limited_seats_stay_limited() {
    let set = |capacity| ann().asks(Command::SetCapacity(seats(capacity)));
    given::<CourseRun>(&[scheduled()]).when(set(0)).then(&[Event::RunCapacitySet(seats(0))]);
    for past in [vec![scheduled(), opened(1)], vec![scheduled(), opened(1), closed()]] {
        given::<CourseRun>(&past).when(set(0)).refused(Reason::CapacityKindFixed);
        given::<CourseRun>(&past).when(set(31)).then(&[Event::RunCapacitySet(seats(31))]);
    }
    let unlimited = [scheduled(), Event::RunCapacitySet(seats(0)), opened(1)];
    given::<CourseRun>(&unlimited).when(set(30)).refused(Reason::CapacityKindFixed);
}

#[test]
fn cancelled_and_ended_are_final() {
    let cancelled = Event::RunCancelled(RunCancelled { reason: "ill".into() });
    let cancel = || ann().asks(Command::Cancel { reason: "ill".into() });
    let end = |at_ms| ann().asks(Command::End { at_ms });
    given::<CourseRun>(&[scheduled()]).when(cancel()).then(std::slice::from_ref(&cancelled));
    given::<CourseRun>(&[scheduled()]).when(end(1_999)).refused(Reason::RunNotOver);
    given::<CourseRun>(&[scheduled(), opened(1)]).when(end(2_000)).then(&[Event::RunEnded(RunEnded {})]);
    for (last, reason) in [(cancelled, Reason::RunCancelled), (Event::RunEnded(RunEnded {}), Reason::RunEnded)] {
        let past = [scheduled(), last];
        given::<CourseRun>(&past).when(open(1)).refused(reason);
        given::<CourseRun>(&past).when(ann().asks(Command::SetCapacity(seats(9)))).refused(reason);
        given::<CourseRun>(&past).when(ann().asks(Command::SetScheme(decides()))).refused(reason);
    }
    given::<CourseRun>(&[scheduled(), Event::RunEnded(RunEnded {})]).when(cancel()).refused(Reason::RunEnded);
}

#[test]
fn restrictions_are_set_whole() {
    let only = RunRestriction { kind: RestrictionKind::MembersOf.into(), value: "ou".into() };
    let set = RunRestrictionsSet { restrictions: vec![only.clone()] };
    given::<CourseRun>(&[scheduled()])
        .when(ann().asks(Command::SetRestrictions(vec![only])))
        .then(&[Event::RunRestrictionsSet(set)]);
}

fn assessment(id: &str, part: AssessmentPart, weight_millipoints: u32) -> Assessment {
    Assessment {
        assessment_id: id.into(),
        kind: "TMA".into(),
        part: part.into(),
        weight_millipoints,
        ..Assessment::default()
    }
}

/// 40 % and 60 % coursework and an examination, half and half.
fn decides() -> AssessmentSchemeSet {
    AssessmentSchemeSet {
        assessments: vec![
            assessment("1", AssessmentPart::Coursework, 40_000),
            assessment("2", AssessmentPart::Coursework, 60_000),
            assessment("3", AssessmentPart::Exam, WHOLE),
        ],
        pass_mark_millipoints: 40_000,
        coursework_share_millipoints: 50_000,
        distinction_mark_millipoints: 85_000,
    }
}

fn set(scheme: AssessmentSchemeSet) -> Asked<Command> {
    ann().asks(Command::SetScheme(scheme))
}

#[test]
fn a_scheme_that_decides_can_decide() {
    given::<CourseRun>(&[scheduled()]).when(set(decides())).then(&[Event::AssessmentSchemeSet(decides())]);
    let mut coursework_only = decides();
    coursework_only.assessments.pop();
    coursework_only.coursework_share_millipoints = WHOLE;
    given::<CourseRun>(&[scheduled()])
        .when(set(coursework_only.clone()))
        .then(&[Event::AssessmentSchemeSet(coursework_only.clone())]);
    let mut wrong = Vec::new();
    for share in [0, WHOLE, WHOLE + 1] {
        wrong.push(AssessmentSchemeSet { coursework_share_millipoints: share, ..decides() });
    }
    wrong.push(AssessmentSchemeSet { coursework_share_millipoints: 50_000, ..coursework_only });
    wrong.push(AssessmentSchemeSet { distinction_mark_millipoints: 39_999, ..decides() });
    wrong.push(AssessmentSchemeSet { assessments: Vec::new(), ..decides() });
    let mut short = decides();
    short.assessments[0].weight_millipoints = 39_999;
    wrong.push(short);
    for scheme in wrong {
        given::<CourseRun>(&[scheduled()]).when(set(scheme)).refused(Reason::WeightsInvalid);
    }
    let mut twice = decides();
    twice.assessments[2].assessment_id = "1".into();
    given::<CourseRun>(&[scheduled()]).when(set(twice)).refused(Reason::AssessmentTwice);
}

#[test]
fn a_scheme_that_only_records_takes_weights_as_they_are() {
    // Two examinations of 100 % each, as the Open University's CCC has them.
    let exams = [assessment("1", AssessmentPart::Exam, WHOLE), assessment("2", AssessmentPart::Exam, WHOLE)];
    let records = AssessmentSchemeSet { assessments: exams.to_vec(), ..AssessmentSchemeSet::default() };
    given::<CourseRun>(&[scheduled()]).when(set(records.clone())).then(&[Event::AssessmentSchemeSet(records.clone())]);
    let marked = AssessmentSchemeSet { distinction_mark_millipoints: 1, ..records };
    given::<CourseRun>(&[scheduled()]).when(set(marked)).refused(Reason::WeightsInvalid);
}

#[test]
fn every_run_ends_after_it_starts_and_keeps_its_kind_of_capacity() {
    let any_date = || 0..4_i64;
    let any_plan = (any_date(), any_date(), 0..2_u32).prop_map(|(starts_at_ms, ends_at_ms, capacity)| RunScheduled {
        starts_at_ms,
        ends_at_ms,
        enrol_from_ms: 0,
        enrol_until_ms: 0,
        capacity,
        ..plan()
    });
    let any_command = prop_oneof![
        3 => any_plan.prop_map(|run| Command::Schedule { run, course: course(1) }),
        2 => (any_date(), any_date()).prop_map(|(starts_at_ms, ends_at_ms)| {
            Command::Reschedule(RunRescheduled { starts_at_ms, ends_at_ms, ..RunRescheduled::default() })
        }),
        3 => (0..3_u32).prop_map(|it| Command::SetCapacity(seats(it))),
        1 => Just(Command::SetScheme(decides())),
        2 => (0..3_u32).prop_map(|it| Command::Open { course: course(it) }),
        1 => Just(Command::Close { reason: "full".into() }),
        1 => any_date().prop_map(|at_ms| Command::End { at_ms }),
    ];
    let any_command = prop_oneof![30 => any_command, 1 => Just(Command::Cancel { reason: "ill".into() })];
    laws::hold::<CourseRun>(any_command.prop_map(|it| ann().asks(it)), |run| {
        if run.scheduled.is_some() && run.plan.ends_at_ms <= run.plan.starts_at_ms {
            return Err("ends before it starts".to_owned());
        }
        if run.state == RunState::Open && run.course_version == 0 {
            return Err("open, but teaches nothing".to_owned());
        }
        let turned = ann().asks(Command::SetCapacity(seats(u32::from(run.plan.capacity == 0))));
        match run.decide(&turned) {
            Ok(events) if run.course_version != 0 && !events.is_empty() => {
                Err("the kind of capacity changed".to_owned())
            }
            _ => Ok(()),
        }
    });
}
