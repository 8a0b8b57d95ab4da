//! What can be done with a session, when, and by whom; and what never changes about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::Strategy;
use studium_proto::mentorship::v1::{
    MentorTimeHeld, RescheduleRefused, RescheduleRequested, SessionRefused, SessionRescheduled, SessionScheduled,
};
use studium_testkit::{given, laws};

const START: i64 = 1_000_000;
const OTHER: i64 = 2_000_000;

fn at(at_ms: i64, command: Command) -> Asked<Command> {
    By::platform(at_ms).asks(command)
}

fn ada() -> Who {
    Who::Learner("ada".into())
}

fn mia() -> Who {
    Who::Mentor("mia".into())
}

fn active() -> Facts {
    Facts {
        state: MentorshipState::Active,
        mentor_id: "mia".into(),
        institution_id: "ou".into(),
        barred: false,
        away_until_ms: None,
    }
}

fn wish() -> Wish {
    let (programme_id, learner_id, topic) = ("p".into(), "ada".into(), "Which job?".into());
    Wish { programme_id, learner_id, kind: SessionKind::CareerPlanning, start_ms: START, minutes: 60, topic }
}

fn schedule(who: Who, wish: Wish, facts: Facts) -> Asked<Command> {
    at(1_000, Command::Act(who, Act::Schedule(wish, facts)))
}

fn requested(asker: SessionAsker) -> Event {
    let (programme_id, institution_id, topic) = ("p".into(), "ou".into(), "Which job?".into());
    let (mentor_id, learner_id) = ("mia".into(), "ada".into());
    let kind = SessionKind::CareerPlanning.into();
    Event::SessionRequested(SessionRequested {
        programme_id,
        learner_id,
        mentor_id,
        institution_id,
        kind,
        round: 1,
        start_ms: START,
        minutes: 60,
        topic,
        asker: asker.into(),
    })
}

fn mentor_holds(round: u32, start_ms: i64) -> Event {
    let (mentor_id, learner_id) = ("mia".into(), "ada".into());
    Event::MentorTimeHeld(MentorTimeHeld { round, mentor_id, learner_id, start_ms, minutes: 60 })
}

fn scheduled() -> Event {
    let (mentor_id, learner_id) = ("mia".into(), "ada".into());
    Event::SessionScheduled(SessionScheduled { round: 1, mentor_id, learner_id, start_ms: START, minutes: 60 })
}

fn refused(by: SessionSide, refusal: SlotRefusal) -> Event {
    let (mentor_id, learner_id) = ("mia".into(), "ada".into());
    let (refused_by, refusal) = (by.into(), refusal.into());
    Event::SessionRefused(SessionRefused { round: 1, mentor_id, learner_id, refused_by, refusal })
}

/// Asked for and agreed.
fn agreed() -> Vec<Event> {
    vec![requested(SessionAsker::Learner), mentor_holds(1, START), scheduled()]
}

fn reschedule(start_ms: i64, facts: Facts) -> Asked<Command> {
    at(1_000, Command::Act(mia(), Act::Reschedule { start_ms, minutes: 0, facts }))
}

fn asked_anew() -> Event {
    let (mentor_id, learner_id) = ("mia".into(), "ada".into());
    let asker = SessionAsker::Mentor.into();
    let minutes = 60;
    Event::RescheduleRequested(RescheduleRequested { round: 2, mentor_id, learner_id, start_ms: OTHER, minutes, asker })
}

/// Agreed, and another time is asked for.
fn moving() -> Vec<Event> {
    agreed().into_iter().chain([asked_anew()]).collect()
}

fn moved() -> Event {
    let (mentor_id, learner_id) = ("mia".into(), "ada".into());
    Event::SessionRescheduled(SessionRescheduled {
        round: 2,
        mentor_id,
        learner_id,
        start_ms: OTHER,
        minutes: 60,
        previous_round: 1,
        previous_start_ms: START,
    })
}

fn answer(side: SessionSide, round: u32, refusal: Option<SlotRefusal>) -> Asked<Command> {
    at(1_000, Command::Answer { side, round, refusal })
}

