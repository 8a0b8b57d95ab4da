//! What decisions are tried with: a room with three places, and processes that decide for it.

use futures::future::BoxFuture;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use studium_core::{Decider, Decision, DecodeError, Event, Kind, Reason};
use studium_log::{Aggregates, DecideError, Decided, Deciding, History, Log, LogError, Meta, Stored};

/// A room with three places.
#[derive(Default, Clone)]
pub struct Room {
    pub taken: Vec<String>,
}

#[derive(Clone, Debug)]
pub enum Command {
    Take(&'static str),
    Leave(&'static str),
    /// Is always written down, also twice.
    Say(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    Taken(String),
    Left(String),
    Said(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    RoomFull,
}

impl Reason for No {
    const DOMAIN: &'static str = "test";
    fn name(self) -> &'static str {
        "ROOM_FULL"
    }
    fn kind(self) -> Kind {
        Kind::FailedPrecondition
    }
}

impl Event for Happened {
    const AGGREGATE: &'static str = "test.room";
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Taken(who) => format!("+{who}").into_bytes(),
            Self::Left(who) => format!("-{who}").into_bytes(),
            Self::Said(what) => format!("!{what}").into_bytes(),
        }
    }
    fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
        let text = std::str::from_utf8(bytes).map_err(|e| DecodeError(e.to_string()))?;
        Ok(match text.split_at_checked(1) {
            Some(("+", who)) => Some(Self::Taken(who.to_owned())),
            Some(("-", who)) => Some(Self::Left(who.to_owned())),
            Some(("!", what)) => Some(Self::Said(what.to_owned())),
            _ => None,
        })
    }
    fn name(&self) -> &'static str {
        "Happened"
    }
}

impl Decider for Room {
    type Command = Command;
    type Event = Happened;
    type Reason = No;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Take(who) if self.taken.iter().any(|it| it == who) => Ok(vec![]),
            Command::Take(_) if self.taken.len() == 3 => No::RoomFull.because("three places, three people"),
            Command::Take(who) => Ok(vec![Happened::Taken((*who).to_owned())]),
            Command::Leave(who) if self.taken.iter().any(|it| it == who) => Ok(vec![Happened::Left((*who).to_owned())]),
            Command::Leave(_) => Ok(vec![]),
            Command::Say(what) => Ok(vec![Happened::Said(what.clone())]),
        }
    }

    fn evolve(&mut self, event: &Happened) {
        match event {
            Happened::Taken(who) => self.taken.push(who.clone()),
            Happened::Left(who) => self.taken.retain(|it| it != who),
            Happened::Said(_) => {}
        }
    }
}

/// A journal that has seen what the test lets it see.
#[derive(Default)]
pub struct Journal {
    commits: Mutex<Vec<Stored>>,
    loads: AtomicUsize,
}

impl Journal {
    pub async fn catch_up(&self, log: &Log) {
        for position in self.position() + 1..=log.head("test").await.unwrap() {
            let stored = log.read("test", position).await.unwrap().unwrap();
            self.commits.lock().unwrap().push(stored);
        }
    }

    /// How often it was asked for an aggregate: each time a state was not in memory.
    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::Relaxed)
    }
}

impl History for Journal {
    fn commits<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<Stored>, LogError>> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        let found = self.commits.lock().unwrap().iter().filter(|it| it.commit.subject == subject).cloned().collect();
        Box::pin(async move { Ok(found) })
    }
    fn position(&self) -> u64 {
        self.commits.lock().unwrap().len() as u64
    }
    fn by_id<'a>(&'a self, subject: &'a str, id: &'a str) -> BoxFuture<'a, Result<Option<Stored>, LogError>> {
        let is_it = |it: &&Stored| it.commit.subject == subject && it.commit.id == id;
        let found = self.commits.lock().unwrap().iter().find(is_it).cloned();
        Box::pin(async move { Ok(found) })
    }
}

/// One process that decides for the room.
pub struct Process {
    pub rooms: Aggregates<Room>,
    pub journal: Arc<Journal>,
    pub log: Log,
}

impl Process {
    pub fn new(log: &Log) -> Self {
        let journal = Arc::new(Journal::default());
        let history: Arc<dyn History> = Arc::clone(&journal) as _;
        Self { rooms: Aggregates::new(log.clone(), history, 100), journal, log: log.clone() }
    }

    pub async fn ask(&self, request: &str, command: Command) -> Result<Decided<Happened>, DecideError<No>> {
        let meta = Meta { request_id: request.to_owned(), ..Meta::default() };
        self.rooms.decide("a", &command, &meta, &mut Deciding::default()).await
    }

    /// Somebody takes a place in a room; says how often another writer was faster.
    pub async fn take(&self, room: &str, who: &'static str) -> u32 {
        let (meta, mut cost) = (Meta { request_id: who.to_owned(), ..Meta::default() }, Deciding::default());
        self.rooms.decide(room, &Command::Take(who), &meta, &mut cost).await.unwrap();
        cost.conflicts
    }

    pub async fn versions(&self) -> Vec<u64> {
        let mut versions = Vec::new();
        for position in 1..=self.log.head("test").await.unwrap() {
            versions.push(self.log.read("test", position).await.unwrap().unwrap().commit.version);
        }
        versions
    }
}
