//! A mentor is proposed, gets a place, accepts; or the next one.

use super::*;
use std::slice::from_ref;
use studium_testkit::given;

#[test]
fn the_best_is_proposed_and_asked_once_there_is_a_place() {
    given::<Mentorship>(&[requested(1)]).when(ask(propose("mia"))).then(&[proposed(1, "mia")]);
    let past = [requested(1), proposed(1, "mia")];
    given::<Mentorship>(&past).when(ask(Command::Open { proposal: 1 })).then(&[opened(1, "mia")]);
    given::<Mentorship>(&past).when(ask(accept("mia"))).refused(Reason::ProposalNotOpen);
    given::<Mentorship>(&past).when(ask(Command::Open { proposal: 2 })).nothing();
    given::<Mentorship>(&[]).when(ask(propose("mia"))).nothing();
}

#[test]
fn who_is_found_where_nobody_is_sought_any_more_is_passed_over_once() {
    let passed = passed_over("noa");
    for past in [asked_mia(), has_mia()] {
        given::<Mentorship>(&past).when(ask(propose("noa"))).then(from_ref(&passed));
        given::<Mentorship>(&past).when(ask(propose("mia"))).nothing();
    }
    let again = [ended_proposal(1, "mia", ProposalEnd::Declined), proposed(2, "zoe")];
    let past = then(then(asked_mia(), from_ref(&passed)), &again);
    given::<Mentorship>(&past).when(ask(propose("noa"))).then(&[passed]);
    // Where it is not known yet that the two never meet.
    let past = [requested(1), proposed(1, "mia"), ended_proposal(1, "mia", ProposalEnd::Blocked)];
    given::<Mentorship>(&past).when(ask(propose("mia"))).then(&[passed_over("mia")]);
}

#[test]
fn who_accepts_in_time_is_the_mentor() {
    given::<Mentorship>(&asked_mia()).when(ask(accept("mia"))).then(&[assigned(1, "mia")]);
    let at = |at_ms| By::platform(at_ms).asks(accept("mia"));
    given::<Mentorship>(&asked_mia()).when(at(NOW + 3 * DAY_MS - 1)).then(&[assigned(1, "mia")]);
    given::<Mentorship>(&asked_mia()).when(at(NOW + 3 * DAY_MS)).refused(Reason::ProposalLapsed);
    given::<Mentorship>(&asked_mia()).when(ask(accept("noa"))).refused(Reason::ProposalNotOpen);
    given::<Mentorship>(&[]).when(ask(accept("mia"))).refused(Reason::MentorshipNotFound);
}

#[test]
fn who_has_no_place_or_declines_or_is_silent_is_passed_over() {
    let refusal = PlaceRefusal::Full;
    let no_place = Event::ProposalEnded(ProposalEnded {
        proposal: 1,
        mentor_id: "mia".into(),
        end: ProposalEnd::NoPlace as i32,
        refusal: refusal as i32,
        reason: String::new(),
    });
    given::<Mentorship>(&[requested(1), proposed(1, "mia")])
        .when(ask(Command::Refuse { proposal: 1, refusal }))
        .then(&[no_place]);
    let declined = ended_proposal(1, "mia", ProposalEnd::Declined);
    given::<Mentorship>(&asked_mia()).when(ask(decline("mia"))).then(from_ref(&declined));
    given::<Mentorship>(&asked_mia()).when(ask(decline("noa"))).refused(Reason::ProposalNotOpen);
    let lapsed = ended_proposal(1, "mia", ProposalEnd::Lapsed);
    let answer_by_ms = NOW + 3 * DAY_MS;
    given::<Mentorship>(&asked_mia()).when(ask(Command::Lapse { answer_by_ms })).then(from_ref(&lapsed));
    given::<Mentorship>(&asked_mia()).when(ask(Command::Lapse { answer_by_ms: 1 })).nothing();
    given::<Mentorship>(&then(asked_mia(), &[lapsed])).when(ask(accept("mia"))).refused(Reason::ProposalLapsed);
    given::<Mentorship>(&then(asked_mia(), &[declined])).when(ask(propose("noa"))).then(&[proposed(2, "noa")]);
}

#[test]
fn who_finds_nobody_waits_and_those_who_were_busy_may_be_asked_again() {
    let counts = NoMentorFound { considered: 2, full: 1, excluded: 1, ..NoMentorFound::default() };
    let found_none = Event::NoMentorFound(counts);
    given::<Mentorship>(&[requested(1)]).when(ask(Command::NoneFound(counts))).then(from_ref(&found_none));
    given::<Mentorship>(&asked_mia()).when(ask(Command::NoneFound(counts))).nothing();
    let tried = [ended_proposal(1, "mia", ProposalEnd::Lapsed), proposed(2, "noa"), opened(2, "noa")];
    let past = then(then(asked_mia(), &tried), &[ended_proposal(2, "noa", ProposalEnd::Declined)]);
    let state = given::<Mentorship>(&past).when(ask(Command::NoneFound(counts))).then(&[found_none]);
    assert_eq!(state.tried.keys().collect::<Vec<_>>(), ["noa"]);
}

#[test]
fn staff_chooses_over_any_proposal() {
    let replaced = ended_proposal(1, "mia", ProposalEnd::Replaced);
    let past = then(asked_mia(), &[replaced.clone(), chosen(2, "noa")]);
    given::<Mentorship>(&asked_mia()).when(ask(assign("noa"))).then(&[replaced, chosen(2, "noa")]);
    given::<Mentorship>(&past).when(ask(accept("mia"))).refused(Reason::ProposalNotOpen);
    given::<Mentorship>(&past).when(ask(Command::Open { proposal: 2 })).then(&[assigned(2, "noa")]);
    given::<Mentorship>(&has_mia()).when(ask(assign("mia"))).nothing();
    let over = given::<Mentorship>(&then(has_mia(), &[chosen(2, "noa")]));
    over.when(ask(Command::Open { proposal: 2 })).then(&[took_over(2, "noa", ("mia", 1))]);
}

#[test]
fn a_proposed_mentor_who_goes_away_is_passed_over() {
    let away = |leaves_within_minutes| Command::Away { mentor_id: "mia".into(), leaves_within_minutes };
    let passed = ended_proposal(1, "mia", ProposalEnd::MentorAway);
    given::<Mentorship>(&asked_mia()).when(ask(away(None))).then(from_ref(&passed));
    given::<Mentorship>(&asked_mia()).when(ask(away(Some(21 * DAY)))).then(&[passed]);
    given::<Mentorship>(&has_mia()).when(ask(away(None))).nothing();
    given::<Mentorship>(&[requested(1)]).when(ask(away(Some(1)))).nothing();
}
