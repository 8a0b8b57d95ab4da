//! Compositions: a campus's own courses, of others' content and of own.

use crate::desk::{Desk, malformed, refused};
use studium_proto::campus::v1::{PlanExpired, PlanProvisioned, PlanTermsSet, licence_plan_event::Event as PlanEvent};
use studium_proto::catalogue::v1::{
    AddContentRequest, AddOwnAssessmentRequest, AddOwnResourceRequest, AuthoriseInstitutionRequest, Authority,
    CreateCompositionRequest, DefineSelectionRequest, DescribeCompositionRequest, GetCompositionRequest,
    ListCompositionsRequest, ListSelectionCoursesRequest, MoveItemRequest, PublishCompositionRequest,
    RemoveItemRequest, ResourceKind, composition_item::Item,
};
use studium_testkit::Elsewhere;
use tonic::Code;

/// What is others' is for campuses that license it; what is a campus's own is its own.
pub async fn a_campus_composes_of_what_it_licenses(desk: Desk) {
    for institution_id in ["ou", "mit"] {
        let institution_id = institution_id.into();
        let authority = Authority::Campus.into();
        let authorise = AuthoriseInstitutionRequest { institution_id, authority, at_ms: 0 };
        desk.institutions().authorise_institution(authorise).await.unwrap();
    }
    desk.offered("bread", "Bread").await;
    let position = desk.offered("cake", "Cake").await;
    let selection = DefineSelectionRequest {
        selection_id: "baking".into(),
        title: "Baking".into(),
        picked_course_ids: vec!["bread".into()],
        min_position: position,
        ..DefineSelectionRequest::default()
    };
    let defined = desk.selections(&desk.registrar).define_selection(selection).await.unwrap().into_inner().position;
    let mut eve = desk.compositions(&desk.eve);
    let create = CreateCompositionRequest {
        composition_id: "theirs".into(),
        campus_id: "mit".into(),
        title: "Baking at MIT".into(),
        objectives: vec!["bakes".into()],
        at_ms: 0,
    };
    eve.create_composition(create).await.unwrap();
    let add = |course: &str, campus_position| AddContentRequest {
        composition_id: "theirs".into(),
        campus_id: "mit".into(),
        item_id: course.into(),
        course_id: course.into(),
        campus_position,
        ..AddContentRequest::default()
    };
    refused(eve.add_content(add("bread", 0)).await, Code::FailedPrecondition, "CONTENT_NOT_LICENSED");
    let elsewhere = Elsewhere::new(desk.house.log().clone());
    let plan = PlanProvisioned { campus_id: "mit".into(), ..PlanProvisioned::default() };
    let terms = PlanTermsSet { selection_id: "baking".into(), ..PlanTermsSet::default() };
    let said = vec![PlanEvent::PlanProvisioned(plan), PlanEvent::PlanTermsSet(terms)];
    let licensed = elsewhere.say("plan", said).await;
    // The selection's own view has seen it by then.
    let seen = ListSelectionCoursesRequest {
        selection_id: "baking".into(),
        min_position: defined,
        ..ListSelectionCoursesRequest::default()
    };
    desk.selections(&desk.registrar).list_selection_courses(seen).await.unwrap();
    eve.add_content(add("bread", licensed)).await.unwrap();
    refused(eve.add_content(add("cake", licensed)).await, Code::FailedPrecondition, "CONTENT_NOT_LICENSED");
    let expired = elsewhere.say("plan", vec![PlanEvent::PlanExpired(PlanExpired::default())]).await;
    assert!(eve.add_content(add("bread", expired)).await.unwrap().into_inner().already, "what is in stays in");
    let again = AddContentRequest { item_id: "again".into(), ..add("bread", expired) };
    refused(eve.add_content(again).await, Code::FailedPrecondition, "CONTENT_NOT_LICENSED");
}

