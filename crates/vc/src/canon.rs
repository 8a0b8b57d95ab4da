//! From JSON-LD to the bytes that are signed: RDF, put into the canonical form RDFC-1.0.

use crate::{
    contexts::{ContextError, Contexts},
    loss, prune,
};
use oxjsonld::{JsonLdParser, JsonLdRemoteDocument};
use oxrdf::{
    BlankNodeRef, Dataset, GraphNameRef, NamedOrBlankNodeRef, QuadRef, TermRef,
    dataset::{CanonicalizationAlgorithm, CanonicalizationHashAlgorithm},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use thiserror::Error;

/// Blank nodes that look alike and hang together are told apart by trying their orders, whose number grows with the
/// factorial: six of them, each of which tries all orders.
const ORDERS_MAX: usize = 6 * 720;

/// A document has no canonical form that could be signed as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CanonError {
    /// Its `@context` cannot be used.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// JSON-LD would drop these silently, and no proof would cover them.
    #[error("no context gives a meaning to {}: a proof would not cover this", .0.join(", "))]
    DataLoss(Vec<String>),
    /// It says the same to JSON-LD as the term does, but whoever looks for the term finds nothing.
    #[error("`{0}` is not a plain term: under a full name or a keyword, what was signed can be hidden from the reader")]
    NotPlain(String),
    /// Libraries write it differently into RDF, so a proof over it holds for some and not for others.
    #[error("the number {0} is not written alike by everybody: at most 15 digits, from 0.000001 to 10^15, and no `-0`")]
    Number(String),
    /// The JSON-LD library keeps the terms of one of them only.
    #[error("the types {} of one node each bring a context of their own, of which only one would be read", .0.join(" and "))]
    TwoScopedTypes(Vec<String>),
    /// It is no JSON-LD.
    #[error("not JSON-LD: {0}")]
    JsonLd(String),
    /// Putting it in order would take too long.
    #[error("{0} of its nodes cannot be told apart, which would take too long to put in order")]
    TooMuchAlike(usize),
}

/// The canonical N-Quads of a document, or why something in it would not be covered.
pub fn canonize(document: &Value, contexts: &Contexts) -> Result<String, CanonError> {
    contexts.check(document)?;
    plain(document)?;
    one_scoped_type(document, &document["@context"], contexts)?;
    loss::check(document, contexts)?;
    let mut dataset = dataset(document, contexts)?;
    quickly_ordered(&dataset)?;
    let hash_algorithm = CanonicalizationHashAlgorithm::Sha256;
    dataset.canonicalize(CanonicalizationAlgorithm::Rdfc10 { hash_algorithm });
    let mut lines: Vec<_> = dataset.iter().map(|it| format!("{it} .\n")).collect();
    lines.sort();
    Ok(lines.concat())
}

/// The RDF of a document whose contexts are known.
pub(crate) fn dataset(document: &Value, contexts: &Contexts) -> Result<Dataset, CanonError> {
    read(document, contexts, prune::words(document).into_iter().map(str::to_owned).collect())
}

/// The same with the definitions that these words can touch.
fn read(document: &Value, contexts: &Contexts, words: BTreeSet<String>) -> Result<Dataset, CanonError> {
    let text = document.to_string();
    let contexts = contexts.clone();
    let parser = JsonLdParser::new().for_slice(text.as_bytes()).with_load_document_callback(move |url, _| {
        let known = contexts.text(url, &words).ok_or_else(|| ContextError::Unknown(url.to_owned()))?;
        Ok(JsonLdRemoteDocument { document: known.into_bytes(), document_url: url.to_owned() })
    });
    let mut dataset = Dataset::new();
    for quad in parser {
        dataset.insert(&quad.map_err(|e| CanonError::JsonLd(e.to_string()))?);
    }
    Ok(dataset)
}

/// Members are named by plain terms.
///
/// A proof covers the RDF, not the JSON. If `validUntil` or `credentialStatus` were written under its full IRI, or moved
/// into `@included` or `@nest`, the RDF and the proof would be the same, and a reader of the JSON would not see the end.
fn plain(value: &Value) -> Result<(), CanonError> {
    match value {
        Value::Array(all) => all.iter().try_for_each(plain),
        Value::Object(members) => {
            let literal = members.contains_key("@value");
            let allowed = |it: &str| {
                let keyword = literal && ["@value", "@type", "@language", "@direction"].contains(&it);
                it == "@context" || keyword || !(it.starts_with('@') || it.contains(':'))
            };
            if let Some(name) = members.keys().find(|it| !allowed(it)) {
                return Err(CanonError::NotPlain(name.clone()));
            }
            members.iter().filter(|(name, _)| *name != "@context").try_for_each(|(_, it)| plain(it))
        }
        Value::Number(number) if !number.as_f64().is_some_and(is_written_alike) => {
            Err(CanonError::Number(number.to_string()))
        }
        _ => Ok(()),
    }
}

/// jsonld.js writes 15 digits where oxjsonld writes 17, and `0` for what JavaScript prints as `1e-7`.
fn is_written_alike(number: f64) -> bool {
    let digits = format!("{number:e}").bytes().take_while(|it| *it != b'e').filter(u8::is_ascii_digit).count();
    let zero = number == 0.0 && number.is_sign_positive();
    digits <= 15 && (zero || (1e-6..1e15).contains(&number.abs()))
}

