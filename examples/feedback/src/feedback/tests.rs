//! The rules of a feedback as sentences, and their laws on random histories.

use super::*;
use proptest::prelude::*;
use studium_kit::By;
use studium_testkit::{given, laws};

fn rated(rating: u32) -> FeedbackLeft {
    FeedbackLeft { rating, comment: "clear".to_owned(), institution_id: "ku".to_owned(), ..FeedbackLeft::default() }
}

fn left(rating: u32) -> Event {
    Event::FeedbackLeft(rated(rating))
}

fn leave(rating: u32, is_finished: bool) -> Asked<Command> {
    By::platform(0).asks(Command::Leave { is_finished, feedback: rated(rating) })
}

fn of(institution: &str, command: Command) -> Asked<Command> {
    By { at_ms: 0, institution: Some(institution.to_owned()) }.asks(command)
}

fn hide() -> Command {
    Command::Hide { reason: "names a person".to_owned() }
}

fn hidden() -> Event {
    Event::FeedbackHidden(FeedbackHidden { reason: "names a person".to_owned() })
}

#[test]
fn who_finished_leaves_one_feedback_and_changes_it() {
    given::<Feedback>(&[]).when(leave(4, true)).then(&[left(4)]);
    given::<Feedback>(&[left(4)]).when(leave(5, true)).then(&[left(5)]);
    given::<Feedback>(&[]).when(leave(4, false)).refused(Reason::NotFinished);
}

#[test]
fn staff_of_the_institution_hides_and_shows() {
    given::<Feedback>(&[left(1)]).when(of("ku", hide())).then(&[hidden()]);
    given::<Feedback>(&[left(1), hidden()])
        .when(of("ku", Command::Show))
        .then(&[Event::FeedbackShown(FeedbackShown {})]);
    given::<Feedback>(&[left(1)]).when(of("ou", hide())).refused(Reason::NotYourInstitution);
    given::<Feedback>(&[]).when(of("ku", hide())).refused(Reason::FeedbackNotFound);
}

#[test]
fn what_is_hidden_stays_so_when_it_is_changed() {
    let changed = given::<Feedback>(&[left(1), hidden()]).when(leave(2, true)).then(&[left(2)]);
    assert!(changed.is_hidden);
}

#[test]
fn laws_hold() {
    let any_command = prop_oneof![
        (1..=5_u32, any::<bool>()).prop_map(|(rating, is_finished)| leave(rating, is_finished)),
        prop_oneof![Just("ku"), Just("ou")].prop_map(|it| of(it, hide())),
        prop_oneof![Just("ku"), Just("ou")].prop_map(|it| of(it, Command::Show)),
    ];
    // Nothing is hidden that was never left.
    laws::hold::<Feedback>(any_command, |it| {
        if it.left.is_some() || !it.is_hidden { Ok(()) } else { Err("hidden, and nothing was left".to_owned()) }
    });
}
