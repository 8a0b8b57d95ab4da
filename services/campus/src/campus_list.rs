//! The campuses, with the people who act for them.

use studium_kit::{Changes, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{Campus, campus_event::Event};

row! {
    /// One campus.
    pub struct CampusRow {
        key { campus_id: String }
        name: String,
        sso_domains: Json<Vec<String>>,
        administrators: Json<Vec<String>>,
        teachers: Json<Vec<String>>,
        trial_used: bool,
    }
}

/// Campuses by id.
pub struct CampusList;

impl View for CampusList {
    type Row = CampusRow;
    const NAME: &'static str = "campus_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CampusRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let campus_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| CampusRow { campus_id, ..CampusRow::default() });
            match it {
                Event::CampusRegistered(it) => row.name = it.name,
                Event::SsoDomainsSet(it) => row.sso_domains = Json(it.domains),
                Event::AdministratorAdded(it) => row.administrators.0.push(it.person_id),
                Event::AdministratorRemoved(it) => row.administrators.0.retain(|person| *person != it.person_id),
                Event::TeacherAdded(it) => row.teachers.0.push(it.person_id),
                Event::TeacherRemoved(it) => row.teachers.0.retain(|person| *person != it.person_id),
                Event::TrialStarted(_) => row.trial_used = true,
            }
        });
    }
}

impl CampusRow {
    fn shown(self) -> Campus {
        Campus {
            campus_id: self.campus_id,
            name: self.name,
            sso_domains: self.sso_domains.0,
            administrator_ids: self.administrators.0,
            teacher_ids: self.teachers.0,
            trial_used: self.trial_used,
        }
    }
}

/// One campus.
pub async fn campus(store: &Store, campus_id: &str) -> Result<Option<Campus>, StoreError> {
    let sql = format!("SELECT {} FROM campus_1 WHERE campus_id = $1", CampusRow::COLUMN_LIST);
    Ok(store.query::<CampusRow>(&sql, &[campus_id.into()]).await?.pop().map(CampusRow::shown))
}

/// A page of the campuses by id.
pub async fn campuses(store: &Store, page: &Page) -> Result<Vec<Campus>, StoreError> {
    let sql =
        format!("SELECT {} FROM campus_1 WHERE campus_id > $1 ORDER BY campus_id LIMIT $2", CampusRow::COLUMN_LIST);
    let rows: Vec<CampusRow> = store.query(&sql, &[page.after.as_str().into(), page.size.into()]).await?;
    Ok(rows.into_iter().map(CampusRow::shown).collect())
}
