//! How well two people fit, part by part, and who is proposed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use std::collections::BTreeMap;

/// 15 January 2026 and 15 July 2026, noon in UTC.
const WINTER: i64 = 1_768_478_400_000;
const SUMMER: i64 = 1_784_116_800_000;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|it| (*it).to_owned()).collect()
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|it| (*it).to_owned()).collect()
}

fn wish() -> Wish {
    Wish {
        learner_id: "ada".into(),
        institution_id: "ou".into(),
        skills: set(&["rust", "sql"]),
        languages: list(&["pt-BR", "en"]),
        offset_minutes: Some(0),
        ..Wish::default()
    }
}

fn offer(id: &str) -> Offer {
    Offer {
        mentor_id: id.into(),
        state: MentorState::Active,
        skills: set(&["rust"]),
        languages: list(&["en"]),
        offset_minutes: Some(0),
        capacity: 10,
        load: 4,
        ..Offer::default()
    }
}

#[test]
fn a_score_is_the_weighted_sum_of_its_parts() {
    let it = judge(&wish(), &offer("mia")).unwrap();
    assert_eq!((it.skills, it.language, it.overlap, it.capacity, it.satisfaction), (500, 750, 1_000, 600, 750));
    assert_eq!(it.score, (500 * 350 + 750 * 250 + 1_000 * 200 + 600 * 100 + 750 * 100) / 1_000);
    let perfect = Offer {
        skills: set(&["rust", "sql", "go"]),
        languages: list(&["pt"]),
        load: 0,
        ratings: (1_000_000, 5_000_000),
        ..offer("mia")
    };
    assert_eq!(judge(&wish(), &perfect).unwrap().score, 999, "a million of five stars are not quite five");
}

#[test]
fn what_nobody_said_counts_half() {
    let silent = Wish { skills: set(&[]), languages: Vec::new(), offset_minutes: None, ..wish() };
    let it = judge(&silent, &offer("mia")).unwrap();
    assert_eq!((it.skills, it.language, it.overlap), (500, 500, 500));
}

#[test]
fn who_cannot_be_proposed_is_told_why() {
    let why = |wish: &Wish, offer: &Offer| judge(wish, offer).map_err(|it| it.1).err();
    assert_eq!(why(&wish(), &offer("ada")), Some(Exclusion::Himself));
    assert_eq!(why(&Wish { blocked: set(&["mia"]), ..wish() }, &offer("mia")), Some(Exclusion::Blocked));
    assert_eq!(why(&Wish { tried: set(&["mia"]), ..wish() }, &offer("mia")), Some(Exclusion::Tried));
    let elsewhere = Offer { institution_id: "mit".into(), ..offer("mia") };
    assert_eq!(why(&wish(), &elsewhere), Some(Exclusion::Institution));
    assert_eq!(why(&wish(), &Offer { institution_id: "ou".into(), ..offer("mia") }), None);
    assert_eq!(why(&wish(), &Offer { languages: list(&["ko"]), ..offer("mia") }), Some(Exclusion::Language));
    assert_eq!(why(&wish(), &Offer { load: 10, ..offer("mia") }), Some(Exclusion::Full));
    assert_eq!(why(&wish(), &Offer { state: MentorState::Paused, ..offer("mia") }), Some(Exclusion::Paused));
    for gone in [MentorState::Leaving, MentorState::Left] {
        assert_eq!(why(&wish(), &Offer { state: gone, ..offer("mia") }), Some(Exclusion::Leaving));
    }
}

#[test]
fn days_overlap_over_midnight_and_with_the_clocks() {
    // 14 hours of the learner's day and 12 of the mentor's.
    assert_eq!(overlap(0, 0), 1_000);
    assert_eq!(overlap(0, 120), 1_000 * 10 / 12, "a mentor two hours ahead begins two hours early");
    assert_eq!(overlap(0, -120), 1_000);
    assert_eq!(overlap(0, -180), 1_000 * 11 / 12);
    // Where the learner has evening, the mentor on the other side of the world has morning, and the other way round.
    assert_eq!(overlap(0, 12 * 60), 1_000 * 2 / 12);
    assert_eq!(overlap(-11 * 60, 14 * 60), overlap(0, 25 * 60));
    let new_york = offset_minutes("America/New_York", WINTER).unwrap();
    assert_eq!((new_york, offset_minutes("America/New_York", SUMMER).unwrap()), (-300, -240));
    assert_eq!(offset_minutes("Asia/Kathmandu", WINTER), Some(345));
    assert_eq!(offset_minutes("Mars/Olympus", WINTER), None);
    assert_eq!(offset_minutes("", WINTER), None);
}

#[test]
fn a_few_ratings_count_little() {
    assert_eq!(satisfaction((0, 0)), 750);
    assert_eq!(satisfaction((1, 1)), 625);
    assert_eq!(satisfaction((95, 95)), 37, "whom everybody finds problematic is nobody's choice");
    assert_eq!(satisfaction((100, 500)), 988);
}

#[test]
fn the_best_comes_first_and_equals_share_the_learners() {
    let mut offers = vec![Offer { skills: set(&["rust", "sql"]), ..offer("best") }, offer("worse")];
    let found = search(&wish(), &offers);
    assert_eq!(found.candidates.iter().map(|it| it.mentor_id.as_str()).collect::<Vec<_>>(), ["best", "worse"]);
    assert!((0..50).all(|n| found.chosen(&format!("p~{n}")).unwrap().mentor_id == "best"));

    offers.push(Offer { skills: set(&["rust", "sql"]), load: 5, ..offer("nearly") });
    let found = search(&wish(), &offers);
    let mut shares = BTreeMap::new();
    for n in 0..1_000 {
        *shares.entry(found.chosen(&format!("p~{n}")).unwrap().mentor_id.clone()).or_insert(0) += 1;
    }
    assert!(shares["best"] > 400 && shares["nearly"] > 400 && shares.len() == 2, "{shares:?}");
}

#[test]
fn a_proposal_names_the_best_few_and_the_chosen_one() {
    let offers: Vec<_> = (0..30).map(|n| offer(&format!("m{n:02}"))).collect();
    let found = search(&wish(), &offers);
    let chosen = found.candidates[25].clone();
    let named = found.named(&chosen);
    assert_eq!(named.len(), NAMED);
    assert!(named.contains(&chosen) && named.contains(&found.candidates[0]));
    assert!(Search::default().chosen("p~ada").is_none());
    let full: Vec<_> = offers.into_iter().map(|it| Offer { load: 10, ..it }).collect();
    assert_eq!(search(&wish(), &full).count(&[Exclusion::Full]), 30);
}

#[test]
fn who_was_silent_before_is_asked_again_only_when_nobody_else_is_left() {
    let offers = [Offer { skills: set(&["rust", "sql"]), ..offer("silent") }, offer("fresh")];
    let wish = Wish { again: set(&["silent"]), ..wish() };
    assert_eq!(search(&wish, &offers).chosen("p~ada").unwrap().mentor_id, "fresh");
    assert_eq!(search(&wish, &offers[..1]).chosen("p~ada").unwrap().mentor_id, "silent");
}
