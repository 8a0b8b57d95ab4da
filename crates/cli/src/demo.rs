//! `studium demo`: a year of small universities, a nanodegree with mentors, a campus and credentials, played through the
//! public interface, with numbers read back from the views.

mod campus;
mod catalogue;
mod credentials;
mod desk;
mod mentors;
mod report;
mod sample;
mod year;

use crate::{
    args::StoreArgs,
    commands::log::{Verdict, verify_service},
    platform::{Platform, Setup},
    progress::count,
    supervise::promise,
};
use anyhow::{Result, bail};
use clap::Args;
use desk::Desk;

/// What `studium demo` takes.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where and how durably it is written.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Play in the data directory and leave everything there, to look at with the other commands.
    #[arg(long)]
    pub keep: bool,
}

/// Plays the story and says what happened.
///
/// # Errors
/// When anything comes out otherwise than the rules say, or the log is not whole.
pub async fn demo(setup: &Setup, args: &DemoArgs) -> Result<()> {
    if args.keep {
        return Platform::with(setup, async |it| play(it).await).await;
    }
    std::fs::create_dir_all(&setup.data)?;
    let folder = tempfile::Builder::new().prefix("demo-").tempdir_in(&setup.data)?;
    let cache = Some(setup.data.join("cache"));
    let setup = Setup { data: folder.path().to_owned(), cache, ..setup.clone() };
    Platform::with(&setup, async |it| play(it).await).await
}

async fn play(platform: &Platform) -> Result<()> {
    let output = platform.output;
    let desk = Desk::open(platform).await?;
    if campus::is_written(&desk).await {
        let data = platform.data.display();
        bail!(
            "the demo was played on {data} to its end; look at it with `studium log tail`, or name another directory with --data"
        );
    }
    output.say(format!("Studium runs. Durability {}.\n", promise(platform.state.durability)));
    let offered = catalogue::offer(&desk).await?;
    let year = year::play(&desk, offered).await?;
    let report = report::read_back(&desk, &year).await?;
    report.say(output);
    let mentors = mentors::play(&desk).await?;
    mentors.say(output);
    let campus = campus::play(&desk, offered).await?;
    campus.say(output);
    let credentials = credentials::play(&desk, offered).await?;
    credentials.say(output);
    let mut verdicts = vec![];
    for service in platform.services(None)? {
        verdicts.push(verify_service(platform, &service).await?);
    }
    let mut told = report.json(&verdicts);
    told["mentors"] = mentors.json();
    told["campus"] = campus.json();
    told["credentials"] = credentials.json();
    output.json(&told);
    conclude(platform, &verdicts)
}

fn conclude(platform: &Platform, verdicts: &[Verdict]) -> Result<()> {
    let checked: u64 = verdicts.iter().map(|it| it.checked).sum();
    let problems: Vec<_> = verdicts.iter().flat_map(|it| &it.problems).collect();
    if let Some(first) = problems.first() {
        bail!("the log is not whole: {first}");
    }
    platform.output.say(format!(
        "\nThe log was verified: {} decisions, stream and journals agree, every hash chain is whole.",
        count(checked)
    ));
    Ok(())
}
