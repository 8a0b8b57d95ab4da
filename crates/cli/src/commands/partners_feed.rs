//! `studium partners`, the feed: what a partner is told, and whether a copy of it is right.

use crate::{
    client::{Channel, failed},
    platform::Platform,
    progress::table,
    supervise::nats_dir,
};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
};
use studium_broker::partners;
use studium_enrolment::{RECORDS_MAX, Tree};
use studium_proto::json_of;
use studium_proto::partner::v1::{
    AcknowledgeRequest, CloseFeedRequest, DifferenceRequest, FeedStatus, GetDigestRequest, GetFeedRequest,
    GetRecordsRequest, Leaf, ListFeedsRequest, OpenFeedRequest, SubscribeRequest, difference_response::Difference,
    partner_feed_service_client::PartnerFeedServiceClient,
};

/// What `studium partners events` takes.
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// The institution.
    institution: String,
    /// Only what comes after this position.
    #[arg(long, default_value_t = 0, value_name = "POSITION")]
    after: u64,
    /// Only events of this type; a `*` at the end stands for anything; may be repeated.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Wait for more, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
}

/// What `studium partners acknowledge` takes.
#[derive(Debug, Args)]
pub struct AcknowledgeArgs {
    /// The institution.
    institution: String,
    /// Everything up to here was taken in.
    #[arg(long)]
    position: u64,
    /// Name of the reader.
    #[arg(long, default_value = "cli", value_name = "NAME")]
    reader: String,
}

type Feeds = PartnerFeedServiceClient<Channel>;

async fn feeds(platform: &Platform) -> Result<Feeds> {
    Ok(PartnerFeedServiceClient::new(platform.connect("enrolment", &["operator"]).await?))
}

pub async fn open(platform: &Platform, institution_id: String) -> Result<()> {
    let request = OpenFeedRequest { institution_id, at_ms: 0 };
    let mut feeds = feeds(platform).await?;
    let it = feeds.open_feed(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"institution": it.id, "position": it.position, "already": it.already}));
    let already = if it.already { " already" } else { "" };
    platform.output.say(format!("{} has a feed{already}; `studium partners events {}` prints it.", it.id, it.id));
    let told = GetFeedRequest { institution_id: it.id.clone(), min_position: it.position };
    // A mirror finds a feed that is there at once, and another one only later. One that is late is no failure of this.
    let _ = feeds.get_feed(told).await;
    partners::open_mirror(&nats_dir(&platform.data), &it.id).await?;
    Ok(())
}

pub async fn close(platform: &Platform, institution_id: String, reason: String) -> Result<()> {
    let request = CloseFeedRequest { institution_id, reason };
    let it = feeds(platform).await?.close_feed(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"institution": it.id, "position": it.position, "already": it.already}));
    platform.output.say(format!("{} is told nothing more; what it was told stays.", it.id));
    Ok(())
}

pub async fn list(platform: &Platform) -> Result<()> {
    let all = feeds(platform).await?.list_feeds(ListFeedsRequest {}).await.map_err(failed)?.into_inner().feeds;
    let head = ["institution", "open", "written", "behind the log", "readers", "furthest behind"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for it in &all {
        platform.output.json(&as_json(it));
        let most = it.readers.iter().map(|it| it.lag).max();
        rows.push(vec![
            it.institution_id.clone(),
            if it.open { "yes" } else { "no" }.to_owned(),
            it.written_position.to_string(),
            it.source_lag.to_string(),
            it.readers.len().to_string(),
            most.map_or_else(|| "-".to_owned(), |it| it.to_string()),
        ]);
    }
    platform.output.say(if all.is_empty() { "No partner has a feed.".to_owned() } else { table(&rows) });
    Ok(())
}

pub async fn show(platform: &Platform, institution_id: String) -> Result<()> {
    let request = GetFeedRequest { institution_id, min_position: 0 };
    let reply = feeds(platform).await?.get_feed(request).await.map_err(failed)?.into_inner();
    let Some(it) = reply.feed else { bail!("the service answered without a feed") };
    platform.output.json(&as_json(&it));
    let open = if it.open { "open" } else { "closed" };
    platform.output.say(format!(
        "{}: {open}, {} events written, {} commits behind the log",
        it.institution_id, it.written_position, it.source_lag
    ));
    for reader in &it.readers {
        platform.output.say(format!(
            "  {}: has {} of them, {} to go, as of {}",
            reader.reader_id,
            reader.acknowledged_position,
            reader.lag,
            reader.acknowledged_at.map(|it| it.to_string()).unwrap_or_default()
        ));
    }
    Ok(())
}

fn as_json(it: &FeedStatus) -> Value {
    let readers = it.readers.iter().map(|it| {
        json!({
            "reader": it.reader_id, "acknowledged_position": it.acknowledged_position, "lag": it.lag,
            "acknowledged_at": it.acknowledged_at.map(|it| it.to_string()),
        })
    });
    json!({
        "institution": it.institution_id, "open": it.open, "written_position": it.written_position,
        "source_lag": it.source_lag, "readers": readers.collect::<Vec<_>>(),
    })
}

pub async fn events(platform: &Platform, args: EventsArgs) -> Result<()> {
    let request = SubscribeRequest {
        institution_id: args.institution,
        after_position: args.after,
        types: args.types,
        only_history: !args.follow,
    };
    let mut events = feeds(platform).await?.subscribe(request).await.map_err(failed)?.into_inner();
    while let Some(it) = events.message().await.map_err(failed)? {
        if !it.event.is_empty() {
            // The same in both forms of output: it is meant for programs, and people can read it.
            platform.output.line(&it.event);
            if platform.output.is_closed() {
                break;
            }
        }
    }
    Ok(())
}

pub async fn records(platform: &Platform, institution: String, enrolments: &[String]) -> Result<()> {
    let mut feeds = feeds(platform).await?;
    for some in enrolments.chunks(RECORDS_MAX) {
        let (institution_id, enrolment_ids) = (institution.clone(), some.to_vec());
        let request = GetRecordsRequest { institution_id, enrolment_ids, min_position: 0 };
        for it in feeds.get_records(request).await.map_err(failed)?.into_inner().records {
            platform.output.line(&json_of("studium.partner.v1.EnrolmentRecord", &it).to_string());
        }
    }
    Ok(())
}

pub async fn acknowledge(platform: &Platform, args: AcknowledgeArgs) -> Result<()> {
    let AcknowledgeArgs { institution: institution_id, position, reader: reader_id } = args;
    let request = AcknowledgeRequest { institution_id, reader_id, position };
    let it = feeds(platform).await?.acknowledge(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"acknowledged_position": position, "written_position": it.written_position}));
    platform.output.say(format!("{position} of {} events are taken in.", it.written_position));
    Ok(())
}

