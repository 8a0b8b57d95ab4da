//! Which rows make sense.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn row() -> RosterRow {
    RosterRow {
        row: 2,
        external_id: "s1".into(),
        class: "Student ".into(),
        department: "Law".into(),
        name: "Ada".into(),
        email: "ada@ou.ac.uk".into(),
        ..RosterRow::default()
    }
}

#[track_caller]
fn wrong(row: &RosterRow) -> String {
    Said::read(row, RosterMode::Full).unwrap_err()
}

#[test]
fn a_row_is_read_without_blanks() {
    let said = Said::read(&row(), RosterMode::Full).unwrap();
    let record = said.record.unwrap();
    assert_eq!((record.class(), record.external_id.as_str()), (MemberClass::Student, "s1"));
}

#[test]
fn swapped_columns_make_no_sense() {
    let it = row();
    assert!(wrong(&RosterRow { class: it.email.clone(), email: it.class.clone(), ..it.clone() }).contains("class"));
    assert!(wrong(&RosterRow { name: it.email.clone(), email: it.name.clone(), ..it.clone() }).contains("name"));
    assert!(
        wrong(&RosterRow { department: it.email.clone(), email: it.department.clone(), ..it.clone() }).contains("dep")
    );
    assert!(wrong(&RosterRow { email: "Ada Lovelace".into(), ..it.clone() }).contains("email"));
    assert!(wrong(&RosterRow { status: "student".into(), class: "active".into(), ..it.clone() }).contains("status"));
    assert!(wrong(&RosterRow { external_id: " ".into(), ..it.clone() }).contains("external_id"));
    assert!(wrong(&RosterRow { learner_id: "a.b".into(), ..it.clone() }).contains("learner_id"));
    assert!(wrong(&RosterRow { name: "A\0".into(), ..it.clone() }).contains("control"));
    assert!(wrong(&RosterRow { name: "x".repeat(321), ..it }).contains("longer"));
    assert_eq!(wrong(&RosterRow { unreadable: "cut".into(), ..RosterRow::default() }), "cut");
}

#[test]
fn a_change_says_what_becomes_of_the_person() {
    assert!(Said::read(&row(), RosterMode::Delta).is_err());
    for status in ["inactive", "ToBeDeleted"] {
        let leaves = RosterRow { status: status.into(), class: String::new(), ..row() };
        assert_eq!(Said::read(&leaves, RosterMode::Delta).unwrap().record, None);
    }
}

#[test]
fn addresses_are_told_from_other_texts() {
    for good in ["a@b.c", "ada.l+x@students.ou.ac.uk"] {
        assert!(is_address(good), "{good}");
    }
    for bad in ["a@b", "@b.c", "a@@b.c", "a b@c.d", "a@.c", "a@b."] {
        assert!(!is_address(bad), "{bad}");
    }
}
