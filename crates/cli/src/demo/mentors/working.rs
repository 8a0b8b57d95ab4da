//! What mentor and learner do together: a question answered, a session held, a project returned twice.

use super::{office::Office, people::LEARNERS, programme::PROGRAMME};
use crate::demo::desk::{answer, asked, settled};
use anyhow::Result;
use studium_log::now_ms;
use studium_proto::mentorship::v1::{
    ActionItemSet, AnswerQuestionRequest, AskQuestionRequest, ClaimReviewRequest, GetAnswerTimesRequest,
    GetReviewRequest, GetSessionRequest, HoldSessionRequest, RateMentorRequest, ResubmitReviewRequest,
    ReturnReviewRequest, ReviewKind, ReviewScore, ReviewState, ReviewVerdict, ReviewWork, ScheduleSessionRequest,
    SessionKind, SessionState, SetAvailabilityRequest, SubmitReviewRequest, WeeklyWindow,
    calendar_service_client::CalendarServiceClient, conversation_service_client::ConversationServiceClient,
    review_service_client::ReviewServiceClient, session_service_client::SessionServiceClient,
};

/// Whom it is told of.
pub const WORKING: usize = 2;

const DAY_MS: i64 = 24 * 3_600_000;

/// What came of it.
pub struct Worked {
    /// The mentor.
    pub mentor: String,
    /// Questions answered, and of them as soon as was promised.
    pub answered: (u64, u64),
    /// The session took place for so many minutes.
    pub session_minutes: u32,
    /// Things to do that were agreed on.
    pub action_items: usize,
    /// How often the project was returned before it met the specifications, that time included.
    pub rounds: u32,
}

/// One learner and the mentor at work.
pub async fn work(office: &Office<'_>, mentor: &str) -> Result<Worked> {
    let answered = talk(office, mentor).await?;
    let (session_minutes, action_items) = meet(office, mentor).await?;
    let rounds = review(office, mentor).await?;
    let learner_id = LEARNERS[WORKING].id.to_owned();
    let programme_id = PROGRAMME.to_owned();
    let rate = RateMentorRequest { programme_id, learner_id, stars: 5, ..RateMentorRequest::default() };
    answer(office.as_learner(LEARNERS[WORKING].id).await?.rate_mentor(asked("rate", rate)).await)?;
    Ok(Worked { mentor: mentor.to_owned(), answered, session_minutes, action_items, rounds })
}

async fn talk(office: &Office<'_>, mentor: &str) -> Result<(u64, u64)> {
    let learner_id = LEARNERS[WORKING].id;
    let ask = AskQuestionRequest {
        conversation_id: "demo-question".to_owned(),
        message_id: "1".to_owned(),
        programme_id: PROGRAMME.to_owned(),
        learner_id: learner_id.to_owned(),
        text: "Which of the two courses should I take first?".to_owned(),
        at_ms: 0,
    };
    let learner = office.person(learner_id, "learner").await?;
    answer(ConversationServiceClient::new(learner).ask_question(asked("ask", ask)).await)?;
    let reply = AnswerQuestionRequest {
        conversation_id: "demo-question".to_owned(),
        message_id: "2".to_owned(),
        mentor_id: mentor.to_owned(),
        text: "The shorter one; the project of the other builds on it.".to_owned(),
        ..AnswerQuestionRequest::default()
    };
    let there = office.person(mentor, "mentor").await?;
    answer(ConversationServiceClient::new(there).answer_question(asked("answer", reply)).await)?;
    let times = async || {
        let request = GetAnswerTimesRequest { programme_id: PROGRAMME.to_owned(), ..GetAnswerTimesRequest::default() };
        let mut office = ConversationServiceClient::new(office.registrar.clone());
        Ok(answer(office.get_answer_times(request).await)?.times.unwrap_or_default())
    };
    let times = settled("the question is answered", times, |it| it.answered > 0).await?;
    Ok((times.answered, times.within_promise))
}

