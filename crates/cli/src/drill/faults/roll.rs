//! One service moves to another version while the old one runs, and back: two programs, replica by replica.

use crate::drill::stage::Stage;
use anyhow::Result;
use std::path::Path;

/// The service that is rolled.
const SERVICE: &str = "enrolment";

/// Rolls forward to the other program and back to this one.
///
/// # Errors
/// When a replica does not become ready.
pub async fn play(stage: &mut Stage, commands: u64, other: &Path) -> Result<()> {
    stage.load.more(commands).await?;
    let replicas = stage.setup.replicas;
    for (program, which) in [(Some(other), "the other"), (None, "this")] {
        for replica in (1..=replicas).rev() {
            stage.breaks(format!("replica {replica} of {SERVICE} stops"));
            stage.processes()?.stop_replica(SERVICE, replica).await;
            stage.processes()?.setup().program = program.map(Path::to_owned);
            stage.processes()?.restart_service(SERVICE).await?;
            stage.tell(format!("replica {replica} of {SERVICE} runs {which} version"));
            stage.load.more(commands / 2).await?;
            stage.recovered("commands succeed");
        }
    }
    Ok(())
}
