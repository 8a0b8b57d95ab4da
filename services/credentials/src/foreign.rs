//! Credentials of other platforms: checked as any stranger would, and what they say of themselves.

use crate::key_store;
use serde_json::Value;
use std::collections::BTreeMap;
use studium_proto::credentials::v1::{AwardScheme, AwardedCredit};
use studium_vc::{contexts::Contexts, resolver::Fetched, verify};

/// What a credential of another platform says of itself.
#[derive(Debug, Clone, Default)]
pub struct Foreign {
    /// SHA-256 of what names it, the same however it is written.
    pub sha256: String,
    /// Its issuer.
    pub issuer: String,
    /// Its title.
    pub title: String,
    /// Credits that it says it is worth, in no scheme that it names; empty if it says none.
    pub claimed: Vec<AwardedCredit>,
}

/// Reads a credential that verifies; otherwise says in sentences why not. Nothing is fetched: an issuer whose keys
/// its identifier does not hold itself (`did:key`) cannot be checked here.
pub fn read(text: &str, now_ms: i64) -> Result<Foreign, String> {
    let report = verify::credential(text, &Fetched::default(), now_ms, Contexts::embedded());
    let (verify::Outcome::Ok, Some(credential)) = (report.outcome(), &report.credential) else {
        let told = report.checks.iter().filter(|it| it.finding != verify::Finding::Sound);
        return Err(told.map(|it| it.sentence.as_str()).collect::<Vec<_>>().join(" "));
    };
    let subject = match &credential["credentialSubject"] {
        Value::Array(all) => all.first().cloned().unwrap_or_default(),
        it => it.clone(),
    };
    let named = [&subject["achievement"]["name"], &credential["name"]];
    let issuer = &credential["issuer"];
    let issuer = issuer.as_str().or_else(|| issuer["id"].as_str()).unwrap_or_default().to_owned();
    Ok(Foreign {
        sha256: key_store::sha256(name(credential, &issuer).as_bytes()),
        issuer,
        title: named.into_iter().find_map(Value::as_str).unwrap_or_default().chars().take(500).collect(),
        claimed: milli(&subject["creditsEarned"]).into_iter().map(credit).collect(),
    })
}

/// What names a credential: its issuer and its id, in whichever form and with whichever proofs it is handed in. One
/// without an id is named by all that it says.
fn name(credential: &Value, issuer: &str) -> String {
    if let Some(id) = credential["id"].as_str() {
        return format!("{issuer}\n{id}");
    }
    let mut unproven = credential.clone();
    if let Some(members) = unproven.as_object_mut() {
        members.remove("proof");
    }
    canonical(&unproven)
}

/// JSON without space, members in the order of their names, whatever order the JSON library keeps.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            let all = sorted.into_iter().map(|(name, it)| format!("{}:{}", Value::from(name.as_str()), canonical(it)));
            format!("{{{}}}", all.collect::<Vec<_>>().join(","))
        }
        Value::Array(all) => format!("[{}]", all.iter().map(canonical).collect::<Vec<_>>().join(",")),
        it => it.to_string(),
    }
}

fn credit(credits_milli: u32) -> AwardedCredit {
    AwardedCredit { scheme: AwardScheme::Unspecified as i32, credits_milli }
}

/// Thousandths of a number as it is written, without a detour over fractions of two.
fn milli(number: &Value) -> Option<u32> {
    let written = number.as_number()?.to_string();
    let (whole, part) = written.split_once('.').unwrap_or((&written, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    whole.parse::<u32>().ok()?.checked_mul(1_000)?.checked_add(part.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn credits_are_read_as_they_are_written() {
        let read = |it: Value| milli(&it);
        assert_eq!(read(json!(5)), Some(5_000));
        assert_eq!(read(json!(4.5)), Some(4_500));
        assert_eq!(read(json!(0.1239)), Some(123));
        assert_eq!(read(json!("5")), None);
        assert_eq!(read(json!(-1)), None);
        assert_eq!(read(json!(1e300)), None);
    }

    #[test]
    fn what_does_not_verify_is_not_read() {
        assert!(read("{}", 0).is_err());
        assert!(read("no credential", 0).is_err());
    }
}
