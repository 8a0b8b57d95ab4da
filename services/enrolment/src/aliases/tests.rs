//! What one process knows of aliases, without a store.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

use super::Known;

fn known(merges: &[(&str, &str)]) -> Known {
    let mut known = Known::default();
    for (from, into) in merges {
        known.merged(from, into);
    }
    known
}

#[test]
fn all_ids_of_a_person_are_found_from_each_of_them() {
    let known = known(&[("c", "b"), ("b", "a"), ("d", "a"), ("c", "b")]);
    for id in ["a", "b", "c", "d"] {
        assert_eq!(known.person(id), ["a", "b", "d", "c"], "{id}");
        assert_eq!(known.stays(id), "a");
    }
    assert_eq!(known.person("e"), ["e"]);
}

#[test]
fn a_ring_of_aliases_ends() {
    let known = known(&[("a", "b"), ("b", "a")]);
    let mut ids = known.person("a");
    ids.sort();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(known.stays("a"), known.stays("a"));
}
