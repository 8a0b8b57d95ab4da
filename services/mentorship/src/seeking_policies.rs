//! Who is proposed to learners who seek a mentor: when they begin to seek, when a proposal came to nothing, and when a
//! mentor has a free place.

use crate::{
    blocked_pairs::BlockedPairs,
    matching::{self, Offer, Wish},
    mentees::Mentees,
    mentors::{self, MentorRow, Mentors},
    mentorship::{Command, Mentorship, Proposed},
    mentorships::{self, MentorshipRow, Mentorships},
    terms_held::{self, TermsHeld},
    wishes,
};
use std::collections::BTreeMap;
use studium_kit::{App, LookUpPolicy, Reaction, StoreError, View, by_itself};
use studium_proto::mentorship::v1::{
    Exclusion, MentorState, NoMentorFound, ProposalOrigin, RequestSource, TermsSet, mentor_event::Event as MentorEvent,
    mentorship_event::Event as MentorshipEvent,
};

/// Learners who are looked at together when a mentor has a free place.
const LOOKED_AT: usize = 200;

/// What a search reads.
const SEARCHED: &[&str] = &[Mentorships::NAME, Mentors::NAME, Mentees::NAME, BlockedPairs::NAME, TermsHeld::NAME];

/// Searches a mentor for a learner: proposes one, or says that there is nobody.
fn search(row: &MentorshipRow, wish: &Wish, offers: &[Offer], terms: &TermsSet) -> Command {
    let found = matching::search(wish, offers);
    let considered = offers.len() as u32;
    let Some(chosen) = found.chosen(&row.id()) else {
        return Command::NoneFound(NoMentorFound {
            considered,
            full: found.count(&[Exclusion::Full]),
            away: found.count(&[Exclusion::Paused, Exclusion::Leaving]),
            no_language: found.count(&[Exclusion::Language]),
            excluded: found.count(&[Exclusion::Tried, Exclusion::Blocked, Exclusion::Himself, Exclusion::Institution]),
        });
    };
    Command::Propose(Proposed {
        learner_id: row.learner_id.clone(),
        mentor_id: chosen.mentor_id.clone(),
        origin: if row.overdue { ProposalOrigin::Overdue } else { ProposalOrigin::Matching },
        answer_within_minutes: (!row.overdue).then_some(terms.proposal_minutes),
        candidates: found.named(chosen),
        considered,
    })
}

/// Searches for one learner among all mentors, if the learner seeks and nobody else sees to it.
async fn search_all(app: &App, row: &MentorshipRow, at_ms: i64) -> Result<Option<Command>, StoreError> {
    let store = app.store();
    if !row.seeking {
        return Ok(None);
    }
    let terms = terms_held::terms(store, &row.programme_id).await?;
    // An import says itself who the mentor was, and a cohort is matched together.
    let by_others = row.source == RequestSource::Import as i32 || terms.cohort_matching;
    if by_others && row.mentor_id.is_empty() && !row.proposed_before {
        return Ok(None);
    }
    let wish = wishes::wish(store, row, at_ms).await?;
    let offers = mentors::offers(store, &row.institution_id, at_ms).await?;
    Ok(Some(search(row, &wish, &offers, &terms)))
}

/// Offers the free places of one mentor to those who wait longest, page by page, until they are given away.
async fn offer_places(app: &App, mentor: MentorRow, at_ms: i64) -> Result<Vec<Reaction<Mentorship>>, StoreError> {
    if mentor.state != MentorState::Active as i32 {
        return Ok(Vec::new());
    }
    let store = app.store();
    let institution = mentor.institution_id.clone();
    let mut offer = [mentor.offer(at_ms)];
    let (mut terms, mut found) = (BTreeMap::new(), Vec::new());
    let mut after = None;
    while offer[0].load < offer[0].capacity {
        let rows = mentorships::seeking(store, (&offer[0].mentor_id, &institution), after.as_ref(), LOOKED_AT).await?;
        for (row, wish) in rows.iter().zip(wishes::wishes(store, &rows, at_ms).await?) {
            if matching::judge(&wish, &offer[0]).is_err() {
                continue;
            }
            if !terms.contains_key(&row.programme_id) {
                terms.insert(row.programme_id.clone(), terms_held::terms(store, &row.programme_id).await?);
            }
            found.push(reaction(at_ms, row.id(), search(row, &wish, &offer, &terms[&row.programme_id])));
            offer[0].load += 1;
        }
        after = rows.into_iter().nth(LOOKED_AT - 1);
        if after.is_none() {
            break;
        }
    }
    Ok(found)
}

