//! Policies and deadlines: once, in order, parked without blocking others, also across restarts.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[path = "reactions/deadlines.rs"]
mod deadlines;
#[path = "reactions/look_ups.rs"]
mod look_ups;
#[path = "reactions/progress.rs"]
mod progress;

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use studium_kit::{
    App, Changes, Deadline, Decider, Decision, Event, Kind, Log, LookUpPolicy, Meta, Policy, Reaction, Reason,
    Recorded, Running, Service, StoreError, Stored, View, row,
};
use studium_log::Follow;
use studium_proto::{
    Contract,
    admin::v1::{
        ListParkedRequest, Parked, RetryParkedRequest, RetryParkedResponse, admin_service_client::AdminServiceClient,
    },
    file_descriptor_set,
};
use studium_testkit::House;
use tokio::time::timeout;

/// Whether this "build" knows the events that begin with a question mark.
static KNOWS_NEW: AtomicBool = AtomicBool::new(false);

/// A list of notes; `box` notes are passed on to another list by policy.
#[derive(Default, Clone)]
struct Notes(Vec<String>);

#[derive(Clone, Debug)]
enum Command {
    Note(String),
    /// Refused when it is there already; an ordinary note is "already so".
    NoteOnce(String),
    /// Noted each time: only its request id can tell that it was said before.
    Say(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Noted(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Twice;

impl Reason for Twice {
    const DOMAIN: &'static str = "test";
    fn name(self) -> &'static str {
        "TWICE"
    }
    fn kind(self) -> Kind {
        Kind::FailedPrecondition
    }
}

impl Event for Noted {
    const AGGREGATE: &'static str = "test.notes";
    fn to_bytes(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }
    fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, studium_core::DecodeError> {
        let known = !bytes.starts_with(b"?") || KNOWS_NEW.load(Ordering::SeqCst);
        Ok(known.then(|| Self(String::from_utf8_lossy(bytes).into_owned())))
    }
    fn name(&self) -> &'static str {
        "Noted"
    }
}

/// Some contract has to say that nothing is personal in notes.
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let set = file_descriptor_set(&["studium.admin.v1.AdminService"]);
    Contract::read(&set, &[("test.notes", "studium.admin.v1.TraceRequest")])
});

fn bare() -> Service {
    Service::new("test").contract(&CONTRACT)
}

impl Decider for Notes {
    type Command = Command;
    type Event = Noted;
    type Reason = Twice;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::NoteOnce(it) if self.0.contains(it) => Twice.because("it is noted"),
            Command::Note(it) if self.0.contains(it) => Ok(vec![]),
            Command::Note(it) | Command::NoteOnce(it) | Command::Say(it) => Ok(vec![Noted(it.clone())]),
        }
    }

    fn evolve(&mut self, event: &Noted) {
        self.0.push(event.0.clone());
    }
}

/// `to:x:text` noted anywhere is noted on list x; `say:x:text` is said there, and said again.
struct PassOn;

impl Policy for PassOn {
    const NAME: &'static str = "pass_on";
    const STREAM: &'static str = "test";
    type Event = Noted;
    type Target = Notes;

    fn react(&self, _id: &str, event: &Noted, _at_ms: i64) -> Vec<Reaction<Notes>> {
        let mut parts = event.0.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("to"), Some(id), Some(text)) => {
                vec![Reaction { id: id.to_owned(), command: Command::Note(text.to_owned()) }]
            }
            (Some("say"), Some(id), Some(text)) => {
                let say = || Reaction { id: id.to_owned(), command: Command::Say(text.to_owned()) };
                vec![say(), say()]
            }
            _ => vec![],
        }
    }
}

row! {
    /// How many notes a list has, and when it is to be reminded.
    pub struct CountRow {
        key { id: String }
        notes: i64,
        due_ms: Option<i64>,
    }
}

/// Lists with their number of notes.
struct Counts;

impl View for Counts {
    type Row = CountRow;
    const NAME: &'static str = "counts_1";
    const STREAMS: &'static [&'static str] = &["test"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CountRow>) {
        let Some(Noted(text)) = event.read::<Noted>() else { return };
        let id = event.id().to_owned();
        rows.row((id.clone(),), move |row| {
            let row = row.get_or_insert_with(|| CountRow { id, ..CountRow::default() });
            row.notes += 1;
            if let Some(due) = text.strip_prefix("due:") {
                row.due_ms = due.parse().ok();
            }
        });
    }
}

/// `count` noted on a list is followed by the number of its notes, looked up in the view.
struct CountThem;

