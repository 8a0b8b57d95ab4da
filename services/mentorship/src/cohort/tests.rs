//! Who gets whom when a cohort is matched together.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use studium_proto::mentorship::v1::MentorState;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|it| (*it).to_owned()).collect()
}

fn wish(learner: &str, skills: &[&str]) -> Wish {
    Wish { learner_id: learner.into(), skills: set(skills), languages: vec!["en".into()], ..Wish::default() }
}

fn offer(mentor: &str, skills: &[&str], capacity: u32) -> Offer {
    Offer {
        mentor_id: mentor.into(),
        state: MentorState::Active,
        skills: set(skills),
        languages: vec!["en".into()],
        capacity,
        ..Offer::default()
    }
}

fn names(plan: &Plan) -> Vec<Option<&str>> {
    plan.chosen.iter().map(|it| it.as_ref().map(|it| it.0.mentor_id.as_str())).collect()
}

#[test]
fn together_they_do_better_than_one_after_the_other() {
    // Ada can do with either mentor, bob only with mia.
    let wishes = [wish("ada", &["rust", "sql"]), wish("bob", &["go"])];
    let offers = [offer("mia", &["rust", "sql", "go"], 1), offer("noa", &["rust"], 1)];
    let plan = plan(&wishes, &offers);
    assert_eq!(names(&plan), [Some("noa"), Some("mia")]);
    assert_eq!((plan.quality.assigned, plan.greedy.assigned), (2, 2));
    assert!(plan.quality.total > plan.greedy.total, "{plan:?}");
    let (chosen, named) = plan.chosen[0].as_ref().unwrap();
    assert_eq!((chosen.skills, named.len()), (500, 2));
}

#[test]
fn nobody_gets_himself_nor_whom_he_must_not_meet_nor_who_declined() {
    let alone = |wish: Wish| names(&plan(&[wish], &[offer("mia", &["rust"], 1)]))[0].map(str::to_owned);
    assert_eq!(alone(wish("ada", &["rust"])).as_deref(), Some("mia"));
    assert_eq!(alone(wish("mia", &["rust"])), None);
    assert_eq!(alone(Wish { blocked: set(&["mia"]), ..wish("ada", &["rust"]) }), None);
    assert_eq!(alone(Wish { tried: set(&["mia"]), ..wish("ada", &["rust"]) }), None);
}

#[test]
fn free_places_are_what_is_not_taken() {
    let wishes = [wish("ada", &[]), wish("bob", &[]), wish("cyd", &[])];
    let offers = [Offer { load: 3, ..offer("mia", &[], 4) }, Offer { load: 2, ..offer("noa", &[], 2) }];
    let plan = plan(&wishes, &offers);
    assert_eq!(plan.quality.assigned, 1);
    assert_eq!(names(&plan).iter().flatten().collect::<Vec<_>>(), [&"mia"]);
    assert!(super::plan(&[], &offers).chosen.is_empty());
}
