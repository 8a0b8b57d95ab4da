//! To whom a question goes: at first, and when something happens to whom it waits for.

use super::*;

fn rerouted(from: &str, to: &str, cause: RerouteCause, mentor: &str, proposal: u32) -> Event {
    Event::ConversationRerouted(ConversationRerouted {
        question: 1,
        from_id: from.into(),
        to_id: to.into(),
        cause: cause as i32,
        mentor_id: mentor.into(),
        proposal,
    })
}

fn follow(facts: Facts) -> Asked<Command> {
    at(T + HOUR, Command::Follow(Box::new(facts)))
}

/// What is known when mia, whom the question waits for, cannot take it, and `to` can.
fn away(cause: RerouteCause, to: &str) -> Facts {
    Facts { addressee_id: "mia".into(), unfit: cause, instead: cause, to_id: to.into(), ..facts() }
}

#[test]
fn a_question_for_who_is_away_goes_to_a_stand_in_at_once() {
    for cause in [RerouteCause::Paused, RerouteCause::Leaving, RerouteCause::Blocked] {
        let away = |to: &str| Facts { instead: cause, to_id: to.into(), ..facts() };
        talk(&[]).when(at(T, ask_with("q", away("sam")))).then(&[asked(), rerouted("mia", "sam", cause, "mia", 1)]);
        talk(&[]).when(at(T, ask_with("q", away("")))).then(&[asked(), rerouted("mia", "", cause, "mia", 1)]);
    }
}

#[test]
fn who_waits_for_a_mentor_asks_staff() {
    let none = Facts {
        standing: MentorshipState::Waiting,
        mentor_id: String::new(),
        to_id: String::new(),
        proposal: 0,
        ..facts()
    };
    let none_yet = QuestionAsked {
        mentor_id: String::new(),
        addressee_id: String::new(),
        proposal: 0,
        ..asked_event(1, 1, "q", T)
    };
    let past = [Event::QuestionAsked(none_yet)];
    talk(&[]).when(at(T, ask_with("q", none))).then(&past);
    // The mentor who comes takes it, and the clock does not notice.
    let state = talk(&past).when(follow(facts())).then(&[rerouted("", "mia", RerouteCause::HandedOver, "mia", 1)]);
    assert_eq!(state.clock.answer_by_ms, T + 4 * HOUR);
}

#[test]
fn a_question_that_waits_leaves_who_goes_away() {
    for cause in [RerouteCause::Paused, RerouteCause::Leaving, RerouteCause::Blocked] {
        talk(&[asked()]).when(follow(away(cause, "sam"))).then(&[rerouted("mia", "sam", cause, "mia", 1)]);
        talk(&[asked()]).when(follow(away(cause, ""))).then(&[rerouted("mia", "", cause, "mia", 1)]);
        // What is answered waits for nobody.
        talk(&[asked(), answered()]).when(follow(away(cause, "sam"))).nothing();
    }
    // What was looked up of somebody else is late news.
    let past = [asked(), rerouted("mia", "sam", RerouteCause::Paused, "mia", 1)];
    talk(&past).when(follow(away(RerouteCause::Paused, "eve"))).nothing();
    talk(&past).when(follow(Facts { addressee_id: "sam".into(), ..facts() })).nothing();
}

#[test]
fn the_next_mentor_takes_over_with_the_clock_as_it_is() {
    let next = Facts { mentor_id: "ben".into(), to_id: "ben".into(), proposal: 2, ..facts() };
    let handed_over = rerouted("mia", "ben", RerouteCause::HandedOver, "ben", 2);
    let state = talk(&[asked(), reminded()]).when(follow(next.clone())).then(std::slice::from_ref(&handed_over));
    assert_eq!((state.clock.answer_by_ms, state.clock.reminded), (T + 4 * HOUR, true));
    talk(&[asked(), answered()]).when(follow(next.clone())).then(std::slice::from_ref(&handed_over));
    // The one before does not come back with late news.
    talk(&[asked(), handed_over]).when(follow(facts())).nothing();
    // A next mentor who is away has a stand-in.
    let away = Facts { instead: RerouteCause::Paused, to_id: "sam".into(), ..next };
    talk(&[asked()]).when(follow(away)).then(&[rerouted("mia", "sam", RerouteCause::Paused, "ben", 2)]);
}

#[test]
fn the_end_of_the_mentorship_closes_what_is_open() {
    let ended = Facts { standing: MentorshipState::Ended, mentor_id: String::new(), to_id: String::new(), ..facts() };
    let end = ConversationEnd::MentorshipEnded;
    talk(&[asked()]).when(follow(ended.clone())).then(&[closed(end, true)]);
    talk(&[asked(), answered()]).when(follow(ended.clone())).then(&[closed(end, false)]);
    talk(&[asked(), closed(ConversationEnd::Solved, true)]).when(follow(ended.clone())).nothing();
    talk(&[]).when(follow(ended)).nothing();
}