fn cancelled(round: u32, cause: SessionCancelCause, reason: &str) -> Event {
    let (mentor_id, learner_id, reason) = ("mia".into(), "ada".into(), reason.into());
    Event::SessionCancelled(SessionCancelled { mentor_id, learner_id, round, cause: cause.into(), reason })
}

fn act(at_ms: i64, who: Who, act: Act) -> Asked<Command> {
    at(at_ms, Command::Act(who, act))
}

fn cancel(reason: &str) -> Act {
    Act::Cancel { reason: reason.into() }
}

fn todo(text: &str) -> ActionItemSet {
    ActionItemSet { text: text.into(), due_ms: 5_000_000 }
}

fn hold(notes: &str) -> Act {
    Act::Hold { notes: notes.into(), action_items: vec![todo("Write"), todo("Send")] }
}

fn took_place() -> Event {
    let (mentor_id, learner_id, notes) = ("mia".into(), "ada".into(), "Good".into());
    Event::SessionHeld(SessionHeld { mentor_id, learner_id, notes, action_items: vec![todo("Write"), todo("Send")] })
}

fn did_not_come(absent: SessionSide) -> Event {
    let (mentor_id, learner_id) = ("mia".into(), "ada".into());
    Event::SessionNoShow(SessionNoShow { mentor_id, learner_id, absent: absent.into() })
}

#[test]
fn learner_mentor_and_office_ask_for_sessions() {
    for (who, asker) in
        [(ada(), SessionAsker::Learner), (mia(), SessionAsker::Mentor), (Who::Office, SessionAsker::Office)]
    {
        given::<Session>(&[]).when(schedule(who, wish(), active())).then(&[requested(asker)]);
    }
    let stranger = schedule(Who::Mentor("bea".into()), wish(), active());
    given::<Session>(&[]).when(stranger).refused(Reason::NotTheMentor);
    let other = schedule(Who::Learner("bob".into()), wish(), active());
    given::<Session>(&[]).when(other).refused(Reason::NotYourSession);
    let staff = |institution: &str| {
        let by = By { at_ms: 1_000, institution: Some(institution.into()) };
        by.asks(Command::Act(Who::Office, Act::Schedule(wish(), active())))
    };
    given::<Session>(&[]).when(staff("ou")).then(&[requested(SessionAsker::Office)]);
    given::<Session>(&[]).when(staff("mit")).refused(Reason::NotYourInstitution);
}

#[test]
fn only_an_active_mentorship_with_contact_has_sessions() {
    let cases = [
        (MentorshipState::Unspecified, Reason::MentorshipNotFound),
        (MentorshipState::Announced, Reason::MentorshipNotPaid),
        (MentorshipState::Waiting, Reason::NoMentorYet),
        (MentorshipState::Paused, Reason::MentorshipPaused),
        (MentorshipState::Ended, Reason::MentorshipEnded),
    ];
    for (state, reason) in cases {
        given::<Session>(&[]).when(schedule(ada(), wish(), Facts { state, ..active() })).refused(reason);
        given::<Session>(&agreed()).when(reschedule(OTHER, Facts { state, ..active() })).refused(reason);
    }
    let barred = Facts { barred: true, ..active() };
    given::<Session>(&[]).when(schedule(ada(), wish(), barred.clone())).refused(Reason::PairIsBlocked);
    given::<Session>(&agreed()).when(reschedule(OTHER, barred)).refused(Reason::PairIsBlocked);
    let away = |until| Facts { away_until_ms: Some(until), ..active() };
    for until in [0, START + 1] {
        given::<Session>(&[]).when(schedule(ada(), wish(), away(until))).refused(Reason::MentorPauses);
    }
    given::<Session>(&[]).when(schedule(ada(), wish(), away(START))).then(&[requested(SessionAsker::Learner)]);
    let changed = Facts { mentor_id: "bea".into(), ..active() };
    given::<Session>(&agreed()).when(reschedule(OTHER, changed)).refused(Reason::NotTheMentor);
}

