//! The journal: finding commits, the past, and what is left when the stream is gone.

use crate::{
    Database,
    shop::{InStock, StockRow, Writer, projector, seen, started, stock_rows},
};
use futures::future::join_all;
use prost::Message as _;
use studium_log::{Entry, Log, Stored};
use studium_proto::log::v1::Commit;
use studium_store::{Store, restore, verify};

/// A shop with a little history, all in the journal.
async fn history(database: &Database) -> (Writer, Store) {
    let mut writer = Writer::new();
    let store = database.open().await;
    for at in 1..=4i64 {
        writer.append("shop.item.pen", at * 1000, &["add:1"]).await;
        writer.append("shop.item.ink", at * 1000, &["add:10"]).await;
    }
    let projection = started(&store, &writer).await;
    seen(&store, "journal", 8).await;
    projection.stop().await;
    (writer, store)
}

fn positions(commits: &[Stored]) -> Vec<u64> {
    commits.iter().map(|it| it.position).collect()
}

pub async fn it_finds_commits_by_aggregate_request_and_story(database: &Database) {
    let (writer, store) = history(database).await;
    let journal = store.journal();
    assert_eq!(journal.position(), 8);
    let pens = journal.commits("shop.item.pen").await.unwrap();
    assert_eq!(positions(&pens), [1, 3, 5, 7]);
    let first = writer.log.read("shop", 1).await.unwrap().unwrap();
    assert_eq!(pens[0].bytes, first.bytes);
    assert_eq!(journal.commits("shop.item").await.unwrap().len(), 0);
    let found = journal.by_request("shop.item.ink", "request 4").await.unwrap().unwrap();
    assert_eq!(found.position, 4);
    assert!(journal.by_request("shop.item.pen", "request 4").await.unwrap().is_none());
    assert_eq!(positions(&journal.by_correlation("story of 2").await.unwrap()), [3, 4]);
    assert_eq!(positions(&journal.range(2, 3).await.unwrap()), [3, 4, 5]);
}

/// A request that left two commits, behind so many of others.
async fn doubled(database: &Database, others: u64) {
    let mut writer = Writer::new();
    let store = database.open().await;
    writer.add(others.max(1), others).await;
    let first = writer.append("shop.item.pen", 0, &["add:1"]).await;
    let first = writer.log.read("shop", first).await.unwrap().unwrap();
    let second = writer.seal("shop.item.pen", 0, &["add:1"]);
    let (last, second) = (second.position, Commit { id: first.commit.id.clone(), ..second.commit.as_ref().clone() });
    writer.log.restore("shop", &[Stored::decode(last, second.encode_to_vec().into()).unwrap()]).await.unwrap();
    let projection = started(&store, &writer).await;
    // The view does not care; what it is made from is whole up to the first.
    seen(&store, "in_stock_1", last).await;
    let views = projection.views().await.unwrap();
    let journal = views.iter().find(|it| it.name == "journal").unwrap();
    assert!(journal.state.starts_with("broken: ") && journal.position == 0, "{journal:?}");
    projection.stop().await;
}

pub async fn a_request_that_is_in_the_stream_twice_stops_the_journal(database: &Database) {
    doubled(database, 0).await;
}

pub async fn a_row_that_is_refused_among_many_stops_its_view_alone(database: &Database) {
    doubled(database, 600).await;
}

pub async fn lookups_that_come_together_each_get_their_own(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let last = writer.add(600, 1800).await;
    let projection = started(&store, &writer).await;
    seen(&store, "journal", last).await;
    let journal = store.journal();
    let subjects: Vec<_> = (0..1000).map(|i| format!("shop.item.item-{}", i % 700)).collect();
    let found = join_all(subjects.iter().map(|it| journal.commits(it))).await;
    for (subject, commits) in subjects.iter().zip(found) {
        let commits = commits.unwrap();
        let number: u32 = subject.rsplit('-').next().unwrap().parse().unwrap();
        assert_eq!(commits.len(), if number < 600 { 3 } else { 0 }, "{subject}");
        assert!(
            commits.iter().zip(1..).all(|(it, version)| it.commit.version == version && it.commit.subject == *subject)
        );
    }
    projection.stop().await;
}

pub async fn a_time_in_the_past_can_be_asked_for(database: &Database) {
    let (_, store) = history(database).await;
    let subjects = ["shop.item.pen".to_owned(), "shop.item.ink".to_owned()];
    let row = |item: &str, count| StockRow { item: item.to_owned(), count, note: None };
    let rows = store.as_of::<InStock>("shop", &subjects, 2000).await.unwrap();
    assert_eq!(rows, [row("pen", 2), row("ink", 20)]);
    assert_eq!(store.as_of::<InStock>("shop", &subjects[..1], 999).await.unwrap(), []);
    assert_eq!(store.as_of::<InStock>("shop", &subjects[..1], i64::MAX).await.unwrap(), [row("pen", 4)]);
}

async fn problems(log: &Log, store: &Store) -> Vec<String> {
    let mut steps = 0;
    let verified = verify(log, store, "shop", |_| steps += 1).await.unwrap();
    assert!(steps > 0);
    assert_eq!(verified.problem_count as usize, verified.problems.len());
    assert_eq!(verified.is_clean(), verified.problems.is_empty());
    verified.problems
}

