//! A mentor's desk, put together from the views: what waits, and how the mentees come on.

use crate::{
    conversations::{self, ConversationRow},
    mentee_programmes::{self, MenteeProgrammeRow},
    mentee_progress::{self, MenteeProgressRow},
    mentoring_programmes::{self, MentoringProgrammeRow},
    mentorships::MentorshipRow,
    mentorships_of,
    reviews::{self, ReviewRow},
    risk_signals::{self, RiskSignalRow},
    sessions::{self, SessionRow, Whose},
};
use studium_kit::{DAY_MS, Store, StoreError};
use studium_proto::mentorship::v1::{DeskItem, DeskItemKind, DeskMentee};

/// What the views hold of one mentor's desk.
pub struct DeskRows {
    mentor_id: String,
    mentorships: Vec<MentorshipRow>,
    programmes: Vec<MentoringProgrammeRow>,
    stands: Vec<MenteeProgrammeRow>,
    progress: Vec<MenteeProgressRow>,
    signals: Vec<RiskSignalRow>,
    questions: Vec<ConversationRow>,
    reviews: Vec<ReviewRow>,
    sessions: Vec<SessionRow>,
}

/// Enrolments in one of these courses.
pub fn in_courses<'a>(
    rows: &'a [MenteeProgressRow],
    courses: &'a [String],
) -> impl Iterator<Item = &'a MenteeProgressRow> {
    rows.iter().filter(|it| courses.contains(&it.course_id))
}

impl DeskRows {
    /// Reads everything of one mentor, at a time.
    pub async fn read(store: &Store, mentor_id: &str, now_ms: i64) -> Result<Self, StoreError> {
        let mentorships = mentorships_of::mentor(store, mentor_id).await?;
        let mut programmes: Vec<MentoringProgrammeRow> = Vec::new();
        for it in &mentorships {
            if programmes.iter().all(|known| known.programme_id != it.programme_id) {
                programmes.extend(mentoring_programmes::programme(store, &it.programme_id).await?);
            }
        }
        Ok(Self {
            mentor_id: mentor_id.to_owned(),
            mentorships,
            programmes,
            stands: mentee_programmes::of_mentor(store, mentor_id).await?,
            progress: mentee_progress::of_mentor(store, mentor_id).await?,
            signals: risk_signals::open_of_mentor(store, mentor_id).await?,
            questions: conversations::waiting_for(store, mentor_id, "").await?,
            reviews: reviews::waiting_for(store, mentor_id).await?,
            sessions: sessions::to_come(store, Whose::Mentor(mentor_id, ""), now_ms).await?,
        })
    }

    /// What waits at a time: first what is due, then the rest.
    pub fn items(&self, now_ms: i64) -> Vec<DeskItem> {
        let item = |it: &MentorshipRow, kind: DeskItemKind, due_ms: i64| DeskItem {
            kind: kind as i32,
            due_ms,
            programme_id: it.programme_id.clone(),
            learner_id: it.learner_id.clone(),
            ..DeskItem::default()
        };
        let is_mentor = |it: &&MentorshipRow| it.mentor_id == self.mentor_id;
        let proposals = self.mentorships.iter().filter(|it| it.proposed_mentor_id == self.mentor_id);
        let proposals = proposals.filter(|it| it.answer_by_ms > 0);
        let hand_overs = self.mentorships.iter().filter(is_mentor).filter(|it| it.hand_over_due_ms > 0);
        let signals = self.signals.iter().filter(|it| it.acknowledged_at_ms == 0).map(|it| DeskItem {
            kind: DeskItemKind::Signal as i32,
            since_ms: it.raised_at_ms,
            programme_id: it.programme_id.clone(),
            learner_id: it.learner_id.clone(),
            ref_id: it.signal.to_string(),
            due_ms: 0,
        });
        let mut items: Vec<_> = proposals
            .map(|it| item(it, DeskItemKind::Proposal, it.answer_by_ms))
            .chain(hand_overs.map(|it| item(it, DeskItemKind::HandOver, it.hand_over_due_ms)))
            .chain(signals)
            .chain(self.work(now_ms))
            .collect();
        items.sort_by_key(|it| (it.due_ms == 0, it.due_ms, it.since_ms));
        items
    }

