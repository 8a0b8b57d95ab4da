//! How long learners wait for their first mentor. Who still waits counts, or the published time would be too short.

use crate::{
    mentorship_times::{MentorshipTimesRow, Round},
    survival::{Curve, Observed},
};
use studium_kit::DAY_MS;
use studium_proto::mentorship::v1::GetWaitingTimeResponse;

/// How long learners wait, as it was at a date, for requests of so many days before it.
pub fn waiting_time(mentorships: &[MentorshipTimesRow], days: u32, as_of_ms: i64) -> GetWaitingTimeResponse {
    let rounds: Vec<_> = mentorships.iter().flat_map(|it| it.rounds(as_of_ms)).collect();
    let since = as_of_ms - i64::from(days) * DAY_MS;
    let asked: Vec<_> = rounds.iter().filter(|it| it.asked_ms > since).collect();
    let curve = Curve::of(asked.iter().map(|it| waited(it, as_of_ms)).collect());
    let waits = |it: &&Round| it.mentored_ms.is_none() && it.ended_ms.is_none();
    let (requests, assigned) = (asked.len() as u64, asked.iter().filter(|it| it.mentored_ms.is_some()).count() as u64);
    let waiting = asked.iter().copied().filter(waits).count() as u64;
    let now: Vec<_> = rounds.iter().filter(waits).map(|it| it.awake_ms(it.asked_ms, as_of_ms)).collect();
    GetWaitingTimeResponse {
        requests,
        assigned,
        waiting,
        given_up: requests - assigned - waiting,
        median_ms: curve.ended_by(0.5),
        p90_ms: curve.ended_by(0.9),
        waiting_now: now.len() as u64,
        oldest_waiting_ms: now.into_iter().max().unwrap_or_default(),
        days,
        as_of_ms,
    }
}

/// How long a learner waited; time of rest is no waiting.
fn waited(round: &Round, as_of_ms: i64) -> Observed {
    let until = round.mentored_ms.or(round.ended_ms).unwrap_or(as_of_ms);
    Observed { lasted_ms: round.awake_ms(round.asked_ms, until), ended: round.mentored_ms.is_some() }
}

#[cfg(test)]
mod tests {
    use super::waiting_time;
    use crate::mentorship_times::{MentorshipTimesRow, Turn};
    use studium_kit::{DAY_MS, Json};

    fn row(turns: &[(i64, Turn)]) -> MentorshipTimesRow {
        let turns = turns.iter().map(|(day, turn)| (day * DAY_MS, *turn)).collect();
        MentorshipTimesRow { turns: Json(turns), ..MentorshipTimesRow::default() }
    }

    fn served(asked: i64, days: i64) -> MentorshipTimesRow {
        row(&[(asked, Turn::Asked(1)), (asked + days, Turn::Mentored)])
    }

    #[test]
    fn who_still_waits_makes_the_median_longer() {
        let served: Vec<_> = (1..=4).map(|days| served(100, days)).collect();
        let told = waiting_time(&served, 90, 130 * DAY_MS);
        assert_eq!((told.median_ms, told.p90_ms), (Some(2 * DAY_MS), Some(4 * DAY_MS)));
        let waiting = (0..4).map(|_| row(&[(100, Turn::Asked(1))]));
        let all: Vec<_> = served.into_iter().chain(waiting).collect();
        let told = waiting_time(&all, 90, 130 * DAY_MS);
        // Of eight, half have a mentor after four days; the others have waited for thirty, and nobody knows how long yet.
        assert_eq!((told.median_ms, told.p90_ms), (Some(4 * DAY_MS), None));
        assert_eq!((told.requests, told.assigned, told.waiting, told.given_up), (8, 4, 4, 0));
        assert_eq!((told.waiting_now, told.oldest_waiting_ms), (4, 30 * DAY_MS));
        let then = waiting_time(&all, 90, 102 * DAY_MS);
        assert_eq!((then.assigned, then.waiting, then.median_ms), (2, 6, None), "as it was two days after");
    }

    #[test]
    fn rest_is_no_waiting_and_who_left_is_not_waited_for() {
        let rested = row(&[(100, Turn::Asked(1)), (101, Turn::Rests), (111, Turn::Back), (113, Turn::Mentored)]);
        let told = waiting_time(&[rested], 90, 130 * DAY_MS);
        assert_eq!(told.median_ms, Some(3 * DAY_MS));
        let left = row(&[(100, Turn::Asked(1)), (105, Turn::Ended)]);
        let told = waiting_time(&[served(100, 1), left], 90, 130 * DAY_MS);
        assert_eq!((told.given_up, told.waiting_now, told.median_ms), (1, 0, Some(DAY_MS)));
    }

    #[test]
    fn only_requests_of_the_window_count_but_everybody_who_waits_is_told() {
        let old = row(&[(10, Turn::Asked(1))]);
        let told = waiting_time(&[old, served(100, 1), served(20, 70)], 90, 130 * DAY_MS);
        assert_eq!((told.requests, told.assigned, told.waiting), (1, 1, 0));
        assert_eq!((told.waiting_now, told.oldest_waiting_ms), (1, 120 * DAY_MS));
        let told = waiting_time(&[served(100, 1)], 30, 130 * DAY_MS);
        assert_eq!(told.requests, 0, "thirty days before the date it is over");
    }
}
