//! A desk: the catalogue running, and everybody who calls it.

use studium_catalogue::service;
use studium_kit::Running;
use studium_log::Log;
use studium_proto::catalogue::v1::{
    ApproveCourseRequest, CourseDescribed, CreateCourseRequest, DescribeCourseRequest, ImportCoursesRequest,
    ImportCoursesResponse, PublishCourseRequest, RegisterInstitutionRequest, SetOutcomesRequest, SetWorkloadRequest,
    SubmitCourseRequest, catalogue_service_client::CatalogueServiceClient,
    composition_service_client::CompositionServiceClient, course_run_service_client::CourseRunServiceClient,
    course_service_client::CourseServiceClient, import_service_client::ImportServiceClient,
    institution_service_client::InstitutionServiceClient, programme_service_client::ProgrammeServiceClient,
    selection_service_client::SelectionServiceClient,
};
use studium_testkit::{Caller, House, Postgres};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

pub struct Desk {
    pub house: House,
    pub catalogue: Running,
    /// Acts for the platform.
    pub registrar: Caller,
    /// Staff of `ou`: one writes, one reviews.
    pub ann: Caller,
    pub bob: Caller,
    /// A teacher of `ou`.
    pub tess: Caller,
    /// Staff of `mit`.
    pub eve: Caller,
}

impl Desk {
    pub async fn open(postgres: Option<Postgres>) -> Self {
        let house = House::new(Log::memory()).unwrap();
        let house = match postgres {
            Some(server) => house.on_postgres(server),
            None => house,
        };
        let catalogue = house.start(service()).await.unwrap();
        let desk = Self {
            registrar: house.registrar(&catalogue).await.unwrap(),
            ann: house.call(&catalogue, "ann", &["staff"], &["ou"]).await.unwrap(),
            bob: house.call(&catalogue, "bob", &["staff"], &["ou"]).await.unwrap(),
            tess: house.call(&catalogue, "tess", &["teacher"], &["ou"]).await.unwrap(),
            eve: house.call(&catalogue, "eve", &["staff"], &["mit"]).await.unwrap(),
            house,
            catalogue,
        };
        for (id, name) in [("ou", "Open University"), ("mit", "Massachusetts Institute of Technology")] {
            let it = RegisterInstitutionRequest { institution_id: id.into(), name: name.into(), ..Default::default() };
            desk.institutions().register_institution(it).await.unwrap();
        }
        desk
    }

    /// Nobody in particular.
    pub async fn anybody(&self) -> CatalogueServiceClient<Channel> {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.catalogue.address)).unwrap();
        CatalogueServiceClient::new(endpoint.connect().await.unwrap())
    }

    pub fn institutions(&self) -> InstitutionServiceClient<Caller> {
        InstitutionServiceClient::new(self.registrar.clone())
    }

    pub fn courses(&self, caller: &Caller) -> CourseServiceClient<Caller> {
        CourseServiceClient::new(caller.clone())
    }

    pub fn runs(&self, caller: &Caller) -> CourseRunServiceClient<Caller> {
        CourseRunServiceClient::new(caller.clone())
    }

    pub fn programmes(&self, caller: &Caller) -> ProgrammeServiceClient<Caller> {
        ProgrammeServiceClient::new(caller.clone())
    }

    pub fn selections(&self, caller: &Caller) -> SelectionServiceClient<Caller> {
        SelectionServiceClient::new(caller.clone())
    }

    pub fn compositions(&self, caller: &Caller) -> CompositionServiceClient<Caller> {
        CompositionServiceClient::new(caller.clone())
    }

    pub fn queries(&self, caller: &Caller) -> CatalogueServiceClient<Caller> {
        CatalogueServiceClient::new(caller.clone())
    }

    /// Ann writes a course with all that a version needs; says the position.
    pub async fn written(&self, course_id: &str, title: &str) -> u64 {
        let mut courses = self.courses(&self.ann);
        let (course_id, institution_id) = (course_id.to_owned(), "ou".to_owned());
        let create = CreateCourseRequest {
            course_id: course_id.clone(),
            institution_id: institution_id.clone(),
            title: title.into(),
            ..CreateCourseRequest::default()
        };
        courses.create_course(create).await.unwrap();
        self.described(&course_id, title).await;
        let outcomes = vec!["can do it".into()];
        let set = SetOutcomesRequest {
            course_id: course_id.clone(),
            institution_id: institution_id.clone(),
            outcomes,
            at_ms: 0,
        };
        courses.set_outcomes(set).await.unwrap();
        let set = SetWorkloadRequest { course_id, institution_id, study_minutes: 600, ..SetWorkloadRequest::default() };
        courses.set_workload(set).await.unwrap().into_inner().position
    }

    /// Ann gives a course another description.
    pub async fn described(&self, course_id: &str, title: &str) -> u64 {
        let description =
            CourseDescribed { title: title.into(), language: "English".into(), ..CourseDescribed::default() };
        let describe = DescribeCourseRequest {
            course_id: course_id.into(),
            institution_id: "ou".into(),
            description: Some(description),
            at_ms: 0,
        };
        self.courses(&self.ann).describe_course(describe).await.unwrap().into_inner().position
    }

    /// Ann hands in, Bob approves, Ann publishes; says the version and the position.
    pub async fn published(&self, course_id: &str) -> (u32, u64) {
        let (course_id, institution_id) = (course_id.to_owned(), "ou".to_owned());
        let submit =
            SubmitCourseRequest { course_id: course_id.clone(), institution_id: institution_id.clone(), at_ms: 0 };
        self.courses(&self.ann).submit_course(submit).await.unwrap();
        let approve = ApproveCourseRequest {
            course_id: course_id.clone(),
            institution_id: institution_id.clone(),
            ..ApproveCourseRequest::default()
        };
        self.courses(&self.bob).approve_course(approve).await.unwrap();
        let publish = PublishCourseRequest { course_id, institution_id, at_ms: 0 };
        let it = self.courses(&self.ann).publish_course(publish).await.unwrap().into_inner();
        (it.version, it.position)
    }

    /// A course on offer; says the position.
    pub async fn offered(&self, course_id: &str, title: &str) -> u64 {
        self.written(course_id, title).await;
        self.published(course_id).await.1
    }

    /// Sends rows and waits for all answers, in the order of the rows.
    pub async fn import(&self, rows: Vec<ImportCoursesRequest>) -> Vec<ImportCoursesResponse> {
        let mut client = ImportServiceClient::new(self.registrar.clone());
        let mut stream = client.import_courses(futures::stream::iter(rows)).await.unwrap().into_inner();
        let mut answers = Vec::new();
        while let Some(answer) = stream.message().await.unwrap() {
            answers.push(answer);
        }
        answers.sort_by_key(|it| it.row);
        answers
    }
}

/// A rule said no: the code and the reason's name.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) {
    let status = answer.unwrap_err();
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("{status:?}"));
    assert_eq!((status.code(), info.reason.as_str()), (code, reason), "{}", status.message());
}

/// The fields that were malformed.
#[track_caller]
pub fn malformed<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let told = status.get_details_bad_request().expect("says which fields").field_violations;
    told.into_iter().map(|it| it.field).collect()
}
