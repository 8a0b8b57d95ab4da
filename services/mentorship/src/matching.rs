//! How well a mentor fits a learner: a score with its parts, or why the two cannot be brought together.

use jiff::{Timestamp, tz::TimeZone};
use std::{cmp::Reverse, collections::BTreeSet};
use studium_proto::mentorship::v1::{Candidate, Exclusion, MentorState};

/// Weights of the parts, thousandths: what is taught counts most, then being understood, then being awake together.
const SKILLS: u32 = 350;
const LANGUAGE: u32 = 250;
const OVERLAP: u32 = 200;
const CAPACITY: u32 = 100;
const SATISFACTION: u32 = 100;

/// What a part counts where one side has not said anything.
const NOT_SAID: u32 = 500;

/// Each further language of the learner is worth so much less than the one before, thousandths.
const LANGUAGE_STEP: u32 = 250;

/// The hours of the day at which learners and mentors can be met, local time.
const LEARNER_DAY: (i32, i32) = (8, 22);
const MENTOR_DAY: (i32, i32) = (8, 20);

/// A new mentor counts like one with so many ratings of so many stars.
const PRIOR_RATINGS: u64 = 5;
const PRIOR_STARS: u64 = 4;

/// Scores that differ by less are as good as equal; then learners spread over mentors instead of crowding one.
const TIE: u32 = 30;

/// Candidates that a proposal names.
const NAMED: usize = 10;

const DAY_MINUTES: i32 = 24 * 60;

/// What a learner wants.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The learner.
    pub learner_id: String,
    /// Institution that owns the programme.
    pub institution_id: String,
    /// Skills in lower case.
    pub skills: BTreeSet<String>,
    /// Languages, the best first; empty = not said.
    pub languages: Vec<String>,
    /// How far the learner's clock is ahead of UTC, minutes; none = not said.
    pub offset_minutes: Option<i32>,
    /// Mentors who declined, did not answer, or hand over.
    pub tried: BTreeSet<String>,
    /// Mentors who had no time or place before and may be asked again, when nobody else is left.
    pub again: BTreeSet<String>,
    /// Mentors whom the learner never meets again.
    pub blocked: BTreeSet<String>,
}

/// What a mentor offers.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// The mentor.
    pub mentor_id: String,
    /// Institution that the mentor works for; empty = any.
    pub institution_id: String,
    /// Where the mentor stands.
    pub state: MentorState,
    /// Skills in lower case.
    pub skills: BTreeSet<String>,
    /// Languages.
    pub languages: Vec<String>,
    /// How far the mentor's clock is ahead of UTC, minutes; none = not said.
    pub offset_minutes: Option<i32>,
    /// Mentees at most.
    pub capacity: u32,
    /// Places taken.
    pub load: u32,
    /// Mentees who rated the mentor, and the sum of their stars.
    pub ratings: (u64, u64),
}

/// How far a time zone is ahead of UTC at an instant, minutes; none if it is not known.
pub fn offset_minutes(time_zone: &str, at_ms: i64) -> Option<i32> {
    let zone = TimeZone::get(time_zone).ok()?;
    let at = Timestamp::from_millisecond(at_ms).ok()?;
    Some(zone.to_offset(at).seconds() / 60)
}

/// The score of a mentor for a learner, or why there is none.
pub fn judge(wish: &Wish, offer: &Offer) -> Result<Candidate, (Candidate, Exclusion)> {
    let language = language(&wish.languages, &offer.languages);
    let candidate = scored(wish, offer, language.unwrap_or_default());
    match excluded(wish, offer).or(language.is_none().then_some(Exclusion::Language)) {
        Some(why) => Err((candidate, why)),
        None => Ok(candidate),
    }
}

fn scored(wish: &Wish, offer: &Offer, language: u32) -> Candidate {
    let skills = match wish.skills.len() as u32 {
        0 => NOT_SAID,
        wanted => wish.skills.intersection(&offer.skills).count() as u32 * 1_000 / wanted,
    };
    let overlap = match (wish.offset_minutes, offer.offset_minutes) {
        (Some(learner), Some(mentor)) => overlap(learner, mentor),
        _ => NOT_SAID,
    };
    let free = offer.capacity.saturating_sub(offer.load);
    let capacity = (free * 1_000).checked_div(offer.capacity).unwrap_or_default();
    let satisfaction = satisfaction(offer.ratings);
    let score =
        (skills * SKILLS + language * LANGUAGE + overlap * OVERLAP + capacity * CAPACITY + satisfaction * SATISFACTION)
            / 1_000;
    Candidate { mentor_id: offer.mentor_id.clone(), score, skills, language, overlap, capacity, satisfaction }
}

