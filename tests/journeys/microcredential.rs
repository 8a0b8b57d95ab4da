//! A microcredential on a running platform: from the course that keeps the framework to what strangers make of it.

use crate::{microcredentials::Bureau, office::becomes, platform::World};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::PathBuf};
use studium_log::Durability;
use studium_proto::credentials::v1::{AwardScheme, CredentialState, RecognitionOutcome, StatusReason};
use studium_vc::{
    contexts::Contexts,
    did, jwt,
    keys::SigningKey,
    proof,
    reach::Reach,
    resolver::Fetched,
    status,
    verify::{self, CheckName, Finding, Outcome},
};

/// Under this name strangers know the platform; the test asks the port itself.
const URL: &str = "https://credentials.example";

/// Where the files go that other verifiers read; without it they are looked at here only.
const FOLDER: &str = "STUDIUM_TEST_STRANGERS";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_microcredential_is_earned_and_strangers_make_of_it_what_they_should() {
    let mut world = World::new(Durability::Disk);
    world.up_with(&[("STUDIUM_CREDENTIALS_URL", URL)]);
    let bureau = Bureau::open(&world).await;
    let achievement = bureau.set_up(&world).await;
    for learner in ["ada", "sue", "rob", "sam"] {
        bureau.passes(learner).await;
    }
    let name = |learner: &str, attempt: u32| format!("{achievement}~{learner}~{attempt}");
    let ada = bureau.becomes(&name("ada", 1), CredentialState::Active).await;
    assert_eq!(ada.credits[0].credits_milli, 5_000);
    for learner in ["sue", "rob", "sam"] {
        bureau.becomes(&name(learner, 1), CredentialState::Active).await;
    }
    bureau.suspend(&name("sue", 1)).await;
    bureau.revoke(&name("rob", 1)).await;
    bureau.reaward(&name("sam", 1)).await;
    bureau.becomes(&name("sue", 1), CredentialState::Suspended).await;
    let rob = bureau.becomes(&name("rob", 1), CredentialState::Revoked).await;
    assert_eq!(rob.status_reason(), StatusReason::AcademicMisconduct);
    bureau.becomes(&name("sam", 2), CredentialState::Active).await;
    bureau.becomes(&name("sam", 1), CredentialState::Superseded).await;
    let eve = bureau.issues_long_ago("eve").await;
    bureau.becomes(&eve, CredentialState::Active).await;
    bureau.is_withheld("ned").await;

    // Another university decides; its decision returns, and the credits with it, in its own scheme.
    assert_eq!(bureau.credits("ada", AwardScheme::Ects).await, 5_000);
    let id = bureau.is_recognised_in_korea("ada", &name("ada", 1)).await;
    let decided = bureau.recognition(&id).await;
    assert_eq!((decided.outcome(), decided.issuer_institution_id.as_str()), (RecognitionOutcome::Full, "ou"));
    assert_eq!(bureau.credits("ada", AwardScheme::KrAcbs).await, 3_000);
    assert_eq!(bureau.credits("ada", AwardScheme::Ects).await, 5_000, "nothing counts twice");
    assert_eq!(bureau.credits("rob", AwardScheme::Ects).await, 0, "a revocation takes the credits back");

    let mut kept = Kept::new();
    for (case, id) in [
        ("good", name("ada", 1)),
        ("suspended", name("sue", 1)),
        ("revoked", name("rob", 1)),
        ("superseded", name("sam", 1)),
        ("expired", eve),
    ] {
        kept.credential(&bureau, case, &id).await;
    }
    kept.tampered();
    kept.of_another_issuer();
    kept.lists_and_keys(&bureau, rob.index).await;
    kept.are_what_they_should_be();
    kept.write();
    let verified = world.run(&["log", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    world.down();
}

/// The issuer, as strangers know it.
fn issuer() -> String {
    format!("{}:issuers:ou", did::web(URL, Reach::Https).unwrap())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What the platform answered, for verifiers that ask nobody.
struct Kept {
    folder: PathBuf,
    /// Holds the folder for as long as it is needed.
    _scratch: Option<tempfile::TempDir>,
    documents: BTreeMap<String, String>,
    cases: Vec<Value>,
    good: (Value, String),
}

impl Kept {
    fn new() -> Self {
        let scratch = std::env::var_os(FOLDER).is_none().then(|| tempfile::tempdir().unwrap());
        let folder = match &scratch {
            Some(it) => it.path().to_owned(),
            None => std::env::var_os(FOLDER).unwrap().into(),
        };
        fs::create_dir_all(&folder).unwrap();
        Self {
            folder,
            _scratch: scratch,
            documents: BTreeMap::new(),
            cases: Vec::new(),
            good: (Value::Null, String::new()),
        }
    }

    fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.join(name), text).unwrap();
        name.to_owned()
    }

    fn case(&mut self, name: &str, json: &str, jwt: &str, genuine: bool) {
        let case = json!({
            "name": name,
            "json": self.file(&format!("{name}.json"), json),
            "jwt": self.file(&format!("{name}.jwt"), jwt),
            "issuer": issuer(),
            "now": jiff::Timestamp::now().to_string(),
            "genuine": genuine,
            "expired": name == "expired",
            "accepted": genuine && name != "expired",
            "revoked": name == "revoked",
        });
        self.cases.push(case);
    }

    /// A credential in both forms, as anyone gets it under its address.
    async fn credential(&mut self, bureau: &Bureau, case: &str, id: &str) {
        let url = bureau.credential(id).await.unwrap().url;
        let json = bureau.finds(url.strip_prefix(URL).unwrap()).await;
        let token = bureau.finds(&format!("{}/jwt", url.strip_prefix(URL).unwrap())).await;
        if case == "good" {
            self.good = (serde_json::from_str(&json).unwrap(), token.clone());
        }
        self.case(case, &json, &token, true);
    }

    /// More credits than were earned, and a token of which one letter of the signature is another.
    fn tampered(&mut self) {
        let (mut json, token) = self.good.clone();
        json["credentialSubject"]["creditsEarned"] = json!(50.0);
        let (head, tail) = token.split_at(token.len() - 10);
        let other = if tail.starts_with('A') { "B" } else { "A" };
        self.case("tampered", &json.to_string(), &format!("{head}{other}{}", &tail[1..]), false);
    }

    /// Signed well, but with a key that is not the issuer's.
    fn of_another_issuer(&mut self) {
        let key = SigningKey::from_seed(&[9; 32]).unwrap();
        let method = did::method_id(&key.verifying_key().did_key(), &key.verifying_key());
        let mut document = self.good.0.clone();
        document.as_object_mut().unwrap().remove("proof");
        let json = proof::add(&document, &key, &method, 1_767_225_600_000, Contexts::embedded()).unwrap();
        let token = jwt::sign(&document, &key, &method).unwrap();
        self.case("wrong-issuer", &json.to_string(), &token, false);
    }

    /// The issuer's keys and its status list, once the list says that the credential with this bit was revoked.
    async fn lists_and_keys(&mut self, bureau: &Bureau, revoked: u32) {
        let list = async || bureau.finds("/issuers/ou/status/1").await;
        becomes(list, |it| status::read_list(&parsed(it)).unwrap().1.get(revoked as usize).unwrap()).await;
        for (path, name) in [
            ("/issuers/ou/did.json", "did.json"),
            ("/issuers/ou/status/1", "list.json"),
            ("/issuers/ou/status/1/jwt", "list.jwt"),
        ] {
            let text = bureau.finds(path).await;
            let file = self.file(name, &text);
            self.documents.insert(format!("{URL}{path}"), file);
        }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    /// Checks every case in both forms with the platform's own verifier, which finds nothing but what was kept.
    fn are_what_they_should_be(&self) {
        let did = issuer();
        let keys = &self.documents[&did::web_document_url(&did, Reach::Https).unwrap()];
        let keys = did::Document::read(&did, &parsed(&self.read(keys))).unwrap();
        let status_lists = self.documents.iter().map(|(url, file)| (url.clone(), self.read(file))).collect();
        let kept = Fetched { documents: BTreeMap::from([(did, keys)]), status_lists };
        for case in &self.cases {
            let is = |what: &str| case[what].as_bool().unwrap();
            let now: jiff::Timestamp = case["now"].as_str().unwrap().parse().unwrap();
            for form in ["json", "jwt"] {
                let text = self.read(case[form].as_str().unwrap());
                let report = verify::credential(&text, &kept, now.as_millisecond(), Contexts::embedded());
                let found = |name: CheckName, finding: Finding| report.findings(name).contains(&finding);
                let signed = found(CheckName::Proof, Finding::Sound) && found(CheckName::IssuerKey, Finding::Sound);
                assert_eq!(signed, is("genuine"), "{form} of {case}: {report:?}");
                assert_eq!(found(CheckName::ValidityPeriod, Finding::Expired), is("expired"), "{form} of {case}");
                assert_eq!(found(CheckName::Status, Finding::Revoked), is("revoked"), "{form} of {case}: {report:?}");
                let holds = is("accepted") && !is("revoked");
                assert_eq!(report.outcome() == Outcome::Ok, holds, "{form} of {case}: {report:?}");
            }
        }
    }

    fn write(&self) {
        let index = json!({"documents": self.documents, "cases": self.cases});
        self.file("index.json", &serde_json::to_string_pretty(&index).unwrap());
        assert_eq!(self.cases.len(), 7);
    }
}