/// A copy that was made of events.
#[derive(Default)]
struct Copy {
    position: u64,
    tree: Tree,
}

impl Copy {
    fn of(path: &Path) -> Result<Self> {
        let file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut copy = Self::default();
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let event: Value = serde_json::from_str(&line?)
                .with_context(|| format!("line {} of {} is no event", index + 1, path.display()))?;
            copy.position = event["sequence"].as_str().and_then(|it| it.parse().ok()).unwrap_or(copy.position);
            copy.tree.take(&event);
        }
        Ok(copy)
    }
}

pub async fn digest(platform: &Platform, institution_id: String, events: Option<&Path>) -> Result<()> {
    let copy = events.map(Copy::of).transpose()?;
    let it = feeds(platform).await?.get_digest(GetDigestRequest { institution_id }).await.map_err(failed)?.into_inner();
    let mut value = json!({"position": it.position, "count": it.count, "root": it.root, "jws": it.jws});
    if let Some(copy) = &copy {
        value["copy"] = json!({"position": copy.position, "count": copy.tree.count(), "root": copy.tree.root()});
    }
    platform.output.json(&value);
    platform.output.say(format!("At position {}: {} records, root {}", it.position, it.count, it.root));
    let Some(copy) = copy else { return Ok(()) };
    if copy.tree.root() != it.root {
        bail!(
            "the copy is at position {} and comes to {} records, root {}; `studium partners difference` says what differs",
            copy.position,
            copy.tree.count(),
            copy.tree.root()
        );
    }
    platform.output.say("The copy comes to the same.".to_owned());
    Ok(())
}

pub async fn difference(platform: &Platform, institution_id: String, events: &Path) -> Result<()> {
    let copy = Copy::of(events)?;
    let branches: Vec<Vec<u8>> = copy.tree.hashes().iter().map(|it| it.to_vec()).collect();
    let position = copy.position;
    let first = DifferenceRequest { institution_id, branches, position, ..DifferenceRequest::default() };
    let mut feeds = feeds(platform).await?;
    let mut differ = Vec::new();
    for it in ask(&mut feeds, first.clone()).await? {
        if let Difference::Branch(it) = it {
            differ.push(it);
        }
    }
    let mut count = 0;
    for branch in differ {
        let leaf = |(id, hash): (&String, &[u8; 32])| Leaf { enrolment_id: id.clone(), hash: hash.to_vec() };
        let leaves = copy.tree.leaves(branch as usize).into_iter().flatten().map(leaf).collect();
        for it in ask(&mut feeds, DifferenceRequest { leaves_of: vec![branch], leaves, ..first.clone() }).await? {
            count += 1;
            match it {
                Difference::Record(it) => platform.output.line(&it),
                Difference::SurplusEnrolmentId(it) => {
                    platform.output.line(&json!({"enrolmentId": it, "surplus": true}).to_string());
                }
                Difference::Branch(it) => bail!("the service asks for branch {it} again"),
            }
        }
    }
    platform.output.say(match count {
        0 => "Nothing differs.".to_owned(),
        1 => "One record differs.".to_owned(),
        _ => format!("{count} records differ."),
    });
    Ok(())
}

async fn ask(feeds: &mut Feeds, request: DifferenceRequest) -> Result<Vec<Difference>> {
    let mut answers = feeds.difference(request).await.map_err(failed)?.into_inner();
    let mut all = Vec::new();
    while let Some(it) = answers.message().await.map_err(failed)? {
        all.extend(it.difference);
    }
    Ok(all)
}
