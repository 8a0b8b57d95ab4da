//! What a campus got for its seats: enrolments that they paid for, added up by course, department or month.

use crate::period::Month;
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Store, StoreError};
use studium_proto::{
    campus::v1::{UsageGroup, UsageRow},
    enrolment::v1::{EnrolmentSource, EnrolmentState},
};

/// The months that a report is about, both inclusive.
#[derive(Debug, Clone, Copy)]
pub struct Months {
    pub first: Month,
    pub last: Month,
}

/// One enrolment that a seat paid for.
#[derive(Debug, Clone, Default)]
pub struct Enrolled {
    pub learner_id: String,
    pub course_id: String,
    pub department: String,
    pub state: i32,
    pub requested_at_ms: i64,
    pub ended_at_ms: i64,
}

/// What was done in one such enrolment in one month.
#[derive(Debug, Clone, Default)]
pub struct Done {
    pub learner_id: String,
    pub course_id: String,
    pub department: String,
    pub month: i32,
    pub minutes: i64,
}

/// All that a report is made of.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    pub enrolled: Vec<Enrolled>,
    pub done: Vec<Done>,
}

/// Rows that belong together, with the learners who are counted once.
#[derive(Default)]
struct Group<'a> {
    row: UsageRow,
    holding: BTreeSet<&'a str>,
    active: BTreeSet<&'a str>,
}

impl Group<'_> {
    fn row(self, key: String) -> UsageRow {
        UsageRow { key, seats_held: self.holding.len() as u32, learners_active: self.active.len() as u32, ..self.row }
    }
}

/// Adds up by what the rows stand for, and all in one row.
pub fn report(usage: &Usage, by: UsageGroup, months: Months) -> (Vec<UsageRow>, UsageRow) {
    let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
    let mut total = Group::default();
    let is_in = |month: Month| months.first <= month && month <= months.last;
    for it in &usage.enrolled {
        let (began, ended) = (Month::of(it.requested_at_ms), Month::of(it.ended_at_ms));
        let last = if it.ended_at_ms == 0 { months.last } else { ended.min(months.last) };
        let first = began.max(months.first);
        if first <= last {
            total.holding.insert(&it.learner_id);
            let held = if by == UsageGroup::Month { last.number() - first.number() + 1 } else { 1 };
            for month in (first.number()..).take(held as usize).map(Month::numbered) {
                let group = groups.entry(key(by, &it.course_id, &it.department, month)).or_default();
                group.holding.insert(&it.learner_id);
            }
        }
        if is_in(began) {
            let group = groups.entry(key(by, &it.course_id, &it.department, began)).or_default();
            group.row.enrolments += 1;
            total.row.enrolments += 1;
        }
        if it.ended_at_ms != 0 && is_in(ended) {
            let group = groups.entry(key(by, &it.course_id, &it.department, ended)).or_default();
            count_end(&mut group.row, it.state);
            count_end(&mut total.row, it.state);
        }
    }
    for it in usage.done.iter().filter(|it| is_in(Month::numbered(it.month))) {
        let key = key(by, &it.course_id, &it.department, Month::numbered(it.month));
        for group in [groups.entry(key).or_default(), &mut total] {
            group.row.minutes += it.minutes.max(0) as u64;
            group.active.insert(&it.learner_id);
        }
    }
    (groups.into_iter().map(|(key, it)| it.row(key)).collect(), total.row(String::new()))
}

fn key(by: UsageGroup, course: &str, department: &str, month: Month) -> String {
    match by {
        UsageGroup::Department => department.to_owned(),
        UsageGroup::Month => month.to_string(),
        UsageGroup::Course | UsageGroup::Unspecified => course.to_owned(),
    }
}

fn count_end(row: &mut UsageRow, state: i32) {
    match EnrolmentState::try_from(state) {
        Ok(EnrolmentState::Completed) => row.completed += 1,
        Ok(EnrolmentState::Failed) => row.failed += 1,
        Ok(EnrolmentState::Withdrawn) => row.withdrawn += 1,
        _ => {}
    }
}

/// Reads what a campus's seats paid for. Test users are left out.
pub async fn usage(store: &Store, campus_id: &str) -> Result<Usage, StoreError> {
    const FROM: &str =
        "FROM campus_enrolment_1 e LEFT JOIN member_1 m ON m.campus_id = e.sponsor_id AND m.learner_id = e.learner_id";
    const WHERE: &str = "WHERE e.sponsor_id = $1 AND e.source = $2 AND NOT COALESCE(m.test_user, $3)";
    let args = [campus_id.into(), (EnrolmentSource::CampusSeat as i32).into(), false.into()];
    let sql = format!(
        "SELECT e.learner_id, e.course_id, COALESCE(m.department, ''), e.state, e.requested_at_ms, e.ended_at_ms \
         {FROM} {WHERE}"
    );
    let rows: Vec<(String, String, String, i32, i64, i64)> = store.query(&sql, &args).await?;
    let enrolled = rows.into_iter().map(|(learner_id, course_id, department, state, requested_at_ms, ended_at_ms)| {
        Enrolled { learner_id, course_id, department, state, requested_at_ms, ended_at_ms }
    });
    let enrolled = enrolled.collect();
    let sql = format!(
        "SELECT e.learner_id, e.course_id, COALESCE(m.department, ''), a.month, a.minutes \
         {FROM} JOIN activity_1 a ON a.run_id = e.run_id AND a.learner_id = e.learner_id {WHERE}"
    );
    let rows: Vec<(String, String, String, i32, i64)> = store.query(&sql, &args).await?;
    let done = rows.into_iter().map(|(learner_id, course_id, department, month, minutes)| Done {
        learner_id,
        course_id,
        department,
        month,
        minutes,
    });
    Ok(Usage { enrolled, done: done.collect() })
}

#[cfg(test)]
mod tests;
