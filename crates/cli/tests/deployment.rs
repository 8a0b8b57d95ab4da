//! What operators run is what the services declare.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{env, fs, path::Path};
use studium_broker::accounts;
use studium_cli::supervise::SERVICES;

const HEADING: &str = "\
# Who may connect, and what each may ask: an account for each service, into which nothing leads but what it declares.
# Written by a test from the services' own declarations; do not edit it. After a change of them:
# `STUDIUM_TEST_ACCEPT_GOLDEN=1 cargo test -p studium-cli --test deployment`.
";

#[test]
fn the_brokers_accounts_are_what_services_declare() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nats/accounts.conf");
    let declared = SERVICES.map(|it| it.access());
    let wanted = format!("{HEADING}{}", accounts::deployed(&declared));
    if env::var_os("STUDIUM_TEST_ACCEPT_GOLDEN").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    let written = fs::read_to_string(file).unwrap();
    assert!(written == wanted, "deploy/nats/accounts.conf is not what the services declare; see its first lines");
}
