//! A credential is recognised elsewhere: refused, appealed, decided by another officer, and the credits arrive.

use crate::desk::{Desk, patiently, reason};
use studium_proto::credentials::v1::{
    AppealRecognitionRequest, AwardScheme, CredentialState, CreditKind, DecideAppealRequest, DecideRecognitionRequest,
    GetRecognitionRequest, LedgerKind, ListRecognitionsRequest, Recognition, RecognitionOutcome, RecognitionState,
    SubmitForeignCredentialRequest, SubmitRecognitionRequest, SubstantialDifference,
    recognition_service_client::RecognitionServiceClient,
};
use studium_testkit::Caller;
use studium_vc::{contexts::Contexts, did, jwt, keys::SigningKey, open_badge, proof};

const ADA: &str = "course~AAA~1~ada~1";
const AT_KU: &str = "course~AAA~1~ada~1~ku";

impl Desk {
    async fn recognitions(&self, subject: &str, role: &str, institution: &str) -> RecognitionServiceClient<Caller> {
        let institutions: &[&str] = if institution.is_empty() { &[] } else { &[institution] };
        RecognitionServiceClient::new(self.house.call(&self.running, subject, &[role], institutions).await.unwrap())
    }

    async fn recognition(&self, id: &str) -> Recognition {
        let request = GetRecognitionRequest {
            recognition_id: id.into(),
            min_position: self.head().await,
            ..GetRecognitionRequest::default()
        };
        let mut recognitions = RecognitionServiceClient::new(self.registrar().await);
        patiently!(recognitions.get_recognition(request.clone())).unwrap().recognition.unwrap()
    }
}

fn submit() -> SubmitRecognitionRequest {
    SubmitRecognitionRequest {
        learner_id: "ada".into(),
        institution_id: "ku".into(),
        credential_id: ADA.into(),
        programme_id: "maths".into(),
        note: "for my second year".into(),
        ..SubmitRecognitionRequest::default()
    }
}

pub async fn a_refusal_is_appealed_and_another_officer_lets_the_credits_count(desk: Desk) {
    desk.that_gives(AwardScheme::Ects, 5_000).await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    desk.holds("ada", AwardScheme::Ects, 5_000).await;
    let mut ada = desk.recognitions("ada", "learner", "").await;
    assert_eq!(ada.submit_recognition(submit()).await.unwrap().into_inner().id, AT_KU);
    let mut bob = desk.recognitions("bob", "learner", "").await;
    let stolen = SubmitRecognitionRequest { learner_id: "bob".into(), ..submit() };
    assert_eq!(reason(&bob.submit_recognition(stolen).await.unwrap_err()), "NOT_YOUR_CREDENTIAL");

    let mut eve = desk.recognitions("eve", "credential_officer", "ku").await;
    let refusal = DecideRecognitionRequest {
        institution_id: "ku".into(),
        recognition_id: AT_KU.into(),
        outcome: RecognitionOutcome::Refused as i32,
        explanation: "too few hours".into(),
        ..DecideRecognitionRequest::default()
    };
    assert_eq!(reason(&eve.decide_recognition(refusal.clone()).await.unwrap_err()), "REASON_REQUIRED");
    let refusal = DecideRecognitionRequest { difference: SubstantialDifference::Workload as i32, ..refusal };
    eve.decide_recognition(refusal).await.unwrap();
    let appeal = AppealRecognitionRequest {
        learner_id: "ada".into(),
        recognition_id: AT_KU.into(),
        grounds: "125 hours, see the syllabus".into(),
        ..AppealRecognitionRequest::default()
    };
    ada.appeal_recognition(appeal).await.unwrap();
    let shown = desk.recognition(AT_KU).await;
    assert_eq!(shown.state(), RecognitionState::Appealed);
    assert_eq!((shown.grounds.as_str(), shown.note.as_str()), ("125 hours, see the syllabus", "for my second year"));
    // Korea's credits are another quantity: the officers decide how many count.
    let verdict = DecideAppealRequest {
        institution_id: "ku".into(),
        recognition_id: AT_KU.into(),
        outcome: RecognitionOutcome::Partial as i32,
        credits_milli: 3_000,
        scheme: AwardScheme::KrAcbs as i32,
        explanation: "45 class hours".into(),
        kind: CreditKind::LiberalArts as i32,
        ..DecideAppealRequest::default()
    };
    assert_eq!(reason(&eve.decide_appeal(verdict.clone()).await.unwrap_err()), "SAME_OFFICER");
    let mut mia = desk.recognitions("mia", "credential_officer", "ku").await;
    mia.decide_appeal(verdict).await.unwrap();

    desk.holds("ada", AwardScheme::KrAcbs, 3_000).await;
    let lines = desk.ledger("ada", AwardScheme::KrAcbs).await;
    assert_eq!((lines[0].kind(), lines[0].entry_id.as_str()), (LedgerKind::Recognised, AT_KU));
    assert_eq!(desk.balance("ada", AwardScheme::Ects).await, Some(5_000), "nothing was converted");
    let of_issuer = ListRecognitionsRequest { issuer_institution_id: "ou".into(), ..Default::default() };
    let mut issuer = desk.recognitions("ira", "staff", "ou").await;
    let told = issuer.list_recognitions(of_issuer).await.unwrap().into_inner().recognitions;
    assert_eq!((told.len(), told[0].state(), told[0].officer.as_str()), (1, RecognitionState::Final, "mia"));
    assert!(issuer.list_recognitions(ListRecognitionsRequest::default()).await.is_err(), "only its own");
    what_the_learner_said_is_not_for_the_issuer(&desk).await;
}

