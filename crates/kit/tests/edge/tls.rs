//! Certificates on the port: who gets through, what is refused, and what happens when they are renewed.

use super::server::{Running, by, start_secured};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{fs, path::Path, time::Duration};
use studium_kit::{Security, Store};
use studium_proto::admin::v1::{GetStatusRequest, admin_service_client::AdminServiceClient};
use studium_testkit::encrypted_postgres;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for this machine and its key, PEM.
fn issue(by: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, by).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn write(folder: &Path, (cert, key): &(String, String)) {
    fs::write(folder.join("cert.pem"), cert).unwrap();
    fs::write(folder.join("key.pem"), key).unwrap();
}

fn security(folder: &Path) -> Security {
    Security {
        tls_cert: Some(folder.join("cert.pem")),
        tls_key: Some(folder.join("key.pem")),
        tls_client_ca: None,
        allow_plaintext: vec![],
    }
}

async fn connect(server: &Running, believes: &Authority, as_who: Option<&(String, String)>) -> Result<Channel, String> {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(believes.pem())).domain_name("localhost");
    if let Some((cert, key)) = as_who {
        tls = tls.identity(Identity::from_pem(cert, key));
    }
    let endpoint = Endpoint::from_shared(format!("https://{}", server.address)).unwrap().tls_config(tls).unwrap();
    endpoint.connect().await.map_err(|e| e.to_string())
}

/// One call, told from one that does not come through by its answer.
async fn asks(server: &Running, channel: Channel) -> Result<(), String> {
    let token = server.token("ann", &["operator"], &[]);
    let asked = AdminServiceClient::new(channel).get_status(by(&token, GetStatusRequest {})).await;
    asked.map(drop).map_err(|e| e.to_string())
}

#[tokio::test]
async fn the_port_is_encrypted_for_calls_and_pages() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (authority(), authority());
    write(folder.path(), &issue(&ours));
    let server = start_secured(security(folder.path()).tls().unwrap()).await;
    asks(&server, connect(&server, &ours, None).await.unwrap()).await.unwrap();
    assert!(connect(&server, &theirs, None).await.is_err(), "another authority's word is believed");
    let plain = Endpoint::from_shared(server.url("")).unwrap().connect().await;
    let asked = async { asks(&server, plain.map_err(|e| e.to_string())?).await };
    assert!(asked.await.is_err(), "a call in plaintext is answered");
    assert!(reqwest::get(server.url("/healthz")).await.is_err(), "a page in plaintext is answered");
    let trusting = reqwest::Certificate::from_pem(ours.pem().as_bytes()).unwrap();
    let pages = reqwest::Client::builder().tls_certs_only([trusting]).build().unwrap();
    let page = pages.get(format!("https://{}/healthz", server.address)).send().await.unwrap();
    assert_eq!(page.text().await.unwrap(), "ok\n");
}

#[tokio::test]
async fn only_clients_of_the_named_authority_connect() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (authority(), authority());
    write(folder.path(), &issue(&ours));
    fs::write(folder.path().join("ca.pem"), ours.pem()).unwrap();
    let security = Security { tls_client_ca: Some(folder.path().join("ca.pem")), ..security(folder.path()) };
    let server = start_secured(security.tls().unwrap()).await;
    asks(&server, connect(&server, &ours, Some(&issue(&ours))).await.unwrap()).await.unwrap();
    for wrong in [None, Some(issue(&theirs))] {
        // In TLS 1.3 the client learns of the refusal only with its first answer.
        let said = match connect(&server, &ours, wrong.as_ref()).await {
            Ok(channel) => asks(&server, channel).await,
            Err(e) => Err(e),
        };
        assert!(said.is_err(), "a client without a certificate of ours is answered");
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_new_connections_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (authority(), authority());
    write(folder.path(), &issue(&old));
    let server = start_secured(security(folder.path()).tls().unwrap()).await;
    let open = connect(&server, &old, None).await.unwrap();
    asks(&server, open.clone()).await.unwrap();

    for broken in ["cert.pem", "key.pem"] {
        fs::write(folder.path().join(broken), "broken").unwrap();
        asks(&server, connect(&server, &old, None).await.unwrap()).await.unwrap();
    }
    write(folder.path(), &issue(&new));
    asks(&server, connect(&server, &new, None).await.unwrap()).await.unwrap();
    assert!(connect(&server, &old, None).await.is_err(), "the old one is still shown");
    asks(&server, open).await.unwrap();
}

