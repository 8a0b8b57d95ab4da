//! A course that keeps the microcredential framework on a running platform, and the bureau that issues for it.

use crate::{
    office::{becomes, connect, connect_as},
    platform::World,
};
use studium_cli::client::Channel;
use studium_proto::catalogue::v1::{
    ApproveCourseRequest, Assessment, AssessmentPart, AssessmentSchemeSet, AuthoriseInstitutionRequest, Authority,
    CourseCreditOffered, CourseDescribed, CreateCourseRequest, CreditScheme, DescribeCourseRequest,
    IdentityVerification, ImportCoursesRequest, OfferCreditRequest, OpenRunRequest, Pacing, PublishCourseRequest,
    RegisterInstitutionRequest, ScheduleRunRequest, SetAssessmentMethodRequest, SetAssessmentSchemeRequest,
    SetOutcomesRequest, SetWorkloadRequest, SubmitCourseRequest, course_run_service_client::CourseRunServiceClient,
    course_service_client::CourseServiceClient, import_service_client::ImportServiceClient,
    institution_service_client::InstitutionServiceClient,
};
use studium_proto::credentials::v1::{
    AchievementSource, AchievementType, ApproveAchievementRequest, AssessmentType, AwardScheme, CreateIssuerKeyRequest,
    Credential, CredentialState, CreditRoute, DecideRecognitionRequest, DefineAchievementRequest,
    DraftAchievementRequest, Framework, GetCredentialRequest, GetCreditAccountRequest, GetRecognitionRequest,
    IssueCredentialRequest, ParticipationForm, PublishIssuerRequest, ReawardCredentialRequest, Recognition,
    RecognitionOutcome, RevokeCredentialRequest, StatusReason, SubmitRecognitionRequest, SuspendCredentialRequest,
    achievement_service_client::AchievementServiceClient, credential_service_client::CredentialServiceClient,
    credit_account_service_client::CreditAccountServiceClient, issuer_service_client::IssuerServiceClient,
    recognition_service_client::RecognitionServiceClient,
};
use studium_proto::enrolment::v1::{
    CompleteRequest, EnrolRequest, EnrolmentMode, EnrolmentSource, Outcome, RecordResultRequest,
    RegisterLearnerRequest, enrolment_service_client::EnrolmentServiceClient,
    learner_service_client::LearnerServiceClient,
};
use tonic::Status;

/// The course and its run.
const COURSE: &str = "analysis";
const RUN: &str = "analysis-2026";

const DAY: i64 = 24 * 3_600_000;

/// The registrar's connections to a platform.
pub struct Bureau {
    catalogue: Channel,
    enrolment: Channel,
    credentials: Channel,
    address: String,
    offered: std::sync::atomic::AtomicU64,
}

impl Bureau {
    pub async fn open(world: &World) -> Self {
        Self {
            catalogue: connect(world, "catalogue").await,
            enrolment: connect(world, "enrolment").await,
            credentials: connect(world, "credentials").await,
            address: world.address("credentials"),
            offered: 0.into(),
        }
    }

    /// A university that issues, its course of 125 hours with 5 ECTS at level 6, and the achievement for it.
    pub async fn set_up(&self, world: &World) -> String {
        let mut institutions = InstitutionServiceClient::new(self.catalogue.clone());
        let ou = RegisterInstitutionRequest {
            institution_id: "ou".into(),
            name: "Open University".into(),
            country: "GB".into(),
            at_ms: 0,
        };
        institutions.register_institution(ou).await.unwrap();
        let may =
            AuthoriseInstitutionRequest { institution_id: "ou".into(), authority: Authority::Issuer.into(), at_ms: 0 };
        institutions.authorise_institution(may).await.unwrap();
        self.publish_course(world).await;
        let catalogue_position = self.open_run().await;
        self.offered.store(catalogue_position, std::sync::atomic::Ordering::SeqCst);
        let mut issuers = IssuerServiceClient::new(self.credentials.clone());
        let publish = PublishIssuerRequest { institution_id: "ou".into(), catalogue_position, at_ms: 0 };
        issuers.publish_issuer(publish).await.unwrap();
        let key = CreateIssuerKeyRequest { institution_id: "ou".into(), at_ms: 0 };
        issuers.create_issuer_key(key).await.unwrap();
        self.approve_achievement(catalogue_position).await
    }

