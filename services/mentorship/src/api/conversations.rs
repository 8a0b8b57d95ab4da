//! Calls that concern conversations.

use super::{Api, Reply, TEXT_MAX, done, no};
use crate::{
    answer_times,
    conversation::{Answer, Author, Command, Conversation, Facts, Question, Said},
    conversation_messages::{self, ConversationMessages},
    conversations::{self, ConversationRow, Conversations, Only},
    mentors,
    question_times::{self, QuestionTimes, Which},
    rests, routes, terms_held,
};
use studium_kit::{By, Call, Fields, Outcome, Page, Rejection, fault, status};
use studium_proto::mentorship::v1::{
    AnswerQuestionRequest, AnswerQuestionResponse, AskQuestionRequest, AskQuestionResponse, CloseConversationRequest,
    CloseConversationResponse, GetAnswerTimesRequest, GetAnswerTimesResponse, GetConversationRequest,
    GetConversationResponse, ListConversationsRequest, ListConversationsResponse, ListEscalationsRequest,
    ListEscalationsResponse, ListMentorQueueRequest, ListMentorQueueResponse, MentorState, NudgeMentorRequest,
    NudgeMentorResponse, Reason, conversation_event::Event, conversation_service_server::ConversationService,
};
use tonic::{Request, Response, Status};

impl Api {
    /// Asks a conversation in the learner's matter.
    async fn as_learner(
        &self,
        (call, at_ms): (Call, i64),
        (conversation, learner): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        let mut fields = Fields::new();
        fields.id("conversation_id", conversation);
        fields.id("learner_id", learner);
        fields.done()?;
        let call = call.at(at_ms)?;
        let asked = By::caller(&call, &[learner], "").asks(command);
        self.app.decide::<Conversation>(&call, conversation, &asked).await
    }

    async fn row(&self, conversation: &str) -> Result<ConversationRow, Status> {
        let row = conversations::conversation(self.app.store(), conversation).await.map_err(fault)?;
        row.ok_or_else(|| no(Reason::ConversationNotFound, "there is no such conversation", conversation))
    }

    /// Who answers: the mentor who calls or for whom the platform calls, else staff.
    async fn author(&self, call: &Call, mentor: &str, programme: &str, learner: &str) -> Result<Author, Status> {
        if !mentor.is_empty() && (mentor == call.caller.subject || call.caller.acts_for_all()) {
            return routes::author(self.app.store(), mentor, programme, learner).await.map_err(fault);
        }
        Ok(Author { id: call.caller.subject.clone(), is_staff: true, ..Author::default() })
    }

    /// Of which mentorship a conversation is: as the view says, or, for one that it has not seen yet, as the log does.
    async fn mentorship_of_conversation(&self, conversation: &str) -> Result<(String, String), Status> {
        match conversations::conversation(self.app.store(), conversation).await.map_err(fault)? {
            Some(it) => Ok((it.programme_id, it.learner_id)),
            None => self.app.look(conversation, Conversation::mentorship).await,
        }
    }

    /// Lets pass who may see a conversation: the learner, and whoever may answer.
    async fn may_see(&self, call: &Call, it: &GetConversationRequest, row: &ConversationRow) -> Result<(), Status> {
        let subject = call.caller.subject.as_str();
        if call.caller.acts_for_all() || (subject == it.learner_id && subject == row.learner_id) {
            return Ok(());
        }
        if subject == it.learner_id {
            return Err(no(Reason::ConversationNotFound, "there is no such conversation", &it.conversation_id));
        }
        let author = self.author(call, &it.mentor_id, &row.programme_id, &row.learner_id).await?;
        let by = By::caller(call, &[&it.mentor_id], &it.institution_id);
        let judged = self.app.look::<Conversation, _>(&it.conversation_id, |it| it.may_answer(&by, &author)).await?;
        let id = &it.conversation_id;
        judged.map(drop).map_err(|it: Rejection<Reason>| status::refused(&it, [("id", id.as_str())]))
    }
}

fn said(fields: &mut Fields, message_id: &str, text: &str) -> Said {
    fields.id("message_id", message_id);
    fields.text("text", text, TEXT_MAX);
    Said { message_id: message_id.to_owned(), text: text.to_owned() }
}

