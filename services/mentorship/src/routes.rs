//! Where a question goes: to the learner's mentor, else to the best mentor who can stand in, else to staff.

use crate::{
    blocked_pairs,
    conversation::{Author, Facts},
    matching, mentor_terms,
    mentors::{self, MentorRow},
    mentorships::{self, MentorshipRow},
    rests, wishes,
};
use std::collections::BTreeSet;
use studium_kit::{Store, StoreError};
use studium_proto::mentorship::v1::{MentorState, MentorshipState, RerouteCause};

/// Why a mentor cannot take a learner's question; unspecified if nothing is in the way.
fn unfit(state: MentorState, is_blocked: bool) -> RerouteCause {
    match state {
        _ if is_blocked => RerouteCause::Blocked,
        MentorState::Active => RerouteCause::Unspecified,
        MentorState::Paused => RerouteCause::Paused,
        MentorState::Leaving | MentorState::Left | MentorState::Unspecified => RerouteCause::Leaving,
    }
}

async fn unfit_mentor(store: &Store, mentor: &str, blocked: &BTreeSet<String>) -> Result<RerouteCause, StoreError> {
    let state = mentors::mentor(store, mentor).await?.map(|it| state(&it)).unwrap_or_default();
    Ok(unfit(state, blocked.contains(mentor)))
}

fn state(row: &MentorRow) -> MentorState {
    MentorState::try_from(row.state).unwrap_or_default()
}

/// What is known of a mentorship for a conversation that is addressed to somebody; empty if to nobody.
/// `None` if no mentor was ever asked for.
pub async fn facts(
    store: &Store,
    (programme, learner): (&str, &str),
    (conversation, addressee): (&str, &str),
    at_ms: i64,
) -> Result<Option<Facts>, StoreError> {
    let Some(row) = mentorships::mentorship(store, programme, learner).await? else { return Ok(None) };
    // The mentor and the proposal by which the mentor came are read as one.
    let last = mentor_terms::of_mentorship(store, programme, learner).await?.pop().unwrap_or_default();
    let mentor_id = if last.until_ms == 0 { last.mentor_id } else { String::new() };
    let blocked = blocked_pairs::of_learner(store, learner).await?;
    let mut facts = Facts {
        standing: MentorshipState::try_from(row.state).unwrap_or_default(),
        institution_id: row.institution_id.clone(),
        proposal: last.proposal,
        addressee_id: addressee.to_owned(),
        rests: rests::of_mentorship(store, programme, learner).await?,
        ..Facts::default()
    };
    if !mentor_id.is_empty() {
        facts.instead = unfit_mentor(store, &mentor_id, &blocked).await?;
        if row.contact_barred && mentor_id == row.mentor_id {
            facts.instead = RerouteCause::Blocked;
        }
    }
    if addressee == mentor_id {
        facts.unfit = facts.instead;
    } else if !addressee.is_empty() {
        facts.unfit = unfit_mentor(store, addressee, &blocked).await?;
    }
    let is_fit = facts.instead == RerouteCause::Unspecified;
    // Without a mentor there is nobody to stand in for.
    facts.to_id = if is_fit {
        mentor_id.clone()
    } else {
        stand_in(store, &row, &[&mentor_id, addressee], conversation, at_ms).await?
    };
    facts.mentor_id = mentor_id;
    Ok(Some(facts))
}

/// The best mentor who can be asked instead, whether there is a free place or not; empty if there is none.
async fn stand_in(
    store: &Store,
    row: &MentorshipRow,
    not: &[&str],
    conversation: &str,
    at_ms: i64,
) -> Result<String, StoreError> {
    let mut wish = wishes::wish(store, row, at_ms).await?;
    // Who declined to be the mentor may well answer a question.
    wish.tried = not.iter().map(|it| (*it).to_owned()).collect();
    let mut offers = mentors::offers(store, &row.institution_id, at_ms).await?;
    for it in &mut offers {
        it.capacity = it.capacity.max(it.load + 1);
    }
    let found = matching::search(&wish, &offers);
    Ok(found.chosen(conversation).map(|it| it.mentor_id.clone()).unwrap_or_default())
}

/// What is known of a mentor who wants to answer a learner, or to see what there is to answer.
pub async fn author(store: &Store, mentor: &str, programme: &str, learner: &str) -> Result<Author, StoreError> {
    let row = mentors::mentor(store, mentor).await?;
    let last = mentor_terms::of_mentorship(store, programme, learner).await?.pop();
    Ok(Author {
        id: mentor.to_owned(),
        is_staff: false,
        is_mentor: last.is_some_and(|it| it.until_ms == 0 && it.mentor_id == mentor),
        state: row.as_ref().map(state).unwrap_or_default(),
        institution_id: row.map(|it| it.institution_id).unwrap_or_default(),
        is_blocked: blocked_pairs::of_learner(store, learner).await?.contains(mentor),
    })
}
