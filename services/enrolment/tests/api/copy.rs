//! A partner who keeps a copy of what it is told, and reckons by itself what it comes to.

use crate::desk::Desk;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;
use std::collections::BTreeMap;
use studium_proto::partner::v1::{
    DifferenceRequest, EnrolmentRecord, GetDigestRequest, GetDigestResponse, GetFeedRequest, GetRecordsRequest, Leaf,
    OpenFeedRequest, SubscribeRequest, difference_response::Difference,
    partner_feed_service_client::PartnerFeedServiceClient,
};
use studium_testkit::Caller;

/// A partner with a copy of its own.
pub struct Partner {
    pub institution: String,
    pub feeds: PartnerFeedServiceClient<Caller>,
    pub position: u64,
    pub events: Vec<Value>,
    pub raw: Vec<String>,
    pub copy: BTreeMap<String, Value>,
}

impl Partner {
    pub async fn of(desk: &Desk, institution: &str) -> Self {
        let caller = desk.house.call(&desk.running, "partner-1", &["partner"], &[institution]).await.unwrap();
        let feeds = PartnerFeedServiceClient::new(caller);
        let (events, raw, copy) = Default::default();
        Self { institution: institution.into(), feeds, position: 0, events, raw, copy }
    }

    pub async fn opens(desk: &Desk, institution: &str) -> Self {
        let mut partner = Self::of(desk, institution).await;
        let request = OpenFeedRequest { institution_id: institution.into(), at_ms: 0 };
        partner.feeds.open_feed(request).await.unwrap();
        partner
    }

    /// Waits until the feed was told of all that happened, and takes in what is new.
    pub async fn reads(&mut self, desk: &Desk) {
        let (institution_id, min_position) = (self.institution.clone(), desk.head().await);
        let feed = self.feeds.get_feed(GetFeedRequest { institution_id, min_position }).await.unwrap().into_inner();
        let written = feed.feed.unwrap().written_position;
        let request = SubscribeRequest {
            institution_id: self.institution.clone(),
            after_position: self.position,
            ..SubscribeRequest::default()
        };
        let mut events = self.feeds.subscribe(request).await.unwrap().into_inner();
        while self.position < written {
            let it = events.message().await.unwrap().unwrap();
            assert_eq!(it.position, self.position + 1);
            self.position = it.position;
            self.takes(it.event);
        }
    }

    /// Records as they are now.
    pub async fn looks_up(&mut self, desk: &Desk, enrolment_ids: &[&str]) -> Vec<EnrolmentRecord> {
        let request = GetRecordsRequest {
            institution_id: self.institution.clone(),
            enrolment_ids: enrolment_ids.iter().map(|it| (*it).to_owned()).collect(),
            min_position: desk.head().await,
        };
        self.feeds.get_records(request).await.unwrap().into_inner().records
    }

    /// Name and address of somebody in an enrolment, as they are now.
    pub async fn knows(&mut self, desk: &Desk, enrolment: &str) -> (String, String) {
        let record = self.looks_up(desk, &[enrolment]).await.pop().unwrap();
        (record.name, record.email)
    }

    fn takes(&mut self, raw: String) {
        let event: Value = serde_json::from_str(&raw).unwrap();
        if event["type"] != "org.studium.partner.digest.published.v1" {
            let subject = event["subject"].as_str().unwrap().to_owned();
            assert_eq!(event["data"]["enrolmentId"], *subject);
            match event["data"].get("enrolment") {
                Some(it) => drop(self.copy.insert(subject, it.clone())),
                None => drop(self.copy.remove(&subject)),
            }
        }
        self.events.push(event);
        self.raw.push(raw);
    }

    /// What happened to an enrolment, in short.
    pub fn heard(&self, subject: &str) -> Vec<&str> {
        let of_subject = self.events.iter().filter(|it| it["subject"] == subject);
        of_subject.map(|it| it["type"].as_str().unwrap().rsplit('.').nth(1).unwrap()).collect()
    }

    pub async fn digest(&mut self) -> GetDigestResponse {
        let request = GetDigestRequest { institution_id: self.institution.clone() };
        self.feeds.get_digest(request).await.unwrap().into_inner()
    }

    fn branches(&self) -> Vec<Vec<u8>> {
        let mut branches = vec![Vec::new(); 256];
        for (id, record) in &self.copy {
            branches[usize::from(sha256(id.as_bytes())[0])].extend(leaf(record));
        }
        branches.iter().map(|it| sha256(it)).collect()
    }

    pub fn root(&self) -> String {
        hex(&sha256(&self.branches().concat()))
    }

    pub async fn is_equal(&mut self) {
        let digest = self.digest().await;
        assert_eq!((digest.position, digest.count), (self.position, self.copy.len() as u64));
        assert_eq!(digest.root, self.root());
        assert_eq!(digest.branches, self.branches());
    }

    pub async fn differences(&mut self, leaves_of: Vec<u32>) -> Vec<Difference> {
        let leaves = self.copy.iter().map(|(id, it)| Leaf { enrolment_id: id.clone(), hash: leaf(it) });
        let is_asked = |it: &Leaf| leaves_of.contains(&u32::from(sha256(it.enrolment_id.as_bytes())[0]));
        let request = DifferenceRequest {
            institution_id: self.institution.clone(),
            branches: self.branches(),
            position: self.position,
            leaves: leaves.filter(is_asked).collect(),
            leaves_of,
        };
        let mut answers = self.feeds.difference(request).await.unwrap().into_inner();
        let mut all = Vec::new();
        while let Some(it) = answers.message().await.unwrap() {
            assert_eq!(it.position, self.position);
            all.push(it.difference.unwrap());
        }
        all
    }
}

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Members of objects are in order of name here, and nothing stands between the tokens: that is the canonical form.
fn leaf(record: &Value) -> Vec<u8> {
    let mut record = record.clone();
    for personal in ["externalIds", "name", "email"] {
        record.as_object_mut().unwrap().remove(personal);
    }
    sha256(record.to_string().as_bytes())
}
