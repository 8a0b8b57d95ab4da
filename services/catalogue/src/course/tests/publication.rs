//! The way of a course to publication, and back to the desk.

use super::*;

#[test]
fn a_version_has_all_that_it_needs() {
    let bare = [created(), joined("ann")];
    let no = given::<Course>(&bare).when(ann().asks(Command::Submit)).refused(Reason::Incomplete);
    assert_eq!(no.detail, "still missing: the language, learning outcomes, the workload");
    given::<Course>(&complete()).when(ann().asks(Command::Submit)).then(&[submitted()]);
}

#[test]
fn nobody_reviews_what_they_wrote() {
    let approve = Command::Approve { comment: String::new() };
    let past = with(complete(), &[submitted()]);
    given::<Course>(&past).when(ann().asks(approve.clone())).refused(Reason::ReviewerIsAuthor);
    given::<Course>(&past).when(bob().asks(approve.clone())).then(&[approved()]);
    // Whoever wrote a sentence of it is an author, whoever handed it in.
    let past = with(complete(), &[described("Cake"), joined("bob"), submitted()]);
    given::<Course>(&past).when(bob().asks(approve.clone())).refused(Reason::ReviewerIsAuthor);
    given::<Course>(&complete()).when(bob().asks(approve.clone())).refused(Reason::NotInReview);
    // Authors of an earlier version may review the next.
    let past = with(offered(), &[described("Cake"), joined("bob"), submitted_by("bob")]);
    let approved = Event::CourseApproved(CourseApproved { reviewer_id: "ann".into(), comment: String::new() });
    given::<Course>(&past).when(ann().asks(approve)).then(&[approved]);
}

fn submitted_by(who: &str) -> Event {
    Event::CourseSubmitted(CourseSubmitted { submitted_by: who.into() })
}

#[test]
fn nothing_changes_under_a_reviewer() {
    let rename = || ann().asks(Command::Describe(description("Cake")));
    given::<Course>(&with(complete(), &[submitted()])).when(rename()).refused(Reason::InReview);
    given::<Course>(&with(complete(), &[submitted(), approved()])).when(rename()).refused(Reason::InReview);
    let wanted = || Command::RequestChanges { comment: "more salt".into() };
    let event = Event::CourseChangesRequested(CourseChangesRequested {
        reviewer_id: "bob".into(),
        comment: "more salt".into(),
    });
    let past = with(complete(), &[submitted()]);
    given::<Course>(&past).when(bob().asks(wanted())).then(std::slice::from_ref(&event));
    given::<Course>(&with(past, &[event])).when(rename()).then(&[described("Cake")]);
    given::<Course>(&complete()).when(bob().asks(wanted())).refused(Reason::NotInReview);
}

#[test]
fn each_publication_is_a_version() {
    given::<Course>(&with(complete(), &[submitted()])).when(ann().asks(Command::Publish)).refused(Reason::NotApproved);
    let past = with(complete(), &[submitted(), approved()]);
    let course = given::<Course>(&past).when(ann().asks(Command::Publish)).then(&[published(1)]);
    assert_eq!(course.offered_version(), 1);
    given::<Course>(&offered()).when(ann().asks(Command::Submit)).refused(Reason::NothingToReview);
    let next = with(offered(), &[described("Cake"), joined("ann"), submitted(), approved()]);
    given::<Course>(&next).when(ann().asks(Command::Publish)).then(&[published(2)]);
    // What is offered stays so while the next version is written.
    let writing: Course = studium_kit::replay(&with(offered(), &[described("Cake")]));
    assert_eq!(writing.offered_version(), 1);
}

#[test]
fn retirement_is_final() {
    let retire = Command::Retire { reason: "old".into() };
    let course = given::<Course>(&offered()).when(ann().asks(retire)).then(&[retired()]);
    assert_eq!((course.offered_version(), course.is_retired()), (0, true));
    let past = with(offered(), &[retired()]);
    for command in [Command::Describe(description("Cake")), Command::Submit, Command::Publish] {
        given::<Course>(&past).when(ann().asks(command)).refused(Reason::CourseRetired);
    }
}
