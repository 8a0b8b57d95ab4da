//! Calls that concern classes.

use super::{Api, NAME_MAX, Reply, TEXT_MAX, class_checks as checks, done};
use crate::class::{Command, Results};
use studium_kit::{Call, Fields};
use studium_proto::campus::v1::{
    AddClassLearnersRequest, AddClassLearnersResponse, AddClassTeacherRequest, AddClassTeacherResponse,
    AssignClassWorkRequest, AssignClassWorkResponse, CancelClassMeetingRequest, CancelClassMeetingResponse,
    ClassAttendance, ClassAttendanceRow, ClassCreditDecided, ClassExerciseRecorded, ClassGroupFormed,
    ClassMeetingCancelled, ClassMeetingRescheduled, ClassMeetingScheduled, ClassWorkAssigned, CloseClassRequest,
    CloseClassResponse, DecideClassCreditRequest, DecideClassCreditResponse, DissolveClassGroupRequest,
    DissolveClassGroupResponse, FormClassGroupRequest, FormClassGroupResponse, GetClassRequest, GetClassResponse,
    ListClassAttendanceRequest, ListClassAttendanceResponse, ListClassLearnersRequest, ListClassLearnersResponse,
    ListClassResultsRequest, ListClassResultsResponse, ListClassesRequest, ListClassesResponse,
    MarkClassWorkDoneRequest, MarkClassWorkDoneResponse, OpenClassRequest, OpenClassResponse,
    RecordClassAttendanceRequest, RecordClassAttendanceResponse, RecordClassExerciseRequest,
    RecordClassExerciseResponse, RecordClassResultsRequest, RecordClassResultsResponse, RecordClassWorkDoneRequest,
    RecordClassWorkDoneResponse, RemoveClassLearnersRequest, RemoveClassLearnersResponse, RemoveClassTeacherRequest,
    RemoveClassTeacherResponse, RescheduleClassMeetingRequest, RescheduleClassMeetingResponse,
    ScheduleClassMeetingRequest, ScheduleClassMeetingResponse, class_service_server::ClassService,
};
use studium_proto::catalogue::v1::CreditScheme;
use tonic::{Request, Response};

