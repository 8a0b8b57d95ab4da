//! The VC-API, by which conformance suites ask a service to sign and to check. Open only where the operator opens it.
//!
//! It signs whatever it is given, so it does so with a key that is made anew at each start and belongs to no issuer.
//! It fetches nothing: it knows `did:key` and what this service itself publishes.

use super::No;
use crate::{issuer::REACH, issuers, key_store::random, settings::Settings, signing, status_lists};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Value, json};
use std::sync::Arc;
use studium_kit::{App, StoreError};
use studium_vc::{
    contexts::Contexts,
    data_model, did,
    did::Document,
    json as strict,
    keys::SigningKey,
    proof,
    resolver::{Fetched, Needs, Resolver as _},
    verify::{self, Outcome, Report},
};

/// Bytes of a request at most: a credential is a few thousand.
const BODY_MAX: usize = 512 * 1024;
/// Credentials in a presentation at most.
const HELD_MAX: usize = 20;

/// The routes; none if there is no randomness for a key.
pub fn routes() -> Router<App> {
    let Some(key) = made_now().map(Arc::new) else { return Router::new() };
    Router::new()
        .route("/credentials/issue", post(move |body: Bytes| async move { issue(&key, &body) }))
        .route("/credentials/verify", post(verify_credential))
        .route("/presentations/verify", post(verify_presentation))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

fn made_now() -> Option<SigningKey> {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(&random()?.to_be_bytes());
    seed[16..].copy_from_slice(&random()?.to_be_bytes());
    SigningKey::from_seed(&seed).ok()
}

fn refused(errors: &[String]) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "errors": errors }))).into_response()
}

/// The member of a request that holds what it is about.
fn asked(body: &[u8], member: &str) -> Result<Value, String> {
    let mut body = strict::read(body).map_err(|e| format!("the body is not JSON: {e}"))?;
    body.get_mut(member).map(Value::take).ok_or_else(|| format!("the body has no `{member}`"))
}

fn issue(key: &SigningKey, body: &[u8]) -> Response {
    let credential = match asked(body, "credential") {
        Ok(it) => it,
        Err(why) => return refused(&[why]),
    };
    match issued(key, credential) {
        Ok(it) => (StatusCode::CREATED, Json(json!({ "verifiableCredential": it }))).into_response(),
        Err(errors) => refused(&errors),
    }
}

/// The credential, signed. Whoever it names as its issuer, it is this key.
fn issued(key: &SigningKey, mut credential: Value) -> Result<Value, Vec<String>> {
    if !credential.is_object() {
        return Err(vec!["the credential is not an object".to_owned()]);
    }
    let did = key.verifying_key().did_key();
    match &mut credential["issuer"] {
        Value::Object(it) => drop(it.insert("id".to_owned(), did.clone().into())),
        it => *it = did.clone().into(),
    }
    let contexts = Contexts::embedded();
    let problems = data_model::problems(&credential, contexts);
    if !problems.is_empty() {
        return Err(problems.iter().map(ToString::to_string).collect());
    }
    let method = did::method_id(&did, &key.verifying_key());
    proof::add(&credential, key, &method, studium_kit::now_ms(), contexts).map_err(|e| vec![e.to_string()])
}

/// A credential as text: JSON, a token, or a token in an envelope (VC Data Model 2.0, § 4.13).
fn text(credential: &Value) -> String {
    let envelope = credential["id"].as_str().and_then(|it| it.strip_prefix("data:application/vc+jwt,"));
    match (credential, envelope) {
        (Value::String(it), _) => it.clone(),
        (_, Some(token)) => token.to_owned(),
        _ => credential.to_string(),
    }
}

/// What this service itself would tell a stranger who asked.
async fn known(app: &App, text: &str, found: &mut Fetched) -> Result<(), StoreError> {
    let needs = Needs::of(text, REACH, Contexts::embedded());
    let base = app.belonging::<Settings>().map_or("", |it| it.url.as_str());
    let ours = |url: &str| url.strip_prefix(base)?.strip_prefix("/issuers/").map(str::to_owned);
    if let Some(did) = needs.did {
        let institution_id = did.rsplit(':').next().unwrap_or_default();
        let issuer = issuers::issuer(app.store(), institution_id).await?.filter(|it| it.did == did);
        if let Some(document) = issuer.and_then(|it| Document::read(&did, &signing::did_document(&it)).ok()) {
            found.documents.insert(did, document);
        }
    }
    for url in needs.status_lists {
        let Some(path) = ours(&url) else { continue };
        let Some((institution_id, number)) = path.split_once("/status/") else { continue };
        let (Some(issuer), Ok(number)) = (issuers::issuer(app.store(), institution_id).await?, number.parse()) else {
            continue;
        };
        let Some(list) = status_lists::list(app.store(), institution_id, number).await? else { continue };
        if let Ok(list) = signing::status_list(app, &issuer, &list, studium_kit::now_ms()) {
            found.status_lists.insert(url, list.json);
        }
    }
    Ok(())
}

