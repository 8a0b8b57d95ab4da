//! `studium privacy`: what is kept of a person, forgetting a person, and a backup of the keys.

use crate::{
    client::failed,
    operator_key,
    platform::{Platform, Setup},
    progress::{Output, count, time},
    supervise::nats_alone,
};
use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use studium_kit::{erased_by, write_secret};
use studium_log::{Log, LogConfig};
use studium_proto::{
    admin::v1::ListPersonalRequest,
    enrolment::v1::{EraseLearnerRequest, learner_event, learner_service_client::LearnerServiceClient},
};

/// What can be done about personal data.
#[derive(Debug, Subcommand)]
pub enum PrivacyCommand {
    /// Prints all that every service keeps under a person's key.
    Report {
        /// The person: a learner's id, or a mentor's.
        person: String,
    },
    /// Destroys a person's key, so that nothing of it can be read any more; nothing brings it back.
    Erase {
        /// The person: a learner's id, or a mentor's.
        person: String,
        /// On what ground, without personal data.
        #[arg(long)]
        reason: String,
    },
    /// Saves or brings back the keys of persons; without the master key they open nothing.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        command: KeysCommand,
    },
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Writes all wrapped keys to a file, one to a line.
    Backup {
        /// A file that is not there yet.
        file: PathBuf,
    },
    /// Puts keys back that are lost; never one of a person who was erased.
    Restore {
        /// A file that `backup` wrote.
        file: PathBuf,
    },
}

/// One line of a backup.
#[derive(Serialize, Deserialize)]
struct Line {
    name: String,
    wrapped: String,
}

/// Does what was asked.
pub async fn privacy(setup: &Setup, command: PrivacyCommand) -> Result<()> {
    match command {
        PrivacyCommand::Report { person } => Platform::with(setup, async |it| report(it, &person).await).await,
        PrivacyCommand::Erase { person, reason } => {
            Platform::with(setup, async |it| erase(it, &person, reason).await).await
        }
        PrivacyCommand::Keys { command } => keys(setup, &command).await,
    }
}

/// Works on the broker of the platform that runs, or on the broker alone: services that have to read again what is
/// sealed do not become ready without the keys.
async fn keys(setup: &Setup, command: &KeysCommand) -> Result<()> {
    let master_key = || operator_key::master_key(&setup.data).map(Some);
    if let Some(platform) = Platform::running(&setup.data, setup.output).await? {
        let (url, durability) = (platform.state.nats.clone(), platform.state.durability);
        return work_on(&LogConfig { url, durability, master_key: master_key()? }, setup.output, command).await;
    }
    let (mut nats, _lock) = nats_alone(setup).await?;
    let outcome = match master_key() {
        Ok(master_key) => {
            let (url, durability) = (nats.url(), nats.durability());
            work_on(&LogConfig { url, durability, master_key }, setup.output, command).await
        }
        Err(e) => Err(e),
    };
    nats.stop().await;
    outcome
}

async fn work_on(config: &LogConfig, output: Output, command: &KeysCommand) -> Result<()> {
    let log = Log::connect(config).await?;
    match command {
        KeysCommand::Backup { file } => backup(&log, output, file).await,
        KeysCommand::Restore { file } => restore(&log, output, file).await,
    }
}

async fn report(platform: &Platform, person: &str) -> Result<()> {
    let (mut total, mut services) = (0_u64, Vec::new());
    for service in platform.services(None)? {
        let request = ListPersonalRequest { person_id: person.to_owned() };
        let mut kept = platform.admin(&service).await?.list_personal(request).await.map_err(failed)?.into_inner();
        let mut here = 0_u64;
        while let Some(it) = kept.message().await.map_err(failed)? {
            let fields: Value = serde_json::from_str(&it.fields).unwrap_or_default();
            platform.output.json(&json!({
                "service": service, "position": it.position, "subject": it.subject, "at": time(it.at_ms),
                "event": it.event, "fields": fields,
            }));
            platform.output.say(format!("{}  {}  {}  {fields}", time(it.at_ms), it.subject, it.event));
            here += 1;
        }
        total += here;
        services.push((service, here));
    }
    let by_service: serde_json::Map<_, _> = services.into_iter().map(|(service, n)| (service, n.into())).collect();
    platform.output.json(&json!({"person": person, "total": total, "services": by_service}));
    platform.output.say(match total {
        0 => format!("Nothing is kept of {person}."),
        _ => format!("{} things are kept of {person}.", count(total)),
    });
    Ok(())
}

async fn erase(platform: &Platform, person: &str, reason: String) -> Result<()> {
    let mut people = LearnerServiceClient::new(platform.connect("enrolment", &["registrar"]).await?);
    let request = EraseLearnerRequest { learner_id: person.to_owned(), reason, ..EraseLearnerRequest::default() };
    let done = people.erase_learner(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"person": person, "position": done.position, "already": done.already}));
    platform
        .output
        .say(format!("{person} is erased; the services forget within seconds, as `studium privacy report` shows."));
    Ok(())
}

async fn backup(log: &Log, output: Output, file: &Path) -> Result<()> {
    if file.exists() {
        bail!("{} is there already; name another file", file.display());
    }
    let keys = log.keys().wrapped().await?;
    let mut text = String::new();
    for (name, wrapped) in &keys {
        text += &serde_json::to_string(&Line { name: name.clone(), wrapped: BASE64.encode(wrapped) })?;
        text.push('\n');
    }
    write_secret(file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
    output.json(&json!({"keys": keys.len()}));
    output.say(format!("{} keys are in {}.", count(keys.len() as u64), file.display()));
    Ok(())
}

async fn restore(log: &Log, output: Output, file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    // The marks may be lost with the bucket; the record knows who was erased. Where a mark is, no key comes back.
    let erased = erased(log).await?;
    for person in &erased {
        log.keys().destroy(person).await?;
    }
    let (mut restored, mut others) = (0_u64, 0_u64);
    for (line, number) in text.lines().zip(1..) {
        let read = || -> Result<_> {
            let it: Line = serde_json::from_str(line)?;
            Ok((BASE64.decode(&it.wrapped)?, it.name))
        };
        let (wrapped, name) = read().with_context(|| {
            let shown = file.display();
            format!("line {number} of {shown} is no key; name a file that `studium privacy keys backup` wrote")
        })?;
        if log.keys().put_back(&name, &wrapped).await? {
            restored += 1;
        } else if log.keys().is_another(&name, &wrapped).await? {
            others += 1;
        }
    }
    if others > 0 {
        bail!(
            "{restored} keys were put back, but {others} persons have other keys than in {}: it is a backup of another \
             platform, or keys were made anew after a loss; keep the file",
            file.display()
        );
    }
    output.json(&json!({"restored": restored, "erased": erased.len()}));
    output.say(format!(
        "{} keys were put back; those of {} persons who were erased stay destroyed.",
        count(restored),
        count(erased.len() as u64)
    ));
    Ok(())
}

/// All who were erased, as the record has it.
async fn erased(log: &Log) -> Result<BTreeSet<String>> {
    let is_erasure = erased_by::<learner_event::Event>(|it| matches!(it, learner_event::Event::LearnerErased(_)));
    let head = log.first_head("enrolment").await?;
    let mut follow = log.follow("enrolment", 0).as_stored();
    let mut people = BTreeSet::new();
    while follow.position() < head {
        people.extend(follow.next().await?.iter().filter(|it| is_erasure(it)).map(|it| it.id().to_owned()));
    }
    Ok(people)
}
