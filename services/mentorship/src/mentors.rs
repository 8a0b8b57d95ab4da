//! Who mentors here, with what, for how many, and how content mentees are.

use crate::{
    matching::{self, Offer},
    wanted::Wanted,
};
use studium_kit::{Changes, Dialect, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{
    Mentor, MentorDescribed, MentorRated, MentorState, mentor_event::Event, mentorship_event::Event as MentorshipEvent,
};

row! {
    /// One mentor.
    pub struct MentorRow {
        key { mentor_id: String }
        institution_id: String,
        state: i32,
        name: String,
        skills: Json<Vec<String>>,
        languages: Json<Vec<String>>,
        time_zone: String,
        about: String,
        capacity: u32,
        load: u32,
        paused_until_ms: i64,
        ratings: u32,
        stars: u32,
        since_ms: i64,
    }
}

/// Mentors by id.
pub struct Mentors;

impl View for Mentors {
    type Row = MentorRow;
    const NAME: &'static str = "mentor_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_institution ON {table} (institution_id)".to_owned(),
            "CREATE INDEX {table}_back ON {table} (paused_until_ms) WHERE paused_until_ms > 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MentorRow>) {
        if let Some(MentorshipEvent::MentorRated(it)) = event.read() {
            let mentor = it.mentor_id.clone();
            rows.row(mentor.as_str(), move |row| {
                if let Some(row) = row {
                    row.rated(&it);
                }
            });
        }
        let Some(it) = event.read::<Event>() else { return };
        let (mentor_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            if let Event::MentorRegistered(it) = it {
                let row = row.get_or_insert_with(|| MentorRow { mentor_id, since_ms: at, ..MentorRow::default() });
                row.institution_id = it.institution_id;
                row.state = MentorState::Active as i32;
            } else if let Some(row) = row {
                row.take_in(it);
            }
        });
    }
}

impl MentorRow {
    fn take_in(&mut self, event: Event) {
        match event {
            Event::MentorRegistered(_) | Event::PairBlocked(_) | Event::PlaceRefused(_) => {}
            Event::MentorDescribed(it) => {
                (self.name, self.about, self.time_zone) = (it.name, it.about, it.time_zone);
                (self.skills, self.languages) = (Json(it.skills), Json(it.languages));
            }
            Event::CapacitySet(it) => self.capacity = it.capacity,
            Event::MentorPaused(it) => (self.state, self.paused_until_ms) = (MentorState::Paused as i32, it.until_ms),
            Event::MentorResumed(_) => (self.state, self.paused_until_ms) = (MentorState::Active as i32, 0),
            Event::MentorLeaving(_) => (self.state, self.paused_until_ms) = (MentorState::Leaving as i32, 0),
            Event::MentorLeft(_) => self.state = MentorState::Left as i32,
            Event::PlaceTaken(it) => self.load = it.load,
            Event::PlaceFreed(it) => self.load = it.load,
        }
    }

    fn rated(&mut self, it: &MentorRated) {
        if it.previous_stars == 0 {
            self.ratings += 1;
        }
        self.stars = (self.stars + it.stars).saturating_sub(it.previous_stars);
    }

    /// What it offers at an instant.
    pub fn offer(self, at_ms: i64) -> Offer {
        Offer {
            offset_minutes: matching::offset_minutes(&self.time_zone, at_ms),
            state: MentorState::try_from(self.state).unwrap_or_default(),
            skills: self.skills.0.iter().map(|it| it.to_lowercase()).collect(),
            languages: self.languages.0,
            capacity: self.capacity,
            load: self.load,
            ratings: (u64::from(self.ratings), u64::from(self.stars)),
            mentor_id: self.mentor_id,
            institution_id: self.institution_id,
        }
    }

    /// As it is shown.
    pub fn shown(self) -> Mentor {
        let mean_millistars = (self.stars * 1_000).checked_div(self.ratings).unwrap_or_default();
        let profile = MentorDescribed {
            name: self.name,
            skills: self.skills.0,
            languages: self.languages.0,
            time_zone: self.time_zone,
            about: self.about,
        };
        Mentor {
            mentor_id: self.mentor_id,
            institution_id: self.institution_id,
            state: self.state,
            profile: Some(profile),
            capacity: self.capacity,
            load: self.load,
            paused_until_ms: self.paused_until_ms,
            ratings: self.ratings,
            mean_millistars,
            since_ms: self.since_ms,
        }
    }
}

/// One mentor.
pub async fn mentor(store: &Store, mentor_id: &str) -> Result<Option<MentorRow>, StoreError> {
    let sql = format!("SELECT {} FROM mentor_1 WHERE mentor_id = $1", MentorRow::COLUMN_LIST);
    Ok(store.query(&sql, &[mentor_id.into()]).await?.pop())
}

/// A page of mentors by id; of one institution or of all, only those who can take somebody or all.
pub async fn mentors(
    store: &Store,
    institution_id: &str,
    with_free_places: bool,
    page: &Page,
) -> Result<Vec<MentorRow>, StoreError> {
    let mut wanted = Wanted::new("mentor_id > $1");
    wanted.args = vec![page.after.as_str().into()];
    wanted.text("institution_id = $", institution_id);
    wanted.only_if("state = 1 AND load < capacity", with_free_places);
    let (sql, args) = wanted.page("mentor_1", MentorRow::COLUMN_LIST, "mentor_id", page.size);
    store.query(&sql, &args).await
}

/// What a search reads of a mentor: id, institution, state, skills, languages, time zone; capacity, load, ratings, stars.
type Read = (String, String, i32, Vec<String>, Vec<String>, String, [u32; 4]);

/// The same in SQL, as JSON: ids and names of time zones have nothing to escape, skills and languages are JSON already.
const READ: &str = r#"'["' || mentor_id || '","' || institution_id || '",' || CAST(state AS TEXT) || ',' || skills || ',' ||
    languages || ',"' || time_zone || '",[' || CAST(capacity AS TEXT) || ',' || CAST(load AS TEXT) || ',' ||
    CAST(ratings AS TEXT) || ',' || CAST(stars AS TEXT) || ']]'"#;

/// What all mentors offer to learners of an institution who are not gone, at an instant; by id.
/// Read as one text: thousands of values, each on its own, cost a driver far more than the matching.
pub async fn offers(store: &Store, institution_id: &str, at_ms: i64) -> Result<Vec<Offer>, StoreError> {
    let sql = format!(
        "SELECT '[' || COALESCE(string_agg({READ}, ','), '') || ']' FROM mentor_1 \
         WHERE state <> 4 AND (institution_id = '' OR institution_id = $1)"
    );
    let lines: Vec<(Json<Vec<Read>>,)> = store.query(&sql, &[institution_id.into()]).await?;
    let row = |(mentor_id, institution_id, state, skills, languages, time_zone, numbers): Read| {
        let ([capacity, load, ratings, stars], skills, languages) = (numbers, Json(skills), Json(languages));
        MentorRow {
            mentor_id,
            institution_id,
            state,
            skills,
            languages,
            time_zone,
            capacity,
            load,
            ratings,
            stars,
            ..MentorRow::default()
        }
    };
    let mut rows: Vec<_> = lines.into_iter().flat_map(|it| it.0.0).map(row).collect();
    rows.sort_unstable_by(|a, b| a.mentor_id.cmp(&b.mentor_id));
    Ok(rows.into_iter().map(|it| it.offer(at_ms)).collect())
}