async fn report(app: &App, credential: &Value) -> Result<Report, StoreError> {
    let (text, mut found) = (text(credential), Fetched::default());
    known(app, &text, &mut found).await?;
    Ok(verify::credential(&text, &found, studium_kit::now_ms(), Contexts::embedded()))
}

fn told(report: &Report) -> Value {
    let checks = report.checks.iter().map(|it| {
        let outcome = match it.finding.outcome() {
            Outcome::Ok => "ok",
            Outcome::Failed => "failed",
            Outcome::NotChecked => "not checked",
        };
        json!({"check": it.name.to_string(), "outcome": outcome, "detail": it.sentence})
    });
    let errors = report.checks.iter().filter(|it| it.finding.outcome() != Outcome::Ok).map(|it| &it.sentence);
    let verified = report.outcome() == Outcome::Ok;
    json!({
        "verified": verified,
        "checks": checks.collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
        "warnings": [],
    })
}

fn answered(told: Value) -> Response {
    let status = if told["verified"] == true { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    (status, Json(told)).into_response()
}

async fn verify_credential(State(app): State<App>, body: Bytes) -> Response {
    let credential = match asked(&body, "verifiableCredential") {
        Ok(it) => it,
        Err(why) => return refused(&[why]),
    };
    match report(&app, &credential).await {
        Ok(it) => answered(told(&it)),
        Err(e) => No::Later(e).into_response(),
    }
}

async fn verify_presentation(State(app): State<App>, body: Bytes) -> Response {
    let presentation = match asked(&body, "verifiablePresentation") {
        Ok(it) => it,
        Err(why) => return refused(&[why]),
    };
    let mut errors = wrong(&presentation);
    let held = match &presentation["verifiableCredential"] {
        Value::Null => &[][..],
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    if held.len() > HELD_MAX {
        return refused(&[format!("a presentation of more than {HELD_MAX} credentials is not checked")]);
    }
    let mut results = Vec::new();
    for credential in held {
        let told = match report(&app, credential).await {
            Ok(it) => told(&it),
            Err(e) => return No::Later(e).into_response(),
        };
        if told["verified"] != true {
            errors.push("a credential of the presentation does not hold".to_owned());
        }
        results.push(told);
    }
    answered(json!({"verified": errors.is_empty(), "credentialResults": results, "errors": errors, "warnings": []}))
}

/// What is wrong with a presentation itself (VC Data Model 2.0, § 4.13), beside the credentials in it.
fn wrong(presentation: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    let first = presentation["@context"].as_array().and_then(|it| it.first()).unwrap_or(&presentation["@context"]);
    if first != studium_vc::contexts::CREDENTIALS_V2 {
        errors.push(format!("its first context is not {}", studium_vc::contexts::CREDENTIALS_V2));
    }
    let is_one = |it: &Value| it == "VerifiablePresentation";
    if !is_one(&presentation["type"]) && !presentation["type"].as_array().is_some_and(|all| all.iter().any(is_one)) {
        errors.push("it is not of the type VerifiablePresentation".to_owned());
    }
    if !presentation["proof"].is_null() {
        let found = Fetched::default();
        // The key stands in the identifier of a `did:key`; holders of other kinds are not known here.
        let key = |method: &str| {
            let document = found.document(method.split('#').next()?).ok()?;
            document.method(method).map(|it| it.key)
        };
        if let Err(e) = proof::verify(presentation, key, Contexts::embedded()) {
            errors.push(format!("its proof does not hold: {e}"));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_seed(&[9; 32]).unwrap()
    }

    fn unsigned() -> Value {
        json!({
            "@context": [studium_vc::contexts::CREDENTIALS_V2],
            "type": ["VerifiableCredential"],
            "issuer": "did:web:credentials.example:issuers:ou",
            "credentialSubject": {"id": "did:example:ada"}
        })
    }

    #[test]
    fn it_never_signs_in_the_name_of_an_issuer() {
        let signed = issued(&key(), unsigned()).unwrap();
        assert_eq!(signed["issuer"], key().verifying_key().did_key());
        let mut named = unsigned();
        named["issuer"] = json!({"id": "did:web:credentials.example:issuers:ou", "name": "OU"});
        assert_eq!(issued(&key(), named).unwrap()["issuer"]["id"], key().verifying_key().did_key());
        let now = studium_kit::now_ms();
        let report = verify::credential(&signed.to_string(), &Fetched::default(), now, Contexts::embedded());
        assert_eq!(report.outcome(), Outcome::Ok, "{report:?}");
    }

    #[test]
    fn what_is_no_credential_is_not_signed() {
        assert!(issued(&key(), json!("x")).is_err());
        let mut without = unsigned();
        without["credentialSubject"] = json!({});
        assert!(issued(&key(), without).is_err());
    }
}
