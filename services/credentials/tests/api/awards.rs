//! Awards that are looked at before anybody issues them, and awards for many at once.

use crate::desk::{Desk, patiently, reason};
use studium_proto::{
    credentials::v1::{
        AwardFinding, AwardRow, AwardRowResult, CheckAwardRequest, CheckAwardResponse, CredentialState,
        IssueCredentialsRequest, IssueCredentialsResponse, RevokeCredentialRequest, StatusReason,
        award_service_client::AwardServiceClient,
    },
    enrolment::v1::EnrolmentCompleted,
};
use tonic::{Code, Request, Status};

const COURSE: &str = "course~AAA~1";
const ADA: &str = "course~AAA~1~ada~1";

fn codes(findings: &[AwardFinding]) -> Vec<&str> {
    assert!(findings.iter().all(|it| !it.detail.is_empty()), "{findings:?}");
    findings.iter().map(|it| it.code.as_str()).collect()
}

/// All that stands against an award, once the service has heard of all that happened.
async fn check(desk: &Desk, learner: &str, change: impl FnOnce(&mut CheckAwardRequest)) -> CheckAwardResponse {
    let mut request = CheckAwardRequest {
        achievement_id: COURSE.into(),
        learner_id: learner.into(),
        enrolment_position: desk.house.log().head("enrolment").await.unwrap(),
        min_position: desk.head().await,
        ..CheckAwardRequest::default()
    };
    change(&mut request);
    let mut awards = desk.awards().await;
    patiently!(awards.check_award(request.clone())).unwrap()
}

fn row(learner: &str) -> AwardRow {
    AwardRow { learner_id: learner.into(), ..AwardRow::default() }
}

async fn issue(desk: &Desk, request_id: &str, rows: Vec<AwardRow>) -> Result<IssueCredentialsResponse, Status> {
    let enrolment_position = desk.house.log().head("enrolment").await.unwrap();
    let message =
        IssueCredentialsRequest { achievement_id: COURSE.into(), rows, enrolment_position, ..Default::default() };
    let mut awards = desk.awards().await;
    patiently!(async {
        let mut request = Request::new(message.clone());
        request.metadata_mut().insert("x-request-id", request_id.parse().unwrap());
        awards.issue_credentials(request).await
    })
}

/// What another than the one for which credentials are issued looks like.
fn of_version_2(it: &mut EnrolmentCompleted) {
    it.course_version = 2;
}

pub async fn an_award_is_looked_at_and_nothing_is_issued(desk: Desk) {
    desk.that_issues().await;
    let before = desk.head().await;
    desk.completes("bob", of_version_2).await;
    let bob = check(&desk, "bob", |_| {}).await;
    assert_eq!(codes(&bob.findings), ["NOT_COMPLETED"]);
    assert_eq!((bob.credential_id.as_str(), bob.already), ("course~AAA~1~bob~1", false));
    let bob = check(&desk, "bob", |it| it.override_reason = "credit for earlier studies".into()).await;
    assert_eq!((codes(&bob.findings), bob.already), (vec![], false));
    assert_eq!(desk.head().await, before, "nothing was written");

    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    let ada = check(&desk, "ada", |_| {}).await;
    assert_eq!((codes(&ada.findings), ada.already), (vec![], true));
    let again = check(&desk, "ada", |it| it.attempt = 2).await;
    assert_eq!(codes(&again.findings), ["DUPLICATE_AWARD"]);
    let reason = StatusReason::IdFraud as i32;
    let revoke = RevokeCredentialRequest { credential_id: ADA.into(), reason, ..RevokeCredentialRequest::default() };
    desk.credentials().await.revoke_credential(revoke).await.unwrap();
    let revoked = check(&desk, "ada", |_| {}).await;
    assert_eq!((codes(&revoked.findings), revoked.already), (vec!["CREDENTIAL_REVOKED"], false));
}

pub async fn all_that_stands_against_an_award_is_told_in_order(desk: Desk) {
    // Defined, but not approved; the institution is neither authorised nor has it a key.
    desk.defines(Desk::course()).await.unwrap();
    let found = check(&desk, "bob", |_| {}).await.findings;
    let expected = ["NOT_COMPLETED", "COURSE_VERSION_NOT_APPROVED", "ISSUER_NOT_AUTHORISED", "ISSUER_KEY_UNAVAILABLE"];
    assert_eq!(codes(&found), expected);
}

