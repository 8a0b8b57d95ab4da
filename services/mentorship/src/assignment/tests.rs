//! The batch matching against an independent solver, against its own proof at size, and on its odd inputs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use pathfinding::prelude::{Matrix, kuhn_munkres};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, proptest},
    prop_assert, prop_assert_eq, prop_oneof,
};
use studium_testkit::laws;

/// What one more learner is worth to the other solver: more than all scores of a small cohort.
const ONE_MORE: i64 = 1_000_000;

/// The best quality by the Hungarian method, with a column for each single place and one for each learner's nothing.
fn other_solver(learners: &[Wishes], places: &[u32]) -> Quality {
    if learners.is_empty() {
        return Quality { assigned: 0, total: 0 };
    }
    let seats: Vec<u32> = (0_u32..).zip(places).flat_map(|(mentor, places)| vec![mentor; *places as usize]).collect();
    let worth = |(learner, column): (usize, usize)| {
        let Some(seat) = seats.get(column) else { return 0 };
        let wished = learners[learner].iter().filter(|(mentor, _)| mentor == seat);
        wished.map(|(_, score)| ONE_MORE + i64::from((*score).min(BEST))).max().unwrap_or(-ONE_MORE)
    };
    let (worth, _) = kuhn_munkres(&Matrix::from_fn(learners.len(), seats.len() + learners.len(), worth));
    Quality { assigned: usize::try_from(worth / ONE_MORE).unwrap(), total: u64::try_from(worth % ONE_MORE).unwrap() }
}

/// Everybody with a mentor wished for this one, and no mentor has more learners than places.
fn is_allowed(learners: &[Wishes], places: &[u32], mentors: &[Option<u32>]) -> bool {
    let mut free = places.to_vec();
    let mut sits = |(wishes, mentor): (&Wishes, &Option<u32>)| {
        let Some(mentor) = *mentor else { return true };
        let wished = wishes.iter().any(|(wish, _)| *wish == mentor);
        let left = free.get_mut(mentor as usize).filter(|free| **free > 0);
        wished && left.map(|free| *free -= 1).is_some()
    };
    learners.len() == mentors.len() && learners.iter().zip(mentors).all(&mut sits)
}

/// No matching costs less than what all learners pay at these prices less what all places earn. So the one that costs
/// exactly this is best, whoever found it.
fn is_proven(learners: &[Wishes], places: &[u32], found: &Matching) -> bool {
    let penalty = i64::from(found.penalty);
    let lacking = |score: u32| i64::from(BEST - score.min(BEST));
    let pays = |wishes: &Wishes| {
        let at = |(mentor, score): &(u32, u32)| Some(lacking(*score) + i64::from(*found.prices.get(*mentor as usize)?));
        let least = wishes.iter().filter_map(at).min();
        least.map_or(penalty, |least| least.min(penalty))
    };
    let earns = |(places, price): (&u32, &i32)| i64::from(*places) * i64::from(*price);
    let bound = learners.iter().map(pays).sum::<i64>() - places.iter().zip(&found.prices).map(earns).sum::<i64>();
    let Quality { assigned, total } = quality(learners, &found.mentors);
    let [all, assigned, total] = [learners.len() as u64, assigned as u64, total].map(|n| i64::try_from(n).unwrap());
    let cost = (all - assigned) * penalty + assigned * i64::from(BEST) - total;
    // One learner more must be worth every exchange; then the least cost is the best quality.
    let longest = i64::try_from(learners.len().min(places.len())).unwrap() * i64::from(BEST);
    found.prices.iter().all(|price| *price >= 0) && cost == bound && penalty > longest
}

/// Few different scores make many ties; mentor 6 does not exist, and a score may be too high or come twice.
fn cohort() -> impl Strategy<Value = (Vec<Wishes>, Vec<u32>)> {
    let score = prop_oneof![Just(0), Just(1), Just(500), Just(1_000), Just(1_200), 0..=1_000_u32];
    (vec(vec((0..7_u32, score), 0..8), 0..12), vec(0..4_u32, 0..7))
}

/// A cohort from a number: `per` wishes of each learner, spread over the mentors by a fixed sequence.
fn seeded(mut seed: u64, learners: usize, per: usize, mentors: u32, same_taste: u32) -> Vec<Wishes> {
    let mut next = move |below: u32| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(seed >> 33).unwrap() % below
    };
    let mut wish = || {
        let mentor = next(mentors);
        (mentor, (mentor * 7_919 % 1_000 * same_taste + next(1_000)) / (same_taste + 1))
    };
    (0..learners).map(|_| (0..per).map(|_| wish()).collect()).collect()
}

