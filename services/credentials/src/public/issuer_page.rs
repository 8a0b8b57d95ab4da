//! The page of an issuer: who it is, and which keys it signs with.

use super::{
    answers::{self, EACH_TIME, No},
    facts::date,
};
use crate::{issuers, issuing_institutions};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use maud::{Markup, html};
use studium_kit::App;
use studium_proto::credentials::v1::{Issuer, IssuerKey};

/// Answers with the page.
pub async fn issuer(State(app): State<App>, Path(institution_id): Path<String>) -> Result<Response, No> {
    let row = issuers::issuer(app.store(), &institution_id).await?.ok_or(No::NotFound)?;
    let it = issuing_institutions::institution(app.store(), &institution_id).await?;
    let issuer = row.shown(it.name, it.country, it.is_issuer);
    Ok(answers::page(StatusCode::OK, EACH_TIME, &issuer.name, &body(&issuer)))
}

fn body(it: &Issuer) -> Markup {
    html! {
        p.note { "Issuer of credentials" }
        h1 { (it.name) }
        dl {
            @if !it.country.is_empty() { dt { "Country" } dd { (it.country) } }
            dt { "May issue" }
            dd {
                @if it.authorised { "✓ yes, the catalogue of this platform authorises it" }
                @else { "✗ no, the catalogue of this platform does not authorise it at present" }
            }
            dt { "Identifier" } dd { code { (it.did) } }
            dt { "Keys for programs" }
            dd { a href=(format!("{}/issuers/{}/did.json", it.base_url, it.institution_id)) { "did.json" } }
        }
        h2 { "Keys" }
        p.note { "Old keys stay, since credentials last. What was signed with a key that fell into wrong hands proves nothing." }
        table {
            thead { tr { th scope="col" { "Key" } th scope="col" { "Since" } th scope="col" { "State" } } }
            tbody { @for key in &it.keys { (row(key)) } }
        }
    }
}

fn row(key: &IssuerKey) -> Markup {
    html! {
        tr {
            td { code { (key.key_id) } }
            td { (date(key.created_ms)) }
            td {
                @match key.compromised_ms {
                    0 if key.current => "✓ signs at present",
                    0 => "✓ good, replaced by a younger one",
                    1 => "✗ in wrong hands, since when is not known",
                    at => { "✗ in wrong hands since " (date(at)) }
                }
            }
        }
    }
}
