//! `studium partners`: what partner universities are told, and how far they are.

use super::{
    partners_feed::{self, AcknowledgeArgs, EventsArgs},
    partners_keys::{self, KeyCommand},
    partners_nats::{self, NatsCommand},
    partners_webhooks::{self, WebhookCommand},
};
use crate::platform::{Platform, Setup};
use anyhow::Result;
use clap::Subcommand;
use std::path::PathBuf;

/// What `studium partners` can do.
#[derive(Debug, Subcommand)]
pub enum PartnersCommand {
    /// Opens an institution's feed; it holds everything, also from before.
    Open {
        /// The institution.
        institution: String,
    },
    /// Closes a feed: nothing more is told. Opened again, it goes on and leaves nothing out.
    Close {
        /// The institution.
        institution: String,
        /// Why.
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Lists the feeds: written position, how far readers are, what lags.
    List,
    /// Shows one feed and its readers.
    Show {
        /// The institution.
        institution: String,
    },
    /// Prints the events of a feed, one `CloudEvents` document a line.
    #[command(
        after_help = "Examples:\n  studium partners events ou --follow\n  studium partners events ou > events.jsonl\n  \
                      studium partners events ou --type 'org.studium.partner.enrolment.completed.v1'"
    )]
    Events(EventsArgs),
    /// Looks enrolments up as the partner may see them just now, with names and addresses, which no event holds.
    #[command(after_help = "Examples:\n  studium partners records ou statistics-spring~ada")]
    Records {
        /// The institution.
        institution: String,
        /// The enrolments, as `RUN~LEARNER`.
        #[arg(required = true, value_name = "ENROLMENT")]
        enrolments: Vec<String>,
    },
    /// Says that a reader has taken in everything up to a position.
    Acknowledge(AcknowledgeArgs),
    /// Prints what a copy has to come to just now; with --events, whether the copy made of these does.
    Digest {
        /// The institution.
        institution: String,
        /// Events as `studium partners events` prints them.
        #[arg(long, value_name = "FILE")]
        events: Option<PathBuf>,
    },
    /// Prints just what differs between the copy made of these events and the platform's records.
    Difference {
        /// The institution.
        institution: String,
        /// Events as `studium partners events` prints them.
        #[arg(long, value_name = "FILE")]
        events: PathBuf,
    },
    /// Gives, changes and takes away access over NATS, on the platform that runs.
    #[command(after_help = "Examples:\n  studium partners nats add ou\n  studium partners nats rotate ou --json")]
    Nats {
        /// What to do.
        #[command(subcommand)]
        command: NatsCommand,
    },
    /// Makes, rotates, revokes and lists keys with which an institution's programs call.
    #[command(after_help = "Examples:\n  studium partners key create ou nightly\n  \
                            studium partners key rotate ou nightly --overlap 0")]
    Key {
        /// What to do.
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Has a feed sent to addresses of the partner's own, and shows how far each is.
    #[command(
        after_help = "Examples:\n  studium partners webhook add ou sis https://sis.example.edu/studium --after 0\n  \
                            studium partners webhook test ou sis\n  studium partners webhook failures ou sis"
    )]
    Webhook {
        /// What to do.
        #[command(subcommand)]
        command: WebhookCommand,
    },
}

/// Runs one of them.
pub async fn partners(setup: &Setup, command: PartnersCommand) -> Result<()> {
    // Access is given on the servers that run; a platform that ran only for it would take them away again.
    if matches!(command, PartnersCommand::Nats { .. }) {
        return run(&Platform::that_runs(setup).await?, command).await;
    }
    Platform::with(setup, async |platform| run(platform, command).await).await
}

async fn run(platform: &Platform, command: PartnersCommand) -> Result<()> {
    match command {
        PartnersCommand::Open { institution } => partners_feed::open(platform, institution).await,
        PartnersCommand::Close { institution, reason } => partners_feed::close(platform, institution, reason).await,
        PartnersCommand::List => partners_feed::list(platform).await,
        PartnersCommand::Show { institution } => partners_feed::show(platform, institution).await,
        PartnersCommand::Events(args) => partners_feed::events(platform, args).await,
        PartnersCommand::Records { institution, enrolments } => {
            partners_feed::records(platform, institution, &enrolments).await
        }
        PartnersCommand::Acknowledge(args) => partners_feed::acknowledge(platform, args).await,
        PartnersCommand::Digest { institution, events } => {
            partners_feed::digest(platform, institution, events.as_deref()).await
        }
        PartnersCommand::Difference { institution, events } => {
            partners_feed::difference(platform, institution, &events).await
        }
        PartnersCommand::Key { command } => partners_keys::key(platform, command).await,
        PartnersCommand::Webhook { command } => partners_webhooks::webhook(platform, command).await,
        PartnersCommand::Nats { command } => partners_nats::nats(platform, command).await,
    }
}
