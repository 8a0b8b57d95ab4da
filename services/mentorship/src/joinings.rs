//! Who joined which programme or course run, and what came of it: every turn with its time, so that any date can be told.

use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::{
    enrolment::v1::{enrolment_event::Event as RunEvent, programme_enrolment_event::Event as ProgrammeEvent},
    mentorship::v1::OutcomeScope,
};

row! {
    /// One learner in one programme or run.
    pub struct JoiningRow {
        key { in_run: bool, scope_id: String, learner_id: String }
        course_id: String,
        institution_id: String,
        turns: Json<Vec<(i64, Turn)>>,
    }
}

/// What can happen to a learner in a programme or run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turn {
    /// Joined.
    #[serde(rename = "j")]
    Joined,
    /// May not go on for now.
    #[serde(rename = "r")]
    Rests,
    /// May go on, or is back after having left.
    #[serde(rename = "b")]
    Back,
    /// Left.
    #[serde(rename = "l")]
    Left,
    /// Graduated, or passed.
    #[serde(rename = "g")]
    Graduated,
    /// Did not pass, or expired.
    #[serde(rename = "f")]
    Failed,
}

/// One stay of a learner, as it was at a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// From then.
    pub joined_ms: i64,
    /// Until then, and how it ended: left, graduated or failed.
    pub ended: Option<(i64, Turn)>,
    /// Rests at the date.
    pub rests: bool,
}

/// Joinings by programme or run and learner.
pub struct Joinings;

impl View for Joinings {
    type Row = JoiningRow;
    const NAME: &'static str = "outcome_joining_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_course ON {table} (course_id) WHERE course_id <> ''".to_owned(),
            "CREATE INDEX {table}_institution ON {table} (institution_id)".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<JoiningRow>) {
        let Some((scope, learner)) = event.id().split_once('~') else { return };
        let at = event.at_ms();
        if let Some(it) = event.read::<ProgrammeEvent>() {
            let Some(turn) = turn_of_programme(&it) else { return };
            let institution = match it {
                ProgrammeEvent::ProgrammeJoined(it) => Some(it.institution_id),
                _ => None,
            };
            change(rows, (false, scope, learner), move |row| {
                if let Some(it) = institution {
                    row.institution_id = it;
                }
                row.turns.0.push((at, turn));
            });
        } else if let Some(it) = event.read::<RunEvent>() {
            if let RunEvent::EnrolmentRequested(it) = it {
                change(rows, (true, scope, learner), move |row| {
                    (row.course_id, row.institution_id) = (it.course_id, it.institution_id);
                });
            } else if let Some(turn) = turn_of_run(&it) {
                change(rows, (true, scope, learner), move |row| row.run_turns(turn, at));
            }
        }
    }
}

fn change(
    rows: &mut Changes<JoiningRow>,
    (in_run, scope, learner): (bool, &str, &str),
    how: impl FnOnce(&mut JoiningRow) + Send + 'static,
) {
    let (scope_id, learner_id) = (scope.to_owned(), learner.to_owned());
    rows.row((in_run, scope, learner), move |row| {
        how(row.get_or_insert_with(|| JoiningRow { in_run, scope_id, learner_id, ..JoiningRow::default() }));
    });
}

fn turn_of_programme(event: &ProgrammeEvent) -> Option<Turn> {
    match event {
        ProgrammeEvent::ProgrammeJoined(_) => Some(Turn::Joined),
        ProgrammeEvent::ProgrammeSuspended(_) => Some(Turn::Rests),
        ProgrammeEvent::ProgrammeReinstated(_) => Some(Turn::Back),
        ProgrammeEvent::ProgrammeWithdrawn(_) => Some(Turn::Left),
        ProgrammeEvent::ProgrammeCompleted(_) => Some(Turn::Graduated),
        _ => None,
    }
}

/// Who moves to another run left this one.
fn turn_of_run(event: &RunEvent) -> Option<Turn> {
    match event {
        RunEvent::EnrolmentActivated(_) => Some(Turn::Joined),
        RunEvent::EnrolmentSuspended(_) => Some(Turn::Rests),
        RunEvent::EnrolmentReinstated(it) if !it.seat_needed => Some(Turn::Back),
        RunEvent::EnrolmentWithdrawn(_) | RunEvent::EnrolmentDeferred(_) => Some(Turn::Left),
        RunEvent::EnrolmentCompleted(_) => Some(Turn::Graduated),
        RunEvent::EnrolmentFailed(_) | RunEvent::EnrolmentExpired(_) => Some(Turn::Failed),
        _ => None,
    }
}

impl JoiningRow {
    /// A run is joined once: who comes back, with or without another seat, goes on.
    fn run_turns(&mut self, turn: Turn, at: i64) {
        let was_in = !self.turns.0.is_empty();
        match turn {
            Turn::Joined if was_in => self.turns.0.push((at, Turn::Back)),
            Turn::Joined => self.turns.0.push((at, turn)),
            // Who was never in the run cannot leave it.
            _ if was_in => self.turns.0.push((at, turn)),
            _ => {}
        }
    }

    /// The stays of the learner as they were at a date, in order.
    pub fn stays(&self, as_of_ms: i64) -> Vec<Stay> {
        let mut stays: Vec<Stay> = Vec::new();
        for (at, turn) in self.turns.0.iter().filter(|it| it.0 <= as_of_ms) {
            if *turn == Turn::Joined {
                stays.push(Stay { joined_ms: *at, ended: None, rests: false });
                continue;
            }
            let Some(stay) = stays.last_mut() else { continue };
            match turn {
                Turn::Rests => stay.rests = true,
                Turn::Back => (stay.ended, stay.rests) = (None, false),
                end => (stay.ended, stay.rests) = (Some((*at, *end)), false),
            }
        }
        stays
    }
}

/// What is asked about.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Programmes, runs, or all runs of a course.
    pub kind: OutcomeScope,
    /// Which one; empty = all.
    pub id: String,
    /// Only of this institution; empty = no matter whose.
    pub institution_id: String,
}

/// Which joinings a scope has: parameters $1 to $4.
const WHERE: &str = "j.in_run = $1 AND ($2 = '' OR j.scope_id = $2) AND ($3 = '' OR j.course_id = $3) \
                     AND ($4 = '' OR j.institution_id = $4)";

impl Scope {
    /// What `WHERE` is asked with.
    fn args(&self) -> [studium_kit::Value; 4] {
        let (scope, course) = match self.kind {
            OutcomeScope::Course => ("", self.id.as_str()),
            _ => (self.id.as_str(), ""),
        };
        let in_run = matches!(self.kind, OutcomeScope::Run | OutcomeScope::Course);
        [in_run.into(), scope.into(), course.into(), self.institution_id.as_str().into()]
    }

    /// A condition on table `t` of mentorships that belong to joinings of this scope.
    pub fn mentorships(&self) -> (String, [studium_kit::Value; 4]) {
        let condition = format!(
            "EXISTS (SELECT 1 FROM outcome_joining_1 j WHERE j.scope_id = t.programme_id \
             AND j.learner_id = t.learner_id AND {WHERE})"
        );
        (condition, self.args())
    }
}

/// All joinings of a scope, by programme or run and learner.
pub async fn joinings(store: &Store, scope: &Scope) -> Result<Vec<JoiningRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM outcome_joining_1 j WHERE {WHERE} ORDER BY scope_id, learner_id",
        JoiningRow::COLUMN_LIST
    );
    store.query(&sql, &scope.args()).await
}
