//! The VC-API as conformance suites ask it, and that it is closed unless somebody opens it.

use crate::desk::{Desk, settings};
use serde_json::{Value, json};
use studium_credentials::Settings;
use studium_proto::credentials::v1::CredentialState;

const ADA: &str = "course~AAA~1~ada~1";

async fn posts(desk: &Desk, path: &str, body: String) -> (u16, Value) {
    let url = format!("http://{}{path}", desk.running.address);
    let answer = reqwest::Client::new().post(url).header("content-type", "application/json").body(body).send().await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

fn unsigned() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": "did:web:credentials.example:issuers:ou",
        "credentialSubject": {"id": "did:example:ada"}
    })
}

pub async fn it_is_closed_unless_somebody_opens_it(desk: Desk) {
    for path in ["/credentials/issue", "/credentials/verify", "/presentations/verify"] {
        let (status, _) = posts(&desk, path, json!({ "credential": unsigned() }).to_string()).await;
        assert!([404, 405].contains(&status), "{path}: {status}");
    }
}

pub async fn it_signs_with_a_key_of_its_own_and_checks(desk: Desk) {
    let desk = desk.start_with(Settings { vc_api: true, ..settings() }).await;
    let (status, told) =
        posts(&desk, "/credentials/issue", json!({"credential": unsigned(), "options": {}}).to_string()).await;
    assert_eq!(status, 201, "{told}");
    let signed = told["verifiableCredential"].clone();
    assert!(signed["issuer"].as_str().unwrap().starts_with("did:key:z6Mk"), "{signed}");
    let (status, told) =
        posts(&desk, "/credentials/verify", json!({ "verifiableCredential": signed }).to_string()).await;
    assert_eq!((status, &told["verified"]), (200, &json!(true)), "{told}");
    let presentation = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [signed.clone()],
    });
    let (status, told) =
        posts(&desk, "/presentations/verify", json!({ "verifiablePresentation": presentation }).to_string()).await;
    assert_eq!(status, 200, "{told}");

    let mut tampered = signed;
    tampered["credentialSubject"]["id"] = "did:example:eve".into();
    let (status, told) =
        posts(&desk, "/credentials/verify", json!({ "verifiableCredential": tampered }).to_string()).await;
    assert_eq!((status, &told["verified"]), (400, &json!(false)), "{told}");
    assert!(!told["errors"].as_array().unwrap().is_empty());
    let presentation = json!({"type": "VerifiablePresentation", "verifiableCredential": tampered});
    let (status, told) =
        posts(&desk, "/presentations/verify", json!({ "verifiablePresentation": presentation }).to_string()).await;
    assert_eq!((status, told["errors"].as_array().unwrap().len()), (400, 2), "{told}");

    for body in ["", "[]", "{}", "{\"credential\": 1}", "{\"credential\": {}}"] {
        assert_eq!(posts(&desk, "/credentials/issue", body.to_owned()).await.0, 400, "{body}");
    }
    let long = format!("{{\"credential\": \"{}\"}}", "x".repeat(600_000));
    assert_eq!(posts(&desk, "/credentials/issue", long).await.0, 413);
}

pub async fn it_checks_what_the_service_itself_issued(desk: Desk) {
    let desk = desk.start_with(Settings { vc_api: true, ..settings() }).await;
    desk.that_issues().await;
    desk.passes("ada").await;
    let shown = desk.becomes(ADA, CredentialState::Active).await;
    for form in ["application/vc+ld+json", "application/vc+jwt"] {
        let (_, _, text) = desk.finds(&shown.url, &[("accept", form)]).await;
        let credential: Value = serde_json::from_str(&text).unwrap_or_else(|_| text.clone().into());
        let (status, told) =
            posts(&desk, "/credentials/verify", json!({ "verifiableCredential": credential }).to_string()).await;
        assert_eq!(status, 200, "{form}: {told}");
    }
}