/// For the issuer it was not written.
async fn what_the_learner_said_is_not_for_the_issuer(desk: &Desk) {
    let mut ada = desk.recognitions("ada", "learner", "").await;
    let mut mia = desk.recognitions("mia", "credential_officer", "ku").await;
    let mut issuer = desk.recognitions("ira", "staff", "ou").await;
    let of_issuer = ListRecognitionsRequest { issuer_institution_id: "ou".into(), ..Default::default() };
    let told = issuer.list_recognitions(of_issuer).await.unwrap().into_inner().recognitions;
    let get = |learner_id: &str, institution_id: &str, issuer: &str| GetRecognitionRequest {
        learner_id: learner_id.into(),
        institution_id: institution_id.into(),
        issuer_institution_id: issuer.into(),
        recognition_id: AT_KU.into(),
        min_position: 0,
    };
    let one = issuer.get_recognition(get("", "", "ou")).await.unwrap().into_inner().recognition.unwrap();
    for it in [&told[0], &one] {
        assert_eq!((it.grounds.as_str(), it.note.as_str(), it.kind()), ("", "", CreditKind::LiberalArts));
    }
    let for_ada = ada.get_recognition(get("ada", "", "")).await.unwrap().into_inner().recognition.unwrap();
    let for_mia = mia.get_recognition(get("", "ku", "")).await.unwrap().into_inner().recognition.unwrap();
    for it in [for_ada, for_mia] {
        assert!(!it.grounds.is_empty() && !it.note.is_empty() && it.kind() == CreditKind::LiberalArts, "{it:?}");
    }
    // Who names the receiver as well is still the issuer.
    let both = issuer.get_recognition(get("ada", "ku", "ou")).await.unwrap().into_inner().recognition.unwrap();
    assert_eq!((both.grounds.as_str(), both.note.as_str()), ("", ""));
}

pub async fn what_is_not_decided_in_time_is_told(desk: Desk) {
    desk.that_gives(AwardScheme::Ects, 5_000).await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    let mut registrar = RecognitionServiceClient::new(desk.registrar().await);
    let two_days = desk.house.now_ms() - 2 * 86_400_000;
    let late = SubmitRecognitionRequest { days: 1, at_ms: two_days, ..submit() };
    registrar.submit_recognition(late).await.unwrap();
    desk.awaits(async |it| it.recognition(AT_KU).await.is_escalated).await;
    let due = ListRecognitionsRequest {
        institution_id: "ku".into(),
        state: RecognitionState::Submitted as i32,
        due_until_ms: desk.house.now_ms(),
        ..ListRecognitionsRequest::default()
    };
    assert_eq!(registrar.list_recognitions(due).await.unwrap().into_inner().recognitions.len(), 1);
}

