//! `studium serve`: one service in this process, the same that its own binary runs.

use crate::{
    platform::unknown_service,
    supervise::{SERVICES, interrupted},
};
use anyhow::{Context, Result};
use clap::Args;
use std::{io::Read, net::SocketAddr, path::PathBuf};
use studium_kit::Service;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// What `studium serve` takes.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Which service: catalogue, enrolment, mentorship, credentials or campus.
    service: String,
    /// Drain and end when standard input closes, that is when the parent ends.
    #[arg(long, hide = true)]
    with_parent: bool,
    /// Write the address to this file once it is known.
    #[arg(long, hide = true)]
    address_file: Option<PathBuf>,
    #[command(flatten)]
    config: studium_kit::Config,
}

/// Runs one service until it is told to stop; accepted commands are finished first.
pub async fn serve(args: ServeArgs) -> Result<()> {
    serve_as(args, |it| it).await
}

/// The same with other parts than this build has.
pub async fn serve_as(args: ServeArgs, parts: impl FnOnce(Service) -> Service) -> Result<()> {
    let entry = SERVICES.iter().find(|it| it.name == args.service).with_context(|| unknown_service(&args.service))?;
    let telemetry = studium_kit::telemetry::init(entry.name)?;
    args.config.announce(entry.name);
    let stop = CancellationToken::new();
    let interrupted = interrupted()?;
    let told = stop.clone();
    let with_parent = args.with_parent;
    let watch = tokio::spawn(async move {
        tokio::select! {
            () = interrupted => {}
            () = parent_ended(), if with_parent => {}
        }
        told.cancel();
    });
    let file = args.address_file;
    let ready = move |address: SocketAddr| {
        if let Some(file) = file
            && let Err(e) = std::fs::write(&file, address.to_string())
        {
            eprintln!("cannot write {}: {e}", file.display());
        }
    };
    let outcome = parts((entry.parts)()).run(args.config, stop, ready).await;
    watch.abort();
    telemetry.shutdown().await;
    outcome
}

/// The parent holds the other end of standard input; the system closes it however the parent ends.
async fn parent_ended() {
    let (ended, wait) = oneshot::channel();
    // A thread of its own: the runtime would wait at its end for a read that never returns.
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while std::io::stdin().read(&mut bytes).is_ok_and(|it| it > 0) {}
        // Nobody waits any more when the service was told to stop otherwise.
        let _ = ended.send(());
    });
    let _ = wait.await;
}
