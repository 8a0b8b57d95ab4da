//! Recognitions: what was handed in where, what is due, and what was decided, for learners, officers and issuers.

use std::fmt::Write as _;
use studium_kit::{Caller, Changes, Dialect, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::credentials::v1::{
    self as credentials, AwardScheme, AwardedCredit, RecognitionState, RecognitionSubmitted, recognition_event::Event,
};

row! {
    /// One credential at one receiving institution.
    pub struct RecognitionRow {
        key { recognition_id: String }
        learner_id: String,
        institution_id: String,
        issuer_institution_id: String,
        credential_id: String,
        title: String,
        /// Schemes and thousandths of credits.
        claimed: Json<Vec<(i32, u32)>>,
        programme_id: String,
        recognition_state: i32,
        outcome: i32,
        credits_milli: u32,
        scheme: i32,
        difference: i32,
        explanation: String,
        officer: String,
        due_ms: i64,
        is_escalated: bool,
        foreign_sha256: String,
        foreign_issuer: String,
        submitted_ms: i64,
        decided_ms: i64,
        grounds: String,
        note: String,
        kind: i32,
    }
}

/// Recognitions by id.
pub struct Recognitions;

impl View for Recognitions {
    type Row = RecognitionRow;
    const NAME: &'static str = "recognition_2";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_institution ON {table} (institution_id)".to_owned(),
            "CREATE INDEX {table}_issuer ON {table} (issuer_institution_id)".to_owned(),
            "CREATE INDEX {table}_due ON {table} (due_ms) WHERE due_ms > 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RecognitionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (recognition_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            row.get_or_insert_with(|| RecognitionRow { recognition_id, ..RecognitionRow::default() }).take_in(it, at);
        });
    }
}

impl RecognitionRow {
    fn take_in(&mut self, event: Event, at: i64) {
        match event {
            Event::RecognitionSubmitted(it) => {
                self.recognition_state = RecognitionState::Submitted as i32;
                (self.submitted_ms, self.due_ms) = (at, it.due_at_ms);
                self.claimed = Json(it.claimed.iter().map(|it| (it.scheme, it.credits_milli)).collect());
                (self.learner_id, self.institution_id) = (it.learner_id, it.institution_id);
                (self.credential_id, self.issuer_institution_id) = (it.credential_id, it.issuer_institution_id);
                (self.title, self.programme_id, self.note) = (it.title, it.programme_id, it.note);
                (self.foreign_sha256, self.foreign_issuer) = (it.foreign_sha256, it.foreign_issuer);
            }
            Event::RecognitionReviewStarted(it) => {
                (self.recognition_state, self.officer) = (RecognitionState::UnderReview as i32, it.officer);
            }
            Event::RecognitionDecided(it) => {
                self.recognition_state = RecognitionState::Decided as i32;
                (self.outcome, self.credits_milli, self.scheme) = (it.outcome, it.credits_milli, it.scheme);
                (self.difference, self.explanation, self.officer) = (it.difference, it.explanation, it.officer);
                self.kind = it.kind;
                (self.decided_ms, self.due_ms, self.is_escalated) = (at, 0, false);
            }
            Event::RecognitionAppealed(it) => {
                (self.recognition_state, self.due_ms) = (RecognitionState::Appealed as i32, it.due_at_ms);
                self.grounds = it.grounds;
            }
            Event::RecognitionAppealDecided(it) => {
                self.recognition_state = RecognitionState::Final as i32;
                (self.outcome, self.credits_milli, self.scheme) = (it.outcome, it.credits_milli, it.scheme);
                (self.difference, self.explanation, self.officer) = (it.difference, it.explanation, it.officer);
                self.kind = it.kind;
                (self.decided_ms, self.due_ms, self.is_escalated) = (at, 0, false);
            }
            Event::RecognitionEscalated(_) => self.is_escalated = true,
        }
    }

