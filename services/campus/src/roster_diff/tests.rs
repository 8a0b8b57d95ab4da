//! What a comparison finds, above all that nobody leaves for a bad row.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use studium_proto::campus::v1::{MemberClass, MemberSource};

fn header(mode: RosterMode) -> RosterHeader {
    RosterHeader { campus_id: "ou".into(), import_id: "i".into(), mode: mode.into(), ..RosterHeader::default() }
}

fn row(n: u32, external_id: &str, department: &str) -> RosterRow {
    RosterRow {
        row: n,
        external_id: external_id.into(),
        class: "student".into(),
        department: department.into(),
        email: format!("{external_id}@ou.ac.uk"),
        ..RosterRow::default()
    }
}

fn member(external_id: &str, source: MemberSource) -> MemberRow {
    MemberRow {
        campus_id: "ou".into(),
        learner_id: derived_learner("ou", external_id),
        class: MemberClass::Student.into(),
        department: "Law".into(),
        external_id: external_id.into(),
        email: format!("{external_id}@ou.ac.uk"),
        source: source.into(),
        ..MemberRow::default()
    }
}

/// s0 to s9, from a roster.
fn ten() -> Vec<MemberRow> {
    (0..10).map(|n| member(&format!("s{n}"), MemberSource::Roster)).collect()
}

fn rows(numbers: impl IntoIterator<Item = u32>) -> Vec<RosterRow> {
    numbers.into_iter().map(|n| row(n, &format!("s{n}"), "Law")).collect()
}

fn outcomes(found: &Found) -> Vec<(u32, Outcome)> {
    found.answers.iter().map(|it| (it.row, it.outcome())).collect()
}

#[test]
fn people_come_change_stay_and_go() {
    let mut delivered = rows(1..10);
    delivered[0].department = "Arts".into();
    delivered.push(row(10, "new", "Law"));
    let found = compare(&header(RosterMode::Full), &delivered, &ten());
    let it = &found.judged;
    assert_eq!((it.added, it.changed, it.unchanged, it.removed, it.roster_members), (1, 1, 8, 1, 10));
    assert_eq!(outcomes(&found)[0], (1, Outcome::Changed));
    assert_eq!(*outcomes(&found).last().unwrap(), (0, Outcome::Removed));
    assert_eq!(found.changes().len(), 3);
    let same = compare(&header(RosterMode::Full), &rows(0..10), &ten());
    assert!(same.changes().is_empty());
}

#[test]
fn a_delta_touches_only_whom_it_names() {
    let mut delivered = rows(0..2);
    delivered[0].status = "active".into();
    delivered[1].status = "tobedeleted".into();
    let mut members = ten();
    members.push(member("admin", MemberSource::Administrator));
    delivered.push(RosterRow { status: "inactive".into(), ..row(3, "admin", "Law") });
    delivered.push(RosterRow { status: "inactive".into(), ..row(4, "nobody", "Law") });
    let found = compare(&header(RosterMode::Delta), &delivered, &members);
    let expected = [(0, Outcome::Unchanged), (1, Outcome::Removed), (3, Outcome::Refused), (4, Outcome::Unchanged)];
    assert_eq!(outcomes(&found), expected);
    assert_eq!(found.answers[2].reason, "MEMBER_NOT_FROM_ROSTER");
}

#[test]
fn whoever_did_not_come_from_a_roster_stays() {
    let others = [MemberSource::Administrator, MemberSource::Invite, MemberSource::Sso];
    let members: Vec<_> = others.into_iter().enumerate().map(|(n, it)| member(&format!("m{n}"), it)).collect();
    let found = compare(&header(RosterMode::Full), &rows(1..2), &members);
    assert_eq!((found.judged.added, found.judged.removed, found.judged.roster_members), (1, 0, 0));
}

