//! Groups as mentorships: each tutor a mentor, each learner's mentorship asked for, assigned, and ended with the run.

use super::groups::{GROUP, Group, Learner, tutor_id};
use crate::{
    import::{
        ask::{STORY, fresh},
        line::{Label, Line, Trouble},
        many::many,
        oulad::{
            known::head,
            offer::INSTITUTION,
            plan::Plan,
            play::REQUESTS,
            tally::{Answer, Count},
        },
    },
    platform::Platform,
    progress::{Progress, count},
};
use anyhow::{Result, bail};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use studium_proto::mentorship::v1::{
    AssignMentorRequest, EndMentorshipRequest, GetWaitingTimeRequest, MentorDescribed, ProposalOrigin,
    RegisterMentorRequest, RequestMentorshipRequest, RequestSource, mentor_service_client::MentorServiceClient,
    mentorship_service_client::MentorshipServiceClient, outcome_service_client::OutcomeServiceClient,
};
use tokio::time::sleep;
use uuid::Uuid;

/// Whom synthetic tutors work for: an institution that has no learners, so that none is ever proposed to anybody.
pub const TUTORS: &str = "oulad-tutor-groups";

/// How often, and how long without any progress, it is asked whether everybody has a tutor.
const EVERY: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_mins(1);

/// What all acts on groups share.
pub struct Desk<'a> {
    /// Connections to the mentorship service.
    pub line: &'a Line,
    /// What is imported.
    pub plan: &'a Plan,
    /// The groups.
    pub groups: &'a [Group],
    /// How many acts may be on their way at a time.
    pub in_flight: usize,
}

/// One act on one learner's mentorship, with its own request id.
macro_rules! act {
    ($desk:expr, $connection:expr, $run:expr, $learner:expr, $method:ident, $request:expr) => {{
        let student = $learner.student;
        let key = format!("{} {} {student}", stringify!($method), $run);
        let correlation_id = format!("oulad-{student}");
        let request_id = Some(Uuid::new_v5(&REQUESTS, key.as_bytes()));
        let label = Label { request_id, correlation_id: &correlation_id, connection: $connection };
        let send = |channel, request| async move { MentorshipServiceClient::new(channel).$method(request).await };
        let reply = $desk.line.call(label, &$request, send).await?;
        Ok::<_, Trouble>(Answer { position: reply.position, already: reply.already })
    }};
}

