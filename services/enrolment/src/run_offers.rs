//! What the catalogue offers: one row a run, from the catalogue's own events.

use crate::enrolment::{Rule, RunStatus, Weight};
use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{
    AssessmentPart, AssessmentSchemeSet, RestrictionKind, RunRestriction, RunScheduled, course_run_event::Event,
};

row! {
    /// One run as the catalogue tells of it.
    pub struct RunOfferRow {
        key { run_id: String }
        course_id: String,
        institution_id: String,
        course_version: u32,
        status: i32,
        starts_at_ms: i64,
        ends_at_ms: i64,
        enrol_from_ms: i64,
        enrol_until_ms: i64,
        capacity: u32,
        waiting_list: bool,
        by_invitation: bool,
        members_of: Json<Vec<String>>,
        pass_mark_millipoints: u32,
        coursework_share_millipoints: u32,
        distinction_mark_millipoints: u32,
        assessments: Json<Vec<Assessment>>,
    }
}

/// One assessment of a run's rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The assessment.
    pub id: String,
    /// Within its part, thousandths of a percent.
    pub weight: u32,
    /// It belongs to the examination.
    pub exam: bool,
    /// Unix milliseconds; 0 = not fixed.
    pub due_ms: i64,
}

/// Runs by id.
pub struct RunOffers;

impl View for RunOffers {
    type Row = RunOfferRow;
    const NAME: &'static str = "run_offer_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_institution ON {table} (institution_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RunOfferRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let run_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| RunOfferRow { run_id, ..RunOfferRow::default() });
            row.take_in(it);
        });
    }
}

impl RunOfferRow {
    fn take_in(&mut self, event: Event) {
        match event {
            Event::RunScheduled(it) => self.scheduled(it),
            Event::RunRescheduled(it) => {
                (self.starts_at_ms, self.ends_at_ms) = (it.starts_at_ms, it.ends_at_ms);
                (self.enrol_from_ms, self.enrol_until_ms) = (it.enrol_from_ms, it.enrol_until_ms);
            }
            Event::RunCapacitySet(it) => (self.capacity, self.waiting_list) = (it.capacity, it.waiting_list),
            Event::RunRestrictionsSet(it) => self.restrict(&it.restrictions),
            Event::AssessmentSchemeSet(it) => self.assess(it),
            Event::RunOpened(it) => {
                self.status = RunStatus::Open as i32;
                self.course_version = it.course_version;
            }
            Event::RunClosed(_) => self.status = RunStatus::Closed as i32,
            Event::RunCancelled(_) => self.status = RunStatus::Cancelled as i32,
            Event::RunEnded(_) => self.status = RunStatus::Ended as i32,
        }
    }

    fn scheduled(&mut self, it: RunScheduled) {
        self.restrict(&it.restrictions);
        self.course_id = it.course_id;
        self.institution_id = it.institution_id;
        self.status = RunStatus::Scheduled as i32;
        (self.starts_at_ms, self.ends_at_ms) = (it.starts_at_ms, it.ends_at_ms);
        (self.enrol_from_ms, self.enrol_until_ms) = (it.enrol_from_ms, it.enrol_until_ms);
        (self.capacity, self.waiting_list) = (it.capacity, it.waiting_list);
    }

    /// Countries that are left out are the catalogue's business to show: enrolment knows no learner's country.
    fn restrict(&mut self, restrictions: &[RunRestriction]) {
        let of = |kind| restrictions.iter().filter(move |it| it.kind() == kind);
        self.by_invitation = of(RestrictionKind::InvitationOnly).next().is_some();
        self.members_of = Json(of(RestrictionKind::MembersOf).map(|it| it.value.clone()).collect());
    }

    fn assess(&mut self, it: AssessmentSchemeSet) {
        self.pass_mark_millipoints = it.pass_mark_millipoints;
        self.coursework_share_millipoints = it.coursework_share_millipoints;
        self.distinction_mark_millipoints = it.distinction_mark_millipoints;
        let assessments = it.assessments.into_iter().map(|it| Assessment {
            exam: it.part() == AssessmentPart::Exam,
            weight: it.weight_millipoints,
            due_ms: it.due_at_ms,
            id: it.assessment_id,
        });
        self.assessments = Json(assessments.collect());
    }

    /// How the run decides who has passed.
    pub fn rule(&self) -> Rule {
        let weights = self.assessments.0.iter().map(|it| Weight {
            assessment_id: it.id.clone(),
            millipoints: it.weight,
            is_exam: it.exam,
        });
        Rule {
            weights: weights.collect(),
            coursework_share_millipoints: self.coursework_share_millipoints,
            pass_mark_millipoints: self.pass_mark_millipoints,
            distinction_mark_millipoints: self.distinction_mark_millipoints,
        }
    }
}

/// One run, if the catalogue has told of it.
pub async fn run(store: &Store, run_id: &str) -> Result<Option<RunOfferRow>, StoreError> {
    let sql = format!("SELECT {} FROM run_offer_1 WHERE run_id = $1", RunOfferRow::COLUMN_LIST);
    Ok(store.query(&sql, &[run_id.into()]).await?.pop())
}
