//! Partners' feeds over gRPC: open, read, acknowledge, compare.

use super::{Api, TEXT_MAX};
use crate::{
    partner::{Command, Partner},
    partner_digest::{self, BRANCHES, Tree},
    partner_feed::{KINDS, PartnerFeed},
    partners::{self, Partners},
    webhook_readers,
};
use futures::{StreamExt as _, stream::BoxStream};
use serde::Deserialize;
use serde_json::json;
use std::{collections::HashMap, time::Duration};
use studium_kit::{Call, Fields, Follow, Stored, done, fault, status};
use studium_proto::Timestamp;
use studium_proto::partner::v1::{
    AcknowledgeRequest, AcknowledgeResponse, CloseFeedRequest, CloseFeedResponse, DifferenceRequest,
    DifferenceResponse, FeedReader, FeedStatus, GetDigestRequest, GetDigestResponse, GetFeedRequest, GetFeedResponse,
    ListFeedsRequest, ListFeedsResponse, OpenFeedRequest, OpenFeedResponse, SubscribeRequest, SubscribeResponse,
    difference_response::Difference, partner_feed_service_server::PartnerFeedService,
};
use tokio::time::{Instant, sleep};
use tonic::{Request, Response, Status};

/// Types of events in one filter.
const TYPES_MAX: usize = 50;

/// Leaves in one call.
const LEAVES_MAX: usize = 40_000;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// How long a query waits for the feed, and how often it looks.
const REACHED_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long a feed that does not answer is asked again before the call ends.
const PAUSE: Duration = Duration::from_millis(200);
const TRIES_MAX: u32 = 50;

type Answers<T> = BoxStream<'static, Result<T, Status>>;

#[tonic::async_trait]
impl PartnerFeedService for Api {
    type SubscribeStream = Answers<SubscribeResponse>;
    type DifferenceStream = Answers<DifferenceResponse>;

    async fn open_feed(&self, request: Request<OpenFeedRequest>) -> Result<Response<OpenFeedResponse>, Status> {
        let (call, it) = Call::open(request)?;
        institution(&it.institution_id)?;
        let call = call.at(it.at_ms)?;
        done!(OpenFeedResponse, self.app.decide::<Partner>(&call, &it.institution_id, &Command::Open).await?)
    }

    async fn close_feed(&self, request: Request<CloseFeedRequest>) -> Result<Response<CloseFeedResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let command = Command::Close { reason: it.reason };
        done!(CloseFeedResponse, self.app.decide::<Partner>(&call, &it.institution_id, &command).await?)
    }

    async fn subscribe(&self, request: Request<SubscribeRequest>) -> Result<Response<Self::SubscribeStream>, Status> {
        let (_, it) = Call::open(request)?;
        let filter = Filter::read(&it)?;
        let head = self.written(&it.institution_id).await?;
        if it.after_position > head {
            let why = format!("the feed ends at {head}: nothing can have been taken in after it");
            return Err(Status::out_of_range(why));
        }
        let follow = self.app.feed::<PartnerFeed>(&it.institution_id, it.after_position);
        let until = it.only_history.then_some(head);
        let subscription = Subscription { follow, filter, until };
        let batches = futures::stream::unfold(Some(subscription), Subscription::next);
        Ok(Response::new(batches.map(futures::stream::iter).flatten().boxed()))
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Result<Response<AcknowledgeResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.id("reader_id", &it.reader_id);
        fields.done()?;
        let written_position = self.written(&it.institution_id).await?;
        if it.position > written_position {
            let why = format!("the feed ends at {written_position}: nothing after it can have been taken in");
            return Err(Status::out_of_range(why));
        }
        let kept = self.app.feed_acknowledge::<PartnerFeed>(&it.institution_id, &it.reader_id, it.position).await;
        kept.map_err(fault)?;
        Ok(Response::new(AcknowledgeResponse { written_position }))
    }

    async fn get_feed(&self, request: Request<GetFeedRequest>) -> Result<Response<GetFeedResponse>, Status> {
        let (_, it) = Call::open(request)?;
        institution(&it.institution_id)?;
        self.app.reached::<Partners>(it.min_position).await?;
        let row = partners::partner(self.app.store(), &it.institution_id).await.map_err(fault)?;
        let row = row.ok_or_else(|| no_feed(&it.institution_id))?;
        if row.is_open {
            self.told(&it.institution_id, it.min_position).await?;
        }
        Ok(Response::new(GetFeedResponse { feed: Some(self.status(row).await?) }))
    }

    async fn list_feeds(&self, request: Request<ListFeedsRequest>) -> Result<Response<ListFeedsResponse>, Status> {
        Call::open(request)?;
        let mut feeds = Vec::new();
        for row in partners::all(self.app.store()).await.map_err(fault)? {
            feeds.push(self.status(row).await?);
        }
        Ok(Response::new(ListFeedsResponse { feeds }))
    }

    async fn get_digest(&self, request: Request<GetDigestRequest>) -> Result<Response<GetDigestResponse>, Status> {
        let (_, it) = Call::open(request)?;
        institution(&it.institution_id)?;
        let (position, tree) = self.tree(&it.institution_id).await?;
        let (count, root) = (tree.count(), tree.root());
        let claims = json!({"sub": it.institution_id, "position": position, "count": count, "root": root});
        let jws = partner_digest::signed(&self.app, &claims);
        let branches = tree.hashes().iter().map(|it| it.to_vec()).collect();
        Ok(Response::new(GetDigestResponse { position, count, root, jws, branches }))
    }

    async fn difference(
        &self,
        request: Request<DifferenceRequest>,
    ) -> Result<Response<Self::DifferenceStream>, Status> {
        let (_, it) = Call::open(request)?;
        let theirs = Theirs::read(it)?;
        let (source, position) = self.reached(&theirs.institution).await?;
        let ours = self.tree_at(&theirs.institution, source).await?;
        let answer = |it| Ok(DifferenceResponse { position, difference: Some(it) });
        let mut answers: Vec<_> = theirs.unknown(&ours).map(|it| answer(Difference::Branch(it))).collect();
        let (differ, surplus) = theirs.differences(&ours);
        answers.extend(surplus.into_iter().map(|it| answer(Difference::SurplusEnrolmentId(it))));
        for ids in differ.chunks(BRANCHES) {
            let records = partner_digest::records(&self.app, &theirs.institution, ids, source).await.map_err(fault)?;
            answers.extend(records.iter().map(|it| answer(Difference::Record(partner_digest::json(it).to_string()))));
        }
        Ok(Response::new(futures::stream::iter(answers).boxed()))
    }
}

