//! How learners come on in runs, who watches over them, and what is to be said of it next: one row for each enrolment.

use crate::risk_due;
use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::{
    enrolment::v1::{Attendance, EnrolmentMode, EnrolmentState, ResultRecorded, enrolment_event::Event},
    mentorship::v1::{
        BestScore, CourseProgress, RiskKind, RiskSignalled, RiskWatchBegan, risk_event::Event as RiskEvent,
    },
};

row! {
    /// One learner in one run. The state is a number of enrolment's enum; `due_fact` is what is to be said at `due_ms`
    /// of the learner in `due_programme_id`.
    pub struct MenteeProgressRow {
        key { learner_id: String, run_id: String }
        course_id: String,
        state: i32,
        audits: bool,
        active_at_ms: i64,
        last_activity_at_ms: i64,
        activity_position: u64,
        minutes: u32,
        modules_completed: u32,
        grade_millipoints: Option<u32>,
        ended_at_ms: i64,
        results: Json<Vec<Attempt>>,
        watches: Json<Vec<Watch>>,
        watched: bool,
        signals: Json<Vec<OpenSignal>>,
        recorded_at_ms: i64,
        due_ms: i64,
        due_programme_id: String,
        due_fact: String,
    }
}

/// One attempt at one assessment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The assessment.
    pub id: String,
    /// First, second, third … try.
    #[serde(rename = "n")]
    pub number: u32,
    /// Thousandths of a percent.
    pub score: Option<u32>,
    /// When it was recorded, Unix milliseconds.
    pub at: i64,
    /// Where in the enrolment stream.
    #[serde(rename = "pos")]
    pub position: u64,
    /// Carried over from an earlier run.
    pub banked: bool,
}

impl Attempt {
    /// It has a score that was reached in this run.
    pub fn is_earned(&self) -> bool {
        !self.banked && self.score.is_some()
    }
}

/// The watch of one mentorship over the learner in the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The programme.
    pub programme: String,
    /// Nothing from before counts.
    pub since: i64,
    /// The run starts then.
    pub starts: i64,
    /// Thresholds of silence, rising.
    pub days: Vec<u32>,
    /// The pass mark.
    pub pass: u32,
    /// Assessments and when they are due.
    pub dues: Vec<(String, i64)>,
    /// The number of the last signal that was raised while it was watched.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub told: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_zero(it: &u32) -> bool {
    *it == 0
}

/// A signal that is not cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSignal {
    /// The programme.
    pub programme: String,
    /// Its number there.
    pub signal: u32,
    kind: i32,
    /// The assessment, or empty.
    pub assessment: String,
    /// The threshold, or 0.
    pub days: u32,
    /// The beginning of the silence, or 0.
    pub since: i64,
    /// The pass mark, or 0.
    pub pass: u32,
    /// The due date, or 0.
    pub due: i64,
}

impl OpenSignal {
    /// What it says.
    pub fn kind(&self) -> RiskKind {
        RiskKind::try_from(self.kind).unwrap_or_default()
    }

    /// As the event says it.
    pub fn new(programme: String, it: RiskSignalled) -> Self {
        Self {
            programme,
            signal: it.signal,
            kind: it.kind,
            assessment: it.assessment_id,
            days: it.days,
            since: it.silent_since_ms,
            pass: it.pass_mark_millipoints,
            due: it.due_at_ms,
        }
    }
}

/// Enrolments by learner and run.
pub struct MenteeProgress;

