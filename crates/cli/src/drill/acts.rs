//! What learners of a drill do: each goes through one of a few lives, a command at a time.

use super::desk::{COURSE, Desk, OPEN, PLAN, PROGRAMME, TIGHT, UNIVERSITY};
use crate::client::Channel;
use studium_proto::{
    campus::v1::{
        EnrolBySeatRequest, MemberClass, MemberDescribed, PutMemberRequest, member_service_client::MemberServiceClient,
        plan_service_client::PlanServiceClient,
    },
    catalogue::v1::{DefineSelectionRequest, selection_service_client::SelectionServiceClient},
    enrolment::v1::{
        CompleteRequest, EnrolRequest, EnrolmentSource, Outcome, RecordResultRequest, WithdrawRequest,
        enrolment_service_client::EnrolmentServiceClient,
    },
    mentorship::v1::{
        DescribeMenteeRequest, MenteeDescribed, RequestMentorshipRequest,
        mentorship_service_client::MentorshipServiceClient,
    },
};
use tonic::{Request, Status};

/// Who acts.
#[derive(Debug, Clone, Copy)]
pub struct Learner {
    /// Which one.
    pub number: u64,
    /// Another number may lead to another replica.
    pub replica: u64,
}

/// One command of a learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// To become a student of the campus.
    JoinCampus,
    /// To take the course by a seat of the campus.
    EnrolBySeat,
    /// To take the course in the open run.
    Enrol,
    /// To take it in the run of few seats.
    EnrolTight,
    /// To leave that run, whether seated or in line.
    Leave,
    /// To have a result recorded.
    Result,
    /// To pass.
    Pass,
    /// To say what a mentor should know.
    Describe,
    /// To ask for a mentor.
    SeekMentor,
    /// To have a selection of courses made.
    Select,
}

