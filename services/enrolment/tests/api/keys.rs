//! Programs of an institution that call with a key: what it opens, until when, and who may give it.

use crate::desk::{Desk, reason};
use studium_proto::enrolment::v1::{EnrolRequest, enrolment_service_client::EnrolmentServiceClient};
use studium_proto::partner::v1::{
    CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest, OpenFeedRequest, RevokeApiKeyRequest,
    RotateApiKeyRequest, api_key_service_client::ApiKeyServiceClient,
    partner_feed_service_client::PartnerFeedServiceClient,
};
use studium_testkit::Caller;
use tonic::{Code, Request, Status, transport::Channel};

type Keys = ApiKeyServiceClient<Caller>;

const DAY_MS: i64 = 24 * 3_600_000;

fn creating(key_id: &str, role: &str) -> CreateApiKeyRequest {
    let (institution_id, key_id, role) = ("ou".to_owned(), key_id.to_owned(), role.to_owned());
    CreateApiKeyRequest { institution_id, key_id, role, lifetime_ms: 0 }
}

fn rotating(key_id: &str, overlap_ms: Option<i64>) -> RotateApiKeyRequest {
    let (institution_id, key_id) = ("ou".to_owned(), key_id.to_owned());
    RotateApiKeyRequest { institution_id, key_id, lifetime_ms: 0, overlap_ms }
}

/// A message from whoever holds a key.
fn by<T>(key: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

async fn keys(desk: &Desk, role: &str, institution: &str) -> Keys {
    ApiKeyServiceClient::new(desk.house.call(&desk.running, "somebody", &[role], &[institution]).await.unwrap())
}

/// Waits until the service has seen everything that was said of keys.
async fn seen(desk: &Desk) {
    let (institution_id, min_position) = ("ou".to_owned(), desk.head().await);
    keys(desk, "registrar", "").await.list_api_keys(ListApiKeysRequest { institution_id, min_position }).await.unwrap();
}

async fn created(desk: &Desk, key_id: &str, role: &str) -> CreateApiKeyResponse {
    let it = keys(desk, "registrar", "").await.create_api_key(creating(key_id, role)).await.unwrap().into_inner();
    seen(desk).await;
    it
}

async fn bare(desk: &Desk) -> Channel {
    Channel::from_shared(format!("http://{}", desk.running.address)).unwrap().connect().await.unwrap()
}

/// Opens the feed of an institution with a key, which is already so after the first time.
async fn opens(desk: &Desk, key: &str, institution: &str) -> Result<(), Status> {
    let request = OpenFeedRequest { institution_id: institution.to_owned(), at_ms: 0 };
    PartnerFeedServiceClient::new(bare(desk).await).open_feed(by(key, request)).await.map(drop)
}

async fn code(desk: &Desk, key: &str) -> Code {
    opens(desk, key, "ou").await.map_or_else(|e| e.code(), |()| Code::Ok)
}

pub async fn a_key_opens_what_it_is_for(desk: Desk) {
    let it = created(&desk, "nightly", "partner").await;
    assert!(it.secret.starts_with("sk_ou~nightly.") && it.expires_ms > desk.now + 89 * DAY_MS, "{it:?}");
    opens(&desk, &it.secret, "ou").await.unwrap();
    assert_eq!(opens(&desk, &it.secret, "mit").await.unwrap_err().code(), Code::PermissionDenied);
    let mut acts = EnrolmentServiceClient::new(bare(&desk).await);
    let refused = acts.enrol(by(&it.secret, EnrolRequest::default())).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);

    // Nobody's keys, and keys that are nearly somebody's.
    let other = created(&desk, "daily", "partner").await.secret;
    let secret = it.secret.rsplit_once('.').unwrap().1;
    let wrong = other.rsplit_once('.').unwrap().1;
    for key in [
        "sk_".to_owned(),
        secret.to_owned(),
        format!("sk_{secret}"),
        format!("sk_ou~nightly.{wrong}"),
        format!("sk_ou~absent.{secret}"),
        format!("sk_mit~nightly.{secret}"),
        it.secret[..it.secret.len() - 1].to_owned(),
        format!("{}A", it.secret),
        it.secret.to_ascii_uppercase(),
    ] {
        assert_eq!(code(&desk, &key).await, Code::Unauthenticated, "{key}");
    }
}

