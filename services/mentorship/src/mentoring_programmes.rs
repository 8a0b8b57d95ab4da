//! What the catalogue says of programmes that mentors must know: courses, language, and what is promised.

use std::collections::BTreeSet;
use studium_kit::{Changes, Json, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::catalogue::v1::{course_event::Event as CourseEvent, programme_event::Event};

row! {
    /// One programme as it is described at present.
    pub struct MentoringProgrammeRow {
        key { programme_id: String }
        institution_id: String,
        title: String,
        language: String,
        course_ids: Json<Vec<String>>,
        included: bool,
        price_minor: i64,
        currency: String,
        answer_within_minutes: u32,
    }
}

/// Programmes by id.
pub struct MentoringProgrammes;

impl View for MentoringProgrammes {
    type Row = MentoringProgrammeRow;
    const NAME: &'static str = "mentoring_programme_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MentoringProgrammeRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let programme_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row =
                row.get_or_insert_with(|| MentoringProgrammeRow { programme_id, ..MentoringProgrammeRow::default() });
            match it {
                Event::ProgrammeCreated(it) => row.institution_id = it.institution_id,
                Event::ProgrammeDescribed(it) => (row.title, row.language) = (it.title, it.language),
                Event::ProgrammeComposed(it) => {
                    let electives = it.elective_groups.into_iter().flat_map(|it| it.course_ids);
                    row.course_ids = Json(it.required_course_ids.into_iter().chain(electives).collect());
                }
                Event::MentorshipPlanSet(it) => {
                    (row.included, row.price_minor, row.currency) = (it.included, it.price_minor, it.currency);
                    row.answer_within_minutes = it.answer_within_minutes;
                }
                _ => {}
            }
        });
    }
}

row! {
    /// The skills that one course trains.
    pub struct CourseSkillsRow {
        key { course_id: String }
        skills: Json<Vec<String>>,
    }
}

/// Skills by course.
pub struct CourseSkills;

impl View for CourseSkills {
    type Row = CourseSkillsRow;
    const NAME: &'static str = "mentoring_course_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CourseSkillsRow>) {
        let Some(CourseEvent::CourseSkillsSet(it)) = event.read() else { return };
        let course_id = event.id().to_owned();
        // A skill with a URI is known by it alone, whatever the label's language.
        let names = it.skills.into_iter().map(|it| if it.uri.is_empty() { it.label } else { it.uri });
        let row = CourseSkillsRow { course_id, skills: Json(names.map(|it| it.to_lowercase()).collect()) };
        rows.row(event.id(), move |it| *it = Some(row));
    }
}

/// One programme, if the catalogue told of it.
pub async fn programme(store: &Store, programme_id: &str) -> Result<Option<MentoringProgrammeRow>, StoreError> {
    let sql =
        format!("SELECT {} FROM mentoring_programme_1 WHERE programme_id = $1", MentoringProgrammeRow::COLUMN_LIST);
    Ok(store.query(&sql, &[programme_id.into()]).await?.pop())
}

/// The skills that any of these courses trains, in lower case.
pub async fn skills(store: &Store, courses: &[String]) -> Result<BTreeSet<String>, StoreError> {
    if courses.is_empty() {
        return Ok(BTreeSet::new());
    }
    let places = places(1, courses.len());
    let sql =
        format!("SELECT {} FROM mentoring_course_1 WHERE course_id IN ({})", CourseSkillsRow::COLUMN_LIST, places);
    let rows: Vec<CourseSkillsRow> = store.query(&sql, &courses.iter().map(Value::from).collect::<Vec<_>>()).await?;
    Ok(rows.into_iter().flat_map(|it| it.skills.0).collect())
}
