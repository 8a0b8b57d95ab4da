//! What the watch raises, once, and what takes it back: rules as sentences, and laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeSet;
use studium_kit::By;
use studium_proto::mentorship::v1::WatchedAssessment;
use studium_testkit::{given, laws};

const DAY: i64 = 24 * 3_600_000;

fn at(at_ms: i64, command: Command) -> Asked<Command> {
    By::platform(at_ms).asks(command)
}

fn watched(run: &str, since_ms: i64) -> RiskWatchBegan {
    RiskWatchBegan {
        run_id: run.into(),
        course_id: "c".into(),
        institution_id: "ou".into(),
        since_ms,
        starts_at_ms: 0,
        risk_days: vec![7, 14, 21],
        pass_mark_millipoints: 40_000,
        assessments: vec![WatchedAssessment { assessment_id: "a".into(), due_at_ms: 30 * DAY }],
    }
}

fn began(run: &str, since_ms: i64) -> Event {
    Event::RiskWatchBegan(watched(run, since_ms))
}

fn ended(run: &str, end: RiskWatchEnd, ended_at_ms: i64) -> Event {
    Event::RiskWatchEnded(RiskWatchEnded { run_ids: vec![run.into()], end: end as i32, ended_at_ms })
}

fn silence(days: u32, silent_since_ms: i64) -> RiskSignalled {
    let (kind, run_id, evidence_position) = (RiskKind::Inactive as i32, "r".into(), 9);
    RiskSignalled { kind, run_id, days, silent_since_ms, evidence_position, ..RiskSignalled::default() }
}

fn failure(score_millipoints: u32) -> RiskSignalled {
    RiskSignalled {
        kind: RiskKind::AssessmentFailed as i32,
        run_id: "r".into(),
        assessment_id: "a".into(),
        attempt: 1,
        score_millipoints,
        pass_mark_millipoints: 40_000,
        ..RiskSignalled::default()
    }
}

fn missing(due_at_ms: i64) -> RiskSignalled {
    let (kind, assessment_id) = (RiskKind::AssessmentMissing as i32, "a".into());
    RiskSignalled { kind, run_id: "r".into(), assessment_id, due_at_ms, ..RiskSignalled::default() }
}

fn signalled(signal: u32, it: RiskSignalled) -> Event {
    let (course_id, institution_id) = ("c".into(), "ou".into());
    Event::RiskSignalled(RiskSignalled { signal, course_id, institution_id, ..it })
}

fn cleared(signal: u32, clearance: RiskClearance) -> Event {
    let (run_id, clearance) = ("r".into(), clearance as i32);
    Event::RiskCleared(RiskCleared { signal, run_id, clearance, evidence_position: 0 })
}

fn clear(signal: u32, clearance: RiskClearance) -> Command {
    let (clearance, evidence_position) = (clearance as i32, 0);
    Command::Clear(RiskCleared { signal, run_id: String::new(), clearance, evidence_position })
}

fn acknowledge(mentor: &str) -> Command {
    let (mentor_id, note) = (mentor.into(), "called".into());
    Command::Acknowledge { signal: 1, present_mentor_id: "mia".into(), mentor_id, note }
}

#[test]
fn a_run_is_watched_once_and_with_the_facts_that_hold() {
    given::<Risk>(&[]).when(at(5, Command::Watch(vec![watched("r", 5)]))).then(&[began("r", 5)]);
    given::<Risk>(&[began("r", 5)]).when(at(9, Command::Watch(vec![watched("r", 9)]))).nothing();
    let not_known_yet = RiskWatchBegan { course_id: String::new(), ..watched("r", 9) };
    given::<Risk>(&[began("r", 5)]).when(at(9, Command::Watch(vec![not_known_yet]))).nothing();
    let moved = RiskWatchBegan { starts_at_ms: 8 * DAY, ..watched("r", 9) };
    let kept = RiskWatchBegan { since_ms: 5, ..moved.clone() };
    given::<Risk>(&[began("r", 5)]).when(at(9, Command::Watch(vec![moved]))).then(&[Event::RiskWatchBegan(kept)]);
}

#[test]
fn each_threshold_of_silence_is_told_once() {
    let past = [began("r", 0)];
    given::<Risk>(&past).when(at(7 * DAY, Command::Raise(silence(7, 0)))).then(&[signalled(1, silence(7, 0))]);
    let past = [began("r", 0), signalled(1, silence(7, 0))];
    given::<Risk>(&past).when(at(14 * DAY, Command::Raise(silence(14, 0)))).then(&[signalled(2, silence(14, 0))]);
    let past = [began("r", 0), signalled(1, silence(14, 0))];
    given::<Risk>(&past).when(at(14 * DAY, Command::Raise(silence(7, 0)))).nothing();
    let past = [began("r", 0), signalled(1, silence(7, 0)), cleared(1, RiskClearance::Activity)];
    given::<Risk>(&past)
        .when(at(20 * DAY, Command::Raise(silence(7, 13 * DAY))))
        .then(&[signalled(2, silence(7, 13 * DAY))]);
}

