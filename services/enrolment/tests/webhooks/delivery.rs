//! What reaches a partner's address, in which order, and what happens when it does not.

use crate::{
    desk::{Desk, adding},
    receiver::{Delivery, Receiver, are_in_order},
};
use std::time::Duration;
use studium_proto::enrolment::v1::WebhookCause;
use studium_proto::partner::v1::{AddWebhookRequest, ReplayWebhookRequest};
use tonic::Code;

/// Thirty events of five subjects.
fn thirty() -> Vec<&'static str> {
    ["r~ada", "r~bob", "r~cyd", "r~ada", "r~dan", "r~eve"].repeat(5)
}

pub async fn events_arrive_in_order_and_are_acknowledged(desk: Desk) {
    let receiver = Receiver::open().await;
    let last = desk.tells(&thirty()).await;
    let added = desk.adds("sis", &receiver).await;
    assert!(added.secret.starts_with("whsec_") && added.public_key.starts_with("whpk_"));
    let taken = receiver.has_taken(30).await;
    are_in_order(&taken);
    for it in &taken {
        assert_eq!(it.id, it.event["id"].as_str().unwrap());
        let kinds: Vec<_> = it.signature.split(' ').map(|it| it.split_once(',').unwrap().0).collect();
        assert_eq!(kinds, ["v1", "v1a"]);
        let age = desk.house.now_ms() / 1_000 - it.timestamp.parse::<i64>().unwrap();
        assert!((0..60).contains(&age), "{age} s old");
    }
    let done = desk.is_done("sis").await;
    assert_eq!((done.acknowledged_position, done.written_position), (last, last));
    // What comes later comes by itself.
    desk.tells(&["r~ada"]).await;
    receiver.has_taken(31).await;
    // A second webhook that does not say where begins with what comes from now on.
    let later = Receiver::open().await;
    desk.hooks().await.add_webhook(adding("later", &later.url())).await.unwrap();
    desk.tells(&["r~bob"]).await;
    assert_eq!(later.has_taken(1).await[0].position(), 32);
}

pub async fn a_failure_holds_up_its_own_subject_only(desk: Desk) {
    let receiver = Receiver::open().await;
    // The first event of Ada's fails three times.
    receiver.answers(|before, event| {
        let tries = before.iter().filter(|it| it.event["id"] == event["id"]).count();
        if event["id"] == "ou-1" && tries < 3 { (500, None) } else { (200, None) }
    });
    desk.tells(&thirty()).await;
    desk.adds("sis", &receiver).await;
    let taken = receiver.has_taken(30).await;
    are_in_order(&taken);
    let first = taken.iter().position(|it| it.id == "ou-1").unwrap();
    assert!(first >= 10, "others should have gone on, but only {first} did");
    let tries: Vec<_> = receiver.got().into_iter().filter(|it| it.id == "ou-1").collect();
    assert_eq!(tries.iter().map(|it| it.status).collect::<Vec<_>>(), [500, 500, 500, 200]);
    assert!(tries.windows(2).all(|it| it[1].at - it[0].at >= Duration::from_millis(50)), "too soon");
    let done = desk.is_done("sis").await;
    assert!(done.enabled);
    let told: Vec<_> = done.failures.iter().map(|it| (it.attempt, it.status, it.failure.as_str())).collect();
    let words = "500 Internal Server Error";
    assert_eq!(told, [(3, 500, words), (2, 500, words), (1, 500, words)]);
    assert!(
        done.failures.iter().all(|it| it.event_id == "ou-1" && it.subject == "r~ada" && it.next_try_ms > it.tried_ms)
    );
}

pub async fn who_is_gone_is_disabled_and_loses_nothing(desk: Desk) {
    let receiver = Receiver::open().await;
    receiver.answers(|_, event| if event["id"] == "ou-3" { (410, None) } else { (200, None) });
    desk.tells(&thirty()).await;
    desk.adds("sis", &receiver).await;
    let gone = desk.becomes("sis", "disabled", |it| !it.enabled).await;
    assert_eq!((gone.cause(), gone.detail.as_str()), (WebhookCause::Gone, "410 Gone"));
    assert!(gone.disabled_ms > 0 && gone.acknowledged_position < 3 && gone.next_try_ms == 0, "{gone:?}");
    assert_eq!(receiver.got().iter().filter(|it| it.id == "ou-3").count(), 1, "410 is not tried again");
    desk.tells(&["r~zoe"]).await;
    let got = receiver.got().len();
    receiver.answers(|_, _| (200, None));
    desk.enables("sis").await;
    are_in_order(&receiver.has_taken(31).await);
    assert!(receiver.got()[got..].iter().any(|it| it.id == "ou-3"));
    let done = desk.is_done("sis").await;
    assert_eq!((done.enabled, done.cause(), done.disabled_ms), (true, WebhookCause::Unspecified, 0));
}