pub async fn a_key_ends(desk: Desk) {
    let first = created(&desk, "nightly", "partner").await.secret;
    let mut keys = keys(&desk, "partner", "ou").await;
    let second = keys.rotate_api_key(rotating("nightly", None)).await.unwrap().into_inner().secret;
    seen(&desk).await;
    assert_eq!([code(&desk, &first).await, code(&desk, &second).await], [Code::Ok; 2], "both for a day");
    let third = keys.rotate_api_key(rotating("nightly", Some(0))).await.unwrap().into_inner().secret;
    seen(&desk).await;
    for (key, expected) in [(&first, Code::Unauthenticated), (&second, Code::Unauthenticated), (&third, Code::Ok)] {
        assert_eq!(code(&desk, key).await, expected);
    }
    let revoke = RevokeApiKeyRequest { institution_id: "ou".into(), key_id: "nightly".into() };
    keys.revoke_api_key(revoke).await.unwrap();
    seen(&desk).await;
    assert_eq!(code(&desk, &third).await, Code::Unauthenticated);
    assert_eq!(reason(&keys.rotate_api_key(rotating("nightly", None)).await.unwrap_err()), "API_KEY_REVOKED_BEFORE");

    let brief = CreateApiKeyRequest { lifetime_ms: 1, ..creating("brief", "partner") };
    let brief = keys.create_api_key(brief).await.unwrap().into_inner().secret;
    seen(&desk).await;
    assert_eq!(code(&desk, &brief).await, Code::Unauthenticated);
    let list = ListApiKeysRequest { institution_id: "ou".into(), min_position: 0 };
    let listed = keys.list_api_keys(list).await.unwrap().into_inner().keys;
    let ids: Vec<_> = listed.iter().map(|it| (it.key_id.as_str(), it.revoked_ms > 0)).collect();
    assert_eq!(ids, [("brief", false), ("nightly", true)]);
}

pub async fn keys_are_given_by_whom_they_concern(desk: Desk) {
    let mut partner = keys(&desk, "partner", "ou").await;
    let refused = partner.create_api_key(creating("office", "staff")).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "API_KEY_ROLE_NOT_GRANTED"));
    keys(&desk, "staff", "ou").await.create_api_key(creating("office", "staff")).await.unwrap();
    let refused = partner.rotate_api_key(rotating("office", None)).await.unwrap_err();
    assert_eq!(reason(&refused), "API_KEY_ROLE_NOT_GRANTED", "it would hold the secret afterwards");
    for role in ["operator", "registrar", "service", ""] {
        let refused = keys(&desk, "registrar", "").await.create_api_key(creating("x", role)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{role}");
    }
    let mut elsewhere = keys(&desk, "partner", "mit").await;
    assert_eq!(elsewhere.create_api_key(creating("x", "partner")).await.unwrap_err().code(), Code::PermissionDenied);

    // A key that leaked must not become many.
    let key = created(&desk, "nightly", "partner").await.secret;
    let mut by_key = ApiKeyServiceClient::new(bare(&desk).await);
    let list = ListApiKeysRequest { institution_id: "ou".into(), min_position: 0 };
    let refusals = [
        by_key.create_api_key(by(&key, creating("more", "partner"))).await.unwrap_err(),
        by_key.rotate_api_key(by(&key, rotating("nightly", None))).await.unwrap_err(),
        by_key.list_api_keys(by(&key, list)).await.unwrap_err(),
    ];
    for refused in refusals {
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "API_KEY_NOT_BY_KEY"));
    }
}

pub async fn a_secret_is_told_once(desk: Desk) {
    let mut registrar = keys(&desk, "registrar", "").await;
    let request = || {
        let mut request = Request::new(creating("nightly", "partner"));
        request.metadata_mut().insert("x-request-id", "once".parse().unwrap());
        request
    };
    let first = registrar.create_api_key(request()).await.unwrap().into_inner();
    let again = registrar.create_api_key(request()).await.unwrap().into_inner();
    assert!(!first.secret.is_empty() && again.secret.is_empty() && again.already, "{again:?}");
    assert_eq!(again.position, first.position);
    let refused = registrar.create_api_key(creating("nightly", "partner")).await.unwrap_err();
    assert_eq!(reason(&refused), "API_KEY_EXISTS");
    let secret = first.secret.rsplit_once('.').unwrap().1;
    let kept = desk.house.log().head("enrolment").await.unwrap();
    assert!(kept > 0);
    let listed = registrar.list_api_keys(ListApiKeysRequest { institution_id: "ou".into(), min_position: kept }).await;
    assert!(!format!("{listed:?}").contains(secret));
}