#[tokio::test]
async fn who_begins_no_handshake_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let ours = authority();
    write(folder.path(), &issue(&ours));
    let server = start_secured(security(folder.path()).tls().unwrap()).await;
    let silent = (0..400).map(|_| tokio::net::TcpStream::connect(server.address));
    let silent = futures::future::try_join_all(silent).await.unwrap();
    let answered = async { asks(&server, connect(&server, &ours, None).await.unwrap()).await };
    tokio::time::timeout(Duration::from_secs(8), answered).await.expect("before the silent ones are given up").unwrap();
    drop(silent);
}

#[test]
fn what_others_could_read_is_refused() {
    let (here, everywhere) = ("127.0.0.1:1".parse().unwrap(), "0.0.0.0:1".parse().unwrap());
    let (nats, store) = ("nats://127.0.0.1:4222", "sqlite:x.db");
    let none = Security::default();
    none.check(here, nats, store).unwrap();
    let why = |e: anyhow::Error| e.to_string();
    assert!(why(none.check(everywhere, nats, store).unwrap_err()).contains("give --tls-cert and --tls-key"));
    assert!(why(none.check(here, "nats://nats:4222", store).unwrap_err()).contains("to nats:4222"));
    assert!(why(none.check(here, nats, "postgres://a:s@db/x").unwrap_err()).contains("sslmode=verify-full"));
    let named = |name: &str| Security { allow_plaintext: vec![name.to_owned()], ..Security::default() };
    named("listen").check(everywhere, nats, store).unwrap();
    named("nats").check(here, "nats://nats:4222", store).unwrap();
    named("store").check(here, nats, "postgres://a:s@db/x").unwrap();
    assert!(named("store").check(everywhere, nats, store).is_err(), "one name allows another thing");
    let folder = tempfile::tempdir().unwrap();
    security(folder.path()).check(everywhere, nats, store).unwrap();
}

#[tokio::test]
async fn files_that_do_not_go_together_are_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let ours = authority();
    let (cert, _) = issue(&ours);
    write(folder.path(), &(cert, issue(&ours).1));
    let said = format!("{:#}", security(folder.path()).tls().err().unwrap());
    assert!(said.contains("do not go together"), "{said}");
    fs::remove_file(folder.path().join("cert.pem")).unwrap();
    let said = format!("{:#}", security(folder.path()).tls().err().unwrap());
    assert!(said.contains("cannot be read as certificates"), "{said}");
}

#[tokio::test]
async fn a_store_is_believed_for_its_certificate_only() {
    let Some(server) = encrypted_postgres() else { return };
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("ca.pem");
    fs::write(&stranger, authority().pem()).unwrap();
    let open = async |host: &str, mode: &str, authority: &Path| {
        let (port, authority) = (server.port, authority.display());
        Store::open(&format!("postgres://postgres@{host}:{port}/postgres?sslmode={mode}&sslrootcert={authority}")).await
    };
    let store = open("127.0.0.1", "verify-full", &server.authority).await.unwrap();
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(store.query::<(bool,)>(encrypted, &[]).await.unwrap(), [(true,)]);
    assert!(open("127.0.0.1", "verify-full", &stranger).await.is_err(), "signed by somebody else");
    open("127.0.0.2", "verify-ca", &server.authority).await.unwrap();
    assert!(open("127.0.0.2", "verify-full", &server.authority).await.is_err(), "another host's");
}