proptest! {
    #![proptest_config(laws::config_with(2_000))]

    /// As good as the other solver says, proven by its own prices, and never worse than one learner after another.
    #[test]
    fn it_is_the_best((learners, places) in cohort()) {
        let found = priced(&learners, &places);
        let best = quality(&learners, &found.mentors);
        prop_assert!(is_allowed(&learners, &places, &found.mentors));
        prop_assert_eq!(best, other_solver(&learners, &places));
        prop_assert!(is_proven(&learners, &places, &found));
        let one_by_one = greedy(&learners, &places);
        prop_assert!(is_allowed(&learners, &places, &one_by_one));
        prop_assert!(best >= quality(&learners, &one_by_one));
    }

    /// The order of the learners changes who gets whom among equals, never how good it is; that of a list nothing.
    #[test]
    fn order_does_not_decide((learners, places) in cohort(), turn in 0..12_usize) {
        let found = optimal(&learners, &places);
        let mut turned = learners.clone();
        turned.rotate_left(turn.min(learners.len()));
        prop_assert_eq!(quality(&turned, &optimal(&turned, &places)), quality(&learners, &found));
        let mirrored: Vec<Wishes> = learners.iter().map(|wishes| wishes.iter().rev().copied().collect()).collect();
        prop_assert_eq!(optimal(&mirrored, &places), found);
        prop_assert_eq!(greedy(&mirrored, &places), greedy(&learners, &places));
    }
}

#[test]
fn at_size_it_is_proven_and_the_same_again() {
    for (seed, per, places, same_taste) in [(1, 60, 16, 0), (2, 60, 15, 3), (3, 5, 15, 9), (4, 60, 12, 3)] {
        let (learners, places) = (seeded(seed, 1_500, per, 100, same_taste), vec![places; 100]);
        let found = priced(&learners, &places);
        assert!(is_allowed(&learners, &places, &found.mentors), "seed {seed}");
        assert!(is_proven(&learners, &places, &found), "seed {seed}");
        assert!(quality(&learners, &found.mentors) >= quality(&learners, &greedy(&learners, &places)), "seed {seed}");
        assert_eq!(priced(&learners, &places), found, "seed {seed}");
    }
}

#[test]
fn the_first_comer_does_not_take_the_only_mentor_of_the_second() {
    let learners = [vec![(0, 900), (1, 800)], vec![(0, 1_000)]];
    assert_eq!(greedy(&learners, &[1, 1]), [Some(0), None]);
    assert_eq!(optimal(&learners, &[1, 1]), [Some(1), Some(0)]);
}

#[test]
fn one_more_learner_is_worth_every_score() {
    // All but the last have their best mentor next door; the last has only the last mentor, so all move back to zero.
    let mut learners: Vec<Wishes> = (0..50).map(|n| vec![(n, 0), (n + 1, 1_000)]).collect();
    learners.push(vec![(50, 0)]);
    assert_eq!(quality(&learners, &optimal(&learners, &[1; 51])), Quality { assigned: 51, total: 0 });
}

#[test]
fn too_few_places_go_to_the_best_pairs() {
    let learners: Vec<Wishes> = (0..6).map(|n| vec![(0, n * 100), (1, n * 100)]).collect();
    let found = optimal(&learners, &[1, 2]);
    assert_eq!(quality(&learners, &found), Quality { assigned: 3, total: 300 + 400 + 500 });
    assert_eq!(found[..3], [None; 3]);
}

#[test]
fn nobody_to_assign_or_to_assign_to() {
    assert!(optimal(&[], &[3]).is_empty() && greedy(&[], &[3]).is_empty());
    for places in [&[] as &[u32], &[0, 0]] {
        let learners = [vec![(0, 700), (1, 1_000)], vec![], vec![(u32::MAX, 1_000)]];
        assert_eq!(optimal(&learners, places), [None; 3]);
        assert_eq!(greedy(&learners, places), [None; 3]);
    }
    assert_eq!(optimal(&[vec![], vec![(0, 0)]], &[u32::MAX]), [None, Some(0)]);
}

#[test]
fn a_better_score_never_outweighs_a_learner() {
    let [none, one, two] = [(0, 0), (1, 1_000), (2, 1)].map(|(assigned, total)| Quality { assigned, total });
    assert!(none < one && one < two);
    // A mentor nobody admitted counts for nothing, and of a pair listed twice the higher score counts.
    assert_eq!(quality(&[vec![(0, 5)], vec![(1, 3), (1, 9)]], &[Some(1), Some(1)]), Quality { assigned: 1, total: 9 });
}
