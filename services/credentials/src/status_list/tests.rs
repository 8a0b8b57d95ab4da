//! The rules of status lists as sentences, and their laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Strategy, prop_oneof};
use studium_kit::replay;
use studium_testkit::{given, laws};

fn opened(list: u32) -> Event {
    Event::StatusListOpened(StatusListOpened { list, entries: ENTRIES })
}

fn allocated(id: &str, list: u32, index: u32) -> Event {
    Event::StatusIndexAllocated(StatusIndexAllocated { credential_id: id.into(), list, index })
}

fn bit(id: &str, list: u32, index: u32, is_set: bool) -> Event {
    Event::StatusBitSet(StatusBitSet { credential_id: id.into(), list, index, is_set })
}

fn allocate(id: &str, draw: u64) -> Command {
    Command::Allocate { credential_id: id.into(), draw }
}

fn set(id: &str, is_set: bool) -> Command {
    Command::Set { credential_id: id.into(), is_set }
}

#[test]
fn the_first_credential_opens_the_first_list() {
    given::<StatusList>(&[]).when(allocate("c", 7)).then(&[opened(1), allocated("c", 1, spread(7) % ENTRIES)]);
}

#[test]
fn a_bit_that_is_given_is_not_given_again() {
    let past = [opened(1), allocated("c", 1, spread(7) % ENTRIES)];
    given::<StatusList>(&past).when(allocate("d", 7)).then(&[allocated("d", 1, spread(8) % ENTRIES)]);
    given::<StatusList>(&past).when(allocate("c", 9)).nothing();
}

#[test]
fn a_list_that_is_half_full_is_followed_by_another() {
    let all = (0..FULL as u32).map(|it| allocated(&it.to_string(), 1, it));
    let mut past: Vec<_> = [opened(1)].into_iter().chain(all).collect();
    given::<StatusList>(&past).when(allocate("c", 7)).then(&[opened(2), allocated("c", 2, spread(7) % ENTRIES)]);
    past.pop();
    let last = (7..9_000).map(|it| spread(it) % ENTRIES).find(|it| *it as usize >= FULL - 1).unwrap();
    given::<StatusList>(&past).when(allocate("c", 7)).then(&[allocated("c", 1, last)]);
}

#[test]
fn a_bit_is_set_and_cleared_once() {
    let past = [opened(1), allocated("c", 1, 3)];
    given::<StatusList>(&past).when(set("c", true)).then(&[bit("c", 1, 3, true)]);
    given::<StatusList>(&past).when(set("c", false)).nothing();
    given::<StatusList>(&past).when(set("x", true)).refused(Reason::CredentialNotSigned);
    let past = [opened(1), allocated("c", 1, 3), bit("c", 1, 3, true)];
    given::<StatusList>(&past).when(set("c", false)).then(&[bit("c", 1, 3, false)]);
}

#[test]
fn numbers_say_nothing_of_order() {
    let past = (0..200_u64).fold(Vec::new(), |mut past, it| {
        past.extend(replay::<StatusList>(&past).allocate(&it.to_string(), it));
        past
    });
    let indexes: Vec<_> = past
        .iter()
        .filter_map(|it| match it {
            Event::StatusIndexAllocated(it) => Some(it.index),
            _ => None,
        })
        .collect();
    let rising = indexes.windows(2).filter(|it| it[0] < it[1]).count();
    assert!((70..130).contains(&rising), "{rising} of 199 follow upwards");
}

#[test]
fn no_two_credentials_share_a_bit() {
    let id = || (0..9_u32).prop_map(|it| it.to_string());
    let any = prop_oneof![
        3 => (id(), 0..6_u64).prop_map(|(id, draw)| allocate(&id, draw)),
        1 => (id(), proptest::bool::ANY).prop_map(|(id, is_set)| set(&id, is_set)),
    ];
    laws::hold::<StatusList>(any, |it| {
        let bits: BTreeSet<_> = it.by_credential.values().collect();
        let given: usize = it.given.iter().map(BTreeSet::len).sum();
        if bits.len() != it.by_credential.len() || given != bits.len() {
            return Err(format!("{} credentials, {} bits, {given} given", it.by_credential.len(), bits.len()));
        }
        if it.set.iter().any(|bit| !bits.contains(bit)) {
            return Err("a bit is set that nobody has".to_owned());
        }
        Ok(())
    });
}
