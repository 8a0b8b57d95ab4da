//! Calls that concern connections of learning platforms.

use super::{Api, NAME_MAX, Reply, TEXT_MAX, done, no};
use crate::{
    campus_list,
    lms_connection::{Command, LmsConnection},
    lms_connections::{self, LmsConnections},
};
use std::collections::BTreeSet;
use studium_kit::{Call, Fields, Outcome, Page, fault};
use studium_proto::campus::v1::{
    AddToolKeyRequest, AddToolKeyResponse, DisableLmsConnectionRequest, DisableLmsConnectionResponse,
    GetLmsConnectionRequest, GetLmsConnectionResponse, ListLmsConnectionsRequest, ListLmsConnectionsResponse,
    LmsPlatformDescribed, PromoteToolKeyRequest, PromoteToolKeyResponse, Reason, RegisterLmsPlatformRequest,
    RegisterLmsPlatformResponse, UpdateLmsPlatformRequest, UpdateLmsPlatformResponse, lms_connection_event::Event,
    lms_service_server::LmsService,
};
use tonic::{Request, Response, Status};

/// How long a retired key is shown unless the request says otherwise, and at most: a day and a year, milliseconds.
const OVERLAP_MS: i64 = 24 * 3_600_000;
const OVERLAP_MS_MAX: i64 = 365 * OVERLAP_MS;

/// The most deployments of one platform.
const DEPLOYMENTS_MAX: usize = 1_000;

/// The longest JWK, characters.
const JWK_MAX: usize = 8_000;

fn check_platform(fields: &mut Fields, platform: Option<&LmsPlatformDescribed>) {
    let Some(it) = platform else { return fields.check("platform", false, "is not given") };
    fields.text("platform.title", &it.title, NAME_MAX);
    fields.text("platform.client_id", &it.client_id, NAME_MAX);
    fields.check("platform.deployment_ids", it.deployment_ids.len() <= DEPLOYMENTS_MAX, "are more than 1000");
    let distinct: BTreeSet<_> = it.deployment_ids.iter().collect();
    fields.check("platform.deployment_ids", distinct.len() == it.deployment_ids.len(), "names one twice");
    for id in it.deployment_ids.iter().take(DEPLOYMENTS_MAX) {
        fields.text("platform.deployment_ids", id, NAME_MAX);
    }
    for (field, url) in [
        ("platform.issuer", &it.issuer),
        ("platform.auth_login_url", &it.auth_login_url),
        ("platform.token_url", &it.token_url),
        ("platform.jwks_url", &it.jwks_url),
    ] {
        fields.optional_text(field, url, TEXT_MAX);
        fields.check(field, is_https(url), "is no URL that begins with https:// and names a host");
    }
}

/// Whether a text is a URL with TLS, a host, and neither a user nor a fragment.
fn is_https(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_plain = url.bytes().all(|it| it.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&it));
    let is_host = host
        .split('.')
        .all(|label| !label.is_empty() && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-'));
    is_plain && is_host && port.parse::<u16>().is_ok_and(|it| it > 0)
}

/// The names of a JWK's members, and whether it is a public key of a kind that signs, under this id.
fn check_jwk(fields: &mut Fields, key_id: &str, jwk: &str) -> BTreeSet<String> {
    fields.optional_text("public_jwk", jwk, JWK_MAX);
    let Ok(serde_json::Value::Object(it)) = serde_json::from_str(jwk) else {
        fields.check("public_jwk", false, "is no JSON object");
        return BTreeSet::new();
    };
    let text = |name: &str| it.get(name).and_then(|it| it.as_str()).unwrap_or_default();
    let wanted: &[&str] = match text("kty") {
        "RSA" => &["n", "e"],
        "EC" => &["crv", "x", "y"],
        _ => &["kty of RSA or EC"],
    };
    fields.check("public_jwk", wanted.iter().all(|it| !text(it).is_empty()), "is no public key of kind RSA or EC");
    fields.check("public_jwk", text("kid") == key_id, "has another `kid` than `key_id` says");
    it.keys().cloned().collect()
}

impl Api {
    async fn lms(&self, call: Call, at_ms: i64, id: &str, command: Command) -> Result<Outcome<Event>, Status> {
        self.app.decide::<LmsConnection>(&call.at(at_ms)?, id, &command).await
    }
}

