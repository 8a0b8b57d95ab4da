//! What is to be said next of a learner in a run, as sentences.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use studium_kit::Json;

/// A learner who is active since day 1, watched since day 2; the pass mark is 50 %, `a` is due on day 12.
fn row() -> MenteeProgressRow {
    let watch = Watch {
        programme: "p".into(),
        since: 2 * DAY_MS,
        starts: 0,
        days: vec![7, 14],
        pass: 50_000,
        dues: vec![("a".into(), 12 * DAY_MS)],
        told: 0,
    };
    MenteeProgressRow {
        run_id: "r".into(),
        state: EnrolmentState::Active as i32,
        active_at_ms: DAY_MS,
        watches: Json(vec![watch]),
        ..MenteeProgressRow::default()
    }
}

fn scored(mut row: MenteeProgressRow, number: u32, score: u32, day: i64) -> MenteeProgressRow {
    let (id, at, score) = ("a".into(), day * DAY_MS, Some(score));
    row.results.0.push(Attempt { id, number, score, at, position: 7, banked: false });
    row.last_activity_at_ms = at;
    row
}

/// With what was told: the kind, threshold, and since when it was silent.
fn told(mut row: MenteeProgressRow, kind: RiskKind, days: u32, since_day: i64) -> MenteeProgressRow {
    let it = RiskSignalled {
        signal: row.signals.0.len() as u32 + 1,
        kind: kind as i32,
        assessment_id: if kind == RiskKind::Inactive { String::new() } else { "a".into() },
        days,
        silent_since_ms: since_day * DAY_MS,
        pass_mark_millipoints: 50_000,
        due_at_ms: 12 * DAY_MS,
        ..RiskSignalled::default()
    };
    row.signals.0.push(OpenSignal::new("p".into(), it));
    row
}

/// On which day what follows: a signal's kind and days, or the end of signal and its cause.
fn follows(row: &MenteeProgressRow) -> Option<(i64, String)> {
    let due = next(row)?;
    assert_eq!((due.programme_id.as_str(), due.at_ms % DAY_MS), ("p", 0));
    let said = match Fact::command(&due.fact.text()) {
        Command::Raise(it) => format!("{:?} {}", it.kind(), it.days),
        Command::Clear(it) => format!("{} {:?}", it.signal, it.clearance()),
        other => panic!("{other:?}"),
    };
    Some((due.at_ms / DAY_MS, said))
}

#[expect(clippy::unnecessary_wraps, reason = "it is what `follows` gives")]
fn on(day: i64, said: &str) -> Option<(i64, String)> {
    Some((day, said.to_owned()))
}

#[test]
fn silence_is_told_after_so_many_days_from_the_watch_on() {
    assert_eq!(follows(&row()), on(9, "Inactive 7"));
    let active = MenteeProgressRow { last_activity_at_ms: 4 * DAY_MS, ..row() };
    assert_eq!(follows(&active), on(11, "Inactive 7"));
    let mut starts = row();
    starts.watches.0[0].starts = 3 * DAY_MS;
    assert_eq!(follows(&starts), on(10, "Inactive 7"));
}

#[test]
fn the_next_threshold_follows_the_last_one_until_none_is_left() {
    let mut once = told(row(), RiskKind::Inactive, 7, 2);
    once.watches.0[0].dues.clear();
    assert_eq!(follows(&once), on(16, "Inactive 14"));
    assert_eq!(follows(&told(once, RiskKind::Inactive, 14, 2)), None);
}

#[test]
fn activity_takes_silence_back() {
    let mut back = told(row(), RiskKind::Inactive, 7, 2);
    back.last_activity_at_ms = 10 * DAY_MS;
    assert_eq!(follows(&back), on(10, "1 Activity"));
}

#[test]
fn a_result_below_the_pass_mark_is_told_and_a_better_one_takes_it_back() {
    assert_eq!(follows(&scored(row(), 1, 49_999, 5)), on(5, "AssessmentFailed 0"));
    assert_eq!(follows(&scored(row(), 1, 50_000, 5)), on(12, "Inactive 7"));
    let failed = told(scored(row(), 1, 10_000, 5), RiskKind::AssessmentFailed, 0, 0);
    assert_eq!(follows(&failed), on(12, "Inactive 7"));
    let again = scored(failed, 2, 20_000, 6);
    assert_eq!(follows(&again), on(13, "Inactive 7"));
    assert_eq!(follows(&scored(again, 3, 50_000, 7)), on(7, "1 Passed"));
}

