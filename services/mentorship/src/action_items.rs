//! What learners are to do after sessions, and what they have done.

use crate::wanted::Wanted;
use std::collections::HashMap;
use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::mentorship::v1::{ActionItem, session_event::Event};

row! {
    /// One action item of one session.
    pub struct ActionItemRow {
        key { session_id: String, item: u32 }
        learner_id: String,
        mentor_id: String,
        what: String,
        due_ms: i64,
        done_at_ms: i64,
    }
}

/// Action items by session and number.
pub struct ActionItems;

impl View for ActionItems {
    type Row = ActionItemRow;
    const NAME: &'static str = "mentoring_action_item_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id, due_ms)".to_owned(),
            "CREATE INDEX {table}_mentor ON {table} (mentor_id, due_ms)".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ActionItemRow>) {
        let (session, at) = (event.id(), event.at_ms());
        match event.read::<Event>() {
            Some(Event::SessionHeld(it)) => {
                for (item, set) in (1..).zip(it.action_items) {
                    let (learner_id, mentor_id) = (it.learner_id.clone(), it.mentor_id.clone());
                    let (session_id, what, due_ms) = (session.to_owned(), set.text, set.due_ms);
                    let row = ActionItemRow { session_id, item, learner_id, mentor_id, what, due_ms, done_at_ms: 0 };
                    rows.row((session, item), move |it| *it = Some(row));
                }
            }
            Some(Event::ActionItemDone(it)) => rows.row((session, it.item), move |row| {
                if let Some(row) = row {
                    row.done_at_ms = at;
                }
            }),
            _ => {}
        }
    }
}

impl ActionItemRow {
    /// Its place in a list by due date.
    pub fn token(&self) -> String {
        format!("{}~{}~{}", self.due_ms, self.session_id, self.item)
    }

    /// As it is shown.
    pub fn shown(self) -> ActionItem {
        ActionItem {
            session_id: self.session_id,
            item: self.item,
            learner_id: self.learner_id,
            mentor_id: self.mentor_id,
            text: self.what,
            due_ms: self.due_ms,
            done_at_ms: self.done_at_ms,
        }
    }
}

/// The action items of these sessions, each in order.
pub async fn of_sessions(store: &Store, sessions: &[&str]) -> Result<HashMap<String, Vec<ActionItem>>, StoreError> {
    let mut found: HashMap<String, Vec<ActionItem>> = HashMap::new();
    if sessions.is_empty() {
        return Ok(found);
    }
    let (columns, places) = (ActionItemRow::COLUMN_LIST, places(1, sessions.len()));
    let sql = format!(
        "SELECT {columns} FROM mentoring_action_item_1 WHERE session_id IN ({places}) ORDER BY session_id, item"
    );
    let args: Vec<_> = sessions.iter().map(|it| Value::from(*it)).collect();
    let rows: Vec<ActionItemRow> = store.query(&sql, &args).await?;
    for row in rows {
        found.entry(row.session_id.clone()).or_default().push(row.shown());
    }
    Ok(found)
}

/// A page of action items by due date; of a learner, a mentor or (empty) anybody, only those to be done or all.
pub async fn action_items(
    store: &Store,
    (learner_id, mentor_id): (&str, &str),
    open: bool,
    page: &Page,
) -> Result<Vec<ActionItemRow>, StoreError> {
    let mut after = page.after.split('~');
    let due_ms = after.next().and_then(|it| it.parse().ok()).unwrap_or(i64::MIN);
    let session = after.next().unwrap_or_default();
    let item: i64 = after.next().and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut wanted =
        Wanted::new("(due_ms > $1 OR (due_ms = $1 AND (session_id > $2 OR (session_id = $2 AND item > $3))))");
    wanted.args = vec![due_ms.into(), session.into(), item.into()];
    wanted.text("learner_id = $", learner_id);
    wanted.text("mentor_id = $", mentor_id);
    wanted.only_if("done_at_ms = 0", open);
    let order = "due_ms, session_id, item";
    let (sql, args) = wanted.page("mentoring_action_item_1", ActionItemRow::COLUMN_LIST, order, page.size);
    store.query(&sql, &args).await
}
