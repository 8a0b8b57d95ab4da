//! The program `studium`: reads what was typed, does it, and says in one sentence what went wrong.

use clap::Parser;
use std::process::ExitCode;
use studium_cli::args::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match studium_cli::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("studium: {e:#}");
            ExitCode::FAILURE
        }
    }
}
