//! The rules of a place in a programme as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_testkit::{given, laws};

fn facts() -> ProgrammeJoined {
    ProgrammeJoined {
        institution_id: "ou".into(),
        source: EnrolmentSource::SelfPaid as i32,
        programme_version: 3,
        required_course_ids: vec!["a".into(), "b".into()],
        elective_groups: vec![ElectiveGroup {
            group_id: "g".into(),
            choose: 1,
            course_ids: vec!["x".into(), "y".into()],
        }],
        ..ProgrammeJoined::default()
    }
}

fn costs(amount_due_minor: i64) -> ProgrammeJoined {
    ProgrammeJoined { amount_due_minor, currency: "EUR".into(), ..facts() }
}

fn joined(facts: ProgrammeJoined) -> Event {
    Event::ProgrammeJoined(ProgrammeJoined { round: 1, ..facts })
}

fn ask(act: Act) -> Command {
    Command { by: By { at_ms: 1, authority: Authority::Staff, institution_id: String::new() }, act }
}

fn join(facts: ProgrammeJoined) -> Command {
    ask(Act::Join { is_open: true, facts })
}

fn complete(course: &str) -> Command {
    ask(Act::CompleteCourse {
        course_id: course.into(),
        run_id: "run".into(),
        outcome: Outcome::Passed,
        grade_millipoints: None,
    })
}

fn done(course: &str) -> Event {
    Event::ProgrammeCourseCompleted(ProgrammeCourseCompleted {
        course_id: course.into(),
        run_id: "run".into(),
        outcome: Outcome::Passed as i32,
        grade_millipoints: None,
    })
}

fn graduated(courses: &[&str]) -> Event {
    Event::ProgrammeCompleted(ProgrammeCompleted {
        programme_version: 3,
        institution_id: "ou".into(),
        course_ids: courses.iter().map(|it| (*it).into()).collect(),
    })
}

fn pay(id: &str, amount_minor: i64, currency: &str) -> Command {
    ask(Act::RecordPayment { payment_id: id.into(), amount_minor, currency: currency.into() })
}

fn payment(amount_minor: i64, settled: bool) -> Event {
    let (payment_id, currency) = ("p1".into(), "EUR".into());
    Event::ProgrammePaymentRecorded(ProgrammePaymentRecorded { payment_id, amount_minor, currency, settled })
}

fn suspended() -> Event {
    Event::ProgrammeSuspended(ProgrammeSuspended { reason: "fees".into() })
}

fn withdrawn() -> Event {
    Event::ProgrammeWithdrawn(ProgrammeWithdrawn { reason: String::new() })
}

#[test]
fn joining_pins_the_composition() {
    given::<ProgrammeEnrolment>(&[]).when(join(facts())).then(&[joined(facts())]);
    given::<ProgrammeEnrolment>(&[])
        .when(ask(Act::Join { is_open: false, facts: facts() }))
        .refused(Reason::ProgrammeNotOpen);
    given::<ProgrammeEnrolment>(&[joined(facts()), suspended()])
        .when(join(facts()))
        .refused(Reason::ProgrammeNotActive);
    given::<ProgrammeEnrolment>(&[joined(facts()), withdrawn()])
        .when(join(facts()))
        .then(&[Event::ProgrammeJoined(ProgrammeJoined { round: 2, ..facts() })]);
}

#[test]
fn others_pay_elsewhere_and_learners_bring_in_only_themselves() {
    let source = EnrolmentSource::CampusSeat as i32;
    let sponsored = ProgrammeJoined { source, sponsor_institution_id: "campus".into(), ..costs(900) };
    let free = ProgrammeJoined { amount_due_minor: 0, currency: String::new(), ..sponsored.clone() };
    given::<ProgrammeEnrolment>(&[]).when(join(sponsored.clone())).then(&[joined(free)]);
    let mut command = join(sponsored);
    command.by.authority = Authority::Learner;
    given::<ProgrammeEnrolment>(&[]).when(command).refused(Reason::SourceNotAllowed);
}

#[test]
fn graduates_when_the_composition_is_satisfied() {
    let past = [joined(facts()), done("a"), done("x")];
    given::<ProgrammeEnrolment>(&past).when(complete("b")).then(&[done("b"), graduated(&["a", "b", "x"])]);
    let past = [joined(facts()), done("a"), done("b")];
    given::<ProgrammeEnrolment>(&past).when(complete("y")).then(&[done("y"), graduated(&["a", "b", "y"])]);
    given::<ProgrammeEnrolment>(&[joined(facts())]).when(complete("z")).refused(Reason::CourseNotInProgramme);
    given::<ProgrammeEnrolment>(&[]).when(complete("a")).refused(Reason::NotInProgramme);
}

#[test]
fn graduation_waits_for_the_payment() {
    let past = [joined(costs(900)), done("a"), done("x")];
    given::<ProgrammeEnrolment>(&past).when(complete("b")).then(&[done("b")]);
    let past = [joined(costs(900)), done("a"), done("x"), done("b")];
    given::<ProgrammeEnrolment>(&past).when(pay("p1", 400, "EUR")).then(&[payment(400, false)]);
    given::<ProgrammeEnrolment>(&past)
        .when(pay("p1", 900, "EUR"))
        .then(&[payment(900, true), graduated(&["a", "b", "x"])]);
    given::<ProgrammeEnrolment>(&past).when(pay("p1", 900, "USD")).refused(Reason::CurrencyDiffers);
    given::<ProgrammeEnrolment>(&[joined(costs(900)), payment(400, false)])
        .when(pay("p1", 500, "EUR"))
        .refused(Reason::PaymentDiffers);
}

