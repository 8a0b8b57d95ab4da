//! What the Verifiable Credentials Data Model 2.0 asks of a credential, with everything that is wrong at once.

use crate::{
    contexts::{CREDENTIALS_V2, Contexts},
    status::StatusEntry,
    times,
};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt};

/// Something that the data model does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `credentialSubject.id`.
    pub path: String,
    /// What, as the rest of a sentence about it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.what)
    }
}

/// Members that are objects with a type; the flag says whether an id is required, too.
const TYPED: &[(&str, bool)] = &[
    ("credentialStatus", false),
    ("credentialSchema", true),
    ("evidence", false),
    ("refreshService", false),
    ("termsOfUse", false),
    ("renderMethod", false),
    ("confidenceMethod", false),
    ("proof", false),
];

/// Everything that is wrong with a credential; nothing, if it is one.
pub fn problems(credential: &Value, contexts: &Contexts) -> Vec<Problem> {
    let mut check = Check { contexts, context: &credential["@context"], problems: Vec::new() };
    match credential {
        Value::Object(members) => check.credential(members),
        _ => check.wrong("credential", "is not a JSON object"),
    }
    check.problems
}

/// An absolute URL: a scheme, `:`, and something without spaces or brackets.
pub fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let plain = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
    scheme.starts_with(|it: char| it.is_ascii_alphabetic())
        && scheme.chars().all(plain)
        && !rest.is_empty()
        && !rest.chars().any(|it| it.is_whitespace() || it.is_control() || "<>\"{}|\\^`".contains(it))
}

/// A value, or each in its list.
fn each(value: &Value) -> &[Value] {
    if let Value::Array(all) = value { all } else { std::slice::from_ref(value) }
}