impl Act {
    /// What a learner does, in order.
    pub fn of(learner: u64) -> &'static [Self] {
        match learner % 8 {
            0 => &[Self::JoinCampus, Self::EnrolBySeat, Self::Describe, Self::SeekMentor],
            1 => &[Self::EnrolTight, Self::Describe, Self::SeekMentor],
            2 => &[Self::Enrol, Self::Result, Self::Pass],
            3 => &[Self::EnrolTight, Self::Leave],
            4 => &[Self::JoinCampus, Self::EnrolBySeat],
            5 => &[Self::EnrolTight, Self::Enrol, Self::Leave],
            6 => &[Self::Enrol, Self::Pass],
            _ => &[Self::Select, Self::Enrol],
        }
    }

    /// The service that is asked.
    pub fn service(self) -> &'static str {
        match self {
            Self::JoinCampus | Self::EnrolBySeat => "campus",
            Self::Describe | Self::SeekMentor => "mentorship",
            Self::Select => "catalogue",
            _ => "enrolment",
        }
    }

    /// Whether it says something about a person, which is sealed with a key of that person.
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Describe | Self::Leave)
    }

    /// The same whenever it is said again.
    pub fn request_id(self, learner: u64) -> String {
        format!("drill:{learner}:{self:?}")
    }

    /// Asks for it once. Gives the position that the answer names.
    pub async fn ask(self, desk: &Desk, by: Learner, request_id: &str) -> Result<u64, Status> {
        let (channel, learner) = (desk.to(self.service(), by.replica), by.number);
        match self.service() {
            "campus" => self.ask_campus(desk, channel, learner, request_id).await,
            "mentorship" => self.ask_mentorship(channel, by, request_id).await,
            "catalogue" => ask_catalogue(desk, channel, learner, request_id).await,
            _ => self.ask_enrolment(desk, channel, learner, request_id).await,
        }
    }

    async fn ask_campus(self, desk: &Desk, channel: Channel, n: u64, request_id: &str) -> Result<u64, Status> {
        let (campus_id, learner_id) = (UNIVERSITY.to_owned(), learner_id(n));
        if self == Self::JoinCampus {
            let record = MemberDescribed { class: MemberClass::Student.into(), ..MemberDescribed::default() };
            let put = PutMemberRequest { campus_id, learner_id, record: Some(record), at_ms: 0 };
            let done = MemberServiceClient::new(channel).put_member(with_id(put, request_id)).await?;
            return Ok(done.into_inner().position);
        }
        let enrol = EnrolBySeatRequest {
            plan_id: PLAN.to_owned(),
            campus_id,
            learner_id,
            run_id: OPEN.to_owned(),
            catalogue_position: desk.catalogue,
            ..EnrolBySeatRequest::default()
        };
        Ok(PlanServiceClient::new(channel).enrol_by_seat(with_id(enrol, request_id)).await?.into_inner().position)
    }

    async fn ask_mentorship(self, channel: Channel, by: Learner, request_id: &str) -> Result<u64, Status> {
        let (mut client, learner_id) = (MentorshipServiceClient::new(channel), learner_id(by.number));
        if self == Self::Describe {
            let profile = MenteeDescribed {
                languages: vec!["en".to_owned()],
                time_zone: "Europe/Dublin".to_owned(),
                skills: vec!["calm".to_owned()],
                goals: format!("to be calm like {}", by.number),
            };
            let describe = DescribeMenteeRequest { learner_id, profile: Some(profile), at_ms: 0 };
            return Ok(client.describe_mentee(with_id(describe, request_id)).await?.into_inner().position);
        }
        let seek = RequestMentorshipRequest {
            programme_id: PROGRAMME.to_owned(),
            learner_id,
            institution_id: UNIVERSITY.to_owned(),
            ..RequestMentorshipRequest::default()
        };
        Ok(client.request_mentorship(with_id(seek, request_id)).await?.into_inner().position)
    }

    async fn ask_enrolment(self, desk: &Desk, channel: Channel, n: u64, request_id: &str) -> Result<u64, Status> {
        let (mut client, learner_id) = (EnrolmentServiceClient::new(channel), learner_id(n));
        let run_id = if matches!(self, Self::EnrolTight | Self::Leave) { TIGHT } else { OPEN }.to_owned();
        Ok(match self {
            Self::Leave => {
                let reason = format!("{n} has seen enough");
                let leave = WithdrawRequest { run_id, learner_id, reason, ..WithdrawRequest::default() };
                client.withdraw(with_id(leave, request_id)).await?.into_inner().position
            }
            Self::Result => {
                let result = RecordResultRequest {
                    run_id,
                    learner_id,
                    assessment_id: "exam".to_owned(),
                    score_millipoints: Some(50_000 + (n % 50) as u32 * 1000),
                    ..RecordResultRequest::default()
                };
                client.record_result(with_id(result, request_id)).await?.into_inner().position
            }
            Self::Pass => {
                let pass = CompleteRequest {
                    run_id,
                    learner_id,
                    outcome: Outcome::Passed.into(),
                    ..CompleteRequest::default()
                };
                client.complete(with_id(pass, request_id)).await?.into_inner().position
            }
            _ => {
                let enrol = EnrolRequest {
                    run_id,
                    learner_id,
                    source: EnrolmentSource::Staff.into(),
                    catalogue_position: desk.catalogue,
                    ..EnrolRequest::default()
                };
                client.enrol(with_id(enrol, request_id)).await?.into_inner().position
            }
        })
    }
}

async fn ask_catalogue(desk: &Desk, channel: Channel, n: u64, request_id: &str) -> Result<u64, Status> {
    let define = DefineSelectionRequest {
        selection_id: format!("drill-selection-{n}"),
        title: COURSE.to_owned(),
        picked_course_ids: vec![desk.course_id.clone()],
        min_position: desk.catalogue,
        ..DefineSelectionRequest::default()
    };
    let mut client = SelectionServiceClient::new(channel);
    Ok(client.define_selection(with_id(define, request_id)).await?.into_inner().position)
}

fn learner_id(n: u64) -> String {
    format!("drill-learner-{n}")
}

fn with_id<T>(message: T, request_id: &str) -> Request<T> {
    let mut request = Request::new(message);
    if let Ok(value) = request_id.parse() {
        request.metadata_mut().insert("x-request-id", value);
    }
    request
}
