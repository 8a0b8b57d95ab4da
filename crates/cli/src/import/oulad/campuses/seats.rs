//! Who holds the seats: the learners of each region as members of its campus, each with a seat.

use super::{
    provision::Since,
    regions::{Region, Regions},
};
use crate::{
    client::Channel,
    import::{
        ask::STORY,
        line::{Label, Line, Trouble},
        many::many,
        oulad::{
            plan::{Act, Plan, Step},
            play::REQUESTS,
            tally::{Answer, Count, Tally},
        },
    },
    progress::Progress,
};
use anyhow::{Result, bail};
use futures::{TryStreamExt as _, stream};
use std::{collections::HashSet, time::Duration};
use studium_proto::campus::v1::{
    ActivateSeatRequest, AssignSeatsRequest, AssignSeatsResponse, EnrolBySeatRequest, MemberClass, MemberDescribed,
    PutMemberRequest, SeatRowOutcome, member_service_client::MemberServiceClient,
    plan_service_client::PlanServiceClient,
};
use tokio::time::sleep;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// Rows of one call that assigns seats; the service takes no more.
const ROWS_MAX: usize = 10_000;

/// How often, and after what pause, rows are sent again that the service could not decide.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// What all acts on campuses share.
pub struct Desk<'a> {
    /// Connections to the campus service.
    pub line: &'a Line,
    /// What is imported.
    pub plan: &'a Plan,
    /// Who belongs where.
    pub regions: &'a Regions,
    /// How many acts may be on their way at a time.
    pub in_flight: usize,
}

/// The id of a learner.
pub fn learner_id(student: u64) -> String {
    format!("ou-{student}")
}

