//! Counts over enrolments: states, outcomes and the funnel, for a run, a course, or all of them.

use crate::enrolments::EnrolmentRow;
use studium_kit::{FromRow, Page, Store, StoreError, Value};
use studium_proto::enrolment::v1::{EnrolmentState, Outcome, Statistics};

/// What is counted, in the order of [`Counts`].
const COUNTS: &str = "COUNT(*), \
    COUNT(*) FILTER (WHERE state = 1), COUNT(*) FILTER (WHERE state = 2), COUNT(*) FILTER (WHERE state = 3), \
    COUNT(*) FILTER (WHERE state = 4), COUNT(*) FILTER (WHERE state = 5), COUNT(*) FILTER (WHERE state = 6), \
    COUNT(*) FILTER (WHERE state = 7), COUNT(*) FILTER (WHERE state = 8), COUNT(*) FILTER (WHERE state = 9), \
    COUNT(*) FILTER (WHERE outcome = 1), COUNT(*) FILTER (WHERE outcome = 2), \
    COUNT(*) FILTER (WHERE requested_at_ms > 0), COUNT(*) FILTER (WHERE active_at_ms > 0), \
    COUNT(*) FILTER (WHERE started_at_ms > 0), COUNT(*) FILTER (WHERE results > 0)";

/// A line of counts as the database answers it: run, course, then the counts.
struct Counts(Statistics);

impl FromRow for Counts {
    fn from_row(row: Vec<Value>) -> Result<Self, StoreError> {
        let mut row = row.into_iter();
        let mut text = || match row.next() {
            Some(Value::Text(it)) => it,
            _ => String::new(),
        };
        let (run_id, course_id) = (text(), text());
        let mut count = || match row.next() {
            Some(Value::Int(it)) => it as u64,
            _ => 0,
        };
        Ok(Self(Statistics {
            run_id,
            course_id,
            total: count(),
            requested: count(),
            invited: count(),
            waitlisted: count(),
            active: count(),
            suspended: count(),
            withdrawn: count(),
            completed: count(),
            failed: count(),
            expired: count(),
            passed: count(),
            distinction: count(),
            ever_requested: count(),
            ever_active: count(),
            ever_started: count(),
            ever_assessed: count(),
        }))
    }
}

/// What to count: empty = all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only courses of this institution.
    pub institution_id: String,
    /// Only this course.
    pub course_id: String,
}

const WHERE: &str = "($1 = '' OR institution_id = $1) AND ($2 = '' OR course_id = $2)";

/// A line for each run, by run.
pub async fn by_run(store: &Store, filter: &Filter, page: &Page) -> Result<Vec<Statistics>, StoreError> {
    let sql = format!(
        "SELECT run_id, course_id, {COUNTS} FROM enrolment_1 WHERE {WHERE} AND run_id > $3 \
         GROUP BY run_id, course_id ORDER BY run_id LIMIT $4"
    );
    listed(store, &sql, filter, page).await
}

/// A line for each course, by course.
pub async fn by_course(store: &Store, filter: &Filter, page: &Page) -> Result<Vec<Statistics>, StoreError> {
    let sql = format!(
        "SELECT '', course_id, {COUNTS} FROM enrolment_1 WHERE {WHERE} AND course_id > $3 \
         GROUP BY course_id ORDER BY course_id LIMIT $4"
    );
    listed(store, &sql, filter, page).await
}

async fn listed(store: &Store, sql: &str, filter: &Filter, page: &Page) -> Result<Vec<Statistics>, StoreError> {
    let Filter { institution_id, course_id } = filter;
    let args = [institution_id.into(), course_id.into(), page.after.as_str().into(), page.size.into()];
    let rows: Vec<Counts> = store.query(sql, &args).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}

/// Everything together.
pub async fn total(store: &Store, filter: &Filter) -> Result<Statistics, StoreError> {
    let sql = format!("SELECT '', '', {COUNTS} FROM enrolment_1 WHERE {WHERE}");
    let args = [filter.institution_id.as_str().into(), filter.course_id.as_str().into()];
    let rows: Vec<Counts> = store.query(&sql, &args).await?;
    Ok(rows.into_iter().next().map(|it| it.0).unwrap_or_default())
}

/// One run.
pub async fn of_run(store: &Store, run_id: &str) -> Result<Statistics, StoreError> {
    let sql = format!("SELECT run_id, MAX(course_id), {COUNTS} FROM enrolment_1 WHERE run_id = $1 GROUP BY run_id");
    let rows: Vec<Counts> = store.query(&sql, &[run_id.into()]).await?;
    let none = || Statistics { run_id: run_id.to_owned(), ..Statistics::default() };
    Ok(rows.into_iter().next().map_or_else(none, |it| it.0))
}

/// The same counts over rows in hand, for a time in the past.
pub fn count(run_id: &str, rows: &[EnrolmentRow]) -> Statistics {
    let states = |state: EnrolmentState| rows.iter().filter(|it| it.state == state as i32).count() as u64;
    let of = |meets: fn(&EnrolmentRow) -> bool| rows.iter().filter(|it| meets(it)).count() as u64;
    Statistics {
        run_id: run_id.to_owned(),
        course_id: rows.first().map(|it| it.course_id.clone()).unwrap_or_default(),
        total: rows.len() as u64,
        requested: states(EnrolmentState::Requested),
        invited: states(EnrolmentState::Invited),
        waitlisted: states(EnrolmentState::Waitlisted),
        active: states(EnrolmentState::Active),
        suspended: states(EnrolmentState::Suspended),
        withdrawn: states(EnrolmentState::Withdrawn),
        completed: states(EnrolmentState::Completed),
        failed: states(EnrolmentState::Failed),
        expired: states(EnrolmentState::Expired),
        passed: of(|it| it.outcome == Outcome::Passed as i32),
        distinction: of(|it| it.outcome == Outcome::Distinction as i32),
        ever_requested: of(|it| it.requested_at_ms > 0),
        ever_active: of(|it| it.active_at_ms > 0),
        ever_started: of(|it| it.started_at_ms > 0),
        ever_assessed: of(|it| it.results > 0),
    }
}
