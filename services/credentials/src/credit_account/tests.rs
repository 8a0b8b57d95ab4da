//! The rules of a credit account as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use studium_kit::By;
use studium_testkit::{given, laws};

fn ask(command: Command) -> Asked<Command> {
    By::platform(1).asks(command)
}

fn entry(credential: &str, credits_milli: u32) -> CreditsEarned {
    CreditsEarned {
        credential_id: credential.into(),
        credits_milli,
        institution_id: "ou".into(),
        equivalence_group: format!("course~{credential}"),
        ..CreditsEarned::default()
    }
}

fn earned(credential: &str, credits_milli: u32) -> Event {
    Event::CreditsEarned(entry(credential, credits_milli))
}

fn earn(credential: &str, credits_milli: u32) -> Command {
    let entry = entry(credential, credits_milli);
    Command::Earn(Box::new(Earning { scheme: AwardScheme::Ects, entry, ..Earning::default() }))
}

fn reverse(entry_id: &str) -> Command {
    Command::Reverse { entry_id: entry_id.into(), cause: ReversalCause::Revoked }
}

fn reversed(entry_id: &str, credits_milli: u32, cause: ReversalCause) -> CreditsReversed {
    CreditsReversed { entry_id: entry_id.into(), credits_milli, cause: cause as i32, ..CreditsReversed::default() }
}

fn line(entry_id: &str, credits_milli: u32) -> CreditLine {
    CreditLine { entry_id: entry_id.into(), credits_milli }
}

fn apply(award: &str, round: u32, components: &[&str]) -> Command {
    let components = components.iter().map(|it| (*it).to_owned()).collect();
    Command::Apply { award_id: award.into(), round, target_milli: 8_000, components }
}

fn applied(award: &str, round: u32, lines: &[CreditLine]) -> Event {
    Event::CreditsApplied(CreditsApplied { award_id: award.into(), round, lines: lines.to_vec() })
}

fn released(award: &str, round: u32, lines: &[CreditLine]) -> Event {
    Event::CreditsReleased(CreditsReleased { award_id: award.into(), round, lines: lines.to_vec() })
}

fn not_applied(award: &str, round: u32, problems: &[(Reason, &str)]) -> Event {
    let (reasons, details) = named(problems.iter().map(|(reason, it)| (*reason, (*it).to_owned())).collect());
    Event::CreditsNotApplied(CreditsNotApplied { award_id: award.into(), round, reasons, details })
}

#[test]
fn a_credential_earns_once_for_ever() {
    given::<CreditAccount>(&[]).when(ask(earn("a", 5_000))).then(&[earned("a", 5_000)]);
    given::<CreditAccount>(&[earned("a", 5_000)]).when(ask(earn("a", 7_000))).nothing();
    let gone = Event::CreditsReversed(reversed("a", 5_000, ReversalCause::Revoked));
    given::<CreditAccount>(&[earned("a", 5_000), gone]).when(ask(earn("a", 5_000))).nothing();
}

#[test]
fn a_revocation_takes_back_exactly_what_was_entered() {
    let back = Event::CreditsReversed(reversed("a", 5_000, ReversalCause::Revoked));
    let past = [earned("a", 5_000), earned("b", 6_000)];
    given::<CreditAccount>(&past).when(ask(reverse("a"))).then(&[back]);
    given::<CreditAccount>(&past).when(ask(reverse("c"))).nothing();
}

#[test]
fn what_takes_the_place_of_another_takes_its_credits_back_in_the_same_decision() {
    let mut new = Earning { scheme: AwardScheme::KrAcbs, entry: entry("b", 3_000), ..Earning::default() };
    new.entry.equivalence_group = "course~a".into();
    new.class = Class { minutes: 45 * 50, attendance_permille: Some(1_000), grade_millipoints: Some(90_000) };
    let past = [earned("a", 3_000)];
    let again = ask(Command::Earn(Box::new(new.clone())));
    let refused = given::<CreditAccount>(&past).when(again);
    let refusal = CreditsRefused {
        credential_id: "b".into(),
        credits_milli: 3_000,
        institution_id: "ou".into(),
        reasons: vec!["ACBS_DUPLICATE_COURSE".into()],
        details: vec!["`course~a` counts already".into()],
    };
    refused.then(&[Event::CreditsRefused(refusal)]);
    new.supersedes = "a".into();
    let back = Event::CreditsReversed(reversed("a", 3_000, ReversalCause::Superseded));
    let entered = CreditsEarned { academic_year: 1969, semester: 2, ..new.entry.clone() };
    let command = ask(Command::Earn(Box::new(new)));
    given::<CreditAccount>(&past).when(command).then(&[back, Event::CreditsEarned(entered)]);
}