impl LookUpPolicy for CountThem {
    const NAME: &'static str = "count_them";
    const STREAM: &'static str = "test";
    const VIEWS: &'static [&'static str] = &[Counts::NAME];
    type Event = Noted;
    type Target = Notes;

    async fn react(app: &App, id: &str, event: &Noted, _at_ms: i64) -> Result<Vec<Reaction<Notes>>, StoreError> {
        if event.0 != "count" {
            return Ok(vec![]);
        }
        if id.starts_with("sealed") && !KNOWS_NEW.load(Ordering::SeqCst) {
            return Err(StoreError::Unfit(format!("`{id}` is sealed; open it")));
        }
        let rows: Vec<(i64,)> = app.store().query("SELECT notes FROM counts_1 WHERE id = $1", &[id.into()]).await?;
        let command = Command::Note(format!("counted {}", rows[0].0));
        Ok(vec![Reaction { id: "answers".to_owned(), command }])
    }
}

/// After `spread`, `told` is noted on `aim` while that list is short, and on `bad`.
struct Spread;

impl LookUpPolicy for Spread {
    const NAME: &'static str = "spread";
    const STREAM: &'static str = "test";
    const VIEWS: &'static [&'static str] = &[Counts::NAME];
    type Event = Noted;
    type Target = Notes;

    fn concerns(event: &Noted) -> bool {
        event.0 == "spread"
    }

    async fn react(app: &App, _: &str, _: &Noted, _at_ms: i64) -> Result<Vec<Reaction<Notes>>, StoreError> {
        let short: Vec<(i64,)> =
            app.store().query("SELECT notes FROM counts_1 WHERE id = 'aim' AND notes < 2", &[]).await?;
        let note = |it: &str| Reaction { id: it.to_owned(), command: Command::Note("told".to_owned()) };
        Ok(short.iter().map(|_| "aim").chain(["bad"]).map(note).collect())
    }
}

fn service() -> Service {
    bare()
        .decider::<Notes>()
        .view::<Counts>()
        .policy(PassOn)
        .look_up_policy::<CountThem>()
        .look_up_policy::<Spread>()
        .deadline::<deadlines::Remind>()
}

async fn note(running: &Running, request: &str, id: &str, text: &str) {
    let meta = Meta { request_id: request.to_owned(), ..Meta::default() };
    running.app.decide_as::<Notes>(&meta, id, &Command::Note(text.to_owned())).await.unwrap();
}

/// How long a reaction may take; one that was swallowed never comes.
const PATIENCE: Duration = Duration::from_secs(30);

async fn next(follow: &mut Follow) -> Vec<Stored> {
    timeout(PATIENCE, follow.next()).await.expect("the reaction comes").unwrap()
}

/// Follows the log until a list has a note.
async fn until_noted(log: &Log, id: &str, text: &str) -> Stored {
    let mut follow = log.follow("test", 0);
    loop {
        for stored in next(&mut follow).await {
            if stored.id() == id && stored.commit.events.iter().any(|it| it.as_ref() == text.as_bytes()) {
                return stored;
            }
        }
    }
}

