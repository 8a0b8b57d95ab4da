//! Enrolment by seat from end to end: from the call to the campus until enrolment shows the learner as active.

use super::desk::{CAMPUS, SeatDesk, USED, learner};
use crate::{
    bench::{bare::Limits, load},
    client::{Channel, failed},
    progress::Output,
};
use anyhow::{Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use studium_proto::{
    campus::v1::EnrolBySeatRequest,
    enrolment::v1::{
        EnrolmentState, GetEnrolmentRequest, GetRunStatisticsRequest,
        enrolment_query_service_client::EnrolmentQueryServiceClient,
    },
};
use tokio::time::sleep;
use tonic::Code;

/// Enrolments one at a time, and at most so many with many in flight.
const ONE_BY_ONE: u32 = 300;
const TOGETHER_MAX: u32 = 10_000;
const IN_FLIGHT: usize = 64;

/// How often the views are asked, and how long.
const EVERY: Duration = Duration::from_millis(1);
const TOGETHER_EVERY: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_mins(2);

/// Enrols members in the bench's run: one after the other, then many at once.
pub async fn measure(desk: &SeatDesk, run_id: &str, members: u32, limits: Limits, output: Output) -> Result<Value> {
    let profile = desk.platform.state.durability;
    let query = EnrolmentQueryServiceClient::new(desk.platform.connect("enrolment", &["registrar"]).await?);
    let mut took = load::histogram()?;
    let alone = ONE_BY_ONE.min(members / 2);
    for n in 0..alone {
        let started = Instant::now();
        enrol(desk, run_id, n).await?;
        until_active(&query, run_id, n).await?;
        took.saturating_record(started.elapsed().as_micros() as u64);
    }
    let single = load::figures(&took, Duration::from_secs(1), 0);
    // A call, the plan's commit, and the enrolment's: nothing of it can go side by side.
    let limit_ms = limits.echo_ms + 2.0 * limits.append_ms;
    let to_limit = limit_ms / single.p50_ms;
    output.say(format!(
        "campus    {profile:<10} enrol by seat, call to active, one at a time: p50 {:.1} ms, p99 {:.1} ms ({to_limit:.2} of \
         the serial limit {limit_ms:.2} ms)",
        single.p50_ms, single.p99_ms
    ));
    let together = TOGETHER_MAX.min(members - alone);
    let before = active(&query, run_id).await?;
    let started = Instant::now();
    let calls = (alone..alone + together).map(|n| enrol(desk, run_id, n));
    stream::iter(calls).buffer_unordered(IN_FLIGHT).try_collect::<()>().await?;
    let called = f64::from(together) / started.elapsed().as_secs_f64();
    while active(&query, run_id).await? < before + u64::from(together) {
        if started.elapsed() > PATIENCE {
            bail!("enrolments by seat are not active after {} seconds", PATIENCE.as_secs());
        }
        sleep(TOGETHER_EVERY).await;
    }
    let active = f64::from(together) / started.elapsed().as_secs_f64();
    // Two commits on the one plan for each: the request, and enrolment's answer.
    let limit = 500.0 / limits.append_ms;
    output.say(format!(
        "campus    {profile:<10} enrol by seat of one plan, {IN_FLIGHT} in flight, {together} in all: {called:.0} calls/s, \
         {active:.0} active/s ({:.2} of the limit {limit:.0}/s of two appends one after the other)",
        active / limit
    ));
    Ok(json!({
        "one_at_a_time": {"calls": alone, "p50_ms": single.p50_ms, "p99_ms": single.p99_ms, "limit_ms": limit_ms, "ratio_to_limit": to_limit},
        "together": {
            "in_flight": IN_FLIGHT, "calls": together, "calls_per_second": called, "active_per_second": active,
            "limit_per_second": limit, "ratio_to_limit": active / limit,
        },
    }))
}

async fn enrol(desk: &SeatDesk, run_id: &str, n: u32) -> Result<()> {
    let request = EnrolBySeatRequest {
        plan_id: USED.to_owned(),
        campus_id: CAMPUS.to_owned(),
        learner_id: learner(n),
        run_id: run_id.to_owned(),
        ..EnrolBySeatRequest::default()
    };
    desk.client(n).enrol_by_seat(request).await.map(drop).map_err(failed)
}

async fn until_active(query: &EnrolmentQueryServiceClient<Channel>, run_id: &str, n: u32) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let request =
            GetEnrolmentRequest { run_id: run_id.to_owned(), learner_id: learner(n), ..GetEnrolmentRequest::default() };
        match query.clone().get_enrolment(request).await {
            Ok(it) => {
                let enrolment = it.into_inner().enrolment.unwrap_or_default();
                if enrolment.state() == EnrolmentState::Active {
                    return Ok(());
                }
            }
            Err(e) if e.code() == Code::NotFound => {}
            Err(e) => return Err(failed(e)),
        }
        sleep(EVERY).await;
    }
    bail!("{} is not active after {} seconds", learner(n), PATIENCE.as_secs())
}

async fn active(query: &EnrolmentQueryServiceClient<Channel>, run_id: &str) -> Result<u64> {
    let request = GetRunStatisticsRequest { run_id: run_id.to_owned(), ..GetRunStatisticsRequest::default() };
    match query.clone().get_run_statistics(request).await {
        Ok(it) => Ok(it.into_inner().statistics.unwrap_or_default().active),
        Err(e) if e.code() == Code::NotFound => Ok(0),
        Err(e) => Err(failed(e)),
    }
}
