//! Callers with tokens of an OpenID Connect provider that others wrote.

use super::{
    server::{Running, by, start_for},
    tokens::{in_an_hour, signed},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args as _, FromArgMatches as _};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use studium_kit::{Config, DevelopmentIssuer, Verifier};
use studium_proto::admin::v1::TraceRequest;
use tonic::{Code, Status};

/// Where the provider and its packages are, with Node.js on the path; the test plays only if somebody says.
const OIDC: &str = "STUDIUM_TEST_OIDC";

/// The provider's one client and its secret, as a header says them.
const CLIENT: &str = "registry:a-secret-of-this-test-only";

struct Provider {
    child: Child,
    hears: ChildStdin,
    says: std::io::Lines<BufReader<ChildStdout>>,
    url: String,
}

impl Provider {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new("node");
        command.arg(folder.join("provider.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let hears = child.stdin.take().unwrap();
        let mut says = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&says.next().expect("it starts").unwrap()).unwrap();
        Self { child, hears, says, url: first["issuer"].as_str().unwrap().to_owned() }
    }

    fn asked(&mut self, question: &Value) -> Value {
        writeln!(self.hears, "{question}").unwrap();
        serde_json::from_str(&self.says.next().expect("it answers").unwrap()).unwrap()
    }

    /// A token that it gives its client, as to anybody.
    async fn gives(&self, resource: &str) -> String {
        let basic = base64::engine::general_purpose::STANDARD.encode(CLIENT);
        let asked = reqwest::Client::new()
            .post(format!("{}/token", self.url))
            .header("authorization", format!("Basic {basic}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("grant_type=client_credentials&resource={resource}"));
        let answer: Value = asked.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// A token that it would not give, under its own key.
    fn signs(&mut self, header: &Value, claims: &Value) -> String {
        self.asked(&json!({"sign": claims, "header": header}))["token"].as_str().unwrap().to_owned()
    }

    fn claims(&self) -> Value {
        json!({"iss": self.url, "aud": "studium", "sub": "registry", "exp": in_an_hour(),
            "realm_access": {"roles": ["staff"]}, "https://uni.example/institutions": ["uni-a"]})
    }

    /// What the service is told, as somebody who runs it would.
    async fn verifier(&self, issuer: &str) -> Verifier {
        let flags = ["x", "--store", "sqlite:x.db", "--issuer", issuer, "--roles-claim", "realm_access.roles"];
        let flags = flags.into_iter().chain(["--institutions-claim", "https://uni.example/institutions"]);
        let matches = Config::augment_args(clap::Command::new("x")).try_get_matches_from(flags).unwrap();
        Config::from_arg_matches(&matches).unwrap().verifier().await.unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks for what is only for staff of `institution`.
async fn asks(service: &Running, token: &str, institution: &str) -> Result<String, Status> {
    let question = TraceRequest { correlation_id: institution.to_owned() };
    let answer = service.client().await.trace(by(token, question)).await?;
    Ok(answer.into_inner().commits.remove(0).subject)
}

async fn refused(service: &Running, token: &str, why: &str) {
    let status = asks(service, token, "uni-a").await.expect_err(why);
    assert_eq!(status.code(), Code::Unauthenticated, "{why}: {status:?}");
    assert!(status.message().contains(why), "{why}: {status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_provider_says_who_calls() {
    let Some(folder) = env::var_os(OIDC).map(PathBuf::from) else {
        eprintln!("skipped: {OIDC} does not say where oidc-provider is; `.ci/run strangers` does");
        return;
    };
    let mut provider = Provider::start(&folder);
    let home = tempfile::tempdir().unwrap();
    let development = DevelopmentIssuer::load_or_create(&home.path().join("issuer.pk8")).unwrap();
    let verifier = provider.verifier(&provider.url).await;
    let service = start_for(home, development, verifier).await;

    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let token = provider.gives(&format!("urn:studium:{algorithm}")).await;
        assert_eq!(asks(&service, &token, "uni-a").await.unwrap(), "uni-a", "{algorithm}");
        assert_eq!(asks(&service, &token, "uni-b").await.unwrap_err().code(), Code::PermissionDenied);
    }
    refused(&service, &provider.gives("urn:other").await, "InvalidAudience").await;
    refused(&service, &service.token("ann", &["staff"], &["uni-a"]), "does not publish").await;
    what_it_would_not_sign_is_refused(&mut provider, &service).await;
    what_somebody_else_made_is_refused(&provider, &service).await;

    // Nobody is asked again for a while about keys that nobody knows; from here on the service has just started.
    let home = tempfile::tempdir().unwrap();
    let development = DevelopmentIssuer::load_or_create(&home.path().join("issuer.pk8")).unwrap();
    let verifier = provider.verifier(&provider.url).await;
    let service = start_for(home, development, verifier).await;
    let old = provider.gives("urn:studium:RS256").await;
    assert_eq!(asks(&service, &old, "uni-a").await.unwrap(), "uni-a");
    provider.asked(&json!({"rotate": true}));
    let new = provider.gives("urn:studium:RS256").await;
    assert_eq!(asks(&service, &new, "uni-a").await.unwrap(), "uni-a");
    refused(&service, &old, "does not publish").await;

    // Another name for the same host is another issuer.
    let stranger = provider.verifier(&provider.url.replace("127.0.0.1", "localhost")).await;
    assert!(!stranger.is_ready());
    assert_eq!(stranger.verify(&new).await.unwrap_err().code(), Code::Unavailable);
    let other = Provider::start(&folder);
    refused(&service, &other.gives("urn:studium:ES256").await, "").await;
}

async fn what_it_would_not_sign_is_refused(provider: &mut Provider, service: &Running) {
    let header = json!({"alg": "ES256", "typ": "at+jwt"});
    let good = provider.signs(&header, &provider.claims());
    assert_eq!(asks(service, &good, "uni-a").await.unwrap(), "uni-a");
    for (name, value, why) in [
        ("iss", json!("https://another.example"), "InvalidIssuer"),
        ("iss", Value::Null, ""),
        ("aud", json!("another"), "InvalidAudience"),
        ("aud", Value::Null, ""),
        ("exp", json!(in_an_hour() - 3600 - 6), "ExpiredSignature"),
        ("exp", Value::Null, ""),
        ("nbf", json!(in_an_hour() - 3600 + 60), "ImmatureSignature"),
        ("sub", json!("policy:promote"), "empty or reserved"),
        ("realm_access", json!({"roles": 7}), "no list of texts"),
    ] {
        let mut claims = provider.claims();
        claims[name] = value;
        if claims[name].is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
        refused(service, &provider.signs(&header, &claims), why).await;
    }
    let logout = json!({"alg": "ES256", "typ": "logout+jwt"});
    refused(service, &provider.signs(&logout, &provider.claims()), "its `typ`").await;
    // A clock that is a little behind.
    let mut claims = provider.claims();
    claims["exp"] = json!(in_an_hour() - 3600 - 1);
    assert_eq!(asks(service, &provider.signs(&header, &claims), "uni-a").await.unwrap(), "uni-a");
}

async fn what_somebody_else_made_is_refused(provider: &Provider, service: &Running) {
    let good = provider.gives("urn:studium:RS256").await;
    let parts: Vec<_> = good.split('.').collect();
    let claims = URL_SAFE_NO_PAD.encode(provider.claims().to_string());
    refused(service, &format!("{}.{claims}.{}", parts[0], parts[2]), "InvalidSignature").await;
    for none in [r#"{"alg":"none"}"#, r#"{"alg":"none","kid":"RS256-1"}"#, r#"{"alg":"RS256","kid":"RS256-1"}"#] {
        refused(service, &format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(none)), "").await;
    }
    // The public key as a shared secret, in the forms in which a careless verifier would hold it.
    let published: Value = reqwest::get(format!("{}/jwks", provider.url)).await.unwrap().json().await.unwrap();
    let key = published["keys"].as_array().unwrap().iter().find(|it| it["kid"] == "RS256-1").unwrap();
    let modulus = key["n"].as_str().unwrap();
    for secret in [modulus.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(modulus).unwrap(), key.to_string().into_bytes()]
    {
        let secret = EncodingKey::from_secret(&secret);
        let forged = signed(Algorithm::HS256, Some("RS256-1"), &secret, &provider.claims());
        refused(service, &forged, "InvalidAlgorithm").await;
        let unknown = signed(Algorithm::HS256, Some("RS256-9"), &secret, &provider.claims());
        refused(service, &unknown, "does not publish").await;
    }
}
