//! What each published version of a course said: hours, levels, credits and names as they were then.

use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{CourseCreditOffered, course_event::Event};

row! {
    /// One version of a course; version 0 is the working copy, and knows which version is offered.
    pub struct CourseVersionRow {
        key { course_id: String, version: u32 }
        institution_id: String,
        offered_version: u32,
        /// Position of the publication in the catalogue's stream.
        published_at: u64,
        said: Json<CourseSaid>,
    }
}

/// What a version of a course says, as far as a credential repeats it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseSaid {
    /// Title.
    pub title: String,
    /// What it is about.
    pub summary: String,
    /// Language of instruction.
    pub language: String,
    /// ISCED-F 2013 code.
    pub subject: String,
    /// Learning outcomes.
    pub outcomes: Vec<String>,
    /// Skills: ESCO concept URI and label.
    pub skills: Vec<(String, String)>,
    /// Minutes of study, of revision, of assessment.
    pub minutes: (u32, u32, u32),
    /// Credits, in the order in which they were first offered.
    pub offers: Vec<Offer>,
    /// How it is assessed, in words.
    pub assessment_method: String,
    /// The catalogue's `IdentityVerification`.
    pub identity: i32,
}

/// Credits in one scheme.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The catalogue's `CreditScheme`.
    pub scheme: i32,
    /// Thousandths of a credit.
    pub credits_milli: u32,
    /// Level of the European Qualifications Framework; 0 = not said.
    pub eqf_level: u32,
    /// Level of the national framework.
    pub national_level: String,
    /// How the credits come to count, in words.
    pub route: String,
    /// Degree programmes towards which they count.
    pub programmes: Vec<String>,
}

impl From<CourseCreditOffered> for Offer {
    fn from(it: CourseCreditOffered) -> Self {
        Self {
            scheme: it.scheme,
            credits_milli: it.credits_milli,
            eqf_level: it.eqf_level,
            national_level: it.national_level,
            route: it.credit_route,
            programmes: it.degree_programmes,
        }
    }
}

/// Versions of courses.
pub struct CourseVersions;

impl View for CourseVersions {
    type Row = CourseVersionRow;
    const NAME: &'static str = "course_version_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CourseVersionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let course_id = event.id().to_owned();
        if let Event::CoursePublished(it) = it {
            publish(&course_id, it.version, event.position(), rows);
        } else if concerns(&it) {
            rows.row((event.id(), 0_u32), move |row| {
                let row = row.get_or_insert_with(|| CourseVersionRow { course_id, ..CourseVersionRow::default() });
                row.take_in(it);
            });
        }
    }
}

/// Whether an event changes what a version says here; modules and reviews, for example, do not.
fn concerns(event: &Event) -> bool {
    matches!(
        event,
        Event::CourseCreated(_)
            | Event::CourseDescribed(_)
            | Event::CourseOutcomesSet(_)
            | Event::CourseSkillsSet(_)
            | Event::CourseWorkloadSet(_)
            | Event::CourseCreditOffered(_)
            | Event::CourseCreditOfferWithdrawn(_)
            | Event::CourseAssessmentMethodSet(_)
    )
}

/// Takes what the working copy says at this moment over into the row of the version.
fn publish(course_id: &str, version: u32, position: u64, rows: &mut Changes<CourseVersionRow>) {
    let published = Arc::new(OnceLock::new());
    let source = Arc::clone(&published);
    rows.row((course_id, 0_u32), move |row| {
        let Some(row) = row else { return };
        row.offered_version = version;
        // Nobody else has it yet, so it is always set.
        let _ = published.set(CourseVersionRow { version, published_at: position, ..row.clone() });
    });
    rows.row((course_id, version), move |row| *row = source.get().cloned());
}

impl CourseVersionRow {
    fn take_in(&mut self, event: Event) {
        let said = &mut self.said.0;
        match event {
            Event::CourseCreated(it) => (self.institution_id, said.title) = (it.institution_id, it.title),
            Event::CourseDescribed(it) => {
                (said.title, said.summary) = (it.title, it.summary);
                (said.language, said.subject) = (it.language, it.subject);
            }
            Event::CourseOutcomesSet(it) => said.outcomes = it.outcomes,
            Event::CourseSkillsSet(it) => said.skills = it.skills.into_iter().map(|it| (it.uri, it.label)).collect(),
            Event::CourseWorkloadSet(it) => {
                said.minutes = (it.study_minutes, it.revision_minutes, it.assessment_minutes);
            }
            Event::CourseCreditOffered(it) => {
                let offer = Offer::from(it);
                match said.offers.iter_mut().find(|it| it.scheme == offer.scheme) {
                    Some(before) => *before = offer,
                    None => said.offers.push(offer),
                }
            }
            Event::CourseCreditOfferWithdrawn(it) => said.offers.retain(|offer| offer.scheme != it.scheme),
            Event::CourseAssessmentMethodSet(it) => {
                (said.assessment_method, said.identity) = (it.method, it.identity_verification);
            }
            _ => {}
        }
    }
}

/// A course's working copy, which says whose it is; none if the catalogue does not know the course.
pub async fn course(store: &Store, course_id: &str) -> Result<Option<CourseVersionRow>, StoreError> {
    version(store, course_id, 0).await
}

/// What one version of a course said, if it was published.
pub async fn version(store: &Store, course_id: &str, version: u32) -> Result<Option<CourseVersionRow>, StoreError> {
    let columns = CourseVersionRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM course_version_1 WHERE course_id = $1 AND version = $2");
    Ok(store.query(&sql, &[course_id.into(), version.into()]).await?.pop())
}

/// What a course said when the catalogue's stream was at a position: its latest version up to then.
pub async fn version_at(store: &Store, course_id: &str, position: u64) -> Result<Option<CourseVersionRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM course_version_1 WHERE course_id = $1 AND version > 0 AND published_at <= $2 \
         ORDER BY version DESC LIMIT 1",
        CourseVersionRow::COLUMN_LIST
    );
    Ok(store.query(&sql, &[course_id.into(), position.into()]).await?.pop())
}
