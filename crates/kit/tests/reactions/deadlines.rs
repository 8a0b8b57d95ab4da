//! Deadlines: each fires once, whatever was restarted or replaced meanwhile.

use super::*;

/// Notes `reminded` on a list when it is due; refused the second time.
pub(super) struct Remind;

impl Deadline for Remind {
    const NAME: &'static str = "remind";
    type Target = Notes;
    const DUE: &'static str = "SELECT id, due_ms FROM counts_1 WHERE due_ms <= $1";

    fn command(_id: &str, _due_ms: i64) -> Command {
        Command::NoteOnce("reminded".to_owned())
    }
}

#[tokio::test]
async fn a_deadline_fires_once() {
    let house = House::new(Log::memory()).unwrap();
    let store = house.store_url("test").await.unwrap();
    let running = house.start_on(service(), &store).await.unwrap();
    note(&running, "r1", "a", "due:1000").await;
    let fired = until_noted(house.log(), "a", "reminded").await;
    assert_eq!((fired.commit.actor.as_str(), fired.commit.at_ms), ("deadline:remind", 1000));
    running.stop().await.unwrap();

    // What is due stays in the view; after a restart another deadline fires, this one does not.
    let running = house.start_on(service(), &store).await.unwrap();
    note(&running, "r2", "b", "due:2000").await;
    until_noted(house.log(), "b", "reminded").await;
    assert_eq!(house.log().head("test").await.unwrap(), 4);
    running.stop().await.unwrap();
}

/// Lists with their number of notes, as an earlier version of the service kept them.
struct OldCounts;

impl View for OldCounts {
    type Row = CountRow;
    const NAME: &'static str = "counts_0";
    const STREAMS: &'static [&'static str] = &["test"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CountRow>) {
        Counts::fold(event, rows);
    }
}

#[tokio::test]
async fn a_table_of_an_earlier_version_keeps_no_deadline_from_firing() {
    let house = House::new(Log::memory()).unwrap();
    let store = house.store_url("test").await.unwrap();
    let old = house.start_on(service().decider::<Notes>().view::<OldCounts>(), &store).await.unwrap();
    note(&old, "r1", "a", "before").await;
    old.app.reached::<OldCounts>(1).await.unwrap();
    old.stop().await.unwrap();
    // What the earlier version kept is behind from here on, and for ever.
    let running = house.start_on(service(), &store).await.unwrap();
    note(&running, "r2", "a", "after").await;
    running.stop().await.unwrap();
    let running = house.start_on(service(), &store).await.unwrap();
    note(&running, "r3", "a", "due:1000").await;
    until_noted(house.log(), "a", "reminded").await;
    running.stop().await.unwrap();
}
