//! The rules of courses as sentences, and their laws.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod histories;
mod listing;
mod modules;
mod publication;

use super::*;
use studium_proto::catalogue::v1::{ModuleRemoved, ReuseLicence, Skill};
use studium_testkit::{given, laws};

fn ann() -> By {
    By::of("ann", "ou")
}

fn bob() -> By {
    By::of("bob", "ou")
}

fn registrar() -> By {
    By::platform("registrar")
}

fn created() -> Event {
    Event::CourseCreated(CourseCreated { institution_id: "ou".into(), kind: "COURSE".into(), title: "Bread".into() })
}

fn joined(author: &str) -> Event {
    Event::CourseAuthorJoined(CourseAuthorJoined { author_id: author.into() })
}

fn description(title: &str) -> CourseDescribed {
    CourseDescribed { title: title.into(), language: "English".into(), ..CourseDescribed::default() }
}

fn described(title: &str) -> Event {
    Event::CourseDescribed(description(title))
}

fn outcomes() -> CourseOutcomesSet {
    CourseOutcomesSet { outcomes: vec!["bakes bread".into()] }
}

fn workload(minutes: u32) -> CourseWorkloadSet {
    CourseWorkloadSet { study_minutes: minutes, ..CourseWorkloadSet::default() }
}

fn submitted() -> Event {
    Event::CourseSubmitted(CourseSubmitted { submitted_by: "ann".into() })
}

fn approved() -> Event {
    Event::CourseApproved(CourseApproved { reviewer_id: "bob".into(), comment: String::new() })
}

fn published(version: u32) -> Event {
    Event::CoursePublished(CoursePublished { version, imported: false })
}

fn retired() -> Event {
    Event::CourseRetired(CourseRetired { reason: "old".into() })
}

/// A draft of Ann's with all that a version needs.
fn complete() -> Vec<Event> {
    vec![
        created(),
        joined("ann"),
        described("Bread"),
        Event::CourseOutcomesSet(outcomes()),
        Event::CourseWorkloadSet(workload(600)),
    ]
}

/// The same, offered as version 1.
fn offered() -> Vec<Event> {
    [complete(), vec![submitted(), approved(), published(1)]].concat()
}

fn with(past: Vec<Event>, more: &[Event]) -> Vec<Event> {
    [past, more.to_vec()].concat()
}

fn create(institution_known: bool) -> Command {
    let Event::CourseCreated(course) = created() else { unreachable!() };
    Command::Create { course, institution_known }
}

#[test]
fn a_key_is_one_course_of_one_institution() {
    given::<Course>(&[]).when(ann().asks(create(true))).then(&[created(), joined("ann")]);
    given::<Course>(&[]).when(ann().asks(create(false))).refused(Reason::InstitutionNotFound);
    given::<Course>(&[]).when(By::of("eve", "mit").asks(create(true))).refused(Reason::NotYourInstitution);
    let other = CourseCreated { institution_id: "mit".into(), ..CourseCreated::default() };
    given::<Course>(&complete())
        .when(registrar().asks(Command::Create { course: other, institution_known: true }))
        .refused(Reason::CourseExists);
    given::<Course>(&[]).when(ann().asks(Command::Submit)).refused(Reason::CourseNotFound);
}

#[test]
fn only_the_provider_writes() {
    let rename = Command::Describe(description("Cake"));
    given::<Course>(&complete()).when(ann().asks(rename.clone())).then(&[described("Cake")]);
    given::<Course>(&complete()).when(By::of("eve", "mit").asks(rename.clone())).refused(Reason::NotYourInstitution);
    given::<Course>(&complete()).when(registrar().asks(rename)).then(&[described("Cake"), joined("registrar")]);
}

#[test]
fn what_is_said_again_is_already_so() {
    given::<Course>(&complete()).when(bob().asks(Command::Describe(description("Bread")))).nothing();
    given::<Course>(&complete()).when(bob().asks(Command::SetOutcomes(outcomes()))).nothing();
    given::<Course>(&complete()).when(bob().asks(Command::SetWorkload(workload(600)))).nothing();
}

#[test]
fn credits_are_offered_per_scheme() {
    let offer = CourseCreditOffered { scheme: 1, credits_milli: 5_000, ..CourseCreditOffered::default() };
    let more = CourseCreditOffered { credits_milli: 6_000, ..offer.clone() };
    let withdrawn = CourseCreditOfferWithdrawn { scheme: 1 };
    let past = with(complete(), &[Event::CourseCreditOffered(offer)]);
    let course = given::<Course>(&past)
        .when(ann().asks(Command::OfferCredit(more.clone())))
        .then(&[Event::CourseCreditOffered(more)]);
    assert_eq!(course.page.credit_offers.len(), 1);
    given::<Course>(&past)
        .when(ann().asks(Command::WithdrawCreditOffer(withdrawn)))
        .then(&[Event::CourseCreditOfferWithdrawn(withdrawn)]);
    given::<Course>(&complete()).when(ann().asks(Command::WithdrawCreditOffer(withdrawn))).nothing();
}

#[test]
fn the_tree_is_a_tree_and_versions_are_without_gaps() {
    laws::hold::<Course>(histories::any_command(), histories::keeps);
}
