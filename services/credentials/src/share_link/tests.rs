//! The rules of links as sentences, and their laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Just, Strategy, prop_oneof};
use studium_testkit::{given, laws};

const NOW: i64 = 1_800_000_000_000;

fn link(expires_ms: i64) -> ShareLinkCreated {
    ShareLinkCreated { learner_id: "ada".into(), expires_ms, ..ShareLinkCreated::default() }
}

fn created() -> Event {
    Event::ShareLinkCreated(link(NOW + USUAL_MS))
}

fn create(expires_ms: i64) -> Command {
    Command::Create { link: Box::new(link(expires_ms)), is_theirs: true, now_ms: NOW }
}

fn withdraw(learner: &str) -> Command {
    Command::Withdraw { learner_id: learner.into() }
}

#[test]
fn a_link_lasts_a_year_at_most() {
    given::<ShareLink>(&[]).when(create(NOW + USUAL_MS)).then(&[created()]);
    given::<ShareLink>(&[]).when(create(NOW + LONGEST_MS)).then(&[Event::ShareLinkCreated(link(NOW + LONGEST_MS))]);
    given::<ShareLink>(&[]).when(create(NOW + LONGEST_MS + 1)).refused(Reason::ShareLinkEnd);
    given::<ShareLink>(&[]).when(create(NOW)).refused(Reason::ShareLinkEnd);
    given::<ShareLink>(&[created()]).when(create(NOW + USUAL_MS)).nothing();
}

#[test]
fn a_learner_shares_what_is_theirs() {
    let command = Command::Create { link: Box::new(link(NOW + 1)), is_theirs: false, now_ms: NOW };
    given::<ShareLink>(&[]).when(command).refused(Reason::CredentialNotFound);
}

#[test]
fn a_link_is_withdrawn_by_its_learner_and_stays_so() {
    let withdrawn = Event::ShareLinkWithdrawn(ShareLinkWithdrawn {});
    given::<ShareLink>(&[created()]).when(withdraw("ada")).then(std::slice::from_ref(&withdrawn));
    given::<ShareLink>(&[created(), withdrawn]).when(withdraw("ada")).nothing();
    given::<ShareLink>(&[created()]).when(withdraw("bob")).refused(Reason::ShareLinkNotFound);
    given::<ShareLink>(&[]).when(withdraw("ada")).refused(Reason::ShareLinkNotFound);
}

#[test]
fn a_look_is_counted_while_the_link_shows_something() {
    let open = |now_ms| Command::Open { now_ms };
    let opened = Event::ShareLinkOpened(ShareLinkOpened {});
    given::<ShareLink>(&[created()]).when(open(NOW + USUAL_MS - 1)).then_once(&[opened]);
    given::<ShareLink>(&[created()]).when(open(NOW + USUAL_MS)).refused(Reason::ShareLinkOver);
    let withdrawn = Event::ShareLinkWithdrawn(ShareLinkWithdrawn {});
    given::<ShareLink>(&[created(), withdrawn]).when(open(NOW)).refused(Reason::ShareLinkOver);
    given::<ShareLink>(&[]).when(open(NOW)).refused(Reason::ShareLinkNotFound);
}

#[test]
fn links_keep_their_laws() {
    let any = prop_oneof![
        (NOW - 5..NOW + LONGEST_MS + 5).prop_map(create),
        Just(withdraw("ada")),
        Just(withdraw("bob")),
        (NOW..NOW + LONGEST_MS).prop_map(|now_ms| Command::Open { now_ms }),
    ];
    // Looks are told apart by their request id, which is one for ten minutes.
    let is_new = |it: &Command| matches!(it, Command::Open { .. });
    let law = |it: &ShareLink| {
        if it.is_withdrawn && it.learner_id.is_empty() {
            return Err("a link is withdrawn that was never there".to_owned());
        }
        if !it.learner_id.is_empty() && it.expires_ms > NOW + LONGEST_MS {
            return Err("a link lasts too long".to_owned());
        }
        Ok(())
    };
    laws::hold_except::<ShareLink>(any, law, is_new);
}