impl Desk<'_> {
    fn run(&self, group: &Group) -> &str {
        &self.plan.files.runs[usize::from(group.run)].id
    }

    fn learners(&self) -> impl Iterator<Item = (&Group, &Learner)> {
        self.groups.iter().flat_map(|group| group.learners.iter().map(move |it| (group, it)))
    }

    /// Makes every tutor a mentor, from the day on which the presentation was announced.
    ///
    /// # Errors
    /// When the service refuses or does not answer.
    pub async fn register(&self, bar: &Progress) -> Result<Count> {
        let register = |connection, group: &Group| {
            let (run, number) = (&self.plan.files.runs[usize::from(group.run)], group.number);
            let profile = MentorDescribed {
                name: format!("Tutor {number} of {} (synthetic)", run.id),
                languages: vec!["en".to_owned()],
                time_zone: "Europe/London".to_owned(),
                ..MentorDescribed::default()
            };
            let request = RegisterMentorRequest {
                mentor_id: tutor_id(&run.id, number),
                institution_id: TUTORS.to_owned(),
                profile: Some(profile),
                capacity: GROUP as u32,
                at_ms: self.plan.offers[usize::from(group.run)].announced_at_ms(run),
            };
            async move {
                let request_id = Some(Uuid::new_v5(&REQUESTS, request.mentor_id.as_bytes()));
                let label = Label { request_id, correlation_id: STORY, connection };
                let send =
                    |channel, request| async move { MentorServiceClient::new(channel).register_mentor(request).await };
                let reply = self.line.call(label, &request, send).await?;
                Ok::<_, Trouble>(Answer { position: reply.position, already: reply.already })
            }
        };
        let mut tutors = Count { what: "tutors", ..Count::default() };
        many(self.groups, self.in_flight, bar, register, |answer| take(&mut tutors, answer, "a tutor")).await?;
        Ok(tutors)
    }

    /// Asks for each learner's tutor and says who it is, on the day of registration.
    ///
    /// # Errors
    /// When the service refuses or does not answer.
    pub async fn assign(&self, bar: &Progress) -> Result<Count> {
        let assign = |connection, (group, learner): (&Group, &Learner)| {
            let (run, learner) = (self.run(group).to_owned(), *learner);
            let request = RequestMentorshipRequest {
                programme_id: run.clone(),
                learner_id: learner_id(&learner),
                institution_id: INSTITUTION.to_owned(),
                source: RequestSource::Import.into(),
                at_ms: learner.from_ms,
            };
            let assignment = AssignMentorRequest {
                programme_id: run.clone(),
                learner_id: learner_id(&learner),
                mentor_id: tutor_id(&run, group.number),
                institution_id: String::new(),
                origin: ProposalOrigin::Import.into(),
                at_ms: learner.from_ms,
            };
            async move {
                act!(self, connection, run, learner, request_mentorship, request)?;
                act!(self, connection, run, learner, assign_mentor, assignment)
            }
        };
        let mut mentorships = Count { what: "mentorships", ..Count::default() };
        let take = |answer| take(&mut mentorships, answer, "a tutor for a learner");
        many(self.learners(), self.in_flight, bar, assign, take).await?;
        Ok(mentorships)
    }

    /// Waits until everybody has the tutor: places are given by what follows from the acts.
    ///
    /// # Errors
    /// When no more tutors come for long.
    pub async fn assigned(&self, bar: &Progress) -> Result<()> {
        let min_position = head(self.line, "mentorship").await?;
        let all = self.learners().count() as u64;
        let mut open: BTreeSet<&str> = self.groups.iter().map(|it| self.run(it)).collect();
        let (mut least, mut since) = (u64::MAX, Instant::now());
        loop {
            let mut waiting = 0;
            for run in open.clone() {
                let request =
                    GetWaitingTimeRequest { programme_id: run.to_owned(), min_position, ..Default::default() };
                let reply = fresh!(self.line, OutcomeServiceClient::get_waiting_time, request);
                match reply.map_err(|e| e.into_error(format!("who waits in {run}")))?.waiting_now {
                    0 => drop(open.remove(run)),
                    some => waiting += some,
                }
            }
            bar.set(all.saturating_sub(waiting));
            if waiting == 0 {
                bar.finish();
                return Ok(());
            }
            if waiting < least {
                (least, since) = (waiting, Instant::now());
            }
            if since.elapsed() > PATIENCE {
                bail!(
                    "{} learners still wait for their tutor; see `studium parked list` and the logs, and repeat the command",
                    count(waiting)
                );
            }
            sleep(EVERY).await;
        }
    }

    /// Ends each mentorship with the learner's run, as it ended.
    ///
    /// # Errors
    /// When the service refuses or does not answer.
    pub async fn end(&self, bar: &Progress) -> Result<Count> {
        let ended = self.learners().filter_map(|(group, it)| Some((group, it, it.ended?)));
        let end = |connection, (group, learner, (at_ms, end)): (&Group, &Learner, _)| {
            let (run, learner, end): (_, _, studium_proto::mentorship::v1::MentorshipEnd) =
                (self.run(group).to_owned(), *learner, end);
            let request = EndMentorshipRequest {
                programme_id: run.clone(),
                learner_id: learner_id(&learner),
                end: end.into(),
                at_ms,
                ..EndMentorshipRequest::default()
            };
            async move { act!(self, connection, run, learner, end_mentorship, request) }
        };
        let mut ends = Count { what: "ends", ..Count::default() };
        many(ended, self.in_flight, bar, end, |answer| take(&mut ends, answer, "the end of a mentorship")).await?;
        Ok(ends)
    }
}

fn learner_id(learner: &Learner) -> String {
    format!("ou-{}", learner.student)
}

fn take(count: &mut Count, answer: Result<Answer, Trouble>, what: &str) -> Result<()> {
    count.take(answer.map_err(|e| e.into_error(what))?);
    Ok(())
}

/// Plays all groups.
///
/// # Errors
/// When the service does not answer for long, or refuses.
pub async fn play(platform: &Platform, plan: &Plan, groups: &[Group], in_flight: usize) -> Result<Vec<Count>> {
    let line = Line::open(platform, "mentorship", &["registrar", "operator"], "studium-import", 4).await?;
    let desk = Desk { line: &line, plan, groups, in_flight };
    let (output, learners) = (platform.output, desk.learners().count() as u64);
    let tutors = desk.register(&output.bar("registering tutors", groups.len() as u64)).await?;
    let mentorships = desk.assign(&output.bar("assigning tutors", learners)).await?;
    desk.assigned(&output.bar("waiting until everybody has a tutor", learners)).await?;
    let ends = desk.end(&output.bar("ending mentorships", learners)).await?;
    Ok(vec![tutors, mentorships, ends])
}
