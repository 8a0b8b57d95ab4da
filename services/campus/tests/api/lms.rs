//! Connections of campuses' learning platforms.

use crate::desk::{Desk, reason};
use studium_proto::campus::v1::{
    AddToolKeyRequest, DisableLmsConnectionRequest, GetLmsConnectionRequest, ListLmsConnectionsRequest, LmsConnection,
    LmsPlatformDescribed, PromoteToolKeyRequest, RegisterLmsPlatformRequest, ToolKeyStatus, UpdateLmsPlatformRequest,
    lms_service_client::LmsServiceClient,
};
use studium_testkit::Caller;
use tonic::Code;

async fn lms(desk: &Desk) -> LmsServiceClient<Caller> {
    LmsServiceClient::new(desk.registrar().await)
}

fn platform() -> LmsPlatformDescribed {
    LmsPlatformDescribed {
        title: "Moodle".into(),
        issuer: "https://lms.open.ac.uk".into(),
        client_id: "studium".into(),
        deployment_ids: vec!["1".into()],
        auth_login_url: "https://lms.open.ac.uk/login".into(),
        token_url: "https://lms.open.ac.uk/token".into(),
        jwks_url: "https://lms.open.ac.uk/jwks".into(),
    }
}

async fn registered(desk: &Desk) {
    desk.campus("ou").await;
    let platform = Some(platform());
    let request =
        RegisterLmsPlatformRequest { campus_id: "ou".into(), connection_id: "moodle".into(), platform, at_ms: 0 };
    let mut staff = LmsServiceClient::new(desk.caller("sue", &["staff"], &["ou"]).await);
    // The campus's row may be a moment behind.
    for _ in 0..400 {
        match staff.register_lms_platform(request.clone()).await {
            Err(e) if reason(&e) == "CAMPUS_NOT_FOUND" => {
                tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            }
            it => return drop(it.unwrap()),
        }
    }
    panic!("the campus should have been known");
}

fn key(id: &str) -> AddToolKeyRequest {
    let public_jwk = format!(r#"{{"kty":"RSA","kid":"{id}","n":"AQAB","e":"AQAB"}}"#);
    AddToolKeyRequest { connection_id: "moodle".into(), key_id: id.into(), public_jwk, at_ms: 0 }
}

async fn promote(desk: &Desk, id: &str, overlap_ms: i64, at_ms: i64) -> u64 {
    let request = PromoteToolKeyRequest { connection_id: "moodle".into(), key_id: id.into(), overlap_ms, at_ms };
    lms(desk).await.promote_tool_key(request).await.unwrap().into_inner().position
}

async fn shown(desk: &Desk, min_position: u64) -> LmsConnection {
    let request =
        GetLmsConnectionRequest { connection_id: "moodle".into(), min_position, ..GetLmsConnectionRequest::default() };
    lms(desk).await.get_lms_connection(request).await.unwrap().into_inner().connection.unwrap()
}

fn keys(it: &LmsConnection) -> Vec<(&str, ToolKeyStatus)> {
    it.keys.iter().map(|it| (it.key_id.as_str(), it.status())).collect()
}

pub async fn a_platform_is_registered_and_its_keys_rotate(desk: Desk) {
    registered(&desk).await;
    lms(&desk).await.add_tool_key(key("k1")).await.unwrap();
    promote(&desk, "k1", 0, 0).await;
    let position = lms(&desk).await.add_tool_key(key("k2")).await.unwrap().into_inner().position;
    assert_eq!(keys(&shown(&desk, position).await), [("k1", ToolKeyStatus::Current), ("k2", ToolKeyStatus::Next)]);
    let position = promote(&desk, "k2", 3_600_000, 0).await;
    assert_eq!(keys(&shown(&desk, position).await), [("k1", ToolKeyStatus::Retired), ("k2", ToolKeyStatus::Current)]);
    assert_eq!(reason(&lms(&desk).await.add_tool_key(key("k1")).await.unwrap_err()), "TOOL_KEY_USED");
    // Long enough ago, the retired key is shown no more; the other still is.
    lms(&desk).await.add_tool_key(key("k3")).await.unwrap();
    let position = promote(&desk, "k3", 1, desk.house.now_ms() - 60_000).await;
    assert_eq!(keys(&shown(&desk, position).await), [("k1", ToolKeyStatus::Retired), ("k3", ToolKeyStatus::Current)]);

    let (campus_id, connection_id, reason) = ("ou".into(), "moodle".into(), "moved".into());
    let disable = DisableLmsConnectionRequest { campus_id, connection_id, reason, at_ms: 0 };
    let min_position = lms(&desk).await.disable_lms_connection(disable).await.unwrap().into_inner().position;
    let list =
        ListLmsConnectionsRequest { campus_id: "ou".into(), min_position, ..ListLmsConnectionsRequest::default() };
    let listed = lms(&desk).await.list_lms_connections(list).await.unwrap().into_inner().connections;
    assert!(listed.len() == 1 && listed[0].disabled_at_ms > 0);
}

pub async fn what_is_no_public_key_or_has_no_tls_is_refused(desk: Desk) {
    registered(&desk).await;
    let private = r#"{"kty":"RSA","kid":"k1","n":"AQAB","e":"AQAB","d":"secret"}"#;
    let head = desk.head().await;
    let refused = lms(&desk).await.add_tool_key(AddToolKeyRequest { public_jwk: private.into(), ..key("k1") }).await;
    assert_eq!(reason(&refused.unwrap_err()), "PRIVATE_KEY_GIVEN");
    for jwk in ["", "[]", "{}", r#"{"kty":"RSA","kid":"k2","n":"AQAB","e":"AQAB"}"#, r#"{"kty":"oct","kid":"k1"}"#] {
        let request = AddToolKeyRequest { public_jwk: jwk.into(), ..key("k1") };
        assert_eq!(lms(&desk).await.add_tool_key(request).await.unwrap_err().code(), Code::InvalidArgument, "{jwk}");
    }
    let plain = LmsPlatformDescribed { token_url: "http://lms.open.ac.uk/token".into(), ..platform() };
    let (campus_id, connection_id) = ("ou".to_owned(), "moodle".to_owned());
    let update = UpdateLmsPlatformRequest { campus_id, connection_id, platform: Some(plain), at_ms: 0 };
    assert_eq!(lms(&desk).await.update_lms_platform(update.clone()).await.unwrap_err().code(), Code::InvalidArgument);
    let mut stranger = LmsServiceClient::new(desk.caller("sam", &["staff"], &["mit"]).await);
    let foreign = UpdateLmsPlatformRequest { campus_id: "mit".into(), platform: Some(platform()), ..update };
    assert_eq!(reason(&stranger.update_lms_platform(foreign).await.unwrap_err()), "LMS_CONNECTION_NOT_FOUND");
    assert_eq!(desk.head().await, head, "nothing of it was written");
}
