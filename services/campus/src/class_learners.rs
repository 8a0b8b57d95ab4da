//! Who is or was in which class, and what was decided on credit; and the groups of classes.

use studium_kit::{Changes, Dialect, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{ClassGroup, ClassLearner, class_event::Event};

row! {
    /// One learner of one class, also after having left.
    pub struct ClassLearnerRow {
        key { class_id: String, learner_id: String }
        since_ms: i64,
        left_at_ms: i64,
        licence_place: bool,
        credit_decided_at_ms: i64,
        credit_granted: bool,
        credits_milli: u32,
        scheme: i32,
        credit_reason: String,
    }
}

/// Learners by class.
pub struct ClassLearners;

impl View for ClassLearners {
    type Row = ClassLearnerRow;
    const NAME: &'static str = "class_learner_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ClassLearnerRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (class_id, at) = (event.id().to_owned(), event.at_ms());
        match it {
            Event::ClassLearnerAdded(it) => rows.row((event.id(), it.learner_id.clone()), move |row| {
                let learner_id = it.learner_id;
                let new = || ClassLearnerRow { class_id, learner_id, since_ms: at, ..ClassLearnerRow::default() };
                let row = row.get_or_insert_with(new);
                (row.left_at_ms, row.licence_place) = (0, it.licence_place);
            }),
            Event::ClassLearnerRemoved(it) => rows.row((class_id, it.learner_id), move |row| {
                if let Some(row) = row {
                    row.left_at_ms = at;
                }
            }),
            Event::ClassCreditDecided(it) => rows.row((class_id, it.learner_id), move |row| {
                let Some(row) = row else { return };
                (row.credit_decided_at_ms, row.credit_granted) = (at, it.granted);
                (row.credits_milli, row.scheme, row.credit_reason) = (it.credits_milli, it.scheme, it.reason);
            }),
            _ => {}
        }
    }
}

impl ClassLearnerRow {
    /// As it is shown.
    pub fn shown(self) -> ClassLearner {
        ClassLearner {
            learner_id: self.learner_id,
            since_ms: self.since_ms,
            left_at_ms: self.left_at_ms,
            licence_place: self.licence_place,
            credit_decided_at_ms: self.credit_decided_at_ms,
            credit_granted: self.credit_granted,
            credits_milli: self.credits_milli,
            scheme: self.scheme,
            credit_reason: self.credit_reason,
        }
    }
}

row! {
    /// One group of one class.
    pub struct ClassGroupRow {
        key { class_id: String, group_id: String }
        name: String,
        learners: Json<Vec<String>>,
    }
}

/// Groups by class. Members who left the class are in it still; who asks leaves them out.
pub struct ClassGroups;

impl View for ClassGroups {
    type Row = ClassGroupRow;
    const NAME: &'static str = "class_group_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ClassGroupRow>) {
        let class_id = event.id().to_owned();
        match event.read() {
            Some(Event::ClassGroupFormed(it)) => rows.row((event.id(), it.group_id.clone()), move |row| {
                let (group_id, name, learners) = (it.group_id, it.name, Json(it.learner_ids));
                *row = Some(ClassGroupRow { class_id, group_id, name, learners });
            }),
            Some(Event::ClassGroupDissolved(it)) => rows.row((class_id, it.group_id), |row| *row = None),
            _ => {}
        }
    }
}

/// A page of those who are or were in a class by id.
pub async fn learners(store: &Store, class_id: &str, page: &Page) -> Result<Vec<ClassLearnerRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM class_learner_1 WHERE class_id = $1 AND learner_id > $2 ORDER BY learner_id LIMIT $3",
        ClassLearnerRow::COLUMN_LIST
    );
    store.query(&sql, &[class_id.into(), page.after.as_str().into(), page.size.into()]).await
}

/// Those who are or were in a class by id.
pub async fn all(store: &Store, class_id: &str) -> Result<Vec<ClassLearnerRow>, StoreError> {
    let sql =
        format!("SELECT {} FROM class_learner_1 WHERE class_id = $1 ORDER BY learner_id", ClassLearnerRow::COLUMN_LIST);
    store.query(&sql, &[class_id.into()]).await
}

/// The classes of a campus where a learner is or was.
pub async fn classes_of(store: &Store, campus_id: &str, learner_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT l.class_id FROM class_learner_1 l JOIN class_1 c ON c.class_id = l.class_id \
               WHERE l.learner_id = $1 AND c.campus_id = $2 ORDER BY l.class_id";
    let rows: Vec<(String,)> = store.query(sql, &[learner_id.into(), campus_id.into()]).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}

/// The groups of a class by id. A learner who left is in none until the group is formed anew.
pub async fn groups(store: &Store, class_id: &str) -> Result<Vec<ClassGroup>, StoreError> {
    let sql = format!("SELECT {} FROM class_group_1 WHERE class_id = $1 ORDER BY group_id", ClassGroupRow::COLUMN_LIST);
    let rows: Vec<ClassGroupRow> = store.query(&sql, &[class_id.into()]).await?;
    let learners = all(store, class_id).await?;
    let is_in = |id: &String| learners.iter().any(|it| it.learner_id == *id && it.left_at_ms == 0);
    let shown = |it: ClassGroupRow| ClassGroup {
        group_id: it.group_id,
        name: it.name,
        learner_ids: it.learners.0.into_iter().filter(is_in).collect(),
    };
    Ok(rows.into_iter().map(shown).collect())
}