impl Desk<'_> {
    /// Makes each learner who has a region a student of its campus, from the day of the first registration on.
    ///
    /// # Errors
    /// When the service refuses or does not answer.
    pub async fn join(&self, steps: &[Step], bar: &Progress) -> Result<Count> {
        let mut count = Count { what: "members", ..Count::default() };
        let firsts = steps.iter().filter(|it| it.act == Act::Register);
        let wanted = firsts.filter_map(|it| Some((it, self.regions.of(it.student)?)));
        let put = |connection, (step, region): (&Step, &Region)| {
            let student = self.plan.students[step.student as usize];
            let record = MemberDescribed {
                class: MemberClass::Student.into(),
                external_id: student.to_string(),
                ..MemberDescribed::default()
            };
            let request = PutMemberRequest {
                campus_id: region.id.clone(),
                learner_id: learner_id(student),
                record: Some(record),
                at_ms: step.at_ms,
            };
            async move {
                let correlation_id = format!("oulad-{student}");
                let request_id = Some(Uuid::new_v5(&REQUESTS, format!("member {student}").as_bytes()));
                let label = Label { request_id, correlation_id: &correlation_id, connection };
                let send =
                    |channel, request| async move { MemberServiceClient::new(channel).put_member(request).await };
                let reply = self.line.call(label, &request, send).await?;
                Ok::<_, Trouble>(Answer { position: reply.position, already: reply.already })
            }
        };
        let take = |answer: Result<Answer, Trouble>| {
            count.take(answer.map_err(|e| e.into_error("a member of a campus"))?);
            Ok(())
        };
        many(wanted, self.in_flight, bar, put, take).await?;
        Ok(count)
    }

    /// Assigns each member a seat, many in a call.
    ///
    /// # Errors
    /// When the service refuses a row or does not answer.
    pub async fn assign(&self, since: Since, bar: &Progress) -> Result<Count> {
        let mut count = Count { what: "seats", ..Count::default() };
        for region in &self.regions.list {
            bar.message(region.name.as_str());
            for students in region.students.chunks(ROWS_MAX) {
                self.assign_rows(region, since, students, &mut count).await?;
                bar.inc(students.len() as u64);
            }
        }
        bar.finish();
        Ok(count)
    }

    async fn assign_rows(&self, region: &Region, since: Since, students: &[u32], count: &mut Count) -> Result<()> {
        let row = |student: &u32| AssignSeatsRequest {
            plan_id: region.plan_id(),
            learner_id: learner_id(self.plan.students[*student as usize]),
            at_ms: since.at_ms,
            ..AssignSeatsRequest::default()
        };
        let mut rows: Vec<_> = students.iter().map(row).collect();
        for _ in 0..TRIES {
            let answers = self.line.call(story(), &rows, send_rows).await;
            let answers = answers.map_err(|e| e.into_error(format!("seats of {}", region.plan_id())))?;
            let mut again = vec![];
            for (row, answer) in rows.into_iter().zip(answers) {
                let it = answer.row.unwrap_or_default();
                match it.outcome() {
                    SeatRowOutcome::Ok => count.done += 1,
                    SeatRowOutcome::Already => count.already += 1,
                    SeatRowOutcome::Unavailable => again.push(row),
                    _ => bail!(
                        "a seat of {} for {} was refused: {} ({})",
                        row.plan_id,
                        row.learner_id,
                        it.detail,
                        it.reason
                    ),
                }
            }
            if again.is_empty() {
                return Ok(());
            }
            rows = again;
            sleep(PAUSE).await;
        }
        bail!("{} seats of {} could not be decided; repeat the command", rows.len(), region.plan_id())
    }

    /// Enrols by seat what the steps say, each at its own time; gives the position of the campus stream that has it all.
    ///
    /// # Errors
    /// When the service does not answer. Refusals are in the tally.
    pub async fn enrol(&self, steps: &[Step], since: Since, tally: &mut Tally, bar: &Progress) -> Result<u64> {
        let mut position = 0;
        let wanted = steps.iter().filter_map(|it| Some((it, self.regions.of(it.student)?)));
        let enrol = |connection, (step, region): (&Step, &Region)| {
            let (step, student, run) = (*step, self.plan.students[step.student as usize], &self.plan.run(step).id);
            let request = EnrolBySeatRequest {
                plan_id: region.plan_id(),
                campus_id: region.id.clone(),
                learner_id: learner_id(student),
                run_id: run.clone(),
                for_credit: true,
                catalogue_position: since.catalogue_position,
                at_ms: step.at_ms,
                ..EnrolBySeatRequest::default()
            };
            async move {
                let correlation_id = format!("oulad-{student}");
                let request_id = Some(Uuid::new_v5(&REQUESTS, format!("seat {run} {student}").as_bytes()));
                let label = Label { request_id, correlation_id: &correlation_id, connection };
                let send =
                    |channel, request| async move { PlanServiceClient::new(channel).enrol_by_seat(request).await };
                let answer = self.line.call(label, &request, send).await;
                (step, answer.map(|it| Answer { position: it.position, already: it.already }))
            }
        };
        let take = |(step, answer): (Step, Result<Answer, Trouble>)| {
            match answer {
                Ok(answer) => {
                    position = position.max(answer.position);
                    tally.answered_with(step.act, answer);
                }
                Err(Trouble::Refused(status)) => tally.refused_with(self.plan, &step, &status),
                Err(Trouble::Stop(why)) => bail!(why),
            }
            Ok(())
        };
        many(wanted, self.in_flight, bar, enrol, take).await?;
        Ok(position)
    }

    /// Activates the seats of learners whose registrations were there before: at the first of these registrations.
    ///
    /// # Errors
    /// When the service refuses or does not answer.
    pub async fn activate(&self, steps: &[Step], bar: &Progress) -> Result<Count> {
        let mut count = Count { what: "activations", ..Count::default() };
        let mut seen = HashSet::new();
        let firsts = steps.iter().filter(|it| seen.insert(it.student));
        let wanted = firsts.filter_map(|it| Some((it, self.regions.of(it.student)?)));
        let activate = |connection, (step, region): (&Step, &Region)| {
            let request = ActivateSeatRequest {
                plan_id: region.plan_id(),
                campus_id: region.id.clone(),
                learner_id: learner_id(self.plan.students[step.student as usize]),
                at_ms: step.at_ms,
            };
            async move {
                let label = Label { connection, ..story() };
                let send =
                    |channel, request| async move { PlanServiceClient::new(channel).activate_seat(request).await };
                let reply = self.line.call(label, &request, send).await?;
                Ok::<_, Trouble>(Answer { position: reply.position, already: reply.already })
            }
        };
        let take = |answer: Result<Answer, Trouble>| {
            count.take(answer.map_err(|e| e.into_error("the use of a seat"))?);
            Ok(())
        };
        many(wanted, self.in_flight, bar, activate, take).await?;
        Ok(count)
    }
}

fn story() -> Label<'static> {
    Label { request_id: None, correlation_id: STORY, connection: 0 }
}

/// Sends rows in one call and waits for all of their answers.
async fn send_rows(
    channel: Channel,
    rows: Request<Vec<AssignSeatsRequest>>,
) -> Result<Response<Vec<AssignSeatsResponse>>, Status> {
    let answers = PlanServiceClient::new(channel).assign_seats(rows.map(stream::iter)).await?;
    Ok(Response::new(answers.into_inner().try_collect().await?))
}
