//! What a token must say, and where it says who calls.

use crate::call::Caller;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Where the claim with a caller's roles is, unless somebody says otherwise.
pub(crate) const ROLES: &str = "roles";

/// Where the claim with a caller's institutions is, unless somebody says otherwise.
pub(crate) const INSTITUTIONS: &str = "institutions";

/// Starts of subjects that stand in the log for what no holder of a token did: policies, deadlines, API keys.
const RESERVED: [&str; 3] = ["policy:", "deadline:", "key:"];

/// What a token must say to count, and the names of the claims that say what its holder may do.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The token's `iss`; none lets every issuer count whose keys are in the set.
    pub issuer: Option<String>,
    /// One of the token's `aud`.
    pub audience: String,
    /// Claim with the caller's roles: a name, or a path with dots such as `realm_access.roles`.
    pub roles: String,
    /// Claim with the caller's institutions, written likewise.
    pub institutions: String,
}

impl Expected {
    /// Tokens for this audience, with the claims `roles` and `institutions`.
    pub fn new(issuer: Option<String>, audience: &str) -> Self {
        let (roles, institutions) = (ROLES.to_owned(), INSTITUTIONS.to_owned());
        Self { issuer, audience: audience.to_owned(), roles, institutions }
    }

    /// Who a token's claims say it is.
    ///
    /// # Errors
    /// With what is wrong, when nobody can be meant.
    pub(super) fn caller(&self, claims: Claims) -> Result<Caller, String> {
        if claims.sub.is_empty() || RESERVED.iter().any(|it| claims.sub.starts_with(it)) {
            return Err("its subject is empty or reserved".to_owned());
        }
        let roles = texts(&claims.others, &self.roles)?;
        let mut institutions = texts(&claims.others, &self.institutions)?;
        institutions.retain(|it| !it.is_empty());
        Ok(Caller { subject: claims.sub, roles, institutions, tenant: claims.tenant })
    }
}

/// The claims of a token whose signature was checked.
#[derive(Deserialize)]
pub(super) struct Claims {
    sub: String,
    // Some issuers write fractions.
    pub(super) exp: f64,
    #[serde(default)]
    tenant: String,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// A claim's texts: a list of them, or one text with spaces between, as `scope` is written (RFC 8693, section 4.2).
fn texts(claims: &Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("its claim `{name}` is no list of texts");
    match find(claims, name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(it)) => Ok(it.split_whitespace().map(str::to_owned).collect()),
        Some(Value::Array(all)) => all.iter().map(|it| it.as_str().map(str::to_owned).ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

/// A claim by its whole name, which may be a URL with dots, else by its path, whose steps may have dots as well.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let within = |at: usize| find(claims.get(&name[..at])?.as_object()?, &name[at + 1..]);
    claims.get(name).or_else(|| name.match_indices('.').find_map(|(at, _)| within(at)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn claims_are_found_by_name_and_by_path() {
        let said = |name: &str| {
            let claims = json!({
                "roles": ["learner", "mentor"],
                "scope": "teacher  staff",
                "realm_access": {"roles": ["registrar"]},
                "resource_access": {"studium.api": {"roles": ["operator"]}},
                "https://uni.example/roles": ["partner"],
                "nothing": null,
                "number": 7,
                "numbers": ["a", 7],
                "object": {"a": 1},
            });
            texts(claims.as_object().unwrap(), name)
        };
        for (name, roles) in [
            ("roles", &["learner", "mentor"][..]),
            ("scope", &["teacher", "staff"]),
            ("realm_access.roles", &["registrar"]),
            ("resource_access.studium.api.roles", &["operator"]),
            ("https://uni.example/roles", &["partner"]),
            ("absent", &[]),
            ("realm_access.absent", &[]),
            ("roles.0", &[]),
            ("nothing", &[]),
        ] {
            assert_eq!(said(name).unwrap(), roles, "{name}");
        }
        for name in ["number", "numbers", "object", "realm_access"] {
            assert_eq!(said(name).unwrap_err(), format!("its claim `{name}` is no list of texts"));
        }
    }
}
