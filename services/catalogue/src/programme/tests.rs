//! The rules of programmes as sentences, and their laws.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use studium_proto::catalogue::v1::ElectiveGroup;
use studium_testkit::{given, laws};

fn ann() -> By {
    By::of("ann", "ou")
}

fn bob() -> By {
    By::of("bob", "ou")
}

fn birth() -> ProgrammeCreated {
    ProgrammeCreated { institution_id: "ou".into(), kind: 1, title: "Baker".into() }
}

fn created() -> Event {
    Event::ProgrammeCreated(birth())
}

fn joined(author: &str) -> Event {
    Event::ProgrammeAuthorJoined(ProgrammeAuthorJoined { author_id: author.into() })
}

fn group(id: &str, choose: u32, courses: &[&str]) -> ElectiveGroup {
    let course_ids = courses.iter().map(|it| (*it).to_owned()).collect();
    ElectiveGroup { group_id: id.into(), choose, course_ids, ..ElectiveGroup::default() }
}

fn composition(required: &[&str], elective_groups: Vec<ElectiveGroup>) -> ProgrammeComposed {
    let required_course_ids = required.iter().map(|it| (*it).to_owned()).collect();
    ProgrammeComposed { required_course_ids, elective_groups, ordered: false }
}

fn compose(composition: ProgrammeComposed) -> Command {
    Command::Compose { composition, unknown: Vec::new() }
}

fn composed() -> Event {
    Event::ProgrammeComposed(composition(&["bread"], vec![group("sweet", 1, &["cake", "pie"])]))
}

fn submitted() -> Event {
    Event::ProgrammeSubmitted(ProgrammeSubmitted { submitted_by: "ann".into() })
}

fn approved() -> Event {
    Event::ProgrammeApproved(ProgrammeApproved { reviewer_id: "bob".into(), comment: String::new() })
}

fn published(version: u32) -> Event {
    Event::ProgrammePublished(ProgrammePublished { version })
}

fn publish() -> Command {
    Command::Publish { unoffered: Vec::new() }
}

#[test]
fn an_id_is_one_programme() {
    let create = |institution_known| Command::Create { programme: birth(), institution_known };
    given::<Programme>(&[]).when(ann().asks(create(true))).then(&[created(), joined("ann")]);
    given::<Programme>(&[]).when(ann().asks(create(false))).refused(Reason::InstitutionNotFound);
    given::<Programme>(&[]).when(By::of("eve", "mit").asks(create(true))).refused(Reason::NotYourInstitution);
    let other = Command::Create { programme: ProgrammeCreated { kind: 2, ..birth() }, institution_known: true };
    given::<Programme>(&[created()]).when(ann().asks(other)).refused(Reason::ProgrammeExists);
    given::<Programme>(&[]).when(ann().asks(Command::Submit)).refused(Reason::ProgrammeNotFound);
    given::<Programme>(&[created()]).when(By::of("eve", "mit").asks(publish())).refused(Reason::NotYourInstitution);
}

#[test]
fn no_course_is_in_it_twice() {
    let past = [created(), joined("ann")];
    let twice = [
        composition(&["bread", "bread"], vec![]),
        composition(&["bread"], vec![group("g", 1, &["bread"])]),
        composition(&[], vec![group("g", 1, &["cake"]), group("h", 1, &["cake"])]),
    ];
    for it in twice {
        given::<Programme>(&past).when(ann().asks(compose(it))).refused(Reason::CourseTwice);
    }
    let groups = composition(&[], vec![group("g", 1, &["cake"]), group("g", 1, &["pie"])]);
    given::<Programme>(&past).when(ann().asks(compose(groups))).refused(Reason::GroupTwice);
}

#[test]
fn electives_are_n_of_m() {
    let past = [created(), joined("ann")];
    for choose in [0, 3] {
        let it = composition(&[], vec![group("g", choose, &["cake", "pie"])]);
        given::<Programme>(&past).when(ann().asks(compose(it))).refused(Reason::ElectivesImpossible);
    }
    let it = composition(&["bread"], vec![group("sweet", 1, &["cake", "pie"])]);
    given::<Programme>(&past).when(ann().asks(compose(it))).then(&[composed()]);
}

