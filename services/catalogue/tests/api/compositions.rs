//! Compositions: a campus's own courses, of others' content and of own.

use crate::desk::{Desk, malformed, refused};
use studium_proto::catalogue::v1::{
    AddContentRequest, AddOwnAssessmentRequest, AddOwnResourceRequest, AuthoriseInstitutionRequest, Authority,
    CreateCompositionRequest, DescribeCompositionRequest, GetCompositionRequest, ListCompositionsRequest,
    MoveItemRequest, PublishCompositionRequest, RemoveItemRequest, ResourceKind, composition_item::Item,
};
use tonic::Code;

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
