//! How the status of a credential changes, and what strangers see of it.

use crate::{
    desk::{self, Desk, patiently},
    thread::verified,
};
use studium_proto::credentials::v1::{
    AchievementDefined, CredentialState, IssueCredentialRequest, ReawardCredentialRequest, RevokeCredentialRequest,
    StatusReason, SuspendCredentialRequest, credential_service_client::CredentialServiceClient,
};
use studium_vc::{status, verify};

const ADA: &str = "course~AAA~1~ada~1";
const AGAIN: &str = "course~AAA~1~ada~2";

fn revoke() -> RevokeCredentialRequest {
    let reason = StatusReason::AcademicMisconduct as i32;
    RevokeCredentialRequest { credential_id: ADA.into(), reason, ..RevokeCredentialRequest::default() }
}

/// Whether the bit of a credential is set, by the list that strangers read.
async fn bit(desk: &Desk, list: u32, index: u32) -> bool {
    let (_, _, text) = desk.finds(&format!("/issuers/ou/status/{list}"), &[]).await;
    let (_, bits) = status::read_list(&serde_json::from_str(&text).unwrap()).unwrap();
    bits.get(index as usize).unwrap()
}

pub async fn a_revocation_is_in_the_list_and_stays(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    let shown = desk.becomes(ADA, CredentialState::Active).await;
    let (_, headers, _) = desk.finds("/issuers/ou/status/1", &[]).await;
    let tag = headers["etag"].to_str().unwrap().to_owned();
    let (status, ..) = desk.finds("/issuers/ou/status/1", &[("if-none-match", &tag)]).await;
    assert_eq!(status, 304, "nothing has changed");

    let reason = StatusReason::IdFraud as i32;
    let suspend = SuspendCredentialRequest { credential_id: ADA.into(), reason, ..SuspendCredentialRequest::default() };
    desk.credentials().await.suspend_credential(suspend).await.unwrap();
    desk.becomes(ADA, CredentialState::Suspended).await;
    assert!(!bit(&desk, shown.list, shown.index).await, "the list tells of revocations only");

    desk.credentials().await.revoke_credential(revoke()).await.unwrap();
    let revoked = desk.becomes(ADA, CredentialState::Revoked).await;
    assert_eq!(revoked.status_reason(), StatusReason::AcademicMisconduct);
    desk.awaits(async |it| bit(it, shown.list, shown.index).await).await;
    let (status, ..) = desk.finds("/issuers/ou/status/1", &[("if-none-match", &tag)]).await;
    assert_eq!(status, 200);
    let report = verified(&desk, &shown.url, "application/vc+ld+json").await;
    assert_ne!(report.outcome(), verify::Outcome::Ok, "{report:?}");
    assert!(report.findings(verify::CheckName::Status).contains(&verify::Finding::Revoked), "{report:?}");
}

pub async fn a_new_award_takes_the_place_of_the_old_one(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    let first = desk.becomes(ADA, CredentialState::Active).await;
    let request = ReawardCredentialRequest {
        credential_id: ADA.into(),
        grade_millipoints: Some(81_000),
        reason: "a mark was added up wrongly".into(),
        ..ReawardCredentialRequest::default()
    };
    let mut credentials = desk.credentials().await;
    patiently!(credentials.reaward_credential(request.clone())).unwrap();
    let second = desk.becomes(AGAIN, CredentialState::Active).await;
    assert_eq!((second.grade_millipoints, second.awarded_ms), (Some(81_000), first.awarded_ms));
    assert_ne!(second.public_id, first.public_id);
    let first = desk.becomes(ADA, CredentialState::Superseded).await;
    assert_eq!(first.superseded_by, AGAIN);
    assert!(!bit(&desk, first.list, first.index).await, "it was not revoked");
}

