//! Agreements between campuses and the platform.

use crate::desk::{DAY, Desk, YEAR_2025, reason};
use studium_proto::campus::v1::{
    EndAgreementRequest, GetAgreementRequest, ListAgreementsRequest, SetAutoApplyPlanRequest, SignAgreementRequest,
    agreement_service_client::AgreementServiceClient,
};
use studium_testkit::Caller;
use tonic::Code;

async fn agreements(desk: &Desk) -> AgreementServiceClient<Caller> {
    AgreementServiceClient::new(desk.registrar().await)
}

pub async fn an_agreement_is_signed_has_a_plan_for_new_members_and_ends(desk: Desk) {
    let sign = SignAgreementRequest {
        agreement_id: "a".into(),
        campus_id: "ou".into(),
        title: "Campus licence".into(),
        starts_at_ms: YEAR_2025,
        ..SignAgreementRequest::default()
    };
    let refused = agreements(&desk).await.sign_agreement(sign.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "CAMPUS_NOT_FOUND");
    let backwards = SignAgreementRequest { ends_at_ms: YEAR_2025 - DAY, ..sign.clone() };
    assert_eq!(agreements(&desk).await.sign_agreement(backwards).await.unwrap_err().code(), Code::InvalidArgument);
    desk.campus("ou").await;
    desk.agreement("ou", "a").await;
    assert!(agreements(&desk).await.sign_agreement(sign).await.unwrap().into_inner().already);

    let apply =
        SetAutoApplyPlanRequest { agreement_id: "a".into(), plan_id: "p".into(), ..SetAutoApplyPlanRequest::default() };
    let refused = agreements(&desk).await.set_auto_apply_plan(apply.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "NO_PLAN");
    let plan_position = desk.told_plan("p", "b", "ou").await;
    let apply = SetAutoApplyPlanRequest { plan_position, ..apply };
    let refused = agreements(&desk).await.set_auto_apply_plan(apply.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "OTHER_AGREEMENT");
    let plan_position = desk.told_plan("q", "a", "ou").await;
    let apply = SetAutoApplyPlanRequest { plan_id: "q".into(), plan_position, ..apply };
    agreements(&desk).await.set_auto_apply_plan(apply.clone()).await.unwrap();

    let end = EndAgreementRequest { agreement_id: "a".into(), reason: "merged".into(), at_ms: 0 };
    let min_position = agreements(&desk).await.end_agreement(end).await.unwrap().into_inner().position;
    let apply = SetAutoApplyPlanRequest { plan_id: "p".into(), ..apply };
    let refused = agreements(&desk).await.set_auto_apply_plan(apply).await.unwrap_err();
    assert_eq!(reason(&refused), "AGREEMENT_NOT_IN_FORCE");
    let asked = GetAgreementRequest { agreement_id: "a".into(), min_position, ..GetAgreementRequest::default() };
    let shown = agreements(&desk).await.get_agreement(asked).await.unwrap().into_inner().agreement.unwrap();
    assert_eq!((shown.auto_apply_plan_id.as_str(), shown.end_reason.as_str()), ("q", "merged"));
    assert_eq!(shown.plan_ids, ["q"]);
}

pub async fn staff_sees_the_agreements_of_its_own_campus(desk: Desk) {
    desk.campus("ou").await;
    let min_position = desk.agreement("ou", "a").await;
    let asked = |campus: &str| GetAgreementRequest { campus_id: campus.into(), agreement_id: "a".into(), min_position };
    let mut own = AgreementServiceClient::new(desk.caller("sue", &["staff"], &["ou"]).await);
    assert!(own.get_agreement(asked("ou")).await.is_ok());
    assert_eq!(own.get_agreement(asked("")).await.unwrap_err().code(), Code::PermissionDenied);
    let list = ListAgreementsRequest { campus_id: "ou".into(), ..ListAgreementsRequest::default() };
    assert_eq!(own.list_agreements(list).await.unwrap().into_inner().agreements.len(), 1);
    let end = EndAgreementRequest { agreement_id: "a".into(), reason: "no".into(), at_ms: 0 };
    assert_eq!(own.end_agreement(end).await.unwrap_err().code(), Code::PermissionDenied);
    let mut stranger = AgreementServiceClient::new(desk.caller("sam", &["staff"], &["mit"]).await);
    assert_eq!(stranger.get_agreement(asked("ou")).await.unwrap_err().code(), Code::PermissionDenied);
    let hidden = stranger.get_agreement(asked("mit")).await.unwrap_err();
    assert_eq!(reason(&hidden), "AGREEMENT_NOT_FOUND");
}