#[test]
fn what_is_refused_is_kept_with_all_reasons_and_may_be_asked_again() {
    let mut it = Earning { scheme: AwardScheme::KrAcbs, entry: entry("a", 25_000), ..Earning::default() };
    let state = replay_refused(&it);
    let all = ["ACBS_SEMESTER_CAP", "ACBS_ATTENDANCE_BELOW_80", "ACBS_GRADE_BELOW_60", "ACBS_HOURS_PER_CREDIT"];
    assert_eq!(state.refused["a"], all);
    it.entry.credits_milli = 3_000;
    it.class = Class { minutes: 45 * 50, attendance_permille: Some(800), grade_millipoints: Some(60_000) };
    let events = state.decide(&ask(Command::Earn(Box::new(it)))).unwrap();
    assert!(matches!(events.as_slice(), [Event::CreditsEarned(it)] if it.credits_milli == 3_000), "{events:?}");
}

fn replay_refused(it: &Earning) -> CreditAccount {
    let mut state = CreditAccount::default();
    for event in state.decide(&ask(Command::Earn(Box::new(it.clone())))).unwrap() {
        state.evolve(&event);
    }
    assert!(state.decide(&ask(Command::Earn(Box::new(it.clone())))).unwrap().is_empty(), "the same reasons again");
    state
}

#[test]
fn a_stack_uses_all_that_it_names_or_nothing() {
    let past = [earned("a", 5_000), earned("b", 3_000)];
    let both = [line("a", 5_000), line("b", 3_000)];
    given::<CreditAccount>(&past).when(ask(apply("s", 1, &["a", "b", "a"]))).then(&[applied("s", 1, &both)]);
    let short = not_applied("s", 1, &[(Reason::StackCreditsShort, "5 of 8")]);
    given::<CreditAccount>(&past).when(ask(apply("s", 1, &["a"]))).then(&[short]);
    let back = Event::CreditsReversed(reversed("b", 3_000, ReversalCause::Revoked));
    let past = [earned("a", 5_000), earned("b", 3_000), back];
    let told = [
        (Reason::StackComponentWithoutCredits, "`c` brought no credits to the account"),
        (Reason::StackComponentRevoked, "`b` was taken back"),
    ];
    given::<CreditAccount>(&past).when(ask(apply("s", 1, &["a", "c", "b"]))).then(&[not_applied("s", 1, &told)]);
}

#[test]
fn of_two_stacks_that_race_for_a_credential_one_gets_it() {
    // Both looked while it was free: what they know is old, and the account alone decides.
    let past = [earned("a", 5_000), earned("b", 3_000), earned("c", 3_000)];
    let first = ask(apply("s~1~ada", 1, &["a", "b"]));
    let second = ask(apply("t~1~ada", 1, &["a", "c"]));
    let one = applied("s~1~ada", 1, &[line("a", 5_000), line("b", 3_000)]);
    given::<CreditAccount>(&past).when(first).then(std::slice::from_ref(&one));
    let mut past = past.to_vec();
    past.push(one);
    let late = not_applied("t~1~ada", 1, &[(Reason::StackAlreadyUsed, "`s~1~ada` uses `a`")]);
    given::<CreditAccount>(&past).when(second).then(&[late]);
    // Once the first lets go, a new request of the second gets it.
    past.push(released("s~1~ada", 1, &[line("a", 5_000), line("b", 3_000)]));
    let two = applied("t~1~ada", 2, &[line("a", 5_000), line("c", 3_000)]);
    given::<CreditAccount>(&past).when(ask(apply("t~1~ada", 2, &["a", "c"]))).then(&[two]);
}

