//! Feeds: what a service tells outsiders, a stream for each of them, derived from its own stream and from nothing else.
//! So a feed can be made anew, and every event comes to stand where it stood.

use crate::{App, policies::is_our_turn};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    time::Duration,
};
use studium_log::{Follow, LogError, Reading, Stored};
use studium_store::{Journal, StoreError};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

mod checkpoints;
mod lane;
mod lookup;

pub(crate) use checkpoints::prepare;
pub use lane::Notice;
use lane::{Lane, NotTold, Told};

/// Commits that are looked at together; what they lead to is looked up for so many at the same time.
const AT_ONCE: usize = 64;

/// How often it is asked which feeds there are, and how far they are is kept although nothing was told.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The pause before feeds that lost the log or the store go on.
const PAUSE: Duration = Duration::from_millis(500);

/// Events for outsiders.
///
/// What is told about a commit may depend on the journal up to that commit and on nothing else: not on the time, not on
/// what views hold by now, not on when the feed was opened.
pub trait Feed: Send + Sync + 'static {
    /// Stable name; the stream of each feed is `<name>_<id>`.
    const NAME: &'static str;
    /// Names of the views that have to have seen a commit before it is told.
    const VIEWS: &'static [&'static str];
    /// The sorts of subjects that [`Notice::sort`] may name: the broker takes no others.
    const SORTS: &'static [&'static str];

    /// Ids of the feeds that there are at present.
    fn open(app: &App) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// What these feeds are told about a commit, in order.
    fn tell(
        app: &App,
        feeds: &[String],
        commit: &Stored,
    ) -> impl Future<Output = Result<Vec<Notice>, StoreError>> + Send;
}

/// The stream of a feed.
pub fn stream_of(name: &str, id: &str) -> String {
    format!("{name}_{id}")
}

impl App {
    /// Follows a feed after a position: what is there, then what comes.
    pub fn feed<F: Feed>(&self, id: &str, after: u64) -> Follow {
        self.log().follow(&stream_of(F::NAME, id), after).among_many()
    }

    /// Position of the last event of a feed; 0 = none yet.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn feed_head<F: Feed>(&self, id: &str) -> Result<u64, tonic::Status> {
        self.log().head(&stream_of(F::NAME, id)).await.map_err(crate::fault)
    }

    /// Keeps how far a reader of a feed says that it is.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn feed_acknowledge<F: Feed>(&self, id: &str, reader: &str, position: u64) -> Result<(), StoreError> {
        checkpoints::acknowledge(self.store(), &stream_of(F::NAME, id), reader, position).await
    }

    /// Readers of a feed by name: position, and when they said it (Unix milliseconds).
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn feed_readers<F: Feed>(&self, id: &str) -> Result<Vec<(String, u64, i64)>, StoreError> {
        checkpoints::readers(self.store(), &stream_of(F::NAME, id)).await
    }

    /// How far a feed is: position of the service's stream that it has been told of, and its own position then.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn feed_reached<F: Feed>(&self, id: &str) -> Result<(u64, u64), StoreError> {
        checkpoints::of(self.store(), &stream_of(F::NAME, id)).await
    }
}

/// Tells feeds, while this process is the one that folds the service's views, until it is told to stop.
pub(crate) async fn run<F: Feed>(app: App, mut active: watch::Receiver<bool>, stop: CancellationToken) {
    while is_our_turn(&mut active, &stop).await {
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            _ = active.wait_for(|it| !*it) => continue,
            outcome = Teller::<F>::new(app.clone()).work() => outcome,
        };
        if let Err(why) = outcome {
            tracing::warn!(feed = F::NAME, why, "feeds stopped; they go on from their checkpoints");
        }
        stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
    }
}

/// Feeds that are equally far, with one reader.
struct Group {
    /// Position of the service's stream that they were told of.
    at: u64,
    next: Reading,
    lanes: BTreeMap<String, Lane>,
    /// What was read and is not told yet.
    read: Vec<Stored>,
}

impl Group {
    fn take(&mut self, (follow, read): (Follow, Result<Vec<Stored>, LogError>)) -> Result<(), String> {
        self.next = follow.reading();
        self.read = read.map_err(|e| e.to_string())?;
        Ok(())
    }
}

struct Teller<F> {
    app: App,
    /// By position: first those that are furthest behind.
    groups: Vec<Group>,
    /// Feeds that say something else than the log: they are left as they are, and hold up nobody.
    damaged: BTreeSet<String>,
    looked: Option<Instant>,
    feed: std::marker::PhantomData<F>,
}

impl<F: Feed> Teller<F> {
    fn new(app: App) -> Self {
        let (groups, damaged, looked) = Default::default();
        Self { app, groups, damaged, looked, feed: std::marker::PhantomData }
    }

    async fn work(mut self) -> Result<(), String> {
        loop {
            if self.looked.is_none_or(|it| it.elapsed() >= LOOK_EVERY) {
                self.look().await.map_err(|e| e.to_string())?;
                self.looked = Some(Instant::now());
            }
            self.turn().await?;
            self.join();
        }
    }

