//! What a partner's copy has to come to: a tree of hashes over all records, computed from the journal and not from what
//! was sent, so that it also finds faults of the feed.

use crate::{
    concerns,
    partner_key::PartnerKey,
    partner_record::{self, Seen},
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _};
use studium_kit::{App, StoreError, hex};
use studium_proto::json_of;
use studium_proto::partner::v1::{DigestPublished, EnrolmentRecord};

/// Branches of a tree: one for each first byte of the hash of an enrolment's id.
pub const BRANCHES: usize = 256;

/// Members of a record that the tree leaves out: of somebody who was erased nobody can say any more what they were.
const PERSONAL: [&str; 3] = ["externalIds", "name", "email"];

/// Enrolments that are looked at together.
const CHUNK: usize = 256;

/// SHA-256.
pub type Hash = [u8; 32];

/// The tree over a partner's records.
#[derive(Debug, Clone)]
pub struct Tree {
    /// Leaves of each branch by id.
    branches: Vec<BTreeMap<String, Hash>>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { branches: vec![BTreeMap::new(); BRANCHES] }
    }
}

impl Tree {
    /// Puts a record in, as its partner has it. What is personal is left out, so that a root holds for ever.
    pub fn put(&mut self, enrolment_id: &str, record: &Value) {
        let mut text = String::new();
        let members = record.as_object().into_iter().flatten().filter(|(name, _)| !PERSONAL.contains(&name.as_str()));
        object(members, &mut text);
        self.branches[branch_of(enrolment_id)].insert(enrolment_id.to_owned(), hash(text.as_bytes()));
    }

    /// Takes a record out.
    pub fn remove(&mut self, enrolment_id: &str) {
        self.branches[branch_of(enrolment_id)].remove(enrolment_id);
    }

    /// Takes in an event of a feed: its record, or that there is none any more. Events of other subjects change nothing.
    pub fn take(&mut self, event: &Value) {
        let Some(id) = event["data"]["enrolmentId"].as_str() else { return };
        match event["data"].get("enrolment") {
            Some(record) => self.put(id, record),
            None => self.remove(id),
        }
    }

    /// How many records there are.
    pub fn count(&self) -> u64 {
        self.branches.iter().map(|it| it.len() as u64).sum()
    }

    /// The leaves of a branch by id.
    pub fn leaves(&self, branch: usize) -> Option<&BTreeMap<String, Hash>> {
        self.branches.get(branch)
    }

    /// The hashes of all branches.
    pub fn hashes(&self) -> Vec<Hash> {
        self.branches.iter().map(|it| hash(&it.values().flatten().copied().collect::<Vec<u8>>())).collect()
    }

    /// The root, in lower-case hexadecimal.
    pub fn root(&self) -> String {
        hex(&hash(&self.hashes().concat()))
    }
}

/// Which branch an enrolment belongs to.
pub fn branch_of(enrolment_id: &str) -> usize {
    usize::from(hash(enrolment_id.as_bytes())[0])
}

/// A record as its partner has it.
pub fn json(record: &EnrolmentRecord) -> Value {
    json_of("studium.partner.v1.EnrolmentRecord", record)
}

/// JSON Canonicalization Scheme (RFC 8785); records hold no fractions, so numbers are written as they are.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => object(members, out),
        Value::Array(items) => list(out, ('[', ']'), items, canonical),
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

fn object<'a>(members: impl IntoIterator<Item = (&'a String, &'a Value)>, out: &mut String) {
    // Names of members are ASCII, so their order as bytes is that of UTF-16 (§ 3.2.3).
    let members: BTreeMap<&String, &Value> = members.into_iter().collect();
    list(out, ('{', '}'), members, |(name, value), out| {
        canonical(&Value::String(name.clone()), out);
        out.push(':');
        canonical(value, out);
    });
}

fn list<T>(
    out: &mut String,
    (open, close): (char, char),
    items: impl IntoIterator<Item = T>,
    each: impl Fn(T, &mut String),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}

