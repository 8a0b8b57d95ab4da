//! Files that nobody but this user may read: written whole or not at all.

use anyhow::{Context as _, Result};
use std::{
    fs,
    io::{self, ErrorKind, Write as _},
    path::Path,
};
use tempfile::NamedTempFile;

/// The password of a user, which is made when there is none.
pub fn password(dir: &Path, user: &str) -> Result<String> {
    let path = dir.join(format!("{user}.password"));
    let shown = path.display();
    if !path.exists() {
        let made = format!("{:032x}{:032x}\n", rand::random::<u128>(), rand::random::<u128>());
        let made = whole(dir, made.as_bytes()).with_context(|| format!("cannot write {shown}"))?;
        match made.persist_noclobber(&path) {
            // If somebody else was faster, theirs stays.
            Err(e) if e.error.kind() != ErrorKind::AlreadyExists => {
                return Err(e.error).with_context(|| format!("cannot write {shown}"));
            }
            _ => {}
        }
    }
    let password = fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
    Ok(password.trim().to_owned())
}

/// Puts `bytes` in the place of a file.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let put = || {
        whole(dir, bytes)?.persist(path).map_err(|e| e.error)?;
        // A key that was taken away must not come back with a name that was lost.
        fs::File::open(dir)?.sync_all()
    };
    put().with_context(|| format!("cannot write {}", path.display()))
}

/// A file with a name that nobody knows, on the disk, readable by this user alone.
fn whole(dir: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_password_is_made_once_and_for_this_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let made = password(dir.path(), "ann").unwrap();
        assert_eq!(password(dir.path(), "ann").unwrap(), made);
        assert!(made.len() == 64 && made.bytes().all(|it| it.is_ascii_hexdigit()));
        let path = dir.path().join("ann.password");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        replace(&path, b"another").unwrap();
        assert_eq!(password(dir.path(), "ann").unwrap(), "another");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
