//! Courses: content, modules, review, publication, and their past.

use crate::desk::{Desk, malformed, refused};
use studium_proto::catalogue::v1::{
    AddModuleRequest, AddResourceRequest, ApproveCourseRequest, CourseCreditOffered, CourseDescribed, CourseStage,
    CreateCourseRequest, CreditScheme, DescribeCourseRequest, GetCourseDraftRequest, GetCourseRequest,
    IdentityVerification, LicenseModuleRequest, ListCoursesRequest, MoveModuleRequest, OfferCreditRequest,
    PublishCourseRequest, RemoveModuleRequest, RemoveResourceRequest, RequestCourseChangesRequest, ResourceAdded,
    ResourceKind, RetireCourseRequest, ReuseLicence, ReuseModuleRequest, SearchCoursesRequest, SelectionFilter,
    SetAssessmentMethodRequest, SetSkillsRequest, Skill, SubmitCourseRequest, WithdrawCreditOfferRequest,
};
use tonic::{Code, Request};

fn get(course_id: &str, version: u32, min_position: u64) -> GetCourseRequest {
    GetCourseRequest { course_id: course_id.into(), version, as_of_ms: 0, min_position }
}

fn submit(course_id: &str) -> SubmitCourseRequest {
    SubmitCourseRequest { course_id: course_id.into(), institution_id: "ou".into(), at_ms: 0 }
}

fn approve(course_id: &str) -> ApproveCourseRequest {
    ApproveCourseRequest { course_id: course_id.into(), institution_id: "ou".into(), ..ApproveCourseRequest::default() }
}

fn module(course_id: &str, module_id: &str) -> AddModuleRequest {
    AddModuleRequest {
        course_id: course_id.into(),
        institution_id: "ou".into(),
        module_id: module_id.into(),
        title: module_id.to_uppercase(),
        ..AddModuleRequest::default()
    }
}

pub async fn a_course_goes_from_draft_to_version(desk: Desk) {
    let (mut ann, mut bob, mut anybody) = (desk.courses(&desk.ann), desk.courses(&desk.bob), desk.anybody().await);
    desk.written("bread", "Bread").await;
    let skills = vec![Skill { uri: String::new(), label: "Baking".into() }];
    let set = SetSkillsRequest { course_id: "bread".into(), institution_id: "ou".into(), skills, at_ms: 0 };
    ann.set_skills(set).await.unwrap();
    let offer = CourseCreditOffered { scheme: CreditScheme::Ects.into(), credits_milli: 5_000, ..Default::default() };
    let offer =
        OfferCreditRequest { course_id: "bread".into(), institution_id: "ou".into(), offer: Some(offer), at_ms: 0 };
    ann.offer_credit(offer.clone()).await.unwrap();
    let withdraw = WithdrawCreditOfferRequest {
        course_id: "bread".into(),
        institution_id: "ou".into(),
        scheme: CreditScheme::Ects.into(),
        at_ms: 0,
    };
    ann.withdraw_credit_offer(withdraw).await.unwrap();
    ann.offer_credit(offer).await.unwrap();
    let method = SetAssessmentMethodRequest {
        course_id: "bread".into(),
        institution_id: "ou".into(),
        method: "a loaf".into(),
        identity_verification: IdentityVerification::Proctored.into(),
        at_ms: 0,
    };
    let min_position = ann.set_assessment_method(method).await.unwrap().into_inner().position;
    refused(anybody.get_course(get("bread", 0, min_position)).await, Code::NotFound, "COURSE_NOT_FOUND");

    ann.submit_course(submit("bread")).await.unwrap();
    refused(ann.approve_course(approve("bread")).await, Code::PermissionDenied, "REVIEWER_IS_AUTHOR");
    let changes = RequestCourseChangesRequest {
        course_id: "bread".into(),
        institution_id: "ou".into(),
        comment: "more salt".into(),
        at_ms: 0,
    };
    let min_position = bob.request_course_changes(changes).await.unwrap().into_inner().position;
    let draft = GetCourseDraftRequest { course_id: "bread".into(), institution_id: "ou".into(), min_position };
    let draft = desk.queries(&desk.tess).get_course_draft(draft).await.unwrap().into_inner();
    assert_eq!((draft.stage(), draft.review_comment.as_str()), (CourseStage::Draft, "more salt"));
    assert_eq!(draft.author_ids, ["ann"]);
    let publish = PublishCourseRequest { course_id: "bread".into(), institution_id: "ou".into(), at_ms: 0 };
    refused(ann.publish_course(publish).await, Code::FailedPrecondition, "NOT_APPROVED");

    desk.described("bread", "Salty bread").await;
    let (version, min_position) = desk.published("bread").await;
    assert_eq!(version, 1);
    let it = anybody.get_course(get("bread", 0, min_position)).await.unwrap().into_inner().course.unwrap();
    assert_eq!((it.version, it.description.unwrap().title.as_str()), (1, "Salty bread"));
    assert_eq!((it.credit_offers[0].credits_milli, it.skills[0].label.as_str()), (5_000, "Baking"));
    let filter = SelectionFilter { text: "salt bak".into(), credit_bearing: true, ..SelectionFilter::default() };
    let search = SearchCoursesRequest { filter: Some(filter), facets: true, ..SearchCoursesRequest::default() };
    let found = anybody.search_courses(search).await.unwrap().into_inner();
    // Only the last word may be the beginning of one.
    assert_eq!(found.total, 0);
    let filter = SelectionFilter { text: "baking salt".into(), credit_bearing: true, ..SelectionFilter::default() };
    let search = SearchCoursesRequest { filter: Some(filter), facets: true, ..SearchCoursesRequest::default() };
    let found = anybody.search_courses(search).await.unwrap().into_inner();
    assert_eq!((found.total, found.courses[0].institution_name.as_str()), (1, "Open University"));
    let language = found.facets.iter().find(|it| it.name == "language").unwrap();
    assert_eq!((language.values[0].value.as_str(), language.values[0].count), ("English", 1));
}

