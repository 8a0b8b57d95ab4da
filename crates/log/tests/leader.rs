//! A stream's leader dies under load: what was acknowledged is there once, and every chain is whole.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use futures::future::BoxFuture;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use studium_core::{Decider, Decision, DecodeError, Event, Kind, Reason};
use studium_log::{Aggregates, Decided, Deciding, Durability, History, Log, LogError, Meta, Stored};
use studium_testkit::Broker;
use tokio::{sync::watch, task::JoinSet, time::timeout};

const AGGREGATES: usize = 32;

/// Writers of each of the two processes.
const WRITERS: usize = 24;

/// Answers to wait for before the leader is killed, before it is started again, and before the writers stop.
const ROUND: u64 = 600;

/// An election takes 4 to 9 seconds; a broker that has not answered by then never will.
const PATIENCE: Duration = Duration::from_secs(50);

/// A book where everything that is said is written down, also twice: it has no idempotency of its own.
#[derive(Default, Clone)]
struct Book;

#[derive(Clone, Debug, PartialEq)]
struct Written(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Never {}

impl Reason for Never {
    const DOMAIN: &'static str = "test";
    fn name(self) -> &'static str {
        match self {}
    }
    fn kind(self) -> Kind {
        match self {}
    }
}

impl Event for Written {
    const AGGREGATE: &'static str = "test.book";
    fn to_bytes(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }
    fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
        Ok(Some(Self(String::from_utf8_lossy(bytes).into_owned())))
    }
    fn name(&self) -> &'static str {
        "Written"
    }
}

impl Decider for Book {
    type Command = String;
    type Event = Written;
    type Reason = Never;

    fn decide(&self, text: &String) -> Decision<Self> {
        Ok(vec![Written(text.clone())])
    }

    fn evolve(&mut self, _: &Written) {}
}

/// A journal that has seen nothing: all that is known comes from the stream.
struct Nothing;

impl History for Nothing {
    fn commits<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<Stored>, LogError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn position(&self) -> u64 {
        0
    }
    fn by_id<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<Stored>, LogError>> {
        Box::pin(async { Ok(None) })
    }
}

/// One that writes until it is told to stop, and what it was answered.
struct Writer {
    process: usize,
    number: usize,
    books: Arc<Aggregates<Book>>,
    /// Says a request again until it is answered, as a patient client does; another one turns to the next.
    is_patient: bool,
}

impl Writer {
    async fn write(self, answered: watch::Sender<u64>, stop: watch::Receiver<bool>) -> Vec<(String, Decided<Written>)> {
        let mut answers = Vec::new();
        for n in 0.. {
            let request = format!("{}-{}-{n}", self.process, self.number);
            let book = ((self.number + n) % AGGREGATES).to_string();
            let meta = Meta { request_id: request.clone(), ..Meta::default() };
            loop {
                match self.books.decide(&book, &request, &meta, &mut Deciding::default()).await {
                    Ok(it) => {
                        answers.push((request, it));
                        answered.send_modify(|it| *it += 1);
                        break;
                    }
                    Err(_) if self.is_patient => {}
                    Err(_) => break,
                }
            }
            if *stop.borrow() {
                return answers;
            }
        }
        answers
    }
}

/// The node that leads the stream; nodes count from 0.
async fn leader(broker: &Broker) -> usize {
    let (servers, options) = studium_log::address::connection(&broker.server.url()).unwrap();
    let client = options.connect(servers).await.unwrap();
    let stream = async_nats::jetstream::new(client).get_stream("test").await.unwrap();
    let name = stream.cached_info().cluster.as_ref().unwrap().leader.clone().unwrap();
    name.strip_prefix("studium-").unwrap().parse::<usize>().unwrap() - 1
}

async fn whole_stream(log: &Log) -> Vec<Stored> {
    let head = log.head("test").await.unwrap();
    let (mut follow, mut all) = (log.follow("test", 0), Vec::new());
    while follow.position() < head {
        all.extend(follow.next().await.unwrap());
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_dies_under_load_loses_and_doubles_nothing() {
    let mut broker = studium_testkit::nats(Durability::Replicated).await;
    broker.log().await.open("test").await.unwrap();
    let (answered, mut count) = watch::channel(0);
    let (stop, stopped) = watch::channel(false);
    let mut writers = JoinSet::new();
    for process in 0..2 {
        let books = Arc::new(Aggregates::new(broker.log().await, Arc::new(Nothing), AGGREGATES * 10));
        for number in 0..WRITERS {
            let books = Arc::clone(&books);
            let writer = Writer { process, number, books, is_patient: number % 2 == 0 };
            writers.spawn(writer.write(answered.clone(), stopped.clone()));
        }
    }
    let mut more = async |many: u64| {
        let goal = *count.borrow() + many;
        timeout(PATIENCE, count.wait_for(|it| *it >= goal)).await.expect("the writers are answered again").unwrap();
    };

    more(ROUND).await;
    let victim = leader(&broker).await;
    broker.server.kill_node(victim).await;
    more(ROUND).await;
    broker.server.restart().await.unwrap();
    more(ROUND).await;
    stop.send_replace(true);
    let answers = timeout(PATIENCE, writers.join_all()).await.expect("the patient are answered in the end").concat();

    let all = whole_stream(&broker.log().await).await;
    let requests: HashSet<_> = all.iter().map(|it| &it.commit.request_id).collect();
    assert_eq!(requests.len(), all.len(), "no request is in the stream twice");
    for (request, answer) in &answers {
        let stored = &all[answer.position as usize - 1];
        assert_eq!(stored.commit.request_id, *request, "what was acknowledged stands where the answer said");
        assert_eq!((&stored.commit.id, stored.commit.version), (&answer.commit_id, answer.version));
    }
    let mut tips: HashMap<&str, &Stored> = HashMap::new();
    for it in &all {
        let tip = tips.insert(&it.commit.subject, it);
        assert_eq!(it.commit.version, tip.map_or(1, |tip| tip.commit.version + 1), "position {}", it.position);
        assert_eq!(it.commit.previous_position, tip.map_or(0, |tip| tip.position));
        assert_eq!(it.commit.previous_hash[..], tip.map_or(vec![], |tip| tip.hash().to_vec()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_just_started_the_broker_waits_for_a_leader() {
    let mut broker = studium_testkit::nats(Durability::Replicated).await;
    let log = broker.log().await;
    log.open("test").await.unwrap();
    let books = Aggregates::<Book>::new(log.clone(), Arc::new(Nothing), AGGREGATES);
    let meta = Meta { request_id: "first".to_owned(), ..Meta::default() };
    books.decide("1", &"once".to_owned(), &meta, &mut Deciding::default()).await.unwrap();

    // One of three can elect nobody. It must not be the one that led: without followers it was seen to answer for more
    // than 50 s as if it still did.
    let led = leader(&broker).await;
    broker.server.kill_node(led).await;
    broker.server.kill_node((led + 1) % 3).await;
    let head = tokio::spawn({
        let log = log.clone();
        async move { log.first_head("test").await }
    });
    assert!(log.head("test").await.is_err(), "nobody leads the stream");
    assert!(!head.is_finished(), "it is waited for");
    broker.server.restart().await.unwrap();
    assert_eq!(timeout(PATIENCE, head).await.expect("it is elected in the end").unwrap().unwrap(), 1);
}