#[test]
fn what_a_stack_uses_is_freed_before_it_is_taken_back_and_the_award_is_named() {
    let both = [line("a", 5_000), line("b", 3_000)];
    let past = [earned("a", 5_000), earned("b", 3_000), applied("s", 1, &both)];
    let mut back = reversed("a", 5_000, ReversalCause::Revoked);
    (back.award_id, back.round) = ("s".into(), 1);
    let events = [released("s", 1, &both[..1]), Event::CreditsReversed(back)];
    given::<CreditAccount>(&past).when(ask(reverse("a"))).then(&events);
    let release = |round| ask(Command::Release { award_id: "s".into(), round });
    given::<CreditAccount>(&past).when(release(1)).then(&[released("s", 1, &both)]);
    given::<CreditAccount>(&past).when(release(2)).nothing();
}

fn decision(credits_milli: u32) -> CreditsRecognised {
    CreditsRecognised {
        recognition_id: "r".into(),
        credits_milli,
        institution_id: "ku".into(),
        ..CreditsRecognised::default()
    }
}

#[test]
fn a_later_decision_takes_the_place_of_the_one_before() {
    let recognise = |milli| ask(Command::Recognise { scheme: AwardScheme::Ects, decision: decision(milli) });
    let two = Event::CreditsRecognised(decision(2_000));
    given::<CreditAccount>(&[]).when(recognise(2_000)).then(std::slice::from_ref(&two));
    given::<CreditAccount>(&[]).when(recognise(0)).nothing();
    let back = Event::CreditsReversed(reversed("r", 2_000, ReversalCause::DecidedAnew));
    let four = Event::CreditsRecognised(decision(4_000));
    given::<CreditAccount>(std::slice::from_ref(&two)).when(recognise(4_000)).then(&[back.clone(), four]);
    given::<CreditAccount>(&[two]).when(recognise(0)).then(&[back]);
}

#[test]
fn a_later_decision_about_the_kind_alone_leaves_the_credits_where_they_are() {
    let as_major = CreditsRecognised { kind: CreditKind::Major as i32, ..decision(2_000) };
    let recognise = |decision| ask(Command::Recognise { scheme: AwardScheme::Ects, decision });
    let major = CreditsClassified { entry_id: "r".into(), kind: CreditKind::Major as i32 };
    let major = Event::CreditsClassified(major);
    let past = [Event::CreditsRecognised(decision(2_000)), applied("s", 1, &[line("r", 2_000)])];
    given::<CreditAccount>(&past).when(recognise(as_major.clone())).then(std::slice::from_ref(&major));
    let past = [Event::CreditsRecognised(decision(2_000)), major];
    given::<CreditAccount>(&past).when(recognise(as_major)).nothing();
    // Who says nothing of the kind changes nothing.
    given::<CreditAccount>(&past).when(recognise(decision(2_000))).nothing();
}

#[test]
fn a_credential_counts_once_in_an_account_whoever_recognises_it() {
    let at = |institution: &str| CreditsRecognised { recognition_id: format!("a~{institution}"), ..decision(2_000) };
    let recognise = |it| ask(Command::Recognise { scheme: AwardScheme::Ects, decision: it });
    let refused = |id: &str, credits_milli, other: &str| {
        Event::CreditsRefused(CreditsRefused {
            credential_id: id.into(),
            credits_milli,
            institution_id: if id == "a" { "ou".into() } else { "ku".into() },
            reasons: vec!["CREDITS_COUNTED_ALREADY".into()],
            details: vec![format!("it counts as `{other}`")],
        })
    };
    let past = [earned("a", 5_000)];
    given::<CreditAccount>(&past).when(recognise(at("ku"))).then(&[refused("a~ku", 2_000, "a")]);
    let past = [Event::CreditsRecognised(at("ku"))];
    given::<CreditAccount>(&past).when(recognise(at("mit"))).then(&[refused("a~mit", 2_000, "a~ku")]);
    given::<CreditAccount>(&past).when(ask(earn("a", 5_000))).then(&[refused("a", 5_000, "a~ku")]);
    let gone = Event::CreditsReversed(reversed("a~ku", 2_000, ReversalCause::DecidedAnew));
    let past = [Event::CreditsRecognised(at("ku")), gone];
    given::<CreditAccount>(&past).when(recognise(at("mit"))).then(&[Event::CreditsRecognised(at("mit"))]);
}

