//! Whether the disk below a directory has room: on a full one nothing is started, and what could not write waits for room.

use anyhow::{Context, Result, ensure};
use std::path::Path;

/// Free space below which nothing is started, bytes: a few blocks of a stream and a few pages of a store.
const ROOM_BYTES: u64 = 16 << 20;

/// Makes sure that a directory's disk has room.
///
/// # Errors
/// With a sentence that says what to do.
pub fn demand_room(dir: &Path) -> Result<()> {
    let free = free_bytes(dir).with_context(|| format!("cannot look at the disk that holds {}", dir.display()))?;
    let (free_mb, room_mb, dir) = (free >> 20, ROOM_BYTES >> 20, dir.display());
    ensure!(
        free >= ROOM_BYTES,
        "the disk that holds {dir} is full ({free_mb} MB are free, {room_mb} MB are needed); free space on it, or name another directory with --data"
    );
    Ok(())
}

/// Whether a directory's disk has room.
pub fn has_room(dir: &Path) -> bool {
    free_bytes(dir).is_ok_and(|it| it >= ROOM_BYTES)
}

fn free_bytes(dir: &Path) -> Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok(disk.f_bavail * disk.f_frsize)
}
