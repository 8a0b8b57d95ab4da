//! The rules of a recognition as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use studium_testkit::{given, laws};

const NOW: i64 = 1_000;

fn staff(command: Command) -> Asked<Command> {
    By { at_ms: NOW, institution: Some("ku".into()) }.asks(command)
}

fn learner(command: Command) -> Asked<Command> {
    By::platform(NOW).asks(command)
}

fn submission() -> RecognitionSubmitted {
    RecognitionSubmitted {
        learner_id: "ada".into(),
        institution_id: "ku".into(),
        credential_id: "course~AAA~1~ada~1".into(),
        issuer_institution_id: "ou".into(),
        claimed: vec![AwardedCredit { scheme: AwardScheme::Ects as i32, credits_milli: 5_000 }],
        due_at_ms: NOW + 10,
        ..RecognitionSubmitted::default()
    }
}

fn submitted() -> Event {
    Event::RecognitionSubmitted(submission())
}

fn full() -> Verdict {
    Verdict {
        outcome: RecognitionOutcome::Full,
        credits_milli: 5_000,
        scheme: AwardScheme::Ects,
        explanation: "it fits".into(),
        officer: "eve".into(),
        ..Verdict::default()
    }
}

fn part(credits_milli: u32) -> Verdict {
    Verdict { outcome: RecognitionOutcome::Partial, credits_milli, ..full() }
}

fn refusal() -> Verdict {
    Verdict {
        outcome: RecognitionOutcome::Refused,
        credits_milli: 0,
        difference: SubstantialDifference::Workload,
        explanation: "too short".into(),
        ..full()
    }
}

fn decided(it: &Verdict) -> Event {
    Event::RecognitionDecided(RecognitionDecided {
        outcome: it.outcome as i32,
        credits_milli: it.credits_milli,
        scheme: it.counts_in() as i32,
        kind: it.kind as i32,
        difference: it.difference as i32,
        explanation: it.explanation.clone(),
        officer: it.officer.clone(),
        learner_id: "ada".into(),
        institution_id: "ku".into(),
        issuer_institution_id: "ou".into(),
    })
}

fn decide(it: Verdict) -> Command {
    Command::Decide(Box::new(it))
}

fn appeal() -> Command {
    Command::Appeal { learner_id: "ada".into(), grounds: "see the syllabus".into() }
}

fn appealed() -> Event {
    let due_at_ms = NOW + 120 * DAY_MS;
    Event::RecognitionAppealed(RecognitionAppealed { grounds: "see the syllabus".into(), due_at_ms })
}

fn other(it: Verdict) -> Command {
    Command::DecideAppeal(Box::new(Verdict { officer: "mallory".into(), ..it }))
}

#[test]
fn a_credential_is_handed_in_once_and_not_at_its_issuer() {
    let submit = |it| learner(Command::Submit(Box::new(it)));
    given::<Recognition>(&[]).when(submit(submission())).then(&[submitted()]);
    let own = RecognitionSubmitted { institution_id: "ou".into(), ..submission() };
    given::<Recognition>(&[]).when(submit(own)).refused(Reason::RecognitionByIssuer);
    let foreign = RecognitionSubmitted { issuer_institution_id: String::new(), ..submission() };
    given::<Recognition>(&[]).when(submit(foreign.clone())).then(&[Event::RecognitionSubmitted(foreign)]);
    given::<Recognition>(&[]).when(staff(decide(full()))).refused(Reason::RecognitionNotFound);
}

#[test]
fn an_officer_decides_all_or_a_part() {
    let review = Command::Review { officer: "eve".into() };
    let started = Event::RecognitionReviewStarted(RecognitionReviewStarted { officer: "eve".into() });
    given::<Recognition>(&[submitted()]).when(staff(review.clone())).then(std::slice::from_ref(&started));
    let past = [submitted(), started];
    given::<Recognition>(&past).when(staff(decide(full()))).then(&[decided(&full())]);
    given::<Recognition>(&past).when(staff(decide(part(2_000)))).then(&[decided(&part(2_000))]);
    let past = [submitted(), decided(&full())];
    given::<Recognition>(&past).when(staff(review)).refused(Reason::RecognitionDecided);
    given::<Recognition>(&past).when(staff(decide(refusal()))).refused(Reason::RecognitionDecided);
}

