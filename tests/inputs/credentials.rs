//! Credentials and status lists that anybody may hand in to be checked.

use crate::text;
use studium_vc::{
    contexts::Contexts,
    data_model, json, jwt,
    reach::Reach,
    resolver::{Fetched, Needs},
    status::{StatusEntry, StatusList, read_list},
    verify,
};

/// A moment at which the credentials of the corpus are valid.
const NOW_MS: i64 = 1_790_000_000_000;

/// The whole public check, with nothing that could be fetched.
pub fn credential(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let contexts = Contexts::embedded();
    let _ = Needs::of(text, Reach::Https, contexts);
    let report = verify::credential(text, &Fetched::default(), NOW_MS, contexts);
    assert!(!report.checks.is_empty());
    let _ = jwt::Token::read(text);
    if let Ok(document) = json::read(data) {
        let _ = (data_model::problems(&document, contexts), StatusEntry::read(&document));
    }
}

/// A list that is read is written again as the same bits.
pub fn status_list(data: &[u8]) {
    if let Ok(document) = json::read(data) {
        let _ = read_list(&document);
    }
    let Some(Ok(list)) = text(data).map(StatusList::decode) else { return };
    assert!(list.get(0).is_ok() && list.get(list.entries()).is_err());
    let again = StatusList::decode(&list.encode().unwrap()).unwrap();
    assert_eq!((list.entries(), list.get(list.entries() - 1)), (again.entries(), again.get(again.entries() - 1)));
}
