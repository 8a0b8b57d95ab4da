//! Conversations: whose turn it is, who is asked, and what is due when.

use crate::wanted::Wanted;
use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, Value, View, row};
use studium_proto::mentorship::v1::{
    Conversation, ConversationEnd, ConversationState, QuestionAsked, conversation_event::Event,
};

row! {
    /// One conversation.
    pub struct ConversationRow {
        key { conversation_id: String }
        programme_id: String,
        learner_id: String,
        institution_id: String,
        state: i32,
        question: u32,
        mentor_id: String,
        addressee_id: String,
        asked_at_ms: i64,
        remind_at_ms: i64,
        answer_by_ms: i64,
        escalated: bool,
        held: bool,
        rests: u32,
        nudge_at_ms: i64,
        time_out_at_ms: i64,
        end_cause: i32,
        unanswered: bool,
        messages: u32,
        nudges: u32,
        opened_at_ms: i64,
        said_at_ms: i64,
    }
}

/// Conversations by id.
pub struct Conversations;

impl View for Conversations {
    type Row = ConversationRow;
    const NAME: &'static str = "conversation_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_mentorship ON {table} (programme_id, learner_id)".to_owned(),
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_queue ON {table} (addressee_id, answer_by_ms) WHERE state = 1".to_owned(),
            "CREATE INDEX {table}_remind ON {table} (remind_at_ms) WHERE remind_at_ms > 0".to_owned(),
            "CREATE INDEX {table}_escalate ON {table} (answer_by_ms) WHERE state = 1".to_owned(),
            "CREATE INDEX {table}_nudge ON {table} (nudge_at_ms) WHERE nudge_at_ms > 0".to_owned(),
            "CREATE INDEX {table}_time_out ON {table} (time_out_at_ms) WHERE time_out_at_ms > 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ConversationRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (conversation_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let new = || ConversationRow { conversation_id, opened_at_ms: at, ..ConversationRow::default() };
            row.get_or_insert_with(new).take_in(it, at);
        });
    }
}

impl ConversationRow {
    fn take_in(&mut self, event: Event, at: i64) {
        match event {
            Event::QuestionAsked(it) => self.asked(it, at),
            Event::QuestionExtended(it) => (self.messages, self.said_at_ms) = (it.message, at),
            Event::AnswerGiven(it) => {
                (self.messages, self.said_at_ms) = (it.message, at);
                if it.first {
                    self.unanswered = false;
                }
                if it.first && self.state == ConversationState::AwaitingMentor as i32 {
                    self.remind_at_ms = 0;
                    (self.nudge_at_ms, self.time_out_at_ms) = (it.nudge_at_ms, it.time_out_at_ms);
                    self.state = ConversationState::AwaitingLearner as i32;
                }
            }
            Event::MentorNudged(it) => self.nudges = it.nudge,
            Event::QuestionReminded(_) => self.remind_at_ms = 0,
            Event::QuestionEscalated(_) => (self.escalated, self.remind_at_ms) = (true, 0),
            Event::ConversationRerouted(it) => (self.addressee_id, self.mentor_id) = (it.to_id, it.mentor_id),
            Event::ClockHeld(it) => (self.held, self.rests) = (true, it.rest),
            Event::ClockResumed(it) => {
                self.held = false;
                if self.state == ConversationState::AwaitingMentor as i32 {
                    (self.remind_at_ms, self.answer_by_ms) = (it.remind_at_ms, it.answer_by_ms);
                } else {
                    (self.nudge_at_ms, self.time_out_at_ms) = (it.nudge_at_ms, it.time_out_at_ms);
                }
            }
            Event::LearnerNudged(it) => self.nudge_at_ms = it.nudge_at_ms,
            Event::ConversationClosed(it) => {
                (self.end_cause, self.unanswered) = (it.end, it.unanswered);
                self.stop(ConversationState::Closed);
            }
            Event::ConversationTimedOut(_) => self.stop(ConversationState::TimedOut),
        }
    }

    fn asked(&mut self, it: QuestionAsked, at: i64) {
        self.state = ConversationState::AwaitingMentor as i32;
        (self.programme_id, self.learner_id, self.institution_id) = (it.programme_id, it.learner_id, it.institution_id);
        (self.question, self.messages, self.nudges) = (it.question, it.message, 0);
        (self.mentor_id, self.addressee_id) = (it.mentor_id, it.addressee_id);
        (self.asked_at_ms, self.said_at_ms) = (at, at);
        (self.remind_at_ms, self.answer_by_ms) = (it.remind_at_ms, it.answer_by_ms);
        (self.nudge_at_ms, self.time_out_at_ms) = (0, 0);
        (self.escalated, self.held, self.rests) = (false, false, it.rests);
        (self.end_cause, self.unanswered) = (ConversationEnd::Unspecified as i32, true);
    }

    fn stop(&mut self, state: ConversationState) {
        self.state = state as i32;
        (self.remind_at_ms, self.nudge_at_ms, self.time_out_at_ms) = (0, 0, 0);
    }

