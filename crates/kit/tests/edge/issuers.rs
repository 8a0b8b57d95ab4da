//! How an issuer's keys are found, and which of them count for what.

use super::tokens::{in_an_hour, jwk, signed};
use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair},
};
use axum::{
    Json, Router,
    response::{IntoResponse as _, Redirect},
    routing::get,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use studium_kit::{Expected, Verifier};
use tonic::Code;

/// An issuer that says what it is told to.
struct Issuer {
    address: String,
    described: Arc<Mutex<Value>>,
    keys: Arc<Mutex<Value>>,
}

impl Issuer {
    async fn start(keys: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let described = json!({"issuer": address, "jwks_uri": format!("{address}/keys")});
        let (described, keys) = (Arc::new(Mutex::new(described)), Arc::new(Mutex::new(keys)));
        let say = |it: &Arc<Mutex<Value>>| {
            let it = Arc::clone(it);
            get(move || std::future::ready(Json(it.lock().unwrap().clone()).into_response()))
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", say(&described))
            .route("/keys", say(&keys))
            .route("/elsewhere", get(async || Redirect::temporary("/keys")));
        let server = tonic::transport::Server::builder().accept_http1(true).add_routes(router.into());
        tokio::spawn(server.serve_with_incoming(tonic::transport::server::TcpIncoming::from(listener)));
        Self { address, described, keys }
    }

    fn describes(&self, name: &str, value: Value) {
        self.described.lock().unwrap()[name] = value;
    }

    fn expected(&self) -> Expected {
        Expected::new(Some(self.address.clone()), "studium")
    }

    async fn is_found(&self) -> bool {
        Verifier::discover(self.expected()).await.unwrap().is_ready()
    }

    fn claims(&self) -> Value {
        json!({"iss": self.address, "aud": ["studium", "other"], "sub": "ann", "exp": in_an_hour()})
    }
}

fn elliptic() -> EncodingKey {
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    EncodingKey::from_ec_der(pair.as_ref())
}

fn rsa() -> EncodingKey {
    let pkcs8 = RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
    // PKCS #1 lies in PKCS #8 after its fixed header of 26 bytes (RFC 5958, RFC 8017).
    EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..])
}

async fn code(verifier: &Verifier, token: &str) -> Code {
    verifier.verify(token).await.map_or_else(|e| e.code(), |_| Code::Ok)
}

#[tokio::test]
async fn an_issuer_says_where_its_keys_are() {
    let key = elliptic();
    let issuer = Issuer::start(json!({"keys": [jwk("e", &key, Algorithm::ES256)]})).await;
    let verifier = Verifier::discover(issuer.expected()).await.unwrap();
    let token = signed(Algorithm::ES256, Some("e"), &key, &issuer.claims());
    assert_eq!(verifier.verify(&token).await.unwrap().subject, "ann");

    let here = issuer.address.clone();
    for (name, value) in [
        ("issuer", json!(format!("{here}/"))),
        ("issuer", json!("https://another.example")),
        ("issuer", Value::Null),
        ("jwks_uri", Value::Null),
        // It leads here as well, but for all that is known it need not.
        ("jwks_uri", json!(format!("{}/keys", here.replace("127.0.0.1", "0.0.0.0")))),
        ("jwks_uri", json!(format!("{here}/elsewhere"))),
        ("jwks_uri", json!(format!("{here}/nowhere"))),
        ("padding", json!("x".repeat(300_000))),
    ] {
        assert!(issuer.is_found().await, "before {name}");
        let before = issuer.described.lock().unwrap().clone();
        issuer.describes(name, value.clone());
        assert!(!issuer.is_found().await, "{name}: {}", value.to_string().get(..40).unwrap_or_default());
        *issuer.described.lock().unwrap() = before;
    }
    *issuer.keys.lock().unwrap() = json!({"keys": [], "padding": "x".repeat(300_000)});
    assert!(!issuer.is_found().await);
}

#[tokio::test]
async fn a_mistake_of_the_issuer_locks_nobody_out() {
    let key = elliptic();
    let issuer = Issuer::start(json!({"keys": [jwk("e", &key, Algorithm::ES256)]})).await;
    let verifier = Verifier::discover(issuer.expected()).await.unwrap();
    let good = signed(Algorithm::ES256, Some("e"), &key, &issuer.claims());
    *issuer.keys.lock().unwrap() = json!({"error": "down for maintenance"});
    // An unknown key has them fetched anew.
    let unknown = signed(Algorithm::ES256, Some("f"), &key, &issuer.claims());
    assert_eq!(code(&verifier, &unknown).await, Code::Unauthenticated);
    assert_eq!(code(&verifier, &good).await, Code::Ok);
}

