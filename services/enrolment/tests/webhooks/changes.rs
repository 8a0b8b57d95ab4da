//! What becomes of what waits when a webhook is changed, asked to send again, or one of many.

use crate::{
    desk::{Desk, adding, service},
    receiver::{Delivery, Receiver},
};
use studium_proto::partner::v1::{
    AddWebhookRequest, ChangeWebhookRequest, DisableWebhookRequest, ReplayWebhookRequest,
};

/// A change of the webhook `sis`.
fn change(url: String, types: Vec<String>) -> ChangeWebhookRequest {
    let (institution_id, webhook_id) = ("ou".into(), "sis".into());
    ChangeWebhookRequest { institution_id, webhook_id, url, types, ..ChangeWebhookRequest::default() }
}

pub async fn what_is_not_wanted_any_more_is_not_sent(desk: Desk) {
    let desk = desk.restarts(service("1h,1h")).await;
    let (failed, enrolled) = ("org.studium.partner.enrolment.failed.v1", "org.studium.partner.enrolment.enrolled.v1");
    let receiver = Receiver::open().await;
    receiver.answers(move |_, event| if event["type"] == failed { (500, None) } else { (200, None) });
    desk.tells_of("ou", &[("a", failed), ("a", enrolled), ("b", enrolled)]).await;
    desk.adds("sis", &receiver).await;
    desk.becomes("sis", "waiting", |it| it.outstanding == 2).await;
    desk.hooks().await.change_webhook(change(String::new(), vec![enrolled.to_owned()])).await.unwrap();
    let mut got: Vec<_> = receiver.has_taken(2).await.iter().map(Delivery::position).collect();
    got.sort_unstable();
    assert_eq!(got, [2, 3]);
    assert_eq!(desk.is_done("sis").await.acknowledged_position, 3);
    assert_eq!(receiver.got().len(), 3, "it was sent although nobody wants it");
}

pub async fn a_mended_address_gets_what_waits_at_once(desk: Desk) {
    let desk = desk.restarts(service("1h,1h")).await;
    let (broken, mended) = (Receiver::open().await, Receiver::open().await);
    broken.answers(|_, _| (503, Some(3_600)));
    desk.tells(&["r~ada", "r~ada"]).await;
    desk.adds("sis", &broken).await;
    desk.becomes("sis", "waiting", |it| it.outstanding == 2).await;
    desk.hooks().await.change_webhook(change(mended.url(), Vec::new())).await.unwrap();
    mended.has_taken(2).await;
    desk.is_done("sis").await;
    assert_eq!(broken.got().len(), 1);
}

pub async fn replays_that_wait_forget_none(desk: Desk) {
    let receiver = Receiver::open().await;
    let subjects = ["r~ada", "r~bob", "r~cyd"].repeat(10);
    desk.tells(&subjects).await;
    desk.adds("sis", &receiver).await;
    receiver.has_taken(30).await;
    desk.is_done("sis").await;
    let ids = || ("ou".to_owned(), "sis".to_owned());
    let (institution_id, webhook_id) = ids();
    let mut hooks = desk.hooks().await;
    hooks.disable_webhook(DisableWebhookRequest { institution_id, webhook_id }).await.unwrap();
    desk.becomes("sis", "disabled", |it| !it.enabled).await;
    for from_position in [20, 5, 10] {
        let (institution_id, webhook_id) = ids();
        let from =
            ReplayWebhookRequest { institution_id, webhook_id, from_position, ..ReplayWebhookRequest::default() };
        hooks.replay_webhook(from).await.unwrap();
    }
    assert_eq!(desk.webhook("sis").await.acknowledged_position, 4);
    desk.enables("sis").await;
    desk.is_done("sis").await;
    let mut again: Vec<_> = receiver.got()[30..].iter().map(Delivery::position).collect();
    again.sort_unstable();
    assert_eq!(again, (5..=30).collect::<Vec<_>>());
}

pub async fn all_webhooks_together_send_so_much_at_once(desk: Desk) {
    let receiver = Receiver::open().await;
    desk.tells(&["r~first"]).await;
    let webhooks: Vec<String> = (0..20).map(|n| format!("w{n}")).collect();
    for it in &webhooks {
        let request = AddWebhookRequest { after_position: Some(0), ..adding(it, &receiver.url()) };
        desk.hooks().await.add_webhook(request).await.unwrap();
    }
    // So that all of them are at work before there is much to do.
    for it in &webhooks {
        desk.is_done(it).await;
    }
    receiver.holds();
    let subjects: Vec<String> = (0..16).map(|n| format!("r~{n}")).collect();
    desk.tells(&subjects.iter().map(String::as_str).collect::<Vec<_>>()).await;
    receiver.has_open(256).await;
    receiver.lets_go();
    for it in &webhooks {
        desk.is_done(it).await;
    }
    assert_eq!((receiver.got().len(), receiver.most_open()), (340, 256));
}
