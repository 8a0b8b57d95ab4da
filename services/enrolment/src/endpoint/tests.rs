//! The rules of webhooks as sentences, and their laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Just, Strategy, prop_oneof};
use studium_testkit::{given, laws};

const NOW: i64 = 1_800_000_000_000;
const URL: &str = "https://sis.example.edu/studium";

fn add(url: &str, after_position: u64) -> Command {
    Command::Add { url: url.into(), types: Vec::new(), after_position, feed_end: 10 }
}

fn added(round: u32) -> Event {
    Event::WebhookAdded(WebhookAdded { url: URL.into(), round, ..WebhookAdded::default() })
}

fn gone(number: u32) -> Command {
    Command::GiveUp { number, cause: WebhookCause::Gone, detail: "410 Gone".into() }
}

fn rotated(round: u32, overlap_until_ms: i64) -> Event {
    Event::WebhookSecretRotated(WebhookSecretRotated { round, overlap_until_ms })
}

fn rotate(overlap_ms: i64) -> Command {
    Command::Rotate { now_ms: NOW, overlap_ms }
}

fn removed() -> Event {
    Event::WebhookRemoved(WebhookRemoved {})
}

fn enabled(number: u32) -> Event {
    Event::WebhookEnabled(WebhookEnabled { number })
}

#[test]
fn a_webhook_is_added_once() {
    given::<Endpoint>(&[]).when(add(URL, 0)).then(&[added(1)]);
    given::<Endpoint>(&[added(1)]).when(add("https://other.example", 0)).refused(Reason::WebhookExists);
    given::<Endpoint>(&[]).when(add(URL, 11)).refused(Reason::WebhookBeyondEnd);
    let last =
        Event::WebhookAdded(WebhookAdded { url: URL.into(), after_position: 10, round: 1, ..Default::default() });
    given::<Endpoint>(&[]).when(add(URL, 10)).then(&[last]);
}

#[test]
fn nothing_can_be_asked_of_a_webhook_that_is_not_there() {
    let change = Command::Change { url: Some(URL.into()), types: None };
    let replay = Command::Replay { from_position: 1, feed_end: 10 };
    let all = [change, Command::Disable, Command::Enable, rotate(0), replay];
    for command in all {
        given::<Endpoint>(&[]).when(command.clone()).refused(Reason::WebhookNotFound);
        given::<Endpoint>(&[added(1), removed()]).when(command).refused(Reason::WebhookNotFound);
    }
    given::<Endpoint>(&[]).when(Command::Remove).refused(Reason::WebhookNotFound);
    given::<Endpoint>(&[added(1)]).when(Command::Remove).then(&[removed()]);
    given::<Endpoint>(&[added(1), removed()]).when(gone(1)).nothing();
}

#[test]
fn no_secret_comes_back_with_a_webhook_that_is_added_again() {
    given::<Endpoint>(&[added(1), removed()]).when(add(URL, 0)).then(&[added(2)]);
    given::<Endpoint>(&[added(1), rotated(2, NOW), removed()]).when(add(URL, 0)).then(&[added(3)]);
}

#[test]
fn what_changes_is_the_address_or_the_types() {
    let types = vec!["org.studium.partner.enrolment.*".to_owned()];
    let change = |url: Option<&str>, types: Option<Vec<String>>| Command::Change { url: url.map(Into::into), types };
    let changed = |url: &str, types| Event::WebhookChanged(WebhookChanged { url: url.into(), types });
    given::<Endpoint>(&[added(1)]).when(change(None, Some(types.clone()))).then(&[changed(URL, types.clone())]);
    given::<Endpoint>(&[added(1), changed(URL, types.clone())])
        .when(change(Some("https://b.example"), None))
        .then(&[changed("https://b.example", types)]);
    given::<Endpoint>(&[added(1)]).when(change(None, None)).nothing();
}