    async fn publish_course(&self, world: &World) {
        let mut author = CourseServiceClient::new(self.catalogue.clone());
        let mut reviewer = CourseServiceClient::new(connect_as(world, "catalogue", "reviewer").await);
        let (course_id, institution_id, at_ms) = (COURSE.to_owned(), String::new(), 0);
        let create = CreateCourseRequest {
            course_id: course_id.clone(),
            institution_id: "ou".into(),
            kind: "MICROCREDENTIAL".into(),
            title: "Applied Data Analysis".into(),
            at_ms,
        };
        author.create_course(create).await.unwrap();
        let description = CourseDescribed {
            title: "Applied Data Analysis".into(),
            summary: "Plan, carry out and report an analysis of a real data set.".into(),
            language: "en".into(),
            ..CourseDescribed::default()
        };
        let describe = DescribeCourseRequest {
            course_id: course_id.clone(),
            description: Some(description),
            ..Default::default()
        };
        author.describe_course(describe).await.unwrap();
        let outcomes = vec!["Choose and justify a method for a question.".into(), "Report results and limits.".into()];
        let outcomes = SetOutcomesRequest { course_id: course_id.clone(), outcomes, ..Default::default() };
        author.set_outcomes(outcomes).await.unwrap();
        let workload = SetWorkloadRequest {
            course_id: course_id.clone(),
            institution_id: institution_id.clone(),
            study_minutes: 100 * 60,
            revision_minutes: 15 * 60,
            assessment_minutes: 10 * 60,
            at_ms,
        };
        author.set_workload(workload).await.unwrap();
        let offer = CourseCreditOffered {
            scheme: CreditScheme::Ects.into(),
            credits_milli: 5_000,
            eqf_level: 6,
            credit_route: "The university grants the credits itself.".into(),
            degree_programmes: vec!["BSc Data Science".into()],
            ..CourseCreditOffered::default()
        };
        let credit = OfferCreditRequest { course_id: course_id.clone(), offer: Some(offer), ..Default::default() };
        author.offer_credit(credit).await.unwrap();
        let method = SetAssessmentMethodRequest {
            course_id: course_id.clone(),
            institution_id: institution_id.clone(),
            method: "A project, defended before the camera.".into(),
            identity_verification: IdentityVerification::Proctored.into(),
            at_ms,
        };
        author.set_assessment_method(method).await.unwrap();
        let submit = SubmitCourseRequest { course_id: course_id.clone(), ..Default::default() };
        author.submit_course(submit).await.unwrap();
        let approve = ApproveCourseRequest { course_id: course_id.clone(), ..Default::default() };
        reviewer.approve_course(approve).await.unwrap();
        author.publish_course(PublishCourseRequest { course_id, ..Default::default() }).await.unwrap();
    }

    async fn open_run(&self) -> u64 {
        let now = jiff::Timestamp::now().as_millisecond();
        let schedule = ScheduleRunRequest {
            run_id: RUN.into(),
            course_id: COURSE.into(),
            title: "2026".into(),
            starts_at_ms: now - DAY,
            ends_at_ms: now + 100 * DAY,
            enrol_from_ms: now - DAY,
            enrol_until_ms: now + 100 * DAY,
            pacing: Pacing::Self_.into(),
            ..ScheduleRunRequest::default()
        };
        let mut runs = CourseRunServiceClient::new(self.catalogue.clone());
        runs.schedule_run(schedule).await.unwrap();
        let project = Assessment {
            assessment_id: "project".into(),
            kind: "Project".into(),
            part: AssessmentPart::Coursework.into(),
            weight_millipoints: 100_000,
            ..Assessment::default()
        };
        let scheme = AssessmentSchemeSet {
            assessments: vec![project],
            pass_mark_millipoints: 50_000,
            coursework_share_millipoints: 100_000,
            ..AssessmentSchemeSet::default()
        };
        let scheme = SetAssessmentSchemeRequest { run_id: RUN.into(), scheme: Some(scheme), ..Default::default() };
        runs.set_assessment_scheme(scheme).await.unwrap();
        let open = OpenRunRequest { run_id: RUN.into(), ..OpenRunRequest::default() };
        runs.open_run(open).await.unwrap().into_inner().position
    }