pub async fn everybody_acts_for_their_own_institution_only(desk: Desk) {
    let min_position = desk.written("bread", "Bread").await;
    let mut eve = desk.courses(&desk.eve);
    // Who names another's institution is stopped at the door, who names the own one by the rule.
    refused(eve.submit_course(submit("bread")).await, Code::PermissionDenied, "ACCESS_DENIED");
    let own = SubmitCourseRequest { institution_id: "mit".into(), ..submit("bread") };
    refused(eve.submit_course(own).await, Code::PermissionDenied, "NOT_YOUR_INSTITUTION");
    let draft = GetCourseDraftRequest { course_id: "bread".into(), institution_id: "mit".into(), min_position };
    refused(desk.queries(&desk.eve).get_course_draft(draft).await, Code::PermissionDenied, "NOT_YOUR_INSTITUTION");
    let create = CreateCourseRequest {
        course_id: "cake".into(),
        institution_id: "nobody".into(),
        title: "Cake".into(),
        ..CreateCourseRequest::default()
    };
    refused(desk.courses(&desk.registrar).create_course(create).await, Code::NotFound, "INSTITUTION_NOT_FOUND");
    // A teacher writes, but does not approve.
    desk.courses(&desk.tess).add_module(module("bread", "m1")).await.unwrap();
    refused(desk.courses(&desk.tess).approve_course(approve("bread")).await, Code::PermissionDenied, "ACCESS_DENIED");
    // A registrar acts for the platform and names no institution.
    let describe = DescribeCourseRequest {
        course_id: "bread".into(),
        description: Some(CourseDescribed { title: "Loaf".into(), ..CourseDescribed::default() }),
        ..DescribeCourseRequest::default()
    };
    desk.courses(&desk.registrar).describe_course(describe).await.unwrap();
}