pub async fn verify_finds_nothing_in_an_honest_log(database: &Database) {
    let (mut writer, store) = history(database).await;
    // What the journal has not seen yet is no problem.
    writer.append("shop.item.pen", 0, &["add:1"]).await;
    let verified = verify(&writer.log, &store, "shop", |_| {}).await.unwrap();
    assert_eq!((verified.checked, verified.total, verified.aggregates), (9, 9, 2));
    assert_eq!(verified.problems, Vec::<String>::new());
}

pub async fn verify_finds_changed_bytes(database: &Database) {
    let (writer, store) = history(database).await;
    // In the journal.
    let other = writer.log.read("shop", 1).await.unwrap().unwrap().bytes.to_vec();
    store.execute("UPDATE journal SET bytes = $1 WHERE position = 3", &[other.into()]).await.unwrap();
    let found = problems(&writer.log, &store).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("position 3") && found[0].contains("other bytes"), "{found:?}");
    // In the stream: the copy differs, and the aggregate's next commit has another hash.
    let forged = Log::memory();
    let (_, store) = (store.execute("DELETE FROM journal WHERE position > 8", &[]).await.unwrap(), store);
    for position in 1..=8 {
        let mut stored = writer.log.read("shop", position).await.unwrap().unwrap();
        if position == 5 {
            let mut bytes = stored.bytes.to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            stored = Stored::decode(5, bytes.into()).unwrap();
        }
        forged.restore("shop", &[stored]).await.unwrap();
    }
    let found = problems(&forged, &store).await;
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[1].contains("position 5") && found[1].contains("other bytes"), "{found:?}");
    assert!(found[2].contains("position 7") && found[2].contains("hash chain"), "{found:?}");
}

pub async fn verify_finds_a_missing_commit(database: &Database) {
    let (writer, store) = history(database).await;
    store.execute("DELETE FROM journal WHERE position IN (4, 8)", &[]).await.unwrap();
    let found = problems(&writer.log, &store).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("position 4: the journal has no commit"), "{found:?}");
    assert!(found[1].starts_with("position 8: the journal has no commit"), "{found:?}");
    let shorter = Log::memory();
    for position in 1..=6 {
        shorter.restore("shop", &[writer.log.read("shop", position).await.unwrap().unwrap()]).await.unwrap();
    }
    let found = problems(&shorter, &store).await;
    assert!(found[0].contains("has lost some"), "{found:?}");
}

pub async fn verify_finds_a_broken_chain(database: &Database) {
    let (writer, store) = history(database).await;
    // Appended past the chain: version 1 again, no hash.
    writer.log.append(Entry::bare("shop.item.pen", 7, "forged", vec![])).await.unwrap();
    let found = problems(&writer.log, &store).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("from version 4 to 1"), "{found:?}");
    assert!(found[1].contains("hash chain of `shop.item.pen` is broken"), "{found:?}");
}

pub async fn a_lost_stream_is_noticed_and_restored(database: &Database) {
    let (writer, store) = history(database).await;
    let before = stock_rows(&store).await;
    let mut lost = Writer::new();
    let refused = projector(&store, &lost).view::<InStock>().start().await.err().unwrap().to_string();
    assert!(refused.contains("run `studium log restore shop`"), "{refused}");
    let mut steps = 0;
    let restored = restore(&lost.log, &store, "shop", |_| steps += 1).await.unwrap();
    assert_eq!((restored.restored, restored.total, steps), (8, 8, 1));
    for position in 1..=8 {
        let (old, new) =
            (writer.log.read("shop", position).await.unwrap(), lost.log.read("shop", position).await.unwrap());
        assert_eq!(old.unwrap().bytes, new.unwrap().bytes);
    }
    assert_eq!(problems(&lost.log, &store).await, Vec::<String>::new());
    let projection = started(&store, &lost).await;
    // A second restore finds everything in place.
    assert_eq!(restore(&lost.log, &store, "shop", |_| {}).await.unwrap().restored, 8);
    assert_eq!(stock_rows(&store).await, before);
    projection.stop().await;
    // Only the end was lost.
    lost = Writer::new();
    for position in 1..=5 {
        lost.log.restore("shop", &[writer.log.read("shop", position).await.unwrap().unwrap()]).await.unwrap();
    }
    assert_eq!(restore(&lost.log, &store, "shop", |_| {}).await.unwrap().restored, 8);
    assert_eq!(problems(&lost.log, &store).await, Vec::<String>::new());
}

pub async fn restore_refuses_a_stream_that_is_something_else(database: &Database) {
    let (_, store) = history(database).await;
    let mut other = Writer::new();
    other.append("shop.item.pen", 5, &["add:99"]).await;
    let refused = restore(&other.log, &store, "shop", |_| {}).await.unwrap_err().to_string();
    assert!(refused.contains("not empty"), "{refused}");
    assert_eq!(other.log.head("shop").await.unwrap(), 1);
}

pub async fn restore_refuses_a_journal_with_gaps(database: &Database) {
    let (_, store) = history(database).await;
    store.execute("DELETE FROM journal WHERE position = 4", &[]).await.unwrap();
    let lost = Log::memory();
    let refused = restore(&lost, &store, "shop", |_| {}).await.unwrap_err().to_string();
    assert!(refused.contains("gaps"), "{refused}");
    assert_eq!(lost.head("shop").await.unwrap(), 0);
}