    /// What the catalogue says, with what only the university knows, claims to keep the framework and does.
    async fn approve_achievement(&self, catalogue_position: u64) -> String {
        let mut achievements = AchievementServiceClient::new(self.credentials.clone());
        let draft = DraftAchievementRequest {
            institution_id: "ou".into(),
            source: AchievementSource::Course.into(),
            source_id: COURSE.into(),
            source_version: 1,
            catalogue_position,
        };
        let mut it = achievements.draft_achievement(draft).await.unwrap().into_inner().definition.unwrap();
        assert_eq!((it.study_minutes, it.eqf_level, it.outcomes.len()), (6_000, 6, 2), "as the catalogue says");
        it.achievement_type = AchievementType::Microcredential.into();
        it.criteria = "Pass the project.".into();
        it.credit_route = CreditRoute::Direct.into();
        it.assessment_type = AssessmentType::ApplicationOfASkill.into();
        (it.summative_assessment, it.pass_mark_millipoints) = (true, 50_000);
        it.participation = ParticipationForm::Online.into();
        it.quality_assurance = "Institutional review".into();
        it.quality_assurance_url = "https://qa.example/decisions/17".into();
        it.valid_months = 12;
        it.frameworks = vec![Framework::Cmf2022.into(), Framework::Eu2022.into()];
        let define = DefineAchievementRequest { institution_id: "ou".into(), definition: Some(it), at_ms: 0 };
        let achievement_id = achievements.define_achievement(define).await.unwrap().into_inner().id;
        let approve =
            ApproveAchievementRequest { institution_id: "ou".into(), achievement_id: achievement_id.clone(), at_ms: 0 };
        achievements.approve_achievement(approve).await.unwrap();
        achievement_id
    }

    /// A learner registers, enrols for credit, passes the project identified, and completes.
    pub async fn passes(&self, learner: &str) {
        self.completes(learner, true).await;
    }

    async fn completes(&self, learner: &str, identity_verified: bool) {
        self.registers(learner).await;
        let mut enrolments = EnrolmentServiceClient::new(self.enrolment.clone());
        let enrol = EnrolRequest {
            run_id: RUN.into(),
            learner_id: learner.into(),
            source: EnrolmentSource::Staff.into(),
            mode: EnrolmentMode::Credit.into(),
            catalogue_position: self.offered.load(std::sync::atomic::Ordering::SeqCst),
            ..EnrolRequest::default()
        };
        enrolments.enrol(enrol).await.unwrap();
        let result = RecordResultRequest {
            run_id: RUN.into(),
            learner_id: learner.into(),
            assessment_id: "project".into(),
            attempt: 1,
            score_millipoints: Some(78_000),
            identity_verified,
            ..RecordResultRequest::default()
        };
        enrolments.record_result(result).await.unwrap();
        let complete = CompleteRequest {
            run_id: RUN.into(),
            learner_id: learner.into(),
            outcome: Outcome::Passed.into(),
            ..CompleteRequest::default()
        };
        enrolments.complete(complete).await.unwrap();
    }

    async fn registers(&self, learner: &str) {
        let register = RegisterLearnerRequest {
            learner_id: learner.into(),
            name: learner.to_uppercase(),
            email: format!("{learner}@ou.example"),
            ..RegisterLearnerRequest::default()
        };
        LearnerServiceClient::new(self.enrolment.clone()).register_learner(register).await.unwrap();
    }

    /// Somebody who was not identified at the project gets no credential, and is told why.
    pub async fn is_withheld(&self, learner: &str) {
        self.completes(learner, false).await;
        let id = format!("course~{COURSE}~1~{learner}~1");
        let it = self.becomes(&id, CredentialState::Withheld).await;
        assert_eq!(it.withheld_reasons, ["ID_NOT_VERIFIED_AT_ASSESSMENT"]);
    }

    fn credentials(&self) -> CredentialServiceClient<Channel> {
        CredentialServiceClient::new(self.credentials.clone())
    }

    pub async fn suspend(&self, id: &str) {
        let (credential_id, reason) = (id.to_owned(), StatusReason::IdFraud.into());
        let it = SuspendCredentialRequest { credential_id, reason, ..SuspendCredentialRequest::default() };
        self.credentials().suspend_credential(it).await.unwrap();
    }

    pub async fn revoke(&self, id: &str) {
        let (credential_id, reason) = (id.to_owned(), StatusReason::AcademicMisconduct.into());
        let it = RevokeCredentialRequest { credential_id, reason, ..RevokeCredentialRequest::default() };
        self.credentials().revoke_credential(it).await.unwrap();
    }

    pub async fn reaward(&self, id: &str) {
        let (credential_id, reason) = (id.to_owned(), "a mark was added up wrongly".into());
        let it = ReawardCredentialRequest {
            credential_id,
            reason,
            grade_millipoints: Some(81_000),
            ..ReawardCredentialRequest::default()
        };
        self.credentials().reaward_credential(it).await.unwrap();
    }

