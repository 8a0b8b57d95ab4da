//! Calls that concern one course: its content, its modules, its way to publication.

use super::{Api, Reply, checks, done};
use crate::course::{Command, Course};
use studium_kit::{Call, Fields, Outcome};
use studium_proto::catalogue::v1::{
    AddModuleRequest, AddModuleResponse, AddResourceRequest, AddResourceResponse, ApproveCourseRequest,
    ApproveCourseResponse, CourseAssessmentMethodSet, CourseCreated, CourseCreditOfferWithdrawn, CourseOutcomesSet,
    CourseSkillsSet, CourseWorkloadSet, CreateCourseRequest, CreateCourseResponse, CreditScheme, DescribeCourseRequest,
    DescribeCourseResponse, IdentityVerification, LicenseModuleRequest, LicenseModuleResponse, ModuleAdded,
    ModuleMoved, ModuleReuseLicensed, ModuleReused, MoveModuleRequest, MoveModuleResponse, OfferCreditRequest,
    OfferCreditResponse, PublishCourseRequest, PublishCourseResponse, RemoveModuleRequest, RemoveModuleResponse,
    RemoveResourceRequest, RemoveResourceResponse, RequestCourseChangesRequest, RequestCourseChangesResponse,
    ResourceKind, RetireCourseRequest, RetireCourseResponse, ReuseLicence, ReuseModuleRequest, ReuseModuleResponse,
    SetAssessmentMethodRequest, SetAssessmentMethodResponse, SetOutcomesRequest, SetOutcomesResponse, SetSkillsRequest,
    SetSkillsResponse, SetWorkloadRequest, SetWorkloadResponse, SubmitCourseRequest, SubmitCourseResponse,
    WithdrawCreditOfferRequest, WithdrawCreditOfferResponse, course_event::Event, course_service_server::CourseService,
};
use tonic::{Request, Status};

impl Api {
    async fn course(
        &self,
        call: Call,
        at_ms: i64,
        mut fields: Fields,
        (course_id, institution_id): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("course_id", course_id);
        self.ask::<Course, _>(call, at_ms, fields, (course_id, institution_id), command).await
    }
}

