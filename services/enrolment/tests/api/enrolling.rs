//! Coming in: windows, reasons, access, invitations, payments, deferrals, cancelled runs.

use crate::desk::{DAY, Desk, asking, named, reason};
use studium_proto::catalogue::v1::{
    CourseDescribed, CoursePublished, RestrictionKind, RunCancelled, RunClosed, RunRestriction, RunRestrictionsSet,
    course_event, course_run_event::Event as Run,
};
use studium_proto::enrolment::v1::{
    AcceptInvitationRequest, DeclineInvitationRequest, DeferRequest, EndCause, EnrolRequest, EnrolmentMode,
    EnrolmentSource, EnrolmentState, ExternalId, GetEnrolmentRequest, InviteRequest, RecordPaymentRequest,
    RegisterLearnerRequest, WithdrawRequest,
};
use tonic::Code;
use tonic_types::StatusExt as _;

pub async fn unlimited_and_free_is_active_at_once(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    let reply = desk.enrol("r", "ada").await.unwrap();
    assert_eq!((reply.id.as_str(), reply.already, reply.state()), ("r~ada", false, EnrolmentState::Active));
    let shown = desk.enrolment("r", "ada", reply.position).await;
    assert_eq!((shown.state(), shown.course_id.as_str()), (EnrolmentState::Active, "c"));
    assert_eq!((shown.institution_id.as_str(), shown.mode()), ("ou", EnrolmentMode::Certificate));
    assert_eq!(desk.head().await, 1, "one commit");
    let again = desk.enrol("r", "ada").await.unwrap();
    assert_eq!((again.already, again.position, again.state()), (true, reply.position, EnrolmentState::Active));
}

pub async fn a_run_that_is_just_scheduled_can_be_waited_for(desk: Desk) {
    let status = desk.acts().await.enrol(asking("r", "ada")).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "RUN_NOT_FOUND"));
    assert!(status.message().contains("catalogue_position"), "{}", status.message());
    let catalogue_position = desk.open_run("r", "c", 0, false).await;
    let request = EnrolRequest { catalogue_position, ..asking("r", "ada") };
    desk.acts().await.enrol(request).await.unwrap();
}

pub async fn refusals_carry_their_reason(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    let early = desk.enrol_at("r", "ada", desk.now - 301 * DAY).await.unwrap_err();
    assert_eq!((early.code(), reason(&early).as_str()), (Code::FailedPrecondition, "OUTSIDE_WINDOW"));
    let details = early.get_details_error_info().unwrap();
    assert_eq!((details.domain.as_str(), details.metadata["id"].as_str()), ("enrolment.studium", "r~ada"));
    let overridden =
        EnrolRequest { at_ms: desk.now - 301 * DAY, override_reason: "registry".into(), ..asking("r", "ada") };
    desk.acts().await.enrol(overridden).await.unwrap();
    let request = WithdrawRequest { run_id: "r".into(), learner_id: "bob".into(), ..WithdrawRequest::default() };
    let status = desk.acts().await.withdraw(request).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "NOT_ENROLLED"));
}

pub async fn malformed_fields_are_told_at_once(desk: Desk) {
    let request = EnrolRequest { run_id: "a.b".into(), learner_id: String::new(), ..EnrolRequest::default() };
    let status = desk.acts().await.enrol(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let told = status.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = told.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["run_id", "learner_id", "source"]);
}

pub async fn learners_and_staff_act_only_for_their_own(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    let min_position = desk.enrol("r", "zoe").await.unwrap().position;
    let audit = |learner: &str| EnrolRequest { source: EnrolmentSource::Audit.into(), ..asking("r", learner) };
    let mut ada = desk.acts_as("ada", &["learner"], &[]).await;
    ada.enrol(audit("ada")).await.unwrap();
    assert_eq!(ada.enrol(audit("bob")).await.unwrap_err().code(), Code::PermissionDenied);
    let status = ada.enrol(asking("r", "ada")).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::PermissionDenied, "SOURCE_NOT_ALLOWED"));

    let of =
        |institution: &str, learner: &str| EnrolRequest { institution_id: institution.into(), ..asking("r", learner) };
    desk.acts_as("sam", &["staff"], &["ou"]).await.enrol(of("ou", "cyd")).await.unwrap();
    let mut elsewhere = desk.acts_as("eve", &["staff"], &["elsewhere"]).await;
    assert_eq!(elsewhere.enrol(of("ou", "dan")).await.unwrap_err().code(), Code::PermissionDenied);
    let status = elsewhere.enrol(of("elsewhere", "dan")).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::PermissionDenied, "NOT_YOUR_INSTITUTION"));
    let campus = EnrolRequest {
        source: EnrolmentSource::CampusSeat.into(),
        sponsor_institution_id: "elsewhere".into(),
        ..of("elsewhere", "dan")
    };
    elsewhere.enrol(campus).await.unwrap();

    let look = |institution: &str| GetEnrolmentRequest {
        run_id: "r".into(),
        learner_id: "zoe".into(),
        institution_id: institution.into(),
        min_position,
        ..GetEnrolmentRequest::default()
    };
    desk.queries_as("sam", &["staff"], &["ou"]).await.get_enrolment(look("ou")).await.unwrap();
    let mut stranger = desk.queries_as("eve", &["staff"], &["elsewhere"]).await;
    let status = stranger.get_enrolment(look("elsewhere")).await.unwrap_err();
    assert_eq!(reason(&status), "NOT_YOUR_INSTITUTION");
}

