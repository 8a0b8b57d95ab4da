//! Who belongs to which campus, in what capacity.

use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::campus::v1::{Member, MemberDescribed, member_event::Event};

row! {
    /// One member. Who left has no row.
    pub struct MemberRow {
        key { campus_id: String, learner_id: String }
        class: i32,
        department: String,
        external_id: String,
        name: String,
        email: String,
        test_user: bool,
        source: i32,
        source_ref: String,
        since_ms: i64,
    }
}

/// Members by campus and learner.
pub struct Members;

impl View for Members {
    type Row = MemberRow;
    const NAME: &'static str = "member_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_external ON {table} (campus_id, external_id)".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MemberRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((campus, learner)) = event.id().split_once('~') else { return };
        let (campus_id, learner_id, since_ms) = (campus.to_owned(), learner.to_owned(), event.at_ms());
        rows.row((campus, learner), move |row| match it {
            Event::MemberAdded(it) => {
                let (source, source_ref) = (it.source, it.source_ref);
                *row = Some(MemberRow { campus_id, learner_id, source, source_ref, since_ms, ..MemberRow::default() });
            }
            Event::MemberDescribed(it) => {
                if let Some(row) = row {
                    row.is_said_to_be(it);
                }
            }
            Event::MemberRemoved(_) => *row = None,
        });
    }
}

impl MemberRow {
    fn is_said_to_be(&mut self, it: MemberDescribed) {
        (self.class, self.department, self.external_id) = (it.class, it.department, it.external_id);
        (self.name, self.email, self.test_user) = (it.name, it.email, it.test_user);
    }

    /// What the campus says of the person.
    pub fn record(&self) -> MemberDescribed {
        MemberDescribed {
            class: self.class,
            department: self.department.clone(),
            external_id: self.external_id.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
            test_user: self.test_user,
        }
    }

    /// As it is shown.
    pub fn shown(self) -> Member {
        let (record, source, since_ms) = (Some(self.record()), self.source, self.since_ms);
        Member { campus_id: self.campus_id, learner_id: self.learner_id, record, source, since_ms }
    }
}

/// Which of these learners are members.
pub async fn among(store: &Store, campus_id: &str, learners: &[String]) -> Result<Vec<MemberRow>, StoreError> {
    if learners.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(2, learners.len());
    let sql =
        format!("SELECT {} FROM member_1 WHERE campus_id = $1 AND learner_id IN ({})", MemberRow::COLUMN_LIST, places);
    let args: Vec<Value> = [campus_id.into()].into_iter().chain(learners.iter().map(Value::from)).collect();
    store.query(&sql, &args).await
}

/// A page of the members of a campus by learner.
pub async fn members(store: &Store, campus_id: &str, page: &Page) -> Result<Vec<MemberRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM member_1 WHERE campus_id = $1 AND learner_id > $2 ORDER BY learner_id LIMIT $3",
        MemberRow::COLUMN_LIST
    );
    store.query(&sql, &[campus_id.into(), page.after.as_str().into(), page.size.into()]).await
}

/// All members of a campus: what a roster is compared with.
pub async fn of_campus(store: &Store, campus_id: &str) -> Result<Vec<MemberRow>, StoreError> {
    let sql = format!("SELECT {} FROM member_1 WHERE campus_id = $1 ORDER BY learner_id", MemberRow::COLUMN_LIST);
    store.query(&sql, &[campus_id.into()]).await
}
