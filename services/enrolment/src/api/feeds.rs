//! Partners' feeds over gRPC: open, read, acknowledge, compare.

use super::{Api, TEXT_MAX};
use crate::{
    concerns::Concerns,
    enrolments::Enrolments,
    event_types,
    learners::Learners,
    partner::{Command, Partner},
    partner_digest::{self, BRANCHES, Tree},
    partner_feed::PartnerFeed,
    partner_record::{self, RECORDS_MAX, Seen},
    partners::{self, Partners},
    webhook_readers,
};
use futures::{StreamExt as _, stream::BoxStream};
use serde_json::json;
use std::{collections::HashMap, time::Duration};
use studium_kit::{Call, DAY_MS, Fields, Follow, Stored, done, fault, pause, status};
use studium_proto::Timestamp;
use studium_proto::enrolment::v1::Reason;
use studium_proto::partner::v1::{
    AcknowledgeRequest, AcknowledgeResponse, CloseFeedRequest, CloseFeedResponse, DifferenceRequest,
    DifferenceResponse, FeedReader, FeedStatus, GetDigestRequest, GetDigestResponse, GetFeedRequest, GetFeedResponse,
    GetRecordsRequest, GetRecordsResponse, ListFeedsRequest, ListFeedsResponse, OpenFeedRequest, OpenFeedResponse,
    SubscribeRequest, SubscribeResponse, difference_response::Difference,
    partner_feed_service_server::PartnerFeedService,
};
use tonic::{Request, Response, Status};

/// How long ago a feed may be said to have been opened.
const OPENED_AGO_MAX_MS: i64 = 7 * DAY_MS;

