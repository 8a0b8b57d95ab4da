//! Programmes: composed of courses, reviewed, published, retired.

use crate::desk::{Desk, malformed, refused};
use studium_proto::catalogue::v1::{
    ApproveProgrammeRequest, ComposeProgrammeRequest, CourseStage, CreateProgrammeRequest, DescribeProgrammeRequest,
    ElectiveGroup, GetProgrammeDraftRequest, GetProgrammeRequest, ListProgrammesRequest, MentorshipPlanSet,
    ProgrammeComposed, ProgrammeCredentialSet, ProgrammeDescribed, ProgrammeKind, PublishProgrammeRequest,
    RequestProgrammeChangesRequest, RetireProgrammeRequest, SetMentorshipPlanRequest, SetProgrammeCredentialRequest,
    SubmitProgrammeRequest,
};
use tonic::Code;

fn compose(required: &[&str], electives: &[&str], choose: u32) -> ComposeProgrammeRequest {
    let owned = |ids: &[&str]| ids.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let group = ElectiveGroup { group_id: "sweet".into(), choose, course_ids: owned(electives), ..Default::default() };
    let composition =
        ProgrammeComposed { required_course_ids: owned(required), elective_groups: vec![group], ordered: true };
    ComposeProgrammeRequest {
        programme_id: "baker".into(),
        institution_id: "ou".into(),
        composition: Some(composition),
        at_ms: 0,
    }
}

fn submit() -> SubmitProgrammeRequest {
    SubmitProgrammeRequest { programme_id: "baker".into(), institution_id: "ou".into(), at_ms: 0 }
}

fn approve() -> ApproveProgrammeRequest {
    ApproveProgrammeRequest { programme_id: "baker".into(), institution_id: "ou".into(), ..Default::default() }
}

fn publish() -> PublishProgrammeRequest {
    PublishProgrammeRequest { programme_id: "baker".into(), institution_id: "ou".into(), at_ms: 0 }
}

pub async fn a_programme_offers_what_is_offered(desk: Desk) {
    let (mut ann, mut bob) = (desk.programmes(&desk.ann), desk.programmes(&desk.bob));
    let create = CreateProgrammeRequest {
        programme_id: "baker".into(),
        institution_id: "ou".into(),
        kind: ProgrammeKind::Nanodegree.into(),
        title: "Baker".into(),
        at_ms: 0,
    };
    let bad = CreateProgrammeRequest { kind: 0, programme_id: "~".into(), ..create.clone() };
    assert_eq!(malformed(ann.create_programme(bad).await), ["programme_id", "kind"]);
    ann.create_programme(create).await.unwrap();
    desk.offered("bread", "Bread").await;
    desk.offered("cake", "Cake").await;
    desk.written("pie", "Pie").await;
    refused(ann.compose_programme(compose(&["soup"], &["cake"], 1)).await, Code::NotFound, "COURSE_NOT_FOUND");
    refused(ann.compose_programme(compose(&["cake"], &["cake"], 1)).await, Code::InvalidArgument, "COURSE_TWICE");
    refused(
        ann.compose_programme(compose(&["bread"], &["cake"], 2)).await,
        Code::InvalidArgument,
        "ELECTIVES_IMPOSSIBLE",
    );
    ann.compose_programme(compose(&["bread"], &["cake", "pie"], 1)).await.unwrap();
    let description =
        ProgrammeDescribed { title: "Baker".into(), price_minor: 50_000, currency: "EUR".into(), ..Default::default() };
    let describe = DescribeProgrammeRequest {
        programme_id: "baker".into(),
        institution_id: "ou".into(),
        description: Some(description),
        at_ms: 0,
    };
    ann.describe_programme(describe).await.unwrap();
    let plan = MentorshipPlanSet { included: true, answer_within_minutes: 480, ..MentorshipPlanSet::default() };
    let set = SetMentorshipPlanRequest {
        programme_id: "baker".into(),
        institution_id: "ou".into(),
        plan: Some(plan),
        at_ms: 0,
    };
    ann.set_mentorship_plan(set).await.unwrap();
    let credential = Some(ProgrammeCredentialSet { title: "Baker".into(), ..ProgrammeCredentialSet::default() });
    let set = SetProgrammeCredentialRequest {
        programme_id: "baker".into(),
        institution_id: "ou".into(),
        credential,
        at_ms: 0,
    };
    ann.set_programme_credential(set).await.unwrap();

    ann.submit_programme(submit()).await.unwrap();
    refused(ann.approve_programme(approve()).await, Code::PermissionDenied, "REVIEWER_IS_AUTHOR");
    let changes = RequestProgrammeChangesRequest {
        programme_id: "baker".into(),
        institution_id: "ou".into(),
        comment: "no pie".into(),
        at_ms: 0,
    };
    let min_position = bob.request_programme_changes(changes).await.unwrap().into_inner().position;
    let draft = GetProgrammeDraftRequest { programme_id: "baker".into(), institution_id: "ou".into(), min_position };
    let draft = desk.queries(&desk.bob).get_programme_draft(draft).await.unwrap().into_inner();
    assert_eq!((draft.stage(), draft.review_comment.as_str()), (CourseStage::Draft, "no pie"));
    ann.submit_programme(submit()).await.unwrap();
    bob.approve_programme(approve()).await.unwrap();
    refused(ann.publish_programme(publish()).await, Code::FailedPrecondition, "COURSE_NOT_PUBLISHED");
    desk.published("pie").await;
    let done = ann.publish_programme(publish()).await.unwrap().into_inner();
    assert_eq!(done.version, 1);
    assert!(ann.publish_programme(publish()).await.unwrap().into_inner().already);

    let mut anybody = desk.anybody().await;
    let get = GetProgrammeRequest { programme_id: "baker".into(), min_position: done.position, ..Default::default() };
    let it = anybody.get_programme(get).await.unwrap().into_inner().programme.unwrap();
    assert_eq!(it.composition.unwrap().elective_groups[0].course_ids, ["cake", "pie"]);
    assert!(it.mentorship.unwrap().included);
    let list = |min_position| ListProgrammesRequest { course_id: "pie".into(), min_position, ..Default::default() };
    assert_eq!(anybody.list_programmes(list(0)).await.unwrap().into_inner().programmes.len(), 1);
    let retire = RetireProgrammeRequest {
        programme_id: "baker".into(),
        institution_id: "ou".into(),
        reason: "closed".into(),
        at_ms: 0,
    };
    let retired = ann.retire_programme(retire).await.unwrap().into_inner().position;
    assert!(anybody.list_programmes(list(retired)).await.unwrap().into_inner().programmes.is_empty());
    refused(ann.submit_programme(submit()).await, Code::FailedPrecondition, "PROGRAMME_RETIRED");
}
