//! What a membership says yes and no to, and what never changes about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Strategy, any};
use studium_proto::campus::v1::MemberClass;
use studium_testkit::{given, laws};

fn record(department: &str) -> MemberDescribed {
    let class = MemberClass::Student.into();
    MemberDescribed { class, department: department.into(), external_id: "s1".into(), ..MemberDescribed::default() }
}

fn added(department: &str) -> [Event; 2] {
    let source = MemberSource::Roster.into();
    let added = MemberAdded { source, source_ref: "i".into() };
    [Event::MemberAdded(added), Event::MemberDescribed(record(department))]
}

fn add(department: &str) -> Command {
    Command::Add { record: record(department), source: MemberSource::Roster, source_ref: "i".into() }
}

fn put(department: &str) -> Command {
    Command::Put { record: record(department), source: MemberSource::Roster, source_ref: "i".into() }
}

fn remove() -> Command {
    Command::Remove { source_ref: "i".into(), reason: String::new() }
}

#[test]
fn whoever_is_added_is_a_member_until_removed() {
    let removed = Event::MemberRemoved(MemberRemoved { source_ref: "i".into(), reason: String::new() });
    given::<Member>(&[]).when(add("Law")).then(&added("Law"));
    given::<Member>(&added("Law")).when(add("Arts")).refused(Reason::MemberExists);
    given::<Member>(&added("Law")).when(remove()).then(std::slice::from_ref(&removed));
    given::<Member>(&[]).when(remove()).nothing();
    given::<Member>(&[&added("Law")[..], &[removed]].concat()).when(add("Arts")).then(&added("Arts"));
}

#[test]
fn a_record_is_put_whole() {
    let changed = Event::MemberDescribed(record("Arts"));
    given::<Member>(&[]).when(put("Law")).then(&added("Law"));
    given::<Member>(&added("Law")).when(put("Law")).nothing();
    given::<Member>(&added("Law")).when(put("Arts")).then(&[changed]);
}

fn admit(source: MemberSource) -> Command {
    Command::Admit { record: record("Law"), source, source_ref: "k".into() }
}

fn reconcile(was: Option<&str>, becomes: Option<&str>) -> Command {
    let (was, becomes) = (was.map(record), becomes.map(record));
    Command::Reconcile(Reconcile { import_id: "i".into(), row: 1, was, becomes })
}

fn by(source: MemberSource) -> [Event; 2] {
    let added = MemberAdded { source: source.into(), source_ref: "k".into() };
    [Event::MemberAdded(added), Event::MemberDescribed(record("Law"))]
}

#[test]
fn whoever_is_admitted_and_is_a_member_already_stays_so() {
    given::<Member>(&[]).when(admit(MemberSource::Invite)).then(&by(MemberSource::Invite));
    given::<Member>(&added("Arts")).when(admit(MemberSource::Invite)).nothing();
}

#[test]
fn an_address_of_the_campus_makes_a_member() {
    let sso = |domain: &str| Command::AdmitBySso {
        record: record("Law"),
        domain: domain.into(),
        domains: vec!["k".into(), "ou.org".into()],
    };
    given::<Member>(&[]).when(sso("k")).then(&by(MemberSource::Sso));
    given::<Member>(&[]).when(sso("mail.org")).refused(Reason::NotAnSsoDomain);
    given::<Member>(&added("Arts")).when(sso("mail.org")).nothing();
}

#[test]
fn a_roster_adds_changes_and_removes() {
    let removed = Event::MemberRemoved(MemberRemoved { source_ref: "i".into(), reason: String::new() });
    given::<Member>(&[]).when(reconcile(None, Some("Law"))).then(&added("Law"));
    given::<Member>(&added("Law")).when(reconcile(None, Some("Law"))).nothing();
    let arts = Event::MemberDescribed(record("Arts"));
    given::<Member>(&added("Law")).when(reconcile(Some("Law"), Some("Arts"))).then(&[arts]);
    given::<Member>(&added("Law")).when(reconcile(Some("Law"), None)).then(&[removed]);
    given::<Member>(&[]).when(reconcile(Some("Law"), None)).nothing();
}

#[test]
fn a_word_that_came_after_the_comparison_stays() {
    let refused = |past: &[Event], command| {
        given::<Member>(past).when(command).refused(Reason::MemberChangedSince);
    };
    refused(&added("Music"), reconcile(Some("Law"), Some("Arts")));
    refused(&added("Music"), reconcile(Some("Law"), None));
    refused(&added("Music"), reconcile(None, Some("Law")));
    refused(&[], reconcile(Some("Law"), Some("Arts")));
}

#[test]
fn a_roster_removes_only_whom_a_roster_brought() {
    for source in [MemberSource::Administrator, MemberSource::Invite, MemberSource::Sso] {
        let past = by(source);
        given::<Member>(&past).when(reconcile(Some("Law"), None)).refused(Reason::MemberNotFromRoster);
        // Nor does it after it has changed what is said of the person.
        let arts = Event::MemberDescribed(record("Arts"));
        let past = [&past[..], &[arts]].concat();
        given::<Member>(&past).when(reconcile(Some("Arts"), None)).refused(Reason::MemberNotFromRoster);
    }
}

#[test]
fn a_reconciliation_is_shown_without_the_person() {
    assert!(!format!("{:?}", reconcile(None, Some("Law"))).contains("s1"));
}

#[test]
fn laws_hold() {
    let any_command = (0..6, any::<bool>(), any::<bool>()).prop_map(|(sort, is_law, is_arts)| {
        let department = if is_law { "Law" } else { "Arts" };
        let other = if is_arts { Some("Arts") } else { None };
        match sort {
            0 => add(department),
            1 => put(department),
            2 => admit(MemberSource::Invite),
            3 => reconcile(Some(department), other),
            4 => reconcile(other, Some(department)),
            _ => remove(),
        }
    });
    laws::hold::<Member>(any_command, |_| Ok(()));
}
