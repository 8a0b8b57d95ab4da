//! A service's own program: from its flags to its last word.

use crate::{Config, Service, server, telemetry, wrong_use};
use anyhow::Context as _;
use clap::Args;
use futures::future::BoxFuture;
use std::{io::Read as _, net::SocketAddr, path::PathBuf, process::ExitCode};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// How a process was started, beside its settings: what `studium up` tells each service.
#[derive(Args, Debug, Clone, Default)]
pub struct Started {
    /// Drain and end when standard input closes, that is when the parent ends
    #[arg(long, hide = true)]
    with_parent: bool,
    /// Write the address to this file once it is known
    #[arg(long, hide = true)]
    address_file: Option<PathBuf>,
}

/// Asks for what a service may do in the broker, and for nothing else.
const ACCESS: &str = "access";

/// The whole of a service's own program: flags, telemetry, run, drain.
pub fn main(service: Service) -> ExitCode {
    use clap::{Arg, ArgAction, Command, FromArgMatches as _};
    let name = service.name();
    let program = format!("studium-{name}");
    let access = Arg::new(ACCESS).long(ACCESS).exclusive(true).action(ArgAction::SetTrue);
    let access = access.help("Print what the service writes and reads in the broker, as JSON, and end");
    let command = Command::new(name).version(env!("CARGO_PKG_VERSION")).arg(access);
    let matches = Config::augment_args(Started::augment_args(command)).try_get_matches();
    let read = match matches {
        Ok(it) if it.get_flag(ACCESS) => return show_access(&service),
        Ok(it) => Config::from_arg_matches(&it).and_then(|config| Ok((config, Started::from_arg_matches(&it)?))),
        Err(e) => Err(e),
    };
    let (config, started) = match read {
        Ok(it) => it,
        Err(e) => return failed(&program, 2, &wrong_use(&e)),
    };
    to_its_end(&program, run(service, config, started))
}

/// Does a program's work on a runtime of its own, to its end, and says in one sentence what went wrong.
pub fn to_its_end(program: &str, work: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(anyhow::Error::from).and_then(|it| it.block_on(work)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => failed(program, 1, &format!("{e:#}")),
    }
}

/// Runs a service in this process until it is told to stop; what it accepted is finished first.
///
/// # Errors
/// With one sentence that says what to do, when something it needs is not there.
pub fn serve(service: Service, config: Config, started: Started) -> BoxFuture<'static, anyhow::Result<()>> {
    // Boxed, so that a whole service is compiled here, and not once more by each who waits for it.
    Box::pin(run(service, config, started))
}

async fn run(service: Service, config: Config, started: Started) -> anyhow::Result<()> {
    let asked = server::asked_to_stop().context("cannot listen for signals")?;
    let telemetry = telemetry::init(service.name())?;
    config.announce(service.name());
    let stop = CancellationToken::new();
    let told = stop.clone();
    let watch = tokio::spawn(async move {
        tokio::select! {
            () = asked => {}
            () = parent_ended(), if started.with_parent => {}
        }
        told.cancel();
    });
    let ready = move |address: SocketAddr| {
        if let Some(file) = started.address_file
            && let Err(e) = std::fs::write(&file, address.to_string())
        {
            tracing::error!("cannot write {}: {e}", file.display());
        }
    };
    let outcome = service.run(config, stop, ready).await;
    watch.abort();
    telemetry.shutdown().await;
    outcome
}

/// For whoever gives the service an account in the broker: nothing else can know it as well.
#[expect(clippy::print_stdout, reason = "this is what was asked for, and nothing else runs")]
fn show_access(service: &Service) -> ExitCode {
    let (name, writes, reads) = (service.name(), service.writes(), service.reads());
    println!("{}", serde_json::json!({"name": name, "writes": writes, "reads": reads, "feeds": service.feed_sorts()}));
    ExitCode::SUCCESS
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

/// Ends a program with the one line that whoever started it reads on stderr; logs and results are on stdout.
#[expect(clippy::print_stderr, reason = "telemetry may be what failed")]
pub fn failed(program: &str, code: u8, why: &str) -> ExitCode {
    let lines: Vec<_> = why.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    eprintln!("{program}: {}", lines.join(" "));
    ExitCode::from(code)
}
