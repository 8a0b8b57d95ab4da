//! Where the stores of a data directory are: files in it, or databases on a PostgreSQL server that it remembers.

use crate::{platform::Setup, postgres::Server};
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// The setup with the stores that its directory was made with.
///
/// # Errors
/// When another place is asked for: the services would begin there with nothing.
pub fn settle(setup: &Setup) -> Result<Setup> {
    let shown = setup.data.display();
    let remembered = remembered(&setup.data)?;
    let postgres = match (&setup.postgres, remembered) {
        (Some(wanted), Some(made)) if server(wanted) != server(&made) => bail!(
            "the stores of {shown} are on {}, not on {}; leave --postgres out, or name another directory with --data; \
             if the databases were moved, write the new address into {}",
            server(&made),
            server(wanted),
            file(&setup.data).display()
        ),
        (Some(wanted), None) if has_files(&setup.data) => bail!(
            "the stores of {shown} are files in it, not on {}; leave --postgres out, or name another directory with --data",
            server(wanted)
        ),
        // A flag that names the same server brings a new user or password.
        (wanted, made) => wanted.clone().or(made),
    };
    Ok(Setup { postgres, ..setup.clone() })
}

/// The same, with the directory's own PostgreSQL server started if it has one or is to get one.
///
/// # Errors
/// When the stores are elsewhere, or are asked for elsewhere; nothing is started then. When the server does not start.
pub async fn served(setup: &Setup, data: &Path) -> Result<(Setup, Option<Server>)> {
    let is_made = Server::is_in(data);
    if !setup.own_postgres && !is_made {
        return Ok((settle(setup)?, None));
    }
    let shown = data.display();
    ensure!(
        !has_files(data),
        "the stores of {shown} are files in it; leave --store out, or name another directory with --data"
    );
    if let Some(wanted) = &setup.postgres {
        bail!(
            "the stores of {shown} are on a PostgreSQL server of its own, not on {}; leave --postgres out, or name \
             another directory with --data",
            server(wanted)
        );
    }
    if !is_made && let Some(made) = remembered(data)? {
        bail!(
            "the stores of {shown} are on {}; leave --store out, or name another directory with --data",
            server(&made)
        );
    }
    let own = Server::start(data).await?;
    // Not compared with what is remembered: where the directory was moved the same server has another address.
    Ok((Setup { postgres: Some(own.url().to_owned()), ..setup.clone() }, Some(own)))
}

/// Whether the stores of a directory are files in it, as far as it can be known before anything is started.
///
/// # Errors
/// When another place is asked for.
pub fn are_files(setup: &Setup, data: &Path) -> Result<bool> {
    Ok(!setup.own_postgres && !Server::is_in(data) && settle(setup)?.postgres.is_none())
}

/// URL of a service's own store: a file in the data directory, or its database on the PostgreSQL server,
/// which is made when it is not there. The directory remembers a server once it has answered.
pub async fn url(setup: &Setup, data: &Path, service: &str) -> Result<String> {
    let Some(server) = &setup.postgres else {
        fs::create_dir_all(data.join("store"))?;
        return Ok(format!("sqlite:{}", sqlite(data, service).display()));
    };
    let url = studium_store::create_database(server, &format!("studium_{service}")).await?;
    if remembered(data)?.as_ref() != Some(server) {
        remember(data, server)?;
    }
    Ok(url)
}

/// Takes a service's store away, with all that is in it: for drills. Nothing may use it.
pub async fn lose(setup: &Setup, service: &str) -> Result<()> {
    if let Some(server) = &setup.postgres {
        return Ok(studium_store::drop_database(server, &format!("studium_{service}")).await?);
    }
    let file = sqlite(&setup.data, service);
    for end in ["", "-wal", "-shm"] {
        match fs::remove_file(format!("{}{end}", file.display())) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        }
    }
    Ok(())
}

/// The file of a service's store, where stores are files.
pub fn sqlite(data: &Path, service: &str) -> PathBuf {
    data.join(format!("store/{service}.db"))
}

