//! Rules of coming in: window, seat, invitation, payment.

use super::*;
use studium_proto::enrolment::v1::{
    EnrolmentPromoted, EnrolmentWaitlisted, InvitationAccepted, InvitationDeclined, ModeChanged, PaymentRecorded,
    SeatHeld,
};
use studium_testkit::given;

fn waitlisted(round: u32) -> Event {
    Event::EnrolmentWaitlisted(EnrolmentWaitlisted { round })
}

fn held() -> Event {
    Event::SeatHeld(SeatHeld { round: 1, until_ms: NOW + SEAT_HOLD_MS })
}

fn payment(id: &str, amount_minor: i64) -> Event {
    let (payment_id, currency) = (id.into(), "EUR".into());
    Event::PaymentRecorded(PaymentRecorded { payment_id, amount_minor, currency })
}

fn pay(id: &str, amount_minor: i64, currency: &str) -> Command {
    registrar(Act::RecordPayment { payment_id: id.into(), amount_minor, currency: currency.into() })
}

#[test]
fn unlimited_and_free_is_active_at_once() {
    given::<Enrolment>(&[])
        .when(learner(enrol(free(), EnrolmentSource::SelfPaid)))
        .then(&[requested(&free(), EnrolmentSource::SelfPaid, 1), activated(1, false)]);
}

#[test]
fn limited_seats_wait_for_an_answer() {
    given::<Enrolment>(&[]).when(staff(enrol(seats(2), EnrolmentSource::Staff))).then(&[requested(
        &seats(2),
        EnrolmentSource::Staff,
        1,
    )]);
}

#[test]
fn other_terms_are_no_repetition() {
    given::<Enrolment>(&active()).when(learner(enrol(free(), EnrolmentSource::Audit))).refused(Reason::AlreadyEnrolled);
    given::<Enrolment>(&and(active(), suspended(false)))
        .when(staff(enrol(free(), EnrolmentSource::Staff)))
        .refused(Reason::AlreadyEnrolled);
}

#[test]
fn the_window_is_kept_with_its_dates() {
    let early = at(499_999, Authority::Staff, enrol(free(), EnrolmentSource::Staff));
    let no = given::<Enrolment>(&[]).when(early).refused(Reason::OutsideWindow);
    assert!(no.detail.contains("500000") && no.detail.contains("2000000"), "{}", no.detail);
    let late = at(2_000_000, Authority::Staff, enrol(free(), EnrolmentSource::Staff));
    given::<Enrolment>(&[]).when(late).refused(Reason::OutsideWindow);
    let first = at(500_000, Authority::Staff, enrol(free(), EnrolmentSource::Staff));
    given::<Enrolment>(&[]).when(first).then_once(&active());
    let unbounded = Offer { opens_at_ms: 0, closes_at_ms: 0, ..free() };
    let any_time = at(1, Authority::Staff, enrol(unbounded, EnrolmentSource::Staff));
    given::<Enrolment>(&[]).when(any_time).then_once(&active());
}

#[test]
fn only_a_registrar_sets_the_window_aside() {
    let act = || Act::Enrol { offer: free(), terms: terms(EnrolmentSource::Staff), override_reason: "late fee".into() };
    given::<Enrolment>(&[]).when(at(3_000_000, Authority::Staff, act())).refused(Reason::OutsideWindow);
    let mut past = active();
    let Event::EnrolmentRequested(it) = &mut past[0] else { unreachable!() };
    it.override_reason = "late fee".into();
    given::<Enrolment>(&[]).when(at(3_000_000, Authority::Registrar, act())).then(&past);
}

#[test]
fn runs_that_do_not_take_anybody_say_why() {
    let status = |status| enrol(Offer { status, ..free() }, EnrolmentSource::Staff);
    given::<Enrolment>(&[]).when(staff(status(RunStatus::Cancelled))).refused(Reason::RunCancelled);
    given::<Enrolment>(&[]).when(staff(status(RunStatus::Ended))).refused(Reason::RunEnded);
    given::<Enrolment>(&[]).when(staff(status(RunStatus::Scheduled))).refused(Reason::RunNotOpen);
    given::<Enrolment>(&[]).when(staff(status(RunStatus::Closed))).refused(Reason::RunNotOpen);
    let over = at(9_000_000, Authority::Staff, enrol(free(), EnrolmentSource::Staff));
    given::<Enrolment>(&[]).when(over).refused(Reason::RunEnded);
    let full = Offer { is_full: true, waiting_list: false, ..seats(2) };
    given::<Enrolment>(&[]).when(staff(enrol(full.clone(), EnrolmentSource::Staff))).refused(Reason::RunFull);
    let line = Offer { waiting_list: true, ..full };
    given::<Enrolment>(&[]).when(staff(enrol(line, EnrolmentSource::Staff))).then(&[requested(
        &seats(2),
        EnrolmentSource::Staff,
        1,
    )]);
}

