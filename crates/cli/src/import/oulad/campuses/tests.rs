//! Who belongs to which region, how large campuses are, and which registration comes about in which way.
#![allow(clippy::unwrap_used)]

use super::{
    check::{Compared, Views, count_files, shown, total, verdict},
    regions::{Named, Regions, campus_id},
};
use std::fs;
use tempfile::TempDir;

#[test]
fn ids_follow_from_names() {
    for (name, id) in [
        ("East Anglian Region", Some("region-east-anglian")),
        ("Scotland", Some("region-scotland")),
        ("  Yorkshire   Region ", Some("region-yorkshire")),
        ("Region", Some("region-region")),
        ("", None),
        ("?", None),
    ] {
        assert_eq!(campus_id(name).as_deref(), id, "{name}");
    }
}
