//! What tests of reviews ask for again and again.

use crate::desk::{Desk, patiently};
use std::time::Duration;
use studium_kit::Event as _;
use studium_proto::mentorship::v1::{
    ClaimReviewRequest, ClaimReviewResponse, GetReviewQueueRequest, GetReviewRequest, GetReviewResponse,
    ListReviewLocksRequest, PauseMentorRequest, ReleaseReviewRequest, ResubmitReviewRequest, ReturnReviewRequest,
    ReviewKind, ReviewQueueLine, ReviewScore, ReviewStanding, ReviewVerdict, ReviewWork, SubmitReviewRequest,
    WithdrawReviewRequest, review_event::Event, review_service_client::ReviewServiceClient,
};
use studium_testkit::Caller;
use tonic::Status;

/// The platform's default lock, milliseconds.
pub const LOCK: i64 = 30 * 60_000;

pub type Reviews = ReviewServiceClient<Caller>;

pub fn cv(text: &str) -> ReviewWork {
    let (title, text, skills) = ("My CV".into(), text.into(), vec!["Rust".into()]);
    ReviewWork { title, text, skills, ..ReviewWork::default() }
}

pub fn submission(review: &str, learner: &str) -> SubmitReviewRequest {
    SubmitReviewRequest {
        review_id: review.into(),
        programme_id: "p".into(),
        learner_id: learner.into(),
        kind: ReviewKind::Cv as i32,
        work: Some(cv("one")),
        at_ms: 0,
    }
}

pub fn returning(review: &str, mentor: &str, round: u32, verdict: ReviewVerdict) -> ReturnReviewRequest {
    let score =
        ReviewScore { criterion_id: "form".into(), label: "Form".into(), score: 3, max: 5, comment: "shorter".into() };
    ReturnReviewRequest {
        review_id: review.into(),
        mentor_id: mentor.into(),
        round,
        scores: vec![score],
        verdict: verdict as i32,
        comment: format!("{mentor} on round {round}"),
        at_ms: 0,
    }
}

pub fn withdrawal(review: &str, learner: &str) -> WithdrawReviewRequest {
    let (review_id, learner_id) = (review.into(), learner.into());
    WithdrawReviewRequest { review_id, learner_id, ..WithdrawReviewRequest::default() }
}

impl Desk {
    /// Learner `ada` of programme `p` with mentor `mia`; `ben` and `kim` mentor, too, and have no mentees.
    pub async fn with_reviewers(&self) {
        self.with_programme("p").await;
        self.with_mentor("mia", 9).await;
        self.mentored("ada", "mia").await;
        self.with_mentor("ben", 0).await;
        self.with_mentor("kim", 0).await;
        // The view has seen all three.
        self.shown_mentor("kim").await;
    }

    pub async fn office(&self) -> Reviews {
        ReviewServiceClient::new(self.registrar().await)
    }

    pub async fn as_learner(&self, learner: &str) -> Reviews {
        ReviewServiceClient::new(self.learner(learner).await)
    }

    pub async fn as_mentor(&self, mentor: &str) -> Reviews {
        ReviewServiceClient::new(self.mentor(mentor).await)
    }

    pub async fn submits(&self, learner: &str, review: &str) -> u64 {
        let reply = self.as_learner(learner).await.submit_review(submission(review, learner)).await;
        reply.unwrap().into_inner().position
    }

    pub async fn resubmits(&self, review: &str, round: u32) -> Result<u64, Status> {
        let (review_id, learner_id, work) = (review.into(), "ada".into(), Some(cv(&format!("round {round}"))));
        let request = ResubmitReviewRequest { review_id, learner_id, round, work, at_ms: 0 };
        self.as_learner("ada").await.resubmit_review(request).await.map(|it| it.into_inner().position)
    }

    pub async fn claims(&self, mentor: &str, review: &str) -> Result<ClaimReviewResponse, Status> {
        let (review_id, mentor_id) = (review.into(), mentor.into());
        let request = ClaimReviewRequest { review_id, mentor_id, at_ms: 0 };
        self.as_mentor(mentor).await.claim_review(request).await.map(tonic::Response::into_inner)
    }

