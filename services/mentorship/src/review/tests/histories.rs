//! What never changes about a review, whatever happens to it in which order.

use super::*;
use proptest::{collection::vec, prelude::Strategy, proptest};

const MINUTE: i64 = 60_000;
const REVIEWERS: [&str; 3] = ["mia", "ben", "kim"];

pub fn any_command() -> impl Strategy<Value = Asked<Command>> {
    (0..20, 0..3_usize, 1..6_u32, 1..4_u32, 0..120_i64).prop_map(|(sort, who, slot, round, minutes)| {
        let (now, reviewer) = (minutes * MINUTE, REVIEWERS[who]);
        let reviewer_id = reviewer.to_owned();
        match sort {
            0..=2 => submit("one", MentorshipState::Active),
            3..=7 => lock(reviewer, slot, now),
            8 => at(now, Command::Extend { reviewer_id, slot, until_ms: now + LOCK }),
            9 => at(now, Command::EndLock { reviewer_id, end: ReviewLockEnd::Released }),
            10 => at(now, Command::EndLock { reviewer_id, end: ReviewLockEnd::Blocked }),
            11 => at(now, Command::Expire { until_ms: now }),
            12..=14 => gives_back(reviewer, round, ReviewVerdict::RequiresChanges, now),
            15 => gives_back(reviewer, round, ReviewVerdict::MeetsSpecifications, now),
            16 | 17 => resubmit(round, "two"),
            18 => withdraw(ReviewWithdrawalCause::MentorshipEnded),
            _ if slot == 1 => withdraw(ReviewWithdrawalCause::Learner),
            _ => resubmit(2, "three"),
        }
    })
}

/// How many verdicts of a round count.
pub fn counting(it: &Review, round: u32) -> usize {
    it.returned.iter().filter(|(key, said)| key.0 == round && said.0 == ReviewStanding::Counts).count()
}

proptest! {
    #![proptest_config(laws::config())]

    /// At any time there is at most one lock; each that is given ends or is held; and no feedback disappears.
    #[test]
    fn one_lock_and_no_lost_word(history in vec(any_command(), 1..80)) {
        let mut review = Review::default();
        // The lock that there is by the events alone: whose, which slot, until when.
        let mut held: Option<(String, u32, i64)> = None;
        let mut words = 0;
        for command in history {
            let events = review.decide(&command).unwrap_or_default();
            for event in &events {
                match event {
                    Event::ReviewLocked(it) => {
                        assert!(held.is_none(), "{it:?} while there is {held:?}");
                        held = Some((it.reviewer_id.clone(), it.slot, it.until_ms));
                    }
                    Event::ReviewLockExtended(it) => held.as_mut().unwrap().2 = it.until_ms,
                    Event::ReviewLockEnded(it) => {
                        let (who, slot, until_ms) = held.take().unwrap();
                        assert_eq!((who.as_str(), slot), (it.reviewer_id.as_str(), it.slot));
                        // A lock ends against its holder only when its time is over; he may take it anew.
                        let anew = matches!(&command.command, Command::Lock { reviewer_id, .. } if *reviewer_id == who);
                        let gone = it.end() == ReviewLockEnd::Expired && !anew;
                        assert!(!gone || until_ms <= command.by.at_ms, "{it:?} by {command:?}");
                    }
                    Event::ReviewReturned(_) => words += 1,
                    _ => {}
                }
                review.evolve(event);
            }
            // Whoever had a round can return it, whatever happened since, and it is kept.
            if let Command::Return { returned, .. } = &command.command
                && review.worked.contains(&(returned.round, returned.reviewer_id.clone()))
            {
                assert!(review.standing(returned.round, &returned.reviewer_id).is_some());
            }
            assert_eq!(review.returned.len(), words);
        }
    }
}
