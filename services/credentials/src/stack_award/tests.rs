//! The rules of a stack award as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod histories;

use super::*;
use crate::stacking::Standing;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use studium_testkit::{given, laws};

fn ask(command: Command) -> Asked<Command> {
    By::platform(1).asks(command)
}

fn part(name: &str) -> Component {
    Component {
        entry_id: name.into(),
        achievement_id: format!("course~{name}~1"),
        institution_id: "ou".into(),
        standing: Standing::Active,
        credits_milli: 5_000,
        ..Component::default()
    }
}

fn application(names: &[&str]) -> Application {
    Application {
        learner_id: "ada".into(),
        stack: StackDefined {
            institution_id: "ou".into(),
            target_milli: 8_000,
            scheme: AwardScheme::Ects as i32,
            ..StackDefined::default()
        },
        state: StackState::Approved,
        components: names.iter().map(|it| part(it)).collect(),
    }
}

fn request(names: &[&str]) -> Command {
    Command::Request(Box::new(application(names)))
}

fn requested(round: u32, names: &[&str]) -> Event {
    Event::StackAwardRequested(StackAwardRequested {
        round,
        learner_id: "ada".into(),
        institution_id: "ou".into(),
        scheme: AwardScheme::Ects as i32,
        target_milli: 8_000,
        components: names.iter().map(|it| (*it).to_owned()).collect(),
    })
}

fn awarded(round: u32, names: &[&str]) -> Event {
    Event::StackAwarded(StackAwarded {
        round,
        learner_id: "ada".into(),
        components: names.iter().map(|it| (*it).to_owned()).collect(),
        credits_milli: 10_000,
    })
}

fn award(round: u32) -> Command {
    Command::Award { round, credits_milli: 10_000 }
}

fn refuse(round: u32) -> Command {
    Command::Refuse { round, reasons: vec!["STACK_ALREADY_USED".into()], details: vec!["gone".into()] }
}

fn refused(round: u32) -> Event {
    let (reasons, details) = (vec!["STACK_ALREADY_USED".into()], vec!["gone".into()]);
    Event::StackAwardRefused(StackAwardRefused { round, reasons, details })
}

fn lose(round: u32, name: &str) -> Command {
    Command::Lose { round, entry_id: name.into(), cause: "REVOKED".into() }
}

fn lost(round: u32, name: &str) -> Event {
    Event::StackComponentLost(StackComponentLost { round, entry_id: name.into(), cause: "REVOKED".into() })
}

fn release() -> Command {
    Command::Release { reason: "another way".into(), asked_by_learner: true }
}

fn released(round: u32, was_awarded: bool) -> Event {
    Event::StackAwardReleased(StackAwardReleased {
        round,
        learner_id: "ada".into(),
        scheme: AwardScheme::Ects as i32,
        was_awarded,
        reason: "another way".into(),
        asked_by_learner: true,
    })
}

#[test]
fn who_has_all_that_it_takes_applies_and_the_account_decides() {
    given::<StackAward>(&[]).when(ask(request(&["a", "b"]))).then(&[requested(1, &["a", "b"])]);
    let past = [requested(1, &["a", "b"])];
    given::<StackAward>(&past).when(ask(request(&["b", "a"]))).nothing();
    given::<StackAward>(&past).when(ask(request(&["a", "c"]))).refused(Reason::StackAwardOpen);
    given::<StackAward>(&past).when(ask(award(1))).then(&[awarded(1, &["a", "b"])]);
    given::<StackAward>(&past).when(ask(refuse(1))).then(&[refused(1)]);
    given::<StackAward>(&past).when(ask(award(2))).nothing();
    let past = [requested(1, &["a", "b"]), refused(1)];
    given::<StackAward>(&past).when(ask(award(1))).nothing();
    given::<StackAward>(&past).when(ask(request(&["a", "c"]))).then(&[requested(2, &["a", "c"])]);
}

