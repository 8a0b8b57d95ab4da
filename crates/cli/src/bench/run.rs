//! What the bench enrols learners in: one course of one institution, with a run that everybody may join.

use crate::{client::failed, platform::Platform};
use anyhow::{Result, bail};
use futures::stream;
use studium_proto::catalogue::v1::{
    CourseLevel, ImportCoursesRequest, OpenRunRequest, Pacing, ScheduleRunRequest,
    course_run_service_client::CourseRunServiceClient, import_service_client::ImportServiceClient,
};
use studium_proto::enrolment::v1::{GetRunOfferRequest, enrolment_query_service_client::EnrolmentQueryServiceClient};
use tokio::time::{Duration, Instant};

/// The run's id.
const RUN: &str = "bench-run";

/// A year, milliseconds.
const YEAR_MS: i64 = 365 * 24 * 3600 * 1000;

/// Has the catalogue offer the run, and returns its id once enrolment knows it.
pub async fn offer(platform: &Platform) -> Result<String> {
    let channel = platform.connect("catalogue", &["registrar"]).await?;
    let course = ImportCoursesRequest {
        row: 1,
        slug: "bench-course".to_owned(),
        title: "A course to measure with".to_owned(),
        institution: "Bench University".to_owned(),
        level: CourseLevel::Beginner.into(),
        language: "English".to_owned(),
        hours: 10.0,
        ..ImportCoursesRequest::default()
    };
    let rows = stream::iter([course]);
    let mut answers =
        ImportServiceClient::new(channel.clone()).import_courses(rows).await.map_err(failed)?.into_inner();
    while let Some(answer) = answers.message().await.map_err(failed)? {
        if !answer.reason.is_empty() {
            bail!("the course to measure with was refused: {} ({})", answer.detail, answer.reason);
        }
    }
    let mut runs = CourseRunServiceClient::new(channel);
    let now = studium_log::now_ms();
    let schedule = ScheduleRunRequest {
        run_id: RUN.to_owned(),
        course_id: "bench-course".to_owned(),
        starts_at_ms: now - YEAR_MS,
        ends_at_ms: now + YEAR_MS,
        pacing: Pacing::Self_.into(),
        ..ScheduleRunRequest::default()
    };
    runs.schedule_run(schedule).await.map_err(failed)?;
    let open = OpenRunRequest { run_id: RUN.to_owned(), ..OpenRunRequest::default() };
    let position = runs.open_run(open).await.map_err(failed)?.into_inner().position;

    let mut offers = EnrolmentQueryServiceClient::new(platform.connect("enrolment", &["registrar"]).await?);
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        let request = GetRunOfferRequest { run_id: RUN.to_owned(), catalogue_position: position };
        match offers.get_run_offer(request).await {
            Ok(_) => return Ok(RUN.to_owned()),
            Err(_) if Instant::now() < patience => {}
            Err(e) => return Err(failed(e)),
        }
    }
}
