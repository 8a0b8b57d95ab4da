//! The rules of a stack one by one, all together in their order, and the choice.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

const NOW: i64 = 1_000 * DAY_MS;

fn stack() -> StackDefined {
    StackDefined {
        institution_id: "ou".into(),
        target_milli: 10_000,
        eqf_level: 6,
        age_days_max: 100,
        partner_institutions: vec!["ku".into()],
        ..StackDefined::default()
    }
}

fn part(course: &str, credits_milli: u32) -> Component {
    Component {
        entry_id: format!("course~{course}~1~ada~1"),
        achievement_id: format!("course~{course}~1"),
        institution_id: "ou".into(),
        standing: Standing::Active,
        group: format!("course~{course}"),
        eqf_level: 6,
        credits_milli,
        finished_ms: NOW - DAY_MS,
        ..Component::default()
    }
}

fn reasons(stack: &StackDefined, components: &[Component]) -> Vec<Reason> {
    problems(stack, components, NOW).into_iter().map(|it| it.0).collect()
}

#[test]
fn what_adds_up_is_awarded() {
    assert_eq!(reasons(&stack(), &[part("a", 5_000), part("b", 5_000)]), []);
    assert_eq!(reasons(&stack(), &[part("a", 5_000), part("b", 4_999)]), [Reason::StackCreditsShort]);
}

#[test]
fn three_of_four_credits_are_at_the_level_of_the_award() {
    let low = |milli| Component { eqf_level: 5, ..part("low", milli) };
    assert_eq!(reasons(&stack(), &[part("a", 9_000), low(3_000)]), []);
    assert_eq!(reasons(&stack(), &[part("a", 9_000), low(3_001)]), [Reason::StackLevelShare]);
    let half = StackDefined { level_share_percent: 50, ..stack() };
    assert_eq!(reasons(&half, &[part("a", 9_000), low(9_000)]), []);
    assert_eq!(reasons(&half, &[part("a", 9_000), low(9_001)]), [Reason::StackLevelShare]);
    let higher = Component { eqf_level: 7, ..part("high", 10_000) };
    assert_eq!(reasons(&stack(), &[higher]), []);
}

#[test]
fn what_is_required_is_there_and_in_its_order_if_the_stack_is_rigid() {
    let late = Component { finished_ms: NOW, ..part("a", 5_000) };
    let names = |of: &[&str]| of.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let free = StackDefined { required_achievements: names(&["course~a", "course~b~1"]), ..stack() };
    let both = [late, part("b", 5_000)];
    assert_eq!(reasons(&free, &both), []);
    let rigid = StackDefined { is_rigid: true, ..free.clone() };
    assert_eq!(reasons(&rigid, &both), [Reason::StackOrder]);
    assert_eq!(reasons(&rigid, &[part("a", 5_000), part("b", 5_000)]), []);
    let next = StackDefined { required_achievements: names(&["course~a", "course~b~2", "course~c"]), ..free };
    let told = problems(&next, &both, NOW);
    assert_eq!(told, [(Reason::StackRequiredMissing, "`course~b~2`, `course~c`".to_owned())]);
}

#[test]
fn credentials_of_others_count_by_agreement_and_by_name() {
    let of = |institution: &str| Component { institution_id: institution.into(), ..part("a", 10_000) };
    assert_eq!(reasons(&stack(), &[of("ku")]), []);
    assert_eq!(reasons(&stack(), &[of("mit")]), [Reason::StackNoAgreement]);
    let only = StackDefined { accepted_achievements: vec!["course~b".into()], ..stack() };
    assert_eq!(reasons(&only, &[part("a", 10_000)]), [Reason::StackNoAgreement]);
    assert_eq!(reasons(&only, &[part("b", 10_000)]), []);
}

#[test]
fn every_reason_is_told_in_the_order_of_the_rules() {
    let with = |change: &dyn Fn(&mut Component)| {
        let mut it = part("x", 1_000);
        it.group = String::new();
        change(&mut it);
        it
    };
    let all = [
        with(&|it| it.standing = Standing::Unknown),
        with(&|it| it.valid_until_ms = NOW),
        with(&|it| it.standing = Standing::Suspended),
        with(&|it| it.standing = Standing::Revoked),
        with(&|it| it.group = "g".into()),
        with(&|it| it.group = "g".into()),
        with(&|it| it.group = "g".into()),
        with(&|it| it.used_by = "s~1~ada".into()),
        with(&|it| it.credits_milli = 0),
        with(&|it| (it.eqf_level, it.credits_milli) = (1, 2_500)),
        with(&|it| it.finished_ms = NOW - 100 * DAY_MS - 1),
        with(&|it| it.institution_id = "mit".into()),
    ];
    let wanted = StackDefined { target_milli: 90_000, required_achievements: vec!["course~c".into()], ..stack() };
    let expected = [
        Reason::StackComponentUnknown,
        Reason::StackComponentExpired,
        Reason::StackComponentSuspended,
        Reason::StackComponentRevoked,
        Reason::StackOverlap,
        Reason::StackAlreadyUsed,
        Reason::StackComponentWithoutCredits,
        Reason::StackCreditsShort,
        Reason::StackRequiredMissing,
        Reason::StackTooOld,
        Reason::StackNoAgreement,
    ];
    let told = reasons(&wanted, &all);
    let without_share: Vec<_> = told.iter().copied().filter(|it| *it != Reason::StackLevelShare).collect();
    assert_eq!(without_share, expected);
    let place = |reason| told.iter().position(|it| *it == reason);
    let low = reasons(&wanted, &[with(&|it| it.eqf_level = 1)]);
    assert_eq!(low[..3], [Reason::StackCreditsShort, Reason::StackLevelShare, Reason::StackRequiredMissing]);
    assert!(place(Reason::StackTooOld) < place(Reason::StackNoAgreement));
}

#[test]
fn of_all_that_fit_the_oldest_are_used_until_it_is_enough() {
    let at = |course, day: i64| Component { finished_ms: NOW - day * DAY_MS, ..part(course, 4_000) };
    let low = Component { eqf_level: 4, ..at("low", 50) };
    let used = Component { used_by: "s~1~ada".into(), ..at("used", 60) };
    let twin = Component { group: "course~b".into(), entry_id: "course~twin~1~ada~1".into(), ..at("twin", 2) };
    let need = StackDefined { required_achievements: vec!["course~r".into()], ..stack() };
    let all = vec![at("a", 3), low.clone(), at("b", 9), twin, used, at("r", 1), at("old", 101)];
    let names = |of: Vec<Component>| of.into_iter().map(|it| it.achievement_id).collect::<Vec<_>>();
    let chosen = names(choose(&need, all.clone(), NOW));
    assert_eq!(chosen, ["course~r~1", "course~b~1", "course~a~1"]);
    let turned = all.into_iter().rev().collect();
    assert_eq!(names(choose(&need, turned, NOW)), chosen, "whatever the order in which they are found");
    assert_eq!(names(choose(&need, vec![low, at("r", 1)], NOW)), ["course~r~1", "course~low~1"]);
}