#[tonic::async_trait]
impl LmsService for Api {
    async fn register_lms_platform(
        &self,
        request: Request<RegisterLmsPlatformRequest>,
    ) -> Reply<RegisterLmsPlatformResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.id("connection_id", &it.connection_id);
        check_platform(&mut fields, it.platform.as_ref());
        fields.done()?;
        let campus_known = campus_list::campus(self.app.store(), &it.campus_id).await.map_err(fault)?.is_some();
        let (campus_id, platform) = (it.campus_id, it.platform.unwrap_or_default());
        let command = Command::Register { campus_id, platform, campus_known };
        done!(RegisterLmsPlatformResponse, self.lms(call, it.at_ms, &it.connection_id, command).await?)
    }

    async fn update_lms_platform(
        &self,
        request: Request<UpdateLmsPlatformRequest>,
    ) -> Reply<UpdateLmsPlatformResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.id("connection_id", &it.connection_id);
        check_platform(&mut fields, it.platform.as_ref());
        fields.done()?;
        let command = Command::Describe { campus_id: it.campus_id, platform: it.platform.unwrap_or_default() };
        done!(UpdateLmsPlatformResponse, self.lms(call, it.at_ms, &it.connection_id, command).await?)
    }

    async fn add_tool_key(&self, request: Request<AddToolKeyRequest>) -> Reply<AddToolKeyResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("connection_id", &it.connection_id);
        fields.id("key_id", &it.key_id);
        let members = check_jwk(&mut fields, &it.key_id, &it.public_jwk);
        fields.done()?;
        let command = Command::AddKey { key_id: it.key_id, public_jwk: it.public_jwk, members };
        done!(AddToolKeyResponse, self.lms(call, it.at_ms, &it.connection_id, command).await?)
    }

    async fn promote_tool_key(&self, request: Request<PromoteToolKeyRequest>) -> Reply<PromoteToolKeyResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("connection_id", &it.connection_id);
        fields.id("key_id", &it.key_id);
        fields.check("overlap_ms", (0..=OVERLAP_MS_MAX).contains(&it.overlap_ms), "is below 0 or more than a year");
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let overlap_ms = if it.overlap_ms == 0 { OVERLAP_MS } else { it.overlap_ms };
        let command = Command::Promote { key_id: it.key_id, retired_until_ms: call.now_ms() + overlap_ms };
        done!(PromoteToolKeyResponse, self.lms(call, 0, &it.connection_id, command).await?)
    }

    async fn disable_lms_connection(
        &self,
        request: Request<DisableLmsConnectionRequest>,
    ) -> Reply<DisableLmsConnectionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("connection_id", &it.connection_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let command = Command::Disable { campus_id: it.campus_id, reason: it.reason };
        done!(DisableLmsConnectionResponse, self.lms(call, it.at_ms, &it.connection_id, command).await?)
    }

    async fn get_lms_connection(&self, request: Request<GetLmsConnectionRequest>) -> Reply<GetLmsConnectionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("connection_id", &it.connection_id);
        fields.done()?;
        self.app.reached::<LmsConnections>(it.min_position).await?;
        let connection = lms_connections::connection(self.app.store(), &it.connection_id, call.now_ms()).await;
        let connection = connection.map_err(fault)?;
        let connection = connection.filter(|shown| it.campus_id.is_empty() || shown.campus_id == it.campus_id);
        if connection.is_none() {
            return Err(no(Reason::LmsConnectionNotFound, "no such connection was registered", &it.connection_id));
        }
        Ok(Response::new(GetLmsConnectionResponse { connection }))
    }

    async fn list_lms_connections(
        &self,
        request: Request<ListLmsConnectionsRequest>,
    ) -> Reply<ListLmsConnectionsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<LmsConnections>(it.min_position).await?;
        let connections = lms_connections::connections(self.app.store(), &it.campus_id, call.now_ms(), &page).await;
        let connections = connections.map_err(fault)?;
        let next_page_token = page.next(&connections, |it| it.connection_id.clone());
        Ok(Response::new(ListLmsConnectionsResponse { connections, next_page_token }))
    }
}

#[cfg(test)]
mod tests {
    use super::is_https;

    #[test]
    fn only_urls_with_tls_are_taken() {
        for it in ["https://lms.open.ac.uk", "https://lms.org:8443/token?a=b", "https://x.org/"] {
            assert!(is_https(it), "{it}");
        }
        for it in [
            "",
            "http://lms.org",
            "https://",
            "https:///x",
            "https://u@lms.org",
            "https://l ms.org",
            "https://x.org/#a",
            "https://x.org:0",
            "https://x..org",
            "javascript:1",
        ] {
            assert!(!is_https(it), "{it}");
        }
    }
}