#[test]
fn who_was_asked_to_rest_or_does_not_answer_sends_nothing_until_enabled() {
    let asked = disabled(WebhookCause::Asked, "");
    let dead = disabled(WebhookCause::Gone, "410 Gone");
    given::<Endpoint>(&[added(1)]).when(Command::Disable).then(std::slice::from_ref(&asked));
    given::<Endpoint>(&[added(1)]).when(gone(1)).then(std::slice::from_ref(&dead));
    given::<Endpoint>(&[added(1)]).when(Command::Enable).nothing();
    given::<Endpoint>(&[added(1), dead.clone()]).when(Command::Enable).then(&[enabled(2)]);
    given::<Endpoint>(&[added(1), asked]).when(gone(1)).nothing();
    // What failed before it was enabled again says nothing about it now.
    given::<Endpoint>(&[added(1), dead, enabled(2)]).when(gone(1)).nothing();
}

#[test]
fn secrets_overlap_for_a_while() {
    given::<Endpoint>(&[added(1)]).when(rotate(OVERLAP_MAX_MS)).then_once(&[rotated(2, NOW + OVERLAP_MAX_MS)]);
    given::<Endpoint>(&[added(1)]).when(rotate(OVERLAP_MAX_MS + 1)).refused(Reason::WebhookOverlapTooLong);
    let three = [added(1), rotated(2, NOW + 5), rotated(3, NOW + 5), rotated(4, NOW + 5)];
    given::<Endpoint>(&three).when(rotate(1)).refused(Reason::WebhookSecretsInUse);
    // None outlives the overlap that is asked for last: a leaked secret ends at once, and so do those before it.
    let state = given::<Endpoint>(&three).when(rotate(0)).then_once(&[rotated(5, NOW)]);
    assert!(state.older.iter().all(|(_, until_ms)| *until_ms <= NOW));
    let past = [added(1), rotated(2, NOW - 1), rotated(3, NOW - 1), rotated(4, NOW - 1)];
    given::<Endpoint>(&past).when(rotate(1)).then_once(&[rotated(5, NOW + 1)]);
}

#[test]
fn a_replay_begins_within_the_feed() {
    let replay = |from_position| Command::Replay { from_position, feed_end: 10 };
    let replayed = |number, from_position| Event::WebhookReplayed(WebhookReplayed { number, from_position });
    given::<Endpoint>(&[added(1)]).when(replay(3)).then_once(&[replayed(1, 3)]);
    given::<Endpoint>(&[added(1), replayed(1, 3)]).when(replay(11)).then_once(&[replayed(2, 11)]);
    given::<Endpoint>(&[added(1)]).when(replay(12)).refused(Reason::WebhookBeyondEnd);
}

#[test]
fn webhooks_keep_their_laws() {
    let any = prop_oneof![
        (0..12_u64).prop_map(|after| add(URL, after)),
        Just(add("https://other.example", 0)),
        Just(Command::Change { url: Some("https://other.example".into()), types: None }),
        Just(Command::Change { url: None, types: Some(vec!["a.*".into()]) }),
        Just(Command::Disable),
        Just(Command::Enable),
        (1..4_u32).prop_map(gone),
        (0..OVERLAP_MAX_MS + 2).prop_map(rotate),
        (0..13_u64).prop_map(|from_position| Command::Replay { from_position, feed_end: 10 }),
        Just(Command::Remove),
    ];
    let is_new = |it: &Command| matches!(it, Command::Rotate { .. } | Command::Replay { .. });
    let law = |it: &Endpoint| {
        if it.older.iter().any(|(round, _)| *round >= it.round) {
            return Err("an older secret is as new as the newest".to_owned());
        }
        if it.older.iter().filter(|(_, until_ms)| *until_ms > NOW).count() >= SECRETS_MAX {
            return Err("too many secrets are in use".to_owned());
        }
        if it.is_there && (it.url.is_empty() || it.enabled == 0) { Err("it sends nowhere".to_owned()) } else { Ok(()) }
    };
    laws::hold_except::<Endpoint>(any, law, is_new);
}
