//! Calls that concern one programme.

use super::{Api, Reply, checks, done};
use crate::{
    course::Course,
    programme::{Command, Programme, courses},
};
use studium_kit::{Call, Fields, Outcome};
use studium_proto::catalogue::v1::{
    ApproveProgrammeRequest, ApproveProgrammeResponse, ComposeProgrammeRequest, ComposeProgrammeResponse,
    CreateProgrammeRequest, CreateProgrammeResponse, DescribeProgrammeRequest, DescribeProgrammeResponse,
    ProgrammeCreated, ProgrammeKind, PublishProgrammeRequest, PublishProgrammeResponse, RequestProgrammeChangesRequest,
    RequestProgrammeChangesResponse, RetireProgrammeRequest, RetireProgrammeResponse, SetMentorshipPlanRequest,
    SetMentorshipPlanResponse, SetProgrammeCredentialRequest, SetProgrammeCredentialResponse, SubmitProgrammeRequest,
    SubmitProgrammeResponse, programme_event::Event, programme_service_server::ProgrammeService,
};
use tonic::{Request, Status};

impl Api {
    async fn programme(
        &self,
        call: Call,
        at_ms: i64,
        mut fields: Fields,
        (programme_id, institution_id): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("programme_id", programme_id);
        self.ask::<Programme, _>(call, at_ms, fields, (programme_id, institution_id), command).await
    }
}

#[tonic::async_trait]
impl ProgrammeService for Api {
    async fn create_programme(&self, request: Request<CreateProgrammeRequest>) -> Reply<CreateProgrammeResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.id("institution_id", &it.institution_id);
        checks::known::<ProgrammeKind>(&mut fields, "kind", it.kind, true);
        fields.text("title", &it.title, checks::TITLE);
        fields.done()?;
        let institution_known = self.is_institution(&it.institution_id).await?;
        let ids = (it.programme_id.as_str(), it.institution_id.as_str());
        let programme = ProgrammeCreated { institution_id: it.institution_id.clone(), kind: it.kind, title: it.title };
        let command = Command::Create { programme, institution_known };
        done!(CreateProgrammeResponse, self.programme(call, it.at_ms, Fields::new(), ids, command).await?)
    }

    async fn describe_programme(&self, request: Request<DescribeProgrammeRequest>) -> Reply<DescribeProgrammeResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let description = it.description.unwrap_or_default();
        fields.text("description.title", &description.title, checks::TITLE);
        fields.optional_text("description.summary", &description.summary, checks::TEXT);
        fields.optional_text("description.language", &description.language, checks::WORD);
        checks::price(&mut fields, "description.", description.price_minor, &description.currency);
        let ids = (it.programme_id.as_str(), it.institution_id.as_str());
        let command = Command::Describe(description);
        done!(DescribeProgrammeResponse, self.programme(call, it.at_ms, fields, ids, command).await?)
    }

    async fn compose_programme(&self, request: Request<ComposeProgrammeRequest>) -> Reply<ComposeProgrammeResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        let composition = it.composition.unwrap_or_default();
        checks::composition(&mut fields, &composition);
        fields.done()?;
        let mut unknown = Vec::new();
        for course in courses(&composition) {
            if self.app.state::<Course>(&course).await?.institution_id().is_none() {
                unknown.push(course);
            }
        }
        let ids = (it.programme_id.as_str(), it.institution_id.as_str());
        let command = Command::Compose { composition, unknown };
        done!(ComposeProgrammeResponse, self.programme(call, it.at_ms, Fields::new(), ids, command).await?)
    }

    async fn set_mentorship_plan(
        &self,
        request: Request<SetMentorshipPlanRequest>,
    ) -> Reply<SetMentorshipPlanResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let plan = it.plan.unwrap_or_default();
        checks::price(&mut fields, "plan.", plan.price_minor, &plan.currency);
        fields.check("plan.price_minor", !plan.included || plan.price_minor == 0, "is above 0 although it is included");
        let ids = (it.programme_id.as_str(), it.institution_id.as_str());
        let command = Command::SetMentorship(plan);
        done!(SetMentorshipPlanResponse, self.programme(call, it.at_ms, fields, ids, command).await?)
    }

    async fn set_programme_credential(
        &self,
        request: Request<SetProgrammeCredentialRequest>,
    ) -> Reply<SetProgrammeCredentialResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let credential = it.credential.unwrap_or_default();
        fields.text("credential.title", &credential.title, checks::TITLE);
        fields.optional_text("credential.criteria", &credential.criteria, checks::TEXT);
        fields.check("credential.eqf_level", credential.eqf_level <= 8, "is above 8");
        let ids = (it.programme_id.as_str(), it.institution_id.as_str());
        let command = Command::SetCredential(credential);
        done!(SetProgrammeCredentialResponse, self.programme(call, it.at_ms, fields, ids, command).await?)
    }

    async fn submit_programme(&self, request: Request<SubmitProgrammeRequest>) -> Reply<SubmitProgrammeResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::Submit;
        done!(
            SubmitProgrammeResponse,
            self.programme(call, it.at_ms, Fields::new(), (&it.programme_id, &it.institution_id), command).await?
        )
    }

    async fn request_programme_changes(
        &self,
        request: Request<RequestProgrammeChangesRequest>,
    ) -> Reply<RequestProgrammeChangesResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("comment", &it.comment, checks::TEXT);
        let command = Command::RequestChanges { comment: it.comment };
        done!(
            RequestProgrammeChangesResponse,
            self.programme(call, it.at_ms, fields, (&it.programme_id, &it.institution_id), command).await?
        )
    }

    async fn approve_programme(&self, request: Request<ApproveProgrammeRequest>) -> Reply<ApproveProgrammeResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("comment", &it.comment, checks::TEXT);
        let command = Command::Approve { comment: it.comment };
        done!(
            ApproveProgrammeResponse,
            self.programme(call, it.at_ms, fields, (&it.programme_id, &it.institution_id), command).await?
        )
    }

    async fn publish_programme(&self, request: Request<PublishProgrammeRequest>) -> Reply<PublishProgrammeResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.done()?;
        let mut unoffered = Vec::new();
        for course in self.app.state::<Programme>(&it.programme_id).await?.courses() {
            if self.app.state::<Course>(&course).await?.offered_version() == 0 {
                unoffered.push(course);
            }
        }
        let ids = (it.programme_id.as_str(), it.institution_id.as_str());
        let command = Command::Publish { unoffered };
        let outcome = self.programme(call, it.at_ms, Fields::new(), ids, command).await?;
        let version = self.app.state::<Programme>(&it.programme_id).await?.version();
        done!(PublishProgrammeResponse, outcome, version: version)
    }

    async fn retire_programme(&self, request: Request<RetireProgrammeRequest>) -> Reply<RetireProgrammeResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("reason", &it.reason, checks::TITLE);
        let command = Command::Retire { reason: it.reason };
        done!(
            RetireProgrammeResponse,
            self.programme(call, it.at_ms, fields, (&it.programme_id, &it.institution_id), command).await?
        )
    }
}