pub async fn malformed_fields_are_told_at_once(desk: Desk) {
    let mut ann = desk.courses(&desk.ann);
    let create = CreateCourseRequest {
        course_id: "a.b".into(),
        institution_id: "ou".into(),
        title: " ".into(),
        ..CreateCourseRequest::default()
    };
    assert_eq!(malformed(ann.create_course(create).await), ["course_id", "title"]);
    let description = CourseDescribed {
        subject: "bread".into(),
        level: 9,
        price_minor: -1,
        url: "ftp://x".into(),
        rating_hundredths: 501,
        title: "x".repeat(501),
        ..CourseDescribed::default()
    };
    let describe = DescribeCourseRequest {
        course_id: "bread".into(),
        institution_id: "ou".into(),
        description: Some(description),
        at_ms: 0,
    };
    let told = malformed(ann.describe_course(describe.clone()).await);
    let expected = ["title", "subject", "level", "price_minor", "currency", "url", "rating_hundredths"];
    assert_eq!(told, expected.map(|it| format!("description.{it}")));
    let empty = DescribeCourseRequest { description: None, ..describe };
    assert_eq!(malformed(ann.describe_course(empty).await), ["description.title"]);
    let future = SubmitCourseRequest { at_ms: desk.house.now_ms() + 60_000, ..submit("bread") };
    assert_eq!(malformed(ann.submit_course(future).await), ["at_ms"]);
    let mut anybody = desk.anybody().await;
    let list = ListCoursesRequest { page_size: 501, as_of_ms: -1, page_token: "a\0b".into(), ..Default::default() };
    assert_eq!(malformed(anybody.list_courses(list).await), ["as_of_ms", "page_size", "page_token"]);
    let search = SearchCoursesRequest { page_token: "next".into(), ..SearchCoursesRequest::default() };
    assert_eq!(malformed(anybody.search_courses(search).await), ["page_token"]);
}

pub async fn modules_are_reused_as_their_owner_licenses(desk: Desk) {
    let mut ann = desk.courses(&desk.ann);
    desk.written("milling", "Milling").await;
    ann.add_module(module("milling", "m1")).await.unwrap();
    let below = AddModuleRequest { parent_id: "m1".into(), ..module("milling", "m2") };
    ann.add_module(below).await.unwrap();
    let cycle = MoveModuleRequest {
        course_id: "milling".into(),
        institution_id: "ou".into(),
        module_id: "m1".into(),
        parent_id: "m2".into(),
        ..MoveModuleRequest::default()
    };
    refused(ann.move_module(cycle).await, Code::InvalidArgument, "MODULE_CYCLE");
    let resource = ResourceAdded {
        resource_id: "r1".into(),
        module_id: "m2".into(),
        kind: ResourceKind::Video.into(),
        title: "The mill".into(),
        minutes: 12,
        ..ResourceAdded::default()
    };
    let add = AddResourceRequest {
        course_id: "milling".into(),
        institution_id: "ou".into(),
        resource: Some(resource),
        at_ms: 0,
    };
    ann.add_resource(add).await.unwrap();
    desk.published("milling").await;

    desk.written("bread", "Bread").await;
    let reuse = ReuseModuleRequest {
        course_id: "bread".into(),
        institution_id: "ou".into(),
        module_id: "flour".into(),
        source_course_id: "milling".into(),
        source_version: 1,
        source_module_id: "m1".into(),
        ..ReuseModuleRequest::default()
    };
    refused(ann.reuse_module(reuse.clone()).await, Code::PermissionDenied, "REUSE_NOT_LICENSED");
    let license = LicenseModuleRequest {
        course_id: "milling".into(),
        institution_id: "ou".into(),
        module_id: "m1".into(),
        licence: ReuseLicence::OwnInstitution.into(),
        at_ms: 0,
    };
    ann.license_module(license).await.unwrap();
    ann.reuse_module(reuse.clone()).await.unwrap();
    let later = ReuseModuleRequest { module_id: "later".into(), source_version: 2, ..reuse };
    refused(ann.reuse_module(later).await, Code::NotFound, "MODULE_NOT_FOUND");
    let into = AddModuleRequest { parent_id: "flour".into(), ..module("bread", "own") };
    refused(ann.add_module(into).await, Code::FailedPrecondition, "MODULE_IS_REFERENCE");
    let remove = RemoveResourceRequest {
        course_id: "milling".into(),
        institution_id: "ou".into(),
        resource_id: "r1".into(),
        at_ms: 0,
    };
    ann.remove_resource(remove).await.unwrap();
    let remove = RemoveModuleRequest {
        course_id: "milling".into(),
        institution_id: "ou".into(),
        module_id: "m1".into(),
        at_ms: 0,
    };
    let min_position = ann.remove_module(remove).await.unwrap().into_inner().position;
    // What was published keeps what was reused.
    let it = desk.anybody().await.get_course(get("milling", 1, min_position)).await.unwrap().into_inner();
    let modules = it.course.unwrap().modules;
    assert_eq!(modules.iter().map(|it| it.module_id.as_str()).collect::<Vec<_>>(), ["m1", "m2"]);
    assert_eq!((modules[0].licence(), modules[1].resources.len()), (ReuseLicence::OwnInstitution, 1));
}