#[test]
fn institutions_act_only_where_they_have_a_say() {
    let mut command = staff(enrol(free(), EnrolmentSource::Staff));
    command.by.institution_id = "elsewhere".into();
    given::<Enrolment>(&[]).when(command.clone()).refused(Reason::NotYourInstitution);
    command.by.institution_id = "ou".into();
    given::<Enrolment>(&[]).when(command).then(&active());
    let mut stranger = staff(Act::Start);
    stranger.by.institution_id = "elsewhere".into();
    given::<Enrolment>(&active()).when(stranger).refused(Reason::NotYourInstitution);
}

#[test]
fn coming_back_is_a_new_round_of_the_same_enrolment() {
    let past = and(active(), withdrawn(EndCause::LearnerChoice, "", false));
    given::<Enrolment>(&past)
        .when(staff(enrol(free(), EnrolmentSource::Staff)))
        .then(&[requested(&free(), EnrolmentSource::Staff, 2), activated(2, false)]);
    let done = and(active(), completed(Outcome::Passed, None, ""));
    given::<Enrolment>(&done).when(staff(enrol(free(), EnrolmentSource::Staff))).refused(Reason::AlreadyCompleted);
}

#[test]
fn learners_bring_in_only_themselves() {
    let ask = |source| given::<Enrolment>(&[]).when(learner(enrol(free(), source)));
    ask(EnrolmentSource::CampusSeat).refused(Reason::SourceNotAllowed);
    ask(EnrolmentSource::Staff).refused(Reason::SourceNotAllowed);
    let sponsor_institution_id = "campus".into();
    let terms = Terms { sponsor_institution_id, ..terms(EnrolmentSource::Audit) };
    let sponsored = Act::Enrol { offer: free(), terms, override_reason: String::new() };
    given::<Enrolment>(&[]).when(learner(sponsored)).refused(Reason::SourceNotAllowed);
    ask(EnrolmentSource::Audit).then(&[requested(&free(), EnrolmentSource::Audit, 1), activated(1, false)]);
}

#[test]
fn restrictions_of_the_run_are_kept() {
    let invited_only = Offer { by_invitation: true, ..free() };
    let ask = |offer: &Offer| staff(enrol(offer.clone(), EnrolmentSource::Staff));
    given::<Enrolment>(&[]).when(ask(&invited_only)).refused(Reason::InvitationRequired);
    given::<Enrolment>(&[invited(NOW + 9)]).when(ask(&invited_only)).then_once(&[
        Event::InvitationAccepted(InvitationAccepted {}),
        requested(&free(), EnrolmentSource::Staff, 1),
        activated(1, false),
    ]);
    given::<Enrolment>(&[]).when(ask(&Offer { is_stranger: true, ..free() })).refused(Reason::NotAMember);
}

#[test]
fn a_granted_seat_activates() {
    let past = [requested(&seats(2), EnrolmentSource::Staff, 1)];
    given::<Enrolment>(&past).when(registrar(Act::GrantSeat { round: 1 })).then(&[activated(1, true)]);
}

#[test]
fn answers_to_an_earlier_request_do_nothing() {
    let past = [
        requested(&seats(2), EnrolmentSource::Staff, 1),
        withdrawn(EndCause::LearnerChoice, "", true),
        requested(&seats(2), EnrolmentSource::Staff, 2),
    ];
    given::<Enrolment>(&past).when(registrar(Act::GrantSeat { round: 1 })).nothing();
    given::<Enrolment>(&past).when(registrar(Act::Waitlist { round: 1 })).nothing();
    given::<Enrolment>(&past).when(registrar(Act::RefuseSeat { round: 1, cause: EndCause::RunFull })).nothing();
    given::<Enrolment>(&past).when(registrar(Act::GrantSeat { round: 2 })).then(&[activated(2, true)]);
    given::<Enrolment>(&past[..2]).when(registrar(Act::GrantSeat { round: 1 })).nothing();
    given::<Enrolment>(&active()).when(registrar(Act::RefuseSeat { round: 1, cause: EndCause::RunFull })).nothing();
}