#[test]
fn courses_exist_and_are_offered() {
    let composition = composition(&["bread"], vec![]);
    let unknown = Command::Compose { composition, unknown: vec!["bread".into()] };
    given::<Programme>(&[created()]).when(ann().asks(unknown)).refused(Reason::CourseNotFound);
    let past = [created(), joined("ann"), composed(), submitted(), approved()];
    let hidden = Command::Publish { unoffered: vec!["cake".into()] };
    given::<Programme>(&past).when(ann().asks(hidden)).refused(Reason::CourseNotPublished);
    given::<Programme>(&past).when(ann().asks(publish())).then(&[published(1)]);
}

#[test]
fn it_is_reviewed_by_somebody_else() {
    given::<Programme>(&[created(), joined("ann")]).when(ann().asks(Command::Submit)).refused(Reason::Incomplete);
    let past = [created(), joined("ann"), composed(), submitted()];
    let approve = Command::Approve { comment: String::new() };
    given::<Programme>(&past).when(ann().asks(approve.clone())).refused(Reason::ReviewerIsAuthor);
    given::<Programme>(&past).when(ann().asks(publish())).refused(Reason::NotApproved);
    given::<Programme>(&past).when(bob().asks(approve)).then(&[approved()]);
    let plan = MentorshipPlanSet { included: true, ..MentorshipPlanSet::default() };
    given::<Programme>(&past).when(ann().asks(Command::SetMentorship(plan))).refused(Reason::InReview);
    let want = Command::RequestChanges { comment: "dearer".into() };
    let wanted = ProgrammeChangesRequested { reviewer_id: "bob".into(), comment: "dearer".into() };
    given::<Programme>(&past).when(bob().asks(want)).then(&[Event::ProgrammeChangesRequested(wanted)]);
}

#[test]
fn the_next_version_is_written_by_its_own_authors() {
    let past = [created(), joined("ann"), composed(), submitted(), approved(), published(1)];
    let plan = MentorshipPlanSet { included: true, ..MentorshipPlanSet::default() };
    given::<Programme>(&past)
        .when(bob().asks(Command::SetMentorship(plan.clone())))
        .then(&[Event::MentorshipPlanSet(plan), joined("bob")]);
    let award = ProgrammeCredentialSet { title: "Baker".into(), ..ProgrammeCredentialSet::default() };
    given::<Programme>(&past)
        .when(ann().asks(Command::SetCredential(award.clone())))
        .then(&[Event::ProgrammeCredentialSet(award), joined("ann")]);
}

#[test]
fn retirement_is_final() {
    let past = [created(), joined("ann"), composed()];
    let retire = Command::Retire { reason: "old".into() };
    let retired = Event::ProgrammeRetired(ProgrammeRetired { reason: "old".into() });
    given::<Programme>(&past).when(ann().asks(retire)).then(std::slice::from_ref(&retired));
    given::<Programme>(&[created(), retired]).when(ann().asks(Command::Submit)).refused(Reason::ProgrammeRetired);
}

#[test]
fn whatever_is_asked_no_course_is_there_twice() {
    let any_courses = || proptest::collection::vec(proptest::sample::select(vec!["a", "b", "c", "d"]), 0..3);
    let any_group = (proptest::sample::select(vec!["g", "h"]), 0..3_u32, any_courses());
    let any_composition = (any_courses(), proptest::collection::vec(any_group, 0..2)).prop_map(|(required, groups)| {
        composition(&required, groups.iter().map(|(id, choose, courses)| group(id, *choose, courses)).collect())
    });
    let described = |title: &str| ProgrammeDescribed { title: title.into(), ..ProgrammeDescribed::default() };
    let any_command = prop_oneof![
        2 => Just(Command::Create { programme: birth(), institution_known: true }),
        4 => any_composition.prop_map(compose),
        1 => proptest::sample::select(vec!["Baker", "Cook"]).prop_map(move |it| Command::Describe(described(it))),
        2 => Just(Command::Submit),
        1 => Just(Command::RequestChanges { comment: "why".into() }),
        2 => Just(Command::Approve { comment: String::new() }),
        2 => Just(publish()),
    ];
    let any_command = prop_oneof![40 => any_command, 1 => Just(Command::Retire { reason: "old".into() })];
    let any_by = proptest::sample::select(vec![ann(), bob()]);
    laws::hold::<Programme>((any_by, any_command).prop_map(|(by, it)| by.asks(it)), |programme| {
        programme.review.check()?;
        let courses = programme.courses();
        let once: BTreeSet<_> = courses.iter().collect();
        if once.len() == courses.len() { Ok(()) } else { Err(format!("twice in {courses:?}")) }
    });
}
