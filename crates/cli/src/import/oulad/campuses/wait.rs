//! Waiting until enrolment has answered every use of a seat: only then can results be recorded.

use crate::{
    import::{ask::fresh, line::Line, oulad::offer::INSTITUTION},
    platform::Platform,
    progress::count,
};
use anyhow::{Result, bail};
use std::time::{Duration, Instant};
use studium_proto::{
    campus::v1::{ListStuckSeatUsesRequest, plan_service_client::PlanServiceClient},
    enrolment::v1::{ListStatisticsRequest, StatisticsBy, enrolment_query_service_client::EnrolmentQueryServiceClient},
};
use tokio::time::sleep;

/// How often enrolment and campus are asked.
const EVERY: Duration = Duration::from_millis(250);

/// How long answers that do not come are waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until no use that was requested up to a position of the campus stream is without its answer.
/// Their requests are years old by their own dates, so all that are open are listed at once.
///
/// # Errors
/// When no more answers come for long.
pub async fn answered(platform: &Platform, campus: &Line, min_position: u64, registrations: u64) -> Result<()> {
    let enrolment = Line::open(platform, "enrolment", &["registrar"], "studium-import", 1).await?;
    let bar = platform.output.bar("waiting for enrolment's answers", registrations);
    let (mut seen, mut since) = ((u64::MAX, 0), Instant::now());
    loop {
        let request = ListStuckSeatUsesRequest { campus_id: String::new(), older_than_seconds: 1, min_position };
        let open = fresh!(campus, PlanServiceClient::list_stuck_seat_uses, request);
        let open = open.map_err(|e| e.into_error("the list of unanswered uses of seats"))?.uses;
        let Some(oldest) = open.first() else {
            bar.finish();
            return Ok(());
        };
        let enrolled = enrolled(&enrolment).await?;
        bar.set(enrolled.min(registrations));
        let now = (open.len() as u64, enrolled);
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            bail!(
                "enrolment has not answered {} uses of seats, the oldest of {} in {}; see `studium parked list` and the \
                 logs, and repeat the command",
                count(open.len() as u64),
                oldest.learner_id,
                oldest.run_id
            );
        }
        sleep(EVERY).await;
    }
}

/// How many registrations enrolment has.
async fn enrolled(line: &Line) -> Result<u64> {
    let request = ListStatisticsRequest {
        institution_id: INSTITUTION.to_owned(),
        by: StatisticsBy::Run.into(),
        page_size: 1,
        ..ListStatisticsRequest::default()
    };
    let reply = fresh!(line, EnrolmentQueryServiceClient::list_statistics, request);
    let reply = reply.map_err(|e| e.into_error("the statistics of enrolment"))?;
    Ok(reply.total.map_or(0, |it| it.total))
}
