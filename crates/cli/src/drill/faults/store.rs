//! One service loses its store: its process is killed, its database is gone, and the service builds all of it from the log.

use crate::drill::stage::Stage;
use anyhow::Result;

/// The service that loses its store: the one that decides most.
const SERVICE: &str = "enrolment";

/// Loses the store between two loads.
///
/// # Errors
/// When the service does not come back.
pub async fn play(stage: &mut Stage, commands: u64) -> Result<()> {
    stage.load.more(commands).await?;
    stage.breaks(format!("{SERVICE} is killed and its store is gone; commands go on"));
    stage.processes()?.kill_service(SERVICE).await;
    crate::stores::lose(&stage.setup, SERVICE).await?;
    stage.processes()?.restart_service(SERVICE).await?;
    stage.tell(format!("{SERVICE} is started again on an empty store"));
    stage.load.more(commands / 4).await?;
    stage.recovered("commands succeed again");
    stage.load.more(commands).await
}
