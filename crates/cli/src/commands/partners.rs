//! `studium partners`: which partner institutions read their feed, by which way, and how far they are.

use super::partners_nats::{self, NatsCommand};
use crate::platform::{Platform, Setup};
use anyhow::Result;
use clap::Subcommand;

/// What `studium partners` can do.
#[derive(Debug, Subcommand)]
pub enum PartnersCommand {
    /// Gives, changes and takes away access over NATS, on the platform that runs.
    #[command(after_help = "Examples:\n  studium partners nats add ou\n  studium partners nats rotate ou --json")]
    Nats {
        /// What to do.
        #[command(subcommand)]
        command: NatsCommand,
    },
}

/// Runs one of them.
pub async fn partners(setup: &Setup, command: PartnersCommand) -> Result<()> {
    match command {
        PartnersCommand::Nats { command } => partners_nats::nats(&Platform::that_runs(setup).await?, command).await,
    }
}
