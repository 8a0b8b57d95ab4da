//! What partners learn of persons without its being kept, and what their feeds are once somebody is erased.

use crate::{
    copy::Partner,
    desk::{DAY, Desk, service},
    feeds::{erase, link, taken, withdraw_consent_of},
    partners::{consent, register},
};
use serde_json::{Value, json};
use std::time::Duration;
use studium_log::Stored;
use studium_proto::enrolment::v1::{ChangeEmailRequest, ConsentScope, MergeLearnersRequest, UnlinkExternalIdRequest};
use studium_proto::partner::v1::{
    GetRecordsRequest, OpenFeedRequest, partner_feed_service_client::PartnerFeedServiceClient,
};
use studium_testkit::House;
use tonic::Code;

async fn moves(desk: &Desk, learner: &str, email: &str) {
    let (learner_id, email) = (learner.into(), email.into());
    desk.people().await.change_email(ChangeEmailRequest { learner_id, email, at_ms: 0 }).await.unwrap();
}

async fn unlink(desk: &Desk, learner: &str, institution: &str, external_id: &str) {
    let (learner_id, institution_id, external_id) = (learner.into(), institution.into(), external_id.into());
    let unlink = UnlinkExternalIdRequest { learner_id, institution_id, external_id, at_ms: 0 };
    desk.people().await.unlink_external_id(unlink).await.unwrap();
}

async fn merge(desk: &Desk, from: &str, into: &str) {
    let merge = MergeLearnersRequest {
        from_learner_id: from.into(),
        into_learner_id: into.into(),
        reason: "same passport".into(),
        ..MergeLearnersRequest::default()
    };
    desk.people().await.merge_learners(merge).await.unwrap();
}

pub async fn no_event_says_who_somebody_is(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    let mut ou = Partner::opens(&desk, "ou").await;
    for learner in ["ada", "bob"] {
        register(&desk, learner, "ou", &format!("{learner}-1")).await;
        desk.enrol("r", learner).await.unwrap();
    }
    consent(&desk, "ada", "ou", &[ConsentScope::Name, ConsentScope::Email], desk.now).await;
    assert_eq!(ou.knows(&desk, "r~ada").await, ("ADA".into(), "ada@example.org".into()));
    assert_eq!(ou.knows(&desk, "r~bob").await, (String::new(), String::new()), "no consent");
    for learner in ["ada", "bob"] {
        moves(&desk, learner, &format!("{learner}@elsewhere.example")).await;
    }
    ou.reads(&desk).await;
    assert_eq!(ou.heard("r~ada"), ["enrolled", "consent_given", "identity_changed"], "there is something to look up");
    assert_eq!(ou.heard("r~bob"), ["enrolled"], "what may not be seen is no event");
    assert_eq!(ou.knows(&desk, "r~ada").await, ("ADA".into(), "ada@elsewhere.example".into()));
    let record = ou.looks_up(&desk, &["r~ada"]).await.pop().unwrap();
    assert_eq!((&record.external_ids[..], record.consents.len()), (&["ada-1".to_owned()][..], 2));
    for raw in &ou.raw {
        assert!(!raw.contains("ADA") && !raw.contains("BOB") && !raw.contains('@'), "{raw}");
    }
    // A copy that holds what was looked up is as whole as one that does not.
    ou.copy.get_mut("r~ada").unwrap()["name"] = "ADA".into();
    ou.is_equal().await;
    assert!(ou.differences(vec![]).await.is_empty());

    withdraw_consent_of(&desk, "ada").await;
    assert_eq!(ou.knows(&desk, "r~ada").await, (String::new(), String::new()));
}

pub async fn partners_look_up_only_what_concerns_them(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    for learner in ["ada", "bob"] {
        register(&desk, learner, "campus", &format!("{learner}-1")).await;
        consent(&desk, learner, "campus", &[ConsentScope::Name], desk.now).await;
        desk.enrol("r", learner).await.unwrap();
    }
    unlink(&desk, "bob", "campus", "bob-1").await;
    let mut campus = Partner::of(&desk, "campus").await;
    let asked = |institution: &str, ids: usize| GetRecordsRequest {
        institution_id: institution.into(),
        enrolment_ids: vec!["r~ada".into(); ids],
        min_position: 0,
    };
    assert_eq!(campus.feeds.get_records(asked("campus", 1)).await.unwrap_err().code(), Code::NotFound, "no feed yet");
    assert_eq!(campus.feeds.get_records(asked("ou", 1)).await.unwrap_err().code(), Code::PermissionDenied);
    let mut campus = Partner::opens(&desk, "campus").await;
    let seen = campus.looks_up(&desk, &["r~nobody", "r~bob", "r~ada", "r~ada"]).await;
    assert_eq!(seen.iter().map(|it| it.enrolment_id.as_str()).collect::<Vec<_>>(), ["r~ada"]);
    assert_eq!(campus.feeds.get_records(asked("campus", 200)).await.unwrap().into_inner().records, seen);
    assert_eq!(campus.feeds.get_records(asked("campus", 201)).await.unwrap_err().code(), Code::InvalidArgument);
    let malformed = GetRecordsRequest { enrolment_ids: vec!["r.*".into()], ..asked("campus", 0) };
    assert_eq!(campus.feeds.get_records(malformed).await.unwrap_err().code(), Code::InvalidArgument);
}

