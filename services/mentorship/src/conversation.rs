//! One conversation of a learner with a mentor: whose turn it is, and a clock for the answer that was promised.

mod answering;
mod asking;
mod clocks;
mod following;

use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Asked, DAY_MS, Decider, Decision, MINUTE_MS, Reason as _, Rejection};
use studium_proto::mentorship::v1::{
    ConversationEnd, ConversationState, MentorState, MentorshipState, QuestionAsked, Reason, RerouteCause,
    conversation_event::Event,
};

/// The learner may nudge the addressee once in so much time: the platform's default, a day.
pub const NUDGE_EVERY_MS: i64 = DAY_MS;

/// An answered learner who says nothing is nudged after 7, 14 and 21 days: the platform's default.
pub const LEARNER_NUDGE_EVERY_MS: i64 = 7 * DAY_MS;
/// See [`LEARNER_NUDGE_EVERY_MS`].
pub const LEARNER_NUDGES: u32 = 3;

/// An answered learner who says nothing for so long has left the conversation: the platform's default, 28 days.
pub const TIME_OUT_MS: i64 = 28 * DAY_MS;

/// The addressee is reminded when so much of the promised time is over: the platform's default, percent.
pub const REMIND_PERCENT: i64 = 75;

/// Messages of one conversation: a past that is read whole stays short.
const MESSAGES_MAX: usize = 1_000;

/// What can be asked of a conversation.
#[derive(Debug, Clone)]
pub enum Command {
    /// The learner asks, adds to what waits, or opens it again.
    Ask(Box<Question>),
    /// Somebody answers.
    Answer(Answer),
    /// The learner asks to look at what waits.
    Nudge { learner_id: String },
    /// The learner closes it.
    Close { learner_id: String, solved: bool },
    /// Three quarters of the promised time are over.
    Remind { question: u32, due_ms: i64 },
    /// The promised time is over.
    Escalate { question: u32, due_ms: i64 },
    /// The learner said nothing for a time.
    NudgeLearner { due_ms: i64 },
    /// The learner said nothing for too long.
    TimeOut { due_ms: i64 },
    /// To go along with what is known of the mentorship and its mentors.
    Follow(Box<Facts>),
}

/// What somebody says.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Id of the message.
    pub message_id: String,
    /// The text.
    pub text: String,
}

/// A question with what is known of the mentorship.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// What is asked.
    pub said: Said,
    /// The programme.
    pub programme_id: String,
    /// Who asks.
    pub learner_id: String,
    /// What was promised for the programme.
    pub answer_within_minutes: u32,
    /// What is known.
    pub facts: Facts,
}

/// An answer with what is known of who gives it.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// What is answered.
    pub said: Said,
    /// Who answers.
    pub author: Author,
    /// Rests of the learner, in order.
    pub rests: Vec<Rest>,
}

/// Who answers, or wants to see what to answer.
#[derive(Debug, Clone, Default)]
pub struct Author {
    /// The person.
    pub id: String,
    /// Speaks as staff.
    pub is_staff: bool,
    /// Is the learner's mentor now.
    pub is_mentor: bool,
    /// Where the person stands as a mentor.
    pub state: MentorState,
    /// Institution that the person mentors for; empty = any.
    pub institution_id: String,
    /// The person and the learner never meet again.
    pub is_blocked: bool,
}

/// A time in which the learner rests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rest {
    /// 1, 2, 3 … of the mentorship.
    pub number: u32,
    /// From then, Unix milliseconds.
    pub from_ms: i64,
    /// Until then, Unix milliseconds; 0 = still.
    pub until_ms: i64,
}

/// What is known of a mentorship at a moment. It may be late, and is never later taken back by something older:
/// rests and proposals are numbered.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Where the mentorship stands.
    pub standing: MentorshipState,
    /// Institution that owns the programme.
    pub institution_id: String,
    /// The mentor; empty if there is none.
    pub mentor_id: String,
    /// The proposal by which the mentor came, or the last one who came; 0 = none yet.
    pub proposal: u32,
    /// Who takes a question now; empty if staff.
    pub to_id: String,
    /// Why that is not the mentor.
    pub instead: RerouteCause,
    /// Whom the conversation was addressed to when this was looked up.
    pub addressee_id: String,
    /// Why that one cannot take it; unspecified = can.
    pub unfit: RerouteCause,
    /// Rests, in order.
    pub rests: Vec<Rest>,
}

/// Which mentorship it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct About {
    programme: String,
    learner: String,
    institution: String,
}

/// The clock of the last question.
#[derive(Debug, Clone, Default)]
struct Clock {
    asked_at_ms: i64,
    promised_ms: i64,
    remind_at_ms: i64,
    answer_by_ms: i64,
    rested_ms: i64,
    reminded: bool,
    escalated: bool,
    answered: bool,
}

/// What happens to a learner who has the answer and says nothing.
#[derive(Debug, Clone, Default)]
struct Silence {
    since_ms: i64,
    nudges: u32,
    nudge_at_ms: i64,
    time_out_at_ms: i64,
}

/// One conversation, as far as decisions need it.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    about: About,
    state: ConversationState,
    /// Who said what, by the message's id; the text only as a number that differs for other texts.
    said: BTreeMap<String, u64>,
    question: u32,
    clock: Clock,
    silence: Silence,
    mentor_id: String,
    proposal: u32,
    addressee_id: String,
    /// Who answered here.
    speakers: BTreeSet<String>,
    /// The learner's nudges for the last question, and when the last one was.
    nudges: (u32, i64),
    /// The last rest that is known.
    rests: u32,
    /// It goes on, since then.
    held_from_ms: Option<i64>,
}

