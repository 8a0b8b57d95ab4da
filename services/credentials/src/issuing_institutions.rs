//! What the catalogue says of institutions that issuing needs: name, country, and whether they may.

use crate::issuers::IssuerRow;
use std::collections::BTreeMap;
use studium_kit::{Changes, Recorded, Store, StoreError, View, places, row};
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

/// The same of all issuers of a page, by id.
pub async fn of_issuers(
    store: &Store,
    issuers: &[IssuerRow],
) -> Result<BTreeMap<String, IssuingInstitutionRow>, StoreError> {
    if issuers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let columns = IssuingInstitutionRow::COLUMN_LIST;
    let places = places(1, issuers.len());
    let sql = format!("SELECT {columns} FROM issuing_institution_1 WHERE institution_id IN ({places})");
    let ids: Vec<_> = issuers.iter().map(|it| it.institution_id.as_str().into()).collect();
    let rows: Vec<IssuingInstitutionRow> = store.query(&sql, &ids).await?;
    Ok(rows.into_iter().map(|it| (it.institution_id.clone(), it)).collect())
}
