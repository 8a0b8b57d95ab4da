//! What partners read in their feeds, and that a copy comes to what the platform has.

use crate::{
    copy::{Partner, hex, sha256},
    desk::{DAY, Desk, reason, service},
    partners::{consent, register},
};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::Value;
use studium_log::{Log, Stored};
use studium_proto::enrolment::v1::{
    CompleteRequest, ConsentScope, EraseLearnerRequest, LinkExternalIdRequest, MergeLearnersRequest, Outcome,
    RecordResultRequest, WithdrawConsentRequest, WithdrawRequest,
};
use studium_proto::partner::v1::{
    AcknowledgeRequest, GetFeedRequest, OpenFeedRequest, SubscribeRequest, difference_response::Difference,
    partner_feed_service_client::PartnerFeedServiceClient,
};
use studium_testkit::House;
use tonic::Code;

async fn result(desk: &Desk, run: &str, learner: &str, attempt: u32, score: u32) {
    let request = RecordResultRequest {
        run_id: run.into(),
        learner_id: learner.into(),
        assessment_id: "tma".into(),
        attempt,
        score_millipoints: Some(score),
        ..RecordResultRequest::default()
    };
    desk.acts().await.record_result(request).await.unwrap();
}

pub async fn link(desk: &Desk, learner: &str, institution: &str, external_id: &str) {
    let link = LinkExternalIdRequest {
        learner_id: learner.into(),
        institution_id: institution.into(),
        external_id: external_id.into(),
        ..LinkExternalIdRequest::default()
    };
    desk.people().await.link_external_id(link).await.unwrap();
}

async fn withdraw(desk: &Desk, run: &str, learner: &str) {
    let (run_id, learner_id) = (run.into(), learner.into());
    desk.acts()
        .await
        .withdraw(WithdrawRequest { run_id, learner_id, reason: "no time".into(), ..Default::default() })
        .await
        .unwrap();
}

/// A run of `ou` with a scheme, where each of these has a consent to results and passes.
async fn a_term(desk: &Desk, learners: &[&str]) {
    desk.open_run("r", "c", 0, false).await;
    desk.run_says("r", vec![desk.scheme()]).await;
    let mut acts = desk.acts().await;
    for learner in learners {
        register(desk, learner, "ou", &format!("{learner}-1")).await;
        consent(desk, learner, "ou", &[ConsentScope::Results], desk.now - 85 * DAY).await;
        desk.enrol_at("r", learner, desk.now - 80 * DAY).await.unwrap();
        result(desk, "r", learner, 1, 70_000).await;
        let (run_id, learner_id, outcome) = ("r".into(), (*learner).into(), Outcome::Passed.into());
        let override_reason = "board".to_owned();
        let complete = CompleteRequest { run_id, learner_id, outcome, override_reason, ..CompleteRequest::default() };
        acts.complete(complete).await.unwrap();
    }
}

pub async fn a_feed_tells_everything_in_order(desk: Desk) {
    a_term(&desk, &["ada"]).await;
    // The feed is opened later and holds what came before all the same.
    let mut ou = Partner::opens(&desk, "ou").await;
    ou.reads(&desk).await;
    assert_eq!(ou.heard("r~ada"), ["enrolled", "result_recorded", "completed"]);
    desk.enrol("r", "bob").await.unwrap();
    withdraw(&desk, "r", "bob").await;
    ou.reads(&desk).await;
    assert_eq!(ou.heard("r~bob"), ["enrolled", "withdrawn"]);
    for (index, event) in ou.events.iter().enumerate() {
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["source"], "urn:studium:feed:ou");
        assert_eq!(event["sequence"], format!("{:020}", index + 1));
        let before = ou.events[..index].iter().zip(&ou.raw).filter(|(it, _)| it["subject"] == event["subject"]);
        let before: Vec<_> = before.collect();
        assert_eq!(event["subjectversion"], before.len() as u64 + 1, "no gap can hide");
        let hash = before.last().map(|(_, raw)| hex(&sha256(raw.as_bytes())));
        assert_eq!(event.get("previoushash").and_then(Value::as_str), hash.as_deref(), "nothing can be changed");
    }
    let ada = &ou.copy["r~ada"];
    assert_eq!(ada["state"], "ENROLMENT_STATE_COMPLETED");
    assert_eq!((&ada["externalIds"][0], &ada["outcome"]), (&"ada-1".into(), &"OUTCOME_PASSED".into()));
    assert_eq!(ada["results"][0]["scoreMillipoints"], 70_000);
    assert_eq!(ou.events[2]["data"]["previousState"], "ENROLMENT_STATE_ACTIVE");
    ou.is_equal().await;
}