#[test]
fn a_session_lies_ahead_and_lasts_a_while() {
    for start_ms in [0, 999, 1_000] {
        let past = schedule(ada(), Wish { start_ms, ..wish() }, active());
        given::<Session>(&[]).when(past).refused(Reason::SessionInThePast);
        given::<Session>(&agreed()).when(reschedule(start_ms, active())).refused(Reason::SessionInThePast);
    }
    for minutes in [0, 14, 241] {
        let length = schedule(ada(), Wish { minutes, ..wish() }, active());
        given::<Session>(&[]).when(length).refused(Reason::SessionLength);
    }
    let long = act(1_000, ada(), Act::Reschedule { start_ms: OTHER, minutes: 241, facts: active() });
    given::<Session>(&agreed()).when(long).refused(Reason::SessionLength);
}

#[test]
fn an_id_is_one_session() {
    let past = [requested(SessionAsker::Learner)];
    given::<Session>(&past).when(schedule(mia(), wish(), active())).nothing();
    for other in [
        Wish { start_ms: OTHER, ..wish() },
        Wish { minutes: 30, ..wish() },
        Wish { topic: String::new(), ..wish() },
        Wish { kind: SessionKind::MockInterview, ..wish() },
        Wish { programme_id: "q".into(), ..wish() },
    ] {
        given::<Session>(&past).when(schedule(ada(), other, active())).refused(Reason::SessionExists);
    }
    let bob = Wish { learner_id: "bob".into(), ..wish() };
    given::<Session>(&past).when(schedule(Who::Learner("bob".into()), bob, active())).refused(Reason::NotYourSession);
}

#[test]
fn both_calendars_are_asked_one_after_the_other() {
    let (mentor, learner) = (SessionSide::Mentor, SessionSide::Learner);
    let asked = vec![requested(SessionAsker::Learner)];
    let half = vec![requested(SessionAsker::Learner), mentor_holds(1, START)];
    given::<Session>(&asked).when(answer(mentor, 1, None)).then(&[mentor_holds(1, START)]);
    given::<Session>(&half).when(answer(learner, 1, None)).then(&[scheduled()]);
    let outside = SlotRefusal::OutsideAvailability;
    given::<Session>(&asked).when(answer(mentor, 1, Some(outside))).then(&[refused(mentor, outside)]);
    let taken = SlotRefusal::Taken;
    given::<Session>(&half).when(answer(learner, 1, Some(taken))).then(&[refused(learner, taken)]);
    // What nobody asked changes nothing: the other side, another time, a session that is over.
    given::<Session>(&asked).when(answer(learner, 1, None)).nothing();
    given::<Session>(&half).when(answer(mentor, 1, Some(taken))).nothing();
    given::<Session>(&half).when(answer(learner, 2, None)).nothing();
    given::<Session>(&agreed()).when(answer(learner, 1, None)).nothing();
    let over = [requested(SessionAsker::Learner), cancelled(1, SessionCancelCause::Learner, "")];
    given::<Session>(&over).when(answer(mentor, 1, None)).nothing();
    given::<Session>(&[]).when(answer(mentor, 1, None)).nothing();
}

#[test]
fn the_old_time_stays_until_the_new_one_is_there() {
    let (mentor, learner) = (SessionSide::Mentor, SessionSide::Learner);
    let state = given::<Session>(&agreed()).when(reschedule(OTHER, active())).then(&[asked_anew()]);
    assert_eq!(state.time.unwrap().start_ms, START);
    let state = given::<Session>(&moving()).when(answer(mentor, 2, None)).then(&[mentor_holds(2, OTHER)]);
    assert_eq!(state.time.unwrap().start_ms, START);
    let half: Vec<_> = moving().into_iter().chain([mentor_holds(2, OTHER)]).collect();
    let state = given::<Session>(&half).when(answer(learner, 2, None)).then(&[moved()]);
    assert_eq!(state.time.unwrap().start_ms, OTHER);
    // Refused by either, it stays where it was, and may be asked again.
    for (past, side) in [(moving(), mentor), (half, learner)] {
        let (mentor_id, learner_id) = ("mia".into(), "ada".into());
        let (refused_by, refusal) = (side.into(), SlotRefusal::Taken.into());
        let no = Event::RescheduleRefused(RescheduleRefused { round: 2, mentor_id, learner_id, refused_by, refusal });
        let state = given::<Session>(&past).when(answer(side, 2, Some(SlotRefusal::Taken))).then(&[no]);
        assert_eq!((state.time.unwrap().start_ms, state.rounds), (START, 2));
        assert!(state.decide(&reschedule(OTHER, active())).is_ok_and(|it| it.len() == 1));
    }
}

