//! What partners may ask of webhooks, and what is refused.

use crate::{
    desk::{Desk, adding, reason},
    receiver::Receiver,
};
use studium_proto::enrolment::v1::WebhookCause;
use studium_proto::partner::v1::{
    AddWebhookRequest, ChangeWebhookRequest, DisableWebhookRequest, GetWebhookRequest, ListWebhookFailuresRequest,
    ListWebhooksRequest, RemoveWebhookRequest, RotateWebhookSecretRequest, TestWebhookRequest,
    webhook_service_client::WebhookServiceClient,
};
use tonic::Code;

pub async fn an_address_must_be_public(desk: Desk) {
    let mut hooks = desk.hooks().await;
    for url in [
        "http://sis.example.edu/",
        "https://user@sis.example.edu/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://nats.internal/",
        "no address",
        "",
    ] {
        let no = hooks.add_webhook(adding("sis", url)).await.unwrap_err();
        assert_eq!((no.code(), reason(&no).as_str()), (Code::InvalidArgument, "WEBHOOK_ADDRESS_NOT_ALLOWED"), "{url}");
    }
    hooks.add_webhook(adding("sis", "https://sis.example.edu/")).await.unwrap();
    let (institution_id, webhook_id, url) = ("ou".into(), "sis".into(), "https://192.168.1.1/".into());
    let change = ChangeWebhookRequest { institution_id, webhook_id, url, ..ChangeWebhookRequest::default() };
    assert_eq!(reason(&hooks.change_webhook(change).await.unwrap_err()), "WEBHOOK_ADDRESS_NOT_ALLOWED");
}

pub async fn partners_see_only_their_own(desk: Desk) {
    desk.has_feed("mit").await;
    desk.hooks().await.add_webhook(adding("sis", "https://sis.example.edu/")).await.unwrap();
    for (role, institutions, may) in [
        ("partner", &["ou"], true),
        ("partner", &["mit"], false),
        ("staff", &["ou"], true),
        ("staff", &["mit"], false),
        ("learner", &["ou"], false),
        ("teacher", &["ou"], false),
        ("operator", &["mit"], true),
    ] {
        let mut hooks = desk.hooks_as(role, institutions).await;
        let (institution_id, webhook_id) = ("ou".to_owned(), "sis".to_owned());
        let get = GetWebhookRequest {
            institution_id: institution_id.clone(),
            webhook_id: webhook_id.clone(),
            min_position: desk.house.log().head("enrolment").await.unwrap(),
        };
        let rotate = RotateWebhookSecretRequest { institution_id, webhook_id, overlap_ms: Some(0) };
        let answers = [hooks.get_webhook(get).await.err(), hooks.rotate_webhook_secret(rotate).await.err()];
        for it in answers {
            let code = it.map(|it| it.code());
            assert_eq!(code, (!may).then_some(Code::PermissionDenied), "{role} of {institutions:?}");
        }
    }
    let list = ListWebhooksRequest { institution_id: "mit".into(), ..ListWebhooksRequest::default() };
    let listed = desk.hooks_as("partner", &["mit"]).await.list_webhooks(list).await.unwrap().into_inner();
    assert!(listed.webhooks.is_empty(), "{listed:?}");
}

pub async fn a_webhook_is_tested(desk: Desk) {
    let receiver = Receiver::open().await;
    let min_position = desk.adds("sis", &receiver).await.position;
    let (institution_id, webhook_id) = ("ou".to_owned(), "sis".to_owned());
    let test = TestWebhookRequest { institution_id, webhook_id, min_position };
    let mut hooks = desk.hooks().await;
    let good = hooks.test_webhook(test.clone()).await.unwrap().into_inner();
    assert_eq!((good.delivered, good.status, good.failure.as_str()), (true, 204, ""));
    let got = receiver.got();
    assert_eq!((got[0].id.as_str(), got[0].subject()), (good.event_id.as_str(), "sis"));
    assert_eq!(got[0].event["type"], "org.studium.partner.webhook.test.v1");
    receiver.answers(|_, _| (404, None));
    let bad = hooks.test_webhook(test.clone()).await.unwrap().into_inner();
    assert_eq!((bad.delivered, bad.status, bad.failure.as_str()), (false, 404, "404 Not Found"));
    let no = hooks.test_webhook(TestWebhookRequest { webhook_id: "other".into(), ..test }).await.unwrap_err();
    assert_eq!(reason(&no), "WEBHOOK_NOT_FOUND");
    assert!(desk.webhook("sis").await.failures.is_empty(), "a test is no event of the feed");
}

