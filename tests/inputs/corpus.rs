//! Every input of the corpus through its target: what once broke a parser is a failing test from then on.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{fs, panic, path::Path};
use studium_tests::TARGETS;

#[test]
fn the_corpus_breaks_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in TARGETS {
        let mut inputs = 0;
        for input in fs::read_dir(corpus.join(name)).unwrap_or_else(|e| panic!("fuzz/corpus/{name}: {e}")) {
            let path = input.unwrap().path();
            let data = fs::read(&path).unwrap();
            // The input, and the same cut off in the middle and with something behind it.
            for data in [&data[..], &data[..data.len() / 2], &[&data[..], b"\xff\0{"].concat()] {
                assert!(panic::catch_unwind(|| target(data)).is_ok(), "{} breaks `{name}`", path.display());
            }
            inputs += 1;
        }
        assert!(inputs >= 3, "`{name}` has {inputs} inputs to begin with");
    }
}

#[test]
fn every_target_can_be_fuzzed() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks `{name}`");
        let text = fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(text.contains(&format!("studium_tests::{name}(data)")), "fuzz_targets/{name}.rs plays another target");
    }
}