pub async fn versions_and_the_past_stay_as_they_were(desk: Desk) {
    desk.offered("bread", "Bread").await;
    let between = desk.house.now_ms();
    // The clock of the test must move on, or both versions were published at once.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    desk.described("bread", "Cake").await;
    let (version, min_position) = desk.published("bread").await;
    assert_eq!(version, 2);
    let mut anybody = desk.anybody().await;
    let mut title = async |request: GetCourseRequest| {
        anybody.get_course(request).await.map(|it| it.into_inner().course.unwrap().description.unwrap().title)
    };
    assert_eq!(title(get("bread", 0, min_position)).await.unwrap(), "Cake");
    assert_eq!(title(get("bread", 1, 0)).await.unwrap(), "Bread");
    refused(title(get("bread", 3, 0)).await, Code::NotFound, "COURSE_NOT_FOUND");
    assert_eq!(title(GetCourseRequest { as_of_ms: between, ..get("bread", 0, 0) }).await.unwrap(), "Bread");
    refused(title(GetCourseRequest { as_of_ms: 1, ..get("bread", 0, 0) }).await, Code::NotFound, "COURSE_NOT_FOUND");

    let retire = RetireCourseRequest {
        course_id: "bread".into(),
        institution_id: "ou".into(),
        reason: "eaten".into(),
        at_ms: 0,
    };
    let min_position = desk.courses(&desk.ann).retire_course(retire).await.unwrap().into_inner().position;
    let mut list = async |as_of_ms| {
        let list = ListCoursesRequest { as_of_ms, min_position, ..ListCoursesRequest::default() };
        let courses = anybody.list_courses(list).await.unwrap().into_inner().courses;
        courses.into_iter().map(|it| it.title).collect::<Vec<_>>()
    };
    assert_eq!(list(0).await, Vec::<String>::new());
    assert_eq!(list(between).await, ["Bread"]);
    let page = anybody.get_course(get("bread", 0, 0)).await.unwrap().into_inner().course.unwrap();
    assert!(page.retired);
}

pub async fn a_repeated_request_gets_the_first_answer(desk: Desk) {
    desk.written("bread", "Bread").await;
    let mut ann = desk.courses(&desk.ann);
    let request = || {
        let mut request = Request::new(module("bread", "m1"));
        request.metadata_mut().insert("x-request-id", "add-m1".parse().unwrap());
        request
    };
    let first = ann.add_module(request()).await.unwrap().into_inner();
    let remove = RemoveModuleRequest {
        course_id: "bread".into(),
        institution_id: "ou".into(),
        module_id: "m1".into(),
        at_ms: 0,
    };
    ann.remove_module(remove).await.unwrap();
    let again = ann.add_module(request()).await.unwrap().into_inner();
    assert_eq!(first.position, again.position);
}
