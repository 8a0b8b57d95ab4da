//! What the dashboard makes of what is known of a class.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::{comparison::*, knowledge::spread, *};
use studium_proto::enrolment::v1::EnrolmentState;

#[test]
fn means_and_rates_are_of_something() {
    assert_eq!((mean(&[]), mean(&[1, 2]), mean(&[100_000; 3])), (None, Some(2), Some(100_000)));
    assert_eq!((rate(0, 0), rate(0, 3), rate(1, 3), rate(3, 3)), (None, Some(0), Some(33_333), Some(100_000)));
    assert_eq!((spread(&[]), spread(&[7]), spread(&[40_000, 60_000])), (None, Some(0), Some(10_000)));
}

#[test]
fn an_interval_knows_nothing_of_nothing() {
    assert_eq!(wilson(0, 0), (0, 100_000));
}

#[test]
fn an_interval_of_all_or_none_is_not_a_point() {
    // Wilson's bounds for 0 of n and n of n: z² / (n + z²) from the edge.
    assert_eq!(wilson(0, 10), (0, 27_753));
    assert_eq!(wilson(10, 10), (72_247, 100_000));
    assert_eq!(wilson(0, 1), (0, 79_345));
    assert_eq!(wilson(1, 1), (20_655, 100_000));
}

#[test]
fn an_interval_is_narrower_the_more_was_seen() {
    // 5 of 10 is 23.7 % to 76.3 %, 50 of 100 is 40.4 % to 59.6 %.
    assert_eq!(wilson(5, 10), (23_659, 76_341));
    assert_eq!(wilson(50, 100), (40_383, 59_617));
    for whole in 1..60 {
        for part in 0..=whole {
            let (low, high) = wilson(part, whole);
            let seen = rate(part, whole).unwrap();
            assert!(low <= seen && seen <= high, "{part} of {whole}: {low} {seen} {high}");
        }
    }
}

fn enrolled(learner: &str, state: EnrolmentState, (requested_at_ms, ended_at_ms): (i64, i64)) -> Enrolled {
    Enrolled { learner_id: learner.into(), state: state.into(), requested_at_ms, ended_at_ms }
}

fn membership(learner: &str, campus: &str, (since_ms, left_at_ms): (i64, i64)) -> Membership {
    Membership { learner_id: learner.into(), campus_id: campus.into(), since_ms, left_at_ms }
}

#[test]
fn sides_are_told_apart_by_classes() {
    use EnrolmentState::{Active, Completed, Failed, Requested, Withdrawn};
    let all = vec![
        enrolled("ada", Completed, (10, 50)),
        enrolled("ben", Failed, (10, 50)),
        enrolled("cid", Completed, (10, 50)),
        enrolled("dan", Withdrawn, (10, 50)),
        enrolled("eve", Active, (10, 0)),
        // In a class of another campus: on neither side.
        enrolled("fay", Completed, (10, 50)),
        // The class came after the enrolment had ended.
        enrolled("gil", Failed, (10, 50)),
        // Waits for a seat: says nothing.
        enrolled("hal", Requested, (10, 0)),
    ];
    let classes = [
        membership("ada", "ou", (20, 0)),
        membership("ben", "ou", (5, 30)),
        membership("fay", "mit", (5, 0)),
        membership("gil", "ou", (60, 0)),
        membership("hal", "ou", (5, 0)),
    ];
    let (blended, online) = sides(all, &classes, "ou");
    assert_eq!((blended.learners, blended.passed, blended.failed, blended.withdrawn), (2, 1, 1, 0));
    assert_eq!((blended.pass_rate_millipoints, blended.low_millipoints, blended.high_millipoints), {
        let (low, high) = wilson(1, 2);
        (Some(50_000), low, high)
    });
    assert_eq!((online.learners, online.passed, online.failed, online.withdrawn), (3, 1, 1, 1));
    assert_eq!(online.under_way, 1);
}

#[test]
fn a_learner_counts_once_by_the_last_try() {
    let (first, second) = (EnrolmentState::Failed, EnrolmentState::Completed);
    let twice = vec![enrolled("ada", second, (60, 90)), enrolled("ada", first, (10, 50))];
    let (blended, online) = sides(twice, &[], "ou");
    assert_eq!((online.learners, online.passed), (1, 1));
    assert_eq!((blended.learners, blended.pass_rate_millipoints), (0, None));
    assert_eq!((blended.low_millipoints, blended.high_millipoints), (0, 100_000));
}
