//! How conversations go along with mentors and mentorships, and what happens in them when a time has come.

use crate::{
    blocked_pairs::BlockedPairs,
    conversation::{Command, Conversation},
    conversations::{self, ConversationRow, Conversations},
    mentees::Mentees,
    mentor_terms::MentorTerms,
    mentors::Mentors,
    mentorships::Mentorships,
    rests::Rests,
    routes,
};
use studium_kit::{App, Asked, Deadline, LookUpPolicy, Reaction, StoreError, View, by_itself};
use studium_proto::mentorship::v1::{
    conversation_event::Event as ConversationEvent, mentor_event::Event as MentorEvent,
    mentorship_event::Event as MentorshipEvent,
};

/// What is looked up before a conversation goes along, as far as it follows the streams that are reacted to.
const LOOKED_UP: &[&str] = &[
    Conversations::NAME,
    Mentorships::NAME,
    MentorTerms::NAME,
    Mentors::NAME,
    Mentees::NAME,
    BlockedPairs::NAME,
    Rests::NAME,
];

/// Tells conversations what is known now.
async fn follow(app: &App, rows: Vec<ConversationRow>, at_ms: i64) -> Result<Vec<Reaction<Conversation>>, StoreError> {
    let mut reactions = Vec::new();
    for row in rows {
        let (mentorship, addressed) = (
            (row.programme_id.as_str(), row.learner_id.as_str()),
            (row.conversation_id.as_str(), row.addressee_id.as_str()),
        );
        if let Some(facts) = routes::facts(app.store(), mentorship, addressed, at_ms).await? {
            let command = by_itself(at_ms, Command::Follow(Box::new(facts)));
            reactions.push(Reaction { id: row.conversation_id, command });
        }
    }
    Ok(reactions)
}

/// Questions that wait for a mentor who goes away, or who is never to be met again, go to somebody else.
pub struct ConversationsFollowMentors;

impl LookUpPolicy for ConversationsFollowMentors {
    const NAME: &'static str = "conversations-follow-mentors";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = LOOKED_UP;
    type Event = MentorEvent;
    type Target = Conversation;

    fn concerns(event: &MentorEvent) -> bool {
        matches!(event, MentorEvent::MentorPaused(_) | MentorEvent::MentorLeaving(_) | MentorEvent::PairBlocked(_))
    }

    async fn react(
        app: &App,
        mentor: &str,
        event: &MentorEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Conversation>>, StoreError> {
        let learner = if let MentorEvent::PairBlocked(it) = event { &it.learner_id } else { "" };
        let waiting = conversations::waiting_for(app.store(), mentor, learner).await?;
        follow(app, waiting, at_ms).await
    }
}

/// Conversations go over to the next mentor, rest while the learner rests, and end with the mentorship.
pub struct ConversationsFollowMentorships;

impl LookUpPolicy for ConversationsFollowMentorships {
    const NAME: &'static str = "conversations-follow-mentorships";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = LOOKED_UP;
    type Event = MentorshipEvent;
    type Target = Conversation;

    fn concerns(event: &MentorshipEvent) -> bool {
        matches!(
            event,
            MentorshipEvent::MentorAssigned(_)
                | MentorshipEvent::MentorshipPaused(_)
                | MentorshipEvent::MentorshipResumed(_)
                | MentorshipEvent::MentorshipEnded(_)
        )
    }

    async fn react(
        app: &App,
        id: &str,
        _: &MentorshipEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Conversation>>, StoreError> {
        let Some((programme, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let open = conversations::open_in(app.store(), programme, learner).await?;
        follow(app, open, at_ms).await
    }
}

/// Looks again once a question is stored: what happened to the mentor or the mentorship while it was on its way was
/// not known to the question, and the question not to those who follow it.
pub struct ConversationsAreLookedAtAgain;

impl LookUpPolicy for ConversationsAreLookedAtAgain {
    const NAME: &'static str = "conversations-are-looked-at-again";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = LOOKED_UP;
    type Event = ConversationEvent;
    type Target = Conversation;

    fn concerns(event: &ConversationEvent) -> bool {
        matches!(event, ConversationEvent::QuestionAsked(_) | ConversationEvent::ConversationRerouted(_))
    }

    async fn react(
        app: &App,
        id: &str,
        _: &ConversationEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Conversation>>, StoreError> {
        let row = conversations::conversation(app.store(), id).await?;
        follow(app, row.into_iter().collect(), at_ms).await
    }
}

/// Selects what is due in conversations whose learner does not rest, as far as the conversation knows of all rests.
macro_rules! due {
    ($id:literal, $due:literal, $state:literal, $more:literal) => {
        concat!(
            "SELECT ",
            $id,
            " AS id, c.",
            $due,
            " AS due_ms FROM conversation_1 c WHERE c.state = ",
            $state,
            " AND c.",
            $due,
            " > 0 AND c.",
            $due,
            " <= $1 AND NOT c.held",
            $more,
            " AND NOT EXISTS (SELECT 1 FROM mentorship_rest_1 r WHERE r.programme_id = c.programme_id \
               AND r.learner_id = c.learner_id AND (r.resting OR r.rests > c.rests))"
        )
    };
}

fn question(id: &str) -> u32 {
    id.split_once('~').and_then(|it| it.1.parse().ok()).unwrap_or_default()
}

fn conversation(id: &str) -> &str {
    id.split_once('~').map_or(id, |it| it.0)
}

/// Three quarters of the promised time are over.
pub struct QuestionsAreReminded;

impl Deadline for QuestionsAreReminded {
    const NAME: &'static str = "questions-are-reminded";
    type Target = Conversation;
    const DUE: &'static str = due!("c.conversation_id || '~' || c.question", "remind_at_ms", "1", "");

    fn target(id: &str) -> &str {
        conversation(id)
    }

    fn command(id: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::Remind { question: question(id), due_ms })
    }
}

/// The promised time is over.
pub struct QuestionsAreEscalated;

impl Deadline for QuestionsAreEscalated {
    const NAME: &'static str = "questions-are-escalated";
    type Target = Conversation;
    const DUE: &'static str =
        due!("c.conversation_id || '~' || c.question", "answer_by_ms", "1", " AND NOT c.escalated");

    fn target(id: &str) -> &str {
        conversation(id)
    }

    fn command(id: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::Escalate { question: question(id), due_ms })
    }
}

/// A learner who has an answer says nothing.
pub struct LearnersAreNudged;

impl Deadline for LearnersAreNudged {
    const NAME: &'static str = "learners-are-nudged";
    type Target = Conversation;
    const DUE: &'static str = due!("c.conversation_id", "nudge_at_ms", "2", "");

    fn command(_: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::NudgeLearner { due_ms })
    }
}

/// A learner who has an answer has left the conversation.
pub struct ConversationsTimeOut;

impl Deadline for ConversationsTimeOut {
    const NAME: &'static str = "conversations-time-out";
    type Target = Conversation;
    const DUE: &'static str = due!("c.conversation_id", "time_out_at_ms", "2", "");

    fn command(_: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::TimeOut { due_ms })
    }
}
