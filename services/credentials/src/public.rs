//! What strangers may read without asking anyone: credentials, status lists, and the keys of issuers.

mod answers;
mod checks;
mod credential_page;
mod credential_paper;
pub mod facts;
mod issuer_page;
mod paper;
mod qr;
mod shared;
mod transcript_page;
mod transcript_paper;
mod vc_api;

pub use answers::No;
pub use shared::{id as link_id, url as link_url};

use crate::{
    achievements,
    credentials::{self, CredentialRow},
    issuers,
    settings::Settings,
    signing, status_lists,
};
use answers::{A_MINUTE, EACH_TIME, FOR_EVER, Form, PDF, VC, VC_JWT, file, tagged};
use axum::{
    Router,
    extract::{Path, State},
    http::HeaderMap,
    middleware,
    response::Response,
    routing::get,
};
use checks::Line;
use credential_page::Shown;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use studium_kit::App;
use studium_proto::credentials::v1::AchievementDefined;

/// The routes.
pub fn routes(app: App) -> Router {
    let documents = Router::new()
        .route("/credentials/{id}", get(credential))
        .route("/credentials/{id}/json", get(json))
        .route("/credentials/{id}/jwt", get(token))
        .route("/credentials/{id}/pdf", get(pdf))
        .route("/issuers/{institution_id}", get(issuer_page::issuer))
        .route("/issuers/{institution_id}/did.json", get(did_document))
        .route("/issuers/{institution_id}/status/{list}", get(status_list))
        .route("/issuers/{institution_id}/status/{list}/jwt", get(status_token))
        .layer(middleware::from_fn(answers::open_to_all));
    let mut all = documents.merge(shared::routes());
    if app.belonging::<Settings>().is_some_and(|it| it.vc_api) {
        all = all.merge(vc_api::routes());
    }
    all.layer(middleware::from_fn(answers::guarded)).with_state(app)
}

/// The signed bytes of a credential, checked against what was written down when it was signed.
pub async fn signed(app: &App, row: &CredentialRow) -> Result<signing::Signed, No> {
    if !row.is_signed() {
        return Err(No::NotFound);
    }
    Ok(signing::again(app, row).await?)
}

async fn found(app: &App, public_id: &str) -> Result<CredentialRow, No> {
    credentials::by_public_id(app.store(), public_id).await?.filter(CredentialRow::is_signed).ok_or(No::NotFound)
}

/// What was achieved with a credential.
async fn achieved(app: &App, row: &CredentialRow) -> Result<AchievementDefined, No> {
    let row = achievements::achievement(app.store(), &row.achievement_id).await?;
    Ok(row.ok_or(No::NotFound)?.definition())
}

/// All checks of a credential, made now.
async fn checked(app: &App, row: &CredentialRow, signed: &signing::Signed) -> Result<Vec<Line>, No> {
    Ok(checks::all(app, row, signed, studium_kit::now_ms()).await?)
}

async fn credential(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, No> {
    let row = found(&app, &id).await?;
    let signed = signed(&app, &row).await?;
    match Form::liked(&headers) {
        Form::Json => Ok(tagged(&headers, VC, FOR_EVER, signed.json)),
        Form::Token => Ok(tagged(&headers, VC_JWT, FOR_EVER, signed.jwt)),
        Form::Page => {
            let checks = checked(&app, &row, &signed).await?;
            let (issued, achievement) = (row.issued(), achieved(&app, &row).await?);
            let shown = Shown { row: &row, issued: &issued, achievement: &achievement, checks: &checks, name: None };
            Ok(credential_page::response(&shown, EACH_TIME))
        }
    }
}

async fn json(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, No> {
    let row = found(&app, &id).await?;
    Ok(tagged(&headers, VC, FOR_EVER, signed(&app, &row).await?.json))
}

async fn token(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, No> {
    let row = found(&app, &id).await?;
    Ok(tagged(&headers, VC_JWT, FOR_EVER, signed(&app, &row).await?.jwt))
}

async fn pdf(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, No> {
    let row = found(&app, &id).await?;
    let written = credential_paper::pdf(&row.issued(), &achieved(&app, &row).await?, None)?;
    Ok(file(tagged(&headers, PDF, FOR_EVER, written), &format!("credential-{}.pdf", row.public_id)))
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

/// Status lists as they were signed last, so that a list that did not change is not signed for each stranger.
#[derive(Default)]
pub struct SignedLists(Mutex<BTreeMap<(String, u32), (String, signing::Signed)>>);

/// A status list in a form, or nothing new for whoever has it.
async fn list(
    app: &App,
    (institution_id, number): (String, u32),
    headers: &HeaderMap,
    form: Form,
) -> Result<Response, No> {
    let issuer = issuers::issuer(app.store(), &institution_id).await?.ok_or(No::NotFound)?;
    let row = status_lists::list(app.store(), &institution_id, number).await?.ok_or(No::NotFound)?;
    let now_ms = studium_kit::now_ms();
    let version = signing::list_version(&issuer, &row, now_ms);
    let kept = app.belonging::<SignedLists>().map(|it| it.0.lock().unwrap_or_else(PoisonError::into_inner));
    let known = kept.as_ref().and_then(|it| it.get(&(institution_id.clone(), number)).cloned());
    drop(kept);
    let signed = match known {
        Some((it, signed)) if it == version => signed,
        _ => {
            let signed = signing::status_list(app, &issuer, &row, now_ms)?;
            if let Some(all) = app.belonging::<SignedLists>() {
                let mut all = all.0.lock().unwrap_or_else(PoisonError::into_inner);
                all.insert((institution_id, number), (version, signed.clone()));
            }
            signed
        }
    };
    Ok(match form {
        Form::Token => tagged(headers, VC_JWT, A_MINUTE, signed.jwt),
        Form::Page | Form::Json => tagged(headers, VC, A_MINUTE, signed.json),
    })
}

async fn status_list(
    State(app): State<App>,
    Path(which): Path<(String, u32)>,
    headers: HeaderMap,
) -> Result<Response, No> {
    list(&app, which, &headers, Form::liked(&headers)).await
}

async fn status_token(
    State(app): State<App>,
    Path(which): Path<(String, u32)>,
    headers: HeaderMap,
) -> Result<Response, No> {
    list(&app, which, &headers, Form::Token).await
}
