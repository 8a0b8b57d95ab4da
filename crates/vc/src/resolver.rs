//! Where a check finds what the credential itself does not hold: the issuer's keys and the status list.

use crate::{
    contexts::Contexts,
    did::{self, Document},
    form::Form,
    limits,
    reach::Reach,
    report::Finding,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Why something could not be found, as a sentence for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved(pub String);

/// Finds issuers and status lists.
pub trait Resolver {
    /// The keys for which a DID vouches.
    fn document(&self, did: &str) -> Result<Document, Unresolved>;

    /// The status list credential at a URL, as JSON or as a token.
    fn status_list(&self, url: &str) -> Result<String, Unresolved>;
}

/// What has been fetched before the check, and every `did:key`, which needs no fetching.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// Documents by their DID.
    pub documents: BTreeMap<String, Document>,
    /// Status lists by their URL.
    pub status_lists: BTreeMap<String, String>,
}

impl Resolver for Fetched {
    fn document(&self, did: &str) -> Result<Document, Unresolved> {
        if did.starts_with("did:key:") {
            return Document::of_key(did).map_err(|e| Unresolved(format!("{e}.")));
        }
        let found = self.documents.get(did).cloned();
        found.ok_or_else(|| Unresolved(format!("The keys of {did} could not be fetched.")))
    }

    fn status_list(&self, url: &str) -> Result<String, Unresolved> {
        let found = self.status_lists.get(url).cloned();
        found.ok_or_else(|| Unresolved(format!("The status list {url} could not be fetched.")))
    }
}

/// What must be fetched before a credential can be checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The issuer, if it is a `did:web` in reach; its document lies at [`did::web_document_url`].
    pub did: Option<String>,
    /// The status lists that it names and that are in reach, each once.
    pub status_lists: Vec<String>,
}

impl Needs {
    /// What this text needs. Nothing, if it is no credential, or too much, or without anything that could prove it.
    ///
    /// Nothing is proven yet: these are a stranger's words, and whoever fetches them must expect anything behind them.
    pub fn of(text: &str, reach: Reach, contexts: &Contexts) -> Self {
        let Ok(form) = Form::read(text, &limits::CREDENTIAL) else { return Self::default() };
        if !form.is_secured() || form.structure(contexts).finding != Finding::Sound {
            return Self::default();
        }
        let credential = form.credential();
        let did = issuer(credential).filter(|it| did::web_document_url(it, reach).is_ok());
        let mut status_lists: Vec<String> = Vec::new();
        for url in entries(credential).iter().filter_map(|it| it["statusListCredential"].as_str()) {
            if reach.allows(url) && !status_lists.iter().any(|it| it == url) {
                status_lists.push(url.to_owned());
            }
        }
        Self { did: did.map(str::to_owned), status_lists }
    }
}

/// The issuer's id, whether it stands alone or in an object.
pub(crate) fn issuer(credential: &Value) -> Option<&str> {
    let issuer = &credential["issuer"];
    issuer.as_str().or_else(|| issuer["id"].as_str())
}

/// The entries for status lists, one or many or none.
pub(crate) fn entries(credential: &Value) -> &[Value] {
    match &credential["credentialStatus"] {
        Value::Null => &[],
        Value::Array(all) => all,
        one => std::slice::from_ref(one),
    }
}
