//! The load of a drill: learners who do one thing after the other, each command with a request id and repeated until its
//! outcome is known.

use super::{
    acts::{Act, Learner},
    desk::Desk,
};
use anyhow::Result;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

/// Learners who act at the same time.
const WORKERS: u64 = 12;

/// How long an answer is waited for before the outcome counts as unknown, and the pause before it is asked again.
const ANSWER: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// How long a command is repeated once the load is told to end.
const LAST_PATIENCE: Duration = Duration::from_mins(1);

/// A command that was answered with success.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Whose stream it is in.
    pub service: &'static str,
    /// Its request id.
    pub request_id: String,
    /// Where the answer said that it is.
    pub position: u64,
    /// Whose life it is part of, and what it was: to be said again.
    pub act: (u64, Act),
}

/// What callers were told.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Commands that succeeded.
    pub acknowledged: Vec<Acknowledged>,
    /// Service and request id of commands whose outcome nobody knows: the load ended before there was an answer.
    pub unknown: Vec<(&'static str, String)>,
    /// Refusals by reason.
    pub refused: BTreeMap<String, u64>,
}

/// Figures of a load.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// Commands that succeeded.
    pub acknowledged: u64,
    /// How often a command was sent again because its outcome was unknown.
    pub repeated: u64,
    /// Commands that were sent again at least once and then succeeded.
    pub succeeded_when_repeated: u64,
    /// Refusals by reason.
    pub refused: BTreeMap<String, u64>,
    /// Commands without an answer at the end.
    pub unknown: u64,
    /// The longest that one command took until its outcome was known, milliseconds.
    pub longest_ms: u64,
    /// What unknown outcomes looked like.
    pub causes: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Ledger {
    told: Mutex<Told>,
    causes: Mutex<BTreeMap<String, u64>>,
    repeated: AtomicU64,
    succeeded_when_repeated: AtomicU64,
    longest_ms: AtomicU64,
    learners: AtomicU64,
    sent: AtomicU64,
    without_texts: AtomicBool,
}

impl Ledger {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A load that runs. Dropping it ends it at once.
pub struct Load {
    client: Client,
    workers: JoinSet<()>,
    open: watch::Sender<bool>,
}

#[derive(Clone)]
struct Client {
    desk: Desk,
    ledger: Arc<Ledger>,
    stop: CancellationToken,
    gate: watch::Receiver<bool>,
    /// When the load began, and the time between two commands of all learners.
    pace: (Instant, Duration),
}

impl Load {
    /// Begins with so many commands a second at most.
    pub fn begin(desk: &Desk, per_second: u32) -> Self {
        let (open, gate) = watch::channel(true);
        let pace = (Instant::now(), Duration::from_secs(1) / per_second.max(1));
        let client = Client { desk: desk.clone(), ledger: Arc::default(), stop: CancellationToken::new(), gate, pace };
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            let client = client.clone();
            workers.spawn(async move { client.live().await });
        }
        Self { client, workers, open }
    }

    /// Commands that succeeded so far.
    pub fn acknowledged(&self) -> u64 {
        self.client.ledger.told().acknowledged.len() as u64
    }

