//! What a delivery says yes and no to, and what never changes about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Strategy, any};
use studium_testkit::{given, laws};

fn keep(chunk: u32) -> Command {
    Command::Keep { chunk, changes: vec![RosterChange { row: chunk, ..RosterChange::default() }] }
}

fn kept(chunk: u32) -> Event {
    let changes = vec![RosterChange { row: chunk, ..RosterChange::default() }];
    Event::RosterChangesKept(RosterChangesKept { chunk, changes, before: 0 })
}

fn released(chunk: u32) -> Event {
    Event::RosterChangesReleased(RosterChangesReleased { chunk })
}

#[test]
fn chunks_are_kept_in_order() {
    given::<RosterDelivery>(&[]).when(keep(1)).then(&[kept(1)]);
    given::<RosterDelivery>(&[kept(1)]).when(keep(2)).then(&[kept(2)]);
    given::<RosterDelivery>(&[kept(1)]).when(keep(1)).nothing();
    given::<RosterDelivery>(&[]).when(keep(2)).refused(Reason::RosterChunkMissing);
}

#[test]
fn each_person_has_an_event_of_their_own() {
    let change = |row| RosterChange { row, ..RosterChange::default() };
    let event =
        |before| Event::RosterChangesKept(RosterChangesKept { chunk: 1, changes: vec![change(before + 5)], before });
    let command = Command::Keep { chunk: 1, changes: vec![change(5), change(6)] };
    given::<RosterDelivery>(&[]).when(command).then(&[event(0), event(1)]);
}

#[test]
fn only_what_is_kept_is_released_and_once() {
    let release = |chunk| Command::Release { chunk };
    given::<RosterDelivery>(&[]).when(release(1)).refused(Reason::RosterChunkMissing);
    given::<RosterDelivery>(&[kept(1)]).when(release(1)).then(&[released(1)]);
    given::<RosterDelivery>(&[kept(1), kept(2)]).when(release(2)).refused(Reason::RosterChunkMissing);
    given::<RosterDelivery>(&[kept(1), kept(2), released(1), released(2)]).when(release(1)).nothing();
}

#[test]
fn laws_hold() {
    let any_command = (1..4_u32, any::<bool>())
        .prop_map(|(chunk, keeps)| if keeps { keep(chunk) } else { Command::Release { chunk } });
    laws::hold::<RosterDelivery>(any_command, |it| {
        if it.released <= it.kept { Ok(()) } else { Err("released what was not kept".into()) }
    });
}
