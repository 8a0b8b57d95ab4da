//! The examples for partners: what the service tells of a term, with ids and times made the same in every run.

use crate::{
    copy::{hex, sha256},
    desk::{DAY, Desk, partner_key},
    term::{PARTNER, Term},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
    time::Duration,
};
use studium_enrolment::{PARTNER_EVENTS, Tree};
use studium_proto::Timestamp;
use studium_proto::partner::v1::{
    GetFeedRequest, OpenFeedRequest, SubscribeRequest, partner_feed_service_client::PartnerFeedServiceClient,
};
use studium_testkit::Caller;
use uuid::Uuid;

/// Set to 1 to write the examples anew.
const ACCEPT: &str = "STUDIUM_TEST_ACCEPT_GOLDEN";

/// The moment at which the examples were written, 2026-06-01T09:00:00Z, and the day that was over by then.
const WRITTEN_S: i64 = 1_780_304_400;
const MIDNIGHT: &str = "2026-06-01T00:00:00Z";
const DAY_BEFORE: &str = "2026-05-31";

/// Namespace of the ids of events in the examples.
const EXAMPLES: Uuid = Uuid::from_u128(0x6578_616d_706c_6573);

const PUBLISHED: &str = "org.studium.partner.digest.published.v1";

pub async fn the_examples_for_partners_are_what_the_service_tells(desk: Desk) {
    Term::play(&desk).await;
    let mut stable = Stable::of(&desk);
    let history: Vec<String> = heard(&desk).await.iter().map(|it| stable.event(it)).collect();
    let mut files = BTreeMap::from([
        ("history.jsonl".to_owned(), history.join("\n") + "\n"),
        ("jwks.json".to_owned(), pretty(&partner_key().jwks().to_string())),
    ]);
    for (kind, _) in PARTNER_EVENTS {
        let short = kind.trim_start_matches("org.studium.partner.").trim_end_matches(".v1");
        let first = history.iter().find(|it| it.contains(&format!("\"type\":\"{kind}\"")));
        let first = first.unwrap_or_else(|| panic!("nothing in the term is told as `{kind}`"));
        files.insert(format!("{short}.json"), pretty(first));
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/partner/examples");
    for (name, text) in files {
        if std::env::var(ACCEPT).as_deref() == Ok("1") {
            fs::write(folder.join(&name), &text).unwrap();
        }
        let there = fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(
            there == text,
            "docs/partner/examples/{name} is not what the service tells now:\n{text}\nwrite it with {ACCEPT}=1"
        );
    }
}

/// Everything that the partner is told up to the digest of the day before; the feed is opened at its end.
pub async fn heard(desk: &Desk) -> Vec<String> {
    let mut feeds = feeds(desk).await;
    let request = OpenFeedRequest { institution_id: PARTNER.into(), at_ms: desk.now - DAY };
    feeds.open_feed(request).await.unwrap();
    for _ in 0..400 {
        let events = history(&mut feeds, desk.head().await).await;
        if let Some(end) = events.iter().position(|it| it.contains(PUBLISHED)) {
            return events[..=end].to_vec();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no digest came");
}

pub async fn feeds(desk: &Desk) -> PartnerFeedServiceClient<Caller> {
    PartnerFeedServiceClient::new(desk.house.registrar(&desk.running).await.unwrap())
}

/// All events that there are when the feed has been told of a position.
async fn history(feeds: &mut PartnerFeedServiceClient<Caller>, min_position: u64) -> Vec<String> {
    feeds.get_feed(GetFeedRequest { institution_id: PARTNER.into(), min_position }).await.unwrap();
    let request =
        SubscribeRequest { institution_id: PARTNER.into(), only_history: true, ..SubscribeRequest::default() };
    let mut answers = feeds.subscribe(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    while let Some(it) = answers.message().await.unwrap() {
        events.push(it.event);
    }
    events
}

/// Gives what differs from run to run the same text in every run. What depends on it is made anew: hashes, digests.
struct Stable {
    now_s: i64,
    /// Correlation ids by what they were.
    correlations: HashMap<String, String>,
    /// Hash of the last event of each subject.
    tips: HashMap<String, String>,
    copy: Tree,
}

impl Stable {
    fn of(desk: &Desk) -> Self {
        let (correlations, tips) = Default::default();
        Self { now_s: desk.now / 1000, correlations, tips, copy: Tree::default() }
    }

    fn event(&mut self, raw: &str) -> String {
        let event: Value = serde_json::from_str(raw).unwrap();
        let (text, subject) = (|name: &str| event[name].as_str().unwrap_or_default(), event["subject"].to_string());
        let mut out = raw.to_owned();
        let mut put = |name: &str, new: &str| {
            out = out.replace(&format!("\"{name}\":\"{}\"", text(name)), &format!("\"{name}\":\"{new}\""));
        };
        put("id", &Uuid::new_v5(&EXAMPLES, text("sequence").as_bytes()).to_string());
        let next = format!("request-{}", self.correlations.len() + 1);
        put("correlationid", self.correlations.entry(text("correlationid").to_owned()).or_insert(next));
        if let Some(hash) = self.tips.get(&subject) {
            put("previoushash", hash);
        }
        let time = if event["type"] == PUBLISHED { MIDNIGHT.to_owned() } else { self.time(text("time")) };
        put("time", &time);
        // As if the platform had recorded everything when it happened.
        put("recordedtime", &time);
        if event["type"] == PUBLISHED {
            out = out.replace(&event["data"].to_string(), &self.digest().to_string());
            assert!(out.contains(DAY_BEFORE));
        }
        let data = &event["data"]["enrolment"];
        for name in ["requestedAt", "activeAt", "endedAt"] {
            if let Some(it) = data[name].as_str() {
                out = out.replace(&format!("\"{name}\":\"{it}\""), &format!("\"{name}\":\"{}\"", self.time(it)));
            }
        }
        self.tips.insert(subject, hex(&sha256(out.as_bytes())));
        self.copy.take(&serde_json::from_str(&out).unwrap());
        out
    }

    /// As far from the moment of writing as it was from now, to the hour: whatever runs now, runs within seconds.
    fn time(&self, text: &str) -> String {
        let at: Timestamp = text.parse().unwrap();
        let hours = (at.seconds - self.now_s + 1_800).div_euclid(3_600);
        Timestamp { seconds: WRITTEN_S + hours * 3_600, nanos: 0 }.to_string()
    }

    /// The digest of the copy as it is here, signed with the key that everybody knows.
    fn digest(&self) -> Value {
        let (count, root) = (self.copy.count(), self.copy.root());
        let signer = partner_key().digest_signer().unwrap();
        let part = |it: &Value| BASE64.encode(it.to_string());
        let header = json!({"alg": "EdDSA", "kid": signer.kid, "typ": "JWT"});
        let claims = json!({"sub": PARTNER, "date": DAY_BEFORE, "count": count, "root": root});
        let input = format!("{}.{}", part(&header), part(&claims));
        let jws = format!("{input}.{}", BASE64.encode(signer.sign(input.as_bytes())));
        json!({"institutionId": PARTNER, "date": DAY_BEFORE, "count": count.to_string(), "root": root, "jws": jws})
    }
}

/// The same document with line breaks; members stay in the order in which the service writes them.
fn pretty(raw: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    for c in raw.chars() {
        let was_quoted = quoted;
        quoted = if escaped { quoted } else { quoted ^ (c == '"') };
        escaped = c == '\\' && !escaped;
        match c {
            '}' | ']' if !was_quoted => {
                depth -= 1;
                line(&mut out, depth);
            }
            _ => {}
        }
        out.push(c);
        match c {
            '{' | '[' if !was_quoted => {
                depth += 1;
                line(&mut out, depth);
            }
            ',' if !was_quoted => line(&mut out, depth),
            ':' if !was_quoted => out.push(' '),
            _ => {}
        }
    }
    out + "\n"
}