/// A credential of another platform, signed with a key that its identifier holds.
fn foreign(now_ms: i64) -> serde_json::Value {
    signed(&unsigned(now_ms), now_ms)
}

fn signed(credential: &serde_json::Value, now_ms: i64) -> serde_json::Value {
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    let method = did::method_id(&key.verifying_key().did_key(), &key.verifying_key());
    proof::add(credential, &key, &method, now_ms - 1_000_000, Contexts::embedded()).unwrap()
}

/// The same as a token.
fn token(credential: &serde_json::Value) -> String {
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    let method = did::method_id(&key.verifying_key().did_key(), &key.verifying_key());
    jwt::sign(credential, &key, &method).unwrap()
}

fn unsigned(now_ms: i64) -> serde_json::Value {
    let issuer = SigningKey::from_seed(&[9; 32]).unwrap().verifying_key().did_key();
    let badge = open_badge::Badge {
        id: "urn:uuid:0195a2c0-0000-7000-8000-000000000001".into(),
        issuer: open_badge::Issuer {
            id: issuer.clone(),
            name: "Elsewhere".into(),
            url: "https://elsewhere.example".into(),
            country: String::new(),
            country_code: String::new(),
        },
        awarded_ms: now_ms - 1_000_000,
        valid_from_ms: now_ms - 1_000_000,
        valid_until_ms: None,
        subject: "urn:uuid:0195a2c0-0000-7000-8000-000000000002".into(),
        identity: None,
        activity_start_ms: None,
        activity_end_ms: None,
        credits: Some(open_badge::Credits { milli: 4_500, scheme: open_badge::Scheme::Ects }),
        results: open_badge::Results::default(),
        achievement: open_badge::Achievement {
            id: "https://elsewhere.example/topology".into(),
            kind: "Course".into(),
            name: "Topology".into(),
            description: "Shapes.".into(),
            criteria: "Pass.".into(),
            ..open_badge::Achievement::default()
        },
        evidence: Vec::new(),
        status: None,
    };
    open_badge::credential(&badge)
}

/// The same JSON with all members in the opposite order, and as people write it.
fn turned(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(members) => {
            let mut all: Vec<_> = members.iter().collect();
            all.sort_by(|a, b| b.0.cmp(a.0));
            let all = all.iter().map(|(name, it)| format!("  {} :\n {}", serde_json::json!(name), turned(it)));
            format!("{{{}}}", all.collect::<Vec<_>>().join(" , "))
        }
        serde_json::Value::Array(all) => format!("[ {} ]", all.iter().map(turned).collect::<Vec<_>>().join(", ")),
        it => it.to_string(),
    }
}

pub async fn a_credential_of_another_platform_is_the_same_however_it_is_written(desk: Desk) {
    let mut ada = desk.recognitions("ada", "learner", "").await;
    let mut submit = async |credential: String| {
        let request = SubmitForeignCredentialRequest {
            learner_id: "ada".into(),
            institution_id: "ku".into(),
            credential,
            ..SubmitForeignCredentialRequest::default()
        };
        let done = ada.submit_foreign_credential(request).await.unwrap().into_inner();
        (done.id, done.already)
    };
    let now_ms = desk.house.now_ms();
    let mut nameless = unsigned(now_ms);
    nameless.as_object_mut().unwrap().remove("id");
    let mut ids = Vec::new();
    for credential in [unsigned(now_ms), nameless] {
        let (id, already) = submit(signed(&credential, now_ms).to_string()).await;
        assert!(!already && !ids.contains(&id), "{id}");
        let mut again = vec![turned(&signed(&credential, now_ms)), signed(&credential, now_ms - 5_000).to_string()];
        if credential.get("id").is_some() {
            again.extend([token(&credential), token(&signed(&credential, now_ms))]);
        }
        for it in again {
            assert_eq!(submit(it.clone()).await, (id.clone(), true), "{it}");
        }
        ids.push(id);
    }
    let mut other = unsigned(now_ms);
    other["id"] = "urn:uuid:0195a2c0-0000-7000-8000-000000000003".into();
    assert!(!submit(signed(&other, now_ms).to_string()).await.1);
}

