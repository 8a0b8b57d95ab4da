//! `studium up`: the whole platform on this machine until Ctrl-C.

use crate::{
    platform::{Platform, Setup},
    supervise::{Processes, interrupted, promise},
};
use anyhow::{Result, bail};

/// Starts everything, prints where it answers, and keeps it running until it is told to stop or a part ends by itself.
pub async fn up(setup: &Setup) -> Result<()> {
    let interrupted = interrupted()?;
    tokio::pin!(interrupted);
    let mut processes = tokio::select! {
        processes = Processes::start(setup) => processes?,
        () = &mut interrupted => bail!("interrupted while starting; run it again"),
    };
    show(&processes.platform(), setup);
    let outcome = tokio::select! {
        why = processes.failed() => Err(anyhow::anyhow!(why)),
        () = &mut interrupted => Ok(()),
    };
    let spinner = setup.output.spinner("stopping: the services finish what they accepted");
    processes.stop().await;
    spinner.finish();
    outcome
}

fn show(platform: &Platform, setup: &Setup) {
    let output = setup.output;
    let state = platform.state.shown();
    output.json(&state);
    output.say(format!("Studium runs on {} ({})", platform.data.display(), state.store));
    let scheme = if platform.is_encrypted() { "https" } else { "http" };
    for service in state.services.iter().chain(&state.replicas) {
        output.say(format!(
            "  {:<10} {scheme}://{} (gRPC, gRPC-Web, reflection; /healthz, /readyz, /metrics)",
            service.name, service.address
        ));
    }
    output.say(format!("  {:<10} {}", "nats", state.nats));
    output.say(format!("Durability {}.", promise(state.durability)));
    output.say(
        "Callers are checked against the built-in DEVELOPMENT issuer: whoever reads the data directory can be anyone.",
    );
    output.say(format!(
        "Next: `studium --data {0} status`, `studium --data {0} token --role registrar`; Ctrl-C stops.",
        setup.data.display()
    ));
}
