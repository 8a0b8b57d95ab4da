//! Addresses that strangers give: of webhooks, of a broker, and when to come again.

#[path = "../../services/enrolment/src/retry_after.rs"]
mod after;
#[path = "../../services/enrolment/src/webhook_address.rs"]
#[allow(dead_code, reason = "the sender uses the rest")]
mod webhook;

use crate::text;
use webhook::{Address, Allowed, is_public, literal};

/// The first line is what the operator allows, the rest is the address: none leads into the house unless allowed.
pub fn webhook_address(data: &[u8]) {
    let Some((allowed, url)) = text(data).and_then(|it| it.split_once('\n')) else { return };
    let Ok(allowed) = Allowed::read(allowed) else { return };
    let Ok(address) = Address::read(url, &allowed) else { return };
    let literal = literal(&address.url);
    assert!(address.is_named || literal.is_none_or(|it| is_public(it) || allowed.takes(it)), "{url}");
    // What was taken is taken again as it is shown.
    Address::read(address.url.as_str(), &allowed).unwrap();
}

/// What is said of an address names no password.
pub fn broker_address(data: &[u8]) {
    let Some(url) = text(data) else { return };
    let told = studium_log::address::without_user(url);
    let connection = studium_log::address::connection(url);
    if connection.is_ok() {
        assert!(!told.contains('@'), "{url}: {told}");
    }
}

/// Never longer than a day from now.
pub fn retry_after(data: &[u8]) {
    let Some(text) = text(data) else { return };
    for now_ms in [0, 1_790_000_000_000] {
        assert!(after::until_ms(text, now_ms) <= now_ms + after::WAIT_MAX_MS, "{text}");
    }
}
