//! Each node of the broker is killed once, under load: two of three go on.

use crate::drill::stage::Stage;
use anyhow::Result;

/// Nodes of a replicated broker.
const NODES: usize = 3;

/// Kills one node after the other; each comes back before the next is killed.
///
/// # Errors
/// When a node does not come back.
pub async fn play(stage: &mut Stage, commands: u64) -> Result<()> {
    stage.load.more(commands).await?;
    for node in 0..NODES {
        stage.breaks(format!("node {} of the broker is killed", node + 1));
        stage.processes()?.nats().kill_node(node).await;
        stage.load.more(commands / 4).await?;
        stage.recovered("commands succeed with two nodes");
        stage.processes()?.nats().restart().await?;
        stage.tell(format!("node {} is back and has caught up", node + 1));
    }
    stage.load.more(commands).await
}
