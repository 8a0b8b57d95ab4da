//! A broker that speaks TLS: its clients and its nodes show certificates, and nobody gets in without one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use std::path::{Path, PathBuf};
use studium_broker::{
    NatsServer, binary,
    certificates::Certificates,
    partners,
    services::{self, ServiceAccess},
};
use studium_log::{Durability, Entry, Log, LogConfig, address};

fn executable() -> PathBuf {
    binary::find(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap().path
}

async fn start(durability: Durability, dir: &Path) -> NatsServer {
    let writes = vec!["campus.plan".to_owned()];
    let campus = ServiceAccess { name: "campus".to_owned(), writes, ..ServiceAccess::default() };
    services::declare(dir, &[campus]).unwrap();
    Certificates::sign(dir, &["operator", "campus"]).unwrap();
    NatsServer::start(&executable(), durability, dir, None).await.unwrap()
}

async fn append(url: &str, durability: Durability, id: &str) -> u64 {
    let log = Log::connect(&LogConfig { url: url.to_owned(), durability, master_key: None }).await.unwrap();
    log.open("campus").await.unwrap();
    let entry = Entry::bare(&format!("campus.plan.{id}"), 0, "r", vec![Bytes::from_static(b"x")]);
    log.append(entry).await.unwrap()
}

async fn gets_in(url: &str) -> bool {
    let (servers, options) = address::connection(url).unwrap();
    match options.connect(servers).await {
        Ok(client) => client.flush().await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_of_the_authority_does_not_get_in() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut server = start(Durability::Process, dir.path()).await;
    let url = server.url_of("campus").unwrap();
    assert_eq!(append(&url, Durability::Process, "a").await, 1);
    assert!(url.starts_with("tls://campus:") && address::in_plaintext(&url).is_none(), "{url}");

    let (with_user, _) = url.split_once('?').unwrap();
    let ours = Certificates::of(dir.path()).unwrap().authority().display().to_string();
    assert!(!gets_in(&with_user.replace("tls://", "nats://")).await, "plaintext gets in");
    assert!(!gets_in(&format!("{with_user}?ca={ours}")).await, "no certificate gets in");
    let others = Certificates::sign(elsewhere.path(), &["campus"]).unwrap();
    let theirs = others.identity("campus").display().to_string();
    assert!(!gets_in(&format!("{with_user}?ca={ours}&cert={theirs}&key={theirs}")).await, "a stranger's gets in");
    let partner = elsewhere.path().join("ou.pem");
    std::fs::write(&partner, Certificates::of(dir.path()).unwrap().of_partner("ou").unwrap()).unwrap();
    let partner = partner.display();
    assert!(gets_in(&format!("{with_user}?ca={ours}&cert={partner}&key={partner}")).await, "a partner's does not");
    let believed = url.replace(&ours, &others.authority().display().to_string());
    assert!(!gets_in(&believed).await, "another broker is believed");

    // Signed anew, as while a platform runs: what was there goes on, and what comes gets the new ones.
    Certificates::renew(dir.path(), &["operator", "campus"]).await.unwrap();
    assert_eq!(append(&url, Durability::Process, "b").await, 2);
    let access = partners::add(dir.path(), "ou").await.unwrap();
    assert!(access.servers.contains("127.0.0.1"));
    assert_eq!(append(&url, Durability::Process, "c").await, 3);
    server.stop().await;
}

#[tokio::test]
async fn nodes_of_a_cluster_show_each_other_certificates() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(Durability::Replicated, dir.path()).await;
    let url = server.url_of("campus").unwrap();
    assert_eq!(append(&url, Durability::Replicated, "a").await, 1);
    let config = std::fs::read_to_string(dir.path().join("server-1.conf")).unwrap();
    assert_eq!(config.matches("verify: true").count(), 2, "{config}");
    server.kill_node(0).await;
    server.restart().await.unwrap();
    assert_eq!(append(&url, Durability::Replicated, "b").await, 2);
    server.stop().await;
}
