//! What strangers may read without asking anyone: credentials, status lists, and the keys of issuers.

use crate::{
    credentials::{self, CredentialRow},
    issuers, key_store, signing, status_lists,
};
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use studium_kit::{App, StoreError};

/// The routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/credentials/{id}", get(credential))
        .route("/credentials/{id}/jwt", get(token))
        .route("/issuers/{institution_id}/did.json", get(did_document))
        .route("/issuers/{institution_id}/status/{list}", get(status_list))
        .route("/issuers/{institution_id}/status/{list}/jwt", get(status_token))
        .with_state(app)
}

/// JSON of a verifiable credential (W3C VC Data Model 2.0, § C.1).
const VC: &str = "application/vc+ld+json";
/// A credential as a token.
const VC_JWT: &str = "application/vc+jwt";

/// What a stranger gets who cannot be answered.
pub(crate) enum No {
    /// It is not there.
    NotFound,
    /// It cannot be told now; the log says why.
    Later(StoreError),
}

impl From<StoreError> for No {
    fn from(it: StoreError) -> Self {
        Self::Later(it)
    }
}

impl axum::response::IntoResponse for No {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "there is nothing here\n").into_response(),
            Self::Later(why) => {
                let status = studium_kit::fault(why);
                (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], format!("{}\n", status.message()))
                    .into_response()
            }
        }
    }
}

/// A text that may be kept as long as its tag fits.
pub(crate) fn tagged(headers: &HeaderMap, kind: &'static str, cache: &'static str, text: String) -> Response {
    let tag = format!("\"{}\"", &key_store::sha256(text.as_bytes())[..32]);
    let told = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, cache.to_owned())];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    if known.is_some_and(|it| it.split(',').any(|it| it.trim().trim_start_matches("W/") == tag || it.trim() == "*")) {
        return (StatusCode::NOT_MODIFIED, told).into_response();
    }
    ([(header::CONTENT_TYPE, kind)], told, text).into_response()
}

/// The signed bytes of a credential, checked against what was written down when it was signed.
pub(crate) async fn signed(app: &App, row: &CredentialRow) -> Result<signing::Signed, No> {
    if !row.is_signed() {
        return Err(No::NotFound);
    }
    let signed = signing::credential(app, row, row.list, row.list_bit).await?;
    if signed.json_sha256() != row.json_sha256 || signed.jwt_sha256() != row.jwt_sha256 {
        return Err(No::Later(StoreError::Stuck(format!("{} would not be signed as it was", row.credential_id))));
    }
    Ok(signed)
}

async fn found(app: &App, public_id: &str) -> Result<CredentialRow, No> {
    credentials::by_public_id(app.store(), public_id).await?.filter(CredentialRow::is_signed).ok_or(No::NotFound)
}

/// Signed once and for ever: it may be kept.
const FOR_EVER: &str = "public, max-age=86400";

async fn credential(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, No> {
    let row = found(&app, &id).await?;
    let signed = signed(&app, &row).await?;
    if wants(&headers, VC_JWT) {
        return Ok(tagged(&headers, VC_JWT, FOR_EVER, signed.jwt));
    }
    Ok(tagged(&headers, VC, FOR_EVER, signed.json))
}

async fn token(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, No> {
    let row = found(&app, &id).await?;
    Ok(tagged(&headers, VC_JWT, FOR_EVER, signed(&app, &row).await?.jwt))
}

/// Whether somebody asks for this kind before all others.
fn wants(headers: &HeaderMap, kind: &str) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    accepted.split(',').next().is_some_and(|it| it.split(';').next().is_some_and(|it| it.trim() == kind))
}

async fn did_document(
    State(app): State<App>,
    Path(institution_id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let issuer = issuers::issuer(app.store(), &institution_id).await?.ok_or(No::NotFound)?;
    let text = signing::did_document(&issuer).to_string();
    Ok(tagged(&headers, "application/did+json", "public, max-age=60", text))
}

/// A revocation is to be seen within a minute, so nobody may keep a list for longer.
const A_MINUTE: &str = "public, max-age=30, must-revalidate";

async fn list(app: &App, institution_id: &str, list: u32) -> Result<signing::Signed, No> {
    let issuer = issuers::issuer(app.store(), institution_id).await?.ok_or(No::NotFound)?;
    let row = status_lists::list(app.store(), institution_id, list).await?.ok_or(No::NotFound)?;
    Ok(signing::status_list(app, &issuer, &row, studium_kit::now_ms())?)
}

async fn status_list(
    State(app): State<App>,
    Path((institution_id, number)): Path<(String, u32)>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let signed = list(&app, &institution_id, number).await?;
    if wants(&headers, VC_JWT) {
        return Ok(tagged(&headers, VC_JWT, A_MINUTE, signed.jwt));
    }
    Ok(tagged(&headers, VC, A_MINUTE, signed.json))
}

async fn status_token(
    State(app): State<App>,
    Path((institution_id, number)): Path<(String, u32)>,
    headers: HeaderMap,
) -> Result<Response, No> {
    Ok(tagged(&headers, VC_JWT, A_MINUTE, list(&app, &institution_id, number).await?.jwt))
}