    /// As it is shown. What the learner said is for whoever decides and for the learner, not for the issuer.
    pub fn shown(mut self, caller: &Caller) -> credentials::Recognition {
        let decides = caller.acts_for(&self.institution_id);
        if !decides && caller.subject != self.learner_id {
            (self.grounds, self.note) = (String::new(), String::new());
        }
        let claimed = self.claimed.0.iter();
        credentials::Recognition {
            claimed: claimed.map(|it| AwardedCredit { scheme: it.0, credits_milli: it.1 }).collect(),
            recognition_id: self.recognition_id,
            learner_id: self.learner_id,
            institution_id: self.institution_id,
            credential_id: self.credential_id,
            issuer_institution_id: self.issuer_institution_id,
            title: self.title,
            programme_id: self.programme_id,
            state: self.recognition_state,
            outcome: self.outcome,
            credits_milli: self.credits_milli,
            scheme: self.scheme,
            difference: self.difference,
            explanation: self.explanation,
            officer: self.officer,
            due_ms: self.due_ms,
            is_escalated: self.is_escalated,
            foreign_sha256: self.foreign_sha256,
            foreign_issuer: self.foreign_issuer,
            submitted_ms: self.submitted_ms,
            decided_ms: self.decided_ms,
            grounds: self.grounds,
            note: self.note,
            kind: self.kind,
        }
    }
}

/// One recognition, if it was asked for.
pub async fn recognition(store: &Store, recognition_id: &str) -> Result<Option<RecognitionRow>, StoreError> {
    let sql = format!("SELECT {} FROM recognition_2 WHERE recognition_id = $1", RecognitionRow::COLUMN_LIST);
    Ok(store.query(&sql, &[recognition_id.into()]).await?.pop())
}

/// What a programme of an institution recognises already of a learner in a scheme, without one recognition.
pub async fn recognised_before(
    store: &Store,
    it: &RecognitionSubmitted,
    recognition_id: &str,
    scheme: AwardScheme,
) -> Result<u64, StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(credits_milli), 0) AS BIGINT) FROM recognition_2 WHERE learner_id = $1 \
               AND institution_id = $2 AND programme_id = $3 AND scheme = $4 AND recognition_id <> $5";
    let values = [
        it.learner_id.as_str().into(),
        it.institution_id.as_str().into(),
        it.programme_id.as_str().into(),
        (scheme as i32).into(),
        recognition_id.into(),
    ];
    let rows: Vec<(u64,)> = store.query(sql, &values).await?;
    Ok(rows.first().map_or(0, |it| it.0))
}

/// Which recognitions are asked for; what is empty does not matter.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Only this learner's.
    pub learner_id: &'a str,
    /// Only those that this institution decides.
    pub institution_id: &'a str,
    /// Only of this issuer's credentials.
    pub issuer_institution_id: &'a str,
    /// Only in this state.
    pub state: RecognitionState,
    /// Only those that are due until then; 0 = all.
    pub due_until_ms: i64,
}

/// A page of recognitions.
pub async fn recognitions(store: &Store, it: &Wanted<'_>, page: &Page) -> Result<Vec<RecognitionRow>, StoreError> {
    let mut sql = format!("SELECT {} FROM recognition_2 WHERE recognition_id > $1", RecognitionRow::COLUMN_LIST);
    let mut values = vec![page.after.as_str().into(), page.size.into()];
    let texts = [
        ("learner_id", it.learner_id),
        ("institution_id", it.institution_id),
        ("issuer_institution_id", it.issuer_institution_id),
    ];
    for (column, value) in texts.into_iter().filter(|(_, value)| !value.is_empty()) {
        values.push(value.into());
        let _ = write!(sql, " AND {column} = ${}", values.len());
    }
    if it.state != RecognitionState::Unspecified {
        values.push((it.state as i32).into());
        let _ = write!(sql, " AND recognition_state = ${}", values.len());
    }
    if it.due_until_ms > 0 {
        values.push(it.due_until_ms.into());
        let _ = write!(sql, " AND due_ms > 0 AND due_ms <= ${}", values.len());
    }
    sql.push_str(" ORDER BY recognition_id LIMIT $2");
    store.query(&sql, &values).await
}
