//! How the service answers strangers: kinds of text, what may be kept, and what a browser must not do with it.

use crate::key_store;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::sync::LazyLock;
use studium_kit::StoreError;

/// JSON of a verifiable credential (W3C VC Data Model 2.0, § C.1).
pub const VC: &str = "application/vc+ld+json";
/// A credential as a token.
pub const VC_JWT: &str = "application/vc+jwt";
/// A page.
pub const HTML: &str = "text/html; charset=utf-8";
/// Paper.
pub const PDF: &str = "application/pdf";

/// Signed once and for ever: it may be kept.
pub const FOR_EVER: &str = "public, max-age=86400";
/// A revocation is to be seen within a minute, so nobody may keep a list for longer.
pub const A_MINUTE: &str = "public, max-age=30, must-revalidate";
/// The state of a credential changes, so its page is asked for each time.
pub const EACH_TIME: &str = "no-cache";
/// What a learner shows to some is kept nowhere.
pub const NEVER: &str = "no-store";

/// What a stranger gets who cannot be answered.
pub enum No {
    /// It is not there.
    NotFound,
    /// It cannot be told now; the log says why.
    Later(StoreError),
    /// The question makes no sense; the sentence says what would.
    Malformed(String),
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
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
            Self::Later(why) => {
                let status = studium_kit::fault(why);
                (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], format!("{}\n", status.message()))
                    .into_response()
            }
        }
    }
}

/// In which form somebody wishes a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A page, as browsers ask for first.
    Page,
    /// Signed JSON, also for whoever does not say.
    Json,
    /// A token.
    Token,
}

impl Form {
    /// The form that is liked best (RFC 9110, § 12.5.1); of equals the first.
    pub fn liked(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let mut best = (0.0, Self::Json);
        for kind in accepted.split(',') {
            let mut parts = kind.split(';').map(str::trim);
            let form = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "text/html" | "application/xhtml+xml" | "text/*" => Self::Page,
                VC_JWT | "application/jwt" => Self::Token,
                VC | "application/vc" | "application/ld+json" | "application/json" | "application/*" | "*/*" => {
                    Self::Json
                }
                _ => continue,
            };
            let weight = parts.find_map(|it| it.strip_prefix("q=")).map_or(Some(1.0_f32), |it| it.parse().ok());
            if let Some(weight) = weight.filter(|it| *it > best.0) {
                best = (weight, form);
            }
        }
        best.1
    }
}

/// Something that may be kept as long as its tag fits.
pub fn tagged(headers: &HeaderMap, kind: &'static str, cache: &'static str, body: impl Into<Vec<u8>>) -> Response {
    let body = body.into();
    let tag = format!("\"{}\"", &key_store::sha256(&body)[..32]);
    let told = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, cache.to_owned())];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    if known.is_some_and(|it| it.split(',').any(|it| it.trim().trim_start_matches("W/") == tag || it.trim() == "*")) {
        return (StatusCode::NOT_MODIFIED, told).into_response();
    }
    ([(header::CONTENT_TYPE, kind)], told, body).into_response()
}

/// Something that says to a browser how it is called when it is kept as a file.
pub fn file(mut response: Response, name: &str) -> Response {
    // Names are made here, of letters and digits.
    if let Ok(value) = HeaderValue::from_str(&format!("inline; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

const STYLE: &str = include_str!("style.css");

/// The hash of the style, by which a browser knows that it is ours (Content Security Policy Level 3, § 2.3.1).
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        BASE64.encode(hash)
    )
});

/// A page for people, whole.
pub fn page(status: StatusCode, cache: &'static str, title: &str, body: &Markup) -> Response {
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    let told = [
        (header::CONTENT_TYPE, HTML),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
    ];
    (status, told, text.into_string()).into_response()
}

/// What every answer to a stranger says to browsers.
pub async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// Who calls is never said by a cookie here, so the scripts of any page may read what any stranger may.
pub async fn open_to_all(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn liked(accept: &str) -> Form {
        Form::liked(&[(header::ACCEPT, accept.parse().unwrap())].into_iter().collect())
    }

    #[test]
    fn browsers_get_pages_and_programs_get_json() {
        assert_eq!(liked("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), Form::Page);
        assert_eq!(liked("*/*"), Form::Json);
        assert_eq!(liked(""), Form::Json);
        assert_eq!(liked("application/vc+jwt"), Form::Token);
        assert_eq!(liked("text/html;q=0.1, application/json"), Form::Json);
        assert_eq!(liked("image/png, application/vc+ld+json;q=0.5, text/html;q=none"), Form::Json);
    }
}
