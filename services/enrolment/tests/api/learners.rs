//! Learners: external ids, aliases, erasure, consent.

use crate::desk::{Desk, People, reason};
use studium_proto::enrolment::v1::{
    ConsentScope, EraseLearnerRequest, ExternalId, FindLearnerRequest, GetEnrolmentRequest, GetLearnerRecordRequest,
    GetLearnerRequest, GetLearnerResponse, GiveConsentRequest, LinkExternalIdRequest, ListConsentsRequest,
    MergeLearnersRequest, RegisterLearnerRequest, UnlinkExternalIdRequest, WithdrawConsentRequest,
};
use tonic::Code;

fn external(id: &str) -> ExternalId {
    ExternalId { institution_id: "ou".into(), external_id: id.into() }
}

fn registering(learner: &str, ids: &[&str]) -> RegisterLearnerRequest {
    RegisterLearnerRequest {
        learner_id: learner.into(),
        name: learner.to_uppercase(),
        email: format!("{learner}@example.org"),
        external_ids: ids.iter().map(|it| external(it)).collect(),
        ..RegisterLearnerRequest::default()
    }
}

fn link(learner: &str, id: &str) -> LinkExternalIdRequest {
    let (learner_id, institution_id, external_id) = (learner.into(), "ou".into(), id.into());
    LinkExternalIdRequest { learner_id, institution_id, external_id, ..LinkExternalIdRequest::default() }
}

fn find(id: &str) -> FindLearnerRequest {
    FindLearnerRequest { institution_id: "ou".into(), external_id: id.into(), min_position: 0 }
}

async fn shown(desk: &Desk, people: &mut People, learner: &str) -> GetLearnerResponse {
    let request = GetLearnerRequest { learner_id: learner.into(), min_position: desk.head().await };
    people.get_learner(request).await.unwrap().into_inner()
}

pub async fn external_ids_belong_to_one_learner(desk: Desk) {
    let mut people = desk.people().await;
    people.register_learner(registering("ada", &["7/ä", "8"])).await.unwrap();
    assert!(people.register_learner(registering("ada", &["8"])).await.unwrap().into_inner().already);
    let taken = people.register_learner(registering("bob", &["8"])).await.unwrap_err();
    assert_eq!((taken.code(), reason(&taken).as_str()), (Code::AlreadyExists, "EXTERNAL_ID_TAKEN"));
    assert_eq!(reason(&people.link_external_id(link("nobody", "9")).await.unwrap_err()), "LEARNER_NOT_FOUND");
    people.link_external_id(link("ada", "9")).await.unwrap();
    assert_eq!(people.find_learner(find("7/ä")).await.unwrap().into_inner().learner_id, "ada");
    let (learner_id, institution_id, external_id) = ("ada".into(), "ou".into(), "8".into());
    let unlink = UnlinkExternalIdRequest { learner_id, institution_id, external_id, at_ms: 0 };
    people.unlink_external_id(unlink).await.unwrap();
    assert_eq!(reason(&people.find_learner(find("8")).await.unwrap_err()), "EXTERNAL_ID_NOT_FOUND");
    people.register_learner(registering("bob", &["8"])).await.unwrap();
    let ada = shown(&desk, &mut people, "ada").await;
    assert_eq!((ada.name.as_str(), ada.email.as_str()), ("ADA", "ada@example.org"));
    assert_eq!(ada.external_ids, [external("7/ä"), external("9")]);
}

pub async fn a_refused_registration_gives_its_claims_back(desk: Desk) {
    let mut people = desk.people().await;
    people.register_learner(registering("ada", &["7"])).await.unwrap();
    let refused = people.register_learner(registering("bob", &["8", "7"])).await.unwrap_err();
    assert_eq!(reason(&refused), "EXTERNAL_ID_TAKEN");
    people.register_learner(registering("cyd", &["8"])).await.unwrap();
    let other_name = RegisterLearnerRequest { name: "Eve".into(), ..registering("ada", &["9"]) };
    assert_eq!(reason(&people.register_learner(other_name).await.unwrap_err()), "LEARNER_EXISTS");
    people.register_learner(registering("dan", &["9"])).await.unwrap();
    // Learners do not say by which id an institution knows them, and staff only for its own institution.
    let caller = desk.house.call(&desk.running, "eve", &["learner"], &[]).await.unwrap();
    let mut eve = People::new(caller);
    assert_eq!(reason(&eve.register_learner(registering("eve", &["1"])).await.unwrap_err()), "NOT_YOUR_INSTITUTION");
    eve.register_learner(registering("eve", &[])).await.unwrap();
}

