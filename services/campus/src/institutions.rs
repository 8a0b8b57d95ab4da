//! Which institutions the catalogue authorises as campuses.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{Authority, institution_event::Event};

row! {
    /// One institution that is or was authorised.
    pub struct InstitutionRow {
        key { institution_id: String }
        is_campus: bool,
    }
}

/// Institutions by id.
pub struct Institutions;

impl View for Institutions {
    type Row = InstitutionRow;
    const NAME: &'static str = "institution_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<InstitutionRow>) {
        let is_campus = match event.read() {
            Some(Event::InstitutionAuthorised(it)) if it.authority() == Authority::Campus => true,
            Some(Event::InstitutionAuthorisationWithdrawn(it)) if it.authority() == Authority::Campus => false,
            _ => return,
        };
        let institution_id = event.id().to_owned();
        rows.row(event.id(), move |row| *row = Some(InstitutionRow { institution_id, is_campus }));
    }
}

/// Whether the catalogue authorises an institution as a campus.
pub async fn is_campus(store: &Store, institution_id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT is_campus FROM institution_1 WHERE institution_id = $1";
    let rows: Vec<(bool,)> = store.query(sql, &[institution_id.into()]).await?;
    Ok(rows.first().is_some_and(|it| it.0))
}