    /// As it is shown.
    pub fn shown(self) -> Conversation {
        Conversation {
            conversation_id: self.conversation_id,
            programme_id: self.programme_id,
            learner_id: self.learner_id,
            institution_id: self.institution_id,
            state: self.state,
            question: self.question,
            addressee_id: self.addressee_id,
            mentor_id: self.mentor_id,
            asked_at_ms: self.asked_at_ms,
            remind_at_ms: self.remind_at_ms,
            answer_by_ms: self.answer_by_ms,
            escalated: self.escalated,
            held: self.held,
            nudge_at_ms: self.nudge_at_ms,
            time_out_at_ms: self.time_out_at_ms,
            end: self.end_cause,
            unanswered: self.unanswered,
            messages: self.messages,
            opened_at_ms: self.opened_at_ms,
            said_at_ms: self.said_at_ms,
            nudges: self.nudges,
        }
    }
}

async fn select(store: &Store, rest: &str, args: &[Value]) -> Result<Vec<ConversationRow>, StoreError> {
    let sql = format!("SELECT {} FROM conversation_1 WHERE {rest}", ConversationRow::COLUMN_LIST);
    store.query(&sql, args).await
}

/// One conversation.
pub async fn conversation(store: &Store, id: &str) -> Result<Option<ConversationRow>, StoreError> {
    Ok(select(store, "conversation_id = $1", &[id.into()]).await?.pop())
}

/// What a list is narrowed to; empty and 0 = no matter.
#[derive(Debug, Clone, Default)]
pub struct Only {
    /// Of this programme.
    pub programme_id: String,
    /// Of this learner.
    pub learner_id: String,
    /// Addressed to this mentor, or of this mentor's mentee.
    pub mentor_id: String,
    /// In programmes of this institution.
    pub institution_id: String,
    /// In this state.
    pub state: i32,
}

/// A page of conversations by id.
pub async fn conversations(store: &Store, only: &Only, page: &Page) -> Result<Vec<ConversationRow>, StoreError> {
    let mut wanted = Wanted::new("conversation_id > $1");
    wanted.args = vec![page.after.as_str().into()];
    wanted.text("programme_id = $", &only.programme_id);
    wanted.text("learner_id = $", &only.learner_id);
    wanted.text("(addressee_id = $ OR mentor_id = $)", &only.mentor_id);
    wanted.text("institution_id = $", &only.institution_id);
    wanted.number("state = $", only.state.into());
    let (sql, args) = wanted.page("conversation_1", ConversationRow::COLUMN_LIST, "conversation_id", page.size);
    store.query(&sql, &args).await
}

/// Conversations of one mentorship in which it is somebody's turn.
pub async fn open_in(store: &Store, programme: &str, learner: &str) -> Result<Vec<ConversationRow>, StoreError> {
    let rest = "programme_id = $1 AND learner_id = $2 AND state IN (1, 2) ORDER BY conversation_id";
    select(store, rest, &[programme.into(), learner.into()]).await
}

/// Questions that wait for one person; of one learner, or (empty) of all; what is due first, first.
pub async fn waiting_for(store: &Store, addressee: &str, learner: &str) -> Result<Vec<ConversationRow>, StoreError> {
    let rest = "state = 1 AND addressee_id = $1 AND ($2 = '' OR learner_id = $2) \
                ORDER BY answer_by_ms, conversation_id";
    select(store, rest, &[addressee.into(), learner.into()]).await
}

/// A mentor's queue: what waits for the mentor, and, if so wanted, what the mentor may take as a stand-in for an
/// institution or (empty) for all; what is due first, first.
pub async fn queue(
    store: &Store,
    mentor: &str,
    open_to: Option<&str>,
    limit: i64,
) -> Result<Vec<ConversationRow>, StoreError> {
    let rest = "state = 1 AND (addressee_id = $1 OR ($2 = 1 AND escalated AND learner_id <> $1 \
                AND ($3 = '' OR institution_id = $3) AND NOT EXISTS (SELECT 1 FROM blocked_pair_1 b \
                WHERE b.mentor_id = $1 AND b.learner_id = conversation_1.learner_id))) \
                ORDER BY answer_by_ms, conversation_id LIMIT $4";
    let args = [mentor.into(), i64::from(open_to.is_some()).into(), open_to.unwrap_or_default().into(), limit.into()];
    select(store, rest, &args).await
}

/// Staff's queue: what was escalated, and what nobody could take; of an institution's programmes, or (empty) of all.
pub async fn escalations(store: &Store, institution: &str, limit: i64) -> Result<Vec<ConversationRow>, StoreError> {
    let rest = "state = 1 AND (escalated OR addressee_id = '') AND ($1 = '' OR institution_id = $1) \
                ORDER BY answer_by_ms, conversation_id LIMIT $2";
    select(store, rest, &[institution.into(), limit.into()]).await
}
