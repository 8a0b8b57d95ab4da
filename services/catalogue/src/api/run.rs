//! Calls that concern one run of a course.

use super::{Api, Reply, checks, done};
use crate::course_run::{Command, CourseRun};
use studium_kit::{Call, Fields, Outcome};
use studium_proto::catalogue::v1::{
    CancelRunRequest, CancelRunResponse, CloseRunRequest, CloseRunResponse, EndRunRequest, EndRunResponse,
    OpenRunRequest, OpenRunResponse, RescheduleRunRequest, RescheduleRunResponse, RunCapacitySet, RunRescheduled,
    RunScheduled, ScheduleRunRequest, ScheduleRunResponse, SetAssessmentSchemeRequest, SetAssessmentSchemeResponse,
    SetRunCapacityRequest, SetRunCapacityResponse, SetRunRestrictionsRequest, SetRunRestrictionsResponse,
    course_run_event::Event, course_run_service_server::CourseRunService,
};
use tonic::{Request, Status};

impl Api {
    async fn run(
        &self,
        call: Call,
        at_ms: i64,
        mut fields: Fields,
        (run_id, institution_id): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("run_id", run_id);
        self.ask::<CourseRun, _>(call, at_ms, fields, (run_id, institution_id), command).await
    }
}

#[tonic::async_trait]
impl CourseRunService for Api {
    async fn schedule_run(&self, request: Request<ScheduleRunRequest>) -> Reply<ScheduleRunResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("run_id", &it.run_id);
        fields.id("course_id", &it.course_id);
        fields.optional_text("title", &it.title, checks::TITLE);
        checks::dates(&mut fields, it.starts_at_ms, it.ends_at_ms, it.enrol_from_ms, it.enrol_until_ms);
        checks::pacing(&mut fields, it.pacing);
        checks::restrictions(&mut fields, &it.restrictions);
        fields.done()?;
        let course = self.course_facts(&it.course_id).await?;
        let run = RunScheduled {
            course_id: it.course_id,
            institution_id: course.institution_id.clone().unwrap_or_default(),
            title: it.title,
            starts_at_ms: it.starts_at_ms,
            ends_at_ms: it.ends_at_ms,
            enrol_from_ms: it.enrol_from_ms,
            enrol_until_ms: it.enrol_until_ms,
            pacing: it.pacing,
            capacity: it.capacity,
            waiting_list: it.waiting_list,
            restrictions: it.restrictions,
        };
        let ids = (it.run_id.as_str(), it.institution_id.as_str());
        let command = Command::Schedule { run, course };
        done!(ScheduleRunResponse, self.run(call, it.at_ms, Fields::new(), ids, command).await?)
    }

    async fn reschedule_run(&self, request: Request<RescheduleRunRequest>) -> Reply<RescheduleRunResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::dates(&mut fields, it.starts_at_ms, it.ends_at_ms, it.enrol_from_ms, it.enrol_until_ms);
        let command = Command::Reschedule(RunRescheduled {
            starts_at_ms: it.starts_at_ms,
            ends_at_ms: it.ends_at_ms,
            enrol_from_ms: it.enrol_from_ms,
            enrol_until_ms: it.enrol_until_ms,
        });
        done!(RescheduleRunResponse, self.run(call, it.at_ms, fields, (&it.run_id, &it.institution_id), command).await?)
    }

    async fn set_run_capacity(&self, request: Request<SetRunCapacityRequest>) -> Reply<SetRunCapacityResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::SetCapacity(RunCapacitySet { capacity: it.capacity, waiting_list: it.waiting_list });
        done!(
            SetRunCapacityResponse,
            self.run(call, it.at_ms, Fields::new(), (&it.run_id, &it.institution_id), command).await?
        )
    }

    async fn set_run_restrictions(
        &self,
        request: Request<SetRunRestrictionsRequest>,
    ) -> Reply<SetRunRestrictionsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::restrictions(&mut fields, &it.restrictions);
        let command = Command::SetRestrictions(it.restrictions);
        done!(
            SetRunRestrictionsResponse,
            self.run(call, it.at_ms, fields, (&it.run_id, &it.institution_id), command).await?
        )
    }

    async fn set_assessment_scheme(
        &self,
        request: Request<SetAssessmentSchemeRequest>,
    ) -> Reply<SetAssessmentSchemeResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let scheme = it.scheme.unwrap_or_default();
        checks::scheme(&mut fields, &scheme);
        let command = Command::SetScheme(scheme);
        done!(
            SetAssessmentSchemeResponse,
            self.run(call, it.at_ms, fields, (&it.run_id, &it.institution_id), command).await?
        )
    }

    async fn open_run(&self, request: Request<OpenRunRequest>) -> Reply<OpenRunResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("run_id", &it.run_id);
        fields.done()?;
        let run = self.app.state::<CourseRun>(&it.run_id).await?;
        let course = self.course_facts(run.course_id()).await?;
        let ids = (it.run_id.as_str(), it.institution_id.as_str());
        let outcome = self.run(call, it.at_ms, Fields::new(), ids, Command::Open { course }).await?;
        let course_version = self.app.state::<CourseRun>(&it.run_id).await?.course_version();
        done!(OpenRunResponse, outcome, course_version: course_version)
    }

    async fn close_run(&self, request: Request<CloseRunRequest>) -> Reply<CloseRunResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("reason", &it.reason, checks::TITLE);
        let command = Command::Close { reason: it.reason };
        done!(CloseRunResponse, self.run(call, it.at_ms, fields, (&it.run_id, &it.institution_id), command).await?)
    }

    async fn cancel_run(&self, request: Request<CancelRunRequest>) -> Reply<CancelRunResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("reason", &it.reason, checks::TITLE);
        let command = Command::Cancel { reason: it.reason };
        done!(CancelRunResponse, self.run(call, it.at_ms, fields, (&it.run_id, &it.institution_id), command).await?)
    }

    async fn end_run(&self, request: Request<EndRunRequest>) -> Reply<EndRunResponse> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let command = Command::End { at_ms: call.now_ms() };
        done!(EndRunResponse, self.run(call, 0, Fields::new(), (&it.run_id, &it.institution_id), command).await?)
    }
}
