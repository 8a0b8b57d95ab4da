//! Status lists: which bit is which, the same bytes each time, and what tries to fill the memory.

use super::{at, key};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use serde_json::json;
use std::{collections::BTreeSet, io::Write};
use studium_vc::{
    canon,
    contexts::Contexts,
    status::{self, ENTRIES_MAX, ENTRIES_MIN, ListTerms, Purpose, StatusEntry, StatusError, StatusList},
};

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn text(packed: &[u8]) -> String {
    format!("u{}", BASE64URL.encode(packed))
}

#[test]
fn the_first_bit_is_the_left_most() {
    let mut bytes = vec![0; ENTRIES_MIN / 8];
    (bytes[0], bytes[1]) = (0b1000_0001, 0b0100_0000);
    let list = StatusList::decode(&text(&packed(&bytes))).unwrap();
    let set: Vec<_> = (0..list.entries()).filter(|it| list.get(*it).unwrap()).collect();
    assert_eq!(set, [0, 7, 9]);
    let mut own = StatusList::new(ENTRIES_MIN).unwrap();
    for index in set {
        own.set(index, true).unwrap();
    }
    assert_eq!(own, list);
    own.set(7, false).unwrap();
    assert_eq!(own.get(7), Ok(false));
    assert_eq!(own.get(ENTRIES_MIN), Err(StatusError::Range(ENTRIES_MIN)));
    assert_eq!(own.set(ENTRIES_MIN, true), Err(StatusError::Range(ENTRIES_MIN)));
}

/// Were another packer chosen by a change of dependencies, lists that nobody changed would get other bytes.
#[test]
fn the_packed_bytes_are_always_these() {
    let mut list = StatusList::new(ENTRIES_MIN).unwrap();
    list.set(3, true).unwrap();
    list.set(94_567, true).unwrap();
    assert_eq!(list.encode().unwrap(), PACKED);
    assert_eq!(StatusList::decode(PACKED), Ok(list));
}

const PACKED: &str = "uH4sIAAAAAAAC_-3QAQ0AAAgDIG1g_7Tm-AcRuAEAAAAAAAAAAAAAoM0qAAAAAIjzrMXgDwBAAAA";

#[test]
fn lists_that_are_too_short_or_not_whole_are_refused() {
    for entries in [0, 8, ENTRIES_MIN - 8, ENTRIES_MIN + 1, ENTRIES_MAX + 8, usize::MAX] {
        assert_eq!(StatusList::new(entries), Err(StatusError::Length(entries)));
    }
    let short = text(&packed(&vec![0; ENTRIES_MIN / 8 - 1]));
    assert_eq!(StatusList::decode(&short), Err(StatusError::Length(ENTRIES_MIN - 8)));
}

#[test]
fn a_bomb_does_not_go_off() {
    let bomb = packed(&vec![0; 200 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(StatusList::decode(&text(&bomb)), Err(StatusError::Length(ENTRIES_MAX + 8)));
}

#[test]
fn broken_texts_are_refused() {
    let good = packed(&vec![0; ENTRIES_MIN / 8]);
    let (mut torn, mut changed) = (good.clone(), good.clone());
    torn.truncate(good.len() - 4);
    let middle = changed.len() - 6;
    changed[middle] ^= 1;
    let two = [good.clone(), good.clone()].concat();
    for bad in [
        text(&good)[1..].to_owned(),
        format!("{}=", text(&good)),
        "u".to_owned(),
        "uAAAA".to_owned(),
        text(&torn),
        text(&changed),
        text(&two),
    ] {
        assert!(matches!(StatusList::decode(&bad), Err(StatusError::Encoding(_))), "{}", &bad[..bad.len().min(40)]);
    }
}

#[test]
fn an_entry_is_written_and_read() {
    let entry =
        StatusEntry { list: "https://example.org/status/1".to_owned(), purpose: Purpose::Revocation, index: 94_567 };
    let written = json!({
        "id": "https://example.org/status/1#94567",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": "https://example.org/status/1",
    });
    assert_eq!(entry.to_json(), written);
    assert_eq!(StatusEntry::read(&written), Ok(entry));
    for (member, value) in [
        ("type", json!("StatusList2021Entry")),
        ("id", json!("https://example.org/status/1")),
        ("statusListIndex", json!(94567)),
        ("statusListIndex", json!("-1")),
        ("statusListIndex", json!("+1")),
        ("statusListIndex", json!("1e3")),
        ("statusListIndex", json!("")),
        ("statusListIndex", json!("99999999999999999999999999")),
        ("statusListCredential", json!("status/1")),
        ("statusPurpose", json!(null)),
        ("statusSize", json!(2)),
    ] {
        let mut other = written.clone();
        other[member] = value;
        match StatusEntry::read(&other) {
            Err(StatusError::Member { member: named, .. }) => assert_eq!(named, member),
            it => panic!("{member}: {it:?}"),
        }
    }
}

#[test]
fn a_list_credential_can_be_signed_and_read() {
    let mut list = StatusList::new(ENTRIES_MIN).unwrap();
    list.set(5, true).unwrap();
    let did = key().verifying_key().did_key();
    let terms = ListTerms {
        id: "https://example.org/status/1",
        issuer: &did,
        purpose: Purpose::Suspension,
        valid_from_ms: at("2026-06-30T09:00:00Z"),
        valid_until_ms: Some(at("2026-07-01T09:00:00Z")),
    };
    let credential = status::list_credential(&terms, &list).unwrap();
    assert_eq!(credential["validUntil"], "2026-07-01T09:00:00Z");
    assert!(canon::canonize(&credential, Contexts::embedded()).is_ok());
    assert_eq!(status::read_list(&credential), Ok((Purpose::Suspension, list)));
    let mut other = credential.clone();
    other["type"] = json!(["VerifiableCredential"]);
    assert!(status::read_list(&other).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn bits_come_back(set in prop::collection::btree_set(0..ENTRIES_MIN + 64, 0..200), entries in prop::sample::select(vec![ENTRIES_MIN + 64, 2 * ENTRIES_MIN])) {
        let mut list = StatusList::new(entries).unwrap();
        for index in &set {
            list.set(*index, true).unwrap();
        }
        let text = list.encode().unwrap();
        prop_assert_eq!(&text, &list.encode().unwrap());
        let back = StatusList::decode(&text).unwrap();
        let found: BTreeSet<_> = (0..back.entries()).filter(|it| back.get(*it).unwrap()).collect();
        prop_assert_eq!(found, set);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = StatusList::decode(&text);
        let _ = StatusList::decode(&format!("u{text}"));
    }
}