    /// Questions, reviews and sessions.
    fn work(&self, now_ms: i64) -> impl Iterator<Item = DeskItem> {
        let item = |kind: DeskItemKind, (due_ms, since_ms): (i64, i64), pair: (&str, &str), id: &str| DeskItem {
            kind: kind as i32,
            due_ms,
            since_ms,
            programme_id: pair.0.to_owned(),
            learner_id: pair.1.to_owned(),
            ref_id: id.to_owned(),
        };
        let questions = self.questions.iter().map(move |it| {
            let times = (it.answer_by_ms, it.asked_at_ms);
            item(DeskItemKind::Question, times, (&it.programme_id, &it.learner_id), &it.conversation_id)
        });
        // A lock that is over binds nobody, and what somebody else works on does not wait.
        let locked = move |it: &ReviewRow| it.lock_until_ms > now_ms;
        let own = move |it: &&ReviewRow| it.reviewer_id == self.mentor_id || !locked(it);
        let reviews = self.reviews.iter().filter(own).map(move |it| {
            let times = (if locked(it) { it.lock_until_ms } else { 0 }, it.round_at_ms);
            item(DeskItemKind::Review, times, (&it.programme_id, &it.learner_id), &it.review_id)
        });
        let sessions = self.sessions.iter().map(move |it| {
            let times = (it.start_ms.max(it.pending_start_ms), it.requested_at_ms);
            item(DeskItemKind::Session, times, (&it.programme_id, &it.learner_id), &it.session_id)
        });
        questions.chain(reviews).chain(sessions)
    }

    /// How the mentees come on at a time.
    pub fn mentees(&self, now_ms: i64) -> Vec<DeskMentee> {
        let mentees = self.mentorships.iter().filter(|it| it.mentor_id == self.mentor_id);
        mentees.map(|it| self.mentee(it, now_ms)).collect()
    }

    fn mentee(&self, of: &MentorshipRow, now_ms: i64) -> DeskMentee {
        let programme = self.programmes.iter().find(|it| it.programme_id == of.programme_id);
        let courses = programme.map_or(&[][..], |it| &it.course_ids.0);
        let own = |programme: &str, learner: &str| programme == of.programme_id && learner == of.learner_id;
        let stands = self.stands.iter().find(|it| own(&it.programme_id, &it.learner_id)).cloned().unwrap_or_default();
        let progress: Vec<_> =
            in_courses(&self.progress, courses).filter(|it| it.learner_id == of.learner_id).collect();
        let last_activity_at_ms = progress.iter().map(|it| it.last_activity_at_ms).max().unwrap_or_default();
        let silent_ms = (now_ms - last_activity_at_ms.max(of.assigned_at_ms)).max(0);
        let signals = self.signals.iter().filter(|it| own(&it.programme_id, &it.learner_id));
        DeskMentee {
            programme_id: of.programme_id.clone(),
            programme_title: programme.map(|it| it.title.clone()).unwrap_or_default(),
            learner_id: of.learner_id.clone(),
            state: of.state,
            since_ms: of.assigned_at_ms,
            contact_barred: of.contact_barred,
            courses_needed: stands.courses_needed,
            courses_completed: stands.courses_completed.0.len() as u32,
            last_activity_at_ms,
            inactive_days: (!progress.is_empty()).then_some((silent_ms / DAY_MS) as u32),
            signals: signals.map(|it| it.clone().shown(&self.mentor_id, true)).collect(),
            progress: progress.into_iter().map(MenteeProgressRow::shown).collect(),
        }
    }
}
