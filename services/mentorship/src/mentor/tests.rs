//! The rules of a mentor's places as sentences, and their laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use std::slice::from_ref;
use studium_kit::By;
use studium_testkit::{given, laws};

fn ask(command: Command) -> Asked<Command> {
    By::platform(1_000).asks(command)
}

fn staff_of(institution: &str, command: Command) -> Asked<Command> {
    By { at_ms: 1_000, institution: Some(institution.into()) }.asks(command)
}

fn profile() -> MentorDescribed {
    MentorDescribed { languages: vec!["en".into()], ..MentorDescribed::default() }
}

fn register(capacity: u32) -> Command {
    Command::Register { mentor_id: "mia".into(), institution_id: "ou".into(), profile: profile(), capacity }
}

fn registered(capacity: u32) -> Vec<Event> {
    vec![
        Event::MentorRegistered(MentorRegistered { institution_id: "ou".into() }),
        Event::MentorDescribed(profile()),
        Event::CapacitySet(CapacitySet { capacity }),
    ]
}

fn take(learner: &str, proposal: u32) -> Command {
    let (mentorship_id, learner_id) = (format!("p~{learner}"), learner.to_owned());
    Command::Take { mentor_id: "mia".into(), mentorship_id, learner_id, proposal }
}

fn free(learner: &str, proposal: u32) -> Command {
    Command::Free { mentorship_id: format!("p~{learner}"), proposal }
}

fn taken(learner: &str, proposal: u32, load: u32) -> Event {
    Event::PlaceTaken(PlaceTaken { mentorship_id: format!("p~{learner}"), proposal, load })
}

fn refused(learner: &str, proposal: u32, refusal: PlaceRefusal) -> Event {
    let refusal = refusal as i32;
    Event::PlaceRefused(PlaceRefused { mentorship_id: format!("p~{learner}"), proposal, refusal })
}

fn freed(learner: &str, proposal: u32, load: u32) -> Event {
    Event::PlaceFreed(PlaceFreed { mentorship_id: format!("p~{learner}"), proposal, load })
}

fn paused(mentorships: &[&str]) -> Event {
    let mentorship_ids = mentorships.iter().map(|it| format!("p~{it}")).collect();
    Event::MentorPaused(MentorPaused { until_ms: 0, reason: String::new(), mentorship_ids })
}

fn leaving(mentorships: &[&str]) -> Event {
    let mentorship_ids = mentorships.iter().map(|it| format!("p~{it}")).collect();
    Event::MentorLeaving(MentorLeaving { reason: String::new(), mentorship_ids })
}

fn blocked(learner: &str, mentorships: &[&str]) -> Event {
    Event::PairBlocked(PairBlocked {
        learner_id: learner.into(),
        by: BlockedBy::Learner as i32,
        reason: String::new(),
        mentorship_ids: mentorships.iter().map(|it| format!("p~{it}")).collect(),
    })
}

fn block(learner: &str) -> Command {
    Command::Block { learner_id: learner.into(), by: BlockedBy::Learner, reason: String::new() }
}

const PAUSE: Command = Command::Pause { until_ms: 0, reason: String::new() };
const LEAVE: Command = Command::Leave { reason: String::new() };

/// A mentor of so many places with these learners.
fn mentor(capacity: u32, learners: &[&str]) -> Vec<Event> {
    let places = learners.iter().zip(1..).map(|(learner, load)| taken(learner, 1, load));
    registered(capacity).into_iter().chain(places).collect()
}

#[test]
fn somebody_becomes_a_mentor_and_says_what_has_changed() {
    given::<Mentor>(&[]).when(ask(register(3))).then(&registered(3));
    let more = vec![Event::CapacitySet(CapacitySet { capacity: 4 })];
    given::<Mentor>(&registered(3)).when(ask(register(4))).then(&more);
    let elsewhere =
        Command::Register { mentor_id: "mia".into(), institution_id: "mit".into(), profile: profile(), capacity: 3 };
    given::<Mentor>(&registered(3)).when(ask(elsewhere)).refused(Reason::MentorExists);
    let spanish = MentorDescribed { languages: vec!["es".into()], ..profile() };
    given::<Mentor>(&registered(3))
        .when(ask(Command::Describe(spanish.clone())))
        .then(&[Event::MentorDescribed(spanish)]);
}