#[tokio::test]
async fn a_key_is_for_its_own_algorithm() {
    let (es, rs) = (elliptic(), rsa());
    let with = |kid: &str, key: &EncodingKey, algorithm, changes: Value| {
        let mut jwk = jwk(kid, key, algorithm);
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    };
    let mut silent = jwk("silent", &rs, Algorithm::RS256);
    silent.as_object_mut().unwrap().remove("alg");
    let secret = json!({"kty": "oct", "kid": "secret", "k": "c2VjcmV0", "alg": "HS256"});
    let issuer = Issuer::start(json!({"keys": [
        silent, secret,
        with("pss", &rs, Algorithm::RS256, json!({"alg": "PS256"})),
        with("mixed", &es, Algorithm::ES256, json!({"alg": "RS256"})),
        with("shared", &rs, Algorithm::RS256, json!({"alg": "HS256"})),
        with("seals", &rs, Algorithm::RS256, json!({"use": "enc"})),
        with("wraps", &rs, Algorithm::RS256, json!({"use": null, "key_ops": ["wrapKey"]})),
        with("verifies", &rs, Algorithm::RS256, json!({"use": null, "key_ops": ["verify"]})),
    ]}))
    .await;
    let verifier = Verifier::discover(issuer.expected()).await.unwrap();
    let shared = EncodingKey::from_secret(b"secret");
    let modulus = issuer.keys.lock().unwrap()["keys"][0]["n"].as_str().unwrap().to_owned();
    let public = EncodingKey::from_secret(modulus.as_bytes());
    for (kid, algorithm, key, expected) in [
        ("silent", Algorithm::RS256, &rs, Code::Ok),
        ("silent", Algorithm::PS256, &rs, Code::Unauthenticated),
        ("silent", Algorithm::HS256, &public, Code::Unauthenticated),
        ("pss", Algorithm::PS256, &rs, Code::Ok),
        ("pss", Algorithm::RS256, &rs, Code::Unauthenticated),
        ("mixed", Algorithm::ES256, &es, Code::Unauthenticated),
        ("shared", Algorithm::HS256, &public, Code::Unauthenticated),
        ("shared", Algorithm::RS256, &rs, Code::Unauthenticated),
        ("secret", Algorithm::HS256, &shared, Code::Unauthenticated),
        ("seals", Algorithm::RS256, &rs, Code::Unauthenticated),
        ("wraps", Algorithm::RS256, &rs, Code::Unauthenticated),
        ("verifies", Algorithm::RS256, &rs, Code::Ok),
    ] {
        let token = signed(algorithm, Some(kid), key, &issuer.claims());
        assert_eq!(code(&verifier, &token).await, expected, "{kid} {algorithm:?}");
    }
}

#[tokio::test]
async fn keys_without_a_name_do_not_displace_each_other() {
    let (es, other, rs) = (elliptic(), elliptic(), rsa());
    let nameless = |key: &EncodingKey, algorithm| {
        let mut jwk = jwk("", key, algorithm);
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    };
    let issuer = Issuer::start(json!({"keys": [
        nameless(&es, Algorithm::ES256), nameless(&other, Algorithm::ES256), nameless(&rs, Algorithm::RS256),
        jwk("alone", &elliptic(), Algorithm::ES256),
    ]}))
    .await;
    let verifier = Verifier::discover(issuer.expected()).await.unwrap();
    for (algorithm, key, kid, expected) in [
        (Algorithm::ES256, &es, None, Code::Ok),
        (Algorithm::ES256, &other, None, Code::Ok),
        (Algorithm::RS256, &rs, None, Code::Ok),
        (Algorithm::ES256, &elliptic(), None, Code::Unauthenticated),
        (Algorithm::ES256, &es, Some("alone"), Code::Unauthenticated),
    ] {
        let token = signed(algorithm, kid, key, &issuer.claims());
        assert_eq!(code(&verifier, &token).await, expected, "{kid:?} {algorithm:?}");
    }
}

#[tokio::test]
async fn a_header_says_what_the_token_is_for() {
    let key = elliptic();
    let issuer = Issuer::start(json!({"keys": [jwk("e", &key, Algorithm::ES256)]})).await;
    let verifier = Verifier::discover(issuer.expected()).await.unwrap();
    let with = |change: fn(&mut Header)| {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("e".to_owned());
        change(&mut header);
        jsonwebtoken::encode(&header, &issuer.claims(), &key).unwrap()
    };
    let good: [fn(&mut Header); 4] = [
        |it| it.typ = None,
        |it| it.typ = Some("JWT".to_owned()),
        |it| it.typ = Some("at+jwt".to_owned()),
        |it| it.typ = Some("application/at+JWT".to_owned()),
    ];
    for change in good {
        assert_eq!(code(&verifier, &with(change)).await, Code::Ok);
    }
    let bad: [fn(&mut Header); 5] = [
        |it| it.typ = Some("logout+jwt".to_owned()),
        |it| it.typ = Some("dpop+jwt".to_owned()),
        |it| it.typ = Some(String::new()),
        |it| it.crit = Some(vec!["exp".to_owned()]),
        |it| it.crit = Some(vec![]),
    ];
    for change in bad {
        assert_eq!(code(&verifier, &with(change)).await, Code::Unauthenticated);
    }
}

#[tokio::test]
async fn roles_and_institutions_stand_where_the_issuer_puts_them() {
    let key = elliptic();
    let issuer = Issuer::start(json!({"keys": [jwk("e", &key, Algorithm::ES256)]})).await;
    let expected = Expected {
        roles: "realm_access.roles".to_owned(),
        institutions: "https://uni.example/institutions".to_owned(),
        ..issuer.expected()
    };
    let verifier = Verifier::discover(expected).await.unwrap();
    let mut claims = issuer.claims();
    claims["roles"] = json!(["operator"]);
    claims["realm_access"] = json!({"roles": ["staff", "offline_access"]});
    claims["https://uni.example/institutions"] = json!(["uni-a", ""]);
    let caller = verifier.verify(&signed(Algorithm::ES256, Some("e"), &key, &claims)).await.unwrap();
    assert_eq!(caller.roles, ["staff", "offline_access"], "and not what stands under the usual name");
    assert_eq!(caller.institutions, ["uni-a"], "an institution without a name is everybody's");
    claims["realm_access"] = json!({"roles": "staff mentor"});
    let caller = verifier.verify(&signed(Algorithm::ES256, Some("e"), &key, &claims)).await.unwrap();
    assert_eq!(caller.roles, ["staff", "mentor"]);
    claims["realm_access"] = json!({"roles": [{"name": "staff"}]});
    assert_eq!(code(&verifier, &signed(Algorithm::ES256, Some("e"), &key, &claims)).await, Code::Unauthenticated);
}
