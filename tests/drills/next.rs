//! The program `studium` of a version to come, for the drill `roll`: enrolment has one view more, all else is as it is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use clap::Parser as _;
use std::process::ExitCode;
use studium_cli::{
    args::{Cli, Command},
    commands::serve::serve_as,
};
use studium_kit::{Changes, Recorded, View, failed};
use studium_proto::enrolment::v1::enrolment_event::Event;

studium_kit::row! {
    /// How often somebody entered a run.
    pub struct EnteredRow {
        key { run_id: String }
        entered: i64,
    }
}

/// The view that only this version has.
struct Entered;

impl View for Entered {
    type Row = EnteredRow;
    const NAME: &'static str = "enrolment_entered_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<EnteredRow>) {
        let Some(Event::EnrolmentActivated(_)) = event.read() else { return };
        let run = event.id().split('~').next().unwrap_or_default().to_owned();
        rows.row((run.clone(),), move |row| {
            row.get_or_insert_with(|| EnteredRow { run_id: run, ..EnteredRow::default() }).entered += 1;
        });
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(args) => {
            serve_as(*args, |it| if it.name() == "enrolment" { it.view::<Entered>() } else { it }).await
        }
        _ => Err(anyhow::anyhow!("this program only serves")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => failed("studium", 1, &format!("{e:#}")),
    }
}