impl Conversation {
    fn known(&self) -> Result<(), Rejection<Reason>> {
        match self.state {
            ConversationState::Unspecified => Reason::ConversationNotFound.because("there is no such conversation"),
            _ => Ok(()),
        }
    }

    /// Others' learners hear nothing of it, not even that there is one.
    fn is_of(&self, learner_id: &str) -> Result<(), Rejection<Reason>> {
        if self.about.learner == learner_id {
            return Ok(());
        }
        Reason::ConversationNotFound.because("there is no such conversation")
    }

    fn is_open(&self) -> bool {
        matches!(self.state, ConversationState::AwaitingMentor | ConversationState::AwaitingLearner)
    }

    /// Programme and learner; empty if there is no such conversation.
    pub fn mentorship(&self) -> (String, String) {
        (self.about.programme.clone(), self.about.learner.clone())
    }

    /// A question waits, and somebody is to answer it.
    fn waits(&self) -> bool {
        self.state == ConversationState::AwaitingMentor
    }

    /// Whether a message is here already; one with the same id and another author or text is refused.
    fn has(&self, author: &str, said: &Said) -> Result<bool, Rejection<Reason>> {
        match self.said.get(&said.message_id) {
            Some(it) if *it == print(author, &said.text) => Ok(true),
            Some(_) => Reason::MessageExists.because("another message has this id; choose another"),
            None if self.said.len() >= MESSAGES_MAX => {
                Reason::ConversationIsFull.because(format!("it has {MESSAGES_MAX} messages; begin another"))
            }
            None => Ok(false),
        }
    }

    fn next_message(&self) -> u32 {
        self.said.len() as u32 + 1
    }

    fn after(&self, events: &[Event]) -> Self {
        let mut now = self.clone();
        for event in events {
            now.evolve(event);
        }
        now
    }
}

/// A number that differs for other authors and other texts (FNV-1a).
fn print(author: &str, text: &str) -> u64 {
    let bytes = author.bytes().chain([0]).chain(text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, it| (hash ^ u64::from(it)).wrapping_mul(0x0000_0100_0000_01b3))
}

impl Decider for Conversation {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        let at_ms = asked.by.at_ms;
        match &asked.command {
            Command::Ask(it) => self.ask(it, at_ms),
            Command::Answer(it) => self.answer(it, &asked.by),
            Command::Nudge { learner_id } => self.nudge(learner_id, at_ms),
            Command::Close { learner_id, solved } => {
                self.is_of(learner_id)?;
                self.known()?;
                let end = if *solved { ConversationEnd::Solved } else { ConversationEnd::NotNeeded };
                Ok(self.close(end))
            }
            Command::Remind { question, due_ms } => Ok(self.remind(*question, *due_ms)),
            Command::Escalate { question, due_ms } => Ok(self.escalate(*question, *due_ms)),
            Command::NudgeLearner { due_ms } => Ok(self.nudge_learner(*due_ms)),
            Command::TimeOut { due_ms } => Ok(self.time_out(*due_ms)),
            Command::Follow(facts) => Ok(self.follow(facts)),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::QuestionAsked(it) => self.asked(it),
            Event::QuestionExtended(it) => {
                self.said.insert(it.message_id.clone(), print(&self.about.learner, &it.text));
            }
            Event::AnswerGiven(it) => self.answered(it),
            Event::MentorNudged(it) => self.nudges = (it.nudge, it.nudged_at_ms),
            Event::QuestionReminded(_) => self.clock.reminded = true,
            Event::QuestionEscalated(_) => self.clock.escalated = true,
            Event::ConversationRerouted(it) => {
                self.addressee_id.clone_from(&it.to_id);
                self.mentor_id.clone_from(&it.mentor_id);
                self.proposal = it.proposal;
            }
            Event::ClockHeld(it) => (self.rests, self.held_from_ms) = (it.rest, Some(it.from_ms)),
            Event::ClockResumed(it) => self.resumed(it),
            Event::LearnerNudged(it) => (self.silence.nudges, self.silence.nudge_at_ms) = (it.nudge, it.nudge_at_ms),
            Event::ConversationClosed(_) => self.state = ConversationState::Closed,
            Event::ConversationTimedOut(_) => self.state = ConversationState::TimedOut,
        }
    }
}

impl Conversation {
    fn asked(&mut self, it: &QuestionAsked) {
        self.about = About {
            programme: it.programme_id.clone(),
            learner: it.learner_id.clone(),
            institution: it.institution_id.clone(),
        };
        self.state = ConversationState::AwaitingMentor;
        self.said.insert(it.message_id.clone(), print(&it.learner_id, &it.text));
        self.question = it.question;
        let promised_ms = i64::from(it.answer_within_minutes) * MINUTE_MS;
        self.clock = Clock {
            asked_at_ms: it.answer_by_ms - promised_ms,
            promised_ms,
            remind_at_ms: it.remind_at_ms,
            answer_by_ms: it.answer_by_ms,
            ..Clock::default()
        };
        self.silence = Silence::default();
        self.mentor_id.clone_from(&it.mentor_id);
        self.proposal = it.proposal;
        self.addressee_id.clone_from(&it.addressee_id);
        self.nudges = (0, 0);
        (self.rests, self.held_from_ms) = (it.rests, None);
    }
}

#[cfg(test)]
mod tests;
