//! `studium broker accounts`: who may do what in a broker that operators run themselves, with services of their own.

use crate::{
    member::{self, Reader},
    progress::Output,
};
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use std::path::PathBuf;
use studium_broker::accounts;

/// What can be done about a broker that `up` does not run.
#[derive(Debug, Subcommand)]
pub enum BrokerCommand {
    /// Prints `accounts.conf` for nats-server: an account for each service, which may do what the service declares and
    /// nothing else. Passwords come from the servers' environment; the first lines name the variables.
    #[command(
        after_help = "Example:\n  studium broker accounts --with target/release/studium-feedback >deploy/secrets/accounts.conf"
    )]
    Accounts {
        /// A service of your own beside the platform's; may be repeated.
        #[arg(long, value_name = "PROGRAM")]
        with: Vec<PathBuf>,
        /// A program of your own that reads streams over NATS, and nothing else; may be repeated.
        #[arg(long = "reader", value_name = "NAME=SERVICE,…")]
        readers: Vec<Reader>,
    },
}

/// Does what was asked.
///
/// # Errors
/// With a sentence for a program that is no service, or one that would meddle with others.
pub fn broker(command: &BrokerCommand, output: Output) -> Result<()> {
    let BrokerCommand::Accounts { with, readers } = command;
    let access = member::access(&member::all(with)?, readers)?;
    let variables: Vec<_> =
        [accounts::OPERATOR].into_iter().chain(access.iter().map(|it| &*it.name)).map(accounts::variable).collect();
    let text = accounts::deployed(&access);
    output.json(&json!({"accounts": text, "variables": variables}));
    output.say(format!(
        "# Written by `studium broker accounts`. The servers want in their environment: {}.\n{}",
        variables.join(", "),
        text.trim_end()
    ));
    Ok(())
}
