//! Contexts without what a document cannot touch: reading all of their definitions is most of the work of a signature.
//!
//! A definition takes part in the reading of a document only if its term is the name of a member, a type or another
//! text that is read as a term, or the part before the colon of a name or a text; or if another definition refers to it
//! in one of these ways. Whatever has none of that is left out, and the RDF is the same.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Every word of a document by which it could touch a definition.
pub(crate) fn words(document: &Value) -> BTreeSet<&str> {
    let mut words = BTreeSet::new();
    collect(document, &mut words);
    words
}

fn collect<'a>(value: &'a Value, words: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => note(text, words),
        Value::Array(all) => all.iter().for_each(|it| collect(it, words)),
        Value::Object(members) => {
            for (name, value) in members {
                note(name, words);
                collect(value, words);
            }
        }
        _ => {}
    }
}

/// A text as a term, and as a name with a prefix.
fn note<'a>(text: &'a str, words: &mut BTreeSet<&'a str>) {
    words.insert(text);
    words.extend(text.split_once(':').map(|(prefix, _)| prefix));
}

/// The words by which definitions of a context refer to others.
pub(crate) fn references(context: &Value) -> BTreeSet<&str> {
    let mut words = BTreeSet::new();
    refer(context, &mut words);
    words
}

fn refer<'a>(value: &'a Value, words: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => note(text, words),
        Value::Array(all) => all.iter().for_each(|it| refer(it, words)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            // The names are what is defined; only those with a prefix refer to something by themselves.
            words.extend(name.split_once(':').map(|(prefix, _)| prefix));
            refer(value, words);
        }),
        _ => {}
    }
}

/// The context with those definitions only whose term is wanted.
pub(crate) fn keep(context: &Value, wanted: &impl Fn(&str) -> bool) -> Value {
    match context {
        Value::Array(all) => all.iter().map(|it| keep(it, wanted)).collect(),
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| name.starts_with('@') || wanted(name));
            kept.map(|(name, definition)| (name.clone(), nested(definition, wanted))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// A definition, whose own context is treated alike.
fn nested(definition: &Value, wanted: &impl Fn(&str) -> bool) -> Value {
    let Value::Object(members) = definition else { return definition.clone() };
    let each = members.iter().map(|(name, value)| {
        let value = if name == "@context" { keep(value, wanted) } else { value.clone() };
        (name.clone(), value)
    });
    each.collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_nothing_refers_to_is_left_out_at_every_depth() {
        let context = json!({
            "@protected": true,
            "ex": "https://example.org/",
            "name": "ex:name",
            "unused": "https://example.org/unused",
            "Thing": {"@id": "ex:Thing", "@context": {"size": "ex:size", "weight": "ex:weight"}},
        });
        let document = json!({"type": "Thing", "size": 3});
        let (words, references) = (words(&document), references(&context));
        let kept = keep(&context, &|it| words.contains(it) || references.contains(it));
        let expected = json!({
            "@protected": true,
            "ex": "https://example.org/",
            "Thing": {"@id": "ex:Thing", "@context": {"size": "ex:size"}},
        });
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_prefix_in_a_name_or_a_text_is_a_word() {
        let document = json!({"ex:name": ["foaf:Person", 1, null]});
        assert_eq!(words(&document).into_iter().collect::<Vec<_>>(), ["ex", "ex:name", "foaf", "foaf:Person"]);
    }
}