/// oxjsonld 0.2.7 applies the scoped contexts of a node's types to the same outer context instead of one upon the
/// other, so only the last one's terms remain.
fn one_scoped_type(value: &Value, context: &Value, contexts: &Contexts) -> Result<(), CanonError> {
    match value {
        Value::Array(all) => all.iter().try_for_each(|it| one_scoped_type(it, context, contexts)),
        Value::Object(members) => {
            let own = members.get("@context").unwrap_or(context);
            let types: BTreeSet<_> = members.get("type").into_iter().flat_map(loss::strings).collect();
            let scoped = |it: &&str| contexts.scopes(context, it) || contexts.scopes(own, it);
            let scoped: Vec<_> = types.into_iter().filter(scoped).map(str::to_owned).collect();
            if scoped.len() > 1 {
                return Err(CanonError::TwoScopedTypes(scoped));
            }
            let rest = members.iter().filter(|(name, _)| *name != "@context");
            rest.map(|(_, value)| value).try_for_each(|it| one_scoped_type(it, own, contexts))
        }
        _ => Ok(()),
    }
}

/// Refuses a document that is made to keep the canonicalisation busy for ever.
fn quickly_ordered(dataset: &Dataset) -> Result<(), CanonError> {
    let mut looks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for quad in dataset {
        for node in blank_nodes(&quad) {
            looks.entry(node.as_str().to_owned()).or_default().push(look(&quad, node));
        }
    }
    let mut alike: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (node, mut look) in looks {
        look.sort();
        alike.entry(look).or_default().push(node);
    }
    let mut alike: BTreeSet<_> = alike.into_values().filter(|it| it.len() > 1).flatten().collect();
    let neighbours = neighbours(dataset, &alike);
    let (mut tied, mut orders) = (0, 0_usize);
    while let Some(first) = alike.pop_first() {
        let (mut size, mut open) = (0_usize, vec![first]);
        while let Some(node) = open.pop() {
            size += 1;
            let next = neighbours.get(&node).into_iter().flatten().filter_map(|it| alike.take(it));
            open.extend(next);
        }
        // One that is alone among nodes of other looks has no orders to try.
        if size > 1 {
            tied += size;
            orders = (1..=size).fold(size, usize::saturating_mul).saturating_add(orders);
        }
    }
    if orders > ORDERS_MAX { Err(CanonError::TooMuchAlike(tied)) } else { Ok(()) }
}

/// Which of these nodes stand in one statement. Nodes with a look of their own have their name before any order is
/// tried, and so tie nothing together.
fn neighbours(dataset: &Dataset, nodes: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut neighbours: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for quad in dataset {
        let here: Vec<_> =
            blank_nodes(&quad).into_iter().map(BlankNodeRef::as_str).filter(|it| nodes.contains(*it)).collect();
        for node in &here {
            let others = here.iter().filter(|it| *it != node).map(|it| (*it).to_owned());
            neighbours.entry((*node).to_owned()).or_default().extend(others);
        }
    }
    neighbours
}

fn blank_nodes<'a>(quad: &QuadRef<'a>) -> HashSet<BlankNodeRef<'a>> {
    let subject = if let NamedOrBlankNodeRef::BlankNode(it) = quad.subject { Some(it) } else { None };
    let object = if let TermRef::BlankNode(it) = quad.object { Some(it) } else { None };
    let graph = if let GraphNameRef::BlankNode(it) = quad.graph_name { Some(it) } else { None };
    subject.into_iter().chain(object).chain(graph).collect()
}

/// The statement as the node sees it: itself, and others that it cannot tell apart.
fn look(quad: &QuadRef<'_>, node: BlankNodeRef<'_>) -> String {
    let name = |other: BlankNodeRef<'_>| if other == node { "_:self".to_owned() } else { "_:other".to_owned() };
    let subject =
        if let NamedOrBlankNodeRef::BlankNode(it) = quad.subject { name(it) } else { quad.subject.to_string() };
    let object = if let TermRef::BlankNode(it) = quad.object { name(it) } else { quad.object.to_string() };
    let graph = match quad.graph_name {
        GraphNameRef::BlankNode(it) => name(it),
        it => it.to_string(),
    };
    format!("{subject} {} {object} {graph}", quad.predicate)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    /// What a document says with all definitions of its contexts, and with those that it can touch.
    fn both(document: &Value) -> [Vec<String>; 2] {
        let contexts = Contexts::embedded();
        let lines = |it: Dataset| {
            let mut dataset = it;
            let hash_algorithm = CanonicalizationHashAlgorithm::Sha256;
            dataset.canonicalize(CanonicalizationAlgorithm::Rdfc10 { hash_algorithm });
            let mut lines: Vec<_> = dataset.iter().map(|it| it.to_string()).collect();
            lines.sort();
            lines
        };
        [lines(read(document, contexts, contexts.terms()).unwrap()), lines(dataset(document, contexts).unwrap())]
    }

    #[test]
    fn what_a_document_cannot_touch_changes_nothing() {
        let badge: Value = serde_json::from_str(include_str!("../tests/vc/open_badge.json")).unwrap();
        let list = crate::status::StatusList::new(crate::status::ENTRIES_MIN).unwrap();
        let terms = crate::status::ListTerms {
            id: "https://example.org/list",
            issuer: "did:web:example.org",
            purpose: crate::status::Purpose::Revocation,
            valid_from_ms: 0,
            valid_until_ms: None,
        };
        for document in [badge, crate::status::list_credential(&terms, &list).unwrap()] {
            let [all, touched] = both(&document);
            assert_eq!(all, touched);
            assert!(!all.is_empty());
        }
    }
}
