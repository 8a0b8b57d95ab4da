//! Finds what JSON-LD would drop without a word, and so leave unsigned.
//!
//! A term that no context defines vanishes on the way to RDF, and a proof over the RDF does not cover it.
//! To find such terms, every value of the document is replaced by a marker of its own, the document is converted, and
//! what has no marker in the result was lost. This asks the converter itself, so its own defects are found as well.

use crate::{
    canon::{self, CanonError},
    contexts::Contexts,
};
use oxrdf::{Dataset, NamedNode, NamedOrBlankNodeRef, QuadRef, TermRef, vocab::rdf};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// An IRI, so that it may stand for an id as well as for a text. Eight digits follow.
const MARKER: &str = "urn:studium-probe:";

/// A document with its values replaced.
struct Probe<'a> {
    document: Value,
    /// Each value that was replaced, and where; its place in the list is its marker's number.
    leaves: Vec<(String, &'a Value)>,
    /// Values that are left as they are.
    kept: &'a BTreeSet<usize>,
    /// How many types nodes have; these stay as they are, because they choose contexts.
    types: usize,
    /// How many values have a language.
    languages: usize,
    /// Places whose value cannot be kept by any conversion.
    lost: Vec<String>,
}

/// Everything in the document has a part in its RDF, or an error that names what has not.
pub(crate) fn check(document: &Value, contexts: &Contexts) -> Result<(), CanonError> {
    if document.to_string().contains(MARKER) {
        return Err(CanonError::DataLoss(vec![format!("what begins with `{MARKER}`, which is reserved")]));
    }
    let none = BTreeSet::new();
    let probe = Probe::of(document, &none);
    let dataset = canon::dataset(&probe.document, contexts)?;
    let mut lost = probe.lost.clone();
    let mut seen = BTreeSet::new();
    for quad in &dataset {
        seen.extend(quad.to_string().split(MARKER).skip(1).filter_map(|it| it.get(..8)?.parse::<usize>().ok()));
    }
    lost.extend(probe.leaves.iter().enumerate().filter(|(n, _)| !seen.contains(n)).map(|(_, (path, _))| path.clone()));
    if dataset.iter().filter(|it| is_type(it)).count() != probe.types {
        lost.extend(undefined_types(document, &document["@context"], contexts));
        if lost.is_empty() {
            lost.push("a type that is given twice, or is no type to the contexts".to_owned());
        }
    }
    let with_language = |it: &QuadRef<'_>| matches!(it.object, TermRef::Literal(it) if it.language().is_some());
    if dataset.iter().filter(with_language).count() < probe.languages {
        lost.push("a `@language` that is not one".to_owned());
    }
    if lost.is_empty() {
        lost = relative(document, &probe, &dataset, contexts)?;
    }
    if lost.is_empty() { Ok(()) } else { Err(CanonError::DataLoss(lost)) }
}

/// Ids that are not absolute, and which the marker in their place would hide: they are dropped when they lead nowhere.
fn relative(
    document: &Value,
    probe: &Probe<'_>,
    dataset: &Dataset,
    contexts: &Contexts,
) -> Result<Vec<String>, CanonError> {
    let mut ids = BTreeSet::new();
    for quad in dataset {
        if let NamedOrBlankNodeRef::NamedNode(node) = quad.subject {
            ids.insert(node.as_str());
        }
        if let TermRef::NamedNode(node) = quad.object {
            ids.insert(node.as_str());
        }
    }
    let ids = ids.iter().filter_map(|it| it.strip_prefix(MARKER)?.parse::<usize>().ok());
    let absolute = |it: &Value| it.as_str().is_some_and(|it| NamedNode::new(it).is_ok());
    let kept: BTreeSet<_> =
        ids.filter(|n| probe.leaves.get(*n).is_some_and(|(_, original)| !absolute(original))).collect();
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let again = canon::dataset(&Probe::of(document, &kept).document, contexts)?;
    if again.len() == dataset.len() {
        return Ok(Vec::new());
    }
    Ok(kept.iter().map(|n| format!("{} (not an absolute IRI)", probe.leaves[*n].0)).collect())
}

/// A statement of a node's type; one whose object is a marker says something else in its words.
fn is_type(quad: &QuadRef<'_>) -> bool {
    quad.predicate == rdf::TYPE && matches!(quad.object, TermRef::NamedNode(it) if !it.as_str().contains(MARKER))
}

fn undefined_types(value: &Value, context: &Value, contexts: &Contexts) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(|it| undefined_types(it, context, contexts)).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match name.as_str() {
                "@context" => Vec::new(),
                "type" | "@type" => strings(value)
                    .filter(|it| !contexts.defines(context, it) && NamedNode::new(*it).is_err())
                    .map(|it| format!("the type `{it}`"))
                    .collect(),
                _ => undefined_types(value, context, contexts),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// A text, or the texts in a list.
pub(crate) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    let all = if let Value::Array(all) = value { all.as_slice() } else { std::slice::from_ref(value) };
    all.iter().filter_map(Value::as_str)
}

impl<'a> Probe<'a> {
    fn of(document: &'a Value, kept: &'a BTreeSet<usize>) -> Self {
        let mut probe =
            Self { document: Value::Null, leaves: Vec::new(), kept, types: 0, languages: 0, lost: Vec::new() };
        probe.document = probe.replace(document, "");
        probe
    }

    fn replace(&mut self, value: &'a Value, path: &str) -> Value {
        match value {
            Value::Object(members) if members.contains_key("@value") => self.replace_value(members, path),
            Value::Object(members) if members.is_empty() => {
                Value::Object(Map::from_iter([("@id".to_owned(), self.mark(value, path))]))
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    let value = match name.as_str() {
                        "@context" => value.clone(),
                        "type" | "@type" => {
                            self.types += strings(value).collect::<BTreeSet<_>>().len();
                            value.clone()
                        }
                        _ => self.replace(value, &path),
                    };
                    (name.clone(), value)
                });
                Value::Object(members.collect())
            }
            Value::Array(all) if !all.is_empty() => {
                let all = all.iter().enumerate().map(|(n, it)| self.replace(it, &format!("{path}[{n}]")));
                Value::Array(all.collect())
            }
            Value::Array(_) | Value::Null => {
                self.lost.push(format!("{path} (empty)"));
                value.clone()
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) => self.mark(value, path),
        }
    }

    /// `{"@value": ..}` with its type or language. A direction has no form in RDF.
    fn replace_value(&mut self, members: &'a Map<String, Value>, path: &str) -> Value {
        let mut replaced = members.clone();
        if let Some(value) = members.get("@value") {
            replaced.insert("@value".to_owned(), self.mark(value, path));
        }
        if members.get("@direction").is_some_and(|it| !it.is_null()) {
            self.lost.push(format!("{path}.@direction"));
        }
        self.languages += usize::from(members.get("@language").is_some_and(Value::is_string));
        Value::Object(replaced)
    }

    fn mark(&mut self, value: &'a Value, path: &str) -> Value {
        let number = self.leaves.len();
        self.leaves.push((path.to_owned(), value));
        if self.kept.contains(&number) { value.clone() } else { Value::String(format!("{MARKER}{number:08}")) }
    }
}