#[test]
fn another_attempt_at_the_same_does_not_count_again() {
    let (first, second) = ("course~AAA~1~ada~1", "course~AAA~1~ada~2");
    let at = |credential: &str, institution: &str| CreditsRecognised {
        recognition_id: format!("{credential}~{institution}"),
        ..decision(2_000)
    };
    let recognise = |it| ask(Command::Recognise { scheme: AwardScheme::Ects, decision: it });
    let told = |events: &[Event]| match events {
        [Event::CreditsRefused(it)] => format!("{}: {}", it.reasons.join(" "), it.details.join(" ")),
        it => format!("{it:?}"),
    };
    let decided = |past: &[Event], command| {
        let mut state = CreditAccount::default();
        for it in past {
            state.evolve(it);
        }
        told(&state.decide(&command).unwrap())
    };
    let counts = |other: &str| format!("CREDITS_COUNTED_ALREADY: it counts as `{other}`");
    assert_eq!(decided(&[earned(first, 5_000)], ask(earn(second, 5_000))), counts(first));
    assert_eq!(decided(&[earned(first, 5_000)], recognise(at(second, "ku"))), counts(first));
    let at_ku = format!("{first}~ku");
    let past = [Event::CreditsRecognised(at(first, "ku"))];
    assert_eq!(decided(&past, ask(earn(second, 5_000))), counts(&at_ku));
    assert_eq!(decided(&past, recognise(at(second, "ku"))), counts(&at_ku));
    // What takes the place of the first, or of what is gone, counts; so does what somebody else achieved.
    let new = Earning { scheme: AwardScheme::Ects, entry: entry(second, 5_000), ..Earning::default() };
    let new = ask(Command::Earn(Box::new(Earning { supersedes: first.into(), ..new })));
    let back = Event::CreditsReversed(reversed(first, 5_000, ReversalCause::Superseded));
    let past = [earned(first, 5_000)];
    given::<CreditAccount>(&past).when(new).then(&[back.clone(), earned(second, 5_000)]);
    let past = [earned(first, 5_000), back];
    given::<CreditAccount>(&past).when(ask(earn(second, 5_000))).then(&[earned(second, 5_000)]);
    for other in ["course~AAA~2~ada~1", "course~BBB~1~ada~1", "programme~AAA~1~ada~1"] {
        given::<CreditAccount>(&past[..1]).when(ask(earn(other, 5_000))).then(&[earned(other, 5_000)]);
    }
    let foreign = |hash: &str, institution: &str| CreditsRecognised {
        recognition_id: format!("foreign~{hash}~ada~{institution}"),
        ..decision(2_000)
    };
    let past = [Event::CreditsRecognised(foreign("f00", "ku"))];
    assert_eq!(decided(&past, recognise(foreign("f00", "mit"))), counts("foreign~f00~ada~ku"));
    let other = foreign("ba5", "ku");
    given::<CreditAccount>(&past).when(recognise(other.clone())).then(&[Event::CreditsRecognised(other)]);
}

#[test]
fn a_revocation_takes_with_it_what_others_made_of_the_credential() {
    let at_ku = CreditsRecognised { recognition_id: "a~ku".into(), ..decision(2_000) };
    let back = Event::CreditsReversed(reversed("a~ku", 2_000, ReversalCause::Revoked));
    given::<CreditAccount>(&[Event::CreditsRecognised(at_ku.clone())]).when(ask(reverse("a"))).then(&[back]);
    // Nor does anybody recognise it afterwards.
    let gone = Event::CreditsReversed(reversed("a", 5_000, ReversalCause::Revoked));
    let late = Command::Recognise { scheme: AwardScheme::Ects, decision: at_ku };
    let refused = CreditsRefused {
        credential_id: "a~ku".into(),
        credits_milli: 2_000,
        institution_id: "ku".into(),
        reasons: vec!["CREDENTIAL_NOT_ACTIVE".into()],
        details: vec!["the credential was revoked, or another one took its place".into()],
    };
    given::<CreditAccount>(&[earned("a", 5_000), gone]).when(ask(late)).then(&[Event::CreditsRefused(refused)]);
}

