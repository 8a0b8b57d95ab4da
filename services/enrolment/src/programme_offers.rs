//! What programmes consist of: the composition of their last publication, from the catalogue's own events.

use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::programme_event::Event;
use studium_proto::enrolment::v1::{ElectiveGroup, ProgrammeJoined};

row! {
    /// One programme: its working copy and what is offered.
    pub struct ProgrammeOfferRow {
        key { programme_id: String }
        institution_id: String,
        is_open: bool,
        version: u32,
        draft: Json<Composition>,
        offered: Json<Composition>,
    }
}

/// What a programme consists of and costs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composition {
    required: Vec<String>,
    /// Group, how many to choose, from which courses.
    groups: Vec<(String, u32, Vec<String>)>,
    price_minor: i64,
    currency: String,
    mentorship: bool,
}

/// Programmes by id.
pub struct ProgrammeOffers;

impl View for ProgrammeOffers {
    type Row = ProgrammeOfferRow;
    const NAME: &'static str = "programme_offer_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ProgrammeOfferRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let programme_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| ProgrammeOfferRow { programme_id, ..ProgrammeOfferRow::default() });
            let draft = &mut row.draft.0;
            match it {
                Event::ProgrammeCreated(it) => row.institution_id = it.institution_id,
                Event::ProgrammeDescribed(it) => (draft.price_minor, draft.currency) = (it.price_minor, it.currency),
                Event::ProgrammeComposed(it) => {
                    draft.required = it.required_course_ids;
                    let groups = it.elective_groups.into_iter();
                    draft.groups = groups.map(|it| (it.group_id, it.choose, it.course_ids)).collect();
                }
                Event::MentorshipPlanSet(it) => draft.mentorship = it.included,
                Event::ProgrammePublished(it) => {
                    row.offered = row.draft.clone();
                    row.version = it.version;
                    row.is_open = true;
                }
                Event::ProgrammeRetired(_) => row.is_open = false,
                _ => {}
            }
        });
    }
}

impl ProgrammeOfferRow {
    /// What somebody who joins now agrees to; source and sponsor are the caller's to add.
    pub fn facts(&self) -> ProgrammeJoined {
        let offered = &self.offered.0;
        ProgrammeJoined {
            institution_id: self.institution_id.clone(),
            programme_version: self.version,
            required_course_ids: offered.required.clone(),
            elective_groups: offered
                .groups
                .iter()
                .map(|(group_id, choose, course_ids)| ElectiveGroup {
                    group_id: group_id.clone(),
                    choose: *choose,
                    course_ids: course_ids.clone(),
                })
                .collect(),
            amount_due_minor: offered.price_minor,
            currency: offered.currency.clone(),
            mentorship: offered.mentorship,
            ..ProgrammeJoined::default()
        }
    }
}

/// One programme, if the catalogue has told of it.
pub async fn programme(store: &Store, programme_id: &str) -> Result<Option<ProgrammeOfferRow>, StoreError> {
    let sql = format!("SELECT {} FROM programme_offer_1 WHERE programme_id = $1", ProgrammeOfferRow::COLUMN_LIST);
    Ok(store.query(&sql, &[programme_id.into()]).await?.pop())
}
