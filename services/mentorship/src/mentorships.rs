//! Who has whom as a mentor, who waits, who is proposed: one row for each learner in each programme.

use crate::{terms::PLATFORM, wanted::Wanted};
use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Dialect, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{
    Candidate, HandOverCause, MentorProposed, Mentorship, MentorshipState, ProposalEnd, RequestSource,
    mentorship_event::Event,
};

row! {
    /// One learner in one programme.
    pub struct MentorshipRow {
        key { programme_id: String, learner_id: String }
        institution_id: String,
        state: i32,
        round: u32,
        source: i32,
        mentor_id: String,
        proposed_mentor_id: String,
        answer_by_ms: i64,
        hand_over_due_ms: i64,
        hand_over_cause: i32,
        overdue: bool,
        contact_barred: bool,
        requested_at_ms: i64,
        assigned_at_ms: i64,
        ended_at_ms: i64,
        end_cause: i32,
        paused: bool,
        seeking: bool,
        proposed_before: bool,
        chosen_from: Json<Vec<Fit>>,
        tried: Json<Vec<String>>,
        declined: Json<Vec<String>>,
        again: Json<Vec<String>>,
    }
}

/// How one mentor fits: score, then skills, language, overlap, capacity and satisfaction, all in thousandths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit(String, [u32; 6]);

impl From<Candidate> for Fit {
    fn from(it: Candidate) -> Self {
        Self(it.mentor_id, [it.score, it.skills, it.language, it.overlap, it.capacity, it.satisfaction])
    }
}

impl From<Fit> for Candidate {
    fn from(Fit(mentor_id, [score, skills, language, overlap, capacity, satisfaction]): Fit) -> Self {
        Self { mentor_id, score, skills, language, overlap, capacity, satisfaction }
    }
}

/// Mentorships by programme and learner.
pub struct Mentorships;

impl View for Mentorships {
    type Row = MentorshipRow;
    const NAME: &'static str = "mentorship_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_mentor ON {table} (mentor_id, programme_id, learner_id)".to_owned(),
            "CREATE INDEX {table}_proposed ON {table} (proposed_mentor_id) WHERE proposed_mentor_id <> ''".to_owned(),
            "CREATE INDEX {table}_seeking ON {table} (requested_at_ms) WHERE seeking".to_owned(),
            "CREATE INDEX {table}_answer ON {table} (answer_by_ms) WHERE answer_by_ms > 0".to_owned(),
            "CREATE INDEX {table}_due ON {table} (hand_over_due_ms) WHERE hand_over_due_ms > 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MentorshipRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((programme, learner)) = event.id().split_once('~') else { return };
        let (programme_id, learner_id, at) = (programme.to_owned(), learner.to_owned(), event.at_ms());
        rows.row((programme, learner), move |row| {
            let row = row.get_or_insert_with(|| MentorshipRow { programme_id, learner_id, ..MentorshipRow::default() });
            row.take_in(it, at);
            row.settle();
        });
    }
}

impl MentorshipRow {
    fn take_in(&mut self, event: Event, at: i64) {
        match event {
            Event::MentorshipAnnounced(it) => {
                self.institution_id = it.institution_id;
                (self.requested_at_ms, self.assigned_at_ms, self.ended_at_ms, self.end_cause) = (0, 0, 0, 0);
            }
            Event::MentorshipRequested(it) => {
                self.institution_id = it.institution_id;
                (self.round, self.source) = (it.round, it.source);
                (self.requested_at_ms, self.assigned_at_ms, self.ended_at_ms, self.end_cause) = (at, 0, 0, 0);
                self.search_anew();
                self.proposed_before = false;
            }
            Event::MentorProposed(it) => self.proposed(it),
            Event::ProposalOpened(it) => self.answer_by_ms = it.answer_by_ms,
            Event::ProposalEnded(it) => {
                self.not_proposed();
                match it.end() {
                    ProposalEnd::Declined => self.declined.0.push(it.mentor_id),
                    ProposalEnd::NoPlace | ProposalEnd::Lapsed | ProposalEnd::MentorAway => {
                        self.tried.0.push(it.mentor_id);
                    }
                    _ => {}
                }
            }
            // Who had no time or place may be asked again; who declined may not.
            Event::NoMentorFound(_) => {
                for it in std::mem::take(&mut self.tried.0) {
                    if !self.again.0.contains(&it) {
                        self.again.0.push(it);
                    }
                }
            }
            Event::MentorAssigned(it) => {
                self.not_proposed();
                self.mentor_id = it.mentor_id;
                if self.assigned_at_ms == 0 {
                    self.assigned_at_ms = at;
                }
                self.no_hand_over();
                self.search_anew();
            }
            Event::HandOverStarted(it) => {
                if self.hand_over_due_ms == 0 {
                    self.search_anew();
                }
                (self.hand_over_due_ms, self.hand_over_cause) = (it.due_ms, it.cause);
                self.contact_barred = it.contact_barred;
            }
            Event::HandOverOverdue(_) => self.overdue = true,
            Event::HandOverCancelled(_) => self.no_hand_over(),
            Event::MentorshipPaused(_) => self.paused = true,
            Event::MentorshipResumed(_) => self.paused = false,
            Event::MentorshipEnded(it) => {
                self.not_proposed();
                self.no_hand_over();
                self.mentor_id.clear();
                self.paused = false;
                (self.ended_at_ms, self.end_cause) = (at, it.end);
            }
            Event::MentorRated(_) | Event::MentorPassedOver(_) => {}
        }
    }