/// Ada is known to both partners by ids of theirs, Bob and Dan to none; Fay stays.
async fn much_is_told(desk: &Desk) {
    desk.open_run("r", "c", 0, false).await;
    for learner in ["bob", "dan", "eve"] {
        register(desk, learner, "elsewhere", &format!("{learner}-1")).await;
    }
    for learner in ["ada", "fay"] {
        register(desk, learner, "ou", &format!("{learner}-1")).await;
    }
    for learner in ["ada", "bob", "dan", "eve", "fay"] {
        consent(desk, learner, "ou", &[ConsentScope::Name, ConsentScope::Email], desk.now - 85 * DAY).await;
        desk.enrol_at("r", learner, desk.now - 80 * DAY).await.unwrap();
        moves(desk, learner, &format!("{learner}@elsewhere.example")).await;
    }
    merge(desk, "eve", "dan").await;
    // As long as there is one id left, the enrolment concerns whose id it is.
    for id in ["ada-2", "ada-3"] {
        link(desk, "ada", "ou", id).await;
        link(desk, "ada", "campus", id).await;
    }
    for (institution, id) in [("ou", "ada-1"), ("campus", "ada-2"), ("campus", "ada-3")] {
        unlink(desk, "ada", institution, id).await;
    }
    link(desk, "ada", "campus", "ada-4").await;
}

/// Waits until the days that are over are told of.
async fn digests_come(desk: &Desk, ou: &mut Partner) {
    for _ in 0..400 {
        ou.reads(desk).await;
        if ou.heard("digest").len() == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no digests came");
}

/// Erases them and waits until their keys are gone.
async fn are_erased(desk: &Desk, persons: &[&str]) {
    for person in persons {
        erase(desk, person).await;
    }
    for _ in 0..400 {
        // The alias of one of them is erased with the one who stays.
        if desk.house.log().keys().destroyed_since(0).await.unwrap().0.len() > persons.len() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no keys were destroyed");
}

pub async fn a_feed_made_anew_after_an_erasure_stands_as_it_stood(desk: Desk) {
    much_is_told(&desk).await;
    let mut staff = PartnerFeedServiceClient::new(desk.house.registrar(&desk.running).await.unwrap());
    let at_ms = desk.now - 2 * DAY;
    staff.open_feed(OpenFeedRequest { institution_id: "ou".into(), at_ms }).await.unwrap();
    let (mut ou, mut campus) = (Partner::of(&desk, "ou").await, Partner::opens(&desk, "campus").await);
    digests_come(&desk, &mut ou).await;
    assert_eq!(ou.copy["r~ada"]["externalIds"], json!(["ada-2", "ada-3"]));
    are_erased(&desk, &["ada", "bob", "dan"]).await;
    desk.enrol("r", "gus").await.unwrap();
    let _ = (ou.reads(&desk).await, campus.reads(&desk).await);
    assert!(ou.copy["r~ada"].get("externalIds").is_none());
    assert_eq!(
        campus.heard("r~ada"),
        ["revealed", "identity_changed", "identity_changed", "concealed", "revealed", "concealed"]
    );
    ou.is_equal().await;

    // The store is lost: what was told is found to be what the log says, and what comes goes on behind it.
    let again = desk.house.start(service()).await.unwrap();
    desk.enrol("r", "hal").await.unwrap();
    let mut anew = PartnerFeedServiceClient::new(desk.house.registrar(&again).await.unwrap());
    reaches(&mut anew, ou.position + 1).await;
    again.stop().await.unwrap();
    ou.reads(&desk).await;
    assert_eq!(ou.heard("r~hal"), ["enrolled"]);

    // So are the streams: all stands where it stood, and lacks only ids that nobody can read any more.
    let log = desk.house.log().emptied();
    let commits = taken(desk.house.log(), "enrolment", desk.head().await).await;
    log.restore("enrolment", &commits).await.unwrap();
    let house = House::new(log.clone()).unwrap();
    let other = house.start(service()).await.unwrap();
    for (stream, until) in [("partner_ou", ou.position), ("partner_campus", campus.position)] {
        let was = taken(desk.house.log(), stream, until).await;
        let is = taken(&log, stream, until).await;
        assert_eq!((was.len(), is.len()), (until as usize, until as usize), "{stream}");
        for (was, is) in was.iter().zip(&is) {
            stands_as_it_stood(was, is);
        }
    }
    other.stop().await.unwrap();
}

/// The same bytes; but of her whom both knew by ids of their own, only the ids are missing, and what is hashed differs.
fn stands_as_it_stood(was: &Stored, is: &Stored) {
    let text = |it: &Stored| String::from_utf8_lossy(&it.bytes).into_owned();
    let read = |it: &Stored| serde_json::from_slice::<Value>(&it.bytes).unwrap();
    let (mut before, mut after) = (read(was), read(is));
    if before["subject"] != "r~ada" {
        assert_eq!(text(was), text(is));
        return;
    }
    assert!(after["data"].pointer("/enrolment/externalIds").is_none(), "{after}");
    for event in [&mut before, &mut after] {
        event.as_object_mut().unwrap().remove("previoushash");
        if let Some(it) = event.pointer_mut("/data/enrolment") {
            it.as_object_mut().unwrap().remove("externalIds");
        }
    }
    assert_eq!(before, after);
}

/// Waits until another process has told the feed so far.
async fn reaches(feeds: &mut PartnerFeedServiceClient<studium_testkit::Caller>, position: u64) {
    let asked = studium_proto::partner::v1::GetFeedRequest { institution_id: "ou".into(), min_position: 0 };
    for _ in 0..400 {
        if let Ok(it) = feeds.get_feed(asked.clone()).await
            && it.into_inner().feed.is_some_and(|it| it.written_position >= position)
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the feed did not come to {position}");
}