fn reaction(at_ms: i64, id: String, command: Command) -> Reaction<Mentorship> {
    Reaction { id, command: by_itself(at_ms, command) }
}

/// Whether a mentor is sought after this, unless there is one.
pub(crate) fn begins_search(event: &MentorshipEvent) -> bool {
    matches!(
        event,
        MentorshipEvent::MentorshipRequested(_)
            | MentorshipEvent::ProposalEnded(_)
            | MentorshipEvent::HandOverStarted(_)
            | MentorshipEvent::HandOverOverdue(_)
            | MentorshipEvent::MentorshipResumed(_)
    )
}

/// Proposes the best mentor to who begins to seek one, and the next best when a proposal came to nothing.
pub struct MentorsAreSought;

impl LookUpPolicy for MentorsAreSought {
    const NAME: &'static str = "mentors-are-sought";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = SEARCHED;
    type Event = MentorshipEvent;
    type Target = Mentorship;

    fn concerns(event: &MentorshipEvent) -> bool {
        begins_search(event)
    }

    async fn react(
        app: &App,
        id: &str,
        _: &MentorshipEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Mentorship>>, StoreError> {
        let Some((programme, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let Some(row) = mentorships::mentorship(app.store(), programme, learner).await? else {
            return Ok(Vec::new());
        };
        let found = search_all(app, &row, at_ms).await?;
        Ok(found.into_iter().map(|it| reaction(at_ms, row.id(), it)).collect())
    }
}

/// Seeks again for those who wait longest when a mentor has a free place.
pub struct FreePlacesAreOffered;

impl LookUpPolicy for FreePlacesAreOffered {
    const NAME: &'static str = "free-places-are-offered";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = SEARCHED;
    // Many mentors have places at once when a term begins: each is to see whom the one before was proposed to.
    const IN_TURN: bool = true;
    type Event = MentorEvent;
    type Target = Mentorship;

    fn concerns(event: &MentorEvent) -> bool {
        matches!(
            event,
            MentorEvent::MentorRegistered(_)
                | MentorEvent::MentorDescribed(_)
                | MentorEvent::CapacitySet(_)
                | MentorEvent::MentorResumed(_)
                | MentorEvent::PlaceFreed(_)
        )
    }

    async fn react(
        app: &App,
        mentor: &str,
        event: &MentorEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Mentorship>>, StoreError> {
        let Some(row) = mentors::mentor(app.store(), mentor).await? else { return Ok(Vec::new()) };
        // Who registers says in one act what there is to say, and the capacity has the places offered. Who comes back
        // may have the same capacity as before.
        let says = matches!(event, MentorEvent::MentorRegistered(_) | MentorEvent::MentorDescribed(_));
        if says && row.since_ms == at_ms { Ok(Vec::new()) } else { offer_places(app, row, at_ms).await }
    }
}

/// Offers a place to the next when whom it was offered to had no need of it any more: somebody else was quicker.
pub struct PlacesGoToTheNext;

impl LookUpPolicy for PlacesGoToTheNext {
    const NAME: &'static str = "places-go-to-the-next";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = SEARCHED;
    // Each is to see whom the one before was proposed to, as with free places.
    const IN_TURN: bool = true;
    type Event = MentorshipEvent;
    type Target = Mentorship;

    fn concerns(event: &MentorshipEvent) -> bool {
        matches!(event, MentorshipEvent::MentorPassedOver(_))
    }

    async fn react(
        app: &App,
        _: &str,
        event: &MentorshipEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Mentorship>>, StoreError> {
        let MentorshipEvent::MentorPassedOver(it) = event else { return Ok(Vec::new()) };
        match mentors::mentor(app.store(), &it.mentor_id).await? {
            Some(row) => offer_places(app, row, at_ms).await,
            None => Ok(Vec::new()),
        }
    }
}