    fn proposed(&mut self, it: MentorProposed) {
        self.proposed_mentor_id = it.mentor_id;
        self.proposed_before = true;
        self.answer_by_ms = 0;
        self.chosen_from = Json(it.candidates.into_iter().map(Fit::from).collect());
    }

    fn search_anew(&mut self) {
        self.tried.0.clear();
        self.declined.0.clear();
        self.again.0.clear();
    }

    fn not_proposed(&mut self) {
        self.proposed_mentor_id.clear();
        self.answer_by_ms = 0;
    }

    fn no_hand_over(&mut self) {
        (self.hand_over_due_ms, self.hand_over_cause) = (0, HandOverCause::Unspecified as i32);
        (self.overdue, self.contact_barred) = (false, false);
    }

    /// Says where it stands, which follows from the rest.
    fn settle(&mut self) {
        let state = match () {
            () if self.ended_at_ms > 0 => MentorshipState::Ended,
            () if self.paused => MentorshipState::Paused,
            () if self.requested_at_ms == 0 => MentorshipState::Announced,
            () if self.mentor_id.is_empty() => MentorshipState::Waiting,
            () => MentorshipState::Active,
        };
        let wanted = self.mentor_id.is_empty() || self.hand_over_due_ms > 0;
        self.seeking = matches!(state, MentorshipState::Waiting | MentorshipState::Active)
            && self.proposed_mentor_id.is_empty()
            && wanted;
        self.state = state as i32;
    }

    /// The aggregate's id.
    pub fn id(&self) -> String {
        format!("{}~{}", self.programme_id, self.learner_id)
    }

    /// As it is shown.
    pub fn shown(self) -> Mentorship {
        Mentorship {
            programme_id: self.programme_id,
            learner_id: self.learner_id,
            institution_id: self.institution_id,
            state: self.state,
            round: self.round,
            mentor_id: self.mentor_id,
            proposed_mentor_id: self.proposed_mentor_id,
            answer_by_ms: self.answer_by_ms,
            hand_over_due_ms: self.hand_over_due_ms,
            contact_barred: self.contact_barred,
            requested_at_ms: self.requested_at_ms,
            assigned_at_ms: self.assigned_at_ms,
            ended_at_ms: self.ended_at_ms,
            end: self.end_cause,
            source: self.source,
            candidates: self.chosen_from.0.into_iter().map(Candidate::from).collect(),
        }
    }
}

/// One mentorship.
pub async fn mentorship(store: &Store, programme: &str, learner: &str) -> Result<Option<MentorshipRow>, StoreError> {
    let sql =
        format!("SELECT {} FROM mentorship_1 WHERE programme_id = $1 AND learner_id = $2", MentorshipRow::COLUMN_LIST);
    Ok(store.query(&sql, &[programme.into(), learner.into()]).await?.pop())
}

/// What a list is narrowed to; empty and 0 = no matter.
#[derive(Debug, Clone, Default)]
pub struct Only {
    /// Of this programme.
    pub programme_id: String,
    /// Of this learner.
    pub learner_id: String,
    /// With this mentor, or proposed to him.
    pub mentor_id: String,
    /// Of programmes of this institution.
    pub institution_id: String,
    /// In this state.
    pub state: i32,
}