pub async fn news_from_the_catalogue_reaches_the_next_enrolment(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    desk.enrol("r", "ada").await.unwrap();
    desk.run_says("r", vec![Run::RunClosed(RunClosed::default())]).await;
    assert_eq!(reason(&desk.enrol("r", "bob").await.unwrap_err()), "RUN_NOT_OPEN");
    desk.run_says("r", vec![Run::RunOpened(studium_proto::catalogue::v1::RunOpened { course_version: 2 })]).await;
    desk.enrol("r", "bob").await.unwrap();
}

pub async fn invitations_are_answered(desk: Desk) {
    let catalogue_position = desk.open_run("r", "c", 0, false).await;
    let mut acts = desk.acts().await;
    let invite = |learner: &str, expires_at_ms| InviteRequest {
        run_id: "r".into(),
        learner_id: learner.into(),
        expires_at_ms,
        catalogue_position,
        at_ms: desk.now - 20 * DAY,
        ..InviteRequest::default()
    };
    for learner in ["ada", "bob"] {
        acts.invite(invite(learner, desk.now + DAY)).await.unwrap();
    }
    let late = acts.invite(invite("cyd", 0)).await.unwrap().into_inner();
    assert!(!late.already);
    let accept = AcceptInvitationRequest { run_id: "r".into(), learner_id: "ada".into(), ..Default::default() };
    let mut ada = desk.acts_as("ada", &["learner"], &[]).await;
    let reply = ada.accept_invitation(accept).await.unwrap().into_inner();
    assert_eq!(reply.state(), EnrolmentState::Active);
    let decline = DeclineInvitationRequest { run_id: "r".into(), learner_id: "bob".into(), ..Default::default() };
    acts.decline_invitation(decline).await.unwrap();
    let bob = desk.becomes("r", "bob", EnrolmentState::Withdrawn).await;
    assert_eq!(bob.end_cause(), EndCause::Declined);
    // 14 days from 20 days ago are over: the deadline fires by itself.
    let cyd = desk.becomes("r", "cyd", EnrolmentState::Expired).await;
    assert_eq!((cyd.end_cause(), cyd.ended_at_ms), (EndCause::InvitationLapsed, desk.now - 6 * DAY));
}

pub async fn self_payers_pay_the_published_price(desk: Desk) {
    let described = |price_minor| {
        let currency = "EUR".into();
        course_event::Event::CourseDescribed(CourseDescribed { price_minor, currency, ..CourseDescribed::default() })
    };
    let published = course_event::Event::CoursePublished(CoursePublished { version: 1, ..CoursePublished::default() });
    desk.course_says("c", vec![described(4_900), published, described(9_900)]).await;
    let catalogue_position = desk.open_run("r", "c", 0, false).await;
    let request = EnrolRequest { source: EnrolmentSource::SelfPaid.into(), catalogue_position, ..asking("r", "ada") };
    let mut acts = desk.acts().await;
    let reply = acts.enrol(request).await.unwrap().into_inner();
    assert_eq!(reply.state(), EnrolmentState::Requested);
    let shown = desk.enrolment("r", "ada", reply.position).await;
    assert_eq!((shown.amount_due_minor, shown.currency.as_str()), (4_900, "EUR"));
    let pay = RecordPaymentRequest {
        run_id: "r".into(),
        learner_id: "ada".into(),
        payment_id: "p1".into(),
        amount_minor: 4_900,
        currency: "EUR".into(),
        ..RecordPaymentRequest::default()
    };
    acts.record_payment(pay).await.unwrap();
    assert_eq!(desk.becomes("r", "ada", EnrolmentState::Active).await.amount_due_minor, 0);
}

