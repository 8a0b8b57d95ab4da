//! What a learner who seeks a mentor wants, put together from what is known here.

use crate::{
    blocked_pairs,
    matching::{self, Search, Wish},
    mentees, mentoring_programmes, mentors,
    mentorships::MentorshipRow,
};
use std::collections::BTreeSet;
use studium_kit::{Store, StoreError};

/// What the learner of a mentorship wants, at an instant.
pub async fn wish(store: &Store, row: &MentorshipRow, at_ms: i64) -> Result<Wish, StoreError> {
    let programme = mentoring_programmes::programme(store, &row.programme_id).await?.unwrap_or_default();
    let mentee = mentees::mentee(store, &row.learner_id).await?;
    let mut skills = mentoring_programmes::skills(store, &programme.course_ids.0).await?;
    skills.extend(mentee.skills.0.iter().map(|it| it.to_lowercase()));
    let mut languages = mentee.languages.0;
    if languages.is_empty() && !programme.language.is_empty() {
        languages.push(programme.language);
    }
    let mut tried: BTreeSet<_> = row.tried.0.iter().chain(&row.declined.0).cloned().collect();
    if !row.mentor_id.is_empty() {
        tried.insert(row.mentor_id.clone());
    }
    Ok(Wish {
        learner_id: row.learner_id.clone(),
        institution_id: row.institution_id.clone(),
        skills,
        languages,
        offset_minutes: matching::offset_minutes(&mentee.time_zone, at_ms),
        tried,
        again: row.again.0.iter().cloned().collect(),
        blocked: blocked_pairs::of_learner(store, &row.learner_id).await?,
    })
}

/// Compares all mentors for a learner, at an instant.
pub async fn search(store: &Store, row: &MentorshipRow, at_ms: i64) -> Result<Search, StoreError> {
    let wish = wish(store, row, at_ms).await?;
    let offers = mentors::offers(store, &row.institution_id, at_ms).await?;
    Ok(matching::search(&wish, &offers))
}