#[test]
fn who_has_not_is_refused_with_all_reasons() {
    let mut it = application(&["a"]);
    it.components[0].standing = Standing::Suspended;
    let no = given::<StackAward>(&[]).when(ask(Command::Request(Box::new(it))));
    let no = no.refused(Reason::StackComponentSuspended);
    assert!(no.detail.contains("STACK_CREDITS_SHORT: 5 of 8"), "{}", no.detail);
    for (state, reason) in [(StackState::Draft, Reason::StackNotApproved), (StackState::Retired, Reason::StackRetired)]
    {
        let closed = Application { state, ..application(&["a", "b"]) };
        given::<StackAward>(&[]).when(ask(Command::Request(Box::new(closed)))).refused(reason);
    }
}

#[test]
fn what_is_lost_is_told_once_and_staff_decides() {
    let past = [requested(1, &["a", "b"]), awarded(1, &["a", "b"])];
    given::<StackAward>(&past).when(ask(lose(1, "a"))).then(&[lost(1, "a")]);
    given::<StackAward>(&past).when(ask(lose(1, "c"))).nothing();
    given::<StackAward>(&past).when(ask(lose(2, "a"))).nothing();
    given::<StackAward>(&past[..1]).when(ask(lose(1, "a"))).nothing();
    let keep = |reason: &str| ask(Command::Keep { reason: reason.into() });
    given::<StackAward>(&past).when(keep("")).nothing();
    given::<StackAward>(&past[..1]).when(keep("so")).refused(Reason::StackAwardNotFlagged);
    let past = [requested(1, &["a", "b"]), awarded(1, &["a", "b"]), lost(1, "a")];
    given::<StackAward>(&past).when(keep(" ")).refused(Reason::Required);
    let kept = Event::StackAwardKept(StackAwardKept { round: 1, reason: "still enough".into() });
    given::<StackAward>(&past).when(keep("still enough")).then(&[kept]);
}

#[test]
fn it_is_withdrawn_before_or_after() {
    let past = [requested(1, &["a", "b"]), awarded(1, &["a", "b"])];
    given::<StackAward>(&past[..1]).when(ask(release())).then(&[released(1, false)]);
    given::<StackAward>(&past).when(ask(release())).then(&[released(1, true)]);
    let silent = Command::Release { reason: String::new(), asked_by_learner: false };
    given::<StackAward>(&past).when(ask(silent)).refused(Reason::Required);
    given::<StackAward>(&[]).when(ask(release())).refused(Reason::StackAwardNotFound);
    let past = [requested(1, &["a", "b"]), released(1, false)];
    given::<StackAward>(&past).when(ask(award(1))).nothing();
    given::<StackAward>(&past).when(ask(request(&["a", "b"]))).then(&[requested(2, &["a", "b"])]);
}

#[test]
fn only_its_institution_and_the_learner_touch_it() {
    let mit = |command| By { at_ms: 1, institution: Some("mit".into()) }.asks(command);
    given::<StackAward>(&[]).when(mit(request(&["a", "b"]))).refused(Reason::NotYourInstitution);
    let past = [requested(1, &["a", "b"]), awarded(1, &["a", "b"])];
    for command in [release(), Command::Keep { reason: "so".into() }] {
        given::<StackAward>(&past).when(mit(command)).refused(Reason::NotYourInstitution);
    }
    assert_eq!(achievement_of(&id("s", 2, "ada")), Some(("stack~s~2".to_owned(), "ada")));
}

#[test]
fn only_what_is_awarded_can_lose_something() {
    let names = || (0..3_usize).prop_map(|it| ["a", "b", "c"][it]);
    let any_command = prop_oneof![
        3 => Just(request(&["a", "b"])),
        2 => Just(request(&["b", "c"])),
        3 => (1..5_u32).prop_map(award),
        2 => (1..5_u32).prop_map(refuse),
        4 => (1..5_u32, names()).prop_map(|(round, it)| lose(round, it)),
        1 => Just(Command::Keep { reason: "so".into() }),
        2 => any::<bool>().prop_map(|asked_by_learner| Command::Release { reason: "so".into(), asked_by_learner }),
    ];
    laws::hold::<StackAward>(any_command.prop_map(ask), |it| {
        let is_flagged = !it.lost.is_empty();
        if is_flagged && it.state != StackAwardState::Awarded {
            return Err(format!("{:?} lost {:?}", it.state, it.lost));
        }
        Ok(())
    });
}
