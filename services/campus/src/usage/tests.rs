//! What reports count, and when.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn month(n: u32) -> Month {
    Month::parse(&format!("2026-{n:02}")).unwrap()
}

fn enrolled(learner: &str, course: &str, from: u32, to: Option<u32>, state: EnrolmentState) -> Enrolled {
    Enrolled {
        learner_id: learner.into(),
        course_id: course.into(),
        department: if learner == "ada" { "Law".into() } else { "Arts".into() },
        state: state.into(),
        requested_at_ms: month(from).starts_at_ms(),
        ended_at_ms: to.map_or(0, |it| month(it).ends_at_ms() - 1),
    }
}

fn done(learner: &str, course: &str, n: u32, minutes: i64) -> Done {
    let department = if learner == "ada" { "Law".into() } else { "Arts".into() };
    Done { learner_id: learner.into(), course_id: course.into(), department, month: month(n).number(), minutes }
}

fn some() -> Usage {
    Usage {
        enrolled: vec![
            enrolled("ada", "bread", 1, Some(2), EnrolmentState::Completed),
            enrolled("ada", "wine", 3, None, EnrolmentState::Active),
            enrolled("bob", "bread", 2, Some(2), EnrolmentState::Withdrawn),
            enrolled("cyd", "bread", 2, Some(4), EnrolmentState::Failed),
        ],
        done: vec![done("ada", "bread", 1, 60), done("ada", "bread", 2, 30), done("cyd", "bread", 4, 5)],
    }
}

/// Key, seats held, learners active, enrolments, completed, failed, withdrawn, minutes.
fn told(row: &UsageRow) -> (String, [u64; 7]) {
    let n = |it: u32| u64::from(it);
    let counts = [n(row.seats_held), n(row.learners_active), n(row.enrolments), n(row.completed)];
    let ends = [n(row.failed), n(row.withdrawn), row.minutes];
    (row.key.clone(), [counts[0], counts[1], counts[2], counts[3], ends[0], ends[1], ends[2]])
}

fn report_of(by: UsageGroup, first: u32, last: u32) -> (Vec<(String, [u64; 7])>, [u64; 7]) {
    let (rows, total) = report(&some(), by, Months { first: month(first), last: month(last) });
    (rows.iter().map(told).collect(), told(&total).1)
}

#[test]
fn a_learner_counts_once_in_a_row_and_once_in_all() {
    let (rows, total) = report_of(UsageGroup::Course, 1, 12);
    let expected = [("bread".to_owned(), [3, 2, 3, 1, 1, 1, 95]), ("wine".to_owned(), [1, 0, 1, 0, 0, 0, 0])];
    assert_eq!(rows, expected);
    assert_eq!(total, [3, 2, 4, 1, 1, 1, 95]);
    let (rows, _) = report_of(UsageGroup::Department, 1, 12);
    let expected = [("Arts".to_owned(), [2, 1, 2, 0, 1, 1, 5]), ("Law".to_owned(), [1, 1, 2, 1, 0, 0, 90])];
    assert_eq!(rows, expected);
}

#[test]
fn everything_counts_in_the_month_when_it_happened() {
    let (rows, total) = report_of(UsageGroup::Month, 2, 4);
    let expected = [
        ("2026-02".to_owned(), [3, 1, 2, 1, 0, 1, 30]),
        ("2026-03".to_owned(), [2, 0, 1, 0, 0, 0, 0]),
        ("2026-04".to_owned(), [2, 1, 0, 0, 1, 0, 5]),
    ];
    assert_eq!(rows, expected);
    assert_eq!(total, [3, 2, 3, 1, 1, 1, 35]);
}

#[test]
fn rows_add_up_to_the_total() {
    for by in [UsageGroup::Course, UsageGroup::Department, UsageGroup::Month] {
        let (rows, total) = report_of(by, 1, 12);
        for n in 2..7 {
            assert_eq!(rows.iter().map(|(_, it)| it[n]).sum::<u64>(), total[n], "{by:?} {n}");
        }
    }
}
