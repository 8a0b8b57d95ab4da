//! A group: the journal and the views of one stream that are in step, fed by one follower.

use crate::{
    StoreError,
    apply::{Batch, Halt, Run},
    checkpoint, journal,
    member::Member,
    projector::Runner,
};
use futures::FutureExt as _;
use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use studium_log::{Follow, LogError, Stored};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Commits in one batch, at most: what gathers while the last one is written.
const BATCH_MAX: usize = 1000;

/// Commits in one transaction, at most. While there are more, one that is long under way goes on: every page that
/// it changes is then written once.
const RUN_MAX: u64 = 16_000;

/// How long a transaction may go on.
const RUN_TIME: Duration = Duration::from_millis(500);

/// From the begin of one transaction to that of the next while commits keep coming, at least: a transaction costs
/// much the same whatever is in it.
const PACE: Duration = Duration::from_millis(10);

/// So many commits within the pace mean that more keep coming.
const BUSY: u64 = 4;

/// The same while more than so many commits come in a millisecond: then what matters is that all get through. Who has
/// a whole batch to write is behind, and does not rest for that.
const LONG_PACE: Duration = Duration::from_millis(30);
const MANY: u128 = 2;

/// How long it may take until it is kept that commits were seen of which nothing is in any view. A runner that takes
/// over before sees them again, and finds nothing again.
const KEEP_WITHIN: Duration = Duration::from_millis(100);

/// A view this near to its group is taken in; the group reads the rest for it.
const NEAR: u64 = 1000;