    /// Has a mentor claim at a time: a lock that is nearly over.
    pub async fn claimed_at(&self, mentor: &str, review: &str, at_ms: i64) -> i64 {
        let (review_id, mentor_id) = (review.into(), mentor.into());
        let request = ClaimReviewRequest { review_id, mentor_id, at_ms };
        self.office().await.claim_review(request).await.unwrap().into_inner().until_ms
    }

    pub async fn releases(&self, mentor: &str, review: &str) -> Result<u64, Status> {
        let (review_id, mentor_id) = (review.into(), mentor.into());
        let request = ReleaseReviewRequest { review_id, mentor_id, ..ReleaseReviewRequest::default() };
        self.as_mentor(mentor).await.release_review(request).await.map(|it| it.into_inner().position)
    }

    pub async fn returns(
        &self,
        mentor: &str,
        review: &str,
        round: u32,
        verdict: ReviewVerdict,
    ) -> Result<ReviewStanding, Status> {
        let request = returning(review, mentor, round, verdict);
        self.as_mentor(mentor).await.return_review(request).await.map(|it| it.into_inner().standing())
    }

    /// A review as the learner sees it now.
    pub async fn seen_review(&self, learner: &str, review: &str) -> GetReviewResponse {
        let request = GetReviewRequest {
            review_id: review.into(),
            learner_id: learner.into(),
            min_position: self.head().await,
            ..GetReviewRequest::default()
        };
        let mut client = self.as_learner(learner).await;
        patiently!(client.get_review(request.clone())).unwrap()
    }

    /// What a mentor may claim now.
    pub async fn queue(&self, mentor: &str) -> Vec<ReviewQueueLine> {
        let (mentor_id, min_position) = (mentor.into(), self.head().await);
        let request = GetReviewQueueRequest { mentor_id, min_position, ..GetReviewQueueRequest::default() };
        let mut client = self.as_mentor(mentor).await;
        patiently!(client.get_review_queue(request.clone())).unwrap().lines
    }

    pub async fn queued(&self, mentor: &str) -> Vec<String> {
        self.queue(mentor).await.into_iter().map(|it| it.review.unwrap().review_id).collect()
    }

    /// The reviews that a mentor holds locks on now.
    pub async fn held(&self, mentor: &str) -> Vec<String> {
        let request = ListReviewLocksRequest { mentor_id: mentor.into(), min_position: self.head().await };
        let mut client = self.as_mentor(mentor).await;
        let reply = patiently!(client.list_review_locks(request.clone())).unwrap();
        reply.locks.into_iter().map(|it| it.review_id).collect()
    }

    /// Waits until a mentor holds locks on these reviews and no others; policies take their time.
    pub async fn holds(&self, mentor: &str, reviews: &[&str]) {
        let mut seen = Vec::new();
        for _ in 0..500 {
            seen = self.held(mentor).await;
            if seen == reviews {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{mentor} never held {reviews:?}: {seen:?}");
    }

    pub async fn pauses(&self, mentor: &str) {
        let request = PauseMentorRequest { mentor_id: mentor.into(), ..PauseMentorRequest::default() };
        self.mentors().await.pause_mentor(request).await.unwrap();
        // The view has seen it.
        self.shown_mentor(mentor).await;
    }

    /// All that happened to a review, as the log tells it.
    pub async fn told(&self, review: &str) -> Vec<Event> {
        let mut told = Vec::new();
        for position in 1..=self.head().await {
            let Some(stored) = self.house.log().read("mentorship", position).await.unwrap() else { continue };
            if stored.aggregate() == Event::AGGREGATE && stored.id() == review {
                told.extend(stored.commit.events.iter().map(|it| Event::from_bytes(it).unwrap().unwrap()));
            }
        }
        told
    }

    /// Waits until something happened to a review.
    pub async fn happens(&self, review: &str, what: &str, is_it: impl Fn(&Event) -> bool) {
        for _ in 0..500 {
            if self.told(review).await.iter().any(&is_it) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{review}: never {what}: {:?}", self.told(review).await);
    }
}
