//! A conversation as those who take part in it see it, in the present or in the past.

use crate::desk::Desk;
use std::time::Duration;
use studium_kit::Event as _;
use studium_proto::mentorship::v1::{
    AnswerQuestionRequest, AskQuestionRequest, Conversation, ConversationMessage, GetConversationRequest,
    conversation_event::Event, conversation_service_client::ConversationServiceClient,
};
use studium_testkit::Caller;
use tonic::Status;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;

pub type Client = ConversationServiceClient<Caller>;

impl Desk {
    pub async fn talks(&self) -> Client {
        Client::new(self.registrar().await)
    }

    pub fn ago(&self, ms: i64) -> i64 {
        if ms == 0 { 0 } else { self.house.now_ms() - ms }
    }

    /// Learner `learner` of programme `p` asks so long ago; 0 = now.
    pub async fn asks(&self, learner: &str, conversation: &str, message: &str, ago_ms: i64) -> Result<u64, Status> {
        let client = if ago_ms == 0 { Client::new(self.learner(learner).await) } else { self.talks().await };
        let request = AskQuestionRequest {
            conversation_id: conversation.into(),
            message_id: message.into(),
            programme_id: "p".into(),
            learner_id: learner.into(),
            text: format!("text of {message}"),
            at_ms: self.ago(ago_ms),
        };
        let mut client = client;
        client.ask_question(request).await.map(|it| it.into_inner().position)
    }

    /// A mentor answers so long ago; 0 = now.
    pub async fn answers(&self, mentor: &str, conversation: &str, message: &str, ago_ms: i64) -> Result<u64, Status> {
        let mut client = if ago_ms == 0 { Client::new(self.mentor(mentor).await) } else { self.talks().await };
        let request = AnswerQuestionRequest {
            conversation_id: conversation.into(),
            message_id: message.into(),
            mentor_id: mentor.into(),
            text: format!("text of {message}"),
            at_ms: self.ago(ago_ms),
            ..AnswerQuestionRequest::default()
        };
        client.answer_question(request).await.map(|it| it.into_inner().position)
    }

    pub async fn talk(&self, conversation: &str) -> (Conversation, Vec<ConversationMessage>) {
        let min_position = self.head().await;
        let conversation_id = conversation.to_owned();
        let request = GetConversationRequest { conversation_id, min_position, ..GetConversationRequest::default() };
        let it = self.talks().await.get_conversation(request).await.unwrap().into_inner();
        (it.conversation.unwrap(), it.messages)
    }

    /// The conversation once it is as expected; policies and deadlines take their time.
    pub async fn talk_becomes(
        &self,
        conversation: &str,
        what: &str,
        expected: impl Fn(&Conversation) -> bool,
    ) -> Conversation {
        let mut seen = None;
        for _ in 0..500 {
            let it = self.talk(conversation).await.0;
            if expected(&it) {
                return it;
            }
            seen = Some(it);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{conversation}: never {what}: {seen:?}")
    }

    /// All that happened in a conversation, as the log has it.
    pub async fn happened(&self, conversation: &str) -> Vec<Event> {
        let (log, mut events) = (self.house.log(), Vec::new());
        for position in 1..=self.head().await {
            let commit = log.read("mentorship", position).await.unwrap().unwrap().commit;
            if commit.subject == format!("mentorship.conversation.{conversation}") {
                events.extend(commit.events.iter().map(|it| Event::from_bytes(it).unwrap().unwrap()));
            }
        }
        events
    }

    /// How often a conversation's mentor was reminded, and a question escalated.
    pub async fn fired(&self, conversation: &str) -> (usize, usize) {
        let events = self.happened(conversation).await;
        let count = |of: fn(&Event) -> bool| events.iter().filter(|it| of(it)).count();
        (count(|it| matches!(it, Event::QuestionReminded(_))), count(|it| matches!(it, Event::QuestionEscalated(_))))
    }
}