#[test]
fn nothing_is_asked_of_a_stranger() {
    for command in [Command::Describe(profile()), Command::SetCapacity(1), PAUSE, Command::Resume, LEAVE, block("ada")]
    {
        given::<Mentor>(&[]).when(ask(command)).refused(Reason::MentorNotFound);
    }
    given::<Mentor>(&[]).when(ask(take("ada", 1))).then_once(&[refused("ada", 1, PlaceRefusal::NotAMentor)]);
}

#[test]
fn staff_acts_for_its_own_institution_and_a_learner_for_himself() {
    given::<Mentor>(&[]).when(staff_of("mit", register(1))).refused(Reason::NotYourInstitution);
    for command in [Command::SetCapacity(9), PAUSE, LEAVE] {
        given::<Mentor>(&registered(3)).when(staff_of("mit", command)).refused(Reason::NotYourInstitution);
    }
    let by_staff = Command::Block { learner_id: "ada".into(), by: BlockedBy::Staff, reason: String::new() };
    given::<Mentor>(&registered(3)).when(staff_of("mit", by_staff)).refused(Reason::NotYourInstitution);
    given::<Mentor>(&registered(3)).when(staff_of("", block("ada"))).then(&[blocked("ada", &[])]);
}

#[test]
fn places_are_taken_as_far_as_there_are_any() {
    given::<Mentor>(&registered(2)).when(ask(take("ada", 1))).then(&[taken("ada", 1, 1)]);
    given::<Mentor>(&mentor(2, &["ada", "bob"])).when(ask(take("cyd", 1))).then_once(&[refused(
        "cyd",
        1,
        PlaceRefusal::Full,
    )]);
    // A later proposal of the same mentorship keeps the place.
    given::<Mentor>(&mentor(1, &["ada"])).when(ask(take("ada", 2))).then(&[taken("ada", 2, 1)]);
}

#[test]
fn a_place_is_freed_by_the_proposal_that_took_it() {
    given::<Mentor>(&mentor(2, &["ada", "bob"])).when(ask(free("ada", 1))).then(&[freed("ada", 1, 1)]);
    given::<Mentor>(&mentor(2, &["ada"])).when(ask(free("ada", 2))).nothing();
    given::<Mentor>(&mentor(2, &["ada"])).when(ask(free("bob", 1))).nothing();
}

#[test]
fn capacity_is_never_below_load() {
    given::<Mentor>(&mentor(3, &["ada", "bob"])).when(ask(Command::SetCapacity(1))).refused(Reason::CapacityBelowLoad);
    let two = Event::CapacitySet(CapacitySet { capacity: 2 });
    given::<Mentor>(&mentor(3, &["ada", "bob"])).when(ask(Command::SetCapacity(2))).then(&[two]);
}

#[test]
fn who_pauses_takes_nobody_new_and_keeps_his_mentees() {
    let past = mentor(3, &["ada"]);
    given::<Mentor>(&past).when(ask(PAUSE)).then(&[paused(&["ada"])]);
    let past = [past, vec![paused(&["ada"])]].concat();
    let longer = Command::Pause { until_ms: 9_000, reason: String::new() };
    let until = MentorPaused { until_ms: 9_000, reason: String::new(), mentorship_ids: vec!["p~ada".into()] };
    let until = Event::MentorPaused(until);
    given::<Mentor>(&past).when(ask(longer)).then(from_ref(&until));
    let away = [past.clone(), vec![until]].concat();
    let back = Event::MentorResumed(MentorResumed {});
    given::<Mentor>(&away).when(ask(Command::ComeBack { until_ms: 9_000 })).then(&[back]);
    let over = |until_ms| ask(Command::Pause { until_ms, reason: String::new() });
    given::<Mentor>(&past).when(over(1_000)).refused(Reason::PauseInThePast);
    given::<Mentor>(&registered(3)).when(over(1)).refused(Reason::PauseInThePast);
    // A pause that was made longer is not over when it first was to be.
    given::<Mentor>(&away).when(ask(Command::ComeBack { until_ms: 8_000 })).nothing();
    given::<Mentor>(&past).when(ask(take("bob", 1))).then_once(&[refused("bob", 1, PlaceRefusal::Paused)]);
    given::<Mentor>(&past).when(ask(take("ada", 1))).nothing();
    given::<Mentor>(&past).when(ask(Command::Resume)).then(&[Event::MentorResumed(MentorResumed {})]);
}

