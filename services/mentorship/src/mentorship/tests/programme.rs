//! A mentorship follows its programme: joined and paid, suspended, left, completed.

use super::*;
use std::slice::from_ref;
use studium_testkit::given;

fn join(is_paid: bool) -> Command {
    Command::Join { institution_id: "ou".into(), programme_version: 1, is_paid }
}

fn announced() -> Event {
    Event::MentorshipAnnounced(MentorshipAnnounced { institution_id: "ou".into(), programme_version: 1 })
}

fn resumed() -> Event {
    Event::MentorshipResumed(MentorshipResumed {})
}

#[test]
fn a_mentor_is_sought_once_the_programme_is_paid() {
    given::<Mentorship>(&[]).when(ask(join(true))).then(&[requested(1)]);
    given::<Mentorship>(&[]).when(ask(join(false))).then(&[announced()]);
    given::<Mentorship>(&[announced()]).when(ask(Command::Settle)).then(&[requested(1)]);
    // A payment for a programme without mentorship asks for nobody.
    given::<Mentorship>(&[]).when(ask(Command::Settle)).nothing();
    given::<Mentorship>(&[announced()]).when(ask(propose("mia"))).then(&[passed_over("mia")]);
    given::<Mentorship>(&[announced()]).when(ask(assign("mia"))).refused(Reason::MentorshipNotPaid);
}

#[test]
fn staff_asks_where_the_programme_does_not() {
    let request = || Command::Request { institution_id: "ou".into(), source: RequestSource::Staff };
    let by_staff = Event::MentorshipRequested(MentorshipRequested {
        round: 1,
        source: RequestSource::Staff as i32,
        institution_id: "ou".into(),
        programme_version: 0,
    });
    given::<Mentorship>(&[]).when(staff_of("ou", request())).then(&[by_staff]);
    given::<Mentorship>(&[]).when(staff_of("mit", request())).refused(Reason::NotYourInstitution);
    given::<Mentorship>(&has_mia()).when(ask(request())).nothing();
    given::<Mentorship>(&has_mia())
        .when(staff_of("mit", end(MentorshipEnd::Staff)))
        .refused(Reason::NotYourInstitution);
}

#[test]
fn who_rests_keeps_the_mentor_and_is_proposed_to_nobody() {
    let not_needed = ended_proposal(1, "mia", ProposalEnd::NotNeeded);
    given::<Mentorship>(&asked_mia()).when(ask(Command::Pause)).then(&[not_needed.clone(), paused()]);
    let rests = then(asked_mia(), &[not_needed, paused()]);
    given::<Mentorship>(&rests).when(ask(propose("noa"))).then(&[passed_over("noa")]);
    given::<Mentorship>(&rests).when(ask(assign("noa"))).refused(Reason::MentorshipPaused);
    given::<Mentorship>(&rests).when(ask(accept("mia"))).refused(Reason::MentorshipPaused);
    given::<Mentorship>(&rests).when(ask(Command::Resume)).then(&[resumed()]);
    let state = given::<Mentorship>(&has_mia()).when(ask(Command::Pause)).then(&[paused()]);
    assert_eq!(state.mentor(), Some("mia"));
    given::<Mentorship>(&has_mia()).when(ask(Command::Resume)).nothing();
    // What is paid during a rest is sought after it.
    let paid = given::<Mentorship>(&[announced(), paused()]).when(ask(Command::Settle)).then(&[requested(1)]);
    assert!(!paid.is_seeking());
}

#[test]
fn it_ends_with_the_programme_and_frees_the_mentor() {
    let left = ended(MentorshipEnd::Withdrawn, "mia", 1);
    given::<Mentorship>(&has_mia()).when(ask(end(MentorshipEnd::Withdrawn))).then(from_ref(&left));
    let open = ended_proposal(1, "mia", ProposalEnd::NotNeeded);
    let nobody = ended(MentorshipEnd::Completed, "", 0);
    given::<Mentorship>(&asked_mia()).when(ask(end(MentorshipEnd::Completed))).then(&[open, nobody]);
    given::<Mentorship>(&[]).when(ask(end(MentorshipEnd::Withdrawn))).nothing();
    let over = then(has_mia(), &[left]);
    for command in [assign("noa"), hand_over(HandOverCause::Learner)] {
        given::<Mentorship>(&over).when(ask(command)).refused(Reason::MentorshipEnded);
    }
    given::<Mentorship>(&over).when(ask(Command::Pause)).nothing();
    // Who comes back begins again.
    given::<Mentorship>(&over).when(ask(join(true))).then(&[requested(2)]);
}

#[test]
fn a_learner_says_how_content_the_learner_is() {
    let rate = |stars| ask(Command::Rate { stars, comment: String::new() });
    let rated = |stars, previous_stars| {
        let (mentor_id, comment) = ("mia".to_owned(), String::new());
        Event::MentorRated(MentorRated { mentor_id, stars, previous_stars, comment })
    };
    given::<Mentorship>(&has_mia()).when(rate(4)).then(&[rated(4, 0)]);
    given::<Mentorship>(&then(has_mia(), &[rated(4, 0)])).when(rate(5)).then(&[rated(5, 4)]);
    let over = then(has_mia(), &[ended(MentorshipEnd::Completed, "mia", 1)]);
    given::<Mentorship>(&over).when(rate(5)).then(&[rated(5, 0)]);
    given::<Mentorship>(&asked_mia()).when(rate(5)).refused(Reason::NoMentorYet);
    given::<Mentorship>(&[]).when(rate(5)).refused(Reason::MentorshipNotFound);
}
