//! A nanodegree with mentorship is written, reviewed and published, with runs of its courses that are open now.

use super::office::Office;
use crate::demo::{
    desk::{answer, asked},
    sample::{COURSES, INSTITUTIONS},
};
use anyhow::Result;
use studium_proto::catalogue::v1::{
    ApproveProgrammeRequest, Assessment, AssessmentPart, AssessmentSchemeSet, ComposeProgrammeRequest,
    CreateProgrammeRequest, DescribeProgrammeRequest, MentorshipPlanSet, OpenRunRequest, Pacing, ProgrammeComposed,
    ProgrammeDescribed, ProgrammeKind, PublishProgrammeRequest, ScheduleRunRequest, SetAssessmentSchemeRequest,
    SetMentorshipPlanRequest, SubmitProgrammeRequest,
};

/// Its key and its title.
pub const PROGRAMME: &str = "data-engineer";
pub const TITLE: &str = "Data Engineer";

/// What it costs, in cents.
pub const PRICE: i64 = 29_900;

/// The courses that it consists of: programming, databases.
pub const CONTENT: [usize; 2] = [2, 3];

/// The mentor answers within so many minutes, the nanodegree promises.
const ANSWER_MINUTES: u32 = 4 * 60;

/// A month, milliseconds.
const MONTH_MS: i64 = 30 * 24 * 3_600_000;

/// Key of the nanodegree's run of a course.
pub fn run(course: usize) -> String {
    format!("{}-nano", COURSES[course].id)
}

/// Offers it; returns the catalogue's position from which on it can be joined.
pub async fn publish(office: &Office<'_>) -> Result<u64> {
    for course in CONTENT {
        open_run(office, course).await?;
    }
    write(office).await?;
    let (mut author, mut reviewer) = (office.desk.programmes.clone(), office.desk.programme_reviews.clone());
    let programme_id = PROGRAMME.to_owned();
    let submit = SubmitProgrammeRequest { programme_id: programme_id.clone(), ..SubmitProgrammeRequest::default() };
    answer(author.submit_programme(asked("nano-submit", submit)).await)?;
    let approve = ApproveProgrammeRequest { programme_id: programme_id.clone(), ..ApproveProgrammeRequest::default() };
    answer(reviewer.approve_programme(asked("nano-approve", approve)).await)?;
    let publish = PublishProgrammeRequest { programme_id, ..PublishProgrammeRequest::default() };
    Ok(answer(author.publish_programme(asked("nano-publish", publish)).await)?.position)
}

async fn write(office: &Office<'_>) -> Result<()> {
    let (mut author, programme_id) = (office.desk.programmes.clone(), PROGRAMME.to_owned());
    let create = CreateProgrammeRequest {
        programme_id: programme_id.clone(),
        institution_id: INSTITUTIONS[0].id.to_owned(),
        kind: ProgrammeKind::Nanodegree.into(),
        title: TITLE.to_owned(),
        at_ms: 0,
    };
    answer(author.create_programme(asked("nano", create)).await)?;
    let description = ProgrammeDescribed {
        title: TITLE.to_owned(),
        summary: "From the first program to records that outlive it, with a mentor of your own.".to_owned(),
        language: "en".to_owned(),
        price_minor: PRICE,
        currency: "EUR".to_owned(),
    };
    let describe = DescribeProgrammeRequest {
        programme_id: programme_id.clone(),
        description: Some(description),
        ..DescribeProgrammeRequest::default()
    };
    answer(author.describe_programme(asked("nano-description", describe)).await)?;
    let required_course_ids = CONTENT.iter().map(|it| COURSES[*it].id.to_owned()).collect();
    let compose = ComposeProgrammeRequest {
        programme_id: programme_id.clone(),
        composition: Some(ProgrammeComposed { required_course_ids, ..ProgrammeComposed::default() }),
        ..ComposeProgrammeRequest::default()
    };
    answer(author.compose_programme(asked("nano-courses", compose)).await)?;
    let plan =
        MentorshipPlanSet { included: true, answer_within_minutes: ANSWER_MINUTES, ..MentorshipPlanSet::default() };
    let mentorship = SetMentorshipPlanRequest { programme_id, plan: Some(plan), ..SetMentorshipPlanRequest::default() };
    answer(author.set_mentorship_plan(asked("nano-mentorship", mentorship)).await)?;
    Ok(())
}

/// A run that learners can enter now, with an examination.
async fn open_run(office: &Office<'_>, course: usize) -> Result<()> {
    let (mut client, now_ms) = (office.desk.runs.clone(), jiff::Timestamp::now().as_millisecond());
    let key = |act: &str| format!("{act}:{}", run(course));
    let schedule = ScheduleRunRequest {
        run_id: run(course),
        course_id: COURSES[course].id.to_owned(),
        title: "For the nanodegree".to_owned(),
        starts_at_ms: now_ms - MONTH_MS,
        ends_at_ms: now_ms + 6 * MONTH_MS,
        enrol_from_ms: now_ms - MONTH_MS,
        enrol_until_ms: now_ms + 6 * MONTH_MS,
        pacing: Pacing::Self_.into(),
        ..ScheduleRunRequest::default()
    };
    answer(client.schedule_run(asked(&key("run"), schedule)).await)?;
    let project = Assessment {
        assessment_id: "project".to_owned(),
        title: "Project".to_owned(),
        kind: "Project".to_owned(),
        part: AssessmentPart::Exam.into(),
        weight_millipoints: 100_000,
        due_at_ms: 0,
    };
    let scheme = AssessmentSchemeSet {
        assessments: vec![project],
        pass_mark_millipoints: 50_000,
        coursework_share_millipoints: 0,
        distinction_mark_millipoints: 80_000,
    };
    let scheme = SetAssessmentSchemeRequest {
        run_id: run(course),
        scheme: Some(scheme),
        ..SetAssessmentSchemeRequest::default()
    };
    answer(client.set_assessment_scheme(asked(&key("scheme"), scheme)).await)?;
    let open = OpenRunRequest { run_id: run(course), ..OpenRunRequest::default() };
    answer(client.open_run(asked(&key("open"), open)).await)?;
    Ok(())
}
