//! A PostgreSQL that speaks TLS, with a certificate of an authority of its own.

use crate::postgres::{binaries, is_root, start};
use std::{
    fs,
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

/// Starts one, or nothing where there is no PostgreSQL.
///
/// # Panics
/// When its certificate cannot be made.
pub fn encrypted_postgres() -> Option<Encrypted> {
    let binaries = binaries()?;
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let certificates = Certificates::sign(folder.path(), &[NAME]).unwrap_or_else(|e| panic!("{e:#}"));
    let identity = certificates.identity(NAME);
    if is_root() {
        // The server's user reads what is root's by its group, which is all that it allows.
        let group = Command::new("id").args(["-g", "postgres"]).output().ok()?;
        let group = String::from_utf8_lossy(&group.stdout).trim().parse().ok();
        for path in [folder.path(), identity.parent()?, &identity] {
            chown(path, None, group).ok()?;
            let mode = if path == identity { 0o640 } else { 0o750 };
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).ok()?;
        }
    }
    let (port, identity) = (http::free_port().ok()?, identity.display());
    let options = format!(
        "-c listen_addresses=127.0.0.1,127.0.0.2 -c port={port} -c ssl=on -c ssl_cert_file={identity} \
         -c ssl_key_file={identity}"
    );
    let (child, _) = start(&binaries, &options)?;
    Some(Encrypted { port, authority: certificates.authority(), _folder: folder, _child: child })
}