impl View for MenteeProgress {
    type Row = MenteeProgressRow;
    const NAME: &'static str = "mentee_progress_1";
    const STREAMS: &'static [&'static str] = &["enrolment", "mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_watched ON {table} (run_id) WHERE watched".to_owned(),
            "CREATE INDEX {table}_due ON {table} (due_ms) WHERE due_ms > 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MenteeProgressRow>) {
        let Some((scope, learner)) = event.id().split_once('~') else { return };
        let recorded = event.commit().recorded_at_ms;
        let mut change = |run: &str, change: Box<dyn FnOnce(&mut MenteeProgressRow) + Send>| {
            let (learner_id, run_id) = (learner.to_owned(), run.to_owned());
            rows.row((learner, run), move |row| {
                let new = || MenteeProgressRow { learner_id, run_id, ..MenteeProgressRow::default() };
                let row = row.get_or_insert_with(new);
                change(row);
                row.recorded_at_ms = row.recorded_at_ms.max(recorded);
                row.settle();
            });
        };
        if let Some(it) = event.read::<Event>() {
            let (at, position) = (event.at_ms(), event.position());
            change(scope, Box::new(move |row| row.take_in(it, at, position)));
        }
        let programme = scope.to_owned();
        match event.read::<RiskEvent>() {
            Some(RiskEvent::RiskWatchBegan(it)) => {
                change(&it.run_id.clone(), Box::new(move |row| row.watch_began(programme, it)));
            }
            Some(RiskEvent::RiskWatchEnded(it)) => {
                for run in it.run_ids {
                    let programme = programme.clone();
                    change(&run, Box::new(move |row| row.watches.0.retain(|it| it.programme != programme)));
                }
            }
            Some(RiskEvent::RiskSignalled(it)) => {
                change(&it.run_id.clone(), Box::new(move |row| row.signalled(programme, it)));
            }
            Some(RiskEvent::RiskCleared(it)) => {
                let is_it = move |open: &OpenSignal| open.programme == programme && open.signal == it.signal;
                change(&it.run_id, Box::new(move |row| row.signals.0.retain(|open| !is_it(open))));
            }
            Some(RiskEvent::RiskAcknowledged(_)) | None => {}
        }
    }
}

impl MenteeProgressRow {
    fn take_in(&mut self, event: Event, at: i64, position: u64) {
        match event {
            Event::EnrolmentRequested(it) => {
                self.course_id = it.course_id;
                self.audits = it.mode == EnrolmentMode::Audit as i32;
                self.stand(EnrolmentState::Requested);
            }
            Event::EnrolmentWaitlisted(_) => self.stand(EnrolmentState::Waitlisted),
            Event::EnrolmentReinstated(it) if it.seat_needed => self.stand(EnrolmentState::Requested),
            Event::EnrolmentActivated(_) | Event::EnrolmentReinstated(_) => self.activated(at),
            Event::EnrolmentSuspended(_) => self.stand(EnrolmentState::Suspended),
            Event::ModeChanged(it) => self.audits = it.mode == EnrolmentMode::Audit as i32,
            Event::EnrolmentStarted(_) => self.active(at, position),
            Event::ProgressRecorded(it) => {
                self.minutes = self.minutes.saturating_add(it.added_minutes);
                self.modules_completed += u32::from(it.completed_now);
                self.active(at, position);
            }
            Event::AttendanceRecorded(it) if it.attendance() == Attendance::Present => self.active(at, position),
            Event::ResultRecorded(it) => self.result(it, at, position),
            Event::InvitationDeclined(_) | Event::EnrolmentWithdrawn(_) | Event::EnrolmentDeferred(_) => {
                self.end(EnrolmentState::Withdrawn, at);
            }
            Event::EnrolmentCompleted(it) => {
                self.end(EnrolmentState::Completed, at);
                self.grade_millipoints = it.grade_millipoints;
            }
            Event::EnrolmentFailed(it) => {
                self.end(EnrolmentState::Failed, at);
                self.grade_millipoints = it.grade_millipoints;
            }
            Event::EnrolmentExpired(_) => self.end(EnrolmentState::Expired, at),
            _ => {}
        }
    }

    fn stand(&mut self, state: EnrolmentState) {
        self.state = state as i32;
        (self.ended_at_ms, self.grade_millipoints) = (0, None);
    }

    fn activated(&mut self, at: i64) {
        self.stand(EnrolmentState::Active);
        self.active_at_ms = at;
    }

    fn end(&mut self, state: EnrolmentState, at: i64) {
        self.state = state as i32;
        self.ended_at_ms = at;
    }

    fn active(&mut self, at: i64, position: u64) {
        if at > self.last_activity_at_ms {
            (self.last_activity_at_ms, self.activity_position) = (at, position);
        }
    }

    fn result(&mut self, it: ResultRecorded, at: i64, position: u64) {
        if !it.banked {
            // Who records it late does not make the learner active late.
            let handed_in = if it.submitted_at_ms > 0 { it.submitted_at_ms } else { at };
            self.active(handed_in, position);
        }
        let (score, banked) = (it.score_millipoints, it.banked);
        let attempt = Attempt { id: it.assessment_id, number: it.attempt, score, at, position, banked };
        self.results.0.retain(|old| (&old.id, old.number) != (&attempt.id, attempt.number));
        self.results.0.push(attempt);
    }

