//! Learners: external ids, aliases, erasure, consent.

use crate::desk::{Acts, Desk, People, asking, reason};
use crate::programmes::{joining, publish};
use futures::TryStreamExt as _;
use studium_proto::enrolment::v1::{
    BulkEnrolRequest, ConsentScope, EnrolRequest, EnrolmentSource, EraseLearnerRequest, ExternalId, FindLearnerRequest,
    GetEnrolmentRequest, GetLearnerRecordRequest, GetLearnerRequest, GetLearnerResponse, GiveConsentRequest,
    InviteRequest, LinkExternalIdRequest, ListConsentsRequest, MergeLearnersRequest, RegisterLearnerRequest,
    RowOutcome, StartRequest, UnlinkExternalIdRequest, WithdrawConsentRequest, WithdrawRequest,
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

async fn merge(people: &mut People, from: &str, into: &str) {
    let merge = MergeLearnersRequest {
        from_learner_id: from.into(),
        into_learner_id: into.into(),
        reason: "same passport".into(),
        ..MergeLearnersRequest::default()
    };
    people.merge_learners(merge).await.unwrap();
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
    merge(&mut people, "ada2", "ada").await;
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

/// Two registered learners, `ada` and `ada2`, not merged yet.
async fn two(desk: &Desk) -> People {
    let mut people = desk.people().await;
    people.register_learner(registering("ada", &[])).await.unwrap();
    people.register_learner(registering("ada2", &[])).await.unwrap();
    people
}

pub async fn an_alias_enrols_the_person_who_stays(desk: Desk) {
    for run in ["r1", "r2", "r3", "r4", "r5"] {
        desk.open_run(run, "c", 0, false).await;
    }
    let mut people = two(&desk).await;
    desk.enrol("r1", "ada2").await.unwrap();
    desk.enrol("r2", "ada").await.unwrap();
    merge(&mut people, "ada2", "ada").await;
    // Each where the person is already, whichever id is named and whatever the views have seen.
    for (run, id) in [("r1", "r1~ada2"), ("r2", "r2~ada")] {
        for learner in ["ada", "ada2"] {
            let it = desk.enrol(run, learner).await.unwrap();
            assert_eq!((it.id.as_str(), it.already), (id, true), "{learner} in {run}");
        }
        let terms = EnrolRequest { source: EnrolmentSource::SelfPaid.into(), ..asking(run, "ada2") };
        assert_eq!(reason(&desk.acts().await.enrol(terms).await.unwrap_err()), "ALREADY_ENROLLED");
    }
    let it = desk.enrol("r3", "ada2").await.unwrap();
    assert_eq!((it.id.as_str(), it.already), ("r3~ada", false));
    assert!(desk.enrol("r3", "ada").await.unwrap().already);
    let (run_id, learner_id) = ("r4".into(), "ada2".into());
    let invite = InviteRequest { run_id, learner_id, ..InviteRequest::default() };
    assert_eq!(desk.acts().await.invite(invite).await.unwrap().into_inner().id, "r4~ada");
    let row = |learner: &str| BulkEnrolRequest {
        run_id: "r5".into(),
        learner_id: learner.into(),
        ..BulkEnrolRequest::default()
    };
    let rows = futures::stream::iter([row("ada2"), row("ada"), row("bob")]);
    let answers: Vec<_> = desk.acts().await.bulk_enrol(rows).await.unwrap().into_inner().try_collect().await.unwrap();
    let told = |row: &str| answers.iter().find(|it| it.row_id == row).map(|it| (it.id.as_str(), it.outcome())).unwrap();
    assert_eq!(told("1"), ("r5~ada", RowOutcome::Ok));
    assert_eq!(told("2"), ("r5~ada", RowOutcome::Already));
    assert_eq!(told("3"), ("r5~bob", RowOutcome::Ok));
}

pub async fn acts_reach_the_enrolment_of_a_merged_person(desk: Desk) {
    for run in ["r1", "r2"] {
        desk.open_run(run, "c", 0, false).await;
    }
    let mut people = two(&desk).await;
    for (run, learner) in [("r1", "ada2"), ("r2", "ada"), ("r2", "ada2")] {
        desk.enrol(run, learner).await.unwrap();
    }
    merge(&mut people, "ada2", "ada").await;
    let mut acts = desk.acts().await;
    let withdraw = |run: &str, learner: &str| WithdrawRequest {
        run_id: run.into(),
        learner_id: learner.into(),
        reason: "moved away".into(),
        ..WithdrawRequest::default()
    };
    assert_eq!(acts.withdraw(withdraw("r1", "ada")).await.unwrap().into_inner().id, "r1~ada2");
    // Where both were enrolled before, saying it again does not reach the other one.
    for already in [false, true] {
        let it = acts.withdraw(withdraw("r2", "ada2")).await.unwrap().into_inner();
        assert_eq!((it.id.as_str(), it.already), ("r2~ada2", already));
    }
    // Who left under one id and is there under the other does not come in a second time.
    let it = desk.enrol("r2", "ada2").await.unwrap();
    assert_eq!((it.id.as_str(), it.already), ("r2~ada", true));
}

pub async fn an_alias_joins_programmes_as_the_person_who_stays(desk: Desk) {
    let position = publish(&desk, 0).await;
    let mut people = two(&desk).await;
    people.register_learner(registering("bob", &[])).await.unwrap();
    people.register_learner(registering("bob2", &[])).await.unwrap();
    let mut places = desk.places().await;
    places.join_programme(joining("bob2", position)).await.unwrap();
    merge(&mut people, "ada2", "ada").await;
    merge(&mut people, "bob2", "bob").await;
    assert_eq!(places.join_programme(joining("ada2", position)).await.unwrap().into_inner().id, "p~ada");
    let bob = places.join_programme(joining("bob", position)).await.unwrap().into_inner();
    assert_eq!((bob.id.as_str(), bob.already), ("p~bob2", true));
}

pub async fn a_merged_person_takes_back_what_was_let_under_any_id(desk: Desk) {
    let mut people = two(&desk).await;
    let (institution_id, name) = (String::from("ou"), vec![i32::from(ConsentScope::Name)]);
    let give = |learner: &str| GiveConsentRequest {
        learner_id: learner.into(),
        institution_id: institution_id.clone(),
        scopes: name.clone(),
        ..GiveConsentRequest::default()
    };
    people.give_consent(give("ada2")).await.unwrap();
    merge(&mut people, "ada2", "ada").await;
    let withdraw = WithdrawConsentRequest {
        learner_id: "ada".into(),
        institution_id: institution_id.clone(),
        scopes: name.clone(),
        at_ms: 0,
    };
    assert!(!people.withdraw_consent(withdraw.clone()).await.unwrap().into_inner().already);
    assert!(people.withdraw_consent(withdraw).await.unwrap().into_inner().already);
    let request = ListConsentsRequest { learner_id: "ada".into(), min_position: desk.head().await };
    let consents = people.list_consents(request).await.unwrap().into_inner().consents;
    assert!(consents.iter().all(|it| it.scopes.is_empty()), "{consents:?}");
    assert_eq!(people.give_consent(give("ada2")).await.unwrap().into_inner().id, "ou~ada");
}

pub async fn a_merge_is_known_to_other_processes_and_after_a_restart(desk: Desk) {
    desk.open_run("r1", "c", 0, false).await;
    let catalogue_position = desk.open_run("r2", "c", 0, false).await;
    let other = desk.house.start(studium_enrolment::service()).await.unwrap();
    let mut acts = Acts::new(desk.house.registrar(&other).await.unwrap());
    let enrol = |run: &str, learner: &str| EnrolRequest { catalogue_position, ..asking(run, learner) };
    acts.enrol(enrol("r1", "ada")).await.unwrap();
    let mut people = two(&desk).await;
    merge(&mut people, "ada2", "ada").await;
    let (run_id, learner_id) = ("r1".into(), "ada2".into());
    let start = StartRequest { run_id, learner_id, ..StartRequest::default() };
    let mut answer = acts.start(start.clone()).await;
    for _ in 0..400 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        answer = acts.start(start.clone()).await;
    }
    assert_eq!(answer.unwrap().into_inner().id, "r1~ada");
    // One that begins now has never been told.
    let third = desk.house.start(studium_enrolment::service()).await.unwrap();
    let mut people = People::new(desk.house.registrar(&third).await.unwrap());
    shown(&desk, &mut people, "ada2").await;
    let mut acts = Acts::new(desk.house.registrar(&third).await.unwrap());
    assert_eq!(acts.enrol(enrol("r2", "ada2")).await.unwrap().into_inner().id, "r2~ada");
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
