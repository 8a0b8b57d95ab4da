//! The institutions with their domains, what they are authorised for, and how many courses they offer.

use crate::{page::Page, words::words};
use studium_kit::{Changes, Json, Recorded, Store, StoreError, Value, View, row};
use studium_proto::catalogue::v1::{Authority, Institution, domain_event, institution_event::Event};

row! {
    /// One institution.
    pub struct InstitutionRow {
        key { institution_id: String }
        name: String,
        country: String,
        name_words: String,
        is_issuer: bool,
        is_campus: bool,
        domains: Json<Vec<String>>,
    }
}

/// All institutions.
pub struct InstitutionList;

impl View for InstitutionList {
    type Row = InstitutionRow;
    const NAME: &'static str = "institution_list_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<InstitutionRow>) {
        if let Some(it) = event.read::<Event>() {
            let id = event.id().to_owned();
            rows.row(event.id(), move |row| change(row.get_or_insert_with(|| new(id)), it));
        } else if let Some(it) = event.read::<domain_event::Event>() {
            let (id, domain, is_claimed) = match it {
                domain_event::Event::DomainClaimed(it) => (it.institution_id, it.domain, true),
                domain_event::Event::DomainReleased(it) => (it.institution_id, it.domain, false),
            };
            rows.row(id.clone(), move |row| {
                let row = row.get_or_insert_with(|| new(id));
                row.domains.0.retain(|it| *it != domain);
                if is_claimed {
                    row.domains.0.push(domain);
                    row.domains.0.sort_unstable();
                }
            });
        }
    }
}

fn new(institution_id: String) -> InstitutionRow {
    InstitutionRow { institution_id, ..InstitutionRow::default() }
}

fn change(row: &mut InstitutionRow, event: Event) {
    match event {
        Event::InstitutionRegistered(it) => {
            rename(row, it.name);
            row.country = it.country;
        }
        Event::InstitutionRenamed(it) => rename(row, it.name),
        Event::InstitutionCountrySet(it) => row.country = it.country,
        Event::InstitutionAuthorised(it) => authorise(row, it.authority(), true),
        Event::InstitutionAuthorisationWithdrawn(it) => authorise(row, it.authority(), false),
    }
}

fn rename(row: &mut InstitutionRow, name: String) {
    row.name_words = format!(" {}", words(&name));
    row.name = name;
}

fn authorise(row: &mut InstitutionRow, authority: Authority, may: bool) {
    match authority {
        Authority::Issuer => row.is_issuer = may,
        Authority::Campus => row.is_campus = may,
        Authority::Unspecified => {}
    }
}

const COLUMNS: &str = "i.institution_id, i.name, i.country, i.domains, i.is_issuer, i.is_campus, \
    (SELECT COUNT(*) FROM course_search_1 c WHERE c.institution_id = i.institution_id AND c.is_offered)";

type Columns = (String, String, String, Json<Vec<String>>, bool, bool, u64);

fn institution_of((institution_id, name, country, domains, issuer, campus, offered_courses): Columns) -> Institution {
    Institution { institution_id, name, country, domains: domains.0, issuer, campus, offered_courses }
}

/// One institution.
pub async fn institution(store: &Store, institution_id: &str) -> Result<Option<Institution>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM institution_list_1 i WHERE i.institution_id = $1");
    Ok(store.query(&sql, &[institution_id.into()]).await?.into_iter().next().map(institution_of))
}

/// A page of institutions by id: each word of `text` begins a word of the name (empty = all), in one country
/// (empty = all), with one capacity (unspecified = all).
pub async fn institutions(
    store: &Store,
    text: &str,
    country: &str,
    authority: Authority,
    page: &Page<String>,
) -> Result<(Vec<Institution>, String), StoreError> {
    let mut args: Vec<Value> = vec![country.into(), page.after_id().into(), page.limit().into()];
    let mut also = match authority {
        Authority::Issuer => " AND i.is_issuer",
        Authority::Campus => " AND i.is_campus",
        Authority::Unspecified => "",
    }
    .to_owned();
    for word in words(text).split(' ').filter(|it| !it.is_empty()) {
        // A word has no character that LIKE takes for a pattern.
        args.push(format!("% {word}%").into());
        also = format!("{also} AND i.name_words LIKE ${}", args.len());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM institution_list_1 i WHERE ($1 = '' OR i.country = $1) AND i.institution_id > $2{also} \
         ORDER BY i.institution_id LIMIT $3"
    );
    let (rows, next) = page.cut(store.query::<Columns>(&sql, &args).await?, |it| it.0.clone());
    Ok((rows.into_iter().map(institution_of).collect(), next))
}