#[tokio::test]
async fn what_a_service_decides_is_counted_from_zero_on() {
    let house = House::new(Log::memory()).unwrap();
    let running = house.start(service()).await.unwrap();
    let shown = running.app.metrics().render().unwrap();
    assert!(
        shown.contains(r#"studium_commands_total{aggregate="test.notes",outcome="fault",service="test"} 0"#),
        "{shown}"
    );
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_reaction_follows_once_with_its_cause_also_after_a_restart() {
    let house = House::new(Log::memory()).unwrap();
    let store = house.store_url("test").await.unwrap();
    let running = house.start_on(service(), &store).await.unwrap();
    note(&running, "r1", "a", "to:b:hello").await;
    let reaction = until_noted(house.log(), "b", "hello").await;
    let cause = house.log().read("test", 1).await.unwrap().unwrap();
    assert_eq!(reaction.commit.causation_id, cause.commit.id);
    assert_eq!(reaction.commit.correlation_id, cause.commit.correlation_id);
    assert_eq!(reaction.commit.actor, "policy:pass_on");

    // The policy forgets how far it was and sees everything again.
    running.app.store().execute("DELETE FROM policy_checkpoint", &[]).await.unwrap();
    running.stop().await.unwrap();
    let running = house.start_on(service(), &store).await.unwrap();
    note(&running, "r2", "a", "to:c:again").await;
    until_noted(house.log(), "c", "again").await;
    assert_eq!(house.log().head("test").await.unwrap(), 4, "nothing was noted twice");
    running.stop().await.unwrap();
}

/// What a list says once so many commits are in the log.
async fn said(log: &Log, id: &str, commits: usize) -> Vec<String> {
    let (mut follow, mut all) = (log.follow("test", 0), Vec::new());
    while all.len() < commits {
        all.extend(next(&mut follow).await);
    }
    let events = all.iter().filter(|it| it.id() == id).flat_map(|it| &it.commit.events);
    events.map(|it| String::from_utf8_lossy(it).into_owned()).collect()
}

#[tokio::test]
async fn every_reaction_to_every_event_is_one_request_and_no_other() {
    let house = House::new(Log::memory()).unwrap();
    let store = house.store_url("test").await.unwrap();
    let running = house.start_on(service(), &store).await.unwrap();
    note(&running, "r1", "a", "say:b:hello").await;
    note(&running, "r2", "a2", "say:b:hello").await;
    assert_eq!(said(house.log(), "b", 6).await, ["hello"; 4], "two reactions to each of two events");

    // The policy sees everything again, and what is new comes behind it.
    running.app.store().execute("DELETE FROM policy_checkpoint", &[]).await.unwrap();
    running.stop().await.unwrap();
    let running = house.start_on(service(), &store).await.unwrap();
    note(&running, "r3", "a", "say:b:end").await;
    assert_eq!(said(house.log(), "b", 9).await, ["hello", "hello", "hello", "hello", "end", "end"]);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_look_up_sees_all_that_came_before() {
    let house = House::new(Log::memory()).unwrap();
    let running = house.start(service()).await.unwrap();
    for n in 0..50 {
        note(&running, &format!("r{n}"), "a", &format!("note {n}")).await;
    }
    note(&running, "count", "a", "count").await;
    until_noted(house.log(), "answers", "counted 51").await;
    running.stop().await.unwrap();
}

async fn parked(admin: &mut AdminServiceClient<studium_testkit::Caller>, wanted: usize) -> Vec<Parked> {
    loop {
        let parked = admin.list_parked(ListParkedRequest {}).await.unwrap().into_inner().parked;
        if parked.len() == wanted {
            return parked;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_keeps_failing_is_parked_and_blocks_only_its_own_aggregate() {
    let house = House::new(Log::memory()).unwrap();
    let store = house.store_url("test").await.unwrap();
    // A newer build wrote to list `bad`; this one may not judge there.
    let entry = studium_log::Entry::bare("test.notes.bad", 0, "newer", vec![bytes::Bytes::from_static(b"?new")]);
    house.log().append(entry).await.unwrap();
    let running = house.start_on(service(), &store).await.unwrap();
    let mut admin = AdminServiceClient::new(house.registrar(&running).await.unwrap());
    note(&running, "r1", "a", "to:bad:first").await;
    note(&running, "r2", "a2", "to:good:one").await;
    until_noted(house.log(), "good", "one").await;
    let first = parked(&mut admin, 1).await.remove(0);
    assert_eq!((first.state.as_str(), first.target.as_str()), ("parked", "test.notes.bad"));
    assert!(first.cause.contains("newer version"), "{}", first.cause);

    // The same aggregate waits, others go on.
    note(&running, "r3", "c", "to:bad:second").await;
    note(&running, "r4", "d", "to:good:two").await;
    until_noted(house.log(), "good", "two").await;
    let both = parked(&mut admin, 2).await;
    assert_eq!(both[1].state, "waiting");
    // A reaction is parked whose place among its like is another one when it is tried again: `aim` is done by then.
    note(&running, "r5", "aim", "short").await;
    note(&running, "r6", "e", "spread").await;
    until_noted(house.log(), "aim", "told").await;
    let told = parked(&mut admin, 3).await.remove(2);
    assert_eq!((told.policy.as_str(), told.state.as_str()), ("spread", "parked"));
    // A look-up that nobody can make for one aggregate holds up no other.
    note(&running, "r7", "sealed", "count").await;
    let sealed = parked(&mut admin, 4).await.remove(3);
    assert_eq!((sealed.target.as_str(), sealed.cause.as_str()), ("test.notes.sealed", "`sealed` is sealed; open it"));
    note(&running, "r8", "open", "count").await;
    until_noted(house.log(), "answers", "counted 1").await;
    running.stop().await.unwrap();

    // The right build comes; an operator retries the first, and the second follows by itself, in order.
    KNOWS_NEW.store(true, Ordering::SeqCst);
    let running = house.start_on(service(), &store).await.unwrap();
    let mut admin = AdminServiceClient::new(house.registrar(&running).await.unwrap());
    let retried = admin.retry_parked(RetryParkedRequest { id: first.id }).await.unwrap().into_inner();
    assert_eq!(retried, RetryParkedResponse { outcome: "done".to_owned(), parked: false });
    let second = until_noted(house.log(), "bad", "second").await;
    let first = until_noted(house.log(), "bad", "first").await;
    assert!(first.position < second.position);
    admin.retry_parked(RetryParkedRequest { id: told.id }).await.unwrap();
    until_noted(house.log(), "bad", "told").await;
    note(&running, "r9", "sealed", "more").await;
    let retried = admin.retry_parked(RetryParkedRequest { id: sealed.id }).await.unwrap().into_inner();
    assert_eq!(retried, RetryParkedResponse { outcome: "done".to_owned(), parked: false });
    until_noted(house.log(), "answers", "counted 2").await;
    parked(&mut admin, 0).await;
    running.stop().await.unwrap();
}
