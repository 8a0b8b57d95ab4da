//! A service's own program: from its flags to its last word.

use crate::{Config, Service, server, telemetry, wrong_use};
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// The whole of a service's own program: flags, telemetry, run, drain.
pub fn main(service: Service) -> ExitCode {
    use clap::{Args as _, FromArgMatches as _};
    let name = service.name();
    let program = format!("studium-{name}");
    let command = Config::augment_args(clap::Command::new(name).version(env!("CARGO_PKG_VERSION")));
    let config = match command.try_get_matches().and_then(|it| Config::from_arg_matches(&it)) {
        Ok(it) => it,
        Err(e) => return failed(&program, 2, &wrong_use(&e)),
    };
    let run = |runtime: tokio::runtime::Runtime| {
        runtime.block_on(async move {
            let telemetry = telemetry::init(name)?;
            config.announce(name);
            let stop = CancellationToken::new();
            let told = stop.clone();
            tokio::spawn(async move {
                server::asked_to_stop().await;
                told.cancel();
            });
            let outcome = service.run(config, stop, |_| {}).await;
            telemetry.shutdown().await;
            outcome
        })
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(anyhow::Error::from).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => failed(&program, 1, &format!("{e:#}")),
    }
}

/// Ends a program with the one line that whoever started it reads on stderr; logs and results are on stdout.
#[expect(clippy::print_stderr, reason = "telemetry may be what failed")]
pub fn failed(program: &str, code: u8, why: &str) -> ExitCode {
    let lines: Vec<_> = why.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    eprintln!("{program}: {}", lines.join(" "));
    ExitCode::from(code)
}
