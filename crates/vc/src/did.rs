//! Decentralised identifiers of issuers: `did:web`, where a web server vouches for the keys, and `did:key`.

use crate::{
    keys::{KeyError, VerifyingKey},
    reach::{Reach, is_host},
    times,
};
use serde_json::{Value, json};
use thiserror::Error;

/// An identifier or the document behind it is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DidError {
    /// `did:web` is made from a plain URL.
    #[error("`{url}` cannot become a did:web: {why}")]
    Url {
        /// The text that was given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a DID of a method that is known here, or one that leads nowhere.
    #[error("`{did}` is not a DID that can be resolved here: {why}")]
    Did {
        /// The text that was given.
        did: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The key of a `did:key`.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The document is another's, or none.
    #[error("the document of {did} cannot be used: {why}")]
    Document {
        /// Whose document it should be.
        did: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The `did:web` of a URL: `https://host:8443/issuers/42` is `did:web:host%3A8443:issuers:42`.
///
/// The method is about https. A developer's machine has no certificate, so loopback hosts speak http where `reach`
/// allows them, as most implementations do it.
pub fn web(url: &str, reach: Reach) -> Result<String, DidError> {
    let wrong = |why| DidError::Url { url: url.to_owned(), why };
    let (protocol, rest) = url.split_once("://").ok_or_else(|| wrong("it does not begin with https://"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.strip_suffix('/').unwrap_or(path);
    if !is_host(host) {
        return Err(wrong("its host is not a name with an optional port"));
    }
    match (protocol, reach.protocol(host)) {
        (have, want) if have == want => {}
        (_, "http") => return Err(wrong("a loopback host is reached over http here, and nothing else")),
        _ => return Err(wrong("it does not begin with https://")),
    }
    let mut did = format!("did:web:{}", host.replace(':', "%3A"));
    for segment in path.split('/').filter(|_| !path.is_empty()) {
        if !is_segment(segment) {
            return Err(wrong("its path has a part that is empty, relative, or not of letters, digits and `-._~%`"));
        }
        did.push(':');
        did.push_str(segment);
    }
    Ok(did)
}

/// Where the document of a `did:web` lies.
pub fn web_document_url(did: &str, reach: Reach) -> Result<String, DidError> {
    let wrong = |why| DidError::Did { did: did.to_owned(), why };
    let rest = did.strip_prefix("did:web:").ok_or_else(|| wrong("it does not begin with did:web:"))?;
    let (host, path) = rest.split_once(':').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.replace("%3A", ":").replace("%3a", ":");
    if !is_host(&host) {
        return Err(wrong("its host is not a name with an optional port, written with %3A"));
    }
    let protocol = reach.protocol(&host);
    let Some(path) = path else { return Ok(format!("{protocol}://{host}/.well-known/did.json")) };
    if !path.split(':').all(is_segment) {
        return Err(wrong("its path has a part that is empty, relative, or not of letters, digits and `-._~%`"));
    }
    Ok(format!("{protocol}://{host}/{}/did.json", path.replace(':', "/")))
}

fn is_segment(segment: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~%".contains(&c);
    let lower = segment.to_ascii_lowercase();
    // Encoded, these would lead elsewhere as well.
    let relative =
        lower.replace("%2e", ".").chars().all(|it| it == '.') || lower.contains("%2f") || lower.contains("%5c");
    !segment.is_empty() && segment.bytes().all(plain) && !relative
}

/// One key of an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its URL: the DID, `#`, and a name.
    pub id: String,
    /// The key.
    pub key: VerifyingKey,
    /// Whether the issuer signs credentials with it, or has done so.
    pub assertion: bool,
    /// When it fell into wrong hands; what it signed is worth nothing, since the thief chooses the date.
    pub revoked_ms: Option<i64>,
}

/// The keys for which a DID vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The DID.
    pub id: String,
    /// Its keys of the kind that can be used here, old ones first. Old ones stay, since credentials last.
    pub methods: Vec<Method>,
}

impl Document {
    /// A document without a key.
    pub fn new(did: &str) -> Self {
        Self { id: did.to_owned(), methods: Vec::new() }
    }

    /// With one more key, named after itself.
    pub fn with_key(mut self, key: VerifyingKey) -> Self {
        let id = method_id(&self.id, &key);
        self.methods.push(Method { id, key, assertion: true, revoked_ms: None });
        self
    }

    /// With this key withdrawn, because others have it too.
    pub fn with_revoked(mut self, key: VerifyingKey, at_ms: i64) -> Self {
        for method in self.methods.iter_mut().filter(|it| it.key == key) {
            method.revoked_ms = Some(at_ms);
        }
        self
    }

    /// The key with this URL.
    pub fn method(&self, id: &str) -> Option<&Method> {
        self.methods.iter().find(|it| it.id == id)
    }

    /// The document of a `did:key`, which needs nobody's word.
    pub fn of_key(did: &str) -> Result<Self, DidError> {
        let key = did.strip_prefix("did:key:");
        let key = key.ok_or_else(|| DidError::Did { did: did.to_owned(), why: "it does not begin with did:key:" })?;
        Ok(Self::new(did).with_key(VerifyingKey::from_multikey(key)?))
    }

    /// The document as it is published.
    pub fn to_json(&self) -> Value {
        let methods = self.methods.iter().map(|it| {
            let mut method = json!({
                "id": it.id,
                "type": "Multikey",
                "controller": self.id,
                "publicKeyMultibase": it.key.multikey(),
            });
            if let Some(at) = it.revoked_ms {
                method["revoked"] = times::format(at).into();
            }
            method
        });
        let in_use = self.methods.iter().filter(|it| it.assertion && it.revoked_ms.is_none());
        json!({
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
            "id": self.id,
            "verificationMethod": methods.collect::<Vec<_>>(),
            "assertionMethod": in_use.map(|it| it.id.as_str()).collect::<Vec<_>>(),
        })
    }

    /// Reads the document that was found for a DID. Keys of other kinds are passed over.
    pub fn read(did: &str, document: &Value) -> Result<Self, DidError> {
        let wrong = |why: String| DidError::Document { did: did.to_owned(), why };
        if document["id"] != did {
            return Err(wrong(format!("its id is {}", document["id"])));
        }
        let list = |name: &'static str| match &document[name] {
            Value::Null => Ok(&[][..]),
            Value::Array(all) => Ok(all.as_slice()),
            _ => Err(wrong(format!("`{name}` is not a list"))),
        };
        let (listed, asserting) = (list("verificationMethod")?, list("assertionMethod")?);
        let named: Vec<_> = asserting.iter().filter_map(|it| it.as_str().map(|it| absolute(did, it))).collect();
        let mut read = Self::new(did);
        let embedded = asserting.iter().filter(|it| it.is_object()).map(|it| (it, true));
        for (method, always) in listed.iter().map(|it| (it, false)).chain(embedded) {
            let (Some(id), Some(key)) = (method["id"].as_str().map(|it| absolute(did, it)), key(method)) else {
                continue;
            };
            if method["controller"] != did {
                return Err(wrong(format!("the key {id} is not controlled by it")));
            }
            if read.method(&id).is_some() {
                return Err(wrong(format!("it names {id} twice")));
            }
            // A date that cannot be read must not bring a withdrawn key back.
            let revoked = |it: &Value| it.as_str().and_then(times::parse).unwrap_or(i64::MIN);
            let revoked_ms = method.get("revoked").filter(|it| !it.is_null()).map(revoked);
            let assertion = always || named.contains(&id);
            read.methods.push(Method { id, key, assertion, revoked_ms });
        }
        Ok(read)
    }
}

/// The URL of a key that is named after itself.
pub fn method_id(did: &str, key: &VerifyingKey) -> String {
    format!("{did}#{}", key.multikey())
}

fn absolute(did: &str, id: &str) -> String {
    if id.starts_with('#') { format!("{did}{id}") } else { id.to_owned() }
}

fn key(method: &Value) -> Option<VerifyingKey> {
    match method["type"].as_str()? {
        "Multikey" | "Ed25519VerificationKey2020" => {
            VerifyingKey::from_multikey(method["publicKeyMultibase"].as_str()?).ok()
        }
        "JsonWebKey" | "JsonWebKey2020" => VerifyingKey::from_jwk(&method["publicKeyJwk"]).ok(),
        _ => None,
    }
}
