//! The scripts that partners are given, run by Python against the service: what they read, what they prove, what they find.

use crate::{
    copy::{hex, sha256},
    desk::{Desk, partner_key},
    examples::{feeds, heard},
    term::{PARTNER, Term},
};
use serde_json::Value;
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use studium_proto::partner::v1::{GetDigestRequest, GetFeedRequest};

/// Where Python finds grpcio, its tools and cryptography; not set = nothing is run. `.ci/run strangers` sets it.
const PYTHON: &str = "STUDIUM_TEST_PARTNER_PYTHON";

struct Partner<'a> {
    desk: &'a Desk,
    folder: PathBuf,
    python_path: OsString,
}

impl Partner<'_> {
    /// Runs a script as the guide says it is run.
    fn runs(&self, script: &str, arguments: &[&str]) -> Output {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/partner").join(script);
        let mut command = Command::new("python3");
        command.arg(script).args(arguments).current_dir(&self.folder).env("PYTHONPATH", &self.python_path);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PARTNER_TOKEN", self.desk.house.token("partner-1", &["partner"], &[PARTNER]));
        tokio::task::block_in_place(|| command.output()).unwrap()
    }

    fn finds_nothing(&self, script: &str, arguments: &[&str]) -> String {
        let out = self.runs(script, arguments);
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "{script} {arguments:?}: {said}");
        said
    }

    /// Exit code 1, and these words.
    fn finds(&self, words: &str, script: &str, arguments: &[&str]) {
        let out = self.runs(script, arguments);
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(1), "{script} {arguments:?}: {said}");
        assert!(said.contains(words), "{script} {arguments:?} should say `{words}`: {said}");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn writes(&self, name: &str, events: &[String]) {
        fs::write(self.file(name), events.join("\n") + "\n").unwrap();
    }

    /// How far the script has said that it is.
    async fn acknowledged(&self) -> u64 {
        let request = GetFeedRequest { institution_id: PARTNER.to_owned(), min_position: 0 };
        let feed = feeds(self.desk).await.get_feed(request).await.unwrap().into_inner().feed.unwrap();
        feed.readers[0].acknowledged_position
    }

    async fn root(&self) -> String {
        let institution_id = PARTNER.to_owned();
        let (mut feeds, min_position) = (feeds(self.desk).await, self.desk.head().await);
        feeds.get_feed(GetFeedRequest { institution_id: institution_id.clone(), min_position }).await.unwrap();
        feeds.get_digest(GetDigestRequest { institution_id }).await.unwrap().into_inner().root
    }
}

pub async fn the_scripts_for_partners_find_every_fault(desk: Desk) {
    let Some(installed) = env::var_os(PYTHON) else {
        eprintln!("skipped: {PYTHON} does not say where grpcio is");
        return;
    };
    let folder = desk.house.folder();
    let stubs = stubs(&folder, &installed);
    let python_path = env::join_paths([stubs, installed.into()]).unwrap();
    let partner = Partner { desk: &desk, folder, python_path };
    Term::play(&desk).await;
    let told = heard(&desk).await;
    let address = format!("http://{}", desk.running.address);
    let subscribe = [address.as_str(), PARTNER, "events.jsonl", "--once"];
    partner.finds_nothing("subscribe.py", &subscribe);
    let kept = || -> Vec<String> {
        fs::read_to_string(partner.file("events.jsonl")).unwrap().lines().map(str::to_owned).collect()
    };
    assert_eq!(kept(), told);

    // A crash in the middle of a line; what is half comes again, and then what is new.
    fs::write(partner.file("events.jsonl"), told.join("\n")).unwrap();
    desk.enrol("statistics-spring", "zoe").await.unwrap();
    let root = partner.root().await;
    partner.finds_nothing("subscribe.py", &subscribe);
    let kept = kept();
    assert_eq!((&kept[..told.len()], kept.len()), (&told[..], told.len() + 1));
    assert_eq!(partner.acknowledged().await, kept.len() as u64);
    let said = partner.finds_nothing("digest.py", &["events.jsonl", "--root", &root]);
    assert!(said.contains(&format!("{} events", kept.len())) && said.contains(&root), "{said}");
    assert!(partner.finds_nothing("difference.py", &subscribe[..3]).contains("0 records differ"));
    looks_up(&partner, &kept, &address);
    twice_and_in_another_order(&partner, &kept, &root);
    faults_of_events(&partner, &kept, &root);
    faults_of_a_copy(&partner, &kept, &address);
    faults_of_signatures(&partner, &kept);
}

