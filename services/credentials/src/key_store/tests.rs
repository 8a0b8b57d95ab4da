//! Sealed keys open for their owner only, and outlive the operator's old key.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn line(byte: u8) -> String {
    BASE64.encode([byte; 32])
}

#[test]
fn a_sealed_key_opens_for_its_owner_only() {
    let store = KeyStore::read(&line(1)).unwrap();
    let (key, sealed) = store.make(|_| "ou".to_owned()).unwrap();
    let opened = store.open(&sealed, "ou").unwrap();
    assert_eq!(opened.verifying_key(), key.verifying_key());
    assert!(store.open(&sealed, "mit").is_none(), "another institution");
    let mut changed = sealed.clone();
    changed.seed[20] ^= 1;
    assert!(store.open(&changed, "ou").is_none(), "a changed seal");
    assert!(KeyStore::read(&line(2)).unwrap().open(&sealed, "ou").is_none(), "another operator's key");
    assert!(store.holds(&sealed) && !KeyStore::read(&line(2)).unwrap().holds(&sealed));
    assert!(!format!("{store:?}{sealed:?}").contains(&line(1)));
}

#[test]
fn the_operators_key_is_replaced_by_the_next() {
    let (key, sealed) = KeyStore::read(&line(1)).unwrap().make(|_| "ou".to_owned()).unwrap();
    let both = KeyStore::read(&format!("# since May\n{}\n{}\n", line(2), line(1))).unwrap();
    let again = both.reseal(&sealed, "ou").unwrap();
    assert!(both.is_newest(&again) && !both.is_newest(&sealed));
    let other = KeyStore::read(&line(3)).unwrap();
    assert!(other.reseal(&sealed, "ou").is_none(), "what does not open is not sealed anew");
    let opened = KeyStore::read(&line(2)).unwrap().open(&again, "ou").unwrap();
    assert_eq!(opened.verifying_key(), key.verifying_key());
}

#[test]
fn a_file_that_holds_no_keys_is_refused() {
    for text in ["", "# nothing", "short", &format!("{}\nshort", line(1))] {
        assert!(KeyStore::read(text).unwrap_err().contains("head -c 32"), "{text}");
    }
}
