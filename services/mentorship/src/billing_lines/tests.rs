//! Days and prices of a month, rule by rule.
#![allow(clippy::unwrap_used)]

use super::{Billed, lines, totals};
use crate::{
    mentor_terms::MentorTermRow,
    mentorship_prices::{MentorshipPriceRow, Prices},
    mentorship_times::{MentorshipTimesRow, Turn},
    months::Month,
};
use studium_kit::{DAY_MS, Json};
use studium_proto::mentorship::v1::{BillingBasis, BillingLine};

/// Noon of a day of March 2026.
fn march(day: i64) -> i64 {
    Month::parse("2026-03").unwrap().starts_at_ms() + (day - 1) * DAY_MS + DAY_MS / 2
}

fn times(turns: &[(i64, Turn)]) -> MentorshipTimesRow {
    MentorshipTimesRow {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        turns: Json(turns.to_vec()),
        ..MentorshipTimesRow::default()
    }
}

fn term(proposal: u32, mentor: &str, from_ms: i64, until_ms: i64) -> MentorTermRow {
    let (programme_id, learner_id, mentor_id) = ("p".to_owned(), "ada".to_owned(), mentor.to_owned());
    MentorTermRow { programme_id, learner_id, proposal, mentor_id, origin: 1, from_ms, until_ms }
}

fn prices(plans: &[(i64, bool, i64)]) -> Prices {
    let plans = plans.iter().map(|(at, included, price)| (*at, *included, *price, "EUR".to_owned())).collect();
    Prices::default().with(MentorshipPriceRow { programme_id: "p".into(), plans: Json(plans) })
}

fn of(month: &str, as_of_ms: i64) -> Billed {
    Billed { month: Month::parse(month).unwrap(), as_of_ms }
}

fn told(lines: &[BillingLine]) -> Vec<(&str, u32, i64, BillingBasis)> {
    lines.iter().map(|it| (it.mentor_id.as_str(), it.days, it.amount_minor, it.basis())).collect()
}

#[test]
fn a_day_of_hand_over_counts_once_and_the_price_is_due_with_the_first_mentor() {
    let mentorship = [times(&[(march(1), Turn::Asked(1)), (march(10), Turn::Mentored)])];
    let terms = vec![term(1, "mia", march(10), march(15)), term(2, "noa", march(15), 0)];
    let prices = prices(&[(0, false, 900)]);
    let march_lines = lines(&mentorship, terms.clone(), &prices, of("2026-03", i64::MAX / 2));
    assert_eq!(
        told(&march_lines),
        [("mia", 5, 900, BillingBasis::Price), ("noa", 17, 0, BillingBasis::BilledBefore)],
        "the 15th is noa's; 22 days in all"
    );
    let april = lines(&mentorship, terms.clone(), &prices, of("2026-04", i64::MAX / 2));
    assert_eq!(told(&april), [("noa", 30, 0, BillingBasis::BilledBefore)]);
    assert!(lines(&mentorship, terms, &prices, of("2026-02", i64::MAX / 2)).is_empty());
    let sum = totals(&march_lines);
    assert_eq!((sum[0].lines, sum[0].mentorships, sum[0].days, sum[0].amount_minor), (2, 1, 22, 900));
}

#[test]
fn rest_that_fills_a_day_is_not_billed() {
    let turns = [
        (march(1), Turn::Asked(1)),
        (march(1), Turn::Mentored),
        (march(5), Turn::Rests),
        (march(8), Turn::Back),
        (march(10), Turn::Ended),
    ];
    let found = lines(
        &[times(&turns)],
        vec![term(1, "mia", march(1), march(10))],
        &prices(&[(0, true, 900)]),
        of("2026-03", i64::MAX / 2),
    );
    assert_eq!(told(&found), [("mia", 8, 0, BillingBasis::Included)], "the 6th and the 7th are rest throughout");
}

#[test]
fn a_date_in_the_past_does_not_know_what_came_later() {
    let turns = [(march(1), Turn::Asked(1)), (march(2), Turn::Mentored), (march(20), Turn::Ended)];
    let now = lines(
        &[times(&turns)],
        vec![term(1, "mia", march(2), march(20))],
        &prices(&[(0, false, 5)]),
        of("2026-03", march(10)),
    );
    let then = lines(
        &[times(&turns[..2])],
        vec![term(1, "mia", march(2), 0)],
        &prices(&[(0, false, 5)]),
        of("2026-03", march(10)),
    );
    assert_eq!(now, then);
    assert_eq!((told(&now), now[0].until_ms), (vec![("mia", 9, 5, BillingBasis::Price)], 0));
    assert!(
        lines(&[times(&turns)], vec![term(1, "mia", march(2), march(20))], &prices(&[]), of("2026-03", march(1)))
            .is_empty()
    );
}

#[test]
fn the_price_is_that_of_the_day_on_which_the_first_mentor_came() {
    let turns = [(march(1), Turn::Asked(1)), (march(10), Turn::Mentored)];
    let cost = |plans: &[(i64, bool, i64)]| {
        let found =
            lines(&[times(&turns)], vec![term(1, "mia", march(10), 0)], &prices(plans), of("2026-03", march(20)));
        (found[0].amount_minor, found[0].basis())
    };
    assert_eq!(cost(&[(0, false, 500), (march(9), false, 900), (march(11), false, 100)]), (900, BillingBasis::Price));
    assert_eq!(cost(&[(march(12), false, 700)]), (700, BillingBasis::Price), "set too late: the first there is");
    assert_eq!(cost(&[(0, true, 700)]), (0, BillingBasis::Included));
    assert_eq!(cost(&[]), (0, BillingBasis::NoPlan));
}

#[test]
fn who_comes_back_and_asks_again_is_billed_again() {
    let turns = [
        (march(1), Turn::Asked(1)),
        (march(1), Turn::Mentored),
        (march(3), Turn::Ended),
        (march(10), Turn::Asked(1)),
        (march(11), Turn::Mentored),
    ];
    let terms = vec![term(1, "mia", march(1), march(3)), term(2, "mia", march(11), 0)];
    let found = lines(&[times(&turns)], terms, &prices(&[(0, false, 5)]), of("2026-03", march(12)));
    assert_eq!(told(&found), [("mia", 3, 5, BillingBasis::Price), ("mia", 2, 5, BillingBasis::Price)]);
    assert_eq!((found[0].round, found[1].round, totals(&found)[0].mentorships), (1, 2, 2));
}
