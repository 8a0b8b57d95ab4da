//! `studium policies`: how far each policy is.

use crate::{
    client::failed,
    platform::Platform,
    progress::{count, table},
};
use anyhow::Result;
use serde_json::json;
use studium_proto::admin::v1::ListPoliciesRequest;

/// Lists the policies with their positions.
pub async fn list(platform: &Platform) -> Result<()> {
    let mut rows = vec![["service", "policy", "stream", "position", "behind"].map(str::to_owned).to_vec()];
    for service in platform.services(None)? {
        let reply = platform.admin(&service).await?.list_policies(ListPoliciesRequest {}).await.map_err(failed)?;
        for it in reply.into_inner().policies {
            let behind = it.head.saturating_sub(it.position);
            platform.output.json(&json!({
                "service": service, "name": it.name, "stream": it.stream,
                "position": it.position, "head": it.head, "behind": behind,
            }));
            rows.push(vec![service.clone(), it.name, it.stream, count(it.position), count(behind)]);
        }
    }
    platform.output.say(table(&rows));
    Ok(())
}
