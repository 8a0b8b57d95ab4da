//! The JSON-LD contexts that are known: built in, never fetched, so that what a term means cannot change on the way.

use crate::prune;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};
use thiserror::Error;

/// The context that every credential of the data model 2.0 begins with.
pub const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// Open Badges 3.0, in its edition 3.0.3.
pub const OPEN_BADGES: &str = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";
/// Terms beside Open Badges, for instance `1EdTechJsonSchemaValidator2019`.
pub const OPEN_BADGES_EXTENSIONS: &str = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json";
/// Comprehensive Learner Record 2.0, in its edition 2.0.1. Only the names of its types are known here: no copy of the
/// text is to be had whose licence lets it be built in.
pub const CLR: &str = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json";
/// Data Integrity proofs, for documents that are not credentials of 2.0.
pub const DATA_INTEGRITY_V2: &str = "https://w3id.org/security/data-integrity/v2";
/// Bitstring Status List, for documents that are not credentials of 2.0.
pub const STATUS_LIST_V1: &str = "https://www.w3.org/ns/credentials/status/v1";

const EMBEDDED: &[(&str, &str)] = &[
    (CREDENTIALS_V2, include_str!("../contexts/credentials-v2.jsonld")),
    (OPEN_BADGES, include_str!("../contexts/open-badges-3.0.3.jsonld")),
    (OPEN_BADGES_EXTENSIONS, include_str!("../contexts/open-badges-extensions.jsonld")),
    (DATA_INTEGRITY_V2, include_str!("../contexts/data-integrity-v2.jsonld")),
    (STATUS_LIST_V1, include_str!("../contexts/bitstring-status-list-v1.jsonld")),
];

/// Contexts of which only the names of types are known.
const NAMED: &[(&str, &[&str])] = &[(CLR, &["ClrCredential", "ClrSubject", "Association"])];