pub async fn a_campus_composes_of_what_is_published(desk: Desk) {
    let mut tess = desk.compositions(&desk.tess);
    let create = CreateCompositionRequest {
        composition_id: "home-baking".into(),
        campus_id: "ou".into(),
        title: "Home baking".into(),
        objectives: vec!["bakes at home".into()],
        at_ms: 0,
    };
    refused(tess.create_composition(create.clone()).await, Code::FailedPrecondition, "NOT_A_CAMPUS");
    let authorise = AuthoriseInstitutionRequest {
        institution_id: "ou".into(),
        authority: Authority::Campus.into(),
        ..AuthoriseInstitutionRequest::default()
    };
    desk.institutions().authorise_institution(authorise).await.unwrap();
    // Teachers do not set the time, so it is now.
    let backdated = CreateCompositionRequest { at_ms: 1, ..create.clone() };
    refused(tess.create_composition(backdated).await, Code::PermissionDenied, "ACCESS_DENIED");
    tess.create_composition(create).await.unwrap();

    desk.written("bread", "Bread").await;
    let content = AddContentRequest {
        composition_id: "home-baking".into(),
        campus_id: "ou".into(),
        item_id: "i1".into(),
        course_id: "bread".into(),
        ..AddContentRequest::default()
    };
    refused(tess.add_content(content.clone()).await, Code::FailedPrecondition, "COURSE_NOT_PUBLISHED");
    desk.published("bread").await;
    let missing = AddContentRequest { module_id: "m9".into(), ..content.clone() };
    refused(tess.add_content(missing).await, Code::NotFound, "MODULE_NOT_FOUND");
    tess.add_content(content.clone()).await.unwrap();
    assert!(tess.add_content(content).await.unwrap().into_inner().already);
    let resource = AddOwnResourceRequest {
        composition_id: "home-baking".into(),
        campus_id: "ou".into(),
        item_id: "i2".into(),
        kind: ResourceKind::Reading.into(),
        title: "My oven".into(),
        ..AddOwnResourceRequest::default()
    };
    let bad = AddOwnResourceRequest { kind: 99, url: "oven".into(), ..resource.clone() };
    assert_eq!(malformed(tess.add_own_resource(bad).await), ["kind", "url"]);
    tess.add_own_resource(resource).await.unwrap();
    let assessment = AddOwnAssessmentRequest {
        composition_id: "home-baking".into(),
        campus_id: "ou".into(),
        item_id: "i3".into(),
        title: "A loaf".into(),
        kind: "practical".into(),
        weight_millipoints: 100_000,
        ..AddOwnAssessmentRequest::default()
    };
    tess.add_own_assessment(assessment).await.unwrap();
    let mv = MoveItemRequest {
        composition_id: "home-baking".into(),
        campus_id: "ou".into(),
        item_id: "i2".into(),
        place: Some(0),
        at_ms: 0,
    };
    tess.move_item(mv).await.unwrap();
    let publish = PublishCompositionRequest { composition_id: "home-baking".into(), campus_id: "ou".into(), at_ms: 0 };
    assert_eq!(tess.publish_composition(publish).await.unwrap().into_inner().version, 1);

    // What comes later is for the next version.
    let remove = RemoveItemRequest {
        composition_id: "home-baking".into(),
        campus_id: "ou".into(),
        item_id: "i2".into(),
        at_ms: 0,
    };
    tess.remove_item(remove).await.unwrap();
    let describe = DescribeCompositionRequest {
        composition_id: "home-baking".into(),
        campus_id: "ou".into(),
        title: "Baking".into(),
        objectives: vec!["bakes".into()],
        at_ms: 0,
    };
    let min_position = tess.describe_composition(describe).await.unwrap().into_inner().position;
    let get = |version| GetCompositionRequest {
        composition_id: "home-baking".into(),
        campus_id: "ou".into(),
        version,
        min_position,
    };
    let first = tess.get_composition(get(1)).await.unwrap().into_inner().composition.unwrap();
    assert_eq!((first.title.as_str(), first.items.len(), first.teacher_id.as_str()), ("Home baking", 3, "tess"));
    let Some(Item::Content(content)) = &first.items[1].item else { panic!("{:?}", first.items) };
    assert_eq!((content.course_version, content.title.as_str()), (1, "Bread"));
    let now = tess.get_composition(get(0)).await.unwrap().into_inner().composition.unwrap();
    assert_eq!((now.title.as_str(), now.items.len(), now.changed), ("Baking", 2, true));
    let mut eve = desk.compositions(&desk.eve);
    let theirs = GetCompositionRequest { campus_id: "mit".into(), ..get(0) };
    refused(eve.get_composition(theirs).await, Code::PermissionDenied, "NOT_YOUR_INSTITUTION");
    refused(eve.get_composition(get(0)).await, Code::PermissionDenied, "ACCESS_DENIED");
    let list = |campus_id: &str| ListCompositionsRequest { campus_id: campus_id.into(), ..Default::default() };
    assert_eq!(tess.list_compositions(list("ou")).await.unwrap().into_inner().compositions.len(), 1);
    assert!(eve.list_compositions(list("mit")).await.unwrap().into_inner().compositions.is_empty());
}