/// A session of yesterday, so that it can have been held: the registrar writes it in afterwards.
async fn meet(office: &Office<'_>, mentor: &str) -> Result<(u32, usize)> {
    let window = |weekday| WeeklyWindow { weekday, from_minute: 0, until_minute: 24 * 60 };
    let open = SetAvailabilityRequest {
        mentor_id: mentor.to_owned(),
        time_zone: "UTC".to_owned(),
        windows: (1..=7).map(window).collect(),
        ..SetAvailabilityRequest::default()
    };
    let there = office.person(mentor, "mentor").await?;
    answer(CalendarServiceClient::new(there.clone()).set_availability(asked("availability", open)).await)?;
    let now = now_ms();
    let schedule = ScheduleSessionRequest {
        session_id: "demo-session".to_owned(),
        programme_id: PROGRAMME.to_owned(),
        learner_id: LEARNERS[WORKING].id.to_owned(),
        kind: SessionKind::LearningAdvice.into(),
        start_ms: now - DAY_MS,
        minutes: 45,
        topic: "A plan for the first month".to_owned(),
        at_ms: now - 2 * DAY_MS,
        ..ScheduleSessionRequest::default()
    };
    let mut registrar = SessionServiceClient::new(office.registrar.clone());
    let min_position = answer(registrar.schedule_session(asked("schedule", schedule)).await)?.position;
    let session = async || {
        let session_id = "demo-session".to_owned();
        let request = GetSessionRequest { session_id, min_position, ..GetSessionRequest::default() };
        let mut registrar = SessionServiceClient::new(office.registrar.clone());
        Ok(answer(registrar.get_session(request).await)?.session.unwrap_or_default())
    };
    let both_hold = |it: &studium_proto::mentorship::v1::Session| {
        matches!(it.state(), SessionState::Scheduled | SessionState::Held)
    };
    settled("both calendars hold the session", session, both_hold).await?;
    let hold = HoldSessionRequest {
        session_id: "demo-session".to_owned(),
        mentor_id: mentor.to_owned(),
        notes: "Wants to change jobs within the year.".to_owned(),
        action_items: vec![ActionItemSet { text: "Write down three employers".to_owned(), due_ms: now + 7 * DAY_MS }],
        ..HoldSessionRequest::default()
    };
    answer(SessionServiceClient::new(there).hold_session(asked("hold", hold)).await)?;
    let after = settled("the session was held", session, |it| it.state() == SessionState::Held).await?;
    Ok((after.minutes, after.action_items.len()))
}

async fn review(office: &Office<'_>, mentor: &str) -> Result<u32> {
    let (learner_id, review_id) = (LEARNERS[WORKING].id, "demo-project");
    let mut learner = ReviewServiceClient::new(office.person(learner_id, "learner").await?);
    let mut reviewer = ReviewServiceClient::new(office.person(mentor, "mentor").await?);
    let work =
        |text: &str| Some(ReviewWork { title: "Capstone".to_owned(), text: text.to_owned(), ..ReviewWork::default() });
    let submit = SubmitReviewRequest {
        review_id: review_id.to_owned(),
        programme_id: PROGRAMME.to_owned(),
        learner_id: learner_id.to_owned(),
        kind: ReviewKind::Project.into(),
        work: work("A first version."),
        at_ms: 0,
    };
    let min_position = answer(learner.submit_review(asked("submit", submit)).await)?.position;
    for (round, verdict) in [(1, ReviewVerdict::RequiresChanges), (2, ReviewVerdict::MeetsSpecifications)] {
        let claim = ClaimReviewRequest { review_id: review_id.to_owned(), mentor_id: mentor.to_owned(), at_ms: 0 };
        answer(reviewer.claim_review(asked(&format!("claim:{round}"), claim)).await)?;
        let score = ReviewScore {
            criterion_id: "tests".to_owned(),
            label: "The result can be checked".to_owned(),
            score: round * 2,
            max: 4,
            comment: String::new(),
        };
        let give_back = ReturnReviewRequest {
            review_id: review_id.to_owned(),
            mentor_id: mentor.to_owned(),
            round,
            scores: vec![score],
            verdict: verdict.into(),
            comment: "See the scores.".to_owned(),
            at_ms: 0,
        };
        answer(reviewer.return_review(asked(&format!("return:{round}"), give_back)).await)?;
        if round == 1 {
            let again = ResubmitReviewRequest {
                review_id: review_id.to_owned(),
                learner_id: learner_id.to_owned(),
                round: 2,
                work: work("With tests."),
                at_ms: 0,
            };
            answer(learner.resubmit_review(asked("resubmit", again)).await)?;
        }
    }
    let shown = async || {
        let request = GetReviewRequest {
            review_id: review_id.to_owned(),
            learner_id: learner_id.to_owned(),
            min_position,
            ..GetReviewRequest::default()
        };
        Ok(answer(learner.clone().get_review(request).await)?.review.unwrap_or_default())
    };
    let met = |it: &studium_proto::mentorship::v1::Review| it.state() == ReviewState::MeetsSpecifications;
    Ok(settled("the project meets the specifications", shown, met).await?.round)
}