/// Opens a call on a class: who, when, and the ids looked at. Gives the call, the request and its fields so far.
macro_rules! open {
    ($request:expr) => {{
        let (call, it) = Call::open($request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("class_id", &it.class_id);
        (call, it, fields)
    }};
}

/// Asks a class for something and replies with what came of it.
macro_rules! ask {
    ($api:expr, $call:expr, $it:expr, $fields:expr, $response:ident, $command:expr) => {{
        $fields.done()?;
        let ids = ($it.class_id.clone(), $it.campus_id.clone());
        done!($response, $api.class(&$call, (&ids.0, &ids.1), $command).await?)
    }};
}

#[tonic::async_trait]
impl ClassService for Api {
    async fn open_class(&self, request: Request<OpenClassRequest>) -> Reply<OpenClassResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("campus_id", &it.campus_id);
        checks::one_of(&mut fields, ("composition_id", &it.composition_id), ("run_id", &it.run_id));
        fields.text("title", &it.title, NAME_MAX);
        fields.optional_text("term", &it.term, NAME_MAX);
        checks::ids(&mut fields, "teacher_ids", &it.teacher_ids, 0..=checks::TEACHERS_MAX);
        fields.done()?;
        let (class_id, campus_id) = (it.class_id.clone(), it.campus_id.clone());
        let command = self.opening(it).await?;
        done!(OpenClassResponse, self.class(&call, (&class_id, &campus_id), command).await?)
    }

    async fn add_class_teacher(&self, request: Request<AddClassTeacherRequest>) -> Reply<AddClassTeacherResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("teacher_id", &it.teacher_id);
        fields.done()?;
        let teacher_id = it.teacher_id.clone();
        let is_campus_teacher = self.is_teacher(&it.class_id, &teacher_id, it.min_position).await?;
        let command = Command::AddTeacher { teacher_id, is_campus_teacher };
        ask!(self, call, it, Fields::new(), AddClassTeacherResponse, command)
    }

    async fn remove_class_teacher(
        &self,
        request: Request<RemoveClassTeacherRequest>,
    ) -> Reply<RemoveClassTeacherResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("teacher_id", &it.teacher_id);
        let command = Command::RemoveTeacher { teacher_id: it.teacher_id.clone() };
        ask!(self, call, it, fields, RemoveClassTeacherResponse, command)
    }

    async fn add_class_learners(&self, request: Request<AddClassLearnersRequest>) -> Reply<AddClassLearnersResponse> {
        let (call, it, mut fields) = open!(request);
        checks::ids(&mut fields, "learner_ids", &it.learner_ids, 1..=checks::ROWS_MAX);
        fields.done()?;
        let (outcome, rows) = self.add_all(&call, it).await?;
        done!(AddClassLearnersResponse, outcome, rows: rows)
    }

    async fn remove_class_learners(
        &self,
        request: Request<RemoveClassLearnersRequest>,
    ) -> Reply<RemoveClassLearnersResponse> {
        let (call, it, mut fields) = open!(request);
        checks::ids(&mut fields, "learner_ids", &it.learner_ids, 1..=checks::ROWS_MAX);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let (outcome, rows) = self.remove_all(&call, it).await?;
        done!(RemoveClassLearnersResponse, outcome, rows: rows)
    }

    async fn form_class_group(&self, request: Request<FormClassGroupRequest>) -> Reply<FormClassGroupResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("group_id", &it.group_id);
        fields.text("name", &it.name, NAME_MAX);
        checks::ids(&mut fields, "learner_ids", &it.learner_ids, 1..=checks::CLASS_MAX);
        let (group_id, name, learner_ids) = (it.group_id.clone(), it.name.clone(), it.learner_ids.clone());
        let command = Command::FormGroup(ClassGroupFormed { group_id, name, learner_ids });
        ask!(self, call, it, fields, FormClassGroupResponse, command)
    }

    async fn dissolve_class_group(
        &self,
        request: Request<DissolveClassGroupRequest>,
    ) -> Reply<DissolveClassGroupResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("group_id", &it.group_id);
        let command = Command::DissolveGroup { group_id: it.group_id.clone() };
        ask!(self, call, it, fields, DissolveClassGroupResponse, command)
    }

    async fn schedule_class_meeting(
        &self,
        request: Request<ScheduleClassMeetingRequest>,
    ) -> Reply<ScheduleClassMeetingResponse> {
        let (call, it, mut fields) = open!(request);
        checks::meeting(&mut fields, (&it.meeting_id, it.starts_at_ms), (&it.room, &it.url));
        fields.optional_text("title", &it.title, NAME_MAX);
        let command = Command::ScheduleMeeting(ClassMeetingScheduled {
            meeting_id: it.meeting_id.clone(),
            title: it.title.clone(),
            starts_at_ms: it.starts_at_ms,
            ends_at_ms: it.ends_at_ms,
            room: it.room.clone(),
            url: it.url.clone(),
        });
        ask!(self, call, it, fields, ScheduleClassMeetingResponse, command)
    }

    async fn reschedule_class_meeting(
        &self,
        request: Request<RescheduleClassMeetingRequest>,
    ) -> Reply<RescheduleClassMeetingResponse> {
        let (call, it, mut fields) = open!(request);
        checks::meeting(&mut fields, (&it.meeting_id, it.starts_at_ms), (&it.room, &it.url));
        let command = Command::RescheduleMeeting(ClassMeetingRescheduled {
            meeting_id: it.meeting_id.clone(),
            starts_at_ms: it.starts_at_ms,
            ends_at_ms: it.ends_at_ms,
            room: it.room.clone(),
            url: it.url.clone(),
        });
        ask!(self, call, it, fields, RescheduleClassMeetingResponse, command)
    }

    async fn cancel_class_meeting(
        &self,
        request: Request<CancelClassMeetingRequest>,
    ) -> Reply<CancelClassMeetingResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("meeting_id", &it.meeting_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let (meeting_id, reason) = (it.meeting_id.clone(), it.reason.clone());
        let command = Command::CancelMeeting(ClassMeetingCancelled { meeting_id, reason });
        ask!(self, call, it, fields, CancelClassMeetingResponse, command)
    }

    async fn record_class_attendance(
        &self,
        request: Request<RecordClassAttendanceRequest>,
    ) -> Reply<RecordClassAttendanceResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("meeting_id", &it.meeting_id);
        let ids: Vec<_> = it.rows.iter().map(|it| it.learner_id.clone()).collect();
        checks::ids(&mut fields, "rows", &ids, 1..=checks::CLASS_MAX);
        let known = |it: &ClassAttendanceRow| ClassAttendance::try_from(it.attendance).is_ok_and(|it| it as i32 > 0);
        fields.check("rows.attendance", it.rows.iter().all(known), "is not given");
        let rows = it.rows.iter().map(|it| (it.learner_id.clone(), it.attendance())).collect();
        let command = Command::RecordAttendance { meeting_id: it.meeting_id.clone(), rows };
        ask!(self, call, it, fields, RecordClassAttendanceResponse, command)
    }

    async fn assign_class_work(&self, request: Request<AssignClassWorkRequest>) -> Reply<AssignClassWorkResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("work_id", &it.work_id);
        fields.id("meeting_id", &it.meeting_id);
        fields.text("title", &it.title, NAME_MAX);
        fields.check("due_at_ms", it.due_at_ms >= 0, "is negative");
        checks::contents(&mut fields, &it.content_ids, 1);
        fields.done()?;
        let unknown = self.unknown(&it.class_id, &it.content_ids).await?;
        let work = ClassWorkAssigned {
            work_id: it.work_id.clone(),
            title: it.title.clone(),
            content_ids: it.content_ids.clone(),
            meeting_id: it.meeting_id.clone(),
            due_at_ms: it.due_at_ms,
        };
        ask!(self, call, it, Fields::new(), AssignClassWorkResponse, Command::AssignWork { work, unknown })
    }

    async fn mark_class_work_done(
        &self,
        request: Request<MarkClassWorkDoneRequest>,
    ) -> Reply<MarkClassWorkDoneResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("class_id", &it.class_id);
        fields.id("learner_id", &it.learner_id);
        fields.id("work_id", &it.work_id);
        checks::contents(&mut fields, &it.content_ids, 0);
        fields.done()?;
        let (work_id, content_ids, done_at_ms) = (it.work_id, it.content_ids, call.now_ms());
        let learner_ids = vec![it.learner_id.clone()];
        let command = Command::WorkDone { work_id, learner_ids, content_ids, done_at_ms };
        done!(MarkClassWorkDoneResponse, self.own_work(&call, &it.class_id, it.learner_id, command).await?)
    }

    async fn record_class_work_done(
        &self,
        request: Request<RecordClassWorkDoneRequest>,
    ) -> Reply<RecordClassWorkDoneResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("work_id", &it.work_id);
        checks::ids(&mut fields, "learner_ids", &it.learner_ids, 1..=checks::CLASS_MAX);
        checks::contents(&mut fields, &it.content_ids, 0);
        fields.check("done_at_ms", (0..=call.now_ms()).contains(&it.done_at_ms), "is negative or in the future");
        let done_at_ms = if it.done_at_ms == 0 { call.now_ms() } else { it.done_at_ms };
        let (work_id, learner_ids) = (it.work_id.clone(), it.learner_ids.clone());
        let command = Command::WorkDone { work_id, learner_ids, content_ids: it.content_ids.clone(), done_at_ms };
        ask!(self, call, it, fields, RecordClassWorkDoneResponse, command)
    }

    async fn record_class_exercise(
        &self,
        request: Request<RecordClassExerciseRequest>,
    ) -> Reply<RecordClassExerciseResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("exercise_id", &it.exercise_id);
        checks::one_of(&mut fields, ("group_id", &it.group_id), ("learner_id", &it.learner_id));
        checks::content(&mut fields, &it.content_id);
        fields.check("score_millipoints", it.score_millipoints.is_none_or(checks::is_rate), "is more than 100,000");
        fields.optional_text("note", &it.note, TEXT_MAX);
        fields.optional_text("correction_reason", &it.correction_reason, TEXT_MAX);
        fields.done()?;
        let is_content_known = self.unknown(&it.class_id, std::slice::from_ref(&it.content_id)).await?.is_empty();
        let exercise = ClassExerciseRecorded {
            exercise_id: it.exercise_id.clone(),
            content_id: it.content_id.clone(),
            group_id: it.group_id.clone(),
            learner_ids: Some(it.learner_id.clone()).filter(|it| !it.is_empty()).into_iter().collect(),
            score_millipoints: it.score_millipoints,
            note: it.note.clone(),
            correction_reason: it.correction_reason.clone(),
        };
        let command = Command::RecordExercise { exercise, is_content_known };
        ask!(self, call, it, Fields::new(), RecordClassExerciseResponse, command)
    }

    async fn record_class_results(
        &self,
        request: Request<RecordClassResultsRequest>,
    ) -> Reply<RecordClassResultsResponse> {
        let (call, it, mut fields) = open!(request);
        checks::content_id(&mut fields, "assessment_id", &it.assessment_id);
        checks::content(&mut fields, &it.content_id);
        let ids: Vec<_> = it.rows.iter().map(|it| it.learner_id.clone()).collect();
        checks::ids(&mut fields, "rows", &ids, 1..=checks::CLASS_MAX);
        let all_rates = it.rows.iter().all(|it| checks::is_rate(it.score_millipoints));
        fields.check("rows.score_millipoints", all_rates, "is more than 100,000");
        fields.optional_text("correction_reason", &it.correction_reason, TEXT_MAX);
        fields.done()?;
        let is_content_known = self.unknown(&it.class_id, std::slice::from_ref(&it.content_id)).await?.is_empty();
        let results = Results {
            assessment_id: it.assessment_id.clone(),
            content_id: it.content_id.clone(),
            rows: it.rows.iter().map(|it| (it.learner_id.clone(), it.score_millipoints)).collect(),
            correction_reason: it.correction_reason.clone(),
        };
        let command = Command::RecordResults { results, is_content_known };
        ask!(self, call, it, Fields::new(), RecordClassResultsResponse, command)
    }

    async fn decide_class_credit(
        &self,
        request: Request<DecideClassCreditRequest>,
    ) -> Reply<DecideClassCreditResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("learner_id", &it.learner_id);
        let scheme = CreditScheme::try_from(it.scheme).is_ok_and(|it| it != CreditScheme::Unspecified);
        fields.check("scheme", scheme == it.granted, "is given if and only if credit is granted");
        fields.check(
            "credits_milli",
            (it.credits_milli > 0) == it.granted,
            "is given if and only if credit is granted",
        );
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.optional_text("correction_reason", &it.correction_reason, TEXT_MAX);
        let command = Command::DecideCredit(ClassCreditDecided {
            learner_id: it.learner_id.clone(),
            granted: it.granted,
            credits_milli: it.credits_milli,
            scheme: it.scheme,
            reason: it.reason.clone(),
            correction_reason: it.correction_reason.clone(),
        });
        ask!(self, call, it, fields, DecideClassCreditResponse, command)
    }

    async fn close_class(&self, request: Request<CloseClassRequest>) -> Reply<CloseClassResponse> {
        let (call, it, mut fields) = open!(request);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let command = Command::Close { reason: it.reason.clone() };
        ask!(self, call, it, fields, CloseClassResponse, command)
    }

    async fn get_class(&self, request: Request<GetClassRequest>) -> Reply<GetClassResponse> {
        let (call, it) = Call::open(request)?;
        Ok(Response::new(self.whole_class(&call, &it).await?))
    }

    async fn list_classes(&self, request: Request<ListClassesRequest>) -> Reply<ListClassesResponse> {
        let (_, it) = Call::open(request)?;
        Ok(Response::new(self.classes_of(&it).await?))
    }

    async fn list_class_learners(
        &self,
        request: Request<ListClassLearnersRequest>,
    ) -> Reply<ListClassLearnersResponse> {
        let (call, it) = Call::open(request)?;
        Ok(Response::new(self.learners_of_class(&call, &it).await?))
    }

    async fn list_class_attendance(
        &self,
        request: Request<ListClassAttendanceRequest>,
    ) -> Reply<ListClassAttendanceResponse> {
        let (call, it) = Call::open(request)?;
        Ok(Response::new(self.attendance_of_class(&call, &it).await?))
    }

    async fn list_class_results(&self, request: Request<ListClassResultsRequest>) -> Reply<ListClassResultsResponse> {
        let (call, it) = Call::open(request)?;
        Ok(Response::new(self.results_of_class(&call, &it).await?))
    }
}