fn excluded(wish: &Wish, offer: &Offer) -> Option<Exclusion> {
    if offer.mentor_id == wish.learner_id {
        return Some(Exclusion::Himself);
    }
    if wish.blocked.contains(&offer.mentor_id) {
        return Some(Exclusion::Blocked);
    }
    if !offer.institution_id.is_empty() && offer.institution_id != wish.institution_id {
        return Some(Exclusion::Institution);
    }
    if wish.tried.contains(&offer.mentor_id) {
        return Some(Exclusion::Tried);
    }
    match offer.state {
        MentorState::Active if offer.load >= offer.capacity => Some(Exclusion::Full),
        MentorState::Active => None,
        MentorState::Paused => Some(Exclusion::Paused),
        _ => Some(Exclusion::Leaving),
    }
}

/// The learner's best language that the mentor speaks, in thousandths; none if there is none.
fn language(wanted: &[String], spoken: &[String]) -> Option<u32> {
    if wanted.is_empty() || spoken.is_empty() {
        return Some(NOT_SAID);
    }
    // `pt-BR` and `pt-PT` understand each other.
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let place = wanted.iter().position(|it| spoken.iter().any(|other| primary(it) == primary(other)))?;
    Some(1_000_u32.saturating_sub(place as u32 * LANGUAGE_STEP).max(LANGUAGE_STEP))
}

/// The part of the shorter day that both can be met, in thousandths.
fn overlap(learner_offset: i32, mentor_offset: i32) -> u32 {
    let utc = |(from, until): (i32, i32), offset: i32| (from * 60 - offset, until * 60 - offset);
    let (learner, mentor) = (utc(LEARNER_DAY, learner_offset), utc(MENTOR_DAY, mentor_offset));
    // Either day may fall on the day before or after of the other.
    let common: i32 = [-2, -1, 0, 1, 2]
        .iter()
        .map(|day| day * DAY_MINUTES)
        .map(|day| (learner.1.min(mentor.1 + day) - learner.0.max(mentor.0 + day)).max(0))
        .sum();
    let shorter = (LEARNER_DAY.1 - LEARNER_DAY.0).min(MENTOR_DAY.1 - MENTOR_DAY.0) * 60;
    (common.min(shorter) * 1_000 / shorter) as u32
}

/// What mentees said, drawn towards a good mentor's mean as long as few have.
fn satisfaction((ratings, stars): (u64, u64)) -> u32 {
    let millistars = (stars + PRIOR_RATINGS * PRIOR_STARS) * 1_000 / (ratings + PRIOR_RATINGS);
    (millistars.saturating_sub(1_000) / 4) as u32
}

/// What a search among mentors came to.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Who can be proposed: those who were not asked before, then the others, the best first.
    pub candidates: Vec<Candidate>,
    /// How many were not asked before.
    fresh: usize,
    /// Who cannot, and why.
    pub excluded: Vec<(Candidate, Exclusion)>,
}

/// Compares all mentors for a learner.
pub fn search(wish: &Wish, offers: &[Offer]) -> Search {
    let mut found = Search::default();
    for offer in offers {
        match judge(wish, offer) {
            Ok(it) => found.candidates.push(it),
            Err(it) => found.excluded.push(it),
        }
    }
    let order = |it: &Candidate| (wish.again.contains(&it.mentor_id), Reverse(it.score), it.mentor_id.clone());
    found.candidates.sort_by_cached_key(order);
    found.fresh = found.candidates.iter().filter(|it| !wish.again.contains(&it.mentor_id)).count();
    found
}

impl Search {
    /// Who is proposed: the best, and among those as good as equal a different one for each learner.
    pub fn chosen(&self, mentorship_id: &str) -> Option<&Candidate> {
        let (fresh, asked) = self.candidates.split_at(self.fresh);
        let first = if fresh.is_empty() { asked } else { fresh };
        let best = first.first()?.score;
        let equal = first.iter().take_while(|it| it.score + TIE > best);
        equal.max_by_key(|it| spread(mentorship_id, &it.mentor_id))
    }

    /// The best few with the chosen one among them: what a proposal names.
    pub fn named(&self, chosen: &Candidate) -> Vec<Candidate> {
        let mut named: Vec<_> = self.candidates.iter().take(NAMED).cloned().collect();
        if !named.contains(chosen) {
            named.pop();
            named.push(chosen.clone());
        }
        named
    }

    /// How many cannot be proposed for any of these reasons.
    pub fn count(&self, why: &[Exclusion]) -> u32 {
        self.excluded.iter().filter(|(_, it)| why.contains(it)).count() as u32
    }
}

/// A number that depends on both and on nothing else (FNV-1a).
fn spread(mentorship_id: &str, mentor_id: &str) -> u64 {
    let bytes = mentorship_id.bytes().chain([0]).chain(mentor_id.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, it| (hash ^ u64::from(it)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests;