    fn watch_began(&mut self, programme: String, it: RiskWatchBegan) {
        let told = self.watch(&programme).map_or(0, |it| it.told);
        self.watches.0.retain(|it| it.programme != programme);
        let dues = it.assessments.into_iter().map(|it| (it.assessment_id, it.due_at_ms)).collect();
        let (days, pass) = (it.risk_days, it.pass_mark_millipoints);
        let watch = Watch { programme, since: it.since_ms, starts: it.starts_at_ms, days, pass, dues, told };
        self.watches.0.push(watch);
    }

    fn signalled(&mut self, programme: String, it: RiskSignalled) {
        if let Some(watch) = self.watches.0.iter_mut().find(|it| it.programme == programme) {
            watch.told = it.signal;
        }
        self.signals.0.push(OpenSignal::new(programme, it));
    }

    /// Says what is due, which follows from the rest.
    fn settle(&mut self) {
        self.watched = !self.watches.0.is_empty();
        (self.due_ms, self.due_programme_id, self.due_fact) = match risk_due::next(self) {
            Some(it) => (it.at_ms, it.programme_id, it.fact.text()),
            None => (0, String::new(), String::new()),
        };
    }

    /// All attempts at an assessment.
    pub fn attempts<'a>(&'a self, assessment: &str) -> impl Iterator<Item = &'a Attempt> {
        self.results.0.iter().filter(move |it| it.id == assessment)
    }

    /// The attempt with the best score; the earliest of them.
    pub fn best(&self, assessment: &str) -> Option<&Attempt> {
        self.attempts(assessment).max_by_key(|it| (it.score, -it.at))
    }

    /// The watch of a mentorship.
    pub fn watch(&self, programme: &str) -> Option<&Watch> {
        self.watches.0.iter().find(|it| it.programme == programme)
    }

    /// What is not cleared of a mentorship.
    pub fn open<'a>(&'a self, programme: &str) -> impl Iterator<Item = &'a OpenSignal> {
        self.signals.0.iter().filter(move |it| it.programme == programme)
    }

    /// As it is shown.
    pub fn shown(&self) -> CourseProgress {
        let mut ids: Vec<_> = self.results.0.iter().map(|it| it.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let score = |id: &str| BestScore {
            assessment_id: id.to_owned(),
            attempts: self.attempts(id).count() as u32,
            score_millipoints: self.best(id).and_then(|it| it.score),
        };
        CourseProgress {
            run_id: self.run_id.clone(),
            course_id: self.course_id.clone(),
            enrolment_state: self.state,
            modules_completed: self.modules_completed,
            minutes: self.minutes,
            last_activity_at_ms: self.last_activity_at_ms,
            active_at_ms: self.active_at_ms,
            ended_at_ms: self.ended_at_ms,
            grade_millipoints: self.grade_millipoints,
            scores: ids.into_iter().map(score).collect(),
        }
    }
}

/// A learner's enrolments, by run.
pub async fn of_learner(store: &Store, learner_id: &str) -> Result<Vec<MenteeProgressRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentee_progress_1 WHERE learner_id = $1 ORDER BY run_id",
        MenteeProgressRow::COLUMN_LIST
    );
    store.query(&sql, &[learner_id.into()]).await
}

/// The enrolments of a mentor's mentees, by learner and run.
pub async fn of_mentor(store: &Store, mentor_id: &str) -> Result<Vec<MenteeProgressRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentee_progress_1 WHERE learner_id IN \
         (SELECT learner_id FROM mentorship_1 WHERE mentor_id = $1) ORDER BY learner_id, run_id",
        MenteeProgressRow::COLUMN_LIST
    );
    store.query(&sql, &[mentor_id.into()]).await
}

/// Those who are watched in a run.
pub async fn watched_in(store: &Store, run_id: &str) -> Result<Vec<MenteeProgressRow>, StoreError> {
    let sql = format!("SELECT {} FROM mentee_progress_1 WHERE run_id = $1 AND watched", MenteeProgressRow::COLUMN_LIST);
    store.query(&sql, &[run_id.into()]).await
}
