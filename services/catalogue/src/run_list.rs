//! The runs of courses: dates, seats, state, and how they are assessed.

use crate::{message::Message, page::Page};
use std::{fmt, str::FromStr};
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{Run, RunState, course_run_event::Event};

row! {
    /// One run.
    pub struct RunRow {
        key { run_id: String }
        course_id: String,
        institution_id: String,
        starts_at_ms: i64,
        state: i32,
        run: Message<Run>,
    }
}

/// All runs.
pub struct RunList;

impl View for RunList {
    type Row = RunRow;
    const NAME: &'static str = "run_list_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_by_start ON {table} (starts_at_ms, run_id)".to_owned(),
            "CREATE INDEX {table}_by_course ON {table} (course_id, starts_at_ms, run_id)".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RunRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let run_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| RunRow { run_id, ..RunRow::default() });
            row.run.0.run_id.clone_from(&row.run_id);
            change(&mut row.run.0, it);
            let plan = row.run.0.plan.get_or_insert_default();
            row.course_id.clone_from(&plan.course_id);
            row.institution_id.clone_from(&plan.institution_id);
            row.starts_at_ms = plan.starts_at_ms;
            row.state = row.run.0.state;
        });
    }
}

fn change(run: &mut Run, event: Event) {
    let plan = run.plan.get_or_insert_default();
    match event {
        Event::RunScheduled(it) => {
            *plan = it;
            run.set_state(RunState::Scheduled);
        }
        Event::RunRescheduled(it) => {
            plan.starts_at_ms = it.starts_at_ms;
            plan.ends_at_ms = it.ends_at_ms;
            plan.enrol_from_ms = it.enrol_from_ms;
            plan.enrol_until_ms = it.enrol_until_ms;
        }
        Event::RunCapacitySet(it) => {
            plan.capacity = it.capacity;
            plan.waiting_list = it.waiting_list;
        }
        Event::RunRestrictionsSet(it) => plan.restrictions = it.restrictions,
        Event::AssessmentSchemeSet(it) => run.scheme = Some(it),
        Event::RunOpened(it) => {
            run.course_version = it.course_version;
            run.reason.clear();
            run.set_state(RunState::Open);
        }
        Event::RunClosed(it) => {
            run.reason = it.reason;
            run.set_state(RunState::Closed);
        }
        Event::RunCancelled(it) => {
            run.reason = it.reason;
            run.set_state(RunState::Cancelled);
        }
        Event::RunEnded(_) => run.set_state(RunState::Ended),
    }
}

/// What runs are ordered by: start in Unix milliseconds, then id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start(pub i64, pub String);

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl FromStr for Start {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (start, id) = text.split_once('.').ok_or(())?;
        Ok(Self(start.parse().map_err(drop)?, id.to_owned()))
    }
}

/// A page of runs by start, then id: of a course, of an institution (empty = all), in one state (unspecified = all).
pub async fn runs(
    store: &Store,
    course_id: &str,
    institution_id: &str,
    state: RunState,
    page: &Page<Start>,
) -> Result<(Vec<Run>, String), StoreError> {
    let sql = "SELECT run FROM run_list_1 WHERE ($1 = '' OR course_id = $1) AND ($2 = '' OR institution_id = $2) \
               AND ($3 = 0 OR state = $3) AND (starts_at_ms, run_id) > ($4, $5) \
               ORDER BY starts_at_ms, run_id LIMIT $6";
    let Start(start, id) = page.after.clone().unwrap_or(Start(i64::MIN, String::new()));
    let args = [
        course_id.into(),
        institution_id.into(),
        i32::from(state).into(),
        start.into(),
        id.into(),
        page.limit().into(),
    ];
    let rows: Vec<(Message<Run>,)> = store.query(sql, &args).await?;
    let rows = rows.into_iter().map(|it| it.0.0).collect();
    Ok(page.cut(rows, |it: &Run| Start(it.plan.as_ref().map_or(0, |plan| plan.starts_at_ms), it.run_id.clone())))
}

/// One run.
pub async fn run(store: &Store, run_id: &str) -> Result<Option<Run>, StoreError> {
    let rows: Vec<(Message<Run>,)> =
        store.query("SELECT run FROM run_list_1 WHERE run_id = $1", &[run_id.into()]).await?;
    Ok(rows.into_iter().next().map(|it| it.0.0))
}

/// One run as it was at a time, Unix milliseconds.
pub async fn run_as_of(store: &Store, run_id: &str, at_ms: i64) -> Result<Option<Run>, StoreError> {
    let subjects = [format!("catalogue.course_run.{run_id}")];
    let rows = store.as_of::<RunList>("catalogue", &subjects, at_ms).await?;
    Ok(rows.into_iter().next().map(|it| it.run.0))
}
