//! What partner institutions see of learners.

use crate::desk::{DAY, Desk};
use studium_proto::enrolment::v1::{
    CompleteRequest, ConsentScope, ExternalId, GiveConsentRequest, ListPartnerRosterRequest, MergeLearnersRequest,
    Outcome, PartnerRow, PartnerSide, RegisterLearnerRequest, WithdrawConsentRequest,
};
use tonic::Code;

pub async fn register(desk: &Desk, learner: &str, institution: &str, external_id: &str) {
    let external_ids = vec![ExternalId { institution_id: institution.into(), external_id: external_id.into() }];
    let request = RegisterLearnerRequest {
        learner_id: learner.into(),
        name: learner.to_uppercase(),
        email: format!("{learner}@example.org"),
        external_ids,
        at_ms: desk.now - 90 * DAY,
    };
    desk.people().await.register_learner(request).await.unwrap();
}

pub async fn consent(desk: &Desk, learner: &str, institution: &str, scopes: &[ConsentScope], at_ms: i64) {
    let request = GiveConsentRequest {
        learner_id: learner.into(),
        institution_id: institution.into(),
        scopes: scopes.iter().map(|it| *it as i32).collect(),
        at_ms,
        ..GiveConsentRequest::default()
    };
    desk.people().await.give_consent(request).await.unwrap();
}

async fn roster(desk: &Desk, institution: &str, side: PartnerSide, as_of_ms: i64) -> Vec<PartnerRow> {
    let request = ListPartnerRosterRequest {
        institution_id: institution.into(),
        side: side.into(),
        as_of_ms,
        min_position: desk.head().await,
        ..ListPartnerRosterRequest::default()
    };
    let mut queries = desk.queries_as("sam", &["staff"], &[institution]).await;
    queries.list_partner_roster(request).await.unwrap().into_inner().rows
}

/// Run, learner, external ids, name, e-mail, whether results are shown.
fn told(rows: &[PartnerRow]) -> Vec<(String, String, String, String, bool)> {
    let one = |it: &PartnerRow| {
        let enrolment = it.enrolment.as_ref().unwrap();
        let who = format!("{}~{}", enrolment.run_id, enrolment.learner_id);
        (who, it.external_ids.join(","), it.name.clone(), it.email.clone(), enrolment.outcome != 0)
    };
    rows.iter().map(one).collect()
}

fn line(who: &str, ids: &str, name: &str, email: &str, results: bool) -> (String, String, String, String, bool) {
    (who.into(), ids.into(), name.into(), email.into(), results)
}

pub async fn providers_see_what_consent_covers(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    let mut acts = desk.acts().await;
    for learner in ["ada", "bob"] {
        register(&desk, learner, "ou", &format!("{learner}-1")).await;
        desk.enrol_at("r", learner, desk.now - 80 * DAY).await.unwrap();
        let (run_id, learner_id, outcome) = ("r".into(), learner.into(), Outcome::Passed.into());
        let at_ms = desk.now - 70 * DAY;
        acts.complete(CompleteRequest { run_id, learner_id, outcome, at_ms, ..Default::default() }).await.unwrap();
    }
    consent(&desk, "ada", "ou", &[ConsentScope::Name, ConsentScope::Results], desk.now - 60 * DAY).await;
    consent(&desk, "bob", "elsewhere", &[ConsentScope::Email], desk.now - 60 * DAY).await;
    let now = roster(&desk, "ou", PartnerSide::Provider, 0).await;
    let covered = line("r~ada", "ada-1", "ADA", "", true);
    assert_eq!(told(&now), [covered.clone(), line("r~bob", "bob-1", "", "", false)]);
    assert!(roster(&desk, "elsewhere", PartnerSide::Provider, 0).await.is_empty());

    // Before the consent nothing was covered; after it was taken back, nothing is any more, then as now.
    let before = roster(&desk, "ou", PartnerSide::Provider, desk.now - 61 * DAY).await;
    assert_eq!(told(&before)[0], line("r~ada", "ada-1", "", "", false));
    let then = roster(&desk, "ou", PartnerSide::Provider, desk.now - 59 * DAY).await;
    assert_eq!(told(&then)[0], covered);
    let (learner_id, institution_id) = ("ada".into(), "ou".into());
    let withdraw = WithdrawConsentRequest { learner_id, institution_id, ..WithdrawConsentRequest::default() };
    desk.people().await.withdraw_consent(withdraw).await.unwrap();
    for at in [0, desk.now - 59 * DAY] {
        let rows = roster(&desk, "ou", PartnerSide::Provider, at).await;
        assert_eq!(told(&rows)[0], line("r~ada", "ada-1", "", "", false));
    }
    assert!(roster(&desk, "ou", PartnerSide::Provider, desk.now - 81 * DAY).await.is_empty());
}

pub async fn institutions_see_their_members(desk: Desk) {
    desk.open_run("r1", "c", 0, false).await;
    desk.open_run("r2", "c", 0, false).await;
    register(&desk, "ada", "kaist", "20-1").await;
    register(&desk, "bob", "mit", "9").await;
    register(&desk, "zed", "mit", "10").await;
    for (run, learner) in [("r1", "ada"), ("r1", "bob"), ("r2", "zed")] {
        desk.enrol(run, learner).await.unwrap();
    }
    consent(&desk, "ada", "kaist", &[ConsentScope::Email], 0).await;
    let rows = roster(&desk, "kaist", PartnerSide::Member, 0).await;
    assert_eq!(told(&rows), [line("r1~ada", "20-1", "", "ada@example.org", false)]);
    // Zed turns out to be Ada: what either did is a member's.
    let merge = MergeLearnersRequest {
        from_learner_id: "zed".into(),
        into_learner_id: "ada".into(),
        reason: "same passport".into(),
        ..MergeLearnersRequest::default()
    };
    desk.people().await.merge_learners(merge).await.unwrap();
    let rows = roster(&desk, "kaist", PartnerSide::Member, 0).await;
    let email = "ada@example.org";
    assert_eq!(told(&rows), [line("r1~ada", "20-1", "", email, false), line("r2~zed", "20-1", "", email, false)]);
    let request = ListPartnerRosterRequest { institution_id: "mit".into(), ..ListPartnerRosterRequest::default() };
    let mut queries = desk.queries_as("sam", &["staff"], &["kaist"]).await;
    assert_eq!(queries.list_partner_roster(request).await.unwrap_err().code(), Code::PermissionDenied);
}
