//! Calls that concern reviews.

use super::{Api, Reply, TEXT_MAX, done, names, no};
use crate::{
    mentors::{self, Mentors},
    mentorships::{self, Mentorships},
    review::{Command, Returned, Review, Submitted, Work},
    review_feedback::{self, ReviewFeedbacks},
    review_locks::{self, ReviewLocks},
    review_queue::{self, Wanted},
    review_rounds::{self, ReviewRounds},
    reviews::{self, Only, ReviewRow, Reviews},
};
use std::collections::BTreeSet;
use studium_kit::{By, Call, Fields, Page, fault};
use studium_proto::mentorship::v1::{
    ClaimReviewRequest, ClaimReviewResponse, ExtendReviewLockRequest, ExtendReviewLockResponse, GetReviewQueueRequest,
    GetReviewQueueResponse, GetReviewRequest, GetReviewResponse, ListReviewLocksRequest, ListReviewLocksResponse,
    ListReviewsRequest, ListReviewsResponse, MentorshipState, Reason, ReleaseReviewRequest, ReleaseReviewResponse,
    ResubmitReviewRequest, ResubmitReviewResponse, ReturnReviewRequest, ReturnReviewResponse, ReviewFeedback,
    ReviewKind, ReviewScore, ReviewVerdict, ReviewWithdrawalCause, ReviewWork, SubmitReviewRequest,
    SubmitReviewResponse, WithdrawReviewRequest, WithdrawReviewResponse, review_service_server::ReviewService,
};
use tonic::{Request, Response, Status};

/// The longest work in words, characters: some forty pages. What is longer is elsewhere and has a URL.
const WORK_MAX: usize = 100_000;

/// The longest address, characters.
const URL_MAX: usize = 2_000;

/// The most criteria of one rubric, and the most that one can score.
const CRITERIA_MAX: usize = 100;
const SCORE_MAX: u32 = 1_000;

fn work(fields: &mut Fields, work: Option<ReviewWork>) -> Work {
    fields.check("work", work.is_some(), "is not given");
    let it = work.unwrap_or_default();
    fields.text("work.title", &it.title, super::NAME_MAX);
    fields.optional_text("work.text", &it.text, WORK_MAX);
    fields.optional_text("work.url", &it.url, URL_MAX);
    fields.check("work", it.text.trim().is_empty() != it.url.is_empty(), "holds a text or a URL, one of them");
    let address = it.url.is_empty() || it.url.starts_with("https://") || it.url.starts_with("http://");
    fields.check("work.url", address, "does not begin with https:// or http://");
    let digits = it.sha256.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    let hashed = if it.url.is_empty() { it.sha256.is_empty() } else { it.sha256.len() == 64 && digits };
    fields.check("work.sha256", hashed, "is not 64 lower-case hexadecimal digits beside a URL, and empty without");
    names(fields, "work.skills", &it.skills);
    Work { title: it.title, text: it.text, url: it.url, sha256: it.sha256, skills: it.skills }
}

fn scores(fields: &mut Fields, scores: &[ReviewScore]) {
    fields.check("scores", scores.len() <= CRITERIA_MAX, "are more than 100");
    for it in scores {
        fields.id("scores.criterion_id", &it.criterion_id);
        fields.text("scores.label", &it.label, super::NAME_MAX);
        fields.optional_text("scores.comment", &it.comment, TEXT_MAX);
        fields.check("scores.max", (1..=SCORE_MAX).contains(&it.max), "is not 1 to 1000");
        fields.check("scores.score", it.score <= it.max, "is more than `max`");
    }
    let named: BTreeSet<_> = scores.iter().map(|it| it.criterion_id.as_str()).collect();
    fields.check("scores", named.len() == scores.len(), "name a criterion twice");
}

impl Api {
    /// How far the mentorship is in which work is handed in, and whose programme it is.
    async fn mentorship_of(&self, programme: &str, learner: &str) -> Result<(MentorshipState, String), Status> {
        let row = mentorships::mentorship(self.app.store(), programme, learner).await.map_err(fault)?;
        let of = |it: mentorships::MentorshipRow| (MentorshipState::try_from(it.state), it.institution_id);
        let (state, institution_id) = row.map_or((Ok(MentorshipState::Unspecified), String::new()), of);
        Ok((state.unwrap_or_default(), institution_id))
    }

