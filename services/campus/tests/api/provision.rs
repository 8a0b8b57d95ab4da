//! A campus that is set up in one call.

use crate::desk::{Desk, YEAR_2025};
use studium_proto::campus::v1::{
    AddAdministratorRequest, PlanTermsSet, ProvisionCampusRequest, ProvisionCampusResponse, ProvisionPlanRequest,
    StepOutcome, provision_service_client::ProvisionServiceClient,
};

fn wanted(catalogue_position: u64) -> ProvisionCampusRequest {
    ProvisionCampusRequest {
        campus_id: "ou".into(),
        name: "Campus ou".into(),
        sso_domains: vec!["open.ac.uk".into()],
        administrator_ids: vec!["ann".into(), "bob".into()],
        teacher_ids: vec!["tom".into()],
        agreement_id: "a".into(),
        agreement_title: "Campus licence".into(),
        agreement_starts_at_ms: YEAR_2025,
        auto_apply_plan_id: "p".into(),
        catalogue_position,
        ..ProvisionCampusRequest::default()
    }
}

async fn provision(desk: &Desk, request: ProvisionCampusRequest) -> ProvisionCampusResponse {
    let mut client = ProvisionServiceClient::new(desk.registrar().await);
    client.provision_campus(request).await.unwrap().into_inner()
}

fn outcomes(answer: &ProvisionCampusResponse) -> Vec<StepOutcome> {
    answer.steps.iter().map(studium_proto::campus::v1::StepAnswer::outcome).collect()
}

pub async fn one_call_sets_a_campus_up_and_the_same_again_writes_nothing(desk: Desk) {
    let refused = provision(&desk, wanted(0)).await;
    assert!(refused.refused && outcomes(&refused).iter().all(|it| *it == StepOutcome::Refused));
    let reasons: Vec<_> = refused.steps.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!((reasons[0], reasons[1], reasons[5]), ("CAMPUS_NOT_AUTHORISED", "CAMPUS_NOT_FOUND", "CAMPUS_NOT_FOUND"));

    let authorised = desk.authorise("ou").await;
    let first = provision(&desk, wanted(authorised)).await;
    assert_eq!(outcomes(&first), [&[StepOutcome::Done; 6][..], &[StepOutcome::Refused]].concat());
    assert_eq!(first.steps[6].reason, "NO_PLAN");
    let min_position = desk.told_plan("p", "a", "ou").await;
    let second = provision(&desk, ProvisionCampusRequest { min_position, ..wanted(authorised) }).await;
    assert_eq!(outcomes(&second), [&[StepOutcome::Already; 6][..], &[StepOutcome::Done]].concat());
    let head = desk.head().await;
    let third = provision(&desk, wanted(authorised)).await;
    assert!(third.already && !third.refused && third.position == 0);
    assert_eq!(desk.head().await, head);
}

pub async fn a_dry_run_says_what_would_be_done_and_writes_nothing(desk: Desk) {
    let authorised = desk.authorise("ou").await;
    let min_position = desk.told_plan("p", "a", "ou").await;
    let dry = ProvisionCampusRequest { dry_run: true, min_position, ..wanted(authorised) };
    let head = desk.head().await;
    let answer = provision(&desk, dry.clone()).await;
    assert_eq!(outcomes(&answer), [StepOutcome::WouldDo; 7]);
    assert_eq!((desk.head().await, answer.position), (head, 0));
    let done = provision(&desk, ProvisionCampusRequest { dry_run: false, ..dry.clone() }).await;
    assert_eq!(outcomes(&done), [StepOutcome::Done; 7]);
    assert!(provision(&desk, dry.clone()).await.already);
    let more = ProvisionCampusRequest { teacher_ids: vec!["tom".into(), "tim".into()], ..dry };
    let answer = provision(&desk, more).await;
    let would: Vec<_> = answer.steps.iter().filter(|it| it.outcome() == StepOutcome::WouldDo).collect();
    assert!(would.len() == 1 && would[0].id == "tim" && !answer.already);
}

pub async fn what_was_left_half_done_is_mended_by_calling_again(desk: Desk) {
    // As far as a call came before its process died: the campus, and one of two administrators.
    desk.campus("ou").await;
    let request = AddAdministratorRequest { campus_id: "ou".into(), person_id: "ann".into(), at_ms: 0 };
    desk.campuses().await.add_administrator(request).await.unwrap();
    let min_position = desk.told_plan("p", "a", "ou").await;
    let answer = provision(&desk, ProvisionCampusRequest { min_position, ..wanted(0) }).await;
    let (already, done) = (StepOutcome::Already, StepOutcome::Done);
    assert_eq!(outcomes(&answer), [already, done, already, done, done, done, done]);
}

pub async fn one_call_sets_a_campus_up_with_its_plan(desk: Desk) {
    desk.authorise("ou").await;
    let catalogue_position = desk.offer("all", &["rust"]).await;
    let plan = desk.asked_plan("p", 5);
    let nowhere = ProvisionPlanRequest {
        plan_id: "q".into(),
        terms: plan.terms.clone().map(|it| PlanTermsSet { selection_id: "nowhere".into(), ..it }),
        ..plan.clone()
    };
    let request = ProvisionCampusRequest { plans: vec![plan.clone(), nowhere], ..wanted(catalogue_position) };
    let dry = provision(&desk, ProvisionCampusRequest { dry_run: true, ..request.clone() }).await;
    let (would, refused) = (StepOutcome::WouldDo, StepOutcome::Refused);
    assert_eq!(outcomes(&dry)[5..], [would, would, refused, would], "{dry:?}");
    assert_eq!(dry.steps[7].reason, "SELECTION_NOT_FOUND");
    let done = provision(&desk, request.clone()).await;
    let (done_step, already) = (StepOutcome::Done, StepOutcome::Already);
    assert_eq!(outcomes(&done)[5..], [done_step, done_step, refused, done_step], "{done:?}");
    let again = provision(&desk, ProvisionCampusRequest { plans: vec![plan], ..request }).await;
    assert!(again.already && outcomes(&again)[5..] == [already, already, already], "{again:?}");
    assert_eq!(desk.plan("p").await.ledger.unwrap().unassigned, 5);
}