#[test]
fn the_evidence_names_the_result_it_rests_on() {
    let failed = next(&scored(scored(row(), 1, 30_000, 4), 2, 20_000, 5)).unwrap();
    let Command::Raise(it) = Fact::command(&failed.fact.text()) else { panic!("{failed:?}") };
    assert_eq!((it.attempt, it.score_millipoints, it.pass_mark_millipoints), (2, 30_000, 50_000));
    assert_eq!((it.run_id.as_str(), it.assessment_id.as_str(), it.evidence_position), ("r", "a", 7));
    assert_eq!(it.last_activity_at_ms, 5 * DAY_MS);
}

#[test]
fn banked_results_and_those_from_before_the_watch_fail_nobody() {
    assert_eq!(follows(&scored(row(), 1, 10_000, 1)), on(9, "Inactive 7"));
    let mut banked = scored(row(), 1, 10_000, 5);
    banked.results.0[0].banked = true;
    assert_eq!(follows(&banked), on(12, "Inactive 7"));
}

#[test]
fn what_is_not_handed_in_is_told_on_the_due_date() {
    let busy = MenteeProgressRow { last_activity_at_ms: 11 * DAY_MS, ..row() };
    assert_eq!(follows(&busy), on(12, "AssessmentMissing 0"));
    let missing = told(busy, RiskKind::AssessmentMissing, 0, 0);
    assert_eq!(follows(&missing), on(18, "Inactive 7"));
    assert_eq!(follows(&scored(missing, 1, 60_000, 14)), on(14, "1 HandedIn"));
    let mut before = MenteeProgressRow { last_activity_at_ms: 11 * DAY_MS, ..row() };
    before.watches.0[0].since = 13 * DAY_MS;
    assert_eq!(follows(&before), on(20, "Inactive 7"));
}

fn busy_on_the_due_date() -> MenteeProgressRow {
    MenteeProgressRow { last_activity_at_ms: 11 * DAY_MS, recorded_at_ms: 13 * DAY_MS, ..row() }
}

#[test]
fn a_later_due_date_takes_back_what_was_missed_and_is_told_anew() {
    let mut moved = told(busy_on_the_due_date(), RiskKind::AssessmentMissing, 0, 0);
    moved.watches.0[0].dues[0].1 = 15 * DAY_MS;
    assert_eq!(follows(&moved), on(13, "1 DueMoved"));
    moved.signals.0.clear();
    assert_eq!(follows(&moved), on(15, "AssessmentMissing 0"));
    // It moves back; that it was told before must not keep it from being told.
    let first = next(&busy_on_the_due_date()).unwrap().fact.text();
    let mut back = busy_on_the_due_date();
    back.watches.0[0].told = 1;
    assert_eq!(follows(&back), on(12, "AssessmentMissing 0"));
    assert_ne!(next(&back).unwrap().fact.text(), first);
    let mut gone = told(row(), RiskKind::AssessmentMissing, 0, 0);
    (gone.recorded_at_ms, gone.watches.0[0].dues) = (DAY_MS, Vec::new());
    assert_eq!(follows(&gone), on(1, "1 DueMoved"));
}

#[test]
fn nobody_is_told_of_who_is_not_active_or_only_listens() {
    for state in [EnrolmentState::Requested, EnrolmentState::Suspended, EnrolmentState::Completed] {
        assert_eq!(follows(&MenteeProgressRow { state: state as i32, ..row() }), None);
    }
    assert_eq!(follows(&MenteeProgressRow { audits: true, ..row() }), None);
    assert_eq!(follows(&MenteeProgressRow { watches: Json(Vec::new()), ..row() }), None);
}

#[test]
fn history_raises_nothing_and_still_takes_back() {
    let fresh = MenteeProgressRow { recorded_at_ms: 40 * DAY_MS, ..row() };
    assert_eq!(follows(&fresh), on(9, "Inactive 7"));
    let history = MenteeProgressRow { recorded_at_ms: 44 * DAY_MS, ..row() };
    assert_eq!(follows(&history), None);
    let mut back = told(history, RiskKind::Inactive, 7, 2);
    back.last_activity_at_ms = 10 * DAY_MS;
    assert_eq!(follows(&back), on(10, "1 Activity"));
}

#[test]
fn what_cannot_be_read_asks_for_nothing() {
    let Command::Clear(it) = Fact::command("{") else { panic!("it asks for something") };
    assert_eq!(it.signal, 0);
}