    /// A review, if the caller may see it: the learner, whoever reviewed it or may, the mentor, staff.
    async fn shown_review(
        &self,
        call: &Call,
        it: &GetReviewRequest,
    ) -> Result<(ReviewRow, Vec<ReviewFeedback>), Status> {
        let store = self.app.store();
        let unknown = || no(Reason::ReviewNotFound, "no such review was submitted", &it.review_id);
        let row = reviews::review(store, &it.review_id).await.map_err(fault)?.ok_or_else(unknown)?;
        let feedback = review_feedback::of_review(store, &it.review_id).await.map_err(fault)?;
        let me = call.caller.subject.as_str();
        if call.caller.acts_for(&row.institution_id) || me == row.learner_id {
            return Ok((row, feedback));
        }
        if me != it.mentor_id {
            return Err(unknown());
        }
        let mentorship = mentorships::mentorship(store, &row.programme_id, &row.learner_id).await.map_err(fault)?;
        let knows = row.reviewer_id == me
            || feedback.iter().any(|it| it.reviewer_id == me)
            || mentorship.is_some_and(|it| it.mentor_id == me);
        if !knows {
            let about = self.app.look::<Review, _>(&it.review_id, Review::about).await?;
            let rights = review_queue::rights(store, about, me).await.map_err(fault)?;
            if rights.check().is_err() {
                return Err(no(Reason::NotYourReview, "other mentors review it", &it.review_id));
            }
        }
        Ok((row, feedback))
    }
}

/// Opens an act on a review: the call at its time, once the ids and other fields are in order.
fn opened(call: Call, at_ms: i64, mut fields: Fields, ids: &[(&str, &str)]) -> Result<Call, Status> {
    for (field, id) in ids {
        fields.id(field, id);
    }
    fields.done()?;
    call.at(at_ms)
}

