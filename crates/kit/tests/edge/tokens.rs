//! Which tokens count.

use super::server::{HOUR, start};
use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};
use studium_kit::{DevelopmentIssuer, Expected, Verifier};
use tonic::Code;

pub fn in_an_hour() -> u64 {
    jsonwebtoken::get_current_timestamp() + 3600
}

fn claims() -> Value {
    json!({"iss": "studium-development", "aud": "studium", "sub": "ann", "exp": in_an_hour(), "roles": ["learner"]})
}

fn expected() -> Expected {
    Expected::new(Some("studium-development".to_owned()), "studium")
}

/// Claims with one of them changed; null leaves it out.
fn claims_but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let object = claims.as_object_mut().unwrap();
    object.remove(name);
    if !value.is_null() {
        object.insert(name.to_owned(), value);
    }
    claims
}

pub fn signed(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

#[tokio::test]
async fn a_token_must_hold_in_every_respect() {
    let running = start().await;
    let key = EncodingKey::from_ed_der(&fs::read(running.folder.path().join("issuer.pk8")).unwrap());
    let jwks = running.issuer.jwks();
    let kid = jwks["keys"][0]["kid"].as_str();
    let verifier = Verifier::development(&running.issuer, "studium");
    let code = async |token: String| verifier.verify(&token).await.map_or_else(|e| e.code(), |_| Code::Ok);
    let sign = |claims: &Value| signed(Algorithm::EdDSA, kid, &key, claims);

    assert_eq!(code(sign(&claims())).await, Code::Ok);
    assert_eq!(code(signed(Algorithm::EdDSA, None, &key, &claims())).await, Code::Ok, "the only key needs no name");
    for (name, value) in [
        ("exp", json!(in_an_hour() - 3660)),
        ("exp", Value::Null),
        ("nbf", json!(in_an_hour())),
        ("aud", json!("another")),
        ("aud", Value::Null),
        ("iss", json!("another")),
        ("iss", Value::Null),
        ("sub", json!("")),
        ("sub", json!("policy:promote")),
        ("sub", Value::Null),
    ] {
        assert_eq!(code(sign(&claims_but(name, value.clone()))).await, Code::Unauthenticated, "{name}: {value}");
    }
    let good = sign(&claims());
    let (rest, signature) = good.rsplit_once('.').unwrap();
    assert_eq!(code(format!("{rest}.{}", signature.replace(&signature[..1], "-"))).await, Code::Unauthenticated);
    // The public key as a shared secret, and no signature at all.
    let public = jwks["keys"][0]["x"].as_str().unwrap();
    let shared = EncodingKey::from_secret(public.as_bytes());
    assert_eq!(code(signed(Algorithm::HS256, kid, &shared, &claims())).await, Code::Unauthenticated);
    let payload = rest.split_once('.').unwrap().1;
    assert_eq!(code(format!("eyJhbGciOiJub25lIn0.{payload}.")).await, Code::Unauthenticated);
    assert_eq!(code("x".repeat(9000)).await, Code::Unauthenticated);
}

#[tokio::test]
async fn a_remembered_token_still_expires() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = DevelopmentIssuer::load_or_create(&folder.path().join("key")).unwrap();
    let verifier = Verifier::development(&issuer, "studium");
    let token = issuer.token("ann", &[], &[], std::time::Duration::from_secs(1));
    assert!(verifier.verify(&token).await.is_ok() && verifier.verify(&token).await.is_ok());
    // The clocks may differ by 5 s, so it counts that much longer.
    tokio::time::sleep(std::time::Duration::from_millis(7_100)).await;
    assert_eq!(verifier.verify(&token).await.unwrap_err().code(), Code::Unauthenticated);
}

#[test]
fn the_development_key_is_one_and_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/issuer.pk8");
    let load = |path: &Path| DevelopmentIssuer::load_or_create(path).unwrap().jwks();
    let all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| load(&path))).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(all.iter().all(|it| *it == all[0] && *it == load(&path)));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    fs::write(&path, "no key").unwrap();
    assert!(DevelopmentIssuer::load_or_create(&path).err().unwrap().to_string().contains("holds no Ed25519 key"));
}

/// An issuer whose key set can be changed, and which counts how often it is asked.
async fn issuer(keys: Arc<Mutex<Value>>) -> (String, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let answer = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let keys = keys.lock().unwrap().clone();
        async move { axum::Json(keys) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/jwks", axum::routing::get(answer));
    let server = tonic::transport::Server::builder().accept_http1(true).add_routes(router.into());
    tokio::spawn(server.serve_with_incoming(tonic::transport::server::TcpIncoming::from(listener)));
    (url, asked)
}

pub fn jwk(kid: &str, key: &EncodingKey, algorithm: Algorithm) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
    jwk.common.key_id = Some(kid.to_owned());
    serde_json::to_value(jwk).unwrap()
}

#[tokio::test]
async fn keys_come_from_a_url_and_may_change() {
    let elliptic = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let elliptic = EncodingKey::from_ec_der(elliptic.as_ref());
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = rsa.as_der().unwrap();
    // PKCS #1 lies in PKCS #8 after its fixed header of 26 bytes (RFC 5958, RFC 8017).
    let rsa = EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]);
    let strange = json!({"kty": "EC", "crv": "P-521", "kid": "strange", "x": "AA", "y": "AA"});
    let keys = Arc::new(Mutex::new(json!({"keys": [strange, jwk("e", &elliptic, Algorithm::ES256)]})));
    let (url, asked) = issuer(Arc::clone(&keys)).await;
    let verifier = Verifier::from_url(&url, expected()).await.unwrap();
    assert!(verifier.is_ready() && verifier.jwks().is_none());

    let by_elliptic = signed(Algorithm::ES256, Some("e"), &elliptic, &claims());
    assert_eq!(verifier.verify(&by_elliptic).await.unwrap().subject, "ann");
    // Another key under a new name: it is fetched at once, and the old one counts no more.
    *keys.lock().unwrap() = json!({"keys": [jwk("r", &rsa, Algorithm::RS256)]});
    let by_rsa = signed(Algorithm::RS256, Some("r"), &rsa, &claims());
    assert_eq!(verifier.verify(&by_rsa).await.unwrap().subject, "ann");
    assert_eq!(verifier.verify(&by_elliptic).await.unwrap_err().code(), Code::Unauthenticated);
    // Made-up names do not make us ask again and again.
    for n in 0..20 {
        let unknown = signed(Algorithm::RS256, Some(&format!("r{n}")), &rsa, &claims());
        assert_eq!(verifier.verify(&unknown).await.unwrap_err().code(), Code::Unauthenticated);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_no_ones_fault_but_ours() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", free.local_addr().unwrap());
    drop(free);
    let verifier = Verifier::from_url(&url, Expected::new(None, "studium")).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let issuer = DevelopmentIssuer::load_or_create(&folder.path().join("key")).unwrap();
    let token = issuer.token("ann", &[], &[], HOUR);
    assert!(!verifier.is_ready());
    assert_eq!(verifier.verify(&token).await.unwrap_err().code(), Code::Unavailable);
}
