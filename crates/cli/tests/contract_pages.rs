//! The pages in `docs/contract` say what the contract and the services' declarations say: they are made from them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "contract_pages/asyncapi.rs"]
mod asyncapi;
#[path = "contract_pages/commented.rs"]
mod commented;
#[path = "contract_pages/grpc.rs"]
mod grpc;

use std::{collections::BTreeMap, env, fs, path::Path};

/// Set to 1 to write the pages anew.
const ACCEPT: &str = "STUDIUM_TEST_ACCEPT_GOLDEN";

#[test]
fn the_contract_is_written_down_as_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract");
    let mut pages: BTreeMap<String, String> = grpc::pages().into_iter().collect();
    pages.insert("asyncapi.json".to_owned(), asyncapi::page());
    if env::var(ACCEPT).is_ok_and(|it| it == "1") {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &pages {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let there = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut there: Vec<_> = there.collect();
    there.sort();
    assert_eq!(there, pages.keys().map(String::as_str).collect::<Vec<_>>(), "which pages there are");
    for (name, text) in pages {
        let written = fs::read_to_string(folder.join(&name)).unwrap();
        let other = text.lines().zip(written.lines()).find(|(now, then)| now != then);
        assert!(
            text == written,
            "docs/contract/{name} is not what the contract says; set {ACCEPT}=1, run this again and read the difference\n  {other:?}"
        );
    }
}