pub async fn consent_decides_what_is_told(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    desk.run_says("r", vec![desk.scheme()]).await;
    let mut ou = Partner::opens(&desk, "ou").await;
    register(&desk, "ada", "elsewhere", "e-1").await;
    desk.enrol("r", "ada").await.unwrap();
    result(&desk, "r", "ada", 1, 50_000).await;
    ou.reads(&desk).await;
    assert_eq!(ou.heard("r~ada"), ["enrolled"], "a result that may not be seen is no event");
    assert!(ou.copy["r~ada"].get("name").is_none() && ou.copy["r~ada"].get("externalIds").is_none());

    consent(&desk, "ada", "ou", &[ConsentScope::Name, ConsentScope::Results], desk.now).await;
    result(&desk, "r", "ada", 2, 60_000).await;
    ou.reads(&desk).await;
    assert_eq!(ou.heard("r~ada")[1..], ["consent_given", "result_recorded"]);
    assert_eq!(ou.copy["r~ada"]["consents"], serde_json::json!(["CONSENT_SCOPE_NAME", "CONSENT_SCOPE_RESULTS"]));
    assert_eq!(ou.knows(&desk, "r~ada").await, ("ADA".into(), String::new()));

    withdraw_consent_of(&desk, "ada").await;
    ou.reads(&desk).await;
    assert_eq!(ou.heard("r~ada")[3..], ["consent_withdrawn"]);
    let told = &ou.events.last().unwrap()["data"]["withdrawn"];
    assert_eq!(
        told,
        &serde_json::json!(["CONSENT_SCOPE_NAME", "CONSENT_SCOPE_RESULTS"]),
        "a tombstone says what to delete"
    );
    for gone in ["results", "consents", "outcome"] {
        assert!(ou.copy["r~ada"].get(gone).is_none(), "{gone}");
    }
    assert_eq!(ou.knows(&desk, "r~ada").await, (String::new(), String::new()));
    // Whoever is erased takes all consents along.
    consent(&desk, "ada", "ou", &[ConsentScope::Email], desk.now).await;
    assert_eq!(ou.knows(&desk, "r~ada").await, (String::new(), "ada@example.org".into()));
    erase(&desk, "ada").await;
    ou.reads(&desk).await;
    assert_eq!(ou.events.last().unwrap()["data"]["withdrawn"], serde_json::json!(["CONSENT_SCOPE_EMAIL"]));
    assert_eq!(ou.knows(&desk, "r~ada").await, (String::new(), String::new()));
    ou.is_equal().await;
}

pub async fn who_becomes_a_member_is_revealed(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    let mut campus = Partner::opens(&desk, "campus").await;
    for learner in ["ada", "bob"] {
        register(&desk, learner, "elsewhere", &format!("{learner}-1")).await;
        desk.enrol("r", learner).await.unwrap();
    }
    campus.reads(&desk).await;
    assert!(campus.events.is_empty(), "nobody of theirs");
    link(&desk, "ada", "campus", "s7").await;
    campus.reads(&desk).await;
    assert_eq!(campus.heard("r~ada"), ["revealed"]);
    // Two are found to be one: whose enrolment it is changes, and the other's comes into view.
    let merge = MergeLearnersRequest {
        from_learner_id: "ada".into(),
        into_learner_id: "bob".into(),
        reason: "same passport".into(),
        ..MergeLearnersRequest::default()
    };
    desk.people().await.merge_learners(merge).await.unwrap();
    campus.reads(&desk).await;
    assert_eq!(
        (campus.heard("r~ada"), campus.heard("r~bob")),
        (vec!["revealed", "identity_changed"], vec!["revealed"])
    );
    assert_eq!(campus.copy["r~ada"]["learnerId"], "bob");
    campus.is_equal().await;
}