pub async fn a_webhook_changes_and_goes(desk: Desk) {
    let (old, new) = (Receiver::open().await, Receiver::open().await);
    desk.tells(&["r~ada", "r~bob"]).await;
    let first = desk.adds("sis", &old).await;
    // Said again it says nothing new, and no secret.
    let again = desk.adds("sis", &old).await;
    assert!(again.already && again.secret.is_empty());
    let no = desk.hooks().await.add_webhook(adding("sis", &new.url())).await.unwrap_err();
    assert_eq!((no.code(), reason(&no).as_str()), (Code::AlreadyExists, "WEBHOOK_EXISTS"));
    old.has_taken(2).await;
    desk.is_done("sis").await;
    let mut hooks = desk.hooks().await;
    let ids = || ("ou".to_owned(), "sis".to_owned());
    let (institution_id, webhook_id) = ids();
    hooks.disable_webhook(DisableWebhookRequest { institution_id, webhook_id }).await.unwrap();
    assert_eq!(desk.webhook("sis").await.cause(), WebhookCause::Asked);
    // What is under way when it is disabled may still arrive, so the old one takes nothing more.
    old.holds();
    desk.tells(&["r~ada"]).await;
    let (institution_id, webhook_id) = ids();
    let change = ChangeWebhookRequest { institution_id, webhook_id, url: new.url(), ..ChangeWebhookRequest::default() };
    hooks.change_webhook(change).await.unwrap();
    desk.enables("sis").await;
    assert_eq!(new.has_taken(1).await[0].position(), 3);
    // From here on the old one would answer, and nothing may come to it.
    old.lets_go();
    let (institution_id, webhook_id) = ids();
    hooks.remove_webhook(RemoveWebhookRequest { institution_id, webhook_id }).await.unwrap();
    let (institution_id, webhook_id) = ids();
    let min_position = desk.house.log().head("enrolment").await.unwrap();
    let get = GetWebhookRequest { institution_id, webhook_id, min_position };
    assert_eq!(reason(&hooks.get_webhook(get).await.unwrap_err()), "WEBHOOK_NOT_FOUND");
    // Another one of the same id has nothing of the old one: neither its place nor its secret.
    let second = desk.adds("sis", &new).await;
    assert!(!second.secret.is_empty() && second.secret != first.secret && second.public_key != first.public_key);
    new.has_taken(3).await;
    let (institution_id, webhook_id) = ids();
    let list = ListWebhookFailuresRequest { institution_id, webhook_id, ..ListWebhookFailuresRequest::default() };
    assert!(hooks.list_webhook_failures(list).await.unwrap().into_inner().failures.is_empty());
    assert_eq!(old.got().len(), 2);
}

pub async fn a_webhook_needs_a_feed(desk: Desk) {
    let request = AddWebhookRequest { institution_id: "mit".into(), ..adding("sis", "https://sis.example.edu/") };
    let mut hooks = desk.hooks_as("partner", &["mit"]).await;
    assert_eq!(hooks.add_webhook(request).await.unwrap_err().code(), Code::NotFound);
    let beyond = AddWebhookRequest { after_position: Some(1), ..adding("sis", "https://sis.example.edu/") };
    assert_eq!(reason(&desk.hooks().await.add_webhook(beyond).await.unwrap_err()), "WEBHOOK_BEYOND_END");
}

pub async fn without_a_key_there_is_no_webhook(desk: Desk) {
    let receiver = Receiver::open().await;
    desk.adds("sis", &receiver).await;
    desk.webhook("sis").await;
    let desk = desk.restarts(studium_enrolment::service_with(None)).await;
    desk.tells(&["r~ada"]).await;
    let mut hooks = WebhookServiceClient::new(desk.house.registrar(&desk.running).await.unwrap());
    let (institution_id, webhook_id) = ("ou".to_owned(), "sis".to_owned());
    let no = hooks.add_webhook(adding("other", "https://sis.example.edu/")).await.unwrap_err();
    assert_eq!((no.code(), reason(&no).as_str()), (Code::FailedPrecondition, "PARTNER_KEY_MISSING"));
    assert!(no.message().contains("STUDIUM_ENROLMENT_PARTNER_KEY_FILE"), "{no}");
    let test = TestWebhookRequest { institution_id, webhook_id, min_position: 0 };
    assert_eq!(reason(&hooks.test_webhook(test).await.unwrap_err()), "PARTNER_KEY_MISSING");
    let stands = desk.webhook("sis").await;
    assert_eq!((stands.lag, stands.public_key.as_str(), receiver.got().len()), (1, "", 0));
}
