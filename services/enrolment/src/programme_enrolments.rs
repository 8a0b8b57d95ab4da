//! Who is in which programme, with what is completed: one row each, which also counts graduates.

use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Dialect, Json, Page, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::enrolment::v1::{ElectiveGroup, ProgrammeJoined, ProgrammeState, programme_enrolment_event::Event};

row! {
    /// One learner in one programme.
    pub struct ProgrammeRow {
        key { programme_id: String, learner_id: String }
        institution_id: String,
        sponsor_institution_id: String,
        state: i32,
        programme_version: u32,
        composition: Json<Composition>,
        completed: Json<Vec<String>>,
        courses_completed: u32,
        amount_due_minor: i64,
        currency: String,
        joined_at_ms: i64,
        ended_at_ms: i64,
        mentorship: bool,
    }
}

/// What the learner has to complete.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composition {
    required: Vec<String>,
    /// Group, how many to choose, from which courses.
    groups: Vec<(String, u32, Vec<String>)>,
}

/// Places in programmes by programme and learner.
pub struct ProgrammeEnrolments;

impl View for ProgrammeEnrolments {
    type Row = ProgrammeRow;
    const NAME: &'static str = "programme_enrolment_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ProgrammeRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((programme, learner)) = event.id().split_once('~') else { return };
        let (programme_id, learner_id, at) = (programme.to_owned(), learner.to_owned(), event.at_ms());
        rows.row((programme, learner), move |row| {
            let row = row.get_or_insert_with(|| ProgrammeRow { programme_id, learner_id, ..ProgrammeRow::default() });
            row.take_in(it, at);
        });
    }
}

impl ProgrammeRow {
    fn take_in(&mut self, event: Event, at: i64) {
        match event {
            Event::ProgrammeJoined(it) => self.joined(it, at),
            Event::ProgrammePaymentRecorded(it) => {
                self.amount_due_minor = (self.amount_due_minor - it.amount_minor).max(0);
            }
            Event::ElectivesChosen(_) => {}
            Event::ProgrammeCourseCompleted(it) => {
                self.completed.0.push(it.course_id);
                self.courses_completed += 1;
            }
            Event::ProgrammeSuspended(_) => self.state = ProgrammeState::Suspended as i32,
            Event::ProgrammeReinstated(_) => self.state = ProgrammeState::Active as i32,
            Event::ProgrammeWithdrawn(_) => (self.state, self.ended_at_ms) = (ProgrammeState::Withdrawn as i32, at),
            Event::ProgrammeCompleted(_) => (self.state, self.ended_at_ms) = (ProgrammeState::Completed as i32, at),
        }
    }

    fn joined(&mut self, it: ProgrammeJoined, at: i64) {
        self.institution_id = it.institution_id;
        self.sponsor_institution_id = it.sponsor_institution_id;
        self.state = ProgrammeState::Active as i32;
        self.programme_version = it.programme_version;
        let groups = it.elective_groups.into_iter().map(|it| (it.group_id, it.choose, it.course_ids)).collect();
        self.composition = Json(Composition { required: it.required_course_ids, groups });
        (self.amount_due_minor, self.currency) = (it.amount_due_minor, it.currency);
        if self.joined_at_ms == 0 {
            self.joined_at_ms = at;
        }
        self.ended_at_ms = 0;
        self.mentorship = it.mentorship;
    }

    /// Courses that everybody needs.
    pub fn required(&self) -> &[String] {
        &self.composition.0.required
    }

    /// Electives.
    pub fn elective_groups(&self) -> Vec<ElectiveGroup> {
        let group = |(group_id, choose, course_ids): &(String, u32, Vec<String>)| ElectiveGroup {
            group_id: group_id.clone(),
            choose: *choose,
            course_ids: course_ids.clone(),
        };
        self.composition.0.groups.iter().map(group).collect()
    }

    /// Whether a course is part of it.
    pub fn contains(&self, course: &str) -> bool {
        let Composition { required, groups } = &self.composition.0;
        required.iter().chain(groups.iter().flat_map(|(_, _, courses)| courses)).any(|it| it == course)
    }
}

/// One learner in one programme, under any of these ids of the learner.
pub async fn place(store: &Store, programme: &str, learners: &[String]) -> Result<Option<ProgrammeRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM programme_enrolment_1 WHERE programme_id = $1 AND learner_id IN ({}) \
         ORDER BY joined_at_ms DESC LIMIT 1",
        ProgrammeRow::COLUMN_LIST,
        places(2, learners.len())
    );
    let args: Vec<Value> = [programme.into()].into_iter().chain(learners.iter().map(Value::from)).collect();
    Ok(store.query(&sql, &args).await?.pop())
}

/// All places under any of these ids of a learner.
pub async fn of_learner(store: &Store, learners: &[String]) -> Result<Vec<ProgrammeRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM programme_enrolment_1 WHERE learner_id IN ({}) ORDER BY programme_id, learner_id",
        ProgrammeRow::COLUMN_LIST,
        places(1, learners.len())
    );
    store.query(&sql, &learners.iter().map(Value::from).collect::<Vec<_>>()).await
}

/// A programme's learners; state 0 = all.
pub async fn of_programme(
    store: &Store,
    programme: &str,
    state: i32,
    page: &Page,
) -> Result<Vec<ProgrammeRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM programme_enrolment_1 WHERE programme_id = $1 AND learner_id > $2 AND ($3 = 0 OR state = $3) \
         ORDER BY learner_id LIMIT $4",
        ProgrammeRow::COLUMN_LIST
    );
    store.query(&sql, &[programme.into(), page.after.as_str().into(), state.into(), page.size.into()]).await
}

/// Learners who ever joined; of them active, suspended, withdrawn, completed; courses completed by all of them.
/// Only who joined in a time, 0 = no bound.
pub async fn statistics(store: &Store, programme: &str, from_ms: i64, until_ms: i64) -> Result<[u64; 6], StoreError> {
    let sql = "SELECT COUNT(*), COUNT(*) FILTER (WHERE state = 1), COUNT(*) FILTER (WHERE state = 2), \
               COUNT(*) FILTER (WHERE state = 3), COUNT(*) FILTER (WHERE state = 4), \
               CAST(COALESCE(SUM(courses_completed), 0) AS BIGINT) FROM programme_enrolment_1 \
               WHERE programme_id = $1 AND ($2 = 0 OR joined_at_ms >= $2) AND ($3 = 0 OR joined_at_ms < $3)";
    let mut rows: Vec<(u64, u64, u64, u64, u64, u64)> =
        store.query(sql, &[programme.into(), from_ms.into(), until_ms.into()]).await?;
    let (joined, active, suspended, withdrawn, completed, courses) = rows.pop().unwrap_or_default();
    Ok([joined, active, suspended, withdrawn, completed, courses])
}