#[test]
fn who_waits_is_promoted() {
    let past = [requested(&seats(2), EnrolmentSource::Staff, 1)];
    given::<Enrolment>(&past).when(registrar(Act::Waitlist { round: 1 })).then(&[waitlisted(1)]);
    let past = and(past.to_vec(), waitlisted(1));
    let promoted = Event::EnrolmentPromoted(EnrolmentPromoted { round: 1 });
    given::<Enrolment>(&past).when(registrar(Act::GrantSeat { round: 1 })).then(&[promoted, activated(1, true)]);
}

#[test]
fn who_gets_no_seat_expires() {
    let past = [requested(&seats(2), EnrolmentSource::Staff, 1)];
    given::<Enrolment>(&past)
        .when(registrar(Act::RefuseSeat { round: 1, cause: EndCause::RunFull }))
        .then(&[expired(EndCause::RunFull, false)]);
}

#[test]
fn self_payers_are_active_once_paid() {
    let offer = paid(free());
    let past = [requested(&offer, EnrolmentSource::SelfPaid, 1)];
    given::<Enrolment>(&[]).when(learner(enrol(offer, EnrolmentSource::SelfPaid))).then(&past);
    given::<Enrolment>(&past).when(pay("p1", 2_000, "EUR")).then(&[payment("p1", 2_000)]);
    let past = and(past.to_vec(), payment("p1", 2_000));
    given::<Enrolment>(&past).when(pay("p2", 3_000, "EUR")).then(&[payment("p2", 3_000), activated(1, false)]);
    given::<Enrolment>(&past).when(pay("p1", 2_001, "EUR")).refused(Reason::PaymentDiffers);
    given::<Enrolment>(&past).when(pay("p2", 3_000, "USD")).refused(Reason::CurrencyDiffers);
}

#[test]
fn others_pay_elsewhere() {
    given::<Enrolment>(&[])
        .when(staff(enrol(paid(free()), EnrolmentSource::CampusSeat)))
        .then(&[requested(&free(), EnrolmentSource::CampusSeat, 1), activated(1, false)]);
}

#[test]
fn payments_come_too_late_after_the_end() {
    let past = and(active(), withdrawn(EndCause::LearnerChoice, "", false));
    given::<Enrolment>(&past).when(pay("p1", 1, "EUR")).refused(Reason::EnrolmentEnded);
    given::<Enrolment>(&[invited(NOW + 9)]).when(pay("p1", 1, "EUR")).refused(Reason::NotActive);
}

#[test]
fn a_limited_seat_is_held_until_paid_and_lapses() {
    let past = [requested(&paid(seats(2)), EnrolmentSource::SelfPaid, 1)];
    given::<Enrolment>(&past).when(registrar(Act::GrantSeat { round: 1 })).then(&[held()]);
    let past = and(past.to_vec(), held());
    given::<Enrolment>(&past).when(pay("p1", 5_000, "EUR")).then(&[payment("p1", 5_000), activated(1, true)]);
    let lapse = |at_ms| at(at_ms, Authority::Registrar, Act::Lapse);
    given::<Enrolment>(&past).when(lapse(NOW + SEAT_HOLD_MS - 1)).nothing();
    given::<Enrolment>(&past).when(lapse(NOW + SEAT_HOLD_MS)).then(&[expired(EndCause::PaymentLapsed, true)]);
}

#[test]
fn payment_before_the_seat_waits_for_the_seat() {
    let past = [requested(&paid(seats(2)), EnrolmentSource::SelfPaid, 1)];
    given::<Enrolment>(&past).when(pay("p1", 5_000, "EUR")).then(&[payment("p1", 5_000)]);
    let past = and(past.to_vec(), payment("p1", 5_000));
    given::<Enrolment>(&past).when(registrar(Act::GrantSeat { round: 1 })).then(&[activated(1, true)]);
}

fn invite(expires_at_ms: i64) -> Act {
    Act::Invite { offer: free(), terms: terms(EnrolmentSource::Staff), expires_at_ms, reason: String::new() }
}