#[test]
fn a_refusal_names_one_of_five_elements_and_every_decision_is_explained() {
    let ask = |it| given::<Recognition>(&[submitted()]).when(staff(decide(it)));
    ask(refusal()).then(&[decided(&refusal())]);
    ask(Verdict { difference: SubstantialDifference::Unspecified, ..refusal() }).refused(Reason::Required);
    assert_eq!(Reason::Required.name(), "REASON_REQUIRED");
    ask(Verdict { credits_milli: 1, ..refusal() }).refused(Reason::CreditsRequired);
    ask(Verdict { explanation: " ".into(), ..full() }).refused(Reason::ExplanationRequired);
    ask(Verdict { outcome: RecognitionOutcome::Unspecified, ..full() }).refused(Reason::Required);
}

#[test]
fn no_more_counts_than_was_earned_and_than_the_programme_allows() {
    let ask = |it| given::<Recognition>(&[submitted()]).when(staff(decide(it)));
    ask(part(5_001)).refused(Reason::RecognisedAboveEarned);
    ask(part(0)).refused(Reason::CreditsRequired);
    ask(Verdict { outcome: RecognitionOutcome::Full, ..part(4_999) }).refused(Reason::CreditsRequired);
    ask(Verdict { scheme: AwardScheme::Unspecified, ..full() }).refused(Reason::SchemeRequired);
    // Another scheme is another quantity, which people decide.
    let korean = Verdict { scheme: AwardScheme::KrAcbs, ..part(9_000) };
    ask(korean.clone()).then(&[decided(&korean)]);
    let capped = |before_milli| Verdict { cap_milli: 30_000, before_milli, ..full() };
    ask(capped(25_000)).then(&[decided(&full())]);
    ask(capped(25_001)).refused(Reason::RecognitionCap);
}

#[test]
fn another_officer_decides_about_an_appeal_for_good() {
    let past = [submitted(), decided(&refusal())];
    given::<Recognition>(&past).when(learner(appeal())).then(&[appealed()]);
    given::<Recognition>(&past[..1]).when(learner(appeal())).refused(Reason::RecognitionNotDecided);
    let eve = Command::Appeal { learner_id: "bob".into(), grounds: "so".into() };
    given::<Recognition>(&past).when(learner(eve)).refused(Reason::NotTheLearner);
    let silent = Command::Appeal { learner_id: "ada".into(), grounds: " ".into() };
    given::<Recognition>(&past).when(learner(silent)).refused(Reason::Required);
    given::<Recognition>(&past).when(staff(other(full()))).refused(Reason::RecognitionNotAppealed);
    let past = [submitted(), decided(&refusal()), appealed()];
    let same = Command::DecideAppeal(Box::new(full()));
    given::<Recognition>(&past).when(staff(same)).refused(Reason::SameOfficer);
    let state = given::<Recognition>(&past).when(staff(other(full())));
    let Event::RecognitionDecided(it) = decided(&full()) else { unreachable!() };
    let last = Event::RecognitionAppealDecided(RecognitionAppealDecided {
        outcome: it.outcome,
        credits_milli: it.credits_milli,
        scheme: it.scheme,
        kind: it.kind,
        difference: it.difference,
        explanation: it.explanation,
        officer: "mallory".into(),
        learner_id: it.learner_id,
        institution_id: it.institution_id,
        issuer_institution_id: it.issuer_institution_id,
    });
    state.then(std::slice::from_ref(&last));
    let past = [submitted(), decided(&refusal()), appealed(), last];
    given::<Recognition>(&past).when(learner(appeal())).refused(Reason::RecognitionFinal);
    given::<Recognition>(&past).when(staff(other(refusal()))).refused(Reason::RecognitionFinal);
}

