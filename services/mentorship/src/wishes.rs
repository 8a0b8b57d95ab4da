//! What learners who seek a mentor want, put together from what is known here.

use crate::{
    blocked_pairs,
    matching::{self, Search, Wish},
    mentees::{self, MenteeRow},
    mentoring_programmes, mentors,
    mentorships::MentorshipRow,
};
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Store, StoreError};

/// What a programme brings to the wish of each of its learners.
#[derive(Debug, Clone, Default)]
struct Taught {
    skills: BTreeSet<String>,
    language: String,
}

async fn taught(store: &Store, programme: &str) -> Result<Taught, StoreError> {
    let programme = mentoring_programmes::programme(store, programme).await?.unwrap_or_default();
    let skills = mentoring_programmes::skills(store, &programme.course_ids.0).await?;
    Ok(Taught { skills, language: programme.language })
}

fn put_together(
    row: &MentorshipRow,
    taught: &Taught,
    mentee: MenteeRow,
    blocked: BTreeSet<String>,
    at_ms: i64,
) -> Wish {
    let mut skills = taught.skills.clone();
    skills.extend(mentee.skills.0.iter().map(|it| it.to_lowercase()));
    let mut languages = mentee.languages.0;
    if languages.is_empty() && !taught.language.is_empty() {
        languages.push(taught.language.clone());
    }
    let mut tried: BTreeSet<_> = row.tried.0.iter().chain(&row.declined.0).cloned().collect();
    if !row.mentor_id.is_empty() {
        tried.insert(row.mentor_id.clone());
    }
    Wish {
        learner_id: row.learner_id.clone(),
        institution_id: row.institution_id.clone(),
        skills,
        languages,
        offset_minutes: matching::offset_minutes(&mentee.time_zone, at_ms),
        tried,
        again: row.again.0.iter().cloned().collect(),
        blocked,
    }
}

/// What the learners of these mentorships want, at an instant, in their order.
pub async fn wishes(store: &Store, rows: &[MentorshipRow], at_ms: i64) -> Result<Vec<Wish>, StoreError> {
    let learners: Vec<_> = rows.iter().map(|it| it.learner_id.clone()).collect();
    let mut mentees = mentees::mentees(store, &learners).await?;
    let blocked = blocked_pairs::of_learners(store, &learners).await?;
    let mut programmes: BTreeMap<&str, Taught> = BTreeMap::new();
    let mut wishes = Vec::with_capacity(rows.len());
    for row in rows {
        if !programmes.contains_key(row.programme_id.as_str()) {
            programmes.insert(&row.programme_id, taught(store, &row.programme_id).await?);
        }
        let mentee = mentees.remove(&row.learner_id).unwrap_or_default();
        let blocked = blocked.get(&row.learner_id).cloned().unwrap_or_default();
        wishes.push(put_together(row, &programmes[row.programme_id.as_str()], mentee, blocked, at_ms));
    }
    Ok(wishes)
}

/// What the learner of a mentorship wants, at an instant.
pub async fn wish(store: &Store, row: &MentorshipRow, at_ms: i64) -> Result<Wish, StoreError> {
    Ok(wishes(store, std::slice::from_ref(row), at_ms).await?.pop().unwrap_or_default())
}

/// Compares all mentors for a learner, at an instant.
pub async fn search(store: &Store, row: &MentorshipRow, at_ms: i64) -> Result<Search, StoreError> {
    let wish = wish(store, row, at_ms).await?;
    let offers = mentors::offers(store, &row.institution_id, at_ms).await?;
    Ok(matching::search(&wish, &offers))
}
