//! The command line of Studium as a library, so that tests start the same servers as `studium up` does.

pub mod args;
pub mod bench;
pub mod client;
pub mod commands;
pub mod demo;
pub mod drill;
pub mod import;
pub mod member;
mod nats;
mod operator_key;
mod patient;
pub mod platform;
mod postgres;
pub mod progress;
mod rest;
mod services;
pub mod stores;
pub mod supervise;
pub mod token;
pub mod transport;

use anyhow::Result;
use args::{Cli, Command, ImportCommand, LogCommand, PoliciesCommand};
use clap::Parser as _;
use commands::{
    broker, campus, credentials, health, log, new, parked, partners, policies, privacy, restore, serve, status, trace,
    up, views, watch,
};
use platform::Platform;
use serde_json::json;
use std::{process::ExitCode, time::Duration};
use studium_kit::{failed, to_its_end, wrong_use};

/// The whole of the program: reads what was typed, does it, and says in one sentence what went wrong.
///
/// A plain function, as [`studium_kit::main`] is, so that all of it is compiled here and once: what is `async` is
/// compiled by whoever waits for it.
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => to_its_end("studium", run(cli)),
        Err(e) => failed("studium", 2, &wrong_use(&e)),
    }
}

/// Does what was typed.
///
/// # Errors
/// With one sentence that says what to do.
async fn run(mut cli: Cli) -> Result<()> {
    studium_kit::check_environment()?;
    let setup = cli.setup();
    match std::mem::replace(&mut cli.command, Command::Status { watch: None }) {
        Command::Demo(args) => Box::pin(demo::demo(&args.store.setup(&cli), &args)).await,
        Command::Up(args) => up::up(&args.setup(&cli)).await,
        Command::Serve(args) => serve::serve(*args).await,
        Command::Health(args) => health::health(args, setup.output).await,
        Command::New(args) => new::new(&args, setup.output),
        Command::Import(args) => {
            let setup = args.store.setup(&cli);
            match args.command {
                ImportCommand::Catalogue(args) => {
                    Platform::with(&setup, async |it| import::catalogue(args, it).await).await
                }
                ImportCommand::Oulad(args) => Platform::with(&setup, async |it| import::oulad(args, it).await).await,
                ImportCommand::Roster(args) => Platform::with(&setup, async |it| import::roster(args, it).await).await,
            }
        }
        Command::Campus { command } => Platform::with(&setup, async |it| campus::campus(it, command).await).await,
        Command::Credentials { command } => {
            Platform::with(&setup, async |it| credentials::credentials(it, command).await).await
        }
        Command::Log { command } => match command {
            LogCommand::Tail(args) => Platform::with(&setup, async |it| log::tail(it, &args).await).await,
            LogCommand::Verify { service } => {
                Platform::with(&setup, async |it| log::verify(it, service.as_deref()).await).await
            }
            LogCommand::Restore { service, store } => restore::restore(&store.setup(&cli), &service).await,
        },
        Command::Views { command } => Platform::with(&setup, async |it| views::views(it, command).await).await,
        Command::Policies { command: PoliciesCommand::List } => {
            Platform::with(&setup, async |it| policies::list(it).await).await
        }
        Command::Parked { command } => Platform::with(&setup, async |it| parked::parked(it, command).await).await,
        Command::Partners { command } => partners::partners(&setup, command).await,
        Command::Privacy { command } => privacy::privacy(&setup, command).await,
        Command::Trace { correlation_id } => {
            Platform::with(&setup, async |it| trace::trace(it, &correlation_id).await).await
        }
        Command::Status { watch: None } => status::status(&Platform::that_runs(&setup).await?).await,
        Command::Status { watch: Some(seconds) } => {
            watch::watch(&Platform::that_runs(&setup).await?, Duration::from_secs(seconds)).await
        }
        Command::Broker { command } => broker::broker(&command, setup.output),
        Command::Token(args) => {
            let token = token::issue(&cli.data, &args.wanted())?;
            setup.output.json(&json!({"token": token}));
            setup.output.say(token);
            Ok(())
        }
        Command::Drill(args) => Box::pin(drill::drill(&args.store.setup(&cli), &args)).await,
        Command::Bench(args) => Box::pin(bench::run(&args, cli.output())).await,
        Command::BenchEcho { identity } => bench::bare::serve_echo(identity.as_deref()).await,
    }
}