#[test]
fn who_leaves_is_gone_when_the_last_place_is_free() {
    let left = Event::MentorLeft(MentorLeft {});
    given::<Mentor>(&registered(3)).when(ask(LEAVE)).then(&[leaving(&[]), left.clone()]);
    let past = [mentor(3, &["ada"]), vec![leaving(&["ada"])]].concat();
    given::<Mentor>(&mentor(3, &["ada"])).when(ask(LEAVE)).then(&[leaving(&["ada"])]);
    given::<Mentor>(&past).when(ask(take("bob", 1))).then_once(&[refused("bob", 1, PlaceRefusal::Leaving)]);
    for command in [PAUSE, Command::Resume, register(3), Command::Describe(profile())] {
        given::<Mentor>(&past).when(ask(command)).refused(Reason::MentorLeaves);
    }
    given::<Mentor>(&past).when(ask(free("ada", 1))).then(&[freed("ada", 1, 0), left.clone()]);
    let gone = [registered(3), vec![leaving(&[]), left]].concat();
    let back = Event::MentorRegistered(MentorRegistered { institution_id: "ou".into() });
    given::<Mentor>(&gone).when(ask(register(3))).then(&[back]);
    given::<Mentor>(&gone).when(ask(PAUSE)).refused(Reason::MentorLeaves);
}

#[test]
fn a_blocked_pair_gets_no_place_again() {
    given::<Mentor>(&mentor(3, &["ada", "bob"])).when(ask(block("ada"))).then(&[blocked("ada", &["ada"])]);
    let past = [registered(3), vec![blocked("ada", &[])]].concat();
    given::<Mentor>(&past).when(ask(take("ada", 1))).then_once(&[refused("ada", 1, PlaceRefusal::Blocked)]);
}

#[test]
fn nobody_takes_himself() {
    given::<Mentor>(&registered(3)).when(ask(take("mia", 1))).then_once(&[refused("mia", 1, PlaceRefusal::Himself)]);
}

fn any_command() -> impl Strategy<Value = Asked<Command>> {
    let learner = || (0..5_usize).prop_map(|it| ["ada", "bob", "cyd", "dan", "mia"][it]);
    let command = prop_oneof![
        2 => (0..4_u32).prop_map(register),
        1 => (0..4_u32).prop_map(Command::SetCapacity),
        8 => (learner(), 1..4_u32).prop_map(|(learner, proposal)| take(learner, proposal)),
        5 => (learner(), 1..4_u32).prop_map(|(learner, proposal)| free(learner, proposal)),
        1 => learner().prop_map(block),
        1 => Just(PAUSE),
        1 => Just(Command::Resume),
        1 => Just(LEAVE),
    ];
    command.prop_map(ask)
}

#[test]
fn load_never_exceeds_capacity_and_blocked_learners_get_no_new_place() {
    let refuses = |it: &Asked<Command>| matches!(it.command, Command::Take { .. });
    let law = |it: &Mentor| {
        if it.load() > it.capacity {
            return Err(format!("{} places of {} are taken", it.load(), it.capacity));
        }
        if it.state == MentorState::Left && it.load() > 0 {
            return Err("gone with mentees".to_owned());
        }
        Ok(())
    };
    laws::hold_except::<Mentor>(any_command(), law, refuses);
}
