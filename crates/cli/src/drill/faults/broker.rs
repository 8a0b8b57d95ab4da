//! The whole broker is lost with its disk: the streams come back from the services' journals, the keys from their backup.

use crate::{
    client::failed,
    commands::{
        privacy::{KeysCommand, PrivacyCommand, privacy},
        restore::put_back,
    },
    drill::{check::Finding, desk::UNIVERSITY, stage::Stage},
    supervise::{SERVICES, nats_dir},
};
use anyhow::{Context as _, Result};
use std::{collections::BTreeMap, fs, time::Duration};
use studium_proto::partner::v1::{
    OpenFeedRequest, SubscribeRequest, partner_feed_service_client::PartnerFeedServiceClient,
};
use tokio::time::{Instant, sleep};

/// How long a partner's feed may take to be told anew.
const FEED: Duration = Duration::from_mins(1);

/// Loses the broker between two loads.
///
/// # Errors
/// When the platform does not come back.
pub async fn play(stage: &mut Stage, commands: u64) -> Result<()> {
    open_feed(stage).await?;
    stage.load.more(commands).await?;
    // Keys that are made after the last backup are lost with the broker, so nobody gets one from here on.
    stage.load.without_texts();
    stage.load.more(commands / 4).await?;
    let backup = stage.setup.data.join("keys.jsonl");
    let keep = PrivacyCommand::Keys { command: KeysCommand::Backup { file: backup.clone() } };
    privacy(&stage.setup, keep).await?;
    stage.tell("keys of persons are backed up");
    let told = feed(stage).await?;
    stage.load.more(commands / 4).await?;

    stage.breaks("every node of the broker is killed, and its disk is gone");
    stage.processes()?.nats().kill().await;
    stage.stop().await;
    stage.load.pause();
    fs::remove_dir_all(nats_dir(&stage.setup.data)).context("the broker's directory cannot be removed")?;
    // Looked at now: once the services run, their policies write where lost commits were.
    let mut heads = BTreeMap::new();
    for entry in &SERVICES {
        let (_, head) = put_back(&stage.setup, entry.name).await?;
        heads.insert(entry.name.to_owned(), head);
    }
    privacy(&stage.setup, PrivacyCommand::Keys { command: KeysCommand::Restore { file: backup } }).await?;
    stage.tell("the streams are restored from the journals, and the keys from their backup");
    stage.start().await?;
    stage.tell("the platform runs again");
    let repeated = stage.load.repeat_beyond(&heads).await;
    stage.tell(format!(
        "{repeated} commands had been acknowledged that no journal had yet; callers said them again with the same request ids"
    ));
    stage.load.resume();
    stage.load.more(commands / 4).await?;
    stage.recovered("commands succeed again");
    stage.load.more(commands).await?;
    // The feed is told anew from the journal, which takes a moment.
    let deadline = Instant::now() + FEED;
    let mut again = feed(stage).await?;
    while again.len() < told.len() && Instant::now() < deadline {
        sleep(Duration::from_millis(100)).await;
        again = feed(stage).await?;
    }
    stage.found(compare(&told, &again));
    Ok(())
}

async fn open_feed(stage: &mut Stage) -> Result<()> {
    let channel = stage.processes()?.platform().connect("enrolment", &["operator"]).await?;
    let open = OpenFeedRequest { institution_id: UNIVERSITY.to_owned(), at_ms: 0 };
    PartnerFeedServiceClient::new(channel).open_feed(open).await.map(drop).map_err(failed)
}

/// What the partner has been told so far: positions and documents.
async fn feed(stage: &mut Stage) -> Result<Vec<(u64, String)>> {
    let channel = stage.processes()?.platform().connect("enrolment", &["operator"]).await?;
    let all =
        SubscribeRequest { institution_id: UNIVERSITY.to_owned(), only_history: true, ..SubscribeRequest::default() };
    let mut events = PartnerFeedServiceClient::new(channel).subscribe(all).await.map_err(failed)?.into_inner();
    let mut told = vec![];
    while let Some(it) = events.message().await.map_err(failed)? {
        told.push((it.position, it.event));
    }
    Ok(told)
}

/// A partner who stands at a position before goes on from it afterwards.
fn compare(before: &[(u64, String)], after: &[(u64, String)]) -> Finding {
    let mut found = Finding::of("a partner's feed has the same documents at the same positions");
    for (n, it) in before.iter().enumerate() {
        found.check(after.get(n) == Some(it), || format!("position {} of the feed is another document", it.0));
    }
    found
}
