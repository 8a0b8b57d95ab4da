//! Courses are passed, the programme is completed, and with it the mentorship ends and the place is free.

use super::{
    office::Office,
    people::LEARNERS,
    programme::{CONTENT, PROGRAMME, run},
};
use crate::demo::{
    desk::{all, answer, asked, settled},
    sample::chance,
};
use anyhow::{Result, ensure};
use studium_proto::{
    enrolment::v1::{
        ConcludeRequest, EnrolRequest, EnrolmentSource, GetProgrammeStatisticsRequest, RecordResultRequest,
    },
    mentorship::v1::{Mentorship, MentorshipEnd, MentorshipState},
};

/// What came of it.
pub struct Ended {
    /// Learners who completed the programme.
    pub completed: u64,
    /// Mentorships that ended with it.
    pub mentorships: usize,
    /// Places that are still taken.
    pub taken: u32,
}

/// Everybody passes every course.
pub async fn graduate(office: &Office<'_>, offered: u64) -> Result<Ended> {
    let bar = office.desk.output().bar("courses with a mentor", 0);
    let work = (0..LEARNERS.len()).flat_map(|learner| CONTENT.map(|course| (learner, course))).collect();
    all(work, &bar, |(learner, course)| pass(office, learner, course, offered)).await?;
    let many = LEARNERS.len() as u64;
    let statistics = settled(
        "everybody has completed the nanodegree",
        async || {
            let programme_id = PROGRAMME.to_owned();
            let request = GetProgrammeStatisticsRequest { programme_id, ..GetProgrammeStatisticsRequest::default() };
            answer(office.desk.joined.clone().get_programme_statistics(request).await)
        },
        |it| it.completed == many,
    )
    .await?;
    let all = settled(
        "every mentorship has ended",
        async || office.all().await,
        |it| it.iter().all(|it| it.mentorship.as_ref().is_some_and(|it| it.state() == MentorshipState::Ended)),
    )
    .await?;
    let completed = |it: &&Mentorship| it.end() == MentorshipEnd::Completed;
    let ended = all.iter().filter_map(|it| it.mentorship.as_ref()).filter(completed).count();
    ensure!(ended == LEARNERS.len(), "{ended} of {many} mentorships ended because the programme was completed");
    let free = async || office.places().await;
    let places = settled("every place is free again", free, |it| it.iter().all(|it| it.load == 0)).await?;
    Ok(Ended { completed: statistics.completed, mentorships: ended, taken: places.iter().map(|it| it.load).sum() })
}

async fn pass(office: &Office<'_>, learner: usize, course: usize, catalogue_position: u64) -> Result<()> {
    let (mut client, learner_id) = (office.desk.enrolments.clone(), LEARNERS[learner].id.to_owned());
    let key = |act: &str| format!("{act}:{}:{learner_id}", run(course));
    let enrol = EnrolRequest {
        run_id: run(course),
        learner_id: learner_id.clone(),
        source: EnrolmentSource::Programme.into(),
        source_ref: PROGRAMME.to_owned(),
        catalogue_position,
        ..EnrolRequest::default()
    };
    answer(client.enrol(asked(&key("enrol"), enrol)).await)?;
    let record = RecordResultRequest {
        run_id: run(course),
        learner_id: learner_id.clone(),
        assessment_id: "project".to_owned(),
        attempt: 1,
        score_millipoints: Some((55 + chance(learner, course, 7) % 45) * 1000),
        identity_verified: true,
        ..RecordResultRequest::default()
    };
    answer(client.record_result(asked(&key("result"), record)).await)?;
    let conclude =
        ConcludeRequest { run_id: run(course), learner_id: learner_id.clone(), ..ConcludeRequest::default() };
    answer(client.conclude(asked(&key("conclude"), conclude)).await).map(drop)
}