#[tonic::async_trait]
impl ConversationService for Api {
    async fn ask_question(&self, request: Request<AskQuestionRequest>) -> Reply<AskQuestionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("conversation_id", &it.conversation_id);
        fields.id("programme_id", &it.programme_id);
        fields.id("learner_id", &it.learner_id);
        let said = said(&mut fields, &it.message_id, &it.text);
        fields.done()?;
        let (store, at_ms) = (self.app.store(), if it.at_ms > 0 { it.at_ms } else { call.now_ms() });
        let mentorship = (it.programme_id.as_str(), it.learner_id.as_str());
        let facts = routes::facts(store, mentorship, (&it.conversation_id, ""), at_ms).await.map_err(fault)?;
        let terms = terms_held::terms(store, &it.programme_id).await.map_err(fault)?;
        let command = Command::Ask(Box::new(Question {
            said,
            programme_id: it.programme_id.clone(),
            learner_id: it.learner_id.clone(),
            answer_within_minutes: terms.first_answer_minutes,
            facts: facts.unwrap_or_else(Facts::default),
        }));
        let ids = (it.conversation_id.as_str(), it.learner_id.as_str());
        done!(AskQuestionResponse, self.as_learner((call, it.at_ms), ids, command).await?)
    }

    async fn answer_question(&self, request: Request<AnswerQuestionRequest>) -> Reply<AnswerQuestionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("conversation_id", &it.conversation_id);
        fields.optional_id("mentor_id", &it.mentor_id);
        fields.optional_id("institution_id", &it.institution_id);
        let said = said(&mut fields, &it.message_id, &it.text);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let (programme, learner) = self.mentorship_of_conversation(&it.conversation_id).await?;
        let author = self.author(&call, &it.mentor_id, &programme, &learner).await?;
        let rests = rests::of_mentorship(self.app.store(), &programme, &learner).await.map_err(fault)?;
        let asked = By::caller(&call, &[&it.mentor_id], &it.institution_id);
        let asked = asked.asks(Command::Answer(Answer { said, author, rests }));
        done!(AnswerQuestionResponse, self.app.decide::<Conversation>(&call, &it.conversation_id, &asked).await?)
    }

    async fn nudge_mentor(&self, request: Request<NudgeMentorRequest>) -> Reply<NudgeMentorResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::Nudge { learner_id: it.learner_id.clone() };
        let ids = (it.conversation_id.as_str(), it.learner_id.as_str());
        done!(NudgeMentorResponse, self.as_learner((call, it.at_ms), ids, command).await?)
    }

    async fn close_conversation(&self, request: Request<CloseConversationRequest>) -> Reply<CloseConversationResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::Close { learner_id: it.learner_id.clone(), solved: it.solved };
        let ids = (it.conversation_id.as_str(), it.learner_id.as_str());
        done!(CloseConversationResponse, self.as_learner((call, it.at_ms), ids, command).await?)
    }

    async fn get_conversation(&self, request: Request<GetConversationRequest>) -> Reply<GetConversationResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("conversation_id", &it.conversation_id);
        fields.done()?;
        self.app.reached::<Conversations>(it.min_position).await?;
        self.app.reached::<ConversationMessages>(it.min_position).await?;
        let row = self.row(&it.conversation_id).await?;
        self.may_see(&call, &it, &row).await?;
        let messages = conversation_messages::of_conversation(self.app.store(), &it.conversation_id);
        let messages = messages.await.map_err(fault)?.into_iter().map(|it| it.shown(&row.learner_id)).collect();
        Ok(Response::new(GetConversationResponse { conversation: Some(row.shown()), messages }))
    }

    async fn list_conversations(&self, request: Request<ListConversationsRequest>) -> Reply<ListConversationsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Conversations>(it.min_position).await?;
        let only = Only {
            state: it.state,
            programme_id: it.programme_id,
            learner_id: it.learner_id,
            mentor_id: it.mentor_id,
            institution_id: it.institution_id,
        };
        let rows = conversations::conversations(self.app.store(), &only, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.conversation_id.clone());
        let conversations = rows.into_iter().map(ConversationRow::shown).collect();
        Ok(Response::new(ListConversationsResponse { conversations, next_page_token }))
    }

    async fn list_mentor_queue(&self, request: Request<ListMentorQueueRequest>) -> Reply<ListMentorQueueResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("mentor_id", &it.mentor_id);
        let page = Page::asked(&mut fields, it.page_size, "");
        fields.done()?;
        self.app.reached::<Conversations>(it.min_position).await?;
        let store = self.app.store();
        let Some(mentor) = mentors::mentor(store, &it.mentor_id).await.map_err(fault)? else {
            return Err(no(Reason::MentorNotFound, "no such mentor is registered", &it.mentor_id));
        };
        if !By::caller(&call, &[&it.mentor_id], &it.institution_id).acts_for(&mentor.institution_id) {
            return Err(no(Reason::NotYourInstitution, "the mentor works for another institution", &it.mentor_id));
        }
        let stands_in = it.with_open && mentor.state == MentorState::Active as i32;
        let open_to = stands_in.then_some(mentor.institution_id.as_str());
        let rows = conversations::queue(store, &it.mentor_id, open_to, page.size).await.map_err(fault)?;
        let conversations = rows.into_iter().map(ConversationRow::shown).collect();
        Ok(Response::new(ListMentorQueueResponse { conversations }))
    }

    async fn list_escalations(&self, request: Request<ListEscalationsRequest>) -> Reply<ListEscalationsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let page = Page::asked(&mut fields, it.page_size, "");
        fields.done()?;
        self.app.reached::<Conversations>(it.min_position).await?;
        let rows = conversations::escalations(self.app.store(), &it.institution_id, page.size).await.map_err(fault)?;
        let conversations = rows.into_iter().map(ConversationRow::shown).collect();
        Ok(Response::new(ListEscalationsResponse { conversations }))
    }

    async fn get_answer_times(&self, request: Request<GetAnswerTimesRequest>) -> Reply<GetAnswerTimesResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.check("from_ms", it.from_ms >= 0, "is negative");
        fields.check("until_ms", it.until_ms == 0 || it.until_ms > it.from_ms, "is not later than from_ms");
        fields.check("as_of_ms", (0..=call.now_ms()).contains(&it.as_of_ms), "is negative, or lies in the future");
        fields.done()?;
        self.app.reached::<QuestionTimes>(it.min_position).await?;
        let which = Which {
            programme_id: it.programme_id,
            mentor_id: it.mentor_id,
            institution_id: it.institution_id,
            from_ms: it.from_ms,
            until_ms: it.until_ms,
        };
        let waits = question_times::waits(self.app.store(), &which, it.as_of_ms, call.now_ms()).await.map_err(fault)?;
        Ok(Response::new(GetAnswerTimesResponse {
            times: Some(answer_times::times(&waits)),
            by_programme: answer_times::by_programme(&waits),
            by_mentor: answer_times::by_mentor(&waits),
        }))
    }
}