pub async fn one_bad_row_stops_nobody(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    desk.completes("bob", of_version_2).await;
    let rows = vec![
        row("ada"),
        row("bob"),
        AwardRow { override_reason: "credit for earlier studies".into(), ..row("cy") },
        row("not an id"),
        AwardRow { attempt: 2, override_reason: "credit for earlier studies".into(), ..row("cy") },
        AwardRow { override_reason: "credit for earlier studies".into(), ..row("dee") },
    ];
    let told = |it: &IssueCredentialsResponse| -> Vec<(String, bool, Vec<String>)> {
        let of = |it: &AwardRowResult| {
            let codes = codes(&it.findings).into_iter().map(str::to_owned).collect();
            (it.credential_id.clone(), it.already, codes)
        };
        it.results.iter().map(of).collect()
    };
    let no = |code: &str| (String::new(), false, vec![code.to_owned()]);
    let yes = |learner: &str, already| (format!("{COURSE}~{learner}~1"), already, Vec::new());
    let first = issue(&desk, "batch-1", rows.clone()).await.unwrap();
    let expected = [
        yes("ada", true),
        no("NOT_COMPLETED"),
        yes("cy", false),
        no("MALFORMED"),
        no("DUPLICATE_AWARD"),
        yes("dee", false),
    ];
    assert_eq!(told(&first), expected);
    assert_eq!((first.issued, first.already, first.refused), (2, 1, 3));
    let cy = desk.becomes("course~AAA~1~cy~1", CredentialState::Active).await;
    let learners: Vec<_> = first.results.iter().map(|it| it.learner_id.as_str()).collect();
    assert_eq!(learners, ["ada", "bob", "cy", "not an id", "cy", "dee"]);

    // The same call again, as after a break, and the same rows in another call.
    for id in ["batch-1", "batch-2"] {
        let again = issue(&desk, id, rows.clone()).await.unwrap();
        assert_eq!((again.issued, again.already, again.refused), (0, 3, 3), "{id}");
    }
    let still = desk.get("course~AAA~1~cy~1").await.unwrap().credential.unwrap();
    assert_eq!(still.public_id, cy.public_id);
}

pub async fn a_batch_is_bounded_and_for_ones_own_institution(desk: Desk) {
    desk.that_issues().await;
    for rows in [Vec::new(), vec![row("ada"); 1_001]] {
        assert_eq!(issue(&desk, "batch", rows).await.unwrap_err().code(), Code::InvalidArgument);
    }
    let of = |institution_id: &str, achievement_id: &str| IssueCredentialsRequest {
        institution_id: institution_id.into(),
        achievement_id: achievement_id.into(),
        rows: vec![row("ada")],
        ..IssueCredentialsRequest::default()
    };
    let caller = desk.house.call(&desk.running, "eve", &["staff"], &["mit"]).await.unwrap();
    let mut eve = AwardServiceClient::new(caller);
    assert_eq!(reason(&eve.issue_credentials(of("mit", COURSE)).await.unwrap_err()), "NOT_YOUR_INSTITUTION");
    assert_eq!(reason(&eve.issue_credentials(of("ou", COURSE)).await.unwrap_err()), "ACCESS_DENIED");
    let none = eve.issue_credentials(of("mit", "course~ZZZ~1")).await.unwrap_err();
    assert_eq!(reason(&none), "ACHIEVEMENT_NOT_FOUND");
    let about = CheckAwardRequest {
        institution_id: "mit".into(),
        achievement_id: COURSE.into(),
        learner_id: "ada".into(),
        ..Default::default()
    };
    assert_eq!(reason(&eve.check_award(about).await.unwrap_err()), "NOT_YOUR_INSTITUTION");

    let caller = desk.house.call(&desk.running, "ann", &["staff"], &["ou"]).await.unwrap();
    let mut ann = AwardServiceClient::new(caller);
    let told = ann.issue_credentials(of("ou", COURSE)).await.unwrap().into_inner();
    assert_eq!(codes(&told.results[0].findings), ["NOT_COMPLETED"]);
}
