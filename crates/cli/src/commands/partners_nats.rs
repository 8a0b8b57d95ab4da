//! `studium partners nats`: access to a partner's feed over NATS, given and taken away while the platform runs.

use crate::{
    platform::Platform,
    progress::{table, time},
    supervise::nats_dir,
};
use anyhow::{Context as _, Result, ensure};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};
use studium_broker::{
    certificates::Certificates,
    partners::{self, Access, MIRROR},
};
use studium_kit::write_secret;

/// What `studium partners nats` can do.
#[derive(Debug, Subcommand)]
pub enum NatsCommand {
    /// Gives an institution access to its feed, and prints its key. The key is shown once and kept nowhere.
    Add {
        /// The institution's id.
        institution: String,
    },
    /// Lists who has access, and how far each mirror is.
    List,
    /// Gives an institution another key; the old one ends at once. Its consumers keep their places.
    Rotate {
        /// The institution's id.
        institution: String,
    },
    /// Makes a certificate for an institution's connections, where the broker asks for one (`studium up --tls`). It is good
    /// for 90 days, beside the institution's key and not in its place.
    Certificate {
        /// The institution's id.
        institution: String,
        /// File for the certificate and its private key, PEM.
        file: PathBuf,
    },
    /// Takes an institution's access and the mirror of its feed away.
    Remove {
        /// The institution's id.
        institution: String,
    },
}

/// Runs one of them.
pub async fn nats(platform: &Platform, command: NatsCommand) -> Result<()> {
    let dir = nats_dir(&platform.data);
    match command {
        NatsCommand::Add { institution } => show(platform, &partners::add(&dir, &institution).await?),
        NatsCommand::Rotate { institution } => show(platform, &partners::rotate(&dir, &institution).await?),
        NatsCommand::Remove { institution } => {
            partners::remove(&dir, &institution).await?;
            platform.output.json(&json!({"institution": institution, "removed": true}));
            platform.output.say(format!("{institution} has no access over NATS any more. Its feed stays."));
        }
        NatsCommand::Certificate { institution, file } => certificate(platform, &institution, &file)?,
        NatsCommand::List => list(platform).await?,
    }
    Ok(())
}

fn certificate(platform: &Platform, institution: &str, file: &Path) -> Result<()> {
    let dir = nats_dir(&platform.data);
    let has_access = partners::list(&dir)?.iter().any(|it| it.institution == institution);
    ensure!(has_access, "{institution} has no access yet; give it with `studium partners nats add {institution}`");
    let certificates = Certificates::of(&dir)
        .context("the broker asks for no certificate, since the platform was started without --tls")?;
    ensure!(!file.exists(), "{} is there already; name another file", file.display());
    let shown = file.display();
    write_secret(file, certificates.of_partner(institution)?.as_bytes())
        .with_context(|| format!("cannot write {shown}"))?;
    let authority = certificates.authority();
    platform.output.json(&json!({"institution": institution, "certificate": file, "authority": authority}));
    platform.output.say(format!(
        "The certificate of {institution} and its key are in {shown}, good for 90 days.\n\
         Hand it over with {}, the certificate of whom to believe:\n  \
         nats --tlscert {shown} --tlskey {shown} --tlsca ca.pem …",
        authority.display()
    ));
    Ok(())
}

fn show(platform: &Platform, Access { partner, seed, servers }: &Access) {
    let institution = &partner.institution;
    let file = format!("{institution}.nk");
    let command = format!("nats --server {servers} --nkey {file} consumer next {MIRROR} copy --count 100");
    let hosts: Vec<_> = servers.split(',').collect();
    let python = format!("nc = await nats.connect({}, nkeys_seed=\"{file}\")", json!(hosts));
    platform.output.json(&json!({
        "institution": institution, "servers": servers, "stream": MIRROR, "public_key": partner.public_key,
        "seed": seed, "seed_file": file, "nats": command, "python": python,
    }));
    platform.output.say(format!(
        "{institution} may read its feed over NATS.\n  \
         servers  {servers}\n  \
         stream   {MIRROR}\n  \
         key      {seed}\n\
         The key is shown once and kept nowhere: hand it over now. With it in a file {file}:\n  \
         nats --server {servers} --nkey {file} consumer add {MIRROR} copy --pull --deliver all --ack explicit --defaults\n  \
         {command}\n\
         or in Python (nats-py[nkeys]):\n  \
         {python}"
    ));
}

async fn list(platform: &Platform) -> Result<()> {
    let dir = nats_dir(&platform.data);
    let mut rows = vec![["institution", "key", "since", "last sequence", "behind"].map(str::to_owned).to_vec()];
    for it in partners::list(&dir)? {
        let progress = partners::progress(&dir, &it.institution).await?;
        platform.output.json(&json!({
            "institution": it.institution, "public_key": it.public_key, "since": time(it.since_ms), "mirror": progress,
        }));
        let (last, behind) = match progress {
            Some(it) => (it.last_sequence.to_string(), it.behind.to_string()),
            None => ("no mirror".to_owned(), String::new()),
        };
        rows.push(vec![it.institution, it.public_key, time(it.since_ms), last, behind]);
    }
    let none = "Nobody has access over NATS; `studium partners nats add INSTITUTION` gives it.";
    platform.output.say(if rows.len() == 1 { none.to_owned() } else { table(&rows) });
    Ok(())
}
