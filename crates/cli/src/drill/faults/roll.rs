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
    let own = stage.setup.program.clone();
    for (program, which) in [(Some(other.to_owned()), "the other"), (own, "this")] {
        for replica in (1..=replicas).rev() {
            stage.breaks(format!("replica {replica} of {SERVICE} stops"));
            stage.processes()?.stop_replica(SERVICE, replica).await;
            stage.processes()?.setup().program.clone_from(&program);
            stage.processes()?.restart_service(SERVICE).await?;
            stage.tell(format!("replica {replica} of {SERVICE} runs {which} version"));
            stage.load.more(commands / 2).await?;
            stage.recovered("commands succeed");
        }
    }
    Ok(())
}