/// A document's `@context` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ContextError {
    /// Contexts are never fetched.
    #[error("the context {0} is not one of those that are built in, and none is ever fetched")]
    Unknown(String),
    /// Enough to recognise a token's types, and not to give a document the form that is signed.
    #[error("of the context {0} only the names are built in, so that what uses it can be a token and not have a proof")]
    OnlyNames(String),
    /// A term that a document defines for itself means what its author likes.
    #[error("the context at {0} is written into the document; only contexts that are built in are read")]
    Inline(String),
    /// Neither a URL, nor an object, nor a list of these.
    #[error("the context at {0} is neither a URL nor a list of URLs")]
    Malformed(String),
    /// The text given for a context is not one.
    #[error("the text given for the context {url} is not a JSON-LD context: {why}")]
    NotAContext {
        /// Under which it was to be known.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}

/// One context and what must be known of it without processing it.
#[derive(Clone, Default)]
struct Context {
    /// None, if only names of terms are known.
    body: Option<Value>,
    /// The words by which its definitions refer to others.
    references: BTreeSet<String>,
    /// Every term that it defines, at whatever depth.
    terms: BTreeSet<String>,
    /// Terms that bring a context of their own, which applies where they are the type of a node.
    scoped: BTreeSet<String>,
    /// It gives a meaning to any term.
    vocab: bool,
}

/// The contexts that a document may use.
#[derive(Clone)]
pub struct Contexts {
    known: BTreeMap<String, Arc<Context>>,
}

static BUILT_IN: LazyLock<Contexts> = LazyLock::new(|| {
    let named = NAMED.iter().map(|(url, types)| {
        let terms = types.iter().map(|it| (*it).to_owned()).collect();
        ((*url).to_owned(), Arc::new(Context { terms, ..Context::default() }))
    });
    let named = Contexts { known: named.collect() };
    // A text that were no context would be missing, which the tests notice.
    EMBEDDED.iter().fold(named, |all, (url, text)| all.clone().with(url, text).unwrap_or(all))
});

impl Contexts {
    /// Those that are built into the program.
    pub fn embedded() -> &'static Self {
        &BUILT_IN
    }

    /// These and one more, which somebody has read and vouches for.
    pub fn with(mut self, url: &str, text: &str) -> Result<Self, ContextError> {
        let wrong = |why: String| ContextError::NotAContext { url: url.to_owned(), why };
        let document: Value = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
        let body = document.get("@context").ok_or_else(|| wrong("it has no `@context`".to_owned()))?;
        let references = prune::references(body).into_iter().map(str::to_owned).collect();
        let mut context = Context { body: Some(body.clone()), references, ..Context::default() };
        context.read(body);
        self.known.insert(url.to_owned(), Arc::new(context));
        Ok(self)
    }

    /// The text of a context with what a document of these words can touch.
    pub(crate) fn text(&self, url: &str, words: &BTreeSet<String>) -> Option<String> {
        let body = self.known.get(url)?.body.as_ref()?;
        // A definition may refer to one of another context before it.
        let referred = |word: &str| self.known.values().any(|it| it.references.contains(word));
        let kept = prune::keep(body, &|word: &str| words.contains(word) || referred(word));
        Some(json!({"@context": kept}).to_string())
    }

    /// Every term of every context.
    #[cfg(test)]
    pub(crate) fn terms(&self) -> BTreeSet<String> {
        self.known.values().flat_map(|it| it.terms.iter().cloned()).collect()
    }

    /// Refuses a document with a context that is not known, wherever in the document it stands.
    pub(crate) fn check(&self, document: &Value) -> Result<(), ContextError> {
        self.check_at(document, "")
    }

    fn check_at(&self, value: &Value, path: &str) -> Result<(), ContextError> {
        match value {
            Value::Array(all) => all.iter().try_for_each(|it| self.check_at(it, path)),
            Value::Object(members) => members.iter().try_for_each(|(name, value)| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if name == "@context" { self.usable(value, &path) } else { self.check_at(value, &path) }
            }),
            _ => Ok(()),
        }
    }

    fn usable(&self, context: &Value, path: &str) -> Result<(), ContextError> {
        match context {
            Value::String(url) => match self.known.get(url) {
                Some(known) if known.body.is_some() => Ok(()),
                Some(_) => Err(ContextError::OnlyNames(url.clone())),
                None => Err(ContextError::Unknown(url.clone())),
            },
            Value::Array(all) => all.iter().try_for_each(|it| match it {
                Value::Array(_) => Err(ContextError::Malformed(path.to_owned())),
                it => self.usable(it, path),
            }),
            Value::Object(_) => Err(ContextError::Inline(path.to_owned())),
            _ => Err(ContextError::Malformed(path.to_owned())),
        }
    }

    /// Whether the contexts of a document give the term a meaning.
    pub(crate) fn defines(&self, context: &Value, term: &str) -> bool {
        self.any(context, &|it| it.vocab || it.terms.contains(term))
    }

    /// Whether the term brings a context of its own where it is a type.
    pub(crate) fn scopes(&self, context: &Value, term: &str) -> bool {
        self.any(context, &|it| it.scoped.contains(term))
    }

    fn any(&self, context: &Value, holds: &dyn Fn(&Context) -> bool) -> bool {
        match context {
            Value::String(url) => self.known.get(url).is_some_and(|it| holds(it)),
            Value::Array(all) => all.iter().any(|it| self.any(it, holds)),
            Value::Object(_) => {
                let mut inline = Context::default();
                inline.read(context);
                holds(&inline)
            }
            _ => false,
        }
    }
}

impl Context {
    /// Takes in the definitions of a context and of those nested in it.
    fn read(&mut self, context: &Value) {
        match context {
            Value::Array(all) => all.iter().for_each(|it| self.read(it)),
            Value::Object(members) => {
                for (name, definition) in members {
                    self.vocab |= name == "@vocab" && definition.is_string();
                    if name.starts_with('@') {
                        continue;
                    }
                    self.terms.insert(name.clone());
                    if let Some(own) = definition.get("@context") {
                        self.scoped.insert(name.clone());
                        self.read(own);
                    }
                }
            }
            _ => {}
        }
    }
}