pub async fn a_rebuilt_view_signs_the_same_bytes(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    let before = desk.get(ADA).await.unwrap();
    let desk = desk.start_anew().await;
    desk.becomes(ADA, CredentialState::Active).await;
    let after = desk.get(ADA).await.unwrap();
    assert_eq!((before.json, before.jwt), (after.json, after.jwt));
}

pub async fn nobody_awards_anew_what_another_institution_issued(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    desk.with_issuer("mit").await;
    desk.with_key("mit").await;
    let other = AchievementDefined { source_id: "BBB".into(), institution_id: "mit".into(), ..Desk::course() };
    let achievement_id = desk.approves(other).await.unwrap();
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    let request = ReawardCredentialRequest {
        institution_id: "mit".into(),
        credential_id: ADA.into(),
        achievement_id,
        reason: "ours from now on".into(),
        ..ReawardCredentialRequest::default()
    };
    let staff = desk.house.call(&desk.running, "mia", &["staff"], &["mit"]).await.unwrap();
    let no = CredentialServiceClient::new(staff).reaward_credential(request.clone()).await.unwrap_err();
    assert_eq!(no.code(), tonic::Code::PermissionDenied, "{no:?}");
    // Nor does the platform by mistake.
    let no = desk.credentials().await.reaward_credential(request).await.unwrap_err();
    assert_eq!(no.code(), tonic::Code::PermissionDenied, "{no:?}");
    desk.becomes(ADA, CredentialState::Active).await;
}

pub async fn attempts_follow_each_other(desk: Desk) {
    let achievement_id = desk.that_issues().await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    let issue = |learner_id: &str, attempt| IssueCredentialRequest {
        institution_id: "ou".into(),
        achievement_id: achievement_id.clone(),
        learner_id: learner_id.into(),
        attempt,
        override_reason: "as agreed".into(),
        ..IssueCredentialRequest::default()
    };
    let mut credentials = desk.credentials().await;
    let no = credentials.issue_credential(issue("ada", 2)).await.unwrap_err();
    assert!(no.message().starts_with("DUPLICATE_AWARD"), "{no:?}");
    let no = credentials.issue_credential(issue("bob", 2)).await.unwrap_err();
    assert!(no.message().starts_with("ATTEMPT_NOT_NEXT"), "{no:?}");
    credentials.revoke_credential(revoke()).await.unwrap();
    desk.becomes(ADA, CredentialState::Revoked).await;
    credentials.issue_credential(issue("ada", 2)).await.unwrap();
    desk.becomes(AGAIN, CredentialState::Active).await;
    // The place after the first one is taken: nothing is awarded there that would replace the first.
    let reason = "a mark was added up wrongly".into();
    let anew = ReawardCredentialRequest { credential_id: ADA.into(), reason, ..ReawardCredentialRequest::default() };
    assert_eq!(desk::reason(&credentials.reaward_credential(anew).await.unwrap_err()), "DUPLICATE_AWARD");
}

pub async fn nothing_is_issued_for_what_nobody_defined(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    let staff = desk.house.call(&desk.running, "ann", &["staff"], &["ou"]).await.unwrap();
    for mut credentials in [desk.credentials().await, CredentialServiceClient::new(staff)] {
        let issue = IssueCredentialRequest {
            institution_id: "ou".into(),
            achievement_id: "course~ZZZ~1".into(),
            learner_id: "ada".into(),
            override_reason: "as agreed".into(),
            ..IssueCredentialRequest::default()
        };
        let no = credentials.issue_credential(issue).await.unwrap_err();
        assert_eq!(desk::reason(&no), "ACHIEVEMENT_NOT_FOUND", "{no}");
        let anew = ReawardCredentialRequest {
            institution_id: "ou".into(),
            credential_id: ADA.into(),
            achievement_id: "course~ZZZ~1".into(),
            reason: "it was another course".into(),
            ..ReawardCredentialRequest::default()
        };
        let no = credentials.reaward_credential(anew).await.unwrap_err();
        assert_eq!(desk::reason(&no), "ACHIEVEMENT_NOT_FOUND", "{no}");
    }
}