#[test]
fn one_other_time_is_asked_for_at_once() {
    given::<Session>(&moving()).when(reschedule(OTHER, active())).nothing();
    given::<Session>(&agreed()).when(reschedule(START, active())).nothing();
    given::<Session>(&moving()).when(reschedule(OTHER + 1, active())).refused(Reason::SessionTimePending);
    let asked = [requested(SessionAsker::Learner)];
    given::<Session>(&asked).when(reschedule(OTHER, active())).refused(Reason::SessionNotScheduled);
    let late = act(START, mia(), Act::Reschedule { start_ms: OTHER, minutes: 0, facts: active() });
    given::<Session>(&agreed()).when(late).refused(Reason::SessionBegan);
}

#[test]
fn a_session_that_has_begun_was_held_or_missed() {
    given::<Session>(&agreed()).when(act(START, mia(), hold("Good"))).then(&[took_place()]);
    given::<Session>(&agreed()).when(act(START - 1, mia(), hold("Good"))).refused(Reason::SessionNotBegun);
    let asked = [requested(SessionAsker::Learner)];
    given::<Session>(&asked).when(act(START, mia(), hold("Good"))).refused(Reason::SessionNotScheduled);
    given::<Session>(&moving()).when(act(START, mia(), hold("Good"))).refused(Reason::SessionTimePending);
    for absent in [SessionSide::Mentor, SessionSide::Learner] {
        let missed = Act::NoShow(absent);
        given::<Session>(&agreed()).when(act(START, ada(), missed.clone())).then(&[did_not_come(absent)]);
        given::<Session>(&agreed()).when(act(0, ada(), missed.clone())).refused(Reason::SessionNotBegun);
        let held: Vec<_> = agreed().into_iter().chain([took_place()]).collect();
        given::<Session>(&held).when(act(START, ada(), missed)).refused(Reason::SessionOver);
        given::<Session>(&held).when(act(START, mia(), hold("Better"))).refused(Reason::SessionOver);
    }
    let missed: Vec<_> = agreed().into_iter().chain([did_not_come(SessionSide::Learner)]).collect();
    let other = act(START, ada(), Act::NoShow(SessionSide::Mentor));
    given::<Session>(&missed).when(other).refused(Reason::SessionOver);
}

#[test]
fn action_items_are_ticked_off_by_number() {
    let held: Vec<_> = agreed().into_iter().chain([took_place()]).collect();
    let tick = |item| act(START, ada(), Act::Tick { item });
    for item in [1, 2] {
        given::<Session>(&held).when(tick(item)).then(&[Event::ActionItemDone(ActionItemDone { item })]);
    }
    for item in [0, 3, u32::MAX] {
        given::<Session>(&held).when(tick(item)).refused(Reason::ActionItemNotFound);
    }
    given::<Session>(&agreed()).when(tick(1)).refused(Reason::ActionItemNotFound);
}

#[test]
fn a_session_is_cancelled_before_it_begins() {
    let asked = [requested(SessionAsker::Learner)];
    let ill = |who| act(START - 1, who, cancel("ill"));
    given::<Session>(&agreed()).when(ill(ada())).then(&[cancelled(1, SessionCancelCause::Learner, "ill")]);
    given::<Session>(&moving()).when(ill(mia())).then(&[cancelled(2, SessionCancelCause::Mentor, "ill")]);
    given::<Session>(&asked).when(ill(Who::Office)).then(&[cancelled(1, SessionCancelCause::Office, "ill")]);
    given::<Session>(&agreed()).when(act(START, ada(), cancel(""))).refused(Reason::SessionBegan);
    let no = [requested(SessionAsker::Learner), refused(SessionSide::Mentor, SlotRefusal::Taken)];
    given::<Session>(&no).when(ill(ada())).refused(Reason::SessionOver);
    let held: Vec<_> = agreed().into_iter().chain([took_place()]).collect();
    given::<Session>(&held).when(ill(ada())).refused(Reason::SessionOver);
}

