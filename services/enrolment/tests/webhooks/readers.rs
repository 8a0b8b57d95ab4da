//! Webhooks among the readers of a feed.

use crate::{desk::Desk, receiver::Receiver};
use studium_proto::partner::v1::{
    AcknowledgeRequest, FeedReader, GetFeedRequest, partner_feed_service_client::PartnerFeedServiceClient,
};

/// The readers of `ou`'s feed.
async fn readers(desk: &Desk) -> Vec<FeedReader> {
    let mut feeds = PartnerFeedServiceClient::new(desk.house.registrar(&desk.running).await.unwrap());
    let request = GetFeedRequest { institution_id: "ou".into(), min_position: 0 };
    feeds.get_feed(request).await.unwrap().into_inner().feed.unwrap().readers
}

pub async fn a_webhook_is_a_reader_of_the_feed(desk: Desk) {
    let receiver = Receiver::open().await;
    receiver.answers(|_, event| if event["subject"] == "r~bob" { (410, None) } else { (200, None) });
    let before_s = desk.house.now_ms() / 1_000;
    desk.tells(&["r~ada", "r~ada", "r~cyd"]).await;
    desk.adds("sis", &receiver).await;
    desk.is_done("sis").await;
    desk.tells(&["r~bob", "r~ada"]).await;
    desk.becomes("sis", "disabled", |it| !it.enabled).await;
    let mut feeds = PartnerFeedServiceClient::new(desk.house.registrar(&desk.running).await.unwrap());
    let said = AcknowledgeRequest { institution_id: "ou".into(), reader_id: "copy".into(), position: 5 };
    feeds.acknowledge(said).await.unwrap();
    let readers = readers(&desk).await;
    let far: Vec<_> = readers.iter().map(|it| (it.reader_id.as_str(), it.acknowledged_position)).collect();
    assert_eq!(far, [("copy", 5), ("sis", 3)]);
    for it in &readers {
        let age_s = it.acknowledged_at.as_ref().unwrap().seconds - before_s;
        assert!((0..120).contains(&age_s), "{it:?}");
    }
}
