//! The broker's disk is full: a small file system is mounted for it, and something else takes all the room.

use crate::{drill::stage::Stage, supervise::nats_dir};
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Size of the disk: more than the load needs.
const SIZE: &str = "size=128m";

/// How long the disk stays full once the broker has noticed, and how long noticing may take.
const FULL: Duration = Duration::from_secs(3);
const NOTICE: Duration = Duration::from_secs(30);

/// A file system in memory below a data directory; dropping it takes it away.
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts it where the broker of a data directory keeps its store.
    ///
    /// # Errors
    /// Where this user may not mount anything.
    pub fn mount(data: &Path) -> Result<Self> {
        let dir = nats_dir(data);
        fs::create_dir_all(&dir)?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(&dir).output();
        let mounted = mounted.context("there is no `mount`, so no disk can be filled here")?;
        let why = String::from_utf8_lossy(&mounted.stderr);
        ensure!(mounted.status.success(), "no small disk can be mounted here ({}); run the drill as root", why.trim());
        Ok(Self(dir))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still has a file open there keeps it until the end.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Fills the disk between two loads, and frees it again.
///
/// # Errors
/// When the broker does not notice or the platform does not go on.
pub async fn play(stage: &mut Stage, commands: u64) -> Result<()> {
    stage.load.more(commands).await?;
    let ballast = nats_dir(&stage.setup.data).join("ballast");
    stage.breaks("something takes all the room on the disk of the broker");
    fill(&ballast)?;
    let deadline = Instant::now() + NOTICE;
    while stage.processes()?.nats().trouble().await.is_none() {
        if Instant::now() > deadline {
            bail!("the broker does not notice that its disk is full");
        }
        sleep(Duration::from_millis(100)).await;
    }
    stage.tell("the broker refuses to write, commands are answered UNAVAILABLE");
    sleep(FULL).await;
    fs::remove_file(&ballast)?;
    stage.tell("the room is free again");
    stage.more_supervised(commands / 4).await?;
    stage.recovered("commands succeed again: `up` has started the broker anew by itself");
    stage.more_supervised(commands).await
}

/// Writes until nothing more fits.
fn fill(file: &Path) -> Result<()> {
    let mut file = fs::File::create(file)?;
    for size in [1 << 20, 4096, 1] {
        let bytes = vec![0; size];
        while file.write_all(&bytes).is_ok() {}
    }
    Ok(())
}