    /// Takes in the feeds that are new, and leaves those that are no more.
    async fn look(&mut self) -> Result<(), StoreError> {
        let open = F::open(&self.app).await?;
        for group in &mut self.groups {
            group.lanes.retain(|it, _| open.contains(it));
        }
        self.groups.retain(|it| !it.lanes.is_empty());
        for id in open {
            if self.damaged.contains(&id) || self.groups.iter().any(|it| it.lanes.contains_key(&id)) {
                continue;
            }
            let (at, lane) = Lane::open(&self.app, &stream_of(F::NAME, &id)).await?;
            let next = self.app.log().follow(self.app.service(), at).reading();
            self.groups.push(Group { at, next, lanes: BTreeMap::from([(id, lane)]), read: Vec::new() });
        }
        self.join();
        Ok(())
    }

    /// Every group tells one batch of what is there. Only if all are at the end of the stream it is waited for more,
    /// so that a feed that begins at the beginning holds the others up by one batch and no longer.
    async fn turn(&mut self) -> Result<(), String> {
        let mut told = false;
        let ends: Vec<_> = self.groups.iter().skip(1).map(|it| Some(it.at)).chain([None]).collect();
        for (group, end) in self.groups.iter_mut().zip(ends) {
            if group.read.is_empty() {
                match (&mut group.next).now_or_never() {
                    Some(done) => group.take(done)?,
                    None => continue,
                }
            }
            told |= tell::<F>(&self.app, group, end, &mut self.damaged).await?;
        }
        if told {
            return Ok(());
        }
        for group in &mut self.groups {
            keep(&self.app, group, Lane::has_moved).await?;
        }
        let mut waiting: Vec<_> = self.groups.iter_mut().filter(|it| it.read.is_empty()).collect();
        if waiting.is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
            return Ok(());
        }
        // Looks up again now and then: there may be a new feed.
        let next = futures::future::select_all(waiting.iter_mut().map(|it| &mut it.next));
        match tokio::time::timeout(LOOK_EVERY, next).await.ok().map(|(done, index, _)| (done, index)) {
            Some((done, index)) => waiting[index].take(done),
            None => Ok(()),
        }
    }

    /// Groups that are equally far become one.
    fn join(&mut self) {
        self.groups.sort_by_key(|it| it.at);
        let mut groups: Vec<Group> = Vec::with_capacity(self.groups.len());
        for mut group in self.groups.drain(..) {
            match groups.last_mut() {
                Some(last) if last.at == group.at => last.lanes.append(&mut group.lanes),
                _ => groups.push(group),
            }
        }
        self.groups = groups;
    }
}

/// Tells a group's feeds what was read, up to where the next group stands. Says whether there was anything to look at.
async fn tell<F: Feed>(
    app: &App,
    group: &mut Group,
    end: Option<u64>,
    damaged: &mut BTreeSet<String>,
) -> Result<bool, String> {
    let until = group.read.partition_point(|it| end.is_none_or(|end| it.position <= end));
    let commits: Vec<Stored> = group.read.drain(..until).collect();
    let Some(last) = commits.last().map(|it| it.position) else { return Ok(false) };
    for view in F::VIEWS.iter().chain(&[Journal::NAME]) {
        app.seen_by(view, app.service(), last).await.map_err(|e| e.to_string())?;
    }
    let feeds: Vec<String> = group.lanes.keys().cloned().collect();
    let notices: Vec<_> = commits.iter().map(|commit| F::tell(app, &feeds, commit)).collect();
    let notices: Vec<Vec<Notice>> =
        stream::iter(notices).buffered(AT_ONCE).try_collect().await.map_err(|e| e.to_string())?;
    let mut by_feed: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for (commit, notices) in commits.iter().zip(notices) {
        for notice in notices {
            by_feed.entry(notice.feed.clone()).or_default().push(notice.of(commit));
        }
    }
    let lanes: Vec<_> = group.lanes.iter_mut().collect();
    let told: Vec<_> = lanes
        .into_iter()
        .map(|(id, lane)| tell_one(id.clone(), lane, app, last, by_feed.remove(id).unwrap_or_default()))
        .collect();
    let refused: Vec<String> = stream::iter(told)
        .buffer_unordered(AT_ONCE)
        .try_filter_map(|it| std::future::ready(Ok(it)))
        .try_collect()
        .await?;
    group.lanes.retain(|id, _| !refused.contains(id));
    damaged.extend(refused);
    group.at = last;
    keep(app, group, Lane::is_to_be_kept).await?;
    Ok(true)
}

/// Tells one feed; its id comes back if it says something else than the log.
async fn tell_one(
    id: String,
    lane: &mut Lane,
    app: &App,
    source: u64,
    told: Vec<Told>,
) -> Result<Option<String>, String> {
    match lane.tell(app, source, told).await {
        Ok(()) => Ok(None),
        Err(NotTold::Damaged(why)) => {
            tracing::error!(
                feed = id,
                why,
                "a feed is told nothing more; remove its stream in the broker and start the service again, and it is made anew"
            );
            Ok(Some(id))
        }
        Err(NotTold::Failed(why)) => Err(why),
    }
}

/// Keeps how far those feeds are that it matters for.
async fn keep(app: &App, group: &mut Group, which: fn(&Lane) -> bool) -> Result<(), String> {
    let mut lanes: Vec<_> = group.lanes.values_mut().filter(|it| which(it)).collect();
    checkpoints::keep(app.store(), &lanes).await.map_err(|e| e.to_string())?;
    for lane in &mut lanes {
        lane.kept();
    }
    Ok(())
}
