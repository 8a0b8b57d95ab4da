//! What learners said of their mentors, each word with its time, so that any date can be told.

use std::collections::BTreeMap;
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{SatisfactionLine, mentorship_event::Event};

row! {
    /// One learner on one mentor in one programme.
    pub struct MentorRatingRow {
        key { programme_id: String, mentor_id: String, learner_id: String }
        stars: Json<Vec<(i64, u32)>>,
    }
}

/// Ratings by programme, mentor and learner.
pub struct MentorRatings;

impl View for MentorRatings {
    type Row = MentorRatingRow;
    const NAME: &'static str = "mentor_rating_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_mentor ON {table} (mentor_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MentorRatingRow>) {
        let Some(Event::MentorRated(it)) = event.read() else { return };
        let Some((programme, learner)) = event.id().split_once('~') else { return };
        let (programme_id, learner_id, at) = (programme.to_owned(), learner.to_owned(), event.at_ms());
        let (mentor_id, stars) = (it.mentor_id.clone(), it.stars);
        rows.row((programme, it.mentor_id.as_str(), learner), move |row| {
            let row = row.get_or_insert_with(|| MentorRatingRow {
                programme_id,
                mentor_id,
                learner_id,
                ..MentorRatingRow::default()
            });
            row.stars.0.push((at, stars));
        });
    }
}

/// Ratings of a programme, of a mentor, in programmes of an institution; empty = all.
pub async fn ratings(
    store: &Store,
    programme_id: &str,
    mentor_id: &str,
    institution_id: &str,
) -> Result<Vec<MentorRatingRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentor_rating_1 r WHERE ($1 = '' OR programme_id = $1) AND ($2 = '' OR mentor_id = $2) \
         AND ($3 = '' OR EXISTS (SELECT 1 FROM mentorship_times_1 t WHERE t.programme_id = r.programme_id \
         AND t.learner_id = r.learner_id AND t.institution_id = $3)) ORDER BY programme_id, mentor_id, learner_id",
        MentorRatingRow::COLUMN_LIST
    );
    store.query(&sql, &[programme_id.into(), mentor_id.into(), institution_id.into()]).await
}

/// A line for all, and one for each programme and mentor; what each learner said last at a date counts.
pub fn satisfaction(ratings: &[MentorRatingRow], as_of_ms: i64) -> (SatisfactionLine, Vec<SatisfactionLine>) {
    let (mut total, mut lines) = ([0; 5], BTreeMap::<(&str, &str), [u64; 5]>::new());
    for it in ratings {
        let last = it.stars.0.iter().rfind(|it| it.0 <= as_of_ms);
        let Some(place) = last.and_then(|it| (it.1 as usize).checked_sub(1)).filter(|it| *it < 5) else { continue };
        total[place] += 1;
        lines.entry((&it.programme_id, &it.mentor_id)).or_default()[place] += 1;
    }
    let lines = lines.into_iter().map(|((programme, mentor), stars)| line(programme, mentor, stars));
    (line("", "", total), lines.collect())
}

fn line(programme_id: &str, mentor_id: &str, stars: [u64; 5]) -> SatisfactionLine {
    let ratings: u64 = stars.iter().sum();
    let sum: u64 = (1..).zip(&stars).map(|(worth, it)| worth * it).sum();
    SatisfactionLine {
        programme_id: programme_id.to_owned(),
        mentor_id: mentor_id.to_owned(),
        ratings,
        mean_millistars: (sum * 1_000).checked_div(ratings).unwrap_or_default() as u32,
        stars: stars.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MentorRatingRow, satisfaction};
    use studium_kit::Json;

    #[test]
    fn the_last_word_at_a_date_counts_once() {
        let row = |mentor: &str, learner: &str, stars: &[(i64, u32)]| MentorRatingRow {
            programme_id: "p".into(),
            mentor_id: mentor.into(),
            learner_id: learner.into(),
            stars: Json(stars.to_vec()),
        };
        let rows =
            [row("mia", "ada", &[(10, 2), (20, 5)]), row("mia", "ben", &[(15, 4)]), row("noa", "cyd", &[(30, 1)])];
        let (total, lines) = satisfaction(&rows, 25);
        assert_eq!(
            (total.ratings, total.mean_millistars, total.stars.as_slice()),
            (2, 4_500, [0, 0, 0, 1, 1].as_slice())
        );
        assert_eq!(lines.iter().map(|it| it.mentor_id.as_str()).collect::<Vec<_>>(), ["mia"]);
        let (then, _) = satisfaction(&rows, 12);
        assert_eq!((then.ratings, then.mean_millistars), (1, 2_000));
        let (now, lines) = satisfaction(&rows, 30);
        assert_eq!((now.ratings, now.mean_millistars, lines.len()), (3, 3_333, 2));
        assert_eq!(satisfaction(&[], 30).0.mean_millistars, 0);
    }
}
