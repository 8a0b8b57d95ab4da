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

#[test]
fn laws_hold() {
    let any_command = (0..3, any::<bool>()).prop_map(|(sort, is_law)| {
        let department = if is_law { "Law" } else { "Arts" };
        match sort {
            0 => add(department),
            1 => put(department),
            _ => remove(),
        }
    });
    laws::hold::<Member>(any_command, |_| Ok(()));
}
