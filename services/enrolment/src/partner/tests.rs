//! The rules of a partner's feed as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_testkit::{given, laws};

fn opened() -> Event {
    Event::PartnerFeedOpened(PartnerFeedOpened {})
}

fn closed() -> Event {
    Event::PartnerFeedClosed(PartnerFeedClosed { reason: "over".into() })
}

fn day(date: &str) -> Event {
    Event::PartnerDayClosed(PartnerDayClosed { date: date.into() })
}

fn close_day(date: &str) -> Command {
    Command::CloseDay { date: date.into() }
}

#[test]
fn a_feed_is_opened_and_closed_once() {
    given::<Partner>(&[]).when(Command::Open).then(&[opened()]);
    given::<Partner>(&[opened()]).when(Command::Open).nothing();
    given::<Partner>(&[opened()]).when(Command::Close { reason: "over".into() }).then(&[closed()]);
    given::<Partner>(&[]).when(Command::Close { reason: "over".into() }).nothing();
    given::<Partner>(&[opened(), closed()]).when(Command::Open).then(&[opened()]);
}

#[test]
fn a_day_ends_once_and_only_for_who_has_a_feed() {
    given::<Partner>(&[opened()]).when(close_day("2026-11-25")).then(&[day("2026-11-25")]);
    given::<Partner>(&[opened(), day("2026-11-25")]).when(close_day("2026-11-25")).nothing();
    given::<Partner>(&[opened(), day("2026-11-25")]).when(close_day("2026-11-24")).nothing();
    given::<Partner>(&[opened(), day("2026-11-25")]).when(close_day("2026-11-26")).then(&[day("2026-11-26")]);
    given::<Partner>(&[]).when(close_day("2026-11-25")).nothing();
    given::<Partner>(&[opened(), closed()]).when(close_day("2026-11-25")).nothing();
}

#[test]
fn days_end_in_order() {
    let any_command = prop_oneof![
        Just(Command::Open),
        Just(Command::Close { reason: String::new() }),
        (1..9_u32).prop_map(|it| close_day(&format!("2026-11-0{it}"))),
    ];
    laws::hold::<Partner>(any_command, |it| {
        if it.is_open || it.closed_day.len() < 11 { Ok(()) } else { Err("no day".to_owned()) }
    });
}
