//! Who may teach a class, who may be in it, and its groups.

use super::*;
use studium_proto::campus::v1::{ClassGroupDissolved, ClassLearnerRemoved, ClassTeacherRemoved};

fn member(id: &str, holds_seat: bool) -> Newcomer {
    Newcomer { learner_id: id.into(), is_member: true, holds_seat, is_test_user: false }
}

fn add(learners: &[Newcomer]) -> Asked<Command> {
    asks(Command::AddLearners { learners: learners.to_vec() })
}

fn by_place(id: &str) -> Event {
    Event::ClassLearnerAdded(ClassLearnerAdded { learner_id: id.into(), licence_place: true })
}

fn left(id: &str) -> Event {
    Event::ClassLearnerRemoved(ClassLearnerRemoved { learner_id: id.into(), reason: String::new() })
}

#[test]
fn teachers_are_teachers_of_the_campus() {
    let add = |is_campus_teacher| asks(Command::AddTeacher { teacher_id: "tess".into(), is_campus_teacher });
    given::<Class>(&past()).when(add(true)).then(&[teacher("tess")]);
    given::<Class>(&past()).when(add(false)).refused(Reason::NotACampusTeacher);
    let remove = || asks(Command::RemoveTeacher { teacher_id: "tess".into() });
    let removed = Event::ClassTeacherRemoved(ClassTeacherRemoved { teacher_id: "tess".into() });
    given::<Class>(&with(&[teacher("tess")])).when(remove()).then(&[removed]);
    given::<Class>(&past()).when(remove()).nothing();
}

#[test]
fn learners_need_a_seat_or_a_place() {
    given::<Class>(&past()).when(add(&[member("cid", true)])).then(&[joined("cid")]);
    given::<Class>(&past()).when(add(&[member("cid", false)])).then(&[by_place("cid")]);
    let tester = Newcomer { is_test_user: true, ..member("cid", false) };
    given::<Class>(&past()).when(add(&[tester])).then(&[joined("cid")]);
    given::<Class>(&past()).when(add(&[member("ada", false)])).nothing();
}

#[test]
fn each_row_is_judged_for_itself() {
    let stranger = Newcomer { is_member: false, ..member("eve", true) };
    let rows = [member("cid", false), stranger.clone(), member("dan", false), member("fay", true), member("fay", true)];
    let class = given::<Class>(&past()).when(add(&rows)).then(&[by_place("cid"), joined("fay")]);
    assert_eq!(class.may_join(&stranger).unwrap_err().reason, Reason::NotAMember);
    assert_eq!(class.may_join(&member("dan", false)).unwrap_err().reason, Reason::NeitherSeatNorPlace);
    assert!(class.has_learner("cid") && !class.has_learner("dan"));
}

#[test]
fn a_place_is_free_again_when_its_learner_leaves() {
    let full = with(&[by_place("cid")]);
    given::<Class>(&full).when(add(&[member("dan", false)])).nothing();
    given::<Class>(&[full, vec![left("cid")]].concat()).when(add(&[member("dan", false)])).then(&[by_place("dan")]);
}

#[test]
fn learners_leave_once() {
    let remove = |ids: &[&str]| {
        let learner_ids = ids.iter().map(|it| (*it).to_owned()).collect();
        asks(Command::RemoveLearners { learner_ids, reason: String::new() })
    };
    given::<Class>(&past()).when(remove(&["ada", "eve"])).then(&[left("ada")]);
    given::<Class>(&with(&[left("ada")])).when(remove(&["ada"])).nothing();
    given::<Class>(&with(&[left("ada")])).when(add(&[member("ada", true)])).then(&[joined("ada")]);
}

#[test]
fn a_class_has_a_thousand_learners_at_most() {
    let many: Vec<_> = (0..=LEARNERS_MAX).map(|n| member(&format!("l{n}"), true)).collect();
    let open = [Event::ClassOpened(opening(0))];
    let expected: Vec<_> = many[..LEARNERS_MAX].iter().map(|it| joined(&it.learner_id)).collect();
    let class = given::<Class>(&open).when(add(&many)).then(&expected);
    assert_eq!(class.may_join(&many[LEARNERS_MAX]).unwrap_err().reason, Reason::ClassFull);
}

#[test]
fn groups_are_of_the_class_and_need_not_be_disjoint() {
    let group = |id: &str, ids: &[&str]| {
        let learner_ids = ids.iter().map(|it| (*it).to_owned()).collect();
        ClassGroupFormed { group_id: id.into(), name: "Red".into(), learner_ids }
    };
    let form = |id: &str, ids: &[&str]| asks(Command::FormGroup(group(id, ids)));
    let formed = |id: &str, ids: &[&str]| Event::ClassGroupFormed(group(id, ids));
    given::<Class>(&past()).when(form("g", &["ben", "ada"])).then(&[formed("g", &["ada", "ben"])]);
    let one = with(&[formed("g", &["ada", "ben"])]);
    given::<Class>(&one).when(form("h", &["ada"])).then(&[formed("h", &["ada"])]);
    given::<Class>(&one).when(form("g", &["ada"])).then(&[formed("g", &["ada"])]);
    given::<Class>(&one).when(form("g", &["eve"])).refused(Reason::NotInClass);
    // Who leaves the class leaves its groups.
    given::<Class>(&[one.clone(), vec![left("ben")]].concat()).when(form("g", &["ada"])).nothing();
    let dissolve = || asks(Command::DissolveGroup { group_id: "g".into() });
    let dissolved = Event::ClassGroupDissolved(ClassGroupDissolved { group_id: "g".into() });
    given::<Class>(&one).when(dissolve()).then(&[dissolved]);
    given::<Class>(&past()).when(dissolve()).nothing();
    let many: Vec<_> = (0..THINGS_MAX).map(|n| formed(&format!("g{n}"), &["ada"])).collect();
    given::<Class>(&with(&many)).when(form("one-more", &["ada"])).refused(Reason::ClassTooLarge);
}
