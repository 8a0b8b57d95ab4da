//! Who may answer, and what comes of an answer.

use super::*;

#[test]
fn the_first_answer_stops_the_clock_and_passes_the_turn() {
    let state = talk(&[asked()]).when(at(T + HOUR, answer("a"))).then(&[answered()]);
    assert_eq!(state.state, ConversationState::AwaitingLearner);
}

#[test]
fn an_answer_is_within_the_promise_to_the_last_millisecond() {
    talk(&[asked()]).when(at(T + 4 * HOUR, answer("a"))).then(&[Event::AnswerGiven(answered_after(4 * HOUR))]);
    let late = answered_after(4 * HOUR + 1);
    assert!(!late.within_promise);
    talk(&[asked()]).when(at(T + 4 * HOUR + 1, answer("a"))).then(&[Event::AnswerGiven(late)]);
}

#[test]
fn of_two_answers_at_once_both_are_kept_and_the_first_counts() {
    let second = AnswerGiven {
        message_id: "b".into(),
        message: 3,
        text: "text of b".into(),
        first: false,
        waited_ms: 0,
        within_promise: false,
        nudge_at_ms: 0,
        time_out_at_ms: 0,
        answered_at_ms: T + 2 * HOUR,
        ..answered_after(HOUR)
    };
    let state = talk(&[asked(), answered()]).when(at(T + 2 * HOUR, answer("b"))).then(&[Event::AnswerGiven(second)]);
    assert_eq!((state.state, state.said.len()), (ConversationState::AwaitingLearner, 3));
    assert_eq!(state.silence.time_out_at_ms, T + HOUR + 28 * DAY);
}

#[test]
fn an_answer_that_crosses_the_close_is_kept_and_opens_nothing() {
    let late = AnswerGiven { nudge_at_ms: 0, time_out_at_ms: 0, ..answered_after(3 * HOUR) };
    for end in [ConversationEnd::NotNeeded, ConversationEnd::MentorshipEnded] {
        let past = [asked(), closed(end, true)];
        let state = talk(&past).when(at(T + 3 * HOUR, answer("a"))).then(&[Event::AnswerGiven(late.clone())]);
        assert_eq!((state.state, state.clock.answered), (ConversationState::Closed, true));
    }
    talk(&[asked(), answered()]).when(close("ada", true)).then(&[closed(ConversationEnd::Solved, false)]);
}

#[test]
fn the_addressee_the_mentor_and_staff_answer_and_nobody_else() {
    let judged = |past: &[Event], author: &Author| {
        let state: Conversation = studium_kit::replay(past);
        state.may_answer(&By::platform(T), author).map_err(|it| it.reason)
    };
    let to_sam = Event::ConversationRerouted(ConversationRerouted {
        question: 1,
        from_id: "mia".into(),
        to_id: "sam".into(),
        cause: RerouteCause::Paused as i32,
        mentor_id: "mia".into(),
        proposal: 1,
    });
    let past = [asked(), to_sam.clone()];
    assert_eq!(judged(&past, &mentor("sam")), Ok(SpeakerRole::StandIn));
    // Who was the addressee a moment ago and is the mentor still is heard; so is the mentor who just came.
    assert_eq!(judged(&past, &mentor("mia")), Ok(SpeakerRole::Mentor));
    assert_eq!(judged(&past, &Author { is_mentor: true, ..mentor("new") }), Ok(SpeakerRole::Mentor));
    assert_eq!(judged(&past, &mentor("eve")), Err(Reason::NotTheAddressee));
    let staff = Author { id: "office".into(), is_staff: true, ..Author::default() };
    assert_eq!(judged(&past, &staff), Ok(SpeakerRole::Staff));
    assert_eq!(judged(&past, &mentor("ada")), Err(Reason::NobodyMentorsHimself));
    assert_eq!(judged(&past, &Author { is_blocked: true, ..mentor("sam") }), Err(Reason::PairIsBlocked));
    assert_eq!(judged(&past, &Author { is_blocked: true, ..mentor("mia") }), Err(Reason::PairIsBlocked));
    assert_eq!(judged(&[], &mentor("mia")), Err(Reason::ConversationNotFound));
    // Who answered here goes on, also when the question belongs to somebody else by now.
    let by_sam = AnswerGiven { author_id: "sam".into(), role: SpeakerRole::StandIn as i32, ..answered_after(HOUR) };
    let past = [asked(), to_sam, Event::AnswerGiven(by_sam), Event::QuestionAsked(asked_event(2, 3, "r", T + DAY))];
    assert_eq!(judged(&past, &mentor("sam")), Ok(SpeakerRole::StandIn));
    let by = By { at_ms: T, institution: Some("mit".into()) };
    let state: Conversation = studium_kit::replay(&past);
    assert_eq!(state.may_answer(&by, &staff).map_err(|it| it.reason), Err(Reason::NotYourInstitution));
}

#[test]
fn an_escalated_question_is_open_to_stand_ins_of_the_house() {
    let judged = |past: &[Event], author: &Author| {
        let state: Conversation = studium_kit::replay(past);
        state.may_answer(&By::platform(T), author).map_err(|it| it.reason)
    };
    let past = [asked(), reminded(), escalated()];
    let of = |institution: &str| Author { institution_id: institution.into(), ..mentor("eve") };
    assert_eq!(judged(&past[..2], &of("")), Err(Reason::NotTheAddressee));
    assert_eq!(judged(&past, &of("")), Ok(SpeakerRole::StandIn));
    assert_eq!(judged(&past, &of("ou")), Ok(SpeakerRole::StandIn));
    assert_eq!(judged(&past, &of("mit")), Err(Reason::NotYourInstitution));
    for state in [MentorState::Unspecified, MentorState::Paused, MentorState::Leaving, MentorState::Left] {
        assert_eq!(judged(&past, &Author { state, ..of("") }), Err(Reason::StandInIsAway));
    }
    assert_eq!(judged(&past, &Author { is_blocked: true, ..of("") }), Err(Reason::PairIsBlocked));
    // Two stand-ins at once: the second is heard, too.
    let first = Event::AnswerGiven(AnswerGiven { author_id: "eve".into(), ..answered_after(5 * HOUR) });
    let past = [asked(), reminded(), escalated(), first];
    assert_eq!(judged(&past, &mentor("sam")), Ok(SpeakerRole::StandIn));
    // A new question is not late yet.
    let past = [&past[..], &[Event::QuestionAsked(asked_event(2, 3, "r", T + DAY))]].concat();
    assert_eq!(judged(&past, &mentor("sam")), Err(Reason::NotTheAddressee));
}
