//! Where an issuer publishes its keys: at a URL that somebody names, or at the one that the issuer itself names.

use anyhow::{Context as _, ensure};
use reqwest::{Client, Url, redirect::Policy};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use studium_log::address::is_here;

/// How long one answer of the issuer may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest answer that is read, bytes: some hundred keys.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What the path of an issuer ends in where it describes itself (OpenID Connect Discovery 1.0, section 4).
const CONFIGURATION: &str = "/.well-known/openid-configuration";

/// Where keys come from.
pub(super) enum Source {
    /// A JWK set at a URL.
    Url { client: Client, url: String },
    /// An issuer that says itself where its keys are.
    Discovery { client: Client, issuer: String },
    /// A development issuer in this house.
    Development { jwks: Value },
}

/// What we take from an issuer's description of itself.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

impl Source {
    pub(super) fn url(url: &str) -> anyhow::Result<Self> {
        Ok(Self::Url { client: client()?, url: url.to_owned() })
    }

    pub(super) fn discovery(issuer: &str) -> anyhow::Result<Self> {
        Ok(Self::Discovery { client: client()?, issuer: issuer.to_owned() })
    }

    /// The issuer's keys as it publishes them now; none when they never change.
    pub(super) async fn fetch(&self) -> anyhow::Result<Option<Value>> {
        match self {
            Self::Development { .. } => Ok(None),
            Self::Url { client, url } => read(client, url).await.map(Some),
            Self::Discovery { client, issuer } => {
                let described = read(client, &format!("{}{CONFIGURATION}", issuer.trim_end_matches('/'))).await?;
                let described = Description::deserialize(described)
                    .context("the issuer's openid-configuration lacks `issuer` or `jwks_uri`")?;
                // Section 4.3: else anybody who can answer there could speak for another.
                ensure!(
                    described.issuer == *issuer,
                    "the issuer calls itself `{}` and not `{issuer}`; set --issuer (STUDIUM_ISSUER) to what it calls \
                     itself, if that is whom you mean",
                    described.issuer
                );
                encrypted(&described.jwks_uri).map_err(|e| anyhow::anyhow!("the issuer's `jwks_uri` {e}"))?;
                read(client, &described.jwks_uri).await.map(Some)
            }
        }
    }
}

/// No redirects: one could lead from https to plain http, or to a host that nobody named.
fn client() -> anyhow::Result<Client> {
    let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build();
    client.context("no HTTP client for the issuer's keys")
}

async fn read(client: &Client, url: &str) -> anyhow::Result<Value> {
    let asked = client.get(url).header("accept", "application/json").send().await;
    let mut answer = asked.map_err(reqwest::Error::without_url)?;
    ensure!(answer.status().is_success(), "the issuer answers {}", answer.status());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        ensure!(body.len() + chunk.len() <= ANSWER_BYTES_MAX, "the issuer's answer is over {ANSWER_BYTES_MAX} bytes");
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).context("the issuer's answer is no JSON")
}

/// Lets an address pass where nobody on the way can put keys of his own: https, or this machine.
///
/// # Errors
/// With what it has to be.
pub(crate) fn encrypted(url: &str) -> Result<(), String> {
    let wrong = || "is no https:// URL (http:// is for addresses of this machine)".to_owned();
    let url = Url::parse(url).map_err(|_| wrong())?;
    let host = url.host_str().unwrap_or_default();
    if url.scheme() == "https" || (url.scheme() == "http" && is_here(host)) { Ok(()) } else { Err(wrong()) }
}

/// The same for an issuer, which besides has neither query nor fragment (OpenID Connect Discovery 1.0, section 3).
///
/// # Errors
/// With what it has to be.
pub(crate) fn issuer(url: &str) -> Result<(), String> {
    encrypted(url)?;
    if url.contains(['?', '#']) { Err("has a query or a fragment, which no issuer has".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_fetched_where_others_can_change_them() {
        for good in ["https://id.example", "http://127.0.0.1:1/x", "http://[::1]:1", "http://localhost:8080/realms/x"] {
            assert_eq!(issuer(good), Ok(()), "{good}");
        }
        for bad in
            ["http://id.example", "http://localhost.example", "http://10.0.0.1", "ftp://127.0.0.1", "id.example", ""]
        {
            assert!(issuer(bad).is_err_and(|it| it.contains("no https:// URL")), "{bad}");
        }
        assert!(issuer("https://id.example/?x").is_err() && issuer("https://id.example/#x").is_err());
    }
}