#[test]
fn what_was_paid_counts_when_coming_back() {
    given::<ProgrammeEnrolment>(&[joined(costs(900)), payment(400, false), withdrawn()])
        .when(join(costs(900)))
        .then(&[Event::ProgrammeJoined(ProgrammeJoined { round: 2, ..costs(500) })]);
}

#[test]
fn a_rest_counts_courses_and_graduates_afterwards() {
    let suspend = |reason: &str| ask(Act::Suspend { reason: reason.into() });
    let reinstate = |reason: &str| ask(Act::Reinstate { reason: reason.into() });
    given::<ProgrammeEnrolment>(&[joined(facts())]).when(suspend("fees")).then(&[suspended()]);
    given::<ProgrammeEnrolment>(&[joined(facts())]).when(suspend("")).refused(Reason::ExplanationRequired);
    let past = [joined(facts()), done("a"), done("x"), suspended()];
    given::<ProgrammeEnrolment>(&past).when(complete("b")).then(&[done("b")]);
    let past = [joined(facts()), done("a"), done("x"), suspended(), done("b")];
    let back = Event::ProgrammeReinstated(ProgrammeReinstated { reason: "paid".into() });
    given::<ProgrammeEnrolment>(&past).when(reinstate("paid")).then(&[back, graduated(&["a", "b", "x"])]);
    given::<ProgrammeEnrolment>(&past).when(reinstate("")).refused(Reason::ExplanationRequired);
}

#[test]
fn leaving_ends_the_counting() {
    let leave = || ask(Act::Withdraw { reason: String::new() });
    given::<ProgrammeEnrolment>(&[joined(facts())]).when(leave()).then(&[withdrawn()]);
    let past = [joined(facts()), withdrawn()];
    given::<ProgrammeEnrolment>(&past).when(complete("a")).refused(Reason::ProgrammeNotActive);
    given::<ProgrammeEnrolment>(&past).when(pay("p1", 1, "EUR")).refused(Reason::ProgrammeNotActive);
    let over = [joined(facts()), graduated(&[])];
    given::<ProgrammeEnrolment>(&over).when(leave()).refused(Reason::ProgrammeNotActive);
}

#[test]
fn electives_are_chosen_from_their_group() {
    let choose = |group: &str, courses: &[&str]| {
        let course_ids = courses.iter().map(|it| (*it).into()).collect();
        ask(Act::ChooseElectives { group_id: group.into(), course_ids })
    };
    let past = [joined(facts())];
    let chosen = Event::ElectivesChosen(ElectivesChosen { group_id: "g".into(), course_ids: vec!["x".into()] });
    given::<ProgrammeEnrolment>(&past).when(choose("g", &["x"])).then(&[chosen]);
    given::<ProgrammeEnrolment>(&past).when(choose("h", &["x"])).refused(Reason::GroupNotFound);
    given::<ProgrammeEnrolment>(&past).when(choose("g", &["a"])).refused(Reason::CourseNotInProgramme);
    given::<ProgrammeEnrolment>(&past).when(choose("g", &["x", "y"])).refused(Reason::WrongNumberOfElectives);
    given::<ProgrammeEnrolment>(&[joined(facts()), suspended()])
        .when(choose("g", &["x"]))
        .refused(Reason::ProgrammeNotActive);
}

#[test]
fn institutions_act_only_where_they_have_a_say() {
    let mut command = join(facts());
    command.by.institution_id = "elsewhere".into();
    given::<ProgrammeEnrolment>(&[]).when(command).refused(Reason::NotYourInstitution);
    let mut command = complete("a");
    command.by.institution_id = "elsewhere".into();
    given::<ProgrammeEnrolment>(&[joined(facts())]).when(command).refused(Reason::NotYourInstitution);
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => prop_oneof![Just(facts()), Just(costs(900))].prop_map(join),
        6 => prop_oneof![Just("a"), Just("b"), Just("x"), Just("y"), Just("z")].prop_map(complete),
        2 => (0..3_u8, 1..900_i64).prop_map(|(id, amount)| pay(&format!("p{id}"), amount, "EUR")),
        1 => Just(ask(Act::Suspend { reason: "fees".into() })),
        1 => Just(ask(Act::Reinstate { reason: "paid".into() })),
        1 => Just(ask(Act::Withdraw { reason: String::new() })),
        1 => Just(ask(Act::ChooseElectives { group_id: "g".into(), course_ids: vec!["x".into()] })),
    ]
}

#[test]
fn nobody_graduates_without_courses_or_with_debts() {
    laws::hold::<ProgrammeEnrolment>(any_command(), |it| {
        if it.state == ProgrammeState::Completed && !(it.is_satisfied() && it.due_minor == 0) {
            return Err("graduated too early".to_owned());
        }
        Ok(())
    });
}
