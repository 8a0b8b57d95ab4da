//! Policies that tell of many aggregates at once for which nothing can follow.

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