/// Leaves in one call.
const LEAVES_MAX: usize = 40_000;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

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
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        // Each day since then ends with a digest of its own.
        let is_recent = it.at_ms == 0 || it.at_ms >= call.now_ms() - OPENED_AGO_MAX_MS;
        fields.check("at_ms", is_recent, "lies more than 7 days back");
        fields.done()?;
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
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        event_types::check(&mut fields, &it.types);
        fields.done()?;
        let head = self.written_after(&it.institution_id, it.after_position).await?;
        let follow = self.app.feed::<PartnerFeed>(&it.institution_id, it.after_position);
        let until = it.only_history.then_some(head);
        let subscription = Subscription { follow, types: it.types, until };
        let batches = futures::stream::unfold(Some(subscription), Subscription::next);
        Ok(Response::new(batches.map(futures::stream::iter).flatten().boxed()))
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Result<Response<AcknowledgeResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.id("reader_id", &it.reader_id);
        fields.done()?;
        let written_position = self.written_after(&it.institution_id, it.position).await?;
        let kept = self.app.feed_acknowledge::<PartnerFeed>(&it.institution_id, &it.reader_id, it.position).await;
        kept.map_err(fault)?;
        Ok(Response::new(AcknowledgeResponse { written_position }))
    }

    async fn get_feed(&self, request: Request<GetFeedRequest>) -> Result<Response<GetFeedResponse>, Status> {
        let (call, it) = Call::open(request)?;
        institution(&it.institution_id)?;
        self.app.reached::<Partners>(it.min_position).await?;
        let row = partners::partner(self.app.store(), &it.institution_id).await.map_err(fault)?;
        let row = row.ok_or_else(|| no_feed(&it.institution_id))?;
        if row.is_open {
            self.app.feed_reaches::<PartnerFeed>(&it.institution_id, it.min_position, 0).await?;
        }
        let mut feed = self.status(row).await?;
        if !call.caller.acts_for_all() && feed.source_lag > 0 {
            // How much others do is none of a partner's business; that it is not told of everything yet is.
            feed.source_lag = 1;
        }
        Ok(Response::new(GetFeedResponse { feed: Some(feed) }))
    }

    async fn list_feeds(&self, request: Request<ListFeedsRequest>) -> Result<Response<ListFeedsResponse>, Status> {
        Call::open(request)?;
        let mut feeds = Vec::new();
        for row in partners::all(self.app.store()).await.map_err(fault)? {
            feeds.push(self.status(row).await?);
        }
        Ok(Response::new(ListFeedsResponse { feeds }))
    }

    async fn get_records(&self, request: Request<GetRecordsRequest>) -> Result<Response<GetRecordsResponse>, Status> {
        let (_, mut it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.check("enrolment_ids", it.enrolment_ids.len() <= RECORDS_MAX, "names more than 200 enrolments");
        for id in &it.enrolment_ids {
            fields.joined_id("enrolment_ids", id);
        }
        fields.done()?;
        self.written(&it.institution_id).await?;
        self.app.reached::<Learners>(it.min_position).await?;
        it.enrolment_ids.sort_unstable();
        it.enrolment_ids.dedup();
        // Not as of the feed's end, but as of now: what was just taken back is not shown any more.
        let now = self.app.store().journal().position();
        let seen = partner_record::seen(&self.app, &it.institution_id, &it.enrolment_ids, now).await.map_err(fault)?;
        Ok(Response::new(GetRecordsResponse { records: seen.into_iter().map(Seen::looked_up).collect() }))
    }

    async fn get_digest(&self, request: Request<GetDigestRequest>) -> Result<Response<GetDigestResponse>, Status> {
        let (_, it) = Call::open(request)?;
        institution(&it.institution_id)?;
        let (source, position) = self.reached_after(&it.institution_id, 0).await?;
        let tree = self.tree_at(&it.institution_id, source, &[]).await?;
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
        let said = it.position;
        let theirs = Theirs::read(it)?;
        // A copy that says to be further than the feed ever was holds what was never told: that is a difference, too.
        let head = self.written(&theirs.institution).await?;
        let (_, known) = self.app.feed_reached::<PartnerFeed>(&theirs.institution).await.map_err(fault)?;
        let at_least = said.min(head.max(known));
        let (source, position) = self.reached_after(&theirs.institution, at_least).await?;
        let ours = self.tree_at(&theirs.institution, source, &theirs.leaves_of).await?;
        let answer = move |it| Ok(DifferenceResponse { position, difference: Some(it) });
        let (differ, surplus) = theirs.differences(&ours);
        let named = theirs.unknown(&ours).into_iter().map(Difference::Branch);
        let named: Vec<_> = named.chain(surplus.into_iter().map(Difference::SurplusEnrolmentId)).map(answer).collect();
        let chunks: Vec<Vec<String>> = differ.chunks(BRANCHES).map(<[String]>::to_vec).collect();
        let (app, institution) = (self.app.clone(), theirs.institution);
        // Records are looked up as the client takes them.
        let records = futures::stream::iter(chunks).then(move |ids| {
            let (app, institution) = (app.clone(), institution.clone());
            async move {
                let records = partner_digest::records(&app, &institution, &ids, source).await;
                let records = match records {
                    Ok(it) => it.iter().map(|it| Ok(partner_digest::json(it).to_string())).collect(),
                    Err(e) => vec![Err(fault(e))],
                };
                let answer = |it: Result<String, Status>| answer(Difference::Record(it?));
                futures::stream::iter(records.into_iter().map(answer).collect::<Vec<_>>())
            }
        });
        Ok(Response::new(futures::stream::iter(named).chain(records.flatten()).boxed()))
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

    /// The same, for somebody who has taken in everything up to a position of it.
    async fn written_after(&self, institution: &str, position: u64) -> Result<u64, Status> {
        let head = self.written(institution).await?;
        if position <= head {
            return Ok(head);
        }
        let (_, known) = self.app.feed_reached::<PartnerFeed>(institution).await.map_err(fault)?;
        if position <= known {
            return Err(status::late(format!("the feed is made anew and has come to {head}; ask again")));
        }
        let why = format!("the feed ends at {head}: nothing can have been taken in after it");
        Err(status::no(Reason::PartnerFeedBeyondEnd, why, institution))
    }

    /// How far the feed is, in the enrolment stream and in itself, once it is as far as a copy is.
    async fn reached_after(&self, institution: &str, position: u64) -> Result<(u64, u64), Status> {
        self.written_after(institution, position).await?;
        self.app.feed_reaches::<PartnerFeed>(institution, 0, position).await
    }

    async fn tree_at(&self, institution: &str, source: u64, only: &[u32]) -> Result<Tree, Status> {
        self.app.reached::<Enrolments>(source).await?;
        self.app.reached::<Learners>(source).await?;
        self.app.reached::<Concerns>(source).await?;
        partner_digest::tree(&self.app, institution, source, only).await.map_err(fault)
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
    let why = format!("`{institution}` has no feed; open one with OpenFeed");
    status::no(Reason::PartnerFeedNotFound, why, institution)
}

/// One subscriber's way through a feed. It holds one batch, and reads the next once the client has taken that one.
struct Subscription {
    follow: Follow,
    types: Vec<String>,
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
            let passes = event_types::wants(&this.types, &it).unwrap_or_default();
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
            pause(PAUSE).await;
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

    /// Branches that differ; none if leaves were sent, for then only their branches were looked at.
    fn unknown(&self, ours: &Tree) -> Vec<u32> {
        if !self.leaves_of.is_empty() {
            return Vec::new();
        }
        let pairs = (0..).zip(self.branches.iter().zip(ours.hashes()));
        pairs.filter(|(_, (theirs, ours))| theirs.as_slice() != ours).map(|(branch, _)| branch).collect()
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
