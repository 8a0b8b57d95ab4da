//! `studium views`: how far each view is, and building one anew beside the one that serves.

use crate::{
    args::ViewsCommand,
    client::failed,
    platform::Platform,
    progress::{count, table},
};
use anyhow::{Result, bail};
use serde_json::json;
use studium_proto::admin::v1::{ListViewsRequest, RebuildViewRequest, ViewStatus};

/// Does what was asked.
pub async fn views(platform: &Platform, command: ViewsCommand) -> Result<()> {
    match command {
        ViewsCommand::List => list(platform).await,
        ViewsCommand::Rebuild { name } => rebuild(platform, &name).await,
    }
}

/// Every view of every service, with its service.
async fn all(platform: &Platform) -> Result<Vec<(String, ViewStatus)>> {
    let mut all = vec![];
    for service in platform.services(None)? {
        let reply = platform.admin(&service).await?.list_views(ListViewsRequest {}).await.map_err(failed)?;
        all.extend(reply.into_inner().views.into_iter().map(|it| (service.clone(), it)));
    }
    Ok(all)
}

/// Lists the views with their positions.
async fn list(platform: &Platform) -> Result<()> {
    let mut rows = vec![["service", "view", "stream", "position", "behind", "state"].map(str::to_owned).to_vec()];
    for (service, it) in all(platform).await? {
        let behind = it.head.saturating_sub(it.position);
        platform.output.json(&json!({
            "service": service, "name": it.name, "stream": it.stream,
            "position": it.position, "head": it.head, "behind": behind, "state": it.state,
        }));
        rows.push(vec![service, it.name, it.stream, count(it.position), count(behind), it.state]);
    }
    platform.output.say(table(&rows));
    Ok(())
}

/// Builds a view anew; the old table serves until the new one has caught up.
async fn rebuild(platform: &Platform, name: &str) -> Result<()> {
    let views = all(platform).await?;
    let Some((service, _)) = views.iter().find(|(_, it)| it.name == name) else {
        bail!("there is no view `{name}`; `studium views list` shows them");
    };
    let bar = platform.output.bar(&format!("rebuilding {name}"), 0);
    let request = RebuildViewRequest { name: name.to_owned() };
    let mut steps = platform.admin(service).await?.rebuild_view(request).await.map_err(failed)?.into_inner();
    let mut last = None;
    while let Some(step) = steps.message().await.map_err(failed)? {
        bar.set_total(step.head);
        bar.set(step.position);
        last = Some(step);
    }
    bar.finish();
    match last {
        Some(it) if it.done => {
            platform.output.json(&json!({"service": service, "name": name, "position": it.position, "done": true}));
            platform.output.say(format!("{name} of {service} is built anew up to position {}.", count(it.position)));
            Ok(())
        }
        _ => bail!("{service} ended the rebuild of {name} half-way; the old table still serves, run it again"),
    }
}
