//! Deliveries of a feed's real events, for a library that others wrote to verify.

use crate::{desk::Desk, receiver::Receiver};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use studium_proto::catalogue::v1::{RunOpened, RunScheduled, course_run_event::Event};
use studium_proto::enrolment::v1::{EnrolRequest, EnrolmentSource, enrolment_service_client::EnrolmentServiceClient};
use studium_proto::partner::v1::{
    AddWebhookRequest, OpenFeedRequest, RotateWebhookSecretRequest,
    partner_feed_service_client::PartnerFeedServiceClient,
};
use studium_testkit::Elsewhere;

/// A folder for what strangers are to verify.
const FOLDER: &str = "STUDIUM_TEST_STRANGERS";

const DAY: i64 = 86_400_000;

/// Has a learner enrol in a run of `uni`.
async fn enrols(desk: &Desk, learner: &str) {
    let caller = desk.house.registrar(&desk.running).await.unwrap();
    let request = EnrolRequest {
        run_id: "run".into(),
        learner_id: learner.into(),
        source: EnrolmentSource::Staff.into(),
        catalogue_position: desk.house.log().head("catalogue").await.unwrap(),
        ..EnrolRequest::default()
    };
    EnrolmentServiceClient::new(caller).enrol(request).await.unwrap();
}

async fn has_a_run(desk: &Desk) {
    let now = desk.house.now_ms();
    let scheduled = RunScheduled {
        course_id: "course".into(),
        institution_id: "uni".into(),
        starts_at_ms: now - DAY,
        ends_at_ms: now + DAY,
        enrol_from_ms: now - DAY,
        enrol_until_ms: now + DAY,
        ..RunScheduled::default()
    };
    let events = vec![Event::RunScheduled(scheduled), Event::RunOpened(RunOpened { course_version: 1 })];
    Elsewhere::new(desk.house.log().clone()).say_at("run", now - DAY, events).await;
}

/// Enrols one learner after the other until a delivery carries so many signatures: the webhook is begun anew with the
/// secrets that the view shows, a moment after they were changed.
async fn comes(desk: &Desk, receiver: &Receiver, signs: &[usize]) -> Value {
    for _ in 0..100 {
        let since = receiver.taken().len();
        enrols(desk, &format!("learner-{since}")).await;
        let it = receiver.has_taken(since + 1).await.remove(since);
        if it.signature.split(' ').count() == signs.len() * 2 {
            return json!({
                "headers": {
                    "webhook-id": it.id,
                    "webhook-timestamp": it.timestamp,
                    "webhook-signature": it.signature,
                },
                "body": String::from_utf8(it.body.to_vec()).unwrap(),
                "signers": signs,
            });
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no delivery was signed by {signs:?}");
}

pub async fn deliveries_are_for_strangers_to_verify(desk: Desk) {
    let receiver = Receiver::open().await;
    has_a_run(&desk).await;
    let mut feeds = PartnerFeedServiceClient::new(desk.house.registrar(&desk.running).await.unwrap());
    feeds.open_feed(OpenFeedRequest { institution_id: "uni".into(), ..OpenFeedRequest::default() }).await.unwrap();
    let mut hooks = desk.hooks_as("partner", &["uni"]).await;
    let (institution_id, webhook_id) = ("uni".to_owned(), "sis".to_owned());
    let rotate = RotateWebhookSecretRequest {
        institution_id: institution_id.clone(),
        webhook_id: webhook_id.clone(),
        overlap_ms: None,
    };
    let request = AddWebhookRequest { institution_id, webhook_id, url: receiver.url(), ..AddWebhookRequest::default() };
    let first = hooks.add_webhook(request).await.unwrap().into_inner();
    let mut secrets = vec![(first.secret, first.public_key)];
    let mut deliveries = vec![comes(&desk, &receiver, &[0]).await];
    // During the overlap both sign; after one without an overlap only the newest does.
    for (overlap_ms, signs) in [(None, vec![1, 0]), (Some(0), vec![2])] {
        let request = RotateWebhookSecretRequest { overlap_ms, ..rotate.clone() };
        let rotated = hooks.rotate_webhook_secret(request).await.unwrap().into_inner();
        secrets.push((rotated.secret, rotated.public_key));
        deliveries.push(comes(&desk, &receiver, &signs).await);
    }
    for it in &deliveries {
        let event: Value = serde_json::from_str(it["body"].as_str().unwrap()).unwrap();
        assert_eq!(event["type"], "org.studium.partner.enrolment.enrolled.v1");
    }
    if let Some(folder) = std::env::var_os(FOLDER) {
        let secrets: Vec<_> =
            secrets.iter().map(|(secret, key)| json!({"secret": secret, "public_key": key})).collect();
        let index = json!({ "secrets": secrets, "deliveries": deliveries });
        let file = PathBuf::from(folder).join(format!("webhooks_{}.json", receiver.at.port()));
        std::fs::write(file, serde_json::to_vec_pretty(&index).unwrap()).unwrap();
    }
}
