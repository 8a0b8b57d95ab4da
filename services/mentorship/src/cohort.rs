//! A whole cohort at once: who gets whom, when all who seek a mentor are matched together.

use crate::{
    assignment::{self, Quality},
    matching::{self, Offer, Search, Wish},
};
use std::collections::{BTreeSet, HashMap};
use studium_proto::mentorship::v1::Candidate;

/// Who gets whom.
#[derive(Debug)]
pub struct Plan {
    /// For each learner, in the order of the wishes, the mentor with the best few that were compared; none if nobody
    /// is left.
    pub chosen: Vec<Option<(Candidate, Vec<Candidate>)>>,
    /// How good it is.
    pub quality: Quality,
    /// How good it would be to give each learner the best who is free, one after the other.
    pub greedy: Quality,
}

/// What makes two learners alike for every mentor.
type Alike<'a> = (&'a str, &'a BTreeSet<String>, &'a [String], Option<i32>);

/// Matches learners and mentors: as many as possible, and then with the highest sum of scores.
pub fn plan(wishes: &[Wish], offers: &[Offer]) -> Plan {
    let places: Vec<_> = offers.iter().map(|it| it.capacity.saturating_sub(it.load)).collect();
    let index: HashMap<_, _> = offers.iter().zip(0_u32..).map(|(it, n)| (it.mentor_id.as_str(), n)).collect();
    let mut alike: HashMap<Alike<'_>, Search> = HashMap::new();
    for wish in wishes {
        // Scores are the same for all who want the same; who is excluded for one learner is looked at below.
        alike.entry(key(wish)).or_insert_with(|| matching::search(&plain(wish), offers));
    }
    let admissible = |wish: &Wish| -> assignment::Wishes {
        let candidates = alike[&key(wish)].candidates.iter();
        let free = candidates.filter(|it| !excluded(wish, &it.mentor_id));
        free.map(|it| (index[it.mentor_id.as_str()], it.score)).collect()
    };
    let learners: Vec<_> = wishes.iter().map(admissible).collect();
    let matched = assignment::optimal(&learners, &places);
    let quality = assignment::quality(&learners, &matched);
    let greedy = assignment::quality(&learners, &assignment::greedy(&learners, &places));
    let explain = |(wish, mentor): (&Wish, Option<u32>)| {
        let found = &alike[&key(wish)];
        let mentor_id = &offers[mentor? as usize].mentor_id;
        let chosen = found.candidates.iter().find(|it| it.mentor_id == *mentor_id)?;
        Some((chosen.clone(), found.named(chosen)))
    };
    Plan { chosen: wishes.iter().zip(matched).map(explain).collect(), quality, greedy }
}

fn key(wish: &Wish) -> Alike<'_> {
    (&wish.institution_id, &wish.skills, &wish.languages, wish.offset_minutes)
}

/// The wish without what holds for this learner only.
fn plain(wish: &Wish) -> Wish {
    Wish {
        learner_id: String::new(),
        tried: BTreeSet::new(),
        again: BTreeSet::new(),
        blocked: BTreeSet::new(),
        ..wish.clone()
    }
}

fn excluded(wish: &Wish, mentor_id: &str) -> bool {
    wish.learner_id == mentor_id || wish.tried.contains(mentor_id) || wish.blocked.contains(mentor_id)
}

#[cfg(test)]
mod tests;
