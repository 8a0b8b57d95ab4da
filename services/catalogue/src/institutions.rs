//! Every institution with its domains and what it may act as.

use crate::text;
use studium_kit::{Changes, Json, Recorded, Store, StoreError, Value, View, row};
use studium_proto::catalogue::v1::{self, Authority, domain_event, institution_event::Event};

row! {
    /// One institution.
    pub struct InstitutionRow {
        key { institution_id: String }
        name: String,
        /// The words of the name, with a space before each.
        words: String,
        country: String,
        domains: Json<Vec<String>>,
        is_issuer: bool,
        is_campus: bool,
    }
}

/// Every institution.
pub struct Institutions;

impl View for Institutions {
    type Row = InstitutionRow;
    const NAME: &'static str = "institutions_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<InstitutionRow>) {
        if let Some(it) = event.read::<Event>() {
            change(rows, event.id(), move |row| row.follow(&it));
        }
        match event.read::<domain_event::Event>() {
            Some(domain_event::Event::DomainClaimed(it)) => {
                change(rows, &it.institution_id.clone(), move |row| {
                    row.domains.0.push(it.domain);
                    row.domains.0.sort();
                });
            }
            Some(domain_event::Event::DomainReleased(it)) => {
                change(rows, &it.institution_id.clone(), move |row| row.domains.0.retain(|other| *other != it.domain));
            }
            None => {}
        }
    }
}

fn change(rows: &mut Changes<InstitutionRow>, id: &str, change: impl FnOnce(&mut InstitutionRow) + Send + 'static) {
    let institution_id = id.to_owned();
    rows.row(id, move |row| change(row.get_or_insert_with(|| InstitutionRow { institution_id, ..Default::default() })));
}

impl InstitutionRow {
    fn follow(&mut self, event: &Event) {
        match event {
            Event::InstitutionRegistered(it) => {
                self.be_called(&it.name);
                self.country.clone_from(&it.country);
            }
            Event::InstitutionRenamed(it) => self.be_called(&it.name),
            Event::InstitutionCountrySet(it) => self.country.clone_from(&it.country),
            Event::InstitutionAuthorised(it) => self.act_as(it.authority(), true),
            Event::InstitutionAuthorisationWithdrawn(it) => self.act_as(it.authority(), false),
        }
    }

    fn be_called(&mut self, name: &str) {
        name.clone_into(&mut self.name);
        self.words = format!(" {}", text::words(name));
    }

    fn act_as(&mut self, authority: Authority, may: bool) {
        match authority {
            Authority::Issuer => self.is_issuer = may,
            Authority::Campus => self.is_campus = may,
            Authority::Unspecified => {}
        }
    }

    fn told(self, offered_courses: u64) -> v1::Institution {
        v1::Institution {
            institution_id: self.institution_id,
            name: self.name,
            country: self.country,
            domains: self.domains.0,
            issuer: self.is_issuer,
            campus: self.is_campus,
            offered_courses,
        }
    }
}

async fn tell(store: &Store, rows: Vec<InstitutionRow>) -> Result<Vec<v1::Institution>, StoreError> {
    let mut told = Vec::with_capacity(rows.len());
    if rows.is_empty() {
        return Ok(told);
    }
    let marks: Vec<_> = (1..=rows.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT institution_id, COUNT(*) FROM courses_1 WHERE offered AND institution_id IN ({}) GROUP BY institution_id",
        marks.join(", ")
    );
    let args: Vec<Value> = rows.iter().map(|it| Value::from(&it.institution_id)).collect();
    let counts: Vec<(String, u64)> = store.query(&sql, &args).await?;
    for row in rows {
        let count = counts.iter().find(|(id, _)| *id == row.institution_id).map_or(0, |it| it.1);
        told.push(row.told(count));
    }
    Ok(told)
}

/// One institution.
pub async fn institution(store: &Store, id: &str) -> Result<Option<v1::Institution>, StoreError> {
    let sql = format!("SELECT {} FROM institutions_1 WHERE institution_id = $1", InstitutionRow::COLUMN_LIST);
    Ok(tell(store, store.query(&sql, &[id.into()]).await?).await?.pop())
}

/// What institutions to list.
pub struct Wanted<'a> {
    /// Beginnings of words of the name; empty = all.
    pub text: &'a str,
    /// Only in this country; empty = all.
    pub country: &'a str,
    /// Only with this capacity; unspecified = all.
    pub authority: Authority,
}

/// The institutions after one, by id.
pub async fn list(
    store: &Store,
    wanted: &Wanted<'_>,
    after: &str,
    limit: u32,
) -> Result<Vec<v1::Institution>, StoreError> {
    let mut args: Vec<Value> = vec![after.into(), wanted.country.into(), limit.into()];
    let mut sql = format!(
        "SELECT {} FROM institutions_1 WHERE institution_id > $1 AND ($2 = '' OR country = $2)",
        InstitutionRow::COLUMN_LIST
    );
    sql.push_str(match wanted.authority {
        Authority::Unspecified => "",
        Authority::Issuer => " AND is_issuer",
        Authority::Campus => " AND is_campus",
    });
    called(&text::terms(wanted.text), &mut sql, &mut args);
    sql.push_str(" ORDER BY institution_id LIMIT $3");
    tell(store, store.query(&sql, &args).await?).await
}

/// Id and name of institutions with these beginnings of words in their names.
pub async fn named(store: &Store, terms: &[String], limit: u32) -> Result<Vec<(String, String)>, StoreError> {
    let mut args: Vec<Value> = vec![limit.into()];
    let mut sql = "SELECT institution_id, name FROM institutions_1 WHERE institution_id <> ''".to_owned();
    called(terms, &mut sql, &mut args);
    sql.push_str(" ORDER BY name, institution_id LIMIT $1");
    store.query(&sql, &args).await
}

fn called(terms: &[String], sql: &mut String, args: &mut Vec<Value>) {
    for term in terms {
        args.push(format!("% {term}%").into());
        sql.push_str(&format!(" AND words LIKE ${}", args.len()));
    }
}
