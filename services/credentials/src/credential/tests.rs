//! The rules of a credential as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::award::Completed;
use proptest::prelude::{Just, Strategy, prop_oneof};
use studium_kit::By;
use studium_proto::credentials::v1::AchievementState;
use studium_testkit::{given, laws};

const WHY: StatusReason = StatusReason::AcademicMisconduct;

fn ask(command: Command) -> Asked<Command> {
    By::platform(1).asks(command)
}

fn award() -> Box<CredentialIssued> {
    Box::new(CredentialIssued {
        learner_id: "ada".into(),
        achievement_id: "course~AAA~1".into(),
        attempt: 1,
        institution_id: "ou".into(),
        ..CredentialIssued::default()
    })
}

fn good() -> Facts {
    Facts {
        achievement: AchievementState::Approved,
        completed: Some(Completed::default()),
        is_authorised: true,
        has_key: true,
        ..Facts::default()
    }
}

fn bad() -> Facts {
    Facts { has_key: false, completed: None, ..good() }
}

fn issued() -> Event {
    Event::CredentialIssued(*award())
}

fn seal() -> CredentialSigned {
    CredentialSigned { list: 1, index: 7, json_sha256: "aa".into(), jwt_sha256: "bb".into() }
}

fn signed() -> Event {
    Event::CredentialSigned(seal())
}

fn suspend() -> Command {
    Command::Suspend { reason: WHY, note: String::new() }
}

fn reinstate() -> Command {
    Command::Reinstate { reason: StatusReason::Cleared, note: String::new() }
}

fn revoke() -> Command {
    Command::Revoke { reason: WHY, note: String::new() }
}

fn supersede() -> Command {
    Command::Supersede { superseded_by: "d".into() }
}

fn suspended() -> Event {
    Event::CredentialSuspended(CredentialSuspended { reason: WHY as i32, note: String::new() })
}

fn revoked() -> Event {
    Event::CredentialRevoked(CredentialRevoked { reason: WHY as i32, note: String::new() })
}

fn superseded() -> Event {
    Event::CredentialSuperseded(CredentialSuperseded { superseded_by: "d".into() })
}

#[test]
fn it_is_issued_once_or_refused_with_all_reasons() {
    given::<Credential>(&[]).when(ask(Command::Issue(award(), good()))).then(&[issued()]);
    let no = given::<Credential>(&[]).when(ask(Command::Issue(award(), bad()))).refused(Reason::NotCompleted);
    assert!(no.detail.contains("NOT_COMPLETED: ") && no.detail.contains("ISSUER_KEY_UNAVAILABLE: "), "{}", no.detail);
    for past in [vec![issued()], vec![issued(), signed()], vec![issued(), signed(), suspended()]] {
        given::<Credential>(&past).when(ask(Command::Issue(award(), good()))).nothing();
    }
    let past = [issued(), signed(), revoked()];
    given::<Credential>(&past).when(ask(Command::Issue(award(), good()))).refused(Reason::CredentialRevoked);
    let past = [issued(), signed(), superseded()];
    given::<Credential>(&past).when(ask(Command::Issue(award(), good()))).refused(Reason::CredentialSuperseded);
}

#[test]
fn a_new_award_takes_no_place_that_is_taken() {
    let anew = |supersedes: &str, mark| {
        let supersedes = supersedes.to_owned();
        Box::new(CredentialIssued { attempt: 2, supersedes, grade_millipoints: mark, ..*award() })
    };
    let ask_for = |it| ask(Command::Issue(it, good()));
    let (first, other) = ("course~AAA~1~ada~1", "course~BBB~1~ada~1");
    let past = [Event::CredentialIssued(*anew(first, Some(70_000))), signed()];
    given::<Credential>(&past).when(ask_for(anew(first, Some(70_000)))).nothing();
    given::<Credential>(&past).when(ask_for(anew(first, Some(71_000)))).refused(Reason::DuplicateAward);
    given::<Credential>(&past).when(ask_for(anew(first, None))).refused(Reason::DuplicateAward);
    given::<Credential>(&past).when(ask_for(anew(other, Some(70_000)))).refused(Reason::DuplicateAward);
    // Who takes nobody's place is told that it is there.
    given::<Credential>(&past).when(ask_for(anew("", None))).nothing();
    let past = [Event::CredentialIssued(*anew("", Some(70_000)))];
    given::<Credential>(&past).when(ask_for(anew(first, Some(70_000)))).refused(Reason::DuplicateAward);
}

