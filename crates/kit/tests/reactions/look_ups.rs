//! What policies look up: for whom they need not, and what they have done themselves.

use super::{Command, Counts, House, Log, Noted, Notes, bare, note, until_noted};
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};
use studium_kit::{App, LookUpPolicy, Reaction, StoreError, View as _};

/// Whom the policy looked up.
static LOOKED_UP: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// After `greet` a list with two notes greets.
struct Greet;

impl LookUpPolicy for Greet {
    const NAME: &'static str = "greet";
    const STREAM: &'static str = "test";
    const VIEWS: &'static [&'static str] = &[Counts::NAME];
    type Event = Noted;
    type Target = Notes;

    fn concerns(event: &Noted) -> bool {
        event.0 == "greet"
    }

    async fn narrowed(app: &App, mut ids: HashSet<String>) -> Result<HashSet<String>, StoreError> {
        let known: Vec<(String,)> = app.store().query("SELECT id FROM counts_1 WHERE notes = 2", &[]).await?;
        ids.retain(|id| known.iter().any(|it| it.0 == *id));
        Ok(ids)
    }

    async fn react(_: &App, id: &str, _: &Noted, _: i64) -> Result<Vec<Reaction<Notes>>, StoreError> {
        LOOKED_UP.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
        Ok(vec![Reaction { id: format!("from-{id}"), command: Command::Note("greeted".to_owned()) }])
    }
}

#[tokio::test]
async fn who_is_left_out_is_not_looked_up_and_nobody_is_left_out_for_what_a_view_has_yet_to_see() {
    let house = House::new(Log::memory()).unwrap();
    let running = house.start(bare().decider::<Notes>().view::<Counts>().look_up_policy::<Greet>()).await.unwrap();
    let lists: Vec<_> = (0..20).map(|it| format!("list-{it}")).collect();
    for (n, list) in lists.iter().enumerate() {
        // Every other one has the second note that counts, and it is the one that is reacted to.
        if n % 2 == 0 {
            note(&running, &format!("first-{n}"), list, "first").await;
        }
        note(&running, &format!("greet-{n}"), list, "greet").await;
    }
    let greeted: Vec<_> = lists.iter().step_by(2).cloned().collect();
    for list in &greeted {
        until_noted(house.log(), &format!("from-{list}"), "greeted").await;
    }
    running.stop().await.unwrap();
    assert_eq!(*LOOKED_UP.lock().unwrap_or_else(PoisonError::into_inner), greeted);
}

/// Whoever is thirsty drinks from the one cup, unless it is empty; the last one says that all were asked.
struct Drink;

impl LookUpPolicy for Drink {
    const NAME: &'static str = "drink";
    const STREAM: &'static str = "test";
    const VIEWS: &'static [&'static str] = &[Counts::NAME];
    const IN_TURN: bool = true;
    type Event = Noted;
    type Target = Notes;

    fn concerns(event: &Noted) -> bool {
        event.0 == "thirsty"
    }

    async fn react(app: &App, id: &str, _: &Noted, _: i64) -> Result<Vec<Reaction<Notes>>, StoreError> {
        let drunk: Vec<(i64,)> = app.store().query("SELECT notes FROM counts_1 WHERE id = 'cup'", &[]).await?;
        let note = |list: &str, text: String| Reaction { id: list.to_owned(), command: Command::Note(text) };
        let drinks = drunk.is_empty().then(|| note("cup", format!("drunk by {id}")));
        let last = (id == "last").then(|| note("all", "asked".to_owned()));
        Ok(drinks.into_iter().chain(last).collect())
    }
}

#[tokio::test]
async fn who_acts_in_turn_sees_what_followed_before() {
    let house = House::new(Log::memory()).unwrap();
    let running = house.start(bare().decider::<Notes>().view::<Counts>().look_up_policy::<Drink>()).await.unwrap();
    house.log().faults().hold_reading("test");
    // What was asked for before still comes; this is what comes, and all that follows is read together.
    note(&running, "before", "first", "nothing").await;
    for list in ["a", "b", "c", "last"] {
        note(&running, list, list, "thirsty").await;
    }
    house.log().faults().let_read("test");
    until_noted(house.log(), "all", "asked").await;
    let cup = house.log().last("test.notes.cup").await.unwrap().unwrap();
    assert_eq!((cup.commit.version, cup.commit.events[0].as_ref()), (1, b"drunk by a".as_slice()));
    running.stop().await.unwrap();
}
