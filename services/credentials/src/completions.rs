//! What learners completed, with the events that say so: on these a credential rests.

use crate::award::Completed;
use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Dialect, Event as _, Json, Recorded, Store, StoreError, View, hex, places, row};
use studium_proto::{
    credentials::v1::{AchievementSource, AwardGrade, EvidenceEvent},
    enrolment::v1::{
        EnrolmentMode, Outcome, enrolment_event::Event, programme_enrolment_event::Event as ProgrammeEvent,
    },
};

row! {
    /// One learner in one course run or programme.
    pub struct CompletionRow {
        key { learner_id: String, source: i32, completed_id: String }
        /// The course or programme.
        source_id: String,
        source_version: u32,
        institution_id: String,
        is_complete: bool,
        is_audit: bool,
        grade: i32,
        grade_millipoints: Option<u32>,
        identity_verified: bool,
        started_ms: i64,
        completed_ms: i64,
        evidence: Json<Vec<Evidence>>,
        /// The course runs that make a programme complete.
        parts: Json<Vec<String>>,
    }
}

/// One event on which a credential would rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    commit_id: String,
    sha256: String,
    position: u64,
    name: String,
    at_ms: i64,
}

impl Evidence {
    fn of(event: &Recorded<'_>, name: &str) -> Self {
        Self {
            commit_id: event.commit().id.clone(),
            sha256: hex(&event.hash()),
            position: event.position(),
            name: name.to_owned(),
            at_ms: event.at_ms(),
        }
    }
}

/// Completions by learner.
pub struct Completions;

impl View for Completions {
    type Row = CompletionRow;
    const NAME: &'static str = "completion_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_source ON {table} (source_id) WHERE is_complete".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CompletionRow>) {
        let Some((completed_id, learner_id)) = event.id().split_once('~') else { return };
        let (at, completed, learner) = (event.at_ms(), completed_id.to_owned(), learner_id.to_owned());
        let new = move |source: AchievementSource| CompletionRow {
            learner_id: learner,
            source: source as i32,
            completed_id: completed,
            ..CompletionRow::default()
        };
        if let Some(it) = event.read::<Event>() {
            if !is_evidence(&it) {
                return;
            }
            let (source, proof) = (AchievementSource::Course, Evidence::of(event, it.name()));
            rows.row((learner_id, source as i32, completed_id), move |row| {
                row.get_or_insert_with(|| new(source)).enrolment(it, at, proof);
            });
        } else if let Some(it) = event.read::<ProgrammeEvent>() {
            let (source, proof) = (AchievementSource::Programme, Evidence::of(event, it.name()));
            rows.row((learner_id, source as i32, completed_id), move |row| {
                row.get_or_insert_with(|| new(source)).programme(it, at, proof);
            });
        }
    }
}

/// Whether an event says something on which a credential would rest.
fn is_evidence(event: &Event) -> bool {
    matches!(event, Event::EnrolmentActivated(_) | Event::ResultRecorded(_) | Event::EnrolmentCompleted(_))
}

impl CompletionRow {
    fn enrolment(&mut self, event: Event, at: i64, proof: Evidence) {
        self.evidence.0.push(proof);
        match event {
            Event::EnrolmentActivated(_) if self.started_ms == 0 => self.started_ms = at,
            Event::EnrolmentCompleted(it) => {
                self.is_audit = it.mode() == EnrolmentMode::Audit;
                self.grade = grade(it.outcome()) as i32;
                self.grade_millipoints = it.grade_millipoints;
                self.identity_verified = it.identity_verified;
                (self.source_id, self.source_version) = (it.course_id, it.course_version);
                (self.institution_id, self.completed_ms, self.is_complete) = (it.institution_id, at, true);
            }
            _ => {}
        }
    }

    fn programme(&mut self, event: ProgrammeEvent, at: i64, proof: Evidence) {
        match event {
            ProgrammeEvent::ProgrammeJoined(_) => {
                self.started_ms = at;
                self.evidence.0.push(proof);
            }
            ProgrammeEvent::ProgrammeCourseCompleted(it) => {
                self.evidence.0.push(proof);
                self.parts.0.push(it.run_id);
            }
            ProgrammeEvent::ProgrammeCompleted(it) => {
                self.evidence.0.push(proof);
                self.grade = AwardGrade::Pass as i32;
                (self.source_id, self.source_version) = (self.completed_id.clone(), it.programme_version);
                (self.institution_id, self.completed_ms, self.is_complete) = (it.institution_id, at, true);
            }
            _ => {}
        }
    }

    /// What an award rests on.
    pub fn completed(&self) -> Completed {
        Completed {
            grade_millipoints: self.grade_millipoints,
            is_audit: self.is_audit,
            identity_verified: self.identity_verified,
        }
    }

    /// The events, oldest first.
    pub fn evidence(&self) -> Vec<EvidenceEvent> {
        let event = |it: &Evidence| EvidenceEvent {
            commit_id: it.commit_id.clone(),
            sha256: it.sha256.clone(),
            stream: "enrolment".to_owned(),
            position: it.position,
            name: it.name.clone(),
            at_ms: it.at_ms,
        };
        self.evidence.0.iter().map(event).collect()
    }
}

fn grade(outcome: Outcome) -> AwardGrade {
    match outcome {
        Outcome::Unspecified => AwardGrade::Unspecified,
        Outcome::Passed => AwardGrade::Pass,
        Outcome::Distinction => AwardGrade::Distinction,
    }
}

/// How a learner completed a version of something: the latest time, if there was one.
pub async fn completion(
    store: &Store,
    learner_id: &str,
    source: AchievementSource,
    source_id: &str,
    version: u32,
) -> Result<Option<CompletionRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM completion_1 WHERE learner_id = $1 AND source = $2 AND source_id = $3 AND source_version = $4 \
         AND is_complete ORDER BY completed_ms DESC LIMIT 1",
        CompletionRow::COLUMN_LIST
    );
    let values = [learner_id.into(), (source as i32).into(), source_id.into(), version.into()];
    let mut row: Option<CompletionRow> = store.query(&sql, &values).await?.pop();
    if let Some(row) = row.as_mut().filter(|_| source == AchievementSource::Programme) {
        row.identity_verified = is_identified(store, learner_id, &row.parts.0).await?;
    }
    Ok(row)
}

/// Whether the learner was identified at the assessments of all these course runs: so it is with their programme.
async fn is_identified(store: &Store, learner_id: &str, runs: &[String]) -> Result<bool, StoreError> {
    if runs.is_empty() {
        return Ok(false);
    }
    let sql = format!(
        "SELECT completed_id FROM completion_1 WHERE learner_id = $1 AND source = $2 AND is_complete \
         AND identity_verified AND completed_id IN ({})",
        places(3, runs.len())
    );
    let mut values = vec![learner_id.into(), (AchievementSource::Course as i32).into()];
    values.extend(runs.iter().map(Into::into));
    let identified: Vec<(String,)> = store.query(&sql, &values).await?;
    Ok(runs.iter().all(|run| identified.iter().any(|it| it.0 == *run)))
}

/// Who completed a version of something.
pub async fn learners(
    store: &Store,
    (source, source_id, version): (AchievementSource, &str, u32),
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT learner_id FROM completion_1 WHERE source_id = $1 AND source = $2 AND source_version = $3 \
               AND is_complete ORDER BY learner_id";
    let rows: Vec<(String,)> = store.query(sql, &[source_id.into(), (source as i32).into(), version.into()]).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}