fn file(data: &Path) -> PathBuf {
    data.join("store/postgres.url")
}

fn remembered(data: &Path) -> Result<Option<String>> {
    let file = file(data);
    match fs::read_to_string(&file) {
        Ok(it) => Ok(Some(it.trim().to_owned())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Whole or not at all, and for this user only: the URL may hold a password.
fn remember(data: &Path, server: &str) -> Result<()> {
    let path = file(data);
    let beside = path.with_extension("url.new");
    let write = || {
        fs::create_dir_all(data.join("store"))?;
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        writeln!(file, "{server}")?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn has_files(data: &Path) -> bool {
    let entries = fs::read_dir(data.join("store")).into_iter().flatten().flatten();
    entries.map(|it| it.path()).any(|it| it.extension().is_some_and(|it| it == "db"))
}

/// Which server a URL names: without user, password, database and options, so that it may be shown.
fn server(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
    let option = |name: &str| options.split('&').find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host.split('/').next().unwrap_or_default();
    // As the driver has it: options win over what stands before them.
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (host, "5432"),
    };
    format!("postgres://{}:{}", option("host").unwrap_or(host), option("port").unwrap_or(port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::progress::Output;

    const MADE: &str = "postgres://studium:se/c@ret@db:5433/x?sslmode=require";

    fn asked(data: &Path, postgres: Option<&str>) -> Setup {
        Setup { postgres: postgres.map(str::to_owned), ..Setup::new(data, Output::silent()) }
    }

    #[test]
    fn a_server_is_told_without_its_secrets() {
        for (url, told) in [
            (MADE, "postgres://db:5433"),
            ("postgresql://db", "postgres://db:5432"),
            ("postgres://u@[::1]", "postgres://[::1]:5432"),
            ("postgres://u@[::1]:7", "postgres://[::1]:7"),
            ("postgres://u@localhost?port=7&password=p&host=%2Frun", "postgres://%2Frun:7"),
        ] {
            assert_eq!(server(url), told);
        }
    }

    #[test]
    fn a_directory_keeps_the_server_that_it_was_made_with() {
        let dir = tempfile::tempdir().unwrap();
        let settled = |postgres| settle(&asked(dir.path(), postgres)).map(|it| it.postgres);
        assert_eq!(settled(None).unwrap(), None);
        assert_eq!(settled(Some(MADE)).unwrap().as_deref(), Some(MADE));
        remember(dir.path(), MADE).unwrap();
        assert_eq!(settled(None).unwrap().as_deref(), Some(MADE));
        let other_user = "postgres://other@db:5433";
        assert_eq!(settled(Some(other_user)).unwrap().as_deref(), Some(other_user));
        let said = settled(Some("postgres://studium:secret@elsewhere")).unwrap_err().to_string();
        assert!(said.contains("are on postgres://db:5433, not on postgres://elsewhere:5432; leave --postgres out"));
        assert!(!said.contains('@') && !said.contains("secret"), "{said}");
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file(dir.path())).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn no_server_is_made_where_another_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        remember(dir.path(), MADE).unwrap();
        let setup = Setup { own_postgres: true, ..asked(dir.path(), None) };
        let said = served(&setup, dir.path()).await.err().unwrap().to_string();
        assert!(said.contains("are on postgres://db:5433; leave --store out") && !said.contains('@'), "{said}");
        assert!(!dir.path().join("postgres").exists(), "nothing was begun");
    }

    #[test]
    fn a_directory_with_files_takes_no_server() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("store")).unwrap();
        fs::write(sqlite(dir.path(), "enrolment"), "").unwrap();
        assert_eq!(settle(&asked(dir.path(), None)).unwrap().postgres, None);
        let said = settle(&asked(dir.path(), Some(MADE))).unwrap_err().to_string();
        assert!(said.contains("are files in it, not on postgres://db:5433") && !said.contains('@'), "{said}");
    }
}