#[test]
fn another_kind_is_another_decision() {
    let major = || Verdict { kind: CreditKind::Major, ..full() };
    let past = [submitted(), decided(&full())];
    given::<Recognition>(&past).when(staff(decide(full()))).nothing();
    given::<Recognition>(&past).when(staff(decide(major()))).refused(Reason::RecognitionDecided);
    let mut state = Recognition::default();
    for event in [submitted(), decided(&full()), appealed()] {
        state.evolve(&event);
    }
    let events = state.decide(&staff(other(major()))).unwrap();
    let [Event::RecognitionAppealDecided(it)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(it.kind(), CreditKind::Major);
    state.evolve(&events[0]);
    assert!(state.decide(&staff(other(major()))).unwrap().is_empty());
    let no = state.decide(&staff(other(full()))).unwrap_err();
    assert_eq!(no.reason, Reason::RecognitionFinal);
}

#[test]
fn what_counts_already_stays_in_its_scheme() {
    let past = [submitted(), decided(&part(2_000)), appealed()];
    let korean = Verdict { scheme: AwardScheme::KrAcbs, ..part(3_000) };
    given::<Recognition>(&past).when(staff(other(korean))).refused(Reason::RecognitionSchemeChanged);
}

#[test]
fn what_is_late_is_told_once() {
    let late = |due_ms| learner(Command::Escalate { due_ms });
    let told = Event::RecognitionEscalated(RecognitionEscalated { due_at_ms: NOW + 10 });
    given::<Recognition>(&[submitted()]).when(late(NOW + 10)).then(&[told]);
    given::<Recognition>(&[submitted()]).when(late(NOW + 11)).nothing();
    given::<Recognition>(&[submitted(), decided(&full())]).when(late(NOW + 10)).nothing();
}

#[test]
fn only_the_receiving_institution_decides() {
    let ou = |command| By { at_ms: NOW, institution: Some("ou".into()) }.asks(command);
    given::<Recognition>(&[submitted()]).when(ou(decide(full()))).refused(Reason::NotYourInstitution);
    let past = [submitted(), decided(&refusal()), appealed()];
    given::<Recognition>(&past).when(ou(other(full()))).refused(Reason::NotYourInstitution);
}

#[test]
fn no_more_is_ever_recognised_than_was_earned() {
    let verdict = || {
        (0..7_000_u32, any::<bool>(), 0..3_usize).prop_map(|(milli, is_eve, sort)| {
            let officer = if is_eve { "eve" } else { "mallory" };
            let it = [refusal(), part(milli), full()][sort].clone();
            Verdict { officer: officer.into(), ..it }
        })
    };
    let any_command = prop_oneof![
        2 => Just(Command::Submit(Box::new(submission()))),
        1 => Just(Command::Review { officer: "eve".into() }),
        4 => verdict().prop_map(decide),
        2 => Just(appeal()),
        3 => verdict().prop_map(|it| Command::DecideAppeal(Box::new(it))),
        1 => Just(Command::Escalate { due_ms: NOW + 10 }),
    ];
    laws::hold::<Recognition>(any_command.prop_map(learner), |it| {
        if it.credits_milli > 5_000 {
            return Err(format!("{} recognised of 5 credits", it.credits_milli));
        }
        if it.outcome == RecognitionOutcome::Refused && it.credits_milli > 0 {
            return Err("refused, and counts".to_owned());
        }
        Ok(())
    });
}

#[test]
fn what_does_not_hold_any_more_is_not_recognised() {
    let gone = |it: Verdict| Verdict { is_gone: true, ..it };
    let no = given::<Recognition>(&[submitted()]).when(staff(decide(gone(full()))));
    no.refused(Reason::CredentialNotActive);
    given::<Recognition>(&[submitted()]).when(staff(decide(gone(refusal())))).then(&[decided(&refusal())]);
}