pub async fn a_credential_of_another_platform_is_taken_in_only_if_it_verifies(desk: Desk) {
    let mut ada = desk.recognitions("ada", "learner", "").await;
    let mut credential = foreign(desk.house.now_ms());
    let submit = |credential: &serde_json::Value| SubmitForeignCredentialRequest {
        learner_id: "ada".into(),
        institution_id: "ku".into(),
        credential: credential.to_string(),
        ..SubmitForeignCredentialRequest::default()
    };
    let done = ada.submit_foreign_credential(submit(&credential)).await.unwrap().into_inner();
    let shown = desk.recognition(&done.id).await;
    assert_eq!((shown.title.as_str(), shown.claimed[0].credits_milli), ("Topology", 4_500));
    assert!(shown.foreign_issuer.starts_with("did:key:") && done.id.contains(&shown.foreign_sha256[..32]));
    let mut eve = desk.recognitions("eve", "staff", "ku").await;
    let too_much = DecideRecognitionRequest {
        institution_id: "ku".into(),
        recognition_id: done.id.clone(),
        outcome: RecognitionOutcome::Partial as i32,
        credits_milli: 4_501,
        scheme: AwardScheme::Ects as i32,
        explanation: "fits".into(),
        ..DecideRecognitionRequest::default()
    };
    assert_eq!(reason(&eve.decide_recognition(too_much.clone()).await.unwrap_err()), "RECOGNISED_ABOVE_EARNED");
    let all = DecideRecognitionRequest {
        outcome: RecognitionOutcome::Full as i32,
        credits_milli: 4_500,
        programme_cap_milli: 4_500,
        ..too_much
    };
    eve.decide_recognition(all).await.unwrap();
    desk.holds("ada", AwardScheme::Ects, 4_500).await;

    credential["credentialSubject"]["creditsEarned"] = serde_json::json!(60);
    let forged = ada.submit_foreign_credential(submit(&credential)).await.unwrap_err();
    assert_eq!(reason(&forged), "FOREIGN_CREDENTIAL_NOT_VERIFIED");
}

pub async fn what_was_handed_in_a_moment_ago_counts_for_the_programme(desk: Desk) {
    let (mut ada, mut eve) =
        (desk.recognitions("ada", "learner", "").await, desk.recognitions("eve", "staff", "ku").await);
    let now_ms = desk.house.now_ms();
    let mut hand_in = async |n: u32| {
        let mut credential = unsigned(now_ms);
        credential["id"] = format!("urn:uuid:0195a2c0-0000-7000-8000-{n:012}").into();
        let request = SubmitForeignCredentialRequest {
            learner_id: "ada".into(),
            institution_id: "ku".into(),
            programme_id: "maths".into(),
            credential: signed(&credential, now_ms).to_string(),
            ..SubmitForeignCredentialRequest::default()
        };
        ada.submit_foreign_credential(request).await.unwrap().into_inner().id
    };
    let mut decide = async |recognition_id: String| {
        let request = DecideRecognitionRequest {
            institution_id: "ku".into(),
            recognition_id,
            outcome: RecognitionOutcome::Full as i32,
            credits_milli: 4_500,
            scheme: AwardScheme::Ects as i32,
            explanation: "fits".into(),
            programme_cap_milli: 4_500,
            ..DecideRecognitionRequest::default()
        };
        eve.decide_recognition(request).await.map_err(|it| reason(&it))
    };
    decide(hand_in(0).await).await.unwrap();
    desk.holds("ada", AwardScheme::Ects, 4_500).await;
    // No view has seen these when they are decided.
    for n in 1..20 {
        assert_eq!(decide(hand_in(n).await).await.unwrap_err(), "RECOGNITION_CAP", "number {n}");
    }
}