#[test]
fn invitations_are_accepted_declined_or_lapse() {
    given::<Enrolment>(&[]).when(staff(invite(0))).then(&[invited(NOW + INVITATION_MS)]);
    given::<Enrolment>(&[]).when(staff(invite(NOW))).refused(Reason::InvitationExpired);
    let past = [invited(NOW + 9)];
    let accepted = Event::InvitationAccepted(InvitationAccepted {});
    let round = requested(&free(), EnrolmentSource::Staff, 1);
    given::<Enrolment>(&past).when(learner(Act::Accept { offer: free() })).then(&[
        accepted.clone(),
        round.clone(),
        activated(1, false),
    ]);
    given::<Enrolment>(&past).when(staff(enrol(free(), EnrolmentSource::Staff))).then(&[
        accepted,
        round,
        activated(1, false),
    ]);
    let declined = Event::InvitationDeclined(InvitationDeclined { reason: "no time".into() });
    given::<Enrolment>(&past).when(learner(Act::Decline { reason: "no time".into() })).then(&[declined]);
    let late = at(NOW + 9, Authority::Learner, Act::Accept { offer: free() });
    given::<Enrolment>(&past).when(late).refused(Reason::InvitationExpired);
    let lapse = at(NOW + 9, Authority::Registrar, Act::Lapse);
    let lapsed = Event::EnrolmentExpired(EnrolmentExpired {
        cause: EndCause::InvitationLapsed as i32,
        ..EnrolmentExpired::default()
    });
    given::<Enrolment>(&past).when(lapse).then(std::slice::from_ref(&lapsed));
    given::<Enrolment>(&[invited(NOW + 9), lapsed])
        .when(learner(Act::Accept { offer: free() }))
        .refused(Reason::InvitationExpired);
}

#[test]
fn invitations_need_somebody_to_invite() {
    given::<Enrolment>(&active()).when(staff(invite(0))).refused(Reason::AlreadyEnrolled);
    let done = and(active(), completed(Outcome::Passed, None, ""));
    given::<Enrolment>(&done).when(staff(invite(0))).refused(Reason::AlreadyCompleted);
    given::<Enrolment>(&[]).when(learner(Act::Accept { offer: free() })).refused(Reason::NotEnrolled);
    given::<Enrolment>(&active()).when(learner(Act::Decline { reason: String::new() })).refused(Reason::NotInvited);
    let left = and(active(), withdrawn(EndCause::LearnerChoice, "", false));
    given::<Enrolment>(&left).when(learner(Act::Accept { offer: free() })).refused(Reason::NotInvited);
    let gone = Offer { status: RunStatus::Cancelled, ..free() };
    given::<Enrolment>(&[invited(NOW + 9)]).when(learner(Act::Accept { offer: gone })).refused(Reason::RunCancelled);
}

fn change(mode: EnrolmentMode, price_minor: i64) -> Act {
    Act::ChangeMode { mode, price_minor, reason: String::new() }
}

#[test]
fn listeners_pay_before_they_are_assessed() {
    let past = [requested(&free(), EnrolmentSource::Audit, 1), activated(1, false)];
    let changed = Event::ModeChanged(ModeChanged {
        mode: EnrolmentMode::Certificate as i32,
        previous_mode: EnrolmentMode::Audit as i32,
        reason: String::new(),
    });
    let ask = |price| change(EnrolmentMode::Certificate, price);
    given::<Enrolment>(&past).when(learner(ask(5_000))).refused(Reason::PaymentDue);
    given::<Enrolment>(&past).when(learner(ask(0))).then(std::slice::from_ref(&changed));
    given::<Enrolment>(&past).when(staff(ask(5_000))).then(std::slice::from_ref(&changed));
    given::<Enrolment>(&and(past.to_vec(), payment("p1", 5_000))).when(learner(ask(5_000))).then(&[changed]);
    let left = and(active(), withdrawn(EndCause::LearnerChoice, "", false));
    given::<Enrolment>(&left).when(staff(change(EnrolmentMode::Credit, 0))).refused(Reason::EnrolmentEnded);
    given::<Enrolment>(&[invited(NOW + 9)]).when(staff(change(EnrolmentMode::Credit, 0))).refused(Reason::NotActive);
}