#[test]
fn equal_rows_stand_once_and_different_ones_not_at_all() {
    let mut delivered = rows(0..10);
    delivered.push(RosterRow { row: 10, ..delivered[0].clone() });
    delivered.push(row(11, "s1", "Arts"));
    let found = compare(&header(RosterMode::Full), &delivered, &ten());
    let told = outcomes(&found);
    assert_eq!((told[0].1, told[10].1), (Outcome::Unchanged, Outcome::Duplicate));
    assert_eq!((told[1].1, told[11].1), (Outcome::Malformed, Outcome::Malformed));
    assert!(found.answers[1].detail.contains("1, 11"));
    // The member stays as found, and so does everybody else.
    assert_eq!((found.judged.removed, found.judged.changed, found.judged.withheld), (0, 0, 1));
    let mut delivered = rows(0..2);
    delivered[1] = RosterRow { learner_id: derived_learner("ou", "s0"), ..row(1, "other", "Law") };
    let found = compare(&header(RosterMode::Full), &delivered, &[]);
    assert_eq!(found.judged.malformed, 2);
}

#[test]
fn a_row_that_makes_no_sense_removes_nobody() {
    // s9 is missing and may leave, s0 is in a bad row and stays.
    let mut delivered = rows(0..9);
    delivered[0].class = "x@y.z".into();
    let found = compare(&header(RosterMode::Full), &delivered, &ten());
    assert_eq!((found.judged.malformed, found.judged.removed, found.judged.withheld), (1, 1, 1));
    // Where it cannot be told whom the bad row speaks of, it may be anybody.
    delivered[0] = RosterRow { row: 0, unreadable: "2 of 7 fields".into(), ..RosterRow::default() };
    let found = compare(&header(RosterMode::Full), &delivered, &ten());
    assert_eq!((found.judged.malformed, found.judged.removed, found.judged.withheld), (1, 0, 2));
    assert!(!found.is_cut);
    delivered.rotate_left(1);
    assert!(compare(&header(RosterMode::Full), &delivered, &ten()).is_cut);
}

#[test]
fn a_bad_row_and_an_order_to_remove_the_same_person_remove_nobody() {
    let mut delivered = rows(0..10);
    delivered.push(RosterRow { row: 10, status: "tobedeleted".into(), ..delivered[0].clone() });
    delivered[0].class = "?".into();
    let found = compare(&header(RosterMode::Full), &delivered, &ten());
    assert_eq!((found.judged.malformed, found.judged.removed), (2, 0));
}

#[test]
fn learners_are_found_by_their_external_id() {
    let mut known = member("s0", MemberSource::Roster);
    known.learner_id = "ada".into();
    let found = compare(&header(RosterMode::Full), &rows(0..1), std::slice::from_ref(&known));
    assert_eq!((found.answers[0].learner_id.as_str(), found.answers[0].outcome()), ("ada", Outcome::Unchanged));
    let given = RosterRow { learner_id: "bob".into(), ..row(1, "s0", "Law") };
    let found = compare(&header(RosterMode::Full), &[given], std::slice::from_ref(&known));
    assert_eq!((found.judged.malformed, found.judged.removed, found.judged.withheld), (1, 0, 1));
    let twice = [known, member("s0", MemberSource::Administrator)];
    let found = compare(&header(RosterMode::Full), &rows(0..1), &twice);
    assert_eq!(found.judged.malformed, 1);
}

#[test]
fn a_test_user_stays_one_unless_the_roster_says_otherwise() {
    let known = MemberRow { test_user: true, ..member("s0", MemberSource::Roster) };
    let members = [known];
    let found = compare(&header(RosterMode::Full), &rows(0..1), &members);
    assert_eq!(found.judged.unchanged, 1);
    let said = RosterRow { test_user: Some(false), ..row(0, "s0", "Law") };
    assert_eq!(compare(&header(RosterMode::Full), &[said], &members).judged.changed, 1);
}

#[test]
fn the_same_rows_have_the_same_print_wherever_they_stand() {
    let (a, mut b) = (rows(0..3), rows(0..3));
    b[0].row = 7;
    assert_eq!(fingerprint(RosterMode::Full, &a), fingerprint(RosterMode::Full, &b));
    assert_ne!(fingerprint(RosterMode::Full, &a), fingerprint(RosterMode::Delta, &a));
    b[0].name = "x".into();
    assert_ne!(fingerprint(RosterMode::Full, &a), fingerprint(RosterMode::Full, &b));
}