#[test]
fn what_is_to_come_is_called_off() {
    let gone = SessionCancelCause::MentorChanged;
    let call_off = |at_ms| at(at_ms, Command::CallOff(gone));
    let asked = [requested(SessionAsker::Learner)];
    given::<Session>(&agreed()).when(call_off(START - 1)).then(&[cancelled(1, gone, "")]);
    given::<Session>(&asked).when(call_off(START - 1)).then(&[cancelled(1, gone, "")]);
    given::<Session>(&agreed()).when(call_off(START)).nothing();
    given::<Session>(&[]).when(call_off(0)).nothing();
    let held: Vec<_> = agreed().into_iter().chain([took_place()]).collect();
    given::<Session>(&held).when(call_off(0)).nothing();
}

#[test]
fn facts_that_change_call_sessions_off() {
    let against = |facts: Facts| facts.against("mia", START);
    assert_eq!(against(active()), None);
    assert_eq!(against(Facts { away_until_ms: Some(START), ..active() }), None);
    let cases = [
        (Facts { state: MentorshipState::Ended, ..active() }, SessionCancelCause::MentorshipEnded),
        (Facts { state: MentorshipState::Paused, ..active() }, SessionCancelCause::MentorshipPaused),
        (Facts { mentor_id: "bea".into(), ..active() }, SessionCancelCause::MentorChanged),
        (Facts { barred: true, ..active() }, SessionCancelCause::ContactBarred),
        (Facts { away_until_ms: Some(0), ..active() }, SessionCancelCause::MentorAway),
    ];
    for (facts, cause) in cases {
        assert_eq!(against(facts), Some(cause));
    }
}

#[test]
fn a_session_concerns_two_people_and_an_institution() {
    for who in [Who::Learner("bob".into()), Who::Mentor("bea".into()), Who::Mentor("ada".into())] {
        given::<Session>(&agreed()).when(act(1_000, who, cancel(""))).refused(Reason::NotYourSession);
    }
    let staff = By { at_ms: 1_000, institution: Some("mit".into()) };
    let staff = staff.asks(Command::Act(Who::Office, cancel("")));
    given::<Session>(&agreed()).when(staff).refused(Reason::NotYourInstitution);
    given::<Session>(&[]).when(act(1_000, ada(), cancel(""))).refused(Reason::SessionNotFound);
}

#[test]
fn laws_hold() {
    let any_command = (0..16, 0..3_usize, 0..3_i64, 1..4_u32).prop_map(|(sort, who, time, round)| {
        let who = [ada(), mia(), Who::Office][who].clone();
        let side = if time == 0 { SessionSide::Mentor } else { SessionSide::Learner };
        let refusal = (sort % 5 == 0).then_some(SlotRefusal::Taken);
        let start_ms = START + time * 100_000;
        let at_ms = if sort == 3 { START } else { 1_000 };
        match sort {
            0 => schedule(who, wish(), active()),
            1 => act(1_000, who, cancel("")),
            2 => at(time * START, Command::CallOff(SessionCancelCause::MentorAway)),
            3 if round == 1 => act(at_ms, who, hold("Good")),
            3 => act(at_ms, who, Act::NoShow(side)),
            4 => act(START, who, Act::Tick { item: round }),
            5..=8 => act(1_000, who, Act::Reschedule { start_ms, minutes: 0, facts: active() }),
            _ => answer(side, round, refusal),
        }
    });
    laws::hold::<Session>(any_command, |it| {
        let is_open = matches!(it.phase, Phase::Requested | Phase::Scheduled);
        if it.pending.is_some() && !is_open {
            return Err("a session that is over asks for a time".into());
        }
        if it.phase == Phase::Scheduled && it.time.is_none() {
            return Err("a scheduled session has no time".into());
        }
        if it.pending.is_some_and(|(time, _)| time.round != it.rounds) {
            return Err("a time before the last is asked for".into());
        }
        Ok(())
    });
}