struct Check<'a> {
    contexts: &'a Contexts,
    context: &'a Value,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn wrong(&mut self, path: &str, what: &str) {
        self.problems.push(Problem { path: path.to_owned(), what: what.to_owned() });
    }

    fn credential(&mut self, members: &Map<String, Value>) {
        self.context();
        self.types(members, "", Some("VerifiableCredential"));
        if let Some(id) = members.get("id") {
            self.url(id, "id");
        }
        self.words(members, "");
        self.issuer(members.get("issuer"));
        self.subjects(members.get("credentialSubject"));
        self.period(members);
        for (name, id_required) in TYPED {
            if let Some(value) = members.get(*name) {
                self.typed(value, name, *id_required);
            }
        }
        if let Some(value) = members.get("relatedResource") {
            self.related(value);
        }
    }

    fn context(&mut self) {
        let Value::Array(all) = self.context else {
            return self.wrong("@context", "is missing or not a list");
        };
        if all.first().is_none_or(|it| it != CREDENTIALS_V2) {
            self.wrong("@context", &format!("does not begin with {CREDENTIALS_V2}"));
        }
        if !all.iter().all(|it| it.is_object() || it.as_str().is_some_and(is_url)) {
            self.wrong("@context", "holds something that is neither a URL nor an object");
        }
    }

    fn types(&mut self, members: &Map<String, Value>, path: &str, required: Option<&str>) {
        let path = format!("{path}{}type", if path.is_empty() { "" } else { "." });
        let Some(value) = members.get("type") else { return self.wrong(&path, "is missing") };
        let all = each(value);
        if all.is_empty() && required.is_none() {
            self.wrong(&path, "is empty");
        }
        for one in all {
            match one.as_str() {
                None => self.wrong(&path, "holds something that is not a text"),
                Some(it) if is_url(it) || self.contexts.defines(self.context, it) => {}
                Some(it) => self.wrong(&path, &format!("holds `{it}`, which no context defines and which is no URL")),
            }
        }
        if let Some(required) = required.filter(|it| !all.iter().any(|one| one == it)) {
            self.wrong(&path, &format!("does not hold `{required}`"));
        }
    }

    fn url(&mut self, value: &Value, path: &str) {
        if !value.as_str().is_some_and(is_url) {
            self.wrong(path, "is not one absolute URL");
        }
    }

    /// `name` and `description`: a text, or texts with their languages.
    fn words(&mut self, members: &Map<String, Value>, path: &str) {
        for name in ["name", "description"] {
            let Some(value) = members.get(name) else { continue };
            let path = format!("{path}{}{name}", if path.is_empty() { "" } else { "." });
            if !each(value).iter().all(is_words) {
                self.wrong(&path, "is neither a text nor an object of `@value`, `@language` and `@direction`");
            }
        }
    }

    fn issuer(&mut self, issuer: Option<&Value>) {
        match issuer {
            Some(Value::Object(issuer)) => {
                self.url(issuer.get("id").unwrap_or(&Value::Null), "issuer.id");
                self.words(issuer, "issuer");
            }
            Some(issuer) => self.url(issuer, "issuer"),
            None => self.wrong("issuer", "is missing"),
        }
    }

    fn subjects(&mut self, subjects: Option<&Value>) {
        let Some(subjects) = subjects else { return self.wrong("credentialSubject", "is missing") };
        if each(subjects).is_empty() {
            self.wrong("credentialSubject", "is empty");
        }
        for subject in each(subjects) {
            match subject {
                Value::Object(it) if !it.is_empty() => {
                    if let Some(id) = it.get("id") {
                        self.url(id, "credentialSubject.id");
                    }
                }
                _ => self.wrong("credentialSubject", "holds something that is not an object with members"),
            }
        }
    }

    fn period(&mut self, members: &Map<String, Value>) {
        let mut time = |name: &str| {
            let value = members.get(name)?;
            let time = value.as_str().and_then(times::parse);
            if time.is_none() {
                self.wrong(name, "is not a date and time with a zone, such as 2026-06-30T09:00:00Z");
            }
            time
        };
        if let (Some(from), Some(until)) = (time("validFrom"), time("validUntil"))
            && until < from
        {
            self.wrong("validUntil", "is before `validFrom`");
        }
    }

    fn typed(&mut self, value: &Value, name: &str, id_required: bool) {
        for one in each(value) {
            let Value::Object(members) = one else {
                self.wrong(name, "holds something that is not an object");
                continue;
            };
            self.types(members, name, None);
            match members.get("id") {
                Some(id) => self.url(id, &format!("{name}.id")),
                None if id_required => self.wrong(&format!("{name}.id"), "is missing"),
                None => {}
            }
            let is_status = members.get("type").into_iter().flat_map(each).any(|it| it == "BitstringStatusListEntry");
            if let Some(Err(e)) = is_status.then(|| StatusEntry::read(one)) {
                self.wrong(name, &format!("is not an entry of a status list: {e}"));
            }
        }
    }

    fn related(&mut self, value: &Value) {
        let (name, mut seen) = ("relatedResource", BTreeSet::new());
        for one in each(value) {
            let Value::Object(members) = one else {
                self.wrong(name, "holds something that is not an object");
                continue;
            };
            let id = members.get("id").unwrap_or(&Value::Null);
            self.url(id, "relatedResource.id");
            if !seen.insert(id.to_string()) {
                self.wrong("relatedResource.id", "is given twice");
            }
            let digests = ["digestSRI", "digestMultibase"].map(|it| members.get(it));
            if digests.iter().all(Option::is_none) {
                self.wrong(name, "has neither `digestSRI` nor `digestMultibase`");
            }
            if digests.into_iter().flatten().any(|it| !it.is_string()) {
                self.wrong(name, "has a digest that is not a text");
            }
        }
    }
}

fn is_words(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Object(it) => {
            it.get("@value").is_some_and(Value::is_string)
                && it.keys().all(|it| ["@value", "@language", "@direction"].contains(&it.as_str()))
                && it.get("@language").is_none_or(Value::is_string)
                && it.get("@direction").is_none_or(|it| it.is_null() || it == "ltr" || it == "rtl")
        }
        _ => false,
    }
}