pub async fn merged_learners_have_one_record(desk: Desk) {
    desk.open_run("r1", "c", 0, false).await;
    desk.open_run("r2", "c", 0, false).await;
    let mut people = desk.people().await;
    people.register_learner(registering("ada", &["7"])).await.unwrap();
    people.register_learner(registering("ada2", &["8"])).await.unwrap();
    desk.enrol("r1", "ada").await.unwrap();
    desk.enrol("r2", "ada2").await.unwrap();
    let merge = MergeLearnersRequest {
        from_learner_id: "ada2".into(),
        into_learner_id: "ada".into(),
        reason: "same passport".into(),
        ..MergeLearnersRequest::default()
    };
    people.merge_learners(merge).await.unwrap();
    let min_position = desk.head().await;
    for id in ["ada", "ada2"] {
        let it = shown(&desk, &mut people, id).await;
        assert_eq!((it.learner_id.as_str(), it.aliases.as_slice()), ("ada", ["ada2".to_owned()].as_slice()));
        assert_eq!(it.external_ids, [external("7"), external("8")]);
        let request = GetLearnerRecordRequest { learner_id: id.into(), min_position, ..Default::default() };
        let record = desk.queries().await.get_learner_record(request).await.unwrap().into_inner();
        let runs: Vec<_> = record.enrolments.iter().map(|it| it.run_id.as_str()).collect();
        assert_eq!(runs, ["r1", "r2"]);
        let request = GetEnrolmentRequest { run_id: "r2".into(), learner_id: id.into(), ..Default::default() };
        desk.queries().await.get_enrolment(request).await.unwrap();
    }
    assert_eq!(people.find_learner(find("8")).await.unwrap().into_inner().learner_id, "ada");
    assert_eq!(reason(&people.link_external_id(link("ada2", "9")).await.unwrap_err()), "LEARNER_MERGED");
}

pub async fn erased_learners_have_no_name(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    let mut people = desk.people().await;
    people.register_learner(registering("ada", &["7"])).await.unwrap();
    desk.enrol("r", "ada").await.unwrap();
    let (learner_id, reason) = ("ada".into(), "on request".into());
    people.erase_learner(EraseLearnerRequest { learner_id, reason, at_ms: 0 }).await.unwrap();
    let ada = shown(&desk, &mut people, "ada").await;
    assert!(ada.erased && ada.name.is_empty() && ada.email.is_empty() && ada.external_ids.is_empty());
    desk.enrolment("r", "ada", 0).await;
}

pub async fn consent_is_given_and_taken_back(desk: Desk) {
    let mut people = desk.people().await;
    let give = GiveConsentRequest {
        learner_id: "ada".into(),
        institution_id: "ou".into(),
        scopes: vec![ConsentScope::Name.into(), ConsentScope::Results.into()],
        ..GiveConsentRequest::default()
    };
    people.give_consent(give).await.unwrap();
    let (learner_id, institution_id) = ("ada".into(), "ou".into());
    let scopes = vec![ConsentScope::Name.into()];
    let withdraw = WithdrawConsentRequest { learner_id, institution_id, scopes, at_ms: 0 };
    people.withdraw_consent(withdraw.clone()).await.unwrap();
    assert!(people.withdraw_consent(withdraw).await.unwrap().into_inner().already);
    let request = ListConsentsRequest { learner_id: "ada".into(), min_position: desk.head().await };
    let consents = people.list_consents(request).await.unwrap().into_inner().consents;
    assert_eq!((consents.len(), consents[0].institution_id.as_str()), (1, "ou"));
    assert_eq!(consents[0].scopes, [ConsentScope::Results as i32]);
}
