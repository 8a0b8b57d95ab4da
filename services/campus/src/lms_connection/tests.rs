//! What a connection says yes and no to, and what never changes about its keys.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::{
    prelude::{Strategy, any},
    prop_oneof,
};
use studium_testkit::{given, laws};

fn platform(title: &str) -> LmsPlatformDescribed {
    LmsPlatformDescribed { title: title.into(), issuer: "https://lms.org".into(), ..LmsPlatformDescribed::default() }
}

fn register(title: &str, campus_known: bool) -> Command {
    Command::Register { campus_id: "ou".into(), platform: platform(title), campus_known }
}

fn registered() -> [Event; 2] {
    let registered = LmsPlatformRegistered { campus_id: "ou".into() };
    [Event::LmsPlatformRegistered(registered), Event::LmsPlatformDescribed(platform("Moodle"))]
}

fn describe(campus: &str, title: &str) -> Command {
    Command::Describe { campus_id: campus.into(), platform: platform(title) }
}

fn add(key: &str) -> Command {
    let members = ["kty", "kid", "n", "e"].map(str::to_owned);
    Command::AddKey { key_id: key.into(), public_jwk: format!("jwk {key}"), members: members.into() }
}

fn added(key: &str) -> Event {
    Event::ToolKeyAdded(ToolKeyAdded { key_id: key.into(), public_jwk: format!("jwk {key}") })
}

fn promote(key: &str) -> Command {
    Command::Promote { key_id: key.into(), retired_until_ms: 9 }
}

fn promoted(key: &str, before: &str) -> Event {
    let retired_until_ms = if before.is_empty() { 0 } else { 9 };
    Event::ToolKeyPromoted(ToolKeyPromoted { key_id: key.into(), retired_key_id: before.into(), retired_until_ms })
}

fn disable(campus: &str, reason: &str) -> Command {
    Command::Disable { campus_id: campus.into(), reason: reason.into() }
}

fn with(events: &[Event]) -> Vec<Event> {
    [&registered()[..], events].concat()
}

#[test]
fn a_platform_of_a_campus_is_registered_once() {
    given::<LmsConnection>(&[]).when(register("Moodle", true)).then(&registered());
    given::<LmsConnection>(&[]).when(register("Moodle", false)).refused(Reason::CampusNotFound);
    given::<LmsConnection>(&registered()).when(register("Moodle", true)).nothing();
    given::<LmsConnection>(&registered()).when(register("Canvas", true)).refused(Reason::LmsConnectionExists);
}

#[test]
fn only_its_campus_changes_it() {
    let canvas = Event::LmsPlatformDescribed(platform("Canvas"));
    given::<LmsConnection>(&registered()).when(describe("ou", "Canvas")).then(&[canvas]);
    given::<LmsConnection>(&registered()).when(describe("ou", "Moodle")).nothing();
    given::<LmsConnection>(&registered()).when(describe("mit", "Canvas")).refused(Reason::LmsConnectionNotFound);
    given::<LmsConnection>(&registered()).when(disable("mit", "x")).refused(Reason::LmsConnectionNotFound);
    given::<LmsConnection>(&[]).when(describe("ou", "Canvas")).refused(Reason::LmsConnectionNotFound);
}

#[test]
fn keys_follow_each_other() {
    given::<LmsConnection>(&registered()).when(add("k1")).then(&[added("k1")]);
    given::<LmsConnection>(&with(&[added("k1")])).when(add("k2")).refused(Reason::NextToolKeyExists);
    given::<LmsConnection>(&with(&[added("k1")])).when(promote("k1")).then(&[promoted("k1", "")]);
    let signing = with(&[added("k1"), promoted("k1", "")]);
    given::<LmsConnection>(&signing).when(promote("k2")).refused(Reason::ToolKeyNotNext);
    let rotating = [&signing[..], &[added("k2")]].concat();
    given::<LmsConnection>(&rotating).when(promote("k2")).then(&[promoted("k2", "k1")]);
    let rotated = [&rotating[..], &[promoted("k2", "k1")]].concat();
    given::<LmsConnection>(&rotated).when(promote("k1")).refused(Reason::ToolKeyNotNext);
    given::<LmsConnection>(&rotated).when(add("k1")).refused(Reason::ToolKeyUsed);
}

#[test]
fn a_private_key_is_never_kept() {
    for member in PRIVATE {
        let Command::AddKey { key_id, public_jwk, mut members } = add("k1") else { unreachable!() };
        members.insert(member.to_owned());
        let command = Command::AddKey { key_id, public_jwk, members };
        given::<LmsConnection>(&registered()).when(command).refused(Reason::PrivateKeyGiven);
    }
}

#[test]
fn a_disabled_connection_stays_so() {
    let disabled = Event::LmsConnectionDisabled(LmsConnectionDisabled { reason: "moved".into() });
    given::<LmsConnection>(&registered()).when(disable("ou", "")).refused(Reason::ExplanationRequired);
    given::<LmsConnection>(&registered()).when(disable("", "moved")).then(std::slice::from_ref(&disabled));
    let past = with(&[disabled]);
    given::<LmsConnection>(&past).when(disable("ou", "again")).nothing();
    given::<LmsConnection>(&past).when(describe("ou", "Canvas")).refused(Reason::LmsConnectionDisabled);
    given::<LmsConnection>(&past).when(add("k1")).refused(Reason::LmsConnectionDisabled);
}

#[test]
fn laws_hold() {
    let key = || (0..5_u8).prop_map(|it| format!("k{it}"));
    let any_command = prop_oneof![
        2 => any::<bool>().prop_map(|it| register("Moodle", it)),
        1 => any::<bool>().prop_map(|it| describe("ou", if it { "Moodle" } else { "Canvas" })),
        6 => key().prop_map(|it| add(&it)),
        6 => key().prop_map(|it| promote(&it)),
        1 => (0..9_u8).prop_map(|it| disable("ou", if it == 0 { "moved" } else { "" })),
    ];
    laws::hold::<LmsConnection>(any_command, |it| {
        let next = it.next.as_ref().map(|it| &it.0);
        let known = it.current.iter().chain(next).all(|it| it.starts_with('k'));
        let rules = [
            (it.current.is_none() || it.current.as_ref() != next, "a key is current and next"),
            (it.current.iter().chain(next).all(|key| it.used.contains(key)), "a key's id may come back"),
            (known && (it.campus_id.is_some() || it.used.is_empty()), "nobody's connection has keys"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, broken)| Err(broken.to_owned()))
    });
}
