//! Waiting until all views of the platform have seen everything that was written.

use super::line::{Label, Line};
use crate::{platform::Platform, progress::count};
use anyhow::{Result, bail};
use std::time::{Duration, Instant};
use studium_proto::admin::v1::{ListViewsRequest, admin_service_client::AdminServiceClient};
use tokio::time::sleep;

/// The services whose views every import changes.
pub const SERVICES: [&str; 2] = ["catalogue", "enrolment"];

/// How often the views are asked.
const EVERY: Duration = Duration::from_millis(100);

/// How long views that do not move at all are waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// The state of a table that serves nobody any more.
const RETIRED: &str = "retired";

/// Waits until every view of these services has seen its streams up to their heads.
///
/// # Errors
/// When views stand still for long.
pub async fn settle(platform: &Platform, services: &[&'static str]) -> Result<()> {
    let mut lines = vec![];
    for service in services {
        lines.push((*service, Line::open(platform, service, &["operator"], "studium-import", 1).await?));
    }
    let spinner = platform.output.spinner("waiting until the views have seen everything");
    let (mut least, mut since) = (u64::MAX, Instant::now());
    loop {
        let mut behind = vec![];
        for (service, line) in &lines {
            behind.extend(behind_of(service, line).await?);
        }
        let total = behind.iter().map(|(_, it)| it).sum();
        if total == 0 {
            spinner.finish();
            return Ok(());
        }
        if total < least {
            (least, since) = (total, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            let names: Vec<_> =
                behind.iter().filter(|(_, it)| *it > 0).map(|(name, it)| format!("{name} ({it})")).collect();
            bail!(
                "these views stand still behind their streams: {}; see `studium views list` and the logs",
                names.join(", ")
            );
        }
        spinner.message(format!("{} to go", count(total)));
        sleep(EVERY).await;
    }
}

/// The views of a service and how many commits each has still to see.
async fn behind_of(service: &str, line: &Line) -> Result<Vec<(String, u64)>> {
    let label = Label { request_id: None, correlation_id: "studium-import", connection: 0 };
    let send = |channel, request| async move { AdminServiceClient::new(channel).list_views(request).await };
    let reply = line
        .call(label, &ListViewsRequest {}, send)
        .await
        .map_err(|e| e.into_error(format!("the list of views of {service}")))?;
    let views = reply.views.into_iter().filter(|it| it.state != RETIRED);
    Ok(views.map(|it| (format!("{service} {}", it.name), it.head.saturating_sub(it.position))).collect())
}