#[tonic::async_trait]
impl CourseService for Api {
    async fn create_course(&self, request: Request<CreateCourseRequest>) -> Reply<CreateCourseResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("course_id", &it.course_id);
        fields.id("institution_id", &it.institution_id);
        fields.optional_text("kind", &it.kind, checks::WORD);
        fields.text("title", &it.title, checks::TITLE);
        fields.done()?;
        let institution_known = self.is_institution(&it.institution_id).await?;
        let ids = (it.course_id.as_str(), it.institution_id.as_str());
        let course = CourseCreated { institution_id: it.institution_id.clone(), kind: it.kind, title: it.title };
        let command = Command::Create { course, institution_known };
        done!(CreateCourseResponse, self.course(call, it.at_ms, Fields::new(), ids, command).await?)
    }

    async fn describe_course(&self, request: Request<DescribeCourseRequest>) -> Reply<DescribeCourseResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let description = it.description.unwrap_or_default();
        checks::description(&mut fields, &description);
        let command = Command::Describe(description);
        done!(
            DescribeCourseResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn set_outcomes(&self, request: Request<SetOutcomesRequest>) -> Reply<SetOutcomesResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::texts(&mut fields, "outcomes", &it.outcomes, checks::TITLE);
        let command = Command::SetOutcomes(CourseOutcomesSet { outcomes: it.outcomes });
        done!(
            SetOutcomesResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn set_skills(&self, request: Request<SetSkillsRequest>) -> Reply<SetSkillsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::skills(&mut fields, "skills", &it.skills);
        let command = Command::SetSkills(CourseSkillsSet { skills: it.skills });
        done!(
            SetSkillsResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn set_workload(&self, request: Request<SetWorkloadRequest>) -> Reply<SetWorkloadResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let parts = [it.study_minutes, it.revision_minutes, it.assessment_minutes];
        // Nobody studies ten years for one course; what is more was given in other units.
        fields.check("study_minutes", parts.iter().all(|it| *it <= 5_000_000), "or another part is above 5,000,000");
        let command = Command::SetWorkload(CourseWorkloadSet {
            study_minutes: it.study_minutes,
            revision_minutes: it.revision_minutes,
            assessment_minutes: it.assessment_minutes,
        });
        let ids = (it.course_id.as_str(), it.institution_id.as_str());
        done!(SetWorkloadResponse, self.course(call, it.at_ms, fields, ids, command).await?)
    }

    async fn offer_credit(&self, request: Request<OfferCreditRequest>) -> Reply<OfferCreditResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let offer = it.offer.unwrap_or_default();
        checks::known::<CreditScheme>(&mut fields, "offer.scheme", offer.scheme, true);
        fields.check("offer.credits_milli", (1..=1_000_000).contains(&offer.credits_milli), "is not 1 to 1,000,000");
        fields.check("offer.eqf_level", offer.eqf_level <= 8, "is above 8");
        fields.optional_text("offer.national_level", &offer.national_level, checks::WORD);
        fields.optional_text("offer.credit_route", &offer.credit_route, checks::TEXT);
        checks::texts(&mut fields, "offer.degree_programmes", &offer.degree_programmes, checks::TITLE);
        let ids = (it.course_id.as_str(), it.institution_id.as_str());
        done!(OfferCreditResponse, self.course(call, it.at_ms, fields, ids, Command::OfferCredit(offer)).await?)
    }

    async fn withdraw_credit_offer(
        &self,
        request: Request<WithdrawCreditOfferRequest>,
    ) -> Reply<WithdrawCreditOfferResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::known::<CreditScheme>(&mut fields, "scheme", it.scheme, true);
        let command = Command::WithdrawCreditOffer(CourseCreditOfferWithdrawn { scheme: it.scheme });
        done!(
            WithdrawCreditOfferResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn set_assessment_method(
        &self,
        request: Request<SetAssessmentMethodRequest>,
    ) -> Reply<SetAssessmentMethodResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("method", &it.method, checks::TITLE);
        checks::known::<IdentityVerification>(&mut fields, "identity_verification", it.identity_verification, true);
        let command = Command::SetAssessmentMethod(CourseAssessmentMethodSet {
            method: it.method,
            identity_verification: it.identity_verification,
        });
        let ids = (it.course_id.as_str(), it.institution_id.as_str());
        done!(SetAssessmentMethodResponse, self.course(call, it.at_ms, fields, ids, command).await?)
    }

    async fn add_module(&self, request: Request<AddModuleRequest>) -> Reply<AddModuleResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("module_id", &it.module_id);
        fields.optional_id("parent_id", &it.parent_id);
        fields.text("title", &it.title, checks::TITLE);
        let place = it.place.unwrap_or(u32::MAX);
        let module = ModuleAdded { module_id: it.module_id, parent_id: it.parent_id, place, title: it.title };
        let ids = (it.course_id.as_str(), it.institution_id.as_str());
        done!(AddModuleResponse, self.course(call, it.at_ms, fields, ids, Command::AddModule(module)).await?)
    }

    async fn reuse_module(&self, request: Request<ReuseModuleRequest>) -> Reply<ReuseModuleResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("course_id", &it.course_id);
        fields.id("module_id", &it.module_id);
        fields.optional_id("parent_id", &it.parent_id);
        fields.id("source_course_id", &it.source_course_id);
        fields.id("source_module_id", &it.source_module_id);
        fields.check("source_version", it.source_version > 0, "is not said");
        fields.done()?;
        let source = self.app.state::<Course>(&it.source_course_id).await?;
        let source = source.module_for_reuse(it.source_version, &it.source_module_id);
        let module = ModuleReused {
            module_id: it.module_id,
            parent_id: it.parent_id,
            place: it.place.unwrap_or(u32::MAX),
            title: String::new(),
            source_course_id: it.source_course_id,
            source_version: it.source_version,
            source_module_id: it.source_module_id,
        };
        let is_own = module.source_course_id == it.course_id;
        let ids = (it.course_id.as_str(), it.institution_id.as_str());
        let command = Command::ReuseModule { module, source, is_own };
        done!(ReuseModuleResponse, self.course(call, it.at_ms, Fields::new(), ids, command).await?)
    }

    async fn move_module(&self, request: Request<MoveModuleRequest>) -> Reply<MoveModuleResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("module_id", &it.module_id);
        fields.optional_id("parent_id", &it.parent_id);
        let place = it.place.unwrap_or(u32::MAX);
        let moved = ModuleMoved { module_id: it.module_id, parent_id: it.parent_id, place };
        let ids = (it.course_id.as_str(), it.institution_id.as_str());
        done!(MoveModuleResponse, self.course(call, it.at_ms, fields, ids, Command::MoveModule(moved)).await?)
    }

    async fn remove_module(&self, request: Request<RemoveModuleRequest>) -> Reply<RemoveModuleResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("module_id", &it.module_id);
        let command = Command::RemoveModule { module_id: it.module_id };
        done!(
            RemoveModuleResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn add_resource(&self, request: Request<AddResourceRequest>) -> Reply<AddResourceResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let resource = it.resource.unwrap_or_default();
        fields.id("resource.resource_id", &resource.resource_id);
        fields.id("resource.module_id", &resource.module_id);
        checks::known::<ResourceKind>(&mut fields, "resource.kind", resource.kind, true);
        fields.text("resource.title", &resource.title, checks::TITLE);
        checks::url(&mut fields, "resource.url", &resource.url);
        checks::skills(&mut fields, "resource.skills", &resource.skills);
        let ids = (it.course_id.as_str(), it.institution_id.as_str());
        done!(AddResourceResponse, self.course(call, it.at_ms, fields, ids, Command::AddResource(resource)).await?)
    }

    async fn remove_resource(&self, request: Request<RemoveResourceRequest>) -> Reply<RemoveResourceResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("resource_id", &it.resource_id);
        let command = Command::RemoveResource { resource_id: it.resource_id };
        done!(
            RemoveResourceResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn license_module(&self, request: Request<LicenseModuleRequest>) -> Reply<LicenseModuleResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("module_id", &it.module_id);
        checks::known::<ReuseLicence>(&mut fields, "licence", it.licence, true);
        let command = Command::LicenseModule(ModuleReuseLicensed { module_id: it.module_id, licence: it.licence });
        done!(
            LicenseModuleResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn submit_course(&self, request: Request<SubmitCourseRequest>) -> Reply<SubmitCourseResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::Submit;
        done!(
            SubmitCourseResponse,
            self.course(call, it.at_ms, Fields::new(), (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn request_course_changes(
        &self,
        request: Request<RequestCourseChangesRequest>,
    ) -> Reply<RequestCourseChangesResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("comment", &it.comment, checks::TEXT);
        let command = Command::RequestChanges { comment: it.comment };
        done!(
            RequestCourseChangesResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn approve_course(&self, request: Request<ApproveCourseRequest>) -> Reply<ApproveCourseResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("comment", &it.comment, checks::TEXT);
        let command = Command::Approve { comment: it.comment };
        done!(
            ApproveCourseResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }

    async fn publish_course(&self, request: Request<PublishCourseRequest>) -> Reply<PublishCourseResponse> {
        let (call, it) = Call::open(request)?;
        let ids = (it.course_id.as_str(), it.institution_id.as_str());
        let outcome = self.course(call, it.at_ms, Fields::new(), ids, Command::Publish).await?;
        let version = self.app.state::<Course>(&it.course_id).await?.offered_version();
        done!(PublishCourseResponse, outcome, version: version)
    }

    async fn retire_course(&self, request: Request<RetireCourseRequest>) -> Reply<RetireCourseResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("reason", &it.reason, checks::TITLE);
        let command = Command::Retire { reason: it.reason };
        done!(
            RetireCourseResponse,
            self.course(call, it.at_ms, fields, (&it.course_id, &it.institution_id), command).await?
        )
    }
}