impl Api {
    /// Position of the last event of a feed that is there.
    pub(super) async fn written(&self, institution: &str) -> Result<u64, Status> {
        let row = partners::partner(self.app.store(), institution).await.map_err(fault)?;
        if row.is_none() && !self.app.look::<Partner, _>(institution, Partner::was_opened).await? {
            return Err(no_feed(institution));
        }
        self.app.feed_head::<PartnerFeed>(institution).await
    }

    /// How far the feed is, in the enrolment stream and in itself.
    async fn reached(&self, institution: &str) -> Result<(u64, u64), Status> {
        self.written(institution).await?;
        self.app.feed_reached::<PartnerFeed>(institution).await.map_err(fault)
    }

    /// Waits until the feed has been told of a position.
    async fn told(&self, institution: &str, position: u64) -> Result<(), Status> {
        let until = Instant::now() + REACHED_WITHIN;
        loop {
            let (at, _) = self.app.feed_reached::<PartnerFeed>(institution).await.map_err(fault)?;
            if at >= position {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(status::late(format!("the feed was told of position {at}, not yet {position}; ask again")));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn tree(&self, institution: &str) -> Result<(u64, Tree), Status> {
        let (source, position) = self.reached(institution).await?;
        Ok((position, self.tree_at(institution, source).await?))
    }

    async fn tree_at(&self, institution: &str, source: u64) -> Result<Tree, Status> {
        partner_digest::tree(&self.app, institution, source).await.map_err(fault)
    }

    async fn status(&self, row: partners::PartnerRow) -> Result<FeedStatus, Status> {
        let id = &row.institution_id;
        let (source, written_position) = self.app.feed_reached::<PartnerFeed>(id).await.map_err(fault)?;
        let mut readers = self.app.feed_readers::<PartnerFeed>(id).await.map_err(fault)?;
        readers.extend(webhook_readers::readers(self.app.store(), id).await.map_err(fault)?);
        readers.sort();
        let reader = |(reader_id, acknowledged_position, at_ms): (String, u64, i64)| FeedReader {
            reader_id,
            acknowledged_position,
            acknowledged_at: Some(Timestamp { seconds: at_ms.div_euclid(1000), nanos: 0 }),
            lag: written_position.saturating_sub(acknowledged_position),
        };
        let readers = readers.into_iter().map(reader).collect();
        let source_lag = if row.is_open { self.app.store().journal().position().saturating_sub(source) } else { 0 };
        Ok(FeedStatus { institution_id: row.institution_id, open: row.is_open, written_position, source_lag, readers })
    }
}

fn institution(id: &str) -> Result<(), Status> {
    let mut fields = Fields::new();
    fields.id("institution_id", id);
    fields.done()
}

fn no_feed(institution: &str) -> Status {
    Status::not_found(format!("`{institution}` has no feed; open one with OpenFeed"))
}

/// Which events a subscriber wants.
struct Filter {
    types: Vec<String>,
}

/// What a filter looks at.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: &'a str,
}

impl Filter {
    fn read(it: &SubscribeRequest) -> Result<Self, Status> {
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.check("types", it.types.len() <= TYPES_MAX, "has more than 50 entries");
        let fits = |it: &String| KINDS.iter().any(|kind| matches(it, kind));
        fields.check("types", it.types.iter().all(fits), "has an entry that is no type of event; see the contract");
        fields.done()?;
        Ok(Self { types: it.types.clone() })
    }

    fn passes(&self, event: &Stored) -> bool {
        let kind = serde_json::from_slice::<Kind<'_>>(&event.bytes).map(|it| it.kind).unwrap_or_default();
        self.types.is_empty() || self.types.iter().any(|it| matches(it, kind))
    }
}

fn matches(asked: &str, kind: &str) -> bool {
    asked.strip_suffix('*').map_or(asked == kind, |it| kind.starts_with(it))
}

/// One subscriber's way through a feed. It holds one batch, and reads the next once the client has taken that one.
struct Subscription {
    follow: Follow,
    filter: Filter,
    /// Ends there.
    until: Option<u64>,
}

type Batch = Vec<Result<SubscribeResponse, Status>>;

impl Subscription {
    async fn next(this: Option<Self>) -> Option<(Batch, Option<Self>)> {
        let mut this = this?;
        if this.until.is_some_and(|it| this.follow.position() >= it) {
            return None;
        }
        let mut events = match this.read().await {
            Ok(it) => it,
            Err(e) => return Some((vec![Err(fault(e))], None)),
        };
        events.retain(|it| this.until.is_none_or(|until| it.position <= until));
        let last = events.last().map_or(0, |it| it.position);
        let mut batch: Batch = Vec::with_capacity(events.len());
        for it in events {
            let passes = this.filter.passes(&it);
            // News of the position is enough once for all that do not pass.
            if passes || it.position == last {
                let event = if passes { String::from_utf8_lossy(&it.bytes).into_owned() } else { String::new() };
                batch.push(Ok(SubscribeResponse { position: it.position, event }));
            }
        }
        Some((batch, Some(this)))
    }

    /// The next events, however long the log takes to answer, up to ten seconds.
    async fn read(&mut self) -> Result<Vec<Stored>, studium_kit::LogError> {
        let mut tries = 0;
        loop {
            match self.follow.next().await {
                Ok(events) => return Ok(events),
                Err(e) if tries >= TRIES_MAX => return Err(e),
                Err(_) => tries += 1,
            }
            sleep(PAUSE).await;
        }
    }
}

/// A partner's own tree.
struct Theirs {
    institution: String,
    branches: Vec<Vec<u8>>,
    leaves_of: Vec<u32>,
    leaves: HashMap<String, Vec<u8>>,
}

impl Theirs {
    fn read(it: DifferenceRequest) -> Result<Self, Status> {
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        let whole = it.branches.len() == BRANCHES && it.branches.iter().all(|it| it.len() == HASH_BYTES);
        fields.check("branches", whole, "is not 256 hashes of 32 bytes");
        let known = it.leaves_of.iter().all(|it| (*it as usize) < BRANCHES);
        fields.check("leaves_of", known, "has a number above 255");
        fields.check("leaves", it.leaves.len() <= LEAVES_MAX, "has more than 40,000 leaves; ask for fewer branches");
        let belongs = |id: &str| it.leaves_of.contains(&(partner_digest::branch_of(id) as u32));
        let ours = it.leaves.iter().all(|it| it.hash.len() == HASH_BYTES && belongs(&it.enrolment_id));
        fields.check("leaves", ours, "has a leaf of no branch in `leaves_of`, or a hash that is not 32 bytes");
        fields.done()?;
        let leaves = it.leaves.into_iter().map(|it| (it.enrolment_id, it.hash)).collect();
        Ok(Self { institution: it.institution_id, branches: it.branches, leaves_of: it.leaves_of, leaves })
    }

    /// Branches that differ and whose leaves were not sent.
    fn unknown<'a>(&'a self, ours: &Tree) -> impl Iterator<Item = u32> + use<'a> {
        let ours = ours.hashes();
        (0..).zip(&self.branches).zip(ours).filter_map(|((branch, theirs), ours)| {
            (theirs.as_slice() != ours && !self.leaves_of.contains(&branch)).then_some(branch)
        })
    }

    /// Of the branches whose leaves were sent: what is missing or differs, and what should not be there.
    fn differences(&self, ours: &Tree) -> (Vec<String>, Vec<String>) {
        let mut differ = Vec::new();
        let mut surplus: Vec<String> = self.leaves.keys().cloned().collect();
        for leaves in self.leaves_of.iter().filter_map(|it| ours.leaves(*it as usize)) {
            surplus.retain(|it| !leaves.contains_key(it));
            let differs = |(id, hash): &(&String, &partner_digest::Hash)| {
                self.leaves.get(*id).is_none_or(|theirs| theirs.as_slice() != hash.as_slice())
            };
            differ.extend(leaves.iter().filter(differs).map(|(id, _)| id.clone()));
        }
        surplus.sort();
        (differ, surplus)
    }
}