#[tonic::async_trait]
impl ReviewService for Api {
    async fn submit_review(&self, request: Request<SubmitReviewRequest>) -> Reply<SubmitReviewResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let kind = it.kind();
        fields.check("kind", kind != ReviewKind::Unspecified, "is not given");
        let work = work(&mut fields, it.work);
        let ids = [("review_id", &*it.review_id), ("programme_id", &it.programme_id), ("learner_id", &it.learner_id)];
        let call = opened(call, it.at_ms, fields, &ids)?;
        let (mentorship, institution_id) = self.mentorship_of(&it.programme_id, &it.learner_id).await?;
        let (programme_id, learner_id) = (it.programme_id, it.learner_id.clone());
        let submitted = Submitted { programme_id, learner_id, institution_id, kind, work, mentorship };
        let asked = By::caller(&call, &[&it.learner_id], "").asks(Command::Submit(submitted));
        done!(SubmitReviewResponse, self.app.decide::<Review>(&call, &it.review_id, &asked).await?)
    }

    async fn claim_review(&self, request: Request<ClaimReviewRequest>) -> Reply<ClaimReviewResponse> {
        let (call, it) = Call::open(request)?;
        let ids = [("review_id", &*it.review_id), ("mentor_id", &it.mentor_id)];
        let call = opened(call, it.at_ms, Fields::new(), &ids)?;
        let claimed = self.claim(&call, &it.review_id, &it.mentor_id).await?;
        done!(ClaimReviewResponse, claimed.outcome, until_ms: claimed.until_ms, round: claimed.round)
    }

    async fn extend_review_lock(&self, request: Request<ExtendReviewLockRequest>) -> Reply<ExtendReviewLockResponse> {
        let (call, it) = Call::open(request)?;
        let ids = [("review_id", &*it.review_id), ("mentor_id", &it.mentor_id)];
        let call = opened(call, it.at_ms, Fields::new(), &ids)?;
        let extended = self.extend(&call, &it.review_id, &it.mentor_id).await?;
        done!(ExtendReviewLockResponse, extended.outcome, until_ms: extended.until_ms)
    }

    async fn release_review(&self, request: Request<ReleaseReviewRequest>) -> Reply<ReleaseReviewResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("institution_id", &it.institution_id);
        let ids = [("review_id", &*it.review_id), ("mentor_id", &it.mentor_id)];
        let call = opened(call, it.at_ms, fields, &ids)?;
        let who = (it.mentor_id.as_str(), it.institution_id.as_str());
        done!(ReleaseReviewResponse, self.release(&call, &it.review_id, who).await?)
    }

    async fn return_review(&self, request: Request<ReturnReviewRequest>) -> Reply<ReturnReviewResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let verdict = it.verdict();
        fields.check("verdict", verdict != ReviewVerdict::Unspecified, "is not given");
        fields.check("round", it.round > 0, "is not given");
        fields.text("comment", &it.comment, TEXT_MAX);
        scores(&mut fields, &it.scores);
        let ids = [("review_id", &*it.review_id), ("mentor_id", &it.mentor_id)];
        let call = opened(call, it.at_ms, fields, &ids)?;
        let (reviewer_id, round, scores, comment) = (it.mentor_id, it.round, it.scores, it.comment);
        let returned = Returned { reviewer_id, round, scores, verdict, comment };
        let (outcome, standing) = self.give_back(&call, &it.review_id, returned).await?;
        done!(ReturnReviewResponse, outcome, standing: standing as i32)
    }

    async fn resubmit_review(&self, request: Request<ResubmitReviewRequest>) -> Reply<ResubmitReviewResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let work = work(&mut fields, it.work);
        let ids = [("review_id", &*it.review_id), ("learner_id", &it.learner_id)];
        let call = opened(call, it.at_ms, fields, &ids)?;
        let programme = self.app.look::<Review, _>(&it.review_id, |it| it.programme_id().to_owned()).await?;
        let (mentorship, _) = self.mentorship_of(&programme, &it.learner_id).await?;
        let command = Command::Resubmit { learner_id: it.learner_id.clone(), round: it.round, work, mentorship };
        let asked = By::caller(&call, &[&it.learner_id], "").asks(command);
        done!(ResubmitReviewResponse, self.app.decide::<Review>(&call, &it.review_id, &asked).await?)
    }

    async fn withdraw_review(&self, request: Request<WithdrawReviewRequest>) -> Reply<WithdrawReviewResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("learner_id", &it.learner_id);
        fields.optional_id("institution_id", &it.institution_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let call = opened(call, it.at_ms, fields, &[("review_id", &*it.review_id)])?;
        let is_own = call.caller.subject == it.learner_id;
        let cause = if is_own { ReviewWithdrawalCause::Learner } else { ReviewWithdrawalCause::Staff };
        let asked = By::caller(&call, &[&it.learner_id], &it.institution_id);
        let asked = asked.asks(Command::Withdraw { learner_id: it.learner_id, cause, reason: it.reason });
        done!(WithdrawReviewResponse, self.app.decide::<Review>(&call, &it.review_id, &asked).await?)
    }

    async fn get_review(&self, request: Request<GetReviewRequest>) -> Reply<GetReviewResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("review_id", &it.review_id);
        fields.done()?;
        self.app.reached::<Reviews>(it.min_position).await?;
        self.app.reached::<ReviewRounds>(it.min_position).await?;
        self.app.reached::<ReviewFeedbacks>(it.min_position).await?;
        let (row, feedback) = self.shown_review(&call, &it).await?;
        let (store, now) = (self.app.store(), call.now_ms());
        Ok(Response::new(GetReviewResponse {
            queue_position: review_queue::position(store, &row, now).await.map_err(fault)?,
            wait: Some(reviews::wait(store).await.map_err(fault)?),
            rounds: review_rounds::of_review(store, &it.review_id).await.map_err(fault)?,
            feedback,
            review: Some(row.shown(now)),
        }))
    }

    async fn list_reviews(&self, request: Request<ListReviewsRequest>) -> Reply<ListReviewsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Reviews>(it.min_position).await?;
        self.app.reached::<ReviewFeedbacks>(it.min_position).await?;
        let only = Only {
            state: it.state,
            programme_id: it.programme_id,
            learner_id: it.learner_id,
            mentor_id: it.mentor_id,
            institution_id: it.institution_id,
        };
        let rows = reviews::reviews(self.app.store(), &only, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.review_id.clone());
        let reviews = rows.into_iter().map(|it| it.shown(call.now_ms())).collect();
        Ok(Response::new(ListReviewsResponse { reviews, next_page_token }))
    }

    async fn get_review_queue(&self, request: Request<GetReviewQueueRequest>) -> Reply<GetReviewQueueResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("mentor_id", &it.mentor_id);
        fields.optional_text("skill", &it.skill, super::NAME_MAX);
        fields.optional_text("text", &it.text, super::NAME_MAX);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Reviews>(it.min_position).await?;
        self.app.reached::<Mentorships>(it.min_position).await?;
        self.app.reached::<Mentors>(it.min_position).await?;
        let store = self.app.store();
        let Some(mentor) = mentors::mentor(store, &it.mentor_id).await.map_err(fault)? else {
            return Err(no(Reason::MentorNotFound, "no such mentor is registered", &it.mentor_id));
        };
        let wanted = Wanted { kind: it.kind, skill: it.skill, text: it.text };
        let queue = review_queue::queue(store, &mentor, &wanted, &page, call.now_ms()).await;
        let (lines, next_page_token) = queue.map_err(fault)?;
        Ok(Response::new(GetReviewQueueResponse { lines, next_page_token }))
    }

    async fn list_review_locks(&self, request: Request<ListReviewLocksRequest>) -> Reply<ListReviewLocksResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("mentor_id", &it.mentor_id);
        fields.done()?;
        self.app.reached::<ReviewLocks>(it.min_position).await?;
        let locks = review_locks::held(self.app.store(), &it.mentor_id, call.now_ms()).await.map_err(fault)?;
        Ok(Response::new(ListReviewLocksResponse { locks }))
    }
}