pub async fn a_repeated_request_gets_the_first_answer(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    desk.enrol("r", "zoe").await.unwrap();
    let mut acts = desk.acts().await;
    let first = acts.enrol(named("one", asking("r", "ada"))).await.unwrap().into_inner();
    let leave =
        WithdrawRequest { run_id: "r".into(), learner_id: "ada".into(), reason: "moved".into(), ..Default::default() };
    acts.withdraw(leave).await.unwrap();
    let again = acts.enrol(named("one", asking("r", "ada"))).await.unwrap().into_inner();
    assert_eq!((again.position, again.already), (first.position, true));
    desk.becomes("r", "ada", EnrolmentState::Withdrawn).await;
    let anew = acts.enrol(named("two", asking("r", "ada"))).await.unwrap().into_inner();
    assert!(!anew.already);
    assert_eq!(desk.becomes("r", "ada", EnrolmentState::Active).await.end_cause(), EndCause::Unspecified);
}

pub async fn a_deferral_arrives_in_the_other_run(desk: Desk) {
    desk.open_run("r1", "c", 1, true).await;
    let catalogue_position = desk.open_run("r2", "c", 0, false).await;
    desk.enrol("r1", "ada").await.unwrap();
    desk.becomes("r1", "ada", EnrolmentState::Active).await;
    desk.enrol("r1", "bob").await.unwrap();
    desk.becomes("r1", "bob", EnrolmentState::Waitlisted).await;
    let request = DeferRequest {
        run_id: "r1".into(),
        learner_id: "ada".into(),
        to_run_id: "r2".into(),
        reason: "illness".into(),
        catalogue_position,
        ..DeferRequest::default()
    };
    desk.acts().await.defer(request).await.unwrap();
    assert_eq!(desk.becomes("r1", "ada", EnrolmentState::Withdrawn).await.end_cause(), EndCause::Deferred);
    desk.becomes("r2", "ada", EnrolmentState::Active).await;
    desk.becomes("r1", "bob", EnrolmentState::Active).await;
}

pub async fn a_cancelled_run_ends_its_enrolments(desk: Desk) {
    desk.open_run("free", "c", 0, false).await;
    desk.open_run("tight", "c", 1, true).await;
    for (run, learner) in [("free", "ada"), ("free", "bob"), ("tight", "cyd")] {
        desk.enrol(run, learner).await.unwrap();
    }
    desk.becomes("tight", "cyd", EnrolmentState::Active).await;
    desk.enrol("tight", "dan").await.unwrap();
    desk.becomes("tight", "dan", EnrolmentState::Waitlisted).await;
    for run in ["free", "tight"] {
        desk.run_says(run, vec![Run::RunCancelled(RunCancelled::default())]).await;
    }
    for (run, learner) in [("free", "ada"), ("free", "bob"), ("tight", "cyd"), ("tight", "dan")] {
        let ended = desk.becomes(run, learner, EnrolmentState::Expired).await;
        assert_eq!(ended.end_cause(), EndCause::RunCancelled);
    }
    assert_eq!(reason(&desk.enrol("free", "eve").await.unwrap_err()), "RUN_CANCELLED");
}

pub async fn restricted_runs_look_at_the_learner(desk: Desk) {
    let only = |kind: RestrictionKind, value: &str| {
        let restrictions = vec![RunRestriction { kind: kind.into(), value: value.into() }];
        vec![Run::RunRestrictionsSet(RunRestrictionsSet { restrictions })]
    };
    desk.open_run("members", "c", 0, false).await;
    desk.run_says("members", only(RestrictionKind::MembersOf, "kaist")).await;
    desk.open_run("invited", "c", 0, false).await;
    desk.run_says("invited", only(RestrictionKind::InvitationOnly, "")).await;
    assert_eq!(reason(&desk.enrol("invited", "ada").await.unwrap_err()), "INVITATION_REQUIRED");
    assert_eq!(reason(&desk.enrol("members", "ada").await.unwrap_err()), "NOT_A_MEMBER");
    let external_ids = vec![ExternalId { institution_id: "kaist".into(), external_id: "20-1".into() }];
    let request =
        RegisterLearnerRequest { learner_id: "ada".into(), external_ids, ..RegisterLearnerRequest::default() };
    let position = desk.people().await.register_learner(request).await.unwrap().into_inner().position;
    let look = studium_proto::enrolment::v1::GetLearnerRequest { learner_id: "ada".into(), min_position: position };
    desk.people().await.get_learner(look).await.unwrap();
    desk.enrol("members", "ada").await.unwrap();
}
