//! A partner university whose learners let it see their names and addresses, and what its feed keeps of that.

use crate::world::World;
use studium_proto::{
    catalogue::v1::{RunOpened, RunScheduled, course_run_event},
    enrolment::v1::{
        ConsentScope, EnrolRequest, EnrolmentSource, GiveConsentRequest, LinkExternalIdRequest,
        enrolment_service_client::EnrolmentServiceClient, learner_service_client::LearnerServiceClient,
    },
    partner::v1::{
        GetFeedRequest, GetRecordsRequest, OpenFeedRequest, SubscribeRequest,
        partner_feed_service_client::PartnerFeedServiceClient,
    },
};
use studium_testkit::{Caller, Elsewhere};

const PARTNER: &str = "ou";
const RUN: &str = "run-of-ou";

/// The partner's own id for somebody: told to it, and kept in its feed.
pub fn own_id(learner: &str) -> String {
    format!("ou-4711-{learner}")
}

async fn feeds(world: &World) -> PartnerFeedServiceClient<Caller> {
    let enrolment = world.running("enrolment");
    let caller = world.house.call(enrolment, "sis", &["partner"], &[PARTNER]).await.unwrap();
    PartnerFeedServiceClient::new(caller)
}

/// Opens the feed, and a run of the partner's.
pub async fn opens(world: &World) {
    let request = OpenFeedRequest { institution_id: PARTNER.into(), at_ms: 0 };
    feeds(world).await.open_feed(request).await.unwrap();
    let (now, day) = (world.house.now_ms(), 24 * 3_600_000);
    let scheduled = RunScheduled {
        course_id: "course".into(),
        institution_id: PARTNER.into(),
        starts_at_ms: now - 10 * day,
        ends_at_ms: now + 10 * day,
        enrol_from_ms: now - 10 * day,
        enrol_until_ms: now + 10 * day,
        ..RunScheduled::default()
    };
    let opened = course_run_event::Event::RunOpened(RunOpened { course_version: 1 });
    let events = vec![course_run_event::Event::RunScheduled(scheduled), opened];
    Elsewhere::new(world.house.log().clone()).say(RUN, events).await;
}

/// Enrols somebody who is known already and lets the partner see who that is.
pub async fn gets(world: &World, learner: &str) {
    let mut people = LearnerServiceClient::new(world.call("enrolment").await);
    let (learner_id, institution_id) = (learner.to_owned(), PARTNER.to_owned());
    let (learner, institution) = (learner_id.clone(), institution_id.clone());
    let link = LinkExternalIdRequest {
        external_id: own_id(&learner),
        learner_id: learner,
        institution_id: institution,
        ..LinkExternalIdRequest::default()
    };
    people.link_external_id(link).await.unwrap();
    let enrol = EnrolRequest {
        run_id: RUN.into(),
        learner_id: learner_id.clone(),
        source: EnrolmentSource::Staff.into(),
        catalogue_position: world.house.log().head("catalogue").await.unwrap(),
        ..EnrolRequest::default()
    };
    EnrolmentServiceClient::new(world.call("enrolment").await).enrol(enrol).await.unwrap();
    let scopes = vec![ConsentScope::Name.into(), ConsentScope::Email.into()];
    let consent = GiveConsentRequest { learner_id, institution_id, scopes, ..GiveConsentRequest::default() };
    people.give_consent(consent).await.unwrap();
}

/// Everything that the partner was told of somebody.
pub async fn told(world: &World, learner: &str) -> Vec<String> {
    let mut feeds = feeds(world).await;
    let (institution_id, min_position) = (PARTNER.to_owned(), world.house.log().head("enrolment").await.unwrap());
    feeds.get_feed(GetFeedRequest { institution_id: institution_id.clone(), min_position }).await.unwrap();
    let all = SubscribeRequest { institution_id, only_history: true, ..SubscribeRequest::default() };
    let mut answers = feeds.subscribe(all).await.unwrap().into_inner();
    let (mut told, subject) = (Vec::new(), format!("\"subject\":\"{RUN}~{learner}\""));
    while let Some(it) = answers.message().await.unwrap() {
        if it.event.contains(&subject) {
            told.push(it.event);
        }
    }
    told
}

/// Name and address as the partner sees them when it looks somebody up.
pub async fn sees(world: &World, learner: &str) -> (String, String) {
    let request = GetRecordsRequest {
        institution_id: PARTNER.into(),
        enrolment_ids: vec![format!("{RUN}~{learner}")],
        min_position: world.house.log().head("enrolment").await.unwrap(),
    };
    let mut found = feeds(world).await.get_records(request).await.unwrap().into_inner().records;
    let record = found.pop().unwrap();
    (record.name, record.email)
}
