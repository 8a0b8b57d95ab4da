//! The clock of one service jumps while it runs, forwards and back: `libfaketime` stands between the process and the system.

use crate::drill::{check::Finding, stage::Stage};
use anyhow::{Context as _, Result};
use std::{fs, path::PathBuf, time::Duration};
use tokio::time::sleep;

/// The service whose clock is wrong.
const SERVICE: &str = "enrolment";

/// How the clock is off, one after the other, in seconds.
const JUMPS: [&str; 4] = ["+3600", "-3600", "+90", "+0"];

/// The longest jump back is two hours; less than this is none that was asked for.
const BACK_MIN_MS: u64 = 3_000_000;

/// Lets the clock jump between loads.
///
/// # Errors
/// Where there is no `libfaketime`, or the service does not come back.
pub async fn play(stage: &mut Stage, commands: u64) -> Result<()> {
    let library =
        library().context("libfaketime is not installed; `apt-get install libfaketime` brings it on Debian")?;
    let file = stage.setup.data.join("clock");
    fs::write(&file, "+0")?;
    let faked = vec![
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        // The file is read again each second; what measures lengths of time goes on evenly, as on a real machine.
        ("FAKETIME_CACHE_DURATION", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    stage.load.more(commands).await?;
    stage.processes()?.stop_replica(SERVICE, 1).await;
    stage.processes()?.setup().settings = faked;
    stage.processes()?.restart_service(SERVICE).await?;
    stage.processes()?.setup().settings.clear();
    for jump in JUMPS {
        fs::write(&file, jump)?;
        stage.breaks(format!("the clock of {SERVICE} is at {jump} s"));
        // The library looks at the file each second.
        sleep(Duration::from_millis(1_500)).await;
        stage.load.more(commands / 2).await?;
        stage.recovered("commands succeed all the same");
    }
    Ok(())
}

/// Whether the record shows that the clock jumped: a drill of a clock that stands right proves nothing.
pub fn moved(back_ms: u64) -> Finding {
    let mut found = Finding::of("the recorded clock really went back");
    found.check(back_ms >= BACK_MIN_MS, || {
        format!("the clock did not move: between two commits of one stream it went back by {back_ms} ms at most")
    });
    found
}

/// Where Debian and others put the library.
fn library() -> Option<PathBuf> {
    let places = fs::read_dir("/usr/lib").ok()?.flatten().map(|it| it.path().join("faketime/libfaketime.so.1"));
    places.chain([PathBuf::from("/usr/lib/faketime/libfaketime.so.1")]).find(|it| it.exists())
}
