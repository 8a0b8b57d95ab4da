//! How far learners are in their programmes, and how often somebody was asked to mentor them.

use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::{
    enrolment::v1::programme_enrolment_event::Event as ProgrammeEvent,
    mentorship::v1::{ProposalEnd, mentorship_event::Event as MentorshipEvent},
};

row! {
    /// One learner in one programme.
    pub struct MenteeProgrammeRow {
        key { programme_id: String, learner_id: String }
        courses_needed: u32,
        courses_completed: Json<Vec<String>>,
        proposals: u32,
        declined: u32,
        lapsed: u32,
    }
}

/// Learners by programme.
pub struct MenteeProgrammes;

impl View for MenteeProgrammes {
    type Row = MenteeProgrammeRow;
    const NAME: &'static str = "mentee_programme_1";
    const STREAMS: &'static [&'static str] = &["enrolment", "mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MenteeProgrammeRow>) {
        let (of_programme, of_mentorship) = (event.read::<ProgrammeEvent>(), event.read::<MentorshipEvent>());
        let counts = matches!(
            (&of_programme, &of_mentorship),
            (Some(ProgrammeEvent::ProgrammeJoined(_) | ProgrammeEvent::ProgrammeCourseCompleted(_)), _)
                | (_, Some(MentorshipEvent::MentorProposed(_) | MentorshipEvent::ProposalEnded(_)))
        );
        let Some((programme, learner)) = event.id().split_once('~').filter(|_| counts) else { return };
        let (programme_id, learner_id) = (programme.to_owned(), learner.to_owned());
        rows.row((programme, learner), move |row| {
            let new = || MenteeProgrammeRow { programme_id, learner_id, ..MenteeProgrammeRow::default() };
            let row = row.get_or_insert_with(new);
            match of_programme {
                Some(ProgrammeEvent::ProgrammeJoined(it)) => {
                    let electives: u32 = it.elective_groups.iter().map(|it| it.choose).sum();
                    row.courses_needed = it.required_course_ids.len() as u32 + electives;
                }
                Some(ProgrammeEvent::ProgrammeCourseCompleted(it))
                    if !row.courses_completed.0.contains(&it.course_id) =>
                {
                    row.courses_completed.0.push(it.course_id);
                }
                _ => {}
            }
            match of_mentorship {
                Some(MentorshipEvent::MentorProposed(_)) => row.proposals += 1,
                Some(MentorshipEvent::ProposalEnded(it)) => match it.end() {
                    ProposalEnd::Declined => row.declined += 1,
                    ProposalEnd::Lapsed => row.lapsed += 1,
                    _ => {}
                },
                _ => {}
            }
        });
    }
}

/// Where a mentor's mentees stand in their programmes.
pub async fn of_mentor(store: &Store, mentor_id: &str) -> Result<Vec<MenteeProgrammeRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentee_programme_1 WHERE learner_id IN \
         (SELECT learner_id FROM mentorship_1 WHERE mentor_id = $1)",
        MenteeProgrammeRow::COLUMN_LIST
    );
    store.query(&sql, &[mentor_id.into()]).await
}

/// Where a learner stands in all programmes.
pub async fn of_learner(store: &Store, learner_id: &str) -> Result<Vec<MenteeProgrammeRow>, StoreError> {
    let sql = format!("SELECT {} FROM mentee_programme_1 WHERE learner_id = $1", MenteeProgrammeRow::COLUMN_LIST);
    store.query(&sql, &[learner_id.into()]).await
}
