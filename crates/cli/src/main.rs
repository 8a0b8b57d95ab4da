//! The program `studium`: reads what was typed, does it, and says in one sentence what went wrong.

use clap::Parser;
use std::process::ExitCode;
use studium_cli::args::Cli;
use studium_kit::{failed, wrong_use};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(it) => it,
        Err(e) => return failed("studium", 2, &wrong_use(&e)),
    };
    match studium_cli::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => failed("studium", 1, &format!("{e:#}")),
    }
}
