//! What is left when the service ends in the middle of it.

use crate::{
    desk::{Desk, service},
    receiver::{Delivery, Receiver, are_in_order},
};
use std::time::Duration;
use studium_proto::partner::v1::ChangeWebhookRequest;

/// 300 events of 17 subjects.
fn many() -> Vec<String> {
    (0..300).map(|n| format!("r~s{}", n * n % 17)).collect()
}

async fn waits_for(receiver: &Receiver, count: usize) {
    for _ in 0..1_200 {
        if receiver.got().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{count} requests should have come, but {} did", receiver.got().len());
}

/// As many pauses, so that nothing is given up.
fn patient() -> String {
    vec!["40ms"; 30].join(",")
}

pub async fn a_restart_loses_nothing_and_keeps_the_order(desk: Desk) {
    let mut desk = desk.restarts(service(&patient())).await;
    let receiver = Receiver::open().await;
    // One event in five fails twice.
    receiver.answers(|before, event| {
        let position: u64 = event["sequence"].as_str().unwrap().parse().unwrap();
        let tries = before.iter().filter(|it| it.event["id"] == event["id"]).count();
        if position.is_multiple_of(5) && tries < 2 { (500, None) } else { (200, None) }
    });
    let subjects = many();
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    desk.tells(&subjects).await;
    desk.adds("sis", &receiver).await;
    for requests in [40, 120, 250] {
        waits_for(&receiver, requests).await;
        desk = desk.restarts(service(&patient())).await;
    }
    are_in_order(&receiver.has_taken(300).await);
    let done = desk.is_done("sis").await;
    assert_eq!(done.acknowledged_position, 300);
    // Said again, what was said says nothing new.
    let got = receiver.got().len();
    let desk = desk.restarts(service(&patient())).await;
    desk.tells(&["r~last"]).await;
    receiver.has_taken(301).await;
    assert_eq!(receiver.got().len(), got + 1);
}

pub async fn an_outage_of_everything_is_survived(desk: Desk) {
    let mut desk = desk.restarts(service(&patient())).await;
    let receiver = Receiver::open().await;
    receiver.answers(|_, _| (500, None));
    let subjects = many();
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    desk.tells(&subjects).await;
    desk.adds("sis", &receiver).await;
    waits_for(&receiver, 60).await;
    desk = desk.restarts(service(&patient())).await;
    let outstanding = desk.becomes("sis", "behind", |it| it.outstanding > 0).await;
    assert!(outstanding.enabled && outstanding.acknowledged_position == 0, "{outstanding:?}");
    receiver.answers(|_, _| (200, None));
    are_in_order(&receiver.has_taken(300).await);
    desk.is_done("sis").await;
}

pub async fn a_wish_to_be_left_alone_is_remembered(desk: Desk) {
    let mut desk = desk.restarts(service(&patient())).await;
    let receiver = Receiver::open().await;
    receiver.answers(|before, _| if before.is_empty() { (503, Some(5)) } else { (200, None) });
    desk.tells(&["r~ada"]).await;
    desk.adds("sis", &receiver).await;
    desk.becomes("sis", "waiting", |it| it.outstanding == 1).await;
    let change = ChangeWebhookRequest {
        institution_id: "ou".into(),
        webhook_id: "sis".into(),
        types: vec!["org.studium.partner.*".into()],
        ..ChangeWebhookRequest::default()
    };
    desk.hooks().await.change_webhook(change).await.unwrap();
    desk = desk.restarts(service(&patient())).await;
    desk.tells(&["r~bob"]).await;
    receiver.has_taken(2).await;
    let got = receiver.got();
    assert!(got[1].at - got[0].at >= Duration::from_secs(5), "it was not left alone");
}

pub async fn retries_are_remembered(desk: Desk) {
    let desk = desk.restarts(service("1h,1h")).await;
    let receiver = Receiver::open().await;
    receiver.answers(|_, event| if event["subject"] == "r~ada" { (500, None) } else { (200, None) });
    desk.tells(&["r~ada", "r~ada", "r~bob"]).await;
    desk.adds("sis", &receiver).await;
    let before = desk.becomes("sis", "waiting", |it| it.outstanding == 2).await;
    let in_ms = before.next_try_ms - desk.house.now_ms();
    assert!((3_500_000..4_400_000).contains(&in_ms), "{in_ms}");
    let desk = desk.restarts(service("1h,1h")).await;
    desk.tells(&["r~ada", "r~bob"]).await;
    let after = desk.becomes("sis", "waiting", |it| it.outstanding == 3).await;
    assert_eq!((after.next_try_ms, after.failures.len()), (before.next_try_ms, 1));
    receiver.has_taken(2).await;
    let mut got: Vec<_> = receiver.got().iter().map(Delivery::position).collect();
    got.sort_unstable();
    assert_eq!(got, [1, 3, 5], "it was tried before its time");
}
