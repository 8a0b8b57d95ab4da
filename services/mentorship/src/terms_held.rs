//! Which numbers hold for a programme: its own, else the platform's, else defaults. For answers, what the catalogue
//! promises for the programme goes before the platform's.

use crate::{mentoring_programmes, terms::PLATFORM};
use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{TermsSet, terms_event::Event};

/// The platform's defaults.
const PROPOSAL_MINUTES: u32 = 3 * 24 * 60;
const HAND_OVER_MINUTES: u32 = 21 * 24 * 60;
const FIRST_ANSWER_MINUTES: u32 = 8 * 60;
const REVIEW_LOCK_MINUTES: u32 = 30;
const REVIEW_LOCKS_MAX: u32 = 4;
const RISK_DAYS: [u32; 3] = [7, 14, 21];

row! {
    /// The terms of one programme, as they were set.
    pub struct TermsRow {
        key { programme_id: String }
        minutes: Json<[u32; 4]>,
        review_locks_max: u32,
        risk_days: Json<Vec<u32>>,
        cohort_matching: bool,
    }
}

/// Terms by programme.
pub struct TermsHeld;

impl View for TermsHeld {
    type Row = TermsRow;
    const NAME: &'static str = "mentorship_terms_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<TermsRow>) {
        let Some(Event::TermsSet(it)) = event.read() else { return };
        let programme_id = event.id().to_owned();
        let minutes = [it.proposal_minutes, it.hand_over_minutes, it.first_answer_minutes, it.review_lock_minutes];
        let (review_locks_max, risk_days, cohort_matching) =
            (it.review_locks_max, Json(it.risk_days), it.cohort_matching);
        let row = TermsRow { programme_id, minutes: Json(minutes), review_locks_max, risk_days, cohort_matching };
        rows.row(event.id(), move |it| *it = Some(row));
    }
}

/// The numbers that hold for a programme, each of them set.
pub async fn terms(store: &Store, programme_id: &str) -> Result<TermsSet, StoreError> {
    let sql = format!("SELECT {} FROM mentorship_terms_1 WHERE programme_id IN ($1, $2)", TermsRow::COLUMN_LIST);
    let rows: Vec<TermsRow> = store.query(&sql, &[programme_id.into(), PLATFORM.into()]).await?;
    let of = |id: &str| rows.iter().find(|it| it.programme_id == id);
    let layers: Vec<_> = [of(programme_id), of(PLATFORM)].into_iter().flatten().collect();
    let first = |value: &dyn Fn(&TermsRow) -> u32, default: u32| {
        layers.iter().map(|it| value(it)).find(|it| *it > 0).unwrap_or(default)
    };
    let promised = mentoring_programmes::programme(store, programme_id).await?.map_or(0, |it| it.answer_within_minutes);
    // What the catalogue promises for this programme goes before what the platform says of all.
    let answer = |id: &str| of(id).map_or(0, |it| it.minutes.0[2]);
    let answers = [answer(programme_id), promised, answer(PLATFORM)];
    let first_answer_minutes = answers.into_iter().find(|it| *it > 0).unwrap_or(FIRST_ANSWER_MINUTES);
    let risk_days = layers.iter().map(|it| &it.risk_days.0).find(|it| !it.is_empty());
    Ok(TermsSet {
        proposal_minutes: first(&|it| it.minutes.0[0], PROPOSAL_MINUTES),
        hand_over_minutes: first(&|it| it.minutes.0[1], HAND_OVER_MINUTES),
        first_answer_minutes,
        review_lock_minutes: first(&|it| it.minutes.0[3], REVIEW_LOCK_MINUTES),
        review_locks_max: first(&|it| it.review_locks_max, REVIEW_LOCKS_MAX),
        risk_days: risk_days.cloned().unwrap_or_else(|| RISK_DAYS.to_vec()),
        cohort_matching: layers.first().is_some_and(|it| it.cohort_matching),
    })
}
