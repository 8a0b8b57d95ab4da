//! Checks a credential as anybody may, and says of each check in a sentence what came out.

pub use crate::report::{Check, CheckName, Finding, Outcome, Report};

use crate::{
    contexts::Contexts,
    did::Document,
    form::Form,
    jwt::Token,
    keys::VerifyingKey,
    limits::{self, Lengths},
    proof::{self, ProofError},
    resolver::{self, Resolver, issuer},
    status::{self, Purpose, StatusEntry},
    times,
};
use serde_json::Value;

/// Clocks differ: so much later than now may a proof be dated.
const SKEW_MS: i64 = 300_000;

/// Checks a credential, given as JSON or as a token, at a time.
pub fn credential(text: &str, resolver: &dyn Resolver, now_ms: i64, contexts: &Contexts) -> Report {
    let mut examined = examine(text, &limits::CREDENTIAL, resolver, now_ms, contexts);
    let is_one = examined.findings(CheckName::Structure) == [Finding::Sound];
    let Some(credential) = examined.credential.as_ref().filter(|_| is_one) else {
        examined.checks.push(Check::not_checked(CheckName::Status, "There is no credential to look up."));
        return examined;
    };
    let mut entries: Vec<&Value> = Vec::new();
    for entry in resolver::entries(credential) {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    if entries.is_empty() {
        let sentence = "The credential names no status list, so its issuer cannot withdraw it.";
        examined.checks.push(Check::new(CheckName::Status, Finding::Sound, sentence));
        return examined;
    }
    let statuses: Vec<_> = entries.into_iter().map(|it| status(it, credential, resolver, now_ms, contexts)).collect();
    examined.checks.extend(statuses);
    examined
}

/// All checks but the status.
fn examine(text: &str, lengths: &Lengths, resolver: &dyn Resolver, now_ms: i64, contexts: &Contexts) -> Report {
    let form = match Form::read(text, lengths) {
        Ok(form) => form,
        Err(check) => {
            let mut report = Report { credential: None, checks: vec![check] };
            for name in [CheckName::Structure, CheckName::Proof, CheckName::IssuerKey, CheckName::ValidityPeriod] {
                if report.findings(name).is_empty() {
                    report.checks.push(Check::not_checked(name, "The credential could not be read."));
                }
            }
            report.checks.sort_by_key(|it| it.name);
            return report;
        }
    };
    let credential = form.credential();
    let structure = form.structure(contexts);
    let (proof, key) = if structure.finding == Finding::Sound {
        form.prove(resolver, now_ms, contexts)
    } else {
        let skipped = |name| Check::not_checked(name, "Since it is no credential, nobody was asked about it.");
        (skipped(CheckName::Proof), skipped(CheckName::IssuerKey))
    };
    let checks = vec![structure, proof, key, period(credential, now_ms)];
    Report { credential: Some(credential.clone()), checks }
}

fn period(credential: &Value, now_ms: i64) -> Check {
    let new = |finding, sentence: &str| Check::new(CheckName::ValidityPeriod, finding, sentence);
    let time = |name: &str| match &credential[name] {
        Value::Null => Ok(None),
        it => it.as_str().and_then(times::parse).map(Some).ok_or(()),
    };
    match (time("validFrom"), time("validUntil")) {
        (Err(()), _) | (_, Err(())) => new(Finding::NotChecked, "Its period is not written as dates with a zone."),
        (Ok(Some(from)), _) if now_ms < from => {
            new(Finding::NotYetValid, &format!("It is valid from {} on, not yet now.", times::format(from)))
        }
        (_, Ok(Some(until))) if now_ms > until => {
            new(Finding::Expired, &format!("It was valid until {}.", times::format(until)))
        }
        (_, Ok(Some(until))) => new(Finding::Sound, &format!("It is valid until {}.", times::format(until))),
        _ => new(Finding::Sound, "It is valid, without an end."),
    }
}

impl Form {
    /// The checks of the proof and of the key behind it.
    fn prove(&self, resolver: &dyn Resolver, now_ms: i64, contexts: &Contexts) -> (Check, Check) {
        let unknown = |sentence: &str| Check::not_checked(CheckName::IssuerKey, sentence);
        let unproven = |e: &ProofError| Check::new(CheckName::Proof, Finding::Unproven, &sentence(e));
        if let Self::Json { secured: Err(e), .. } = self {
            return (unproven(e), unknown("There is no signature whose key could be looked up."));
        }
        let keyless = Check::not_checked(CheckName::Proof, "Without the issuer's key the proof cannot be checked.");
        let Some(issuer) = issuer(self.credential()) else { return (keyless, unknown("It names no issuer.")) };
        let document = match resolver.document(issuer) {
            Ok(document) => document,
            Err(e) => return (keyless, unknown(&e.0)),
        };
        match self {
            Self::Json { secured: Err(_), .. } => (keyless, unknown("It has no proof.")),
            Self::Json { whole, secured: Ok(secured) } => {
                let key = |id: &str| document.method(id).map(|it| it.key);
                let methods: Vec<_> = secured.proofs.iter().map(|it| it.verification_method.as_str()).collect();
                let issuer_key = issuer_key(&document, &methods, now_ms);
                if issuer_key.finding == Finding::KeyNotIssuers {
                    return (not_the_issuers(), issuer_key);
                }
                let proof = match proof::verify(whole, key, contexts) {
                    Ok(proofs) => dated(&proofs, now_ms),
                    Err(e) => unproven(&e),
                };
                (proof, issuer_key)
            }
            Self::Token(token) => prove_token(token, &document, now_ms),
        }
    }
}

fn not_the_issuers() -> Check {
    Check::not_checked(CheckName::Proof, "It was not signed with a key of its issuer.")
}

fn sentence(error: &ProofError) -> String {
    format!("The proof does not hold: {error}.")
}

/// The proofs are signed; their dates may still speak against them.
fn dated(proofs: &[proof::Proof], now_ms: i64) -> Check {
    let new = |finding, sentence: &str| Check::new(CheckName::Proof, finding, sentence);
    for proof in proofs {
        if let Some(at) = proof.created_ms.filter(|it| *it > now_ms.saturating_add(SKEW_MS)) {
            return new(
                Finding::Unproven,
                &format!("Its proof is dated {}, which is still to come.", times::format(at)),
            );
        }
        if let Some(at) = proof.expires_ms.filter(|it| *it < now_ms) {
            return new(Finding::Unproven, &format!("Its proof was good until {}.", times::format(at)));
        }
    }
    new(Finding::Sound, "It is exactly as it was signed.")
}

fn prove_token(token: &Token, document: &Document, now_ms: i64) -> (Check, Check) {
    let new = |finding, sentence: &str| Check::new(CheckName::Proof, finding, sentence);
    // Without a `kid`, the key that the token carries must be one of the issuer's.
    let by_key = |key: &VerifyingKey| document.methods.iter().find(|it| it.key == *key).map(|it| it.id.clone());
    let id = token.key_id.clone().or_else(|| token.key.as_ref().and_then(by_key));
    let issuer_key = issuer_key(document, &[id.as_deref().unwrap_or_default()], now_ms);
    let method = id.and_then(|it| document.method(&it));
    let Some(method) = method.filter(|_| issuer_key.finding != Finding::KeyNotIssuers) else {
        return (not_the_issuers(), issuer_key);
    };
    let proof = if token.key.is_some_and(|it| it != method.key) {
        new(Finding::Unproven, "The token carries another key than the one that it names.")
    } else if token.verifies(&method.key) {
        new(Finding::Sound, "It is exactly as it was signed.")
    } else {
        new(Finding::Unproven, "The token's signature does not fit: it was changed after signing.")
    };
    (proof, issuer_key)
}

/// Whether all these keys are the issuer's, for signing credentials, and not withdrawn.
fn issuer_key(document: &Document, methods: &[&str], now_ms: i64) -> Check {
    let new = |finding, sentence: &str| Check::new(CheckName::IssuerKey, finding, sentence);
    let did = &document.id;
    for id in methods {
        let Some(method) = document.method(id) else {
            return new(Finding::KeyNotIssuers, &format!("The key `{id}` is not one that {did} vouches for."));
        };
        if let Some(at) = method.revoked_ms.filter(|it| *it <= now_ms) {
            let when = if at == i64::MIN { String::new() } else { format!(" at {}", times::format(at)) };
            return new(Finding::KeyRevoked, &format!("{did} has withdrawn the key that signed this{when}."));
        }
        if !method.assertion {
            return new(Finding::KeyNotIssuers, &format!("{did} does not sign credentials with the key `{id}`."));
        }
    }
    new(Finding::Sound, &format!("The key that signed is one of {did}."))
}

/// Looks one status entry up in its list, which must itself be a sound credential of the same issuer.
fn status(entry: &Value, credential: &Value, resolver: &dyn Resolver, now_ms: i64, contexts: &Contexts) -> Check {
    let unknown = |sentence: &str| Check::not_checked(CheckName::Status, sentence);
    let entry = match StatusEntry::read(entry) {
        Ok(entry) => entry,
        Err(e) => return unknown(&format!("Its status entry cannot be read: {e}.")),
    };
    let text = match resolver.status_list(&entry.list) {
        Ok(text) => text,
        Err(e) => return unknown(&e.0),
    };
    let report = examine(&text, &limits::STATUS_LIST, resolver, now_ms, contexts);
    if let Some(bad) = report.checks.iter().find(|it| it.finding != Finding::Sound) {
        return unknown(&format!("The status list {} cannot be relied on: {}", entry.list, bad.sentence));
    }
    let list = report.credential.unwrap_or_default();
    if list["id"] != entry.list || issuer(&list) != issuer(credential) {
        return unknown(&format!("What lies at {} is not a status list of this issuer.", entry.list));
    }
    let set = match status::read_list(&list) {
        Ok((purpose, _)) if purpose != entry.purpose => {
            return unknown(&format!("The list {} is for {purpose}, not for {}.", entry.list, entry.purpose));
        }
        Ok((_, bits)) => bits.get(entry.index),
        Err(e) => Err(e),
    };
    let new = |finding, sentence: &str| Check::new(CheckName::Status, finding, sentence);
    match (set, &entry.purpose) {
        (Err(e), _) => unknown(&format!("The status list {} cannot be read: {e}.", entry.list)),
        (Ok(true), Purpose::Revocation) => new(Finding::Revoked, "Its issuer has revoked it."),
        (Ok(true), Purpose::Suspension) => new(Finding::Suspended, "Its issuer has suspended it for the time being."),
        (Ok(false), Purpose::Revocation) => new(Finding::Sound, "Its issuer has not revoked it."),
        (Ok(false), Purpose::Suspension) => new(Finding::Sound, "Its issuer has not suspended it."),
        (Ok(true), Purpose::Other(it)) => {
            new(Finding::Marked, &format!("Its issuer has set its status `{it}`; what this means is for you to judge."))
        }
        (Ok(false), Purpose::Other(it)) => new(Finding::Sound, &format!("Its issuer has not set its status `{it}`.")),
    }
}