#[test]
fn silence_is_counted_from_the_beginning_of_watch_and_run() {
    given::<Risk>(&[began("r", DAY)]).when(at(7 * DAY, Command::Raise(silence(7, 0)))).nothing();
    let later = Event::RiskWatchBegan(RiskWatchBegan { starts_at_ms: 2 * DAY, ..watched("r", 0) });
    given::<Risk>(&[later]).when(at(8 * DAY, Command::Raise(silence(7, DAY)))).nothing();
}

#[test]
fn a_result_below_the_pass_mark_is_told_until_it_is_not_any_more() {
    let told = signalled(1, failure(39_999));
    given::<Risk>(&[began("r", 0)]).when(at(5, Command::Raise(failure(39_999)))).then(std::slice::from_ref(&told));
    given::<Risk>(&[began("r", 0)]).when(at(5, Command::Raise(failure(40_000)))).nothing();
    // A second attempt that fails, too, is the same signal.
    let again = RiskSignalled { attempt: 2, ..failure(20_000) };
    given::<Risk>(&[began("r", 0), told.clone()]).when(at(6, Command::Raise(again))).nothing();
    given::<Risk>(&[began("r", 0), told])
        .when(at(7, clear(1, RiskClearance::Passed)))
        .then(&[cleared(1, RiskClearance::Passed)]);
}

#[test]
fn what_is_not_handed_in_is_told_from_the_due_date_on() {
    let past = [began("r", 0)];
    given::<Risk>(&past).when(at(30 * DAY, Command::Raise(missing(30 * DAY)))).then(&[signalled(1, missing(30 * DAY))]);
    given::<Risk>(&past).when(at(30 * DAY - 1, Command::Raise(missing(30 * DAY)))).nothing();
    // Failed and missing are not the same.
    given::<Risk>(&[began("r", 0), signalled(1, missing(DAY))])
        .when(at(2 * DAY, Command::Raise(failure(1))))
        .then(&[signalled(2, failure(1))]);
}

#[test]
fn nothing_is_told_of_what_was_before_the_mentor_or_is_not_watched() {
    for what in [failure(1), missing(DAY), silence(7, 9 * DAY)] {
        given::<Risk>(&[began("r", 3 * DAY)]).when(at(2 * DAY, Command::Raise(what.clone()))).nothing();
        given::<Risk>(&[]).when(at(20 * DAY, Command::Raise(what.clone()))).nothing();
        for end in [RiskWatchEnd::Paused, RiskWatchEnd::MentorshipEnded, RiskWatchEnd::RunLeft] {
            let past = [began("r", 0), ended("r", end, DAY)];
            given::<Risk>(&past).when(at(20 * DAY, Command::Raise(what.clone()))).nothing();
        }
    }
}

#[test]
fn a_rest_takes_silence_back_and_leaves_what_is_failed() {
    let past = [began("r", 0), signalled(1, silence(7, 0)), signalled(2, failure(1))];
    let end = RiskWatchEnd::Paused;
    given::<Risk>(&past)
        .when(at(9, Command::Rest { end }))
        .then(&[ended("r", end, 9), cleared(1, RiskClearance::Paused)]);
    let rests = [began("r", 0), ended("r", end, 9)];
    given::<Risk>(&rests).when(at(8, Command::Watch(vec![watched("r", 8)]))).nothing();
    given::<Risk>(&rests).when(at(10, Command::Watch(vec![watched("r", 10)]))).then(&[began("r", 10)]);
}

#[test]
fn the_end_takes_everything_back() {
    let past = [began("r", 0), signalled(1, silence(7, 0)), signalled(2, failure(1))];
    let end = RiskWatchEnd::MentorshipEnded;
    given::<Risk>(&past).when(at(9, Command::Rest { end })).then(&[
        ended("r", end, 9),
        cleared(1, RiskClearance::MentorshipEnded),
        cleared(2, RiskClearance::MentorshipEnded),
    ]);
    given::<Risk>(&[]).when(at(9, Command::Rest { end })).nothing();
}

#[test]
fn who_leaves_a_run_is_not_watched_there_and_goes_on_elsewhere() {
    let past = [began("r", 0), began("s", 0), signalled(1, missing(DAY))];
    let left = given::<Risk>(&past)
        .when(at(9, Command::Leave { run_id: "r".into() }))
        .then(&[ended("r", RiskWatchEnd::RunLeft, 9), cleared(1, RiskClearance::RunLeft)]);
    assert_eq!(left.runs.keys().collect::<Vec<_>>(), ["s"]);
    given::<Risk>(&past).when(at(9, Command::Leave { run_id: "x".into() })).nothing();
}

#[test]
fn only_what_was_raised_is_taken_back_once() {
    given::<Risk>(&[began("r", 0)]).when(at(9, clear(1, RiskClearance::Activity))).nothing();
    let past = [began("r", 0), signalled(1, failure(1)), cleared(1, RiskClearance::Passed)];
    given::<Risk>(&past).when(at(9, clear(1, RiskClearance::Passed))).nothing();
}

