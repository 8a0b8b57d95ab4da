//! Every run of every course, as it stands.

use crate::course_run::move_to;
use prost::Message as _;
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, Value, View, row};
use studium_proto::catalogue::v1::{Run, RunState, course_run_event::Event};

row! {
    /// One run.
    pub struct RunRow {
        key { run_id: String }
        course_id: String,
        institution_id: String,
        state: i32,
        starts_at_ms: i64,
        /// The run, encoded.
        run: Vec<u8>,
    }
}

/// Every run.
pub struct Runs;

impl View for Runs {
    type Row = RunRow;
    const NAME: &'static str = "runs_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_by_course ON {table} (course_id, starts_at_ms)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RunRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let run_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| RunRow { run_id, ..RunRow::default() });
            let mut run = row.told();
            follow(&mut run, it);
            let plan = run.plan.clone().unwrap_or_default();
            row.course_id = plan.course_id;
            row.institution_id = plan.institution_id;
            row.starts_at_ms = plan.starts_at_ms;
            row.state = run.state;
            row.run = run.encode_to_vec();
        });
    }
}

fn follow(run: &mut Run, event: Event) {
    let plan = run.plan.get_or_insert_default();
    match event {
        Event::RunScheduled(it) => {
            *plan = it;
            run.set_state(RunState::Scheduled);
        }
        Event::RunRescheduled(it) => move_to(plan, &it),
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

impl RunRow {
    /// The run as it is shown.
    pub fn told(&self) -> Run {
        let run = Run::decode(self.run.as_slice()).unwrap_or_default();
        Run { run_id: self.run_id.clone(), ..run }
    }
}

/// One run, now or at a time (0 = now).
pub async fn run(store: &Store, run_id: &str, as_of_ms: i64) -> Result<Option<Run>, StoreError> {
    let mut rows: Vec<RunRow> = if as_of_ms == 0 {
        let sql = format!("SELECT {} FROM runs_1 WHERE run_id = $1", RunRow::COLUMN_LIST);
        store.query(&sql, &[run_id.into()]).await?
    } else {
        store.as_of::<Runs>("catalogue", &[format!("catalogue.course_run.{run_id}")], as_of_ms).await?
    };
    Ok(rows.pop().map(|it| it.told()))
}

/// Which runs to list.
pub struct Wanted<'a> {
    /// Only of this course; empty = all.
    pub course_id: &'a str,
    /// Only of this institution; empty = all.
    pub institution_id: &'a str,
    /// Only in this state; unspecified = all.
    pub state: RunState,
}

/// The runs after one that starts at a time, by start and id.
pub async fn list(store: &Store, wanted: &Wanted<'_>, after: (i64, &str), limit: u32) -> Result<Vec<Run>, StoreError> {
    let sql = format!(
        "SELECT {} FROM runs_1 WHERE ($1 = '' OR course_id = $1) AND ($2 = '' OR institution_id = $2) \
         AND ($3 = 0 OR state = $3) AND (starts_at_ms > $4 OR (starts_at_ms = $4 AND run_id > $5)) \
         ORDER BY starts_at_ms, run_id LIMIT $6",
        RunRow::COLUMN_LIST
    );
    let state = i64::from(i32::from(wanted.state));
    let args: [Value; 6] =
        [wanted.course_id.into(), wanted.institution_id.into(), state.into(), after.0.into(), after.1.into(), limit.into()];
    let rows: Vec<RunRow> = store.query(&sql, &args).await?;
    Ok(rows.iter().map(RunRow::told).collect())
}
