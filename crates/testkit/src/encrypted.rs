//! A PostgreSQL that speaks TLS, with a certificate of an authority of its own.

use crate::postgres::{binaries, is_root, skipped, start};
use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, chown},
    path::PathBuf,
    process::{Child, Command},
};
use studium_broker::{certificates::Certificates, http};
use tempfile::TempDir;

/// The name that is in its certificate.
const NAME: &str = "store";

/// A server that takes encrypted connections at `127.0.0.1`, for which its certificate is, and at `127.0.0.2`.
pub struct Encrypted {
    /// Where it listens.
    pub port: u16,
    /// The certificate of the authority that signed its own.
    pub authority: PathBuf,
    _folder: TempDir,
    _child: Child,
}

/// Starts one, or nothing where there is no PostgreSQL; that is said.
///
/// # Panics
/// When there is none and `STUDIUM_REQUIRE_POSTGRES=1`, or it cannot be made.
pub fn encrypted_postgres() -> Option<Encrypted> {
    let Some(binaries) = binaries() else {
        skipped();
        return None;
    };
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let certificates = Certificates::sign(folder.path(), &[NAME]).unwrap_or_else(|e| panic!("{e:#}"));
    let identity = certificates.identity(NAME);
    if is_root() {
        let folders = [Some(folder.path()), identity.parent(), Some(identity.as_path())];
        for path in folders.into_iter().flatten() {
            let mode = if path == identity { 0o640 } else { 0o750 };
            let given =
                chown(path, None, group()).and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)));
            given.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
    }
    let (port, identity) = (http::free_port().unwrap_or_else(|e| panic!("{e}")), identity.display());
    let options = format!(
        "-c listen_addresses=127.0.0.1,127.0.0.2 -c port={port} -c ssl=on -c ssl_cert_file={identity} \
         -c ssl_key_file={identity}"
    );
    let (child, _) = start(&binaries, &options).unwrap_or_else(|| panic!("PostgreSQL does not start with TLS"));
    Some(Encrypted { port, authority: certificates.authority(), _folder: folder, _child: child })
}

/// The server's user reads what is root's by its group, which is all that PostgreSQL allows.
fn group() -> Option<u32> {
    let said = Command::new("id").args(["-g", "postgres"]).output().ok()?;
    String::from_utf8_lossy(&said.stdout).trim().parse().ok()
}