/// The tree over a partner's records when the enrolment stream had come to a position; only these branches, or all.
pub async fn tree(app: &App, institution: &str, position: u64, only: &[u32]) -> Result<Tree, StoreError> {
    let mut tree = Tree::default();
    let mut ids = concerns::ever(app.store(), institution).await?;
    ids.retain(|it| only.is_empty() || only.contains(&(branch_of(it) as u32)));
    for ids in ids.chunks(CHUNK) {
        for record in records(app, institution, ids, position).await? {
            tree.put(&record.enrolment_id, &json(&record));
        }
    }
    Ok(tree)
}

/// Some records of a partner when the enrolment stream had come to a position.
pub async fn records(
    app: &App,
    institution: &str,
    ids: &[String],
    position: u64,
) -> Result<Vec<EnrolmentRecord>, StoreError> {
    let seen = partner_record::seen(app, institution, ids, position).await?;
    Ok(seen.into_iter().map(Seen::told).collect())
}

/// The digest at the end of a day.
pub fn published(app: &App, institution: &str, date: &str, tree: &Tree) -> DigestPublished {
    let (count, root) = (tree.count(), tree.root());
    let claims = json!({"sub": institution, "date": date, "count": count, "root": root});
    let jws = signed(app, &claims);
    DigestPublished { institution_id: institution.to_owned(), date: date.to_owned(), count, root, jws }
}

/// Claims as a JWS in compact form (RFC 7515) with `EdDSA` (RFC 8037); empty where the platform has no key for partners.
pub fn signed(app: &App, claims: &Value) -> String {
    let Some(signer) = app.belonging::<PartnerKey>().and_then(PartnerKey::digest_signer) else {
        return String::new();
    };
    let part = |it: &Value| {
        let mut text = String::new();
        canonical(it, &mut text);
        BASE64.encode(text)
    };
    let input = format!("{}.{}", part(&json!({"alg": "EdDSA", "kid": signer.kid, "typ": "JWT"})), part(claims));
    let signature = BASE64.encode(signer.sign(input.as_bytes()));
    format!("{input}.{signature}")
}

fn hash(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use studium_proto::DESCRIPTORS;

    #[test]
    fn a_branch_is_its_leaves_in_order_of_their_ids() {
        let first = "run~0".to_owned();
        let second = (1..10_000).map(|it| format!("run~{it}")).find(|it| branch_of(it) == branch_of(&first)).unwrap();
        let record = |id: &str| json!({"state": "ENROLMENT_STATE_ACTIVE", "enrolmentId": id});
        let mut tree = Tree::default();
        tree.put(&second, &record(&second));
        tree.put(&first, &record(&first));
        let leaf = |id: &str| hash(format!(r#"{{"enrolmentId":"{id}","state":"ENROLMENT_STATE_ACTIVE"}}"#).as_bytes());
        assert!(first < second);
        assert_eq!(tree.hashes()[branch_of(&first)], hash(&[leaf(&first), leaf(&second)].concat()));
        assert_eq!((tree.count(), tree.hashes()[(branch_of(&first) + 1) % BRANCHES]), (2, hash(b"")));
        tree.remove(&second);
        assert_eq!(tree.hashes()[branch_of(&first)], hash(&leaf(&first)));
        assert_eq!(tree.root(), hex(&hash(&tree.hashes().concat())));
    }

    #[test]
    fn what_is_personal_is_in_no_tree() {
        let record = DESCRIPTORS.get_message_by_name("studium.partner.v1.EnrolmentRecord").unwrap();
        let option = DESCRIPTORS.get_extension_by_name("studium.options.v1.personal").unwrap();
        let marked = record.fields().filter(|it| it.options().get_extension(&option).as_bool() == Some(true));
        assert_eq!(marked.map(|it| it.json_name().to_owned()).collect::<Vec<_>>(), PERSONAL);
        let (mut without, mut with) = (Tree::default(), Tree::default());
        without.put("run~0", &json!({"enrolmentId": "run~0"}));
        with.put(
            "run~0",
            &json!({"enrolmentId": "run~0", "externalIds": ["s1"], "name": "Ada", "email": "a@b.example"}),
        );
        assert_eq!(without.root(), with.root());
    }

    #[test]
    fn canonical_json_is_that_of_the_standard() {
        let mut text = String::new();
        canonical(&json!({"b": ["é\n\u{1f}\"", 7], "a": null, "A": true}), &mut text);
        assert_eq!(text, r#"{"A":true,"a":null,"b":["é\n\u001f\"",7]}"#);
    }
}
