//! What the catalogue says of institutions that issuing needs: name, country, and whether they may.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{Authority, institution_event::Event};

row! {
    /// One institution.
    pub struct IssuingInstitutionRow {
        key { institution_id: String }
        name: String,
        country: String,
        is_issuer: bool,
    }
}

/// Institutions by id.
pub struct IssuingInstitutions;

impl View for IssuingInstitutions {
    type Row = IssuingInstitutionRow;
    const NAME: &'static str = "issuing_institution_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<IssuingInstitutionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let institution_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row =
                row.get_or_insert_with(|| IssuingInstitutionRow { institution_id, ..IssuingInstitutionRow::default() });
            match it {
                Event::InstitutionRegistered(it) => (row.name, row.country) = (it.name, it.country),
                Event::InstitutionRenamed(it) => row.name = it.name,
                Event::InstitutionCountrySet(it) => row.country = it.country,
                Event::InstitutionAuthorised(it) if it.authority() == Authority::Issuer => row.is_issuer = true,
                Event::InstitutionAuthorisationWithdrawn(it) if it.authority() == Authority::Issuer => {
                    row.is_issuer = false;
                }
                Event::InstitutionAuthorised(_) | Event::InstitutionAuthorisationWithdrawn(_) => {}
            }
        });
    }
}

/// What the catalogue says of an institution; nothing at all if it does not know it.
pub async fn institution(store: &Store, institution_id: &str) -> Result<IssuingInstitutionRow, StoreError> {
    let columns = IssuingInstitutionRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM issuing_institution_1 WHERE institution_id = $1");
    Ok(store.query(&sql, &[institution_id.into()]).await?.pop().unwrap_or_default())
}