pub async fn who_fails_too_long_is_disabled_and_loses_nothing(desk: Desk) {
    let receiver = Receiver::open().await;
    receiver.answers(|_, event| if event["subject"] == "r~cyd" { (502, None) } else { (200, None) });
    desk.tells(&thirty()).await;
    desk.adds("sis", &receiver).await;
    let failing = desk.becomes("sis", "disabled", |it| !it.enabled).await;
    assert_eq!(failing.cause(), WebhookCause::Failing);
    assert_eq!(failing.detail, "attempt 8 of an event failed: 502 Bad Gateway");
    // All others had arrived long before; Cyd's five wait, and nobody else's.
    assert_eq!((receiver.taken().len(), failing.outstanding, failing.acknowledged_position), (25, 5, 2));
    assert_eq!(receiver.got().iter().filter(|it| it.status == 502).count(), 8);
    // Once more it fails, and has all retries again.
    receiver.answers(|before, event| {
        let failed = before.iter().filter(|it| it.status == 502).count();
        if event["subject"] == "r~cyd" && failed < 9 { (502, None) } else { (200, None) }
    });
    desk.enables("sis").await;
    are_in_order(&receiver.has_taken(30).await);
    desk.is_done("sis").await;
    assert_eq!(receiver.got().len(), 25 + 9 + 5, "what had arrived is not sent again");
}

pub async fn who_asks_to_be_left_alone_is(desk: Desk) {
    let receiver = Receiver::open().await;
    receiver.answers(|before, _| if before.is_empty() { (503, Some(1)) } else { (200, None) });
    desk.tells(&["r~ada"]).await;
    desk.adds("sis", &receiver).await;
    // Known to be asked before anything else comes, so that what comes waits as well.
    desk.becomes("sis", "waiting", |it| it.outstanding == 1).await;
    desk.tells(&["r~bob"]).await;
    receiver.has_taken(2).await;
    let got = receiver.got();
    assert!(got[1].at - got[0].at >= Duration::from_secs(1), "it was not left alone");
    assert!(got[2].at - got[0].at >= Duration::from_secs(1), "it was not left alone");
}

pub async fn a_slow_address_slows_nobody(desk: Desk) {
    let (slow, quick) = (Receiver::open().await, Receiver::open().await);
    slow.holds();
    desk.tells(&thirty()).await;
    desk.adds("slow", &slow).await;
    desk.adds("quick", &quick).await;
    are_in_order(&quick.has_taken(30).await);
    desk.is_done("quick").await;
    assert_eq!((slow.got().len(), desk.webhook("slow").await.lag), (0, 30));
    slow.lets_go();
    are_in_order(&slow.has_taken(30).await);
}

pub async fn only_wanted_types_are_sent(desk: Desk) {
    let receiver = Receiver::open().await;
    let kind = |it: &str| format!("org.studium.partner.{it}.v1");
    let (enrolled, failed, day) = (kind("enrolment.enrolled"), kind("enrolment.failed"), kind("digest.published"));
    let types = vec![enrolled.clone(), "org.studium.partner.digest.*".to_owned()];
    let request = AddWebhookRequest { types, ..adding("sis", &receiver.url()) };
    desk.hooks().await.add_webhook(request).await.unwrap();
    let events = [("a", failed.as_str()), ("a", &enrolled), ("b", &day), ("b", &failed)];
    let last = desk.tells_of("ou", &events).await;
    let taken = receiver.has_taken(2).await;
    are_in_order(&taken);
    // What is not wanted needs no acknowledgement.
    assert_eq!(desk.is_done("sis").await.acknowledged_position, last);
    let unknown = AddWebhookRequest { types: vec!["org.example.*".into()], ..adding("b", &receiver.url()) };
    assert_eq!(desk.hooks().await.add_webhook(unknown).await.unwrap_err().code(), Code::InvalidArgument);
}

pub async fn what_was_sent_is_sent_again(desk: Desk) {
    let receiver = Receiver::open().await;
    desk.tells(&thirty()).await;
    desk.adds("sis", &receiver).await;
    receiver.has_taken(30).await;
    desk.is_done("sis").await;
    let (institution_id, webhook_id) = ("ou".to_owned(), "sis".to_owned());
    let replay = ReplayWebhookRequest { institution_id, webhook_id, ..ReplayWebhookRequest::default() };
    let mut hooks = desk.hooks().await;
    let from = ReplayWebhookRequest { from_position: 21, ..replay.clone() };
    let answer = hooks.replay_webhook(from).await.unwrap().into_inner();
    assert_eq!(answer.from_position, 21);
    let comes_to = |count: usize| {
        let receiver = &receiver;
        desk.becomes("sis", "sent again", move |it| receiver.got().len() >= count && it.lag == 0)
    };
    comes_to(40).await;
    assert_eq!(receiver.got()[30..].iter().map(Delivery::position).min(), Some(21));
    // Event 25 was recorded at 8:00:25 on that day.
    let from = ReplayWebhookRequest { from_ms: 1_788_249_625_000, ..replay.clone() };
    assert_eq!(hooks.replay_webhook(from).await.unwrap().into_inner().from_position, 25);
    comes_to(46).await;
    assert_eq!(receiver.got().len(), 46);
    for wrong in [
        replay.clone(),
        ReplayWebhookRequest { from_position: 1, from_ms: 1, ..replay.clone() },
        ReplayWebhookRequest { from_position: 32, ..replay },
    ] {
        assert_eq!(hooks.replay_webhook(wrong).await.unwrap_err().code(), Code::InvalidArgument);
    }
}
