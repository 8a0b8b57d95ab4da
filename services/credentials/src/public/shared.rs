//! What a learner shows to whoever has a link, until it is withdrawn or ends.

use super::{
    answers::{self, NEVER, No, PDF, VC_JWT, file},
    credential_page::{self, Shown},
    credential_paper, transcript_page, transcript_paper,
};
use crate::{
    credentials::{self, CredentialRow},
    key_store,
    settings::Settings,
    share_link::{Command, ONCE_MS, ShareLink},
    share_links::{self, ShareLinkRow},
    transcript::{self, Of},
};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use maud::html;
use serde::Deserialize;
use std::time::Duration;
use studium_kit::{App, Meta};

/// The longest text that can be the secret of a link.
const SECRET_MAX: usize = 64;

/// The routes of links.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/shared/{token}", get(page))
        .route("/shared/{token}/pdf", get(pdf))
        .route("/shared/{token}/clr", get(record))
}

/// Where a link leads.
pub fn url(app: &App, secret: &str) -> String {
    let base = app.belonging::<Settings>().map_or("", |it| it.url.as_str());
    format!("{base}/shared/{secret}")
}

/// The id of the link with this secret. Nothing but the hash is ever stored or compared.
pub fn id(secret: &str) -> String {
    key_store::sha256(secret.as_bytes())
}

/// Why a link shows nothing: never there, withdrawn or over, all in the same words, so that nobody learns which.
enum Closed {
    Gone,
    No(No),
}

impl<T: Into<No>> From<T> for Closed {
    fn from(it: T) -> Self {
        Self::No(it.into())
    }
}

impl axum::response::IntoResponse for Closed {
    fn into_response(self) -> Response {
        match self {
            Self::No(it) => it.into_response(),
            Self::Gone => answers::page(
                StatusCode::NOT_FOUND,
                NEVER,
                "Nothing is shown here",
                &html! {
                    h1 { "Nothing is shown here" }
                    p {
                        "This link does not exist, or it is over, or the learner has withdrawn it. "
                        "Please ask the learner for another."
                    }
                },
            ),
        }
    }
}

/// The link with this secret, if it shows something now.
async fn opened(app: &App, secret: &str, now_ms: i64) -> Result<ShareLinkRow, Closed> {
    if secret.len() > SECRET_MAX {
        return Err(Closed::Gone);
    }
    let row = share_links::link(app.store(), &id(secret)).await?;
    let row = row.filter(|it| it.is_open(now_ms)).ok_or(Closed::Gone)?;
    if row.counts(now_ms) {
        count(app, &row.share_link_id, now_ms).await;
    }
    Ok(row)
}

/// A reader waits so long at most for a look to be counted.
const COUNTED_WITHIN: Duration = Duration::from_secs(2);

/// Counts a look. The reader sees the page even if it cannot be counted.
async fn count(app: &App, share_link_id: &str, now_ms: i64) {
    // The same for all looks within ten minutes, so that they are one.
    let request_id = format!("opened:{}", now_ms.div_euclid(ONCE_MS));
    let meta = Meta {
        at_ms: now_ms,
        actor: "anonymous".to_owned(),
        correlation_id: format!("{request_id}:{}", share_link_id.get(..16).unwrap_or_default()),
        request_id,
        ..Meta::default()
    };
    let command = Command::Open { now_ms };
    let counting = app.decide_as::<ShareLink>(&meta, share_link_id, &command);
    drop(tokio::time::timeout(COUNTED_WITHIN, counting).await);
}

/// The one credential that a link shows, if it shows one.
async fn single(app: &App, link: &ShareLinkRow) -> Result<Option<CredentialRow>, Closed> {
    if link.credential_id.is_empty() {
        return Ok(None);
    }
    let row = credentials::credential(app.store(), &link.credential_id).await?;
    row.filter(CredentialRow::is_signed).map(Some).ok_or(Closed::Gone)
}

fn of<'a>(link: &'a ShareLinkRow, institution_id: &'a str) -> Of<'a> {
    Of { learner: &link.learner_id, institution: institution_id, credential: &link.credential_id }
}

async fn page(State(app): State<App>, Path(secret): Path<String>) -> Result<Response, Closed> {
    let now_ms = studium_kit::now_ms();
    let link = opened(&app, &secret, now_ms).await?;
    if let Some(row) = single(&app, &link).await? {
        let checks = super::checked(&app, &row, &super::signed(&app, &row).await?).await?;
        let (issued, achievement) = (row.issued(), super::achieved(&app, &row).await?);
        let shown = Shown { row: &row, issued: &issued, achievement: &achievement, checks: &checks, name: link.name() };
        return Ok(credential_page::response(&shown, NEVER));
    }
    let it = transcript::transcript(&app, of(&link, &link.institution_id), now_ms).await?;
    Ok(transcript_page::response(&it, link.name(), &url(&app, &secret), now_ms))
}

async fn pdf(State(app): State<App>, Path(secret): Path<String>) -> Result<Response, Closed> {
    let now_ms = studium_kit::now_ms();
    let link = opened(&app, &secret, now_ms).await?;
    let written = if let Some(row) = single(&app, &link).await? {
        credential_paper::pdf(&row.issued(), &super::achieved(&app, &row).await?, link.name())?
    } else {
        let it = transcript::transcript(&app, of(&link, &link.institution_id), now_ms).await?;
        transcript_paper::pdf(&it, link.name(), &url(&app, &secret), now_ms)?
    };
    let told = [(header::CONTENT_TYPE, PDF), (header::CACHE_CONTROL, NEVER)];
    Ok(file((told, written).into_response(), "transcript.pdf"))
}

#[derive(Deserialize)]
struct OfIssuer {
    #[serde(default)]
    institution_id: String,
}

async fn record(
    State(app): State<App>,
    Path(secret): Path<String>,
    Query(asked): Query<OfIssuer>,
) -> Result<Response, Closed> {
    let now_ms = studium_kit::now_ms();
    let link = opened(&app, &secret, now_ms).await?;
    let institution_id = match (link.institution_id.as_str(), single(&app, &link).await?) {
        (_, Some(row)) => row.institution_id,
        ("", None) => asked.institution_id,
        (only, None) => only.to_owned(),
    };
    if institution_id.is_empty() {
        let why = "say of which issuer: add `?institution_id=` with its id, as the page of the transcript does";
        return Err(Closed::No(No::Malformed(why.to_owned())));
    }
    let token = transcript::record(&app, of(&link, &institution_id), now_ms).await?.ok_or(No::NotFound)?;
    Ok(([(header::CONTENT_TYPE, VC_JWT), (header::CACHE_CONTROL, NEVER)], token).into_response())
}