    /// Waits until so many more commands have succeeded.
    ///
    /// # Errors
    /// When none succeeds for a minute.
    pub async fn more(&self, many: u64) -> Result<()> {
        let wanted = self.acknowledged() + many;
        let (mut last, mut since) = (self.acknowledged(), Instant::now());
        while self.acknowledged() < wanted {
            let now = self.acknowledged();
            if now > last {
                (last, since) = (now, Instant::now());
            }
            anyhow::ensure!(since.elapsed() < LAST_PATIENCE, "no command has succeeded for {LAST_PATIENCE:?}");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Callers keep what they have to say to themselves until [`Load::resume`].
    pub fn pause(&self) {
        self.open.send_replace(false);
    }

    /// Callers go on.
    pub fn resume(&self) {
        self.open.send_replace(true);
    }

    /// From now on nobody says anything about themselves that is kept sealed.
    pub fn without_texts(&self) {
        self.client.ledger.without_texts.store(true, Ordering::Relaxed);
    }

    /// What was acknowledged beyond these positions is taken back, and said again with the same request ids.
    /// Says how many commands that were. They are said also while the load is paused.
    pub async fn repeat_beyond(&self, heads: &BTreeMap<String, u64>) -> u64 {
        let lost: Vec<_> = {
            let mut told = self.client.ledger.told();
            let is_there = |it: &Acknowledged| heads.get(it.service).is_some_and(|head| it.position <= *head);
            let (kept, lost) = told.acknowledged.drain(..).partition(is_there);
            told.acknowledged = kept;
            lost
        };
        // The gate is closed for those who live; nobody would open it for this one.
        let client = Client { gate: watch::channel(true).1, ..self.client.clone() };
        for it in &lost {
            let (learner, act) = it.act;
            client.say(learner, act).await;
        }
        lost.len() as u64
    }

    /// Ends when every command that was sent has an answer, and says what was told.
    pub async fn end(&mut self) -> (Told, Figures) {
        self.resume();
        self.client.stop.cancel();
        while self.workers.join_next().await.is_some() {}
        let ledger = &self.client.ledger;
        let told = ledger.told().clone();
        let figures = Figures {
            acknowledged: told.acknowledged.len() as u64,
            repeated: ledger.repeated.load(Ordering::Relaxed),
            succeeded_when_repeated: ledger.succeeded_when_repeated.load(Ordering::Relaxed),
            refused: told.refused.clone(),
            unknown: told.unknown.len() as u64,
            longest_ms: ledger.longest_ms.load(Ordering::Relaxed),
            causes: ledger.causes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        (told, figures)
    }
}

impl Client {
    /// One learner after the other.
    async fn live(&self) {
        while !self.stop.is_cancelled() {
            let learner = self.ledger.learners.fetch_add(1, Ordering::Relaxed);
            for act in Act::of(learner) {
                if act.is_personal() && self.ledger.without_texts.load(Ordering::Relaxed) {
                    continue;
                }
                let turn = self.ledger.sent.fetch_add(1, Ordering::Relaxed) as u32;
                let due = sleep_until(self.pace.0 + self.pace.1 * turn);
                if self.stop.run_until_cancelled(due).await.is_none() {
                    return;
                }
                self.say(learner, *act).await;
            }
        }
    }

    /// Says one thing until it is known what came of it.
    async fn say(&self, learner: u64, act: Act) {
        let (service, request_id) = (act.service(), act.request_id(learner));
        let started = Instant::now();
        let mut patience = None;
        for attempt in 0.. {
            let _ = self.gate.clone().wait_for(|it| *it).await;
            let by = Learner { number: learner, replica: learner + attempt };
            let asked = timeout(ANSWER, act.ask(&self.desk, by, &request_id)).await;
            let answer = asked.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
            match answer {
                Ok(position) => {
                    let it = Acknowledged { service, request_id, position, act: (learner, act) };
                    self.ledger.told().acknowledged.push(it);
                    self.ledger.succeeded_when_repeated.fetch_add(u64::from(attempt > 0), Ordering::Relaxed);
                    break;
                }
                Err(status) if is_refusal(&status) => {
                    let reason = crate::client::reason(&status).unwrap_or_default();
                    *self.ledger.told().refused.entry(format!("{act:?}: {:?} {reason}", status.code())).or_default() +=
                        1;
                    break;
                }
                Err(status) => self.note(&status),
            }
            if self.stop.is_cancelled() {
                let until = *patience.get_or_insert_with(|| Instant::now() + LAST_PATIENCE);
                if Instant::now() > until {
                    self.ledger.told().unknown.push((service, request_id));
                    break;
                }
            }
            sleep(PAUSE).await;
        }
        self.ledger.longest_ms.fetch_max(started.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Remembers why an outcome is unknown.
    fn note(&self, status: &Status) {
        self.ledger.repeated.fetch_add(1, Ordering::Relaxed);
        let text: String = status.message().chars().take(60).collect();
        let mut causes = self.ledger.causes.lock().unwrap_or_else(PoisonError::into_inner);
        *causes.entry(format!("{:?} {text}", status.code())).or_default() += 1;
    }
}

/// Whether a rule said no. Everything else leaves open what came of the command.
fn is_refusal(status: &Status) -> bool {
    let codes =
        [Code::InvalidArgument, Code::NotFound, Code::AlreadyExists, Code::PermissionDenied, Code::FailedPrecondition];
    codes.contains(&status.code())
}