#[test]
fn only_its_institution_says_as_what_an_entry_counts() {
    let classify = |entry_id: &str| Command::Classify { entry_id: entry_id.into(), kind: CreditKind::Major };
    let major = CreditsClassified { entry_id: "a".into(), kind: CreditKind::Major as i32 };
    let past = [earned("a", 5_000)];
    given::<CreditAccount>(&past).when(ask(classify("a"))).then(&[Event::CreditsClassified(major)]);
    given::<CreditAccount>(&past).when(ask(classify("b"))).refused(Reason::CreditEntryNotFound);
    let mit = By { at_ms: 1, institution: Some("mit".into()) };
    given::<CreditAccount>(&past).when(mit.clone().asks(classify("a"))).refused(Reason::NotYourInstitution);
    given::<CreditAccount>(&[]).when(mit.asks(earn("a", 1))).refused(Reason::NotYourInstitution);
    let aim = DegreeAimSet { degree: DegreeType::Associate2y as i32 };
    let command = ask(Command::Aim(DegreeType::Associate2y));
    given::<CreditAccount>(&[]).when(command).then(&[Event::DegreeAimSet(aim)]);
}

#[test]
fn an_account_has_an_id_that_names_learner_and_scheme() {
    for scheme in [AwardScheme::Ects, AwardScheme::KrAcbs, AwardScheme::UkCats, AwardScheme::UsSemester] {
        assert_eq!(parts(&id("ada", scheme)), Some(("ada", scheme)));
    }
    assert_eq!(id("ada", AwardScheme::KrAcbs), "ada~kr_acbs");
}

#[test]
fn the_balance_is_what_is_free_and_never_below_nothing() {
    let name = |of: &'static [&'static str]| (0..of.len()).prop_map(move |it| of[it].to_owned());
    let entries = || name(&["a", "b", "c", "d~1", "d~2"]);
    let any_command = prop_oneof![
        4 => (entries(), 1..9_000_u32, any::<bool>(), entries()).prop_map(|(it, milli, is_korean, supersedes)| {
            let scheme = if is_korean { AwardScheme::KrAcbs } else { AwardScheme::Ects };
            let class = Class { minutes: 900, attendance_permille: Some(900), grade_millipoints: Some(70_000) };
            let supersedes = if milli % 3 == 0 { supersedes } else { String::new() };
            Command::Earn(Box::new(Earning { scheme, entry: entry(&it, milli), class, supersedes }))
        }),
        2 => entries().prop_map(|it| reverse(&it)),
        1 => Just(reverse("r")),
        3 => (0..3_u32, name(&["r", "a~ku", "a~mit", "b~ku", "d~1~ku", "d~2~ku"])).prop_map(|(it, recognition_id)| {
            let decision = CreditsRecognised { recognition_id, ..decision(it * 1_000) };
            Command::Recognise { scheme: AwardScheme::Ects, decision }
        }),
        4 => (name(&["s", "t"]), 1..5_u32, proptest::collection::vec(entries(), 1..4)).prop_map(|(award, round, all)| {
            Command::Apply { award_id: award, round, target_milli: 4_000, components: all }
        }),
        2 => (name(&["s", "t"]), 1..5_u32).prop_map(|(award_id, round)| Command::Release { award_id, round }),
        1 => entries().prop_map(|entry_id| Command::Classify { entry_id, kind: CreditKind::Major }),
    ];
    laws::hold::<CreditAccount>(any_command.prop_map(ask), |it| {
        let free = it.entries.values().filter(|it| it.stands == Stands::Free);
        let free: i64 = free.map(|it| i64::from(it.credits_milli)).sum();
        let live = it.entries.iter().filter(|it| it.1.stands != Stands::Reversed);
        let live = live.map(|it| achieved(credential_of(it.0)));
        let (all, mut once): (Vec<_>, Vec<_>) = (live.clone().collect(), live.collect());
        once.sort_unstable();
        once.dedup();
        if once.len() != all.len() {
            return Err(format!("a credential counts twice: {all:?}"));
        }
        if it.balance_milli != free || it.balance_milli < 0 {
            return Err(format!("the balance is {}, free is {free}", it.balance_milli));
        }
        Ok(())
    });
}
