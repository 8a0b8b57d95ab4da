//! What answer times say, and what they must not hide.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

/// A question with a promise of four hours that was answered after so many minutes.
fn answered(minutes: i64) -> Wait {
    let waited_ms = minutes * MINUTE_MS;
    let promised_ms = 240 * MINUTE_MS;
    Wait {
        programme_id: "p".into(),
        mentor_id: "mia".into(),
        promised_ms,
        waited_ms,
        answered: true,
        within_promise: waited_ms <= promised_ms,
        closed: false,
    }
}

/// One that still waits, so long.
fn waiting(minutes: i64) -> Wait {
    Wait { answered: false, within_promise: false, ..answered(minutes) }
}

fn close_to(share: Option<f64>, expected: f64) {
    assert!(share.is_some_and(|it| (it - expected).abs() < 1e-9), "{share:?} is not {expected}");
}

#[test]
fn nothing_asked_says_nothing() {
    let it = times(&[]);
    assert_eq!((it.questions, it.share, it.p50_ms), (0, None, None));
    assert_eq!(it.histogram.len(), 8);
}

#[test]
fn who_waits_too_long_counts_as_late() {
    let it = times(&[answered(10), answered(300), waiting(500), waiting(100)]);
    assert_eq!((it.questions, it.answered, it.within_promise, it.late), (4, 2, 1, 2));
    assert_eq!((it.waiting, it.overdue), (2, 1));
    // Of the one that still waits within its promise nobody knows.
    close_to(it.share, 1.0 / 3.0);
}

#[test]
fn a_closed_question_counts_only_if_it_was_late() {
    let closed = |minutes| Wait { closed: true, ..waiting(minutes) };
    let it = times(&[answered(10), closed(20), closed(241)]);
    assert_eq!((it.closed_unanswered, it.waiting, it.overdue, it.late), (2, 0, 0, 1));
    close_to(it.share, 0.5);
}

#[test]
fn percentiles_of_answered_questions_are_the_plain_ones() {
    let all: Vec<_> = (1..=100).map(answered).collect();
    let it = times(&all);
    let minutes = |it: Option<i64>| it.map(|it| it / MINUTE_MS);
    assert_eq!((minutes(it.p50_ms), minutes(it.p90_ms), minutes(it.p99_ms)), (Some(50), Some(90), Some(99)));
}

#[test]
fn percentiles_do_not_forget_who_waits() {
    // Half are answered in an hour, half wait for ten already: nobody knows when nine of ten will be answered.
    let all = [vec![answered(60); 5], vec![waiting(600); 5]].concat();
    let it = times(&all);
    assert_eq!((it.p50_ms, it.p90_ms, it.p99_ms), (Some(60 * MINUTE_MS), None, None));
    // Who began to wait a moment ago says nothing against anybody.
    let all = [vec![answered(60); 5], vec![waiting(0); 5]].concat();
    assert_eq!(times(&all).p99_ms, Some(60 * MINUTE_MS));
    // Worked out by hand: of 4 one is answered at 10 (3/4 left), one leaves at 20, of 2 one at 30 (3/8 left).
    let all = [answered(10), waiting(20), answered(30), waiting(40)];
    assert_eq!((times(&all).p50_ms, times(&all).p90_ms), (Some(30 * MINUTE_MS), None));
}

#[test]
fn the_histogram_counts_every_question_once() {
    let all = [answered(15), answered(16), answered(1_440), answered(1_441), waiting(1), waiting(9_999)];
    let counts: Vec<_> =
        times(&all).histogram.iter().map(|it| (it.up_to_minutes, it.unanswered, it.questions)).collect();
    let bounds = [(15, 1), (60, 1), (120, 0), (240, 0), (480, 0), (1_440, 1)].map(|(it, n)| (it, false, n));
    assert_eq!(counts, [&bounds[..], &[(0, false, 1), (0, true, 2)]].concat());
}

#[test]
fn groups_are_by_programme_and_by_whom_it_counts_for() {
    let other = Wait { programme_id: "x".into(), mentor_id: String::new(), ..waiting(10) };
    let all = [answered(10), answered(20), other];
    let programmes: Vec<_> = by_programme(&all).into_iter().map(|it| (it.programme_id, it.questions)).collect();
    assert_eq!(programmes, [("p".to_owned(), 2), ("x".to_owned(), 1)]);
    let mentors: Vec<_> = by_mentor(&all).into_iter().map(|it| (it.mentor_id, it.waiting)).collect();
    assert_eq!(mentors, [(String::new(), 1), ("mia".to_owned(), 0)]);
}
