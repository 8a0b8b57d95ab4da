//! What was said in conversations.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{ConversationMessage, SpeakerRole, conversation_event::Event};

row! {
    /// One message.
    pub struct MessageRow {
        key { conversation_id: String, message: u32 }
        message_id: String,
        question: u32,
        author_id: String,
        role: i32,
        text: String,
        said_at_ms: i64,
        is_first: bool,
    }
}

/// Messages by conversation and number.
pub struct ConversationMessages;

impl View for ConversationMessages {
    type Row = MessageRow;
    const NAME: &'static str = "conversation_message_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MessageRow>) {
        let (conversation_id, said_at_ms) = (event.id().to_owned(), event.at_ms());
        let learner = SpeakerRole::Learner as i32;
        let row = match event.read() {
            Some(Event::QuestionAsked(it)) => MessageRow {
                conversation_id,
                message: it.message,
                message_id: it.message_id,
                question: it.question,
                author_id: it.learner_id,
                role: learner,
                text: it.text,
                said_at_ms,
                is_first: false,
            },
            // Who the learner is stands with the question.
            Some(Event::QuestionExtended(it)) => MessageRow {
                conversation_id,
                message: it.message,
                message_id: it.message_id,
                question: it.question,
                author_id: String::new(),
                role: learner,
                text: it.text,
                said_at_ms,
                is_first: false,
            },
            Some(Event::AnswerGiven(it)) => MessageRow {
                conversation_id,
                message: it.message,
                message_id: it.message_id,
                question: it.question,
                author_id: it.author_id,
                role: it.role,
                text: it.text,
                said_at_ms,
                is_first: it.first,
            },
            _ => return,
        };
        rows.row((event.id(), row.message), move |it| *it = Some(row));
    }
}

/// The messages of one conversation in order.
pub async fn of_conversation(store: &Store, id: &str) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM conversation_message_1 WHERE conversation_id = $1 ORDER BY message",
        MessageRow::COLUMN_LIST
    );
    store.query(&sql, &[id.into()]).await
}

impl MessageRow {
    /// As it is shown; `learner_id` is whose questions they are.
    pub fn shown(self, learner_id: &str) -> ConversationMessage {
        let by_learner = self.role == SpeakerRole::Learner as i32;
        ConversationMessage {
            message_id: self.message_id,
            message: self.message,
            question: self.question,
            author_id: if by_learner { learner_id.to_owned() } else { self.author_id },
            role: self.role,
            text: self.text,
            at_ms: self.said_at_ms,
            first: self.is_first,
        }
    }
}