#[test]
fn the_mentor_acknowledges_or_staff_does() {
    let past = [began("r", 0), signalled(1, failure(1))];
    let acknowledged = |mentor: &str| {
        Event::RiskAcknowledged(RiskAcknowledged { signal: 1, mentor_id: mentor.into(), note: "called".into() })
    };
    given::<Risk>(&past).when(at(9, acknowledge("mia"))).then(&[acknowledged("mia")]);
    given::<Risk>(&past).when(at(9, acknowledge(""))).then(&[acknowledged("")]);
    given::<Risk>(&past).when(at(9, acknowledge("max"))).refused(Reason::NotTheMentor);
    let staff = |of: &str| By { at_ms: 9, institution: Some(of.into()) }.asks(acknowledge(""));
    given::<Risk>(&past).when(staff("ou")).then(&[acknowledged("")]);
    given::<Risk>(&past).when(staff("mit")).refused(Reason::NotYourInstitution);
    given::<Risk>(&[]).when(at(9, acknowledge("mia"))).refused(Reason::SignalNotFound);
    let past = [began("r", 0), signalled(1, failure(1)), acknowledged("mia")];
    given::<Risk>(&past).when(at(9, acknowledge(""))).nothing();
}

fn any_command() -> impl Strategy<Value = Asked<Command>> {
    let run = || prop_oneof![Just("r"), Just("s")];
    let raise = (run(), 0..40_i64, 0..40_i64, 0..9_usize).prop_map(|(run, day, since, what)| {
        let it = match what {
            0..3 => failure(30_000 + 5_000 * what as u32),
            3..6 => silence(7 * (what as u32 - 2), since * DAY),
            _ => missing(since * DAY),
        };
        at(day * DAY, Command::Raise(RiskSignalled { run_id: run.into(), ..it }))
    });
    let watch = (run(), 0..40_i64).prop_map(|(run, day)| at(day * DAY, Command::Watch(vec![watched(run, day * DAY)])));
    let end = (prop_oneof![Just(RiskWatchEnd::Paused), Just(RiskWatchEnd::MentorshipEnded)], 0..40_i64);
    let rest = end.prop_map(|(end, day)| at(day * DAY, Command::Rest { end }));
    let leave = run().prop_map(|run| at(9 * DAY, Command::Leave { run_id: run.into() }));
    let back = (1..6_u32).prop_map(|signal| at(9 * DAY, clear(signal, RiskClearance::Activity)));
    let seen = (1..6_u32, prop_oneof![Just("mia"), Just("max")]).prop_map(|(signal, mentor)| {
        let (present_mentor_id, mentor_id, note) = ("mia".into(), mentor.into(), String::new());
        at(9 * DAY, Command::Acknowledge { signal, present_mentor_id, mentor_id, note })
    });
    prop_oneof![8 => raise, 4 => watch, 1 => rest, 1 => leave, 3 => back, 1 => seen]
}

#[test]
fn the_watch_keeps_the_laws() {
    laws::hold::<Risk>(any_command(), |it| {
        let open: Vec<_> = it.open().map(|it| it.1).collect();
        let topics: BTreeSet<_> = open.iter().collect();
        if topics.len() < open.len() { Err("one thing is told twice".to_owned()) } else { Ok(()) }
    });
}

proptest! {
    #![proptest_config(laws::config())]

    /// Read from the events alone: a signal is raised only while its run is watched, at most once until it is cleared,
    /// with the next number; and only what is open is cleared, silence at the latest when the watch ends.
    #[test]
    fn a_signal_is_raised_once_until_it_is_cleared(history in vec(any_command(), 1..80)) {
        let mut state = Risk::default();
        let (mut watched, mut open, mut last) = (BTreeSet::new(), Vec::<RiskSignalled>::new(), 0);
        for command in history {
            for event in state.decide(&command).unwrap_or_default() {
                state.evolve(&event);
                match event {
                    Event::RiskWatchBegan(it) => drop(watched.insert(it.run_id)),
                    Event::RiskWatchEnded(it) => {
                        for run in &it.run_ids {
                            prop_assert!(watched.remove(run));
                        }
                    }
                    Event::RiskSignalled(it) => {
                        prop_assert!(watched.contains(&it.run_id));
                        prop_assert_eq!(it.signal, last + 1);
                        last = it.signal;
                        prop_assert!(!open.iter().any(|that| Topic::of(that) == Topic::of(&it)));
                        open.push(it);
                    }
                    Event::RiskCleared(it) => {
                        let at = open.iter().position(|that| that.signal == it.signal);
                        prop_assert!(at.is_some());
                        open.remove(at.unwrap());
                    }
                    Event::RiskAcknowledged(it) => prop_assert!(it.signal <= last && it.mentor_id != "max"),
                }
            }
            let silent = open.iter().filter(|it| it.kind() == RiskKind::Inactive);
            prop_assert!(silent.map(|it| &it.run_id).all(|it| watched.contains(it)));
        }
    }
}