pub async fn a_feed_made_anew_is_the_same(desk: Desk) {
    a_term(&desk, &["ada", "bob", "cid"]).await;
    let mut ou = Partner::opens(&desk, "ou").await;
    ou.reads(&desk).await;
    withdraw_consent_of(&desk, "bob").await;
    ou.reads(&desk).await;

    // Another partner is told of the same, and opened its feed later: neither is the other's business.
    let mut campus = Partner::opens(&desk, "campus").await;
    campus.reads(&desk).await;
    link(&desk, "ada", "campus", "s7").await;
    desk.enrol("r", "eve").await.unwrap();
    withdraw(&desk, "r", "eve").await;
    let _ = (ou.reads(&desk).await, campus.reads(&desk).await);
    assert!(campus.position > 0);
    let (all, theirs) = (
        taken(desk.house.log(), "partner_ou", ou.position).await,
        taken(desk.house.log(), "partner_campus", campus.position).await,
    );

    // The store is lost: what was told is not told again, and what comes goes on behind it.
    let again = desk.house.start(service()).await.unwrap();
    desk.enrol("r", "dan").await.unwrap();
    ou.reads(&desk).await;
    assert_eq!(ou.heard("r~dan"), ["enrolled"]);
    let mut anew = PartnerFeedServiceClient::new(desk.house.registrar(&again).await.unwrap());
    let asked = GetFeedRequest { institution_id: "ou".into(), min_position: desk.head().await };
    let mut written = None;
    for _ in 0..400 {
        match anew.get_feed(asked.clone()).await {
            Ok(it) => written = Some(it.into_inner().feed.unwrap().written_position),
            Err(e) => assert!(matches!(e.code(), Code::Unavailable | Code::NotFound), "{e}"),
        }
        if written.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(written, Some(ou.position));
    assert_eq!(desk.house.log().head("partner_ou").await.unwrap(), ou.position);
    again.stop().await.unwrap();

    // The broker is lost and its stream restored: the feed comes out as it was, to the byte.
    let log = desk.house.log().emptied();
    let commits = taken(desk.house.log(), "enrolment", desk.head().await).await;
    log.restore("enrolment", &commits).await.unwrap();
    let house = House::new(log.clone()).unwrap();
    let other = house.start(service()).await.unwrap();
    let same = taken(&log, "partner_ou", ou.position).await;
    let (was, is): (Vec<_>, Vec<_>) = all.iter().zip(&same).map(|(a, b)| (&a.bytes, &b.bytes)).unzip();
    assert_eq!((was, same.len()), (is, all.len() + 1));
    let same = taken(&log, "partner_campus", campus.position).await;
    assert!(theirs.iter().zip(&same).all(|(a, b)| a.bytes == b.bytes));
    other.stop().await.unwrap();
}

pub async fn withdraw_consent_of(desk: &Desk, learner: &str) {
    let (learner_id, institution_id) = (learner.into(), "ou".into());
    let request = WithdrawConsentRequest { learner_id, institution_id, ..WithdrawConsentRequest::default() };
    desk.people().await.withdraw_consent(request).await.unwrap();
}

pub async fn erase(desk: &Desk, learner: &str) {
    let (learner_id, reason) = (learner.into(), "asked".into());
    desk.people().await.erase_learner(EraseLearnerRequest { learner_id, reason, at_ms: 0 }).await.unwrap();
}

pub async fn taken(log: &Log, stream: &str, until: u64) -> Vec<Stored> {
    let mut follow = log.follow(stream, 0);
    let mut all = Vec::new();
    while (all.len() as u64) < until {
        all.extend(follow.next().await.unwrap());
    }
    all
}

pub async fn differences_name_just_what_differs(desk: Desk) {
    a_term(&desk, &["ada", "bob", "cid"]).await;
    let mut ou = Partner::opens(&desk, "ou").await;
    ou.reads(&desk).await;
    assert!(ou.differences(vec![]).await.is_empty());
    let (was, lost) = (ou.copy.clone(), ou.copy.remove("r~ada").unwrap());
    ou.copy.get_mut("r~bob").unwrap()["state"] = "ENROLMENT_STATE_ACTIVE".into();
    ou.copy.insert("r~ghost".into(), serde_json::json!({"enrolmentId": "r~ghost"}));
    let branches: Vec<u32> = ou
        .differences(vec![])
        .await
        .iter()
        .map(|it| match it {
            Difference::Branch(it) => *it,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(branches.len(), 3);
    for it in ou.differences(branches).await {
        match it {
            Difference::Record(it) => {
                let record: Value = serde_json::from_str(&it).unwrap();
                ou.copy.insert(record["enrolmentId"].as_str().unwrap().to_owned(), record);
            }
            Difference::SurplusEnrolmentId(it) => drop(ou.copy.remove(&it).unwrap()),
            Difference::Branch(it) => panic!("{it} was sent"),
        }
    }
    assert_eq!((ou.copy.get("r~ada"), &ou.copy), (Some(&lost), &was));
    ou.is_equal().await;
}

pub async fn a_day_ends_with_a_digest(desk: Desk) {
    a_term(&desk, &["ada"]).await;
    let staff = desk.house.registrar(&desk.running).await.unwrap();
    let request = OpenFeedRequest { institution_id: "ou".into(), at_ms: desk.now - 2 * DAY };
    PartnerFeedServiceClient::new(staff).open_feed(request).await.unwrap();
    let mut ou = Partner::of(&desk, "ou").await;
    // Two days are over since then. They are told of by themselves.
    for _ in 0..400 {
        ou.reads(&desk).await;
        if ou.heard("digest").len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let digests: Vec<_> =
        ou.events.iter().filter(|it| it["subject"] == "digest").map(|it| it["data"].clone()).collect();
    assert_eq!(digests.len(), 2);
    let date = |at_ms: i64| studium_proto::Timestamp { seconds: at_ms / 1000, nanos: 0 }.to_string()[..10].to_owned();
    assert_eq!(digests[0]["date"], date(desk.now - 2 * DAY));
    assert_eq!(digests[1]["date"], date(desk.now - DAY));
    for it in &digests {
        assert_eq!((&it["count"], &it["root"]), (&"1".into(), &ou.root().into()));
        let (input, signature) = it["jws"].as_str().unwrap().rsplit_once('.').unwrap();
        let header: Value = serde_json::from_slice(&BASE64.decode(input.split_once('.').unwrap().0).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&BASE64.decode(input.split_once('.').unwrap().1).unwrap()).unwrap();
        let key = BASE64.decode(header["kid"].as_str().unwrap()).unwrap();
        let signature = BASE64.decode(signature).unwrap();
        UnparsedPublicKey::new(&ED25519, key).verify(input.as_bytes(), &signature).unwrap();
        assert_eq!((&claims["root"], &claims["date"], &claims["sub"]), (&it["root"], &it["date"], &"ou".into()));
    }
}

pub async fn partners_read_only_their_own(desk: Desk) {
    let mut ou = Partner::opens(&desk, "ou").await;
    let other = |id: &str| SubscribeRequest { institution_id: id.into(), ..SubscribeRequest::default() };
    assert_eq!(ou.feeds.subscribe(other("campus")).await.unwrap_err().code(), Code::PermissionDenied);
    let mut campus = Partner::of(&desk, "campus").await;
    assert_eq!(campus.feeds.subscribe(other("campus")).await.unwrap_err().code(), Code::NotFound, "no feed yet");
    let ahead = SubscribeRequest { after_position: 7, ..other("ou") };
    assert_eq!(reason(&ou.feeds.subscribe(ahead).await.unwrap_err()), "PARTNER_FEED_BEYOND_END");
    let unknown = SubscribeRequest { types: vec!["org.studium.partner.x".into()], ..other("ou") };
    assert_eq!(ou.feeds.subscribe(unknown).await.unwrap_err().code(), Code::InvalidArgument);

    desk.open_run("r", "c", 0, false).await;
    desk.enrol("r", "ada").await.unwrap();
    withdraw(&desk, "r", "ada").await;
    ou.reads(&desk).await;
    let types = vec!["org.studium.partner.enrolment.enrolled.v1".into()];
    let filtered = SubscribeRequest { types, only_history: true, ..other("ou") };
    let mut events = ou.feeds.subscribe(filtered).await.unwrap().into_inner();
    let mut got = Vec::new();
    while let Some(it) = events.message().await.unwrap() {
        got.push((it.position, it.event.is_empty()));
    }
    assert_eq!(got, [(1, false), (2, true)], "the position goes on although nothing is left");
    let (institution_id, reader_id) = ("ou".to_owned(), "sis".to_owned());
    let acknowledge = |position| {
        let (institution_id, reader_id) = (institution_id.clone(), reader_id.clone());
        AcknowledgeRequest { institution_id, reader_id, position }
    };
    assert_eq!(reason(&ou.feeds.acknowledge(acknowledge(3)).await.unwrap_err()), "PARTNER_FEED_BEYOND_END");
    assert_eq!(ou.feeds.acknowledge(acknowledge(1)).await.unwrap().into_inner().written_position, 2);
    let asked = GetFeedRequest { institution_id, min_position: 0 };
    let feed = ou.feeds.get_feed(asked).await.unwrap().into_inner().feed.unwrap();
    assert_eq!((feed.readers[0].acknowledged_position, feed.readers[0].lag, feed.open), (1, 1, true));
}
