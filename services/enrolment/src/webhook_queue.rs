//! In which order a webhook's events go out: subject by subject in the order of the feed, and no subject waits for
//! another one. Pure, so that its rules can be tried on any history.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use studium_kit::Stored;

/// Events that are taken in and not settled; a batch more may come on top.
const FRESH_MAX: usize = 512;
/// Subjects whose first event waits for a retry.
const RESTING_MAX: usize = 1_000;
/// Events in the store that wait for a retry, or behind one that does.
const KEPT_MAX: usize = 10_000;

/// An event that waits, as the store keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Its position in the feed.
    pub position: u64,
    /// What it is about.
    pub subject: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again, Unix milliseconds; 0 = when its turn comes.
    pub next_try_ms: i64,
}

/// An event on its way out.
#[derive(Debug, Clone)]
pub struct Flight {
    /// What it is about.
    pub subject: String,
    /// Its position in the feed.
    pub position: u64,
    /// The how manieth attempt it is.
    pub attempt: u32,
    /// The event, unless it is to be read again.
    pub event: Option<Stored>,
}

/// What the store has to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Everything up to this position of the feed is delivered, or among what waits.
    pub read: u64,
    /// What waits, new or changed.
    pub waiting: Vec<Waiting>,
    /// What waits no more.
    pub settled: Vec<u64>,
    /// Something was delivered, or was not wanted.
    pub is_told: bool,
}

/// The events of one subject that are not delivered.
#[derive(Default)]
struct Line {
    /// By position; an event is left out if it is to be read again.
    events: BTreeMap<u64, Option<Stored>>,
    /// When the first one is tried again, Unix milliseconds; 0 = it does not rest.
    next_try_ms: i64,
    /// How often it was tried.
    attempts: u32,
}

/// What one webhook still has to be sent, as far as it is taken in.
#[derive(Default)]
pub struct Queue {
    lines: HashMap<String, Line>,
    ready: VecDeque<String>,
    resting: BTreeSet<(i64, String)>,
    /// Not delivered and not in the store, with their subjects.
    fresh: BTreeMap<u64, String>,
    /// Not delivered and in the store, with their subjects.
    kept: BTreeMap<u64, String>,
    /// Those of them that look otherwise by now.
    changed: BTreeSet<u64>,
    settled: Vec<u64>,
    read: u64,
    is_told: bool,
}

impl Queue {
    /// A queue that goes on after a position, with what waits before it.
    pub fn new(read: u64, waiting: Vec<Waiting>) -> Self {
        let mut queue = Self { read, ..Self::default() };
        for it in waiting {
            queue.kept.insert(it.position, it.subject.clone());
            let line = queue.lines.entry(it.subject.clone()).or_default();
            if line.events.is_empty() {
                (line.attempts, line.next_try_ms) = (it.attempts, it.next_try_ms);
                if it.next_try_ms > 0 {
                    queue.resting.insert((it.next_try_ms, it.subject));
                } else {
                    queue.ready.push_back(it.subject);
                }
            }
            line.events.insert(it.position, None);
        }
        queue
    }

    /// Whether more may be taken in.
    pub fn has_room(&self) -> bool {
        self.fresh.len() < FRESH_MAX && self.resting.len() < RESTING_MAX && self.kept.len() < KEPT_MAX
    }

    /// Whether nothing is left to be sent.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Takes in the next event of the feed.
    pub fn take(&mut self, event: Stored) {
        self.read = event.position;
        let (subject, position) = (event.commit.subject.clone(), event.position);
        let line = self.lines.entry(subject.clone()).or_default();
        if line.events.is_empty() {
            self.ready.push_back(subject.clone());
        }
        // What rests may wait long, and there may be much of it.
        let is_soon = line.attempts == 0;
        line.events.insert(position, is_soon.then_some(event));
        self.fresh.insert(position, subject);
    }

    /// Takes note of an event of the feed that is not to be sent.
    pub fn pass(&mut self, position: u64) {
        (self.read, self.is_told) = (position, true);
    }

    /// The next event to be sent, if there is one at this time.
    pub fn next(&mut self, now_ms: i64) -> Option<Flight> {
        while let Some(it) = self.resting.first().filter(|(until_ms, _)| *until_ms <= now_ms).cloned() {
            self.resting.remove(&it);
            self.ready.push_back(it.1);
        }
        let subject = self.ready.pop_front()?;
        let line = self.lines.get_mut(&subject)?;
        let (position, event) = line.events.first_key_value()?;
        line.next_try_ms = 0;
        Some(Flight { position: *position, attempt: line.attempts + 1, event: event.clone(), subject })
    }

    /// When the next event that rests may be sent, Unix milliseconds; none if none rests.
    pub fn wakes_ms(&self) -> Option<i64> {
        self.resting.first().map(|it| it.0)
    }

    /// The first event of a subject has arrived: the next one may go.
    pub fn delivered(&mut self, subject: &str) {
        let Some(line) = self.lines.get_mut(subject) else { return };
        let Some((position, _)) = line.events.pop_first() else { return };
        (line.next_try_ms, line.attempts) = (0, 0);
        self.is_told = true;
        if line.events.is_empty() {
            self.lines.remove(subject);
        } else {
            self.ready.push_back(subject.to_owned());
        }
        self.fresh.remove(&position);
        self.changed.remove(&position);
        if self.kept.remove(&position).is_some() {
            self.settled.push(position);
        }
    }

    /// The first event of a subject did not arrive: it rests, and all of its subject behind it.
    pub fn failed(&mut self, subject: &str, until_ms: i64) {
        let Some(line) = self.lines.get_mut(subject) else { return };
        (line.next_try_ms, line.attempts) = (until_ms, line.attempts + 1);
        line.events.values_mut().for_each(|it| *it = None);
        if let Some(position) = line.events.keys().next().filter(|it| self.kept.contains_key(it)) {
            self.changed.insert(*position);
        }
        self.resting.insert((until_ms, subject.to_owned()));
    }

    /// What the store has to be told since the last time.
    pub fn changes(&mut self) -> Changes {
        let mut news = std::mem::take(&mut self.changed);
        // What may wait long goes into the store, so that the place in the feed need not wait for it. Only what stands
        // before that place does: all that comes after it is read again after a restart, in its order.
        while let Some(it) = self.fresh.first_entry() {
            if self.lines.get(it.get()).is_none_or(|line| line.attempts == 0) {
                break;
            }
            let (position, subject) = it.remove_entry();
            news.insert(position);
            self.kept.insert(position, subject);
        }
        let read = self.fresh.keys().next().map_or(self.read, |it| it - 1);
        let waiting = news.into_iter().filter_map(|it| self.waiting(it)).collect();
        let (settled, is_told) = (std::mem::take(&mut self.settled), std::mem::take(&mut self.is_told));
        Changes { read, waiting, settled, is_told }
    }

    fn waiting(&self, position: u64) -> Option<Waiting> {
        let subject = self.kept.get(&position)?;
        let line = self.lines.get(subject)?;
        let is_first = line.events.keys().next() == Some(&position);
        let (attempts, next_try_ms) = if is_first { (line.attempts, line.next_try_ms) } else { (0, 0) };
        Some(Waiting { position, subject: subject.clone(), attempts, next_try_ms })
    }
}

#[cfg(test)]
mod tests;
