//! What a class says yes and no to: its beginning and its end; and what never changes about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod histories;
mod meetings;
mod people;
mod records;

use super::*;
use studium_proto::{campus::v1::ClassLearnerAdded, catalogue::v1::CreditScheme};
use studium_testkit::{given, laws};

/// When the meetings of these tests begin.
const NOON: i64 = 1_000_000;

fn opening(licence_places: u32) -> ClassOpened {
    ClassOpened {
        campus_id: "ou".into(),
        run_id: "algebra-2026".into(),
        course_ids: vec!["algebra".into()],
        title: "Algebra, Monday".into(),
        term: "2026 autumn".into(),
        licence_places,
        ..ClassOpened::default()
    }
}

fn facts() -> Facts {
    Facts { is_campus: true, basis: Basis::Run, strangers: Vec::new() }
}

fn open_with(facts: Facts) -> Command {
    Command::Open { class: opening(1), teacher_ids: vec!["tess".into()], facts }
}

/// Somebody of the campus asks.
fn asks(command: Command) -> Asked<Command> {
    Who::Campus("ou".into()).asks(command)
}

fn teacher(id: &str) -> Event {
    Event::ClassTeacherAdded(ClassTeacherAdded { teacher_id: id.into() })
}

fn joined(id: &str) -> Event {
    Event::ClassLearnerAdded(ClassLearnerAdded { learner_id: id.into(), licence_place: false })
}

fn plan(id: &str) -> ClassMeetingScheduled {
    let (meeting_id, room) = (id.into(), "B 12".into());
    let (starts_at_ms, ends_at_ms) = (NOON, NOON + 90);
    ClassMeetingScheduled { meeting_id, starts_at_ms, ends_at_ms, room, ..ClassMeetingScheduled::default() }
}

fn credit(id: &str, granted: bool) -> ClassCreditDecided {
    ClassCreditDecided {
        learner_id: id.into(),
        granted,
        credits_milli: if granted { 5_000 } else { 0 },
        scheme: if granted { CreditScheme::Ects.into() } else { 0 },
        reason: if granted { String::new() } else { "no work handed in".into() },
        correction_reason: String::new(),
    }
}

fn close(reason: &str) -> Command {
    Command::Close { reason: reason.into() }
}

/// A class with one place of its own, Ada and Ben in it, and a meeting.
fn past() -> Vec<Event> {
    vec![Event::ClassOpened(opening(1)), joined("ada"), joined("ben"), Event::ClassMeetingScheduled(plan("m1"))]
}

fn with(more: &[Event]) -> Vec<Event> {
    [&past(), more].concat()
}

#[test]
fn a_class_is_opened_on_what_the_catalogue_offers() {
    given::<Class>(&[]).when(asks(open_with(facts()))).then(&[Event::ClassOpened(opening(1)), teacher("tess")]);
    let on = |basis: Basis| asks(open_with(Facts { basis, ..facts() }));
    given::<Class>(&[]).when(on(Basis::NoRun)).refused(Reason::RunNotFound);
    given::<Class>(&[]).when(on(Basis::NoComposition)).refused(Reason::CompositionNotFound);
    given::<Class>(&[]).when(on(Basis::Unpublished)).refused(Reason::CompositionNotPublished);
    let of = |campus: &str| on(Basis::Composition { campus_id: campus.into() });
    given::<Class>(&[]).when(of("mit")).refused(Reason::NotYourCampus);
    given::<Class>(&[]).when(of("ou")).then(&[Event::ClassOpened(opening(1)), teacher("tess")]);
    let nowhere = asks(open_with(Facts { is_campus: false, ..facts() }));
    given::<Class>(&[]).when(nowhere).refused(Reason::CampusNotFound);
    let stranger = asks(open_with(Facts { strangers: vec!["tess".into()], ..facts() }));
    given::<Class>(&[]).when(stranger).refused(Reason::NotACampusTeacher);
}

#[test]
fn an_id_is_one_class_for_ever() {
    let pinned = ClassOpened { course_version: 3, ..opening(1) };
    given::<Class>(&[Event::ClassOpened(pinned)]).when(asks(open_with(facts()))).nothing();
    given::<Class>(&[Event::ClassOpened(opening(2))]).when(asks(open_with(facts()))).refused(Reason::ClassExists);
}

#[test]
fn only_its_campus_and_the_platform_act_on_a_class() {
    let other = Who::Campus("mit".into());
    given::<Class>(&[]).when(other.clone().asks(open_with(facts()))).refused(Reason::NotYourCampus);
    given::<Class>(&past()).when(other.asks(close("done"))).refused(Reason::NotYourCampus);
    given::<Class>(&past()).when(Who::Learner("ada".into()).asks(close("done"))).refused(Reason::NotYourCampus);
    let closed = Event::ClassClosed(ClassClosed { reason: "done".into(), undecided: 2 });
    given::<Class>(&past()).when(Who::Platform.asks(close("done"))).then(&[closed]);
    given::<Class>(&[]).when(asks(close("done"))).refused(Reason::ClassNotFound);
}

#[test]
fn a_class_is_over_when_everybody_is_decided_on() {
    let decided = |id: &str| Event::ClassCreditDecided(credit(id, false));
    given::<Class>(&with(&[decided("ada")])).when(asks(close(""))).refused(Reason::LearnersUndecided);
    let closed = Event::ClassClosed(ClassClosed::default());
    given::<Class>(&with(&[decided("ada"), decided("ben")])).when(asks(close(""))).then(std::slice::from_ref(&closed));
    let over = with(&[closed]);
    given::<Class>(&over).when(asks(close("again"))).nothing();
    given::<Class>(&over).when(asks(Command::ScheduleMeeting(plan("m2")))).refused(Reason::ClassClosed);
}

#[test]
fn laws_hold() {
    laws::hold::<Class>(histories::any_command(), histories::invariant);
}
