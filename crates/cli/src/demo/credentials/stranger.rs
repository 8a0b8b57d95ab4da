//! A stranger: knows the address of a credential, asks nobody but the addresses that it names, and checks all of it.

use super::bureau::Bureau;
use anyhow::{Context as _, Result};
use studium_proto::credentials::v1::Credential;
use studium_vc::{contexts::Contexts, did, reach::Reach, resolver, verify};

/// What the stranger found.
pub struct Checked {
    /// Where the credential lies.
    pub url: String,
    /// Each check in a sentence.
    pub sentences: Vec<String>,
    /// How all came out.
    pub outcome: verify::Outcome,
    /// Whether the issuer has withdrawn it.
    pub is_revoked: bool,
}

/// Reads and checks a credential with nothing but its address.
pub async fn check(bureau: &Bureau<'_>, it: &Credential) -> Result<Checked> {
    let text = bureau.finds(&it.url).await?;
    // A machine without a certificate speaks http on loopback; everywhere else only https counts.
    let needs = resolver::Needs::of(&text, Reach::HttpsOrLoopback, Contexts::embedded());
    let mut found = resolver::Fetched::default();
    if let Some(issuer) = needs.did {
        let document = bureau.finds(&did::web_document_url(&issuer, Reach::HttpsOrLoopback)?).await?;
        let document = serde_json::from_str(&document).context("a DID document is JSON")?;
        found.documents.insert(issuer.clone(), did::Document::read(&issuer, &document)?);
    }
    for url in needs.status_lists {
        let list = bureau.finds(&url).await?;
        found.status_lists.insert(url, list);
    }
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let report = verify::credential(&text, &found, now_ms, Contexts::embedded());
    Ok(Checked {
        url: it.url.clone(),
        outcome: report.outcome(),
        is_revoked: report.findings(verify::CheckName::Status).contains(&verify::Finding::Revoked),
        sentences: report.checks.into_iter().map(|it| it.sentence).collect(),
    })
}