/// A page of mentorships by programme and learner.
pub async fn mentorships(store: &Store, only: &Only, page: &Page) -> Result<Vec<MentorshipRow>, StoreError> {
    let (programme, learner) = page.after.split_once('~').unwrap_or_default();
    let mut wanted = Wanted::new("(programme_id > $1 OR (programme_id = $1 AND learner_id > $2))");
    wanted.args = vec![programme.into(), learner.into()];
    wanted.text("programme_id = $", &only.programme_id);
    wanted.text("learner_id = $", &only.learner_id);
    wanted.text("(mentor_id = $ OR (proposed_mentor_id = $ AND proposed_mentor_id <> ''))", &only.mentor_id);
    wanted.text("institution_id = $", &only.institution_id);
    wanted.number("state = $", only.state.into());
    let order = "programme_id, learner_id";
    let (sql, args) = wanted.page("mentorship_1", MentorshipRow::COLUMN_LIST, order, page.size);
    store.query(&sql, &args).await
}

/// All of a programme who seek a mentor, who waits longest first.
pub async fn seeking_in(store: &Store, programme: &str) -> Result<Vec<MentorshipRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentorship_1 WHERE seeking AND programme_id = $1 ORDER BY requested_at_ms, learner_id",
        MentorshipRow::COLUMN_LIST
    );
    store.query(&sql, &[programme.into()]).await
}

/// Those for whom a mentor with a free place may be the one, who waits longest first, after another of them: learners of
/// the mentor's institution, or (empty) of all. Neither those who never meet the mentor, nor those for whom others see
/// to a first mentor: an import says itself who it was, and a cohort is matched together.
pub async fn seeking(
    store: &Store,
    (mentor_id, institution_id): (&str, &str),
    after: Option<&MentorshipRow>,
    limit: usize,
) -> Result<Vec<MentorshipRow>, StoreError> {
    let matched =
        |whose: &str| format!("(SELECT t.cohort_matching FROM mentorship_terms_1 t WHERE t.programme_id = {whose})");
    let mut wanted = Wanted::new(&format!(
        "seeking AND learner_id <> $1 AND mentor_id <> $1 AND NOT EXISTS (SELECT 1 FROM blocked_pair_1 b \
         WHERE b.mentor_id = $1 AND b.learner_id = mentorship_1.learner_id) \
         AND (mentor_id <> '' OR proposed_before OR (source <> $2 AND NOT COALESCE({}, {}, FALSE))) \
         AND (requested_at_ms > $4 OR (requested_at_ms = $4 AND (programme_id > $5 \
         OR (programme_id = $5 AND learner_id > $6))))",
        matched("mentorship_1.programme_id"),
        matched("$3"),
    ));
    wanted.args = vec![mentor_id.into(), (RequestSource::Import as i32).into(), PLATFORM.into()];
    let after = after.map_or((i64::MIN, "", ""), |it| (it.requested_at_ms, &it.programme_id, &it.learner_id));
    wanted.args.extend([after.0.into(), after.1.into(), after.2.into()]);
    wanted.text("institution_id = $", institution_id);
    let order = "requested_at_ms, programme_id, learner_id";
    let (sql, args) = wanted.page("mentorship_1", MentorshipRow::COLUMN_LIST, order, limit as i64);
    store.query(&sql, &args).await
}

#[cfg(test)]
mod tests {
    use super::{Event, MentorshipRow, ProposalEnd};
    use studium_proto::mentorship::v1::{NoMentorFound, ProposalEnded};

    #[test]
    fn who_is_asked_in_vain_again_and_again_stands_once_among_those_to_ask() {
        let mut row = MentorshipRow::default();
        for _ in 0..3 {
            let (mentor_id, end) = ("mia".to_owned(), ProposalEnd::Lapsed as i32);
            row.take_in(Event::ProposalEnded(ProposalEnded { mentor_id, end, ..ProposalEnded::default() }), 1);
            row.take_in(Event::NoMentorFound(NoMentorFound::default()), 1);
        }
        assert_eq!((row.again.0, row.tried.0), (vec!["mia".to_owned()], vec![]));
    }
}