fn stubs(folder: &Path, installed: &OsString) -> PathBuf {
    let (stubs, proto) = (folder.join("stubs"), PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../proto"));
    fs::create_dir_all(&stubs).unwrap();
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", installed).args(["-m", "grpc_tools.protoc"]);
    for (option, it) in [("-I", &proto), ("--python_out=", &stubs), ("--grpc_python_out=", &stubs)] {
        command.arg(format!("{option}{}", it.display()));
    }
    let protos = ["options/v1/options.proto", "partner/v1/feed.proto", "partner/v1/service.proto"];
    command.args(protos.map(|it| format!("studium/{it}")));
    let out = tokio::task::block_in_place(|| command.output()).unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    stubs
}

/// Webhooks may bring an event twice, one subject before another, and a test: that is no fault.
fn twice_and_in_another_order(partner: &Partner<'_>, kept: &[String], root: &str) {
    let mut events: Vec<String> = kept.iter().rev().cloned().collect();
    events.push(kept[3].clone());
    events.push(r#"{"specversion":"1.0","type":"org.studium.partner.webhook.test.v1","subject":"sis"}"#.to_owned());
    partner.writes("webhooks.jsonl", &events);
    partner.finds_nothing("digest.py", &["webhooks.jsonl", "--root", root]);
}

/// What consent covers and no event holds.
fn looks_up(partner: &Partner<'_>, kept: &[String], address: &str) {
    let asked = ["statistics-spring~ada", "statistics-spring~ben", "statistics-spring~hal", "physics-elsewhere~ivy"];
    let said = partner.finds_nothing("records.py", &[&[address, PARTNER][..], &asked[..]].concat());
    let found: Vec<Value> = said.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let told = |it: &Value| {
        let text = |member: &str| it[member].as_str().unwrap_or_default().to_owned();
        (text("name"), text("email"))
    };
    let told: Vec<_> = found.iter().map(told).collect();
    let expected = [("Ada Example", "ada@work.example"), ("Ben Example", ""), ("", "")];
    assert_eq!(told, expected.map(|(name, email)| (name.to_owned(), email.to_owned())), "{said}");
    assert!(!kept.concat().contains("Example") && !kept.concat().contains('@'), "an event says who somebody is");
}

fn faults_of_events(partner: &Partner<'_>, kept: &[String], root: &str) {
    let check = |words: &str, events: Vec<String>| {
        partner.writes("faulty.jsonl", &events);
        partner.finds(words, "digest.py", &["faulty.jsonl", "--root", root]);
    };
    let without = |n: usize| [&kept[..n], &kept[n + 1..]].concat();
    check("event 5 is missing", without(4));
    check("not what the platform has", without(kept.len() - 1));
    // The second event is followed by others on its subject, which carry its hash.
    let mut changed = kept.to_vec();
    changed[1] = changed[1].replace("CONSENT_SCOPE_NAME", "CONSENT_SCOPE_NONE");
    check("does not follow the one before", changed);
    // The last of a subject: nothing follows, but a digest did.
    let hal = kept.iter().rposition(|it| it.contains("statistics-spring~hal")).unwrap();
    let mut changed = kept.to_vec();
    changed[hal] = changed[hal].replace("_FAILED", "_ACTIVE");
    check("the copy was not what it had to be", changed);
    // A forged event with the right number and hash: only the root tells.
    let last: Value = serde_json::from_str(&kept[kept.len() - 1]).unwrap();
    let mut forged = last.clone();
    forged["sequence"] = format!("{:020}", kept.len() + 1).into();
    forged["subjectversion"] = 2.into();
    forged["previoushash"] = hex(&sha256(kept[kept.len() - 1].as_bytes())).into();
    forged["data"]["enrolment"]["state"] = "ENROLMENT_STATE_COMPLETED".into();
    check("not what the platform has", [kept, &[forged.to_string()]].concat());
    // Another in the place of one.
    forged["sequence"] = last["sequence"].clone();
    check(&format!("there are two events {}", kept.len()), [kept, &[forged.to_string()]].concat());
}

fn faults_of_a_copy(partner: &Partner<'_>, kept: &[String], address: &str) {
    let without_the_last = &kept[..kept.len() - 1];
    partner.writes("behind.jsonl", without_the_last);
    let zoe = "\"enrolmentId\":\"statistics-spring~zoe\"";
    partner.finds(zoe, "difference.py", &[address, PARTNER, "behind.jsonl"]);
    let ghost = kept[kept.len() - 1].replace("~zoe", "~ghost");
    let next = format!("{:020}", kept.len() + 1);
    let ghost = ghost.replace(&format!("{:020}", kept.len()), &next);
    partner.writes("surplus.jsonl", &[kept, &[ghost]].concat());
    let surplus = "{\"surplusEnrolmentId\": \"statistics-spring~ghost\"}";
    partner.finds(surplus, "difference.py", &[address, PARTNER, "surplus.jsonl"]);
}

fn faults_of_signatures(partner: &Partner<'_>, kept: &[String]) {
    fs::write(partner.file("jwks.json"), partner_key().jwks().to_string()).unwrap();
    let said = partner.finds_nothing("signature.py", &["jwks.json", "events.jsonl"]);
    assert!(said.contains("1 digests, 0 wrong"), "{said}");
    let published = kept.iter().position(|it| it.contains("digest.published")).unwrap();
    let digest: Value = serde_json::from_str(&kept[published]).unwrap();
    let check = |words: &str, from: &str, to: &str| {
        let changed = kept[published].replace(from, to);
        assert_ne!(changed, kept[published]);
        partner.writes("faulty.jsonl", &[changed]);
        partner.finds(words, "signature.py", &["jwks.json", "faulty.jsonl"]);
    };
    check("something else was signed", digest["data"]["root"].as_str().unwrap(), &"0".repeat(64));
    let jws = digest["data"]["jws"].as_str().unwrap();
    let (input, signature) = jws.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    check("the signature does not fit", jws, &format!("{input}.{other}{}", &signature[1..]));
    let other = studium_enrolment::PartnerKey::read("//////////////////////////////////////////8=").unwrap();
    fs::write(partner.file("jwks.json"), other.jwks().to_string()).unwrap();
    partner.finds("a key that is not the platform's", "signature.py", &["jwks.json", "events.jsonl"]);
}