#[test]
fn what_a_completion_does_not_earn_is_kept_with_its_reasons() {
    let withheld = Event::CredentialWithheld(CredentialWithheld {
        learner_id: "ada".into(),
        achievement_id: "course~AAA~1".into(),
        institution_id: "ou".into(),
        attempt: 1,
        reasons: vec!["NOT_COMPLETED".into(), "ISSUER_KEY_UNAVAILABLE".into()],
        details: award::problems(&bad()).into_iter().map(|it| it.1).collect(),
    });
    let ask_for = |facts| ask(Command::IssueOrWithhold(award(), facts));
    given::<Credential>(&[]).when(ask_for(bad())).then(std::slice::from_ref(&withheld));
    given::<Credential>(std::slice::from_ref(&withheld)).when(ask_for(good())).then(&[issued()]);
    given::<Credential>(std::slice::from_ref(&withheld)).when(ask(suspend())).refused(Reason::CredentialNotFound);
    given::<Credential>(&[issued(), signed(), revoked()]).when(ask_for(good())).nothing();
}

#[test]
fn it_is_signed_once() {
    given::<Credential>(&[issued()]).when(ask(Command::Sign(seal()))).then(&[signed()]);
    let other = CredentialSigned { index: 8, ..seal() };
    given::<Credential>(&[issued(), signed()]).when(ask(Command::Sign(other))).nothing();
    given::<Credential>(&[]).when(ask(Command::Sign(seal()))).refused(Reason::CredentialNotFound);
    given::<Credential>(&[issued()]).when(ask(revoke())).refused(Reason::CredentialNotSigned);
}

#[test]
fn its_status_changes_with_a_reason() {
    let past = [issued(), signed()];
    given::<Credential>(&past).when(ask(suspend())).then(&[suspended()]);
    given::<Credential>(&past).when(ask(revoke())).then(&[revoked()]);
    given::<Credential>(&past).when(ask(reinstate())).nothing();
    let past = [issued(), signed(), suspended()];
    let back = CredentialReinstated { reason: StatusReason::Cleared as i32, note: String::new() };
    given::<Credential>(&past).when(ask(reinstate())).then(&[Event::CredentialReinstated(back)]);
    given::<Credential>(&past).when(ask(revoke())).then(&[revoked()]);
    let (reason, note) = (StatusReason::Unspecified, String::new());
    for command in [
        Command::Suspend { reason, note: note.clone() },
        Command::Reinstate { reason, note: note.clone() },
        Command::Revoke { reason, note },
    ] {
        given::<Credential>(&past).when(ask(command)).refused(Reason::Required);
    }
}

#[test]
fn revoked_and_superseded_are_for_ever() {
    let past = [issued(), signed(), revoked()];
    given::<Credential>(&past).when(ask(suspend())).refused(Reason::CredentialRevoked);
    given::<Credential>(&past).when(ask(reinstate())).refused(Reason::CredentialRevoked);
    given::<Credential>(&past).when(ask(supersede())).nothing();
    given::<Credential>(&[issued(), signed()]).when(ask(supersede())).then(&[superseded()]);
    let past = [issued(), signed(), superseded()];
    for command in [suspend(), reinstate(), revoke()] {
        given::<Credential>(&past).when(ask(command)).refused(Reason::CredentialSuperseded);
    }
}

#[test]
fn only_the_issuer_and_the_platform_touch_it() {
    let mit = |command| By { at_ms: 1, institution: Some("mit".into()) }.asks(command);
    given::<Credential>(&[]).when(mit(Command::Issue(award(), good()))).refused(Reason::NotYourInstitution);
    for command in [suspend(), revoke(), supersede()] {
        given::<Credential>(&[issued(), signed()]).when(mit(command)).refused(Reason::NotYourInstitution);
    }
}

#[test]
fn nothing_is_signed_that_was_not_issued() {
    let any = prop_oneof![
        Just(Command::Issue(award(), good())),
        Just(Command::IssueOrWithhold(award(), bad())),
        Just(Command::Sign(seal())),
        Just(suspend()),
        Just(reinstate()),
        Just(revoke()),
        Just(supersede()),
    ];
    laws::hold::<Credential>(any.prop_map(ask), |it| {
        let is_real = !matches!(it.state, CredentialState::Unspecified | CredentialState::Withheld);
        if is_real == it.institution_id.is_empty() {
            return Err(format!("{:?} of `{}`", it.state, it.institution_id));
        }
        Ok(())
    });
}
