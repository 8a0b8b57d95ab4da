//! Who is proposed to learners who seek a mentor: when they begin to seek, when a proposal came to nothing, and when a
//! mentor has a free place.

use crate::{
    blocked_pairs::BlockedPairs,
    by::by_itself,
    matching::{self, Offer, Wish},
    mentees::Mentees,
    mentors::{self, Mentors},
    mentorship::{Command, Mentorship, Proposed},
    mentorships::{self, MentorshipRow, Mentorships},
    terms_held::{self, TermsHeld},
    wishes,
};
use studium_kit::{App, LookUpPolicy, Reaction, StoreError, View};
use studium_proto::mentorship::v1::{
    Exclusion, MentorState, NoMentorFound, ProposalOrigin, RequestSource, TermsSet, mentor_event::Event as MentorEvent,
    mentorship_event::Event as MentorshipEvent,
};

/// Learners who are looked at when one mentor has a free place.
const LOOKED_AT: i64 = 200;

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

/// Searches for these learners in order; a place that one is proposed for is not offered to the next.
async fn search_each(app: &App, rows: Vec<MentorshipRow>, at_ms: i64) -> Result<Vec<(String, Command)>, StoreError> {
    let store = app.store();
    let wishes = wishes::wishes(store, &rows, at_ms).await?;
    let mut offers: Option<(String, Vec<Offer>)> = None;
    let mut commands = Vec::with_capacity(rows.len());
    for (row, wish) in rows.iter().zip(&wishes) {
        let terms = terms_held::terms(store, &row.programme_id).await?;
        // An import says itself who the mentor was, and a cohort is matched together.
        let by_others = row.source == RequestSource::Import as i32 || terms.cohort_matching;
        let waits = by_others && row.mentor_id.is_empty() && !row.proposed_before;
        if !row.seeking || waits {
            continue;
        }
        let (_, offers) = match &mut offers {
            Some(known) if known.0 == row.institution_id => known,
            other => {
                let institution = row.institution_id.clone();
                let loaded = mentors::offers(store, &institution, at_ms).await?;
                other.insert((institution, loaded))
            }
        };
        let command = search(row, wish, offers, &terms);
        if let Command::Propose(it) = &command {
            offers.iter_mut().filter(|offer| offer.mentor_id == it.mentor_id).for_each(|it| it.load += 1);
        }
        commands.push((row.id(), command));
    }
    Ok(commands)
}

fn reaction(at_ms: i64, (id, command): (String, Command)) -> Reaction<Mentorship> {
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

    async fn react(
        app: &App,
        id: &str,
        event: &MentorshipEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Mentorship>>, StoreError> {
        let Some((programme, learner)) = id.split_once('~').filter(|_| begins_search(event)) else {
            return Ok(Vec::new());
        };
        let row = mentorships::mentorship(app.store(), programme, learner).await?;
        let found = search_each(app, row.into_iter().collect(), at_ms).await?;
        Ok(found.into_iter().map(|it| reaction(at_ms, it)).collect())
    }
}

/// Seeks again for those who wait longest when a mentor has a free place.
pub struct FreePlacesAreOffered;

impl LookUpPolicy for FreePlacesAreOffered {
    const NAME: &'static str = "free-places-are-offered";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = SEARCHED;
    type Event = MentorEvent;
    type Target = Mentorship;

    async fn react(
        app: &App,
        mentor: &str,
        event: &MentorEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Mentorship>>, StoreError> {
        let opens = matches!(
            event,
            MentorEvent::PlaceFreed(_)
                | MentorEvent::CapacitySet(_)
                | MentorEvent::MentorResumed(_)
                | MentorEvent::MentorDescribed(_)
        );
        if !opens {
            return Ok(Vec::new());
        }
        let Some(row) = mentors::mentor(app.store(), mentor).await? else { return Ok(Vec::new()) };
        let free = row.capacity.saturating_sub(row.load) as usize;
        if free == 0 || row.state != MentorState::Active as i32 {
            return Ok(Vec::new());
        }
        let waiting = mentorships::seeking(app.store(), &row.institution_id, LOOKED_AT).await?;
        let found = search_each(app, waiting, at_ms).await?;
        let proposals = found.into_iter().filter(|it| matches!(it.1, Command::Propose(_)));
        Ok(proposals.map(|it| reaction(at_ms, it)).collect())
    }
}
