//! Who counts where, and that a date in the past stays what it was.

use super::{Window, curves, learners, lines, note, sources};
use crate::{
    joinings::{JoiningRow, Turn},
    mentorship_times::{MentorshipTimesRow, Turn as Times},
};
use studium_kit::{DAY_MS, Json};
use studium_proto::mentorship::v1::RequestSource;

const ALL: Window = Window { from_ms: 0, until_ms: 0, as_of_ms: 1_000 * DAY_MS };

fn joins(learner: &str, turns: &[(i64, Turn)]) -> JoiningRow {
    let turns = turns.iter().map(|(day, turn)| (day * DAY_MS, *turn)).collect();
    JoiningRow { scope_id: "p".into(), learner_id: learner.into(), turns: Json(turns), ..JoiningRow::default() }
}

fn asks(learner: &str, turns: &[(i64, Times)]) -> MentorshipTimesRow {
    let turns = turns.iter().map(|(day, turn)| (day * DAY_MS, *turn)).collect();
    let (programme_id, learner_id) = ("p".to_owned(), learner.to_owned());
    MentorshipTimesRow { programme_id, learner_id, turns: Json(turns), ..MentorshipTimesRow::default() }
}

#[test]
fn everybody_is_in_one_group() {
    let import = RequestSource::Import as i32;
    let joinings = [
        joins("ada", &[(0, Turn::Joined), (50, Turn::Graduated)]),
        joins("ben", &[(1, Turn::Joined), (9, Turn::Left)]),
        joins("cyd", &[(2, Turn::Joined), (40, Turn::Rests)]),
        joins("dan", &[(3, Turn::Joined), (9, Turn::Left)]),
        joins("eve", &[(4, Turn::Joined), (50, Turn::Graduated)]),
    ];
    let mentorships = [
        asks("ada", &[(0, Times::Asked(1)), (5, Times::Mentored), (50, Times::Ended)]),
        asks("ben", &[(1, Times::Asked(1)), (9, Times::Mentored), (9, Times::Ended)]),
        asks("cyd", &[(2, Times::Asked(import)), (30, Times::Mentored)]),
        asks("dan", &[(3, Times::Asked(1)), (9, Times::Ended)]),
    ];
    let found = learners(&joinings, &mentorships, ALL);
    let (total, _) = lines(&found);
    let (with, without, in_vain) = (
        total.with_mentor.unwrap_or_default(),
        total.without_mentor.unwrap_or_default(),
        total.never_assigned.unwrap_or_default(),
    );
    assert_eq!((with.learners, with.graduated, with.withdrawn, with.still_in, with.suspended), (3, 1, 1, 1, 1));
    assert_eq!((without.learners, without.graduated), (1, 1));
    assert_eq!((in_vain.learners, in_vain.withdrawn), (1, 1));
    assert_eq!(total.all.unwrap_or_default().learners, 5);
    assert_eq!((with.rate_millipoints, total.difference_millipoints, total.has_difference), (33_333, -66_667, true));
    let came: Vec<_> = sources(&found).into_iter().map(|it| (it.source(), it.learners)).collect();
    assert_eq!(came, [(RequestSource::Programme, 2), (RequestSource::Import, 1)]);
    assert!(note(&found).contains("not an effect") && note(&found).contains("not the real tutors"));
    assert!(!note(&found[..1]).contains("tutors"));
}

#[test]
fn a_mentor_of_an_earlier_stay_does_not_count_for_a_later_one() {
    let joinings = [joins("ada", &[(0, Turn::Joined), (10, Turn::Left), (40, Turn::Joined), (60, Turn::Graduated)])];
    let mentorships = [asks("ada", &[(0, Times::Asked(1)), (5, Times::Mentored), (10, Times::Ended)])];
    let found = learners(&joinings, &mentorships, ALL);
    let (total, by_month) = lines(&found);
    assert_eq!(total.with_mentor.unwrap_or_default().withdrawn, 1);
    assert_eq!(total.without_mentor.unwrap_or_default().graduated, 1);
    let cohorts: Vec<_> = by_month.iter().map(|it| (it.scope_id.as_str(), it.cohort.as_str())).collect();
    assert_eq!(cohorts, [("p", ""), ("p", "1970-01"), ("p", "1970-02")]);
    // A mentor who was there before and stays counts.
    let staff = [asks("ada", &[(20, Times::Asked(2)), (30, Times::Mentored)])];
    let found = learners(&joinings, &staff, ALL);
    let (total, _) = lines(&found);
    assert_eq!(total.with_mentor.unwrap_or_default().graduated, 1);
    assert_eq!(total.without_mentor.unwrap_or_default().withdrawn, 1);
}

#[test]
fn a_date_does_not_know_what_came_later_and_a_window_takes_who_joined_in_it() {
    let turns = [(0, Turn::Joined), (30, Turn::Left), (40, Turn::Back), (60, Turn::Graduated)];
    let asked = [(0, Times::Asked(1)), (20, Times::Mentored)];
    let at = |day: i64, known: usize| {
        let window = Window { as_of_ms: day * DAY_MS, ..ALL };
        lines(&learners(&[joins("ada", &turns[..known])], &[asks("ada", &asked)], window))
    };
    for (day, known) in [(10, 1), (35, 2), (45, 3)] {
        assert_eq!(at(day, known), at(day, 4), "day {day}");
    }
    assert_eq!(at(10, 4).0.never_assigned.unwrap_or_default().still_in, 1);
    assert_eq!(at(35, 4).0.with_mentor.unwrap_or_default().withdrawn, 1);
    assert_eq!(at(45, 4).0.with_mentor.unwrap_or_default().still_in, 1, "back again");
    let joined = [joins("ada", &[(0, Turn::Joined)]), joins("ben", &[(10, Turn::Joined)])];
    let within = |from: i64, until: i64| {
        learners(&joined, &[], Window { from_ms: from * DAY_MS, until_ms: until * DAY_MS, ..ALL }).len()
    };
    assert_eq!((within(0, 10), within(0, 11), within(1, 0), within(11, 0)), (1, 2, 1, 0));
}

#[test]
fn the_curve_censors_who_graduated_and_who_is_still_in() {
    // By hand, in weeks: one leaves at 1 with 4 at risk, one graduates at 2, one leaves at 3 with 2 at risk, one is in.
    let joinings = [
        joins("ada", &[(0, Turn::Joined), (7, Turn::Left)]),
        joins("ben", &[(0, Turn::Joined), (14, Turn::Graduated)]),
        joins("cyd", &[(0, Turn::Joined), (21, Turn::Left)]),
        joins("dan", &[(0, Turn::Joined)]),
    ];
    let as_of_ms = 30 * DAY_MS;
    let found = learners(&joinings, &[], Window { as_of_ms, ..ALL });
    let [with, without, _] = curves(&found, as_of_ms, 104);
    assert!(with.points.is_empty());
    let told: Vec<_> = without
        .points
        .iter()
        .map(|it| (it.week, it.at_risk, it.withdrawn, it.censored, it.staying_millipoints))
        .collect();
    assert_eq!(
        told,
        [(0, 4, 0, 0, 100_000), (1, 4, 1, 0, 75_000), (2, 3, 0, 1, 75_000), (3, 2, 1, 0, 37_500), (4, 1, 0, 1, 37_500)]
    );
    assert_eq!((without.learners, without.withdrawn), (4, 2));
    assert_eq!(curves(&found, as_of_ms, 2)[1].points.len(), 2);
}
