//! `studium serve`: one service in this process, the same that its own binary runs.

use crate::{platform::unknown_service, supervise::SERVICES};
use anyhow::{Context, Result};
use clap::Args;
use studium_kit::{Service, Started};

/// What `studium serve` takes.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Which service: catalogue, enrolment, mentorship, credentials or campus.
    service: String,
    #[command(flatten)]
    started: Started,
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
    studium_kit::serve(parts((entry.parts)()), args.config, args.started).await
}