/// Pauses between attempts while the log or the database does not answer.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Folds one stream until it is told to stop.
pub(crate) async fn run(runner: Arc<Runner>, stream: String, stop: CancellationToken) {
    let mut pause = PAUSE_MIN;
    while !stop.is_cancelled() {
        match fold(&runner, &stream, &stop).await {
            Ok(()) => pause = PAUSE_MIN,
            Err(Halt::Fenced) => tracing::info!(stream, "another runner was faster; reading the checkpoints again"),
            Err(Halt::Stale) => {
                tracing::debug!(stream, "keys were destroyed meanwhile; reading again what was opened before");
                continue;
            }
            Err(Halt::Broken(member, why)) => {
                tracing::error!(view = member.name, stream, why, "the view stands still; the others go on");
                // When this fails the view breaks again, and it is tried again.
                let _ = checkpoint::set_fault(&runner.store, &member.name, &why).await;
                continue;
            }
            Err(Halt::Fault(e)) => {
                tracing::warn!(stream, error = %e, "views cannot be folded just now; trying again");
                runner.store.trouble(&stream, Some(e.to_string()));
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// When the next transaction may begin.
struct Pace {
    not_before: Instant,
    /// When the last one began.
    last: Instant,
    /// Since when commits are counted, and from which position.
    since: Instant,
    from: u64,
}

impl Pace {
    fn new(at: u64) -> Self {
        let now = Instant::now();
        Self { not_before: now, last: now, since: now, from: at }
    }

    /// Takes note of a transaction that began at a time and led from one position to another.
    fn wrote(&mut self, began: Instant, from: u64, to: u64) {
        if began.duration_since(self.since) > PACE {
            (self.since, self.from) = (began, from);
        }
        let gathering = began.duration_since(self.last).max(PACE);
        self.last = began;
        let (commits, is_behind) = (u128::from(to - from), to - from >= BATCH_MAX as u64);
        if commits > MANY * gathering.as_millis() && !is_behind {
            self.not_before = began + LONG_PACE;
        } else if to - self.from >= BUSY {
            self.not_before = began + PACE;
        }
    }
}

/// Commits that were seen and of which nothing is in any view, since the last transaction: the last of them, and when
/// that is to be kept.
#[derive(Default)]
struct Passed(Option<(Stored, Instant)>);

impl Passed {
    /// Passes over a batch; whoever waits for it sees all that there is.
    fn over(&mut self, runner: &Runner, stream: &str, members: &[Arc<Member>], batch: Batch) -> Option<u64> {
        let last = batch.commits.into_iter().next_back()?;
        let at = last.position;
        let due = self.0.take().map_or_else(|| Instant::now() + KEEP_WITHIN, |(_, due)| due);
        self.0 = Some((last, due));
        for it in members {
            runner.store.announce(&it.name, stream, at);
        }
        Some(at)
    }

    /// Waits until it is to be kept; for ever if there is nothing.
    async fn due(&self) {
        match &self.0 {
            Some((_, due)) => sleep_until(*due).await,
            None => std::future::pending().await,
        }
    }

    /// Moves the checkpoints over it.
    async fn keep(&mut self, runner: &Runner, stream: &str, members: &[Arc<Member>]) -> Result<(), Halt> {
        let Some((last, _)) = self.0.take() else { return Ok(()) };
        let mut run = Run::begin(runner, stream, members).await?;
        run.pass(last);
        finish(run, runner, stream).await
    }
}

/// Writes what a transaction has. Only that shows that the database takes it, so nothing else ends a trouble.
async fn finish(mut run: Run<'_>, runner: &Runner, stream: &str) -> Result<(), Halt> {
    run.mark().await?;
    run.commit().await?;
    runner.store.trouble(stream, None);
    Ok(())
}

/// What the reader folds ahead for.
type Ahead = Arc<RwLock<Vec<Arc<Member>>>>;

async fn fold(runner: &Arc<Runner>, stream: &str, stop: &CancellationToken) -> Result<(), Halt> {
    let mut restarts = runner.restarts.subscribe();
    let (mut members, behind, mut at) = muster(runner, stream).await?;
    let goal = Arc::new(AtomicU64::new(at));
    let mut late = JoinSet::new();
    for member in behind {
        let (runner, stream, goal) = (Arc::clone(runner), stream.to_owned(), Arc::clone(&goal));
        late.spawn(async move {
            fold_until(&runner, &member, &stream, |at| at + NEAR >= goal.load(Ordering::Acquire)).await?;
            Ok::<_, Halt>(member)
        });
    }
    let ahead: Ahead = Arc::new(RwLock::new(members.clone()));
    let (sender, mut batches) = mpsc::channel(1);
    let follow = runner.log.follow(stream, at);
    let (mut pace, mut passed) = (Pace::new(at), Passed::default());
    let _reader = AbortOnDropHandle::new(tokio::spawn(read(follow, stream.to_owned(), Arc::clone(&ahead), sender)));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return passed.keep(runner, stream, &members).await,
            _ = restarts.changed() => return Ok(()),
            Some(done) = late.join_next(), if !late.is_empty() => {
                let member = done.map_err(|e| StoreError::Query(e.to_string()))??;
                fold_until(runner, &member, stream, |it| it >= at).await?;
                members.push(member);
                members.sort_unstable_by_key(|it| it.order);
                ahead.write().unwrap_or_else(PoisonError::into_inner).clone_from(&members);
            }
            () = passed.due() => passed.keep(runner, stream, &members).await?,
            batch = async { sleep_until(pace.not_before).await; batches.recv().await } => {
                let Some(batch) = batch else { return Ok(()) };
                // What was opened before a key was destroyed is read again, whatever it is.
                let is_stale = runner.log.keys().generation() != batch.generation;
                if !is_stale && batch.is_nothing_to(&members) {
                    at = passed.over(runner, stream, &members, batch).unwrap_or(at);
                } else {
                    let (from, began) = (at, Instant::now());
                    at = write(runner, stream, &members, batch, &mut batches).await?;
                    pace.wrote(began, from, at);
                    passed = Passed::default();
                }
                goal.store(at, Ordering::Release);
            }
        }
    }
}

/// Writes a batch, and those that are ready behind it, in one transaction. Returns the position reached.
async fn write(
    runner: &Runner,
    stream: &str,
    members: &[Arc<Member>],
    first: Batch,
    batches: &mut mpsc::Receiver<Batch>,
) -> Result<u64, Halt> {
    let since = Instant::now();
    let from = first.commits.first().map_or(0, |it| it.position);
    let mut run = Run::begin(runner, stream, members).await?;
    let mut next = Some(first);
    let mut at = from;
    while let Some(batch) = next {
        at = batch.commits.last().map_or(at, |it| it.position);
        run.take(batch).await?;
        let may_go_on = at - from < RUN_MAX && since.elapsed() < RUN_TIME;
        next = if may_go_on { batches.try_recv().ok() } else { None };
    }
    finish(run, runner, stream).await?;
    Ok(at)
}

/// Who is in step, who is behind, and where the group stands.
async fn muster(runner: &Runner, stream: &str) -> Result<(Vec<Arc<Member>>, Vec<Arc<Member>>, u64), Halt> {
    let mut members = Vec::new();
    for member in runner.members.iter().filter(|it| it.listens_to(stream)) {
        member.load(&runner.store).await?;
        let state = member.state.lock().await;
        if state.fault.is_empty() {
            members.push((state.position(stream), Arc::clone(member)));
        }
    }
    // The journal sets the pace of the service's own stream, whoever is ahead of the group of any other.
    let journal = members.iter().find(|(_, it)| it.name == journal::NAME).map(|(position, _)| *position);
    let at = journal.or_else(|| members.iter().map(|(position, _)| *position).max()).unwrap_or(0);
    let (in_step, behind): (Vec<_>, Vec<_>) = members.into_iter().partition(|(position, _)| *position >= at);
    let members = |it: Vec<(u64, Arc<Member>)>| it.into_iter().map(|(_, member)| member).collect();
    Ok((members(in_step), members(behind), at))
}

/// Folds a stream for one member alone, until it is far enough.
pub(crate) async fn fold_until(
    runner: &Runner,
    member: &Arc<Member>,
    stream: &str,
    mut is_enough: impl FnMut(u64) -> bool + Send,
) -> Result<(), Halt> {
    let mut at = member.position(stream).await;
    let mut follow = runner.log.follow(stream, at);
    while !is_enough(at) {
        let mut commits = next(&mut follow, stream).await;
        let generation = follow.generation();
        while commits.len() < BATCH_MAX {
            // What is there already goes into the same transaction.
            let Some(Ok(mut more)) = follow.next().now_or_never() else { break };
            commits.append(&mut more);
        }
        let mut run = Run::begin(runner, stream, std::slice::from_ref(member)).await?;
        match run.take(Batch { commits, folded: Vec::new(), generation }).await {
            Err(Halt::Stale) => {
                follow = runner.log.follow(stream, at);
                continue;
            }
            taken => taken?,
        }
        run.commit().await?;
        at = member.position(stream).await;
    }
    Ok(())
}

/// The next commits, however long the log takes to answer.
async fn next(follow: &mut Follow, stream: &str) -> Vec<Stored> {
    let mut pause = PAUSE_MIN;
    loop {
        match follow.next().await {
            Ok(commits) => return commits,
            Err(e @ (LogError::Damaged(_) | LogError::Setup(_))) => {
                tracing::warn!(stream, error = %e, "the stream cannot be read; trying again");
            }
            Err(e) => tracing::debug!(stream, error = %e, "the stream cannot be read just now; trying again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Reads ahead of the writer and folds already; while the writer is busy, batches grow.
async fn read(mut follow: Follow, stream: String, ahead: Ahead, batches: mpsc::Sender<Batch>) {
    loop {
        let mut commits = next(&mut follow, &stream).await;
        let generation = follow.generation();
        let permit = loop {
            tokio::select! {
                biased;
                permit = batches.reserve() => break permit,
                more = follow.next(), if commits.len() < BATCH_MAX => match more {
                    Ok(mut more) => commits.append(&mut more),
                    // What is here already goes first; the next turn meets the error again.
                    Err(_) => break batches.reserve().await,
                },
            }
        };
        let Ok(permit) = permit else { return };
        let members = ahead.read().unwrap_or_else(PoisonError::into_inner).clone();
        // A fold that fails here fails again in the writer's hands, where somebody is told.
        let folded =
            members.iter().filter_map(|it| Some((it.name.clone(), it.fold.fold(&stream, &commits).ok()?))).collect();
        permit.send(Batch { commits, folded, generation });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a pace lets be written: after so many milliseconds, so many commits; gives how long it then has to rest.
    fn rests<const N: usize>(written: [(u64, u64); N]) -> [u64; N] {
        let start = Instant::now();
        let (mut pace, mut at) = (Pace::new(0), 0);
        written.map(|(after, commits)| {
            let began = start + Duration::from_millis(after);
            pace.wrote(began, at, at + commits);
            at += commits;
            pace.not_before.saturating_duration_since(began).as_millis() as u64
        })
    }

    #[test]
    fn who_writes_one_by_one_but_fast_keeps_the_pace_too() {
        let rests = rests([(1, 1), (2, 1), (3, 1), (4, 1), (14, 4), (32, 1), (36, 1), (40, 1), (44, 1), (48, 1)]);
        // The fourth within ten milliseconds, what gathered meanwhile; one every four milliseconds is written at once.
        assert_eq!(rests, [0, 0, 0, 10, 10, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn while_very_many_come_transactions_are_fewer() {
        // 1,000 a second, also after a pause in which they gathered; then 3,000 a second, and 1,000 again.
        let rests = rests([(10, 10), (20, 10), (120, 100), (130, 30), (160, 90), (190, 30), (200, 10)]);
        assert_eq!(rests, [10, 10, 10, 30, 30, 10, 10]);
    }

    #[test]
    fn who_is_behind_does_not_rest_as_those_do_who_are_not() {
        assert_eq!(rests([(10, 1000), (25, 5000), (40, 999), (70, 90)]), [10, 10, 30, 30]);
    }
}