    /// Staff issues for what was achieved two years ago; it was good for one.
    pub async fn issues_long_ago(&self, learner: &str) -> String {
        let achievement_id = self.approve_old_course().await;
        let id = becomes(
            async || {
                let it = IssueCredentialRequest {
                    institution_id: "ou".into(),
                    achievement_id: achievement_id.clone(),
                    learner_id: learner.into(),
                    override_reason: "assessed before the course was on the platform".into(),
                    at_ms: jiff::Timestamp::now().as_millisecond() - 730 * DAY,
                    ..IssueCredentialRequest::default()
                };
                self.credentials().issue_credential(it).await.map(|it| it.into_inner().id)
            },
            // The learner's registration comes from another stream.
            Result::is_ok,
        );
        id.await.unwrap()
    }

    /// A Korean university lets a credential count for three of its credits.
    pub async fn is_recognised_in_korea(&self, learner: &str, credential_id: &str) -> String {
        let mut recognitions = RecognitionServiceClient::new(self.credentials.clone());
        let submit = SubmitRecognitionRequest {
            learner_id: learner.into(),
            institution_id: "ku".into(),
            credential_id: credential_id.into(),
            ..SubmitRecognitionRequest::default()
        };
        let recognition_id = recognitions.submit_recognition(submit).await.unwrap().into_inner().id;
        let decide = DecideRecognitionRequest {
            institution_id: "ku".into(),
            recognition_id: recognition_id.clone(),
            outcome: RecognitionOutcome::Full.into(),
            credits_milli: 3_000,
            scheme: AwardScheme::KrAcbs.into(),
            explanation: "45 hours of class are in it".into(),
            ..DecideRecognitionRequest::default()
        };
        recognitions.decide_recognition(decide).await.unwrap();
        becomes(async || self.recognition(&recognition_id).await, |it| it.credits_milli == 3_000).await;
        becomes(async || self.credits(learner, AwardScheme::KrAcbs).await, |it| *it == 3_000).await;
        recognition_id
    }

    /// A course that claims to keep no framework, whose credentials are good for a year.
    async fn approve_old_course(&self) -> String {
        let row = ImportCoursesRequest {
            row: 1,
            slug: "history".into(),
            title: "History".into(),
            institution: "Open University".into(),
            institution_id: "ou".into(),
            ..ImportCoursesRequest::default()
        };
        let rows = ImportServiceClient::new(self.catalogue.clone()).import_courses(futures::stream::iter([row])).await;
        let row = rows.unwrap().into_inner().message().await.unwrap().unwrap();
        let mut achievements = AchievementServiceClient::new(self.credentials.clone());
        let draft = DraftAchievementRequest {
            institution_id: "ou".into(),
            source: AchievementSource::Course.into(),
            source_id: row.course_id,
            source_version: 1,
            catalogue_position: row.position,
        };
        let mut it = achievements.draft_achievement(draft).await.unwrap().into_inner().definition.unwrap();
        it.valid_months = 12;
        let define = DefineAchievementRequest { institution_id: "ou".into(), definition: Some(it), at_ms: 0 };
        let achievement_id = achievements.define_achievement(define).await.unwrap().into_inner().id;
        let (institution_id, id) = ("ou".into(), achievement_id.clone());
        let approve = ApproveAchievementRequest { institution_id, achievement_id, at_ms: 0 };
        achievements.approve_achievement(approve).await.unwrap();
        id
    }

    pub async fn recognition(&self, id: &str) -> Recognition {
        let it = GetRecognitionRequest { recognition_id: id.into(), ..GetRecognitionRequest::default() };
        let answer = RecognitionServiceClient::new(self.credentials.clone()).get_recognition(it).await;
        answer.ok().and_then(|it| it.into_inner().recognition).unwrap_or_default()
    }

    /// Credits in somebody's account, thousandths.
    pub async fn credits(&self, learner: &str, scheme: AwardScheme) -> u64 {
        let it = GetCreditAccountRequest {
            learner_id: learner.into(),
            scheme: scheme.into(),
            ..GetCreditAccountRequest::default()
        };
        let answer = CreditAccountServiceClient::new(self.credentials.clone()).get_credit_account(it).await;
        answer.ok().and_then(|it| it.into_inner().account).map_or(0, |it| it.balance_milli)
    }

    pub async fn credential(&self, id: &str) -> Result<Credential, Status> {
        let it = GetCredentialRequest { credential_id: id.into(), ..GetCredentialRequest::default() };
        self.credentials().get_credential(it).await.map(|it| it.into_inner().credential.unwrap_or_default())
    }

    /// Waits until a credential is in a state.
    pub async fn becomes(&self, id: &str, state: CredentialState) -> Credential {
        becomes(async || self.credential(id).await.unwrap_or_default(), |it| it.state() == state).await
    }

    /// What anyone finds at a path of the service.
    pub async fn finds(&self, path: &str) -> String {
        let (status, text) = studium_broker::http::get(&self.address, path).await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        text
    }
}
