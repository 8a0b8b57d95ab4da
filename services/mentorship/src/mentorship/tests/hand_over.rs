//! A learner goes from one mentor to another without a gap.

use super::*;
use std::slice::from_ref;
use studium_proto::mentorship::v1::{HandOverCancelled, HandOverOverdue};
use studium_testkit::given;

fn cancelled() -> Event {
    Event::HandOverCancelled(HandOverCancelled { mentor_id: "mia".into() })
}

#[test]
fn the_mentor_stays_until_the_successor_is_there() {
    let asks = hands_over("mia", HandOverCause::Learner);
    given::<Mentorship>(&has_mia()).when(ask(hand_over(HandOverCause::Learner))).then(from_ref(&asks));
    let past = then(has_mia(), &[asks]);
    let state = given::<Mentorship>(&past).when(ask(propose("noa"))).then(&[proposed(2, "noa")]);
    assert_eq!(state.mentor(), Some("mia"));
    let past = then(past, &[proposed(2, "noa"), opened(2, "noa")]);
    let state = given::<Mentorship>(&past).when(ask(accept("noa"))).then(&[took_over(2, "noa", ("mia", 1))]);
    assert_eq!((state.mentor(), state.hand_over.is_none()), (Some("noa"), true));
    given::<Mentorship>(&asked_mia()).when(ask(hand_over(HandOverCause::Learner))).refused(Reason::NoMentorYet);
    given::<Mentorship>(&past).when(ask(propose("mia"))).nothing();
}

#[test]
fn only_the_mentor_speaks_as_the_mentor() {
    let by = |mentor: &str| Command::HandOver {
        mentor_id: mentor.into(),
        cause: HandOverCause::Mentor,
        within_minutes: 21 * DAY,
        reason: String::new(),
    };
    given::<Mentorship>(&has_mia()).when(ask(by("noa"))).refused(Reason::NotTheMentor);
    given::<Mentorship>(&has_mia()).when(ask(by("mia"))).then(&[hands_over("mia", HandOverCause::Mentor)]);
    let past = then(has_mia(), &[hands_over("mia", HandOverCause::Mentor)]);
    let cancel = |mentor: &str| Command::CancelHandOver { mentor_id: mentor.into() };
    given::<Mentorship>(&past).when(ask(cancel("noa"))).refused(Reason::NotTheMentor);
    given::<Mentorship>(&past).when(ask(cancel("mia"))).then(&[cancelled()]);
}

#[test]
fn who_leaves_hands_over_and_cannot_take_it_back() {
    let leave = Command::Away { mentor_id: "mia".into(), leaves_within_minutes: Some(21 * DAY) };
    let leaves = hands_over("mia", HandOverCause::MentorLeaves);
    given::<Mentorship>(&has_mia()).when(ask(leave.clone())).then(from_ref(&leaves));
    // What the learner began now stands.
    let past = then(has_mia(), &[hands_over("mia", HandOverCause::Learner)]);
    given::<Mentorship>(&past).when(ask(leave)).then(from_ref(&leaves));
    let cancel = || ask(Command::CancelHandOver { mentor_id: String::new() });
    given::<Mentorship>(&then(has_mia(), &[leaves])).when(cancel()).refused(Reason::HandOverStands);
    given::<Mentorship>(&has_mia()).when(cancel()).nothing();
    let replaced = ended_proposal(2, "noa", ProposalEnd::Replaced);
    let past = then(past, &[proposed(2, "noa")]);
    given::<Mentorship>(&past).when(cancel()).then(&[replaced, cancelled()]);
}

#[test]
fn a_blocked_pair_has_no_contact_and_never_meets_again() {
    let bar = || ask(Command::Bar { mentor_id: "mia".into(), within_minutes: 21 * DAY });
    let barred = hands_over("mia", HandOverCause::Blocked);
    given::<Mentorship>(&has_mia()).when(bar()).then(from_ref(&barred));
    given::<Mentorship>(&asked_mia()).when(bar()).then(&[ended_proposal(1, "mia", ProposalEnd::Blocked)]);
    let past = then(has_mia(), &[barred, chosen(2, "noa"), took_over(2, "noa", ("mia", 1))]);
    given::<Mentorship>(&past).when(ask(assign("mia"))).refused(Reason::PairIsBlocked);
    // It comes on top of a hand-over that is under way.
    let past = then(has_mia(), &[hands_over("mia", HandOverCause::MentorLeaves)]);
    let state = given::<Mentorship>(&past).when(bar()).then(&[hands_over("mia", HandOverCause::Blocked)]);
    assert_eq!(state.mentor(), Some("mia"));
}

#[test]
fn an_overdue_hand_over_is_told_once() {
    let past = then(has_mia(), &[hands_over("mia", HandOverCause::Learner)]);
    let overdue = Event::HandOverOverdue(HandOverOverdue { mentor_id: "mia".into() });
    let due = |due_ms| ask(Command::Overdue { due_ms });
    given::<Mentorship>(&past).when(due(NOW + 21 * DAY_MS)).then(&[overdue]);
    // A deadline of an earlier hand-over says nothing of this one.
    given::<Mentorship>(&past).when(due(NOW)).nothing();
    given::<Mentorship>(&has_mia()).when(due(NOW)).nothing();
}
