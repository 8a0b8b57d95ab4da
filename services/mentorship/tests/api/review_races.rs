//! Locks under pressure: many at once, in the wrong order, broken off, and across a restart.

use crate::{
    desk::{Desk, reason},
    review_desk::{LOCK, returning, withdrawal},
};
use std::sync::Arc;
use studium_log::Fault;
use studium_proto::mentorship::v1::{
    ClaimReviewRequest, ExtendReviewLockRequest, ReleaseReviewRequest, ReviewLockEnd, ReviewStanding, ReviewState,
    ReviewVerdict, review_event::Event, review_service_client::ReviewServiceClient,
};
use tonic::Code;

fn expired(event: &Event) -> bool {
    matches!(event, Event::ReviewLockEnded(it) if it.end() == ReviewLockEnd::Expired)
}

pub async fn the_fifth_lock_is_refused_however_many_ask_at_once(desk: Desk) {
    desk.with_reviewers().await;
    let reviews: Vec<_> = (1..=7).map(|n| format!("r{n}")).collect();
    for review in &reviews {
        desk.submits("ada", review).await;
    }
    let all = reviews.iter().map(|it| desk.claims("mia", it));
    let all = futures::future::join_all(all).await;
    let refused: Vec<_> = all.iter().filter_map(|it| it.as_ref().err()).map(reason).collect();
    assert_eq!(refused, ["TOO_MANY_REVIEW_LOCKS"; 3]);
    let held = desk.held("mia").await;
    assert_eq!(held.len(), 4);
    let free: Vec<_> = reviews.iter().filter(|it| !held.contains(it)).collect();
    desk.returns("mia", &held[0], 1, ReviewVerdict::MeetsSpecifications).await.unwrap();
    desk.claims("mia", free[0]).await.unwrap();
    assert_eq!(reason(&desk.claims("mia", free[1]).await.unwrap_err()), "TOO_MANY_REVIEW_LOCKS");
    desk.releases("mia", &held[1]).await.unwrap();
    desk.claims("mia", free[1]).await.unwrap();
}

pub async fn a_lock_that_expires_by_itself_lets_another_claim(desk: Desk) {
    desk.with_reviewers().await;
    desk.pauses("mia").await;
    desk.submits("ada", "r").await;
    let until_ms = desk.claimed_at("ben", "r", desk.house.now_ms() - LOCK + 2_000).await;
    assert!(until_ms > desk.house.now_ms());
    assert_eq!(reason(&desk.claims("kim", "r").await.unwrap_err()), "REVIEW_LOCKED");
    assert!(desk.queue("kim").await.is_empty());
    desk.happens("r", "expired", expired).await;
    desk.holds("ben", &[]).await;
    assert_eq!(desk.queued("kim").await, ["r"]);
    desk.claims("kim", "r").await.unwrap();
    // Ben's work is not thrown away: it stands beside Kim's.
    assert_eq!(desk.returns("ben", "r", 1, ReviewVerdict::RequiresChanges).await.unwrap(), ReviewStanding::Additional);
    let standing = desk.returns("kim", "r", 1, ReviewVerdict::MeetsSpecifications).await.unwrap();
    assert_eq!(standing, ReviewStanding::Counts);
    let seen = desk.seen_review("ada", "r").await;
    assert_eq!((seen.review.unwrap().state(), seen.feedback.len()), (ReviewState::MeetsSpecifications, 2));
}

pub async fn a_lock_expires_also_when_the_service_was_down(desk: Desk) {
    // The service has a store that it finds again.
    let Desk { house, running, elsewhere } = desk;
    running.stop().await.unwrap();
    let store = house.store_url("reviews").await.unwrap();
    let running = house.start_on(studium_mentorship::service(), &store).await.unwrap();
    let desk = Desk { house, running, elsewhere };
    desk.with_reviewers().await;
    desk.pauses("mia").await;
    desk.submits("ada", "r").await;
    desk.claimed_at("ben", "r", desk.house.now_ms() - LOCK + 1_500).await;
    let Desk { house, running, elsewhere } = desk;
    running.stop().await.unwrap();
    let running = house.start_on(studium_mentorship::service(), &store).await.unwrap();
    let desk = Desk { house, running, elsewhere };
    desk.happens("r", "expired", expired).await;
    desk.holds("ben", &[]).await;
    desk.claims("kim", "r").await.unwrap();
    // It expired once.
    assert_eq!(desk.told("r").await.iter().filter(|it| expired(it)).count(), 1);
}

pub async fn a_lock_is_extended_and_given_back(desk: Desk) {
    desk.with_reviewers().await;
    desk.submits("ada", "r").await;
    let first = desk.claimed_at("mia", "r", desk.house.now_ms() - LOCK / 2).await;
    let (review_id, mentor_id) = ("r".to_owned(), "mia".to_owned());
    let request = ExtendReviewLockRequest { review_id: review_id.clone(), mentor_id: mentor_id.clone(), at_ms: 0 };
    let longer = desk.as_mentor("mia").await.extend_review_lock(request.clone()).await.unwrap().into_inner();
    assert!(longer.until_ms >= first + LOCK / 2);
    let seen = desk.seen_review("ada", "r").await.review.unwrap();
    assert_eq!(seen.lock_until_ms, longer.until_ms);
    let staff = desk.caller("sue", &["staff"], &["ou"]).await;
    let release = ReleaseReviewRequest { review_id, mentor_id, institution_id: "ou".into(), at_ms: 0 };
    ReviewServiceClient::new(staff).release_review(release).await.unwrap();
    desk.holds("mia", &[]).await;
    let status = desk.as_mentor("mia").await.extend_review_lock(request).await.unwrap_err();
    assert_eq!(reason(&status), "REVIEW_NOT_LOCKED");
    assert!(
        desk.told("r")
            .await
            .iter()
            .any(|it| matches!(it, Event::ReviewLockEnded(it) if it.end() == ReviewLockEnd::Staff))
    );
}

pub async fn two_claims_at_once_give_one_lock(desk: Desk) {
    desk.with_reviewers().await;
    desk.pauses("mia").await;
    desk.submits("ada", "r").await;
    let (ben, kim) = futures::join!(desk.claims("ben", "r"), desk.claims("kim", "r"));
    let (winner, loser, no) = match (ben, kim) {
        (Ok(_), Err(no)) => ("ben", "kim", no),
        (Err(no), Ok(_)) => ("kim", "ben", no),
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&no), "REVIEW_LOCKED");
    assert_eq!(desk.seen_review("ada", "r").await.review.unwrap().reviewer_id, winner);
    desk.holds(winner, &["r"]).await;
    desk.holds(loser, &[]).await;
}

pub async fn a_claim_that_breaks_off_is_finished(desk: Desk) {
    desk.with_reviewers().await;
    desk.submits("ada", "r").await;
    // The slot is taken; then the log is silent for as long as the call tries to lock the review, which is four times,
    // and the policy that finishes it may try as often meanwhile.
    let silence = [Fault::LoseRequest; 8];
    desk.house.log().faults().script_of("mentorship.review.r", silence);
    let status = desk.claims("mia", "r").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    desk.happens("r", "locked", |it| matches!(it, Event::ReviewLocked(_))).await;
    desk.holds("mia", &["r"]).await;
    // Asked again, it is so already; nothing is taken twice.
    let again = desk.claims("mia", "r").await.unwrap();
    assert!(again.already);
    assert_eq!(desk.told("r").await.iter().filter(|it| matches!(it, Event::ReviewLocked(_))).count(), 1);
}

/// A second process of the service, which knows the first one's review.
async fn other_process(desk: &Desk) -> studium_kit::Running {
    desk.house.start(studium_mentorship::service()).await.unwrap()
}

pub async fn a_return_that_meets_a_withdrawal_is_kept(desk: Desk) {
    desk.with_reviewers().await;
    desk.submits("ada", "r").await;
    desk.claims("mia", "r").await.unwrap();
    let other = other_process(&desk).await;
    let mut ada = ReviewServiceClient::new(desk.house.call(&other, "ada", &["learner"], &[]).await.unwrap());
    let desk = Arc::new(desk);
    desk.house.log().faults().script_of("mentorship.review.r", [Fault::Hold]);
    let slow = tokio::spawn({
        let desk = Arc::clone(&desk);
        async move { desk.returns("mia", "r", 1, ReviewVerdict::RequiresChanges).await }
    });
    desk.house.log().faults().held().await;
    ada.withdraw_review(withdrawal("r", "ada")).await.unwrap();
    desk.house.log().faults().release();
    assert_eq!(slow.await.unwrap().unwrap(), ReviewStanding::AfterWithdrawal);
    let seen = desk.seen_review("ada", "r").await;
    assert_eq!(seen.review.unwrap().state(), ReviewState::Withdrawn);
    assert_eq!(seen.feedback[0].comment, "mia on round 1");
    desk.holds("mia", &[]).await;
}

pub async fn a_withdrawal_that_meets_a_return_keeps_it(desk: Desk) {
    desk.with_reviewers().await;
    desk.submits("ada", "r").await;
    desk.claims("mia", "r").await.unwrap();
    let other = other_process(&desk).await;
    let mut mia = ReviewServiceClient::new(desk.house.call(&other, "mia", &["mentor"], &[]).await.unwrap());
    let desk = Arc::new(desk);
    desk.house.log().faults().script_of("mentorship.review.r", [Fault::Hold]);
    let slow = tokio::spawn({
        let desk = Arc::clone(&desk);
        async move { desk.as_learner("ada").await.withdraw_review(withdrawal("r", "ada")).await }
    });
    desk.house.log().faults().held().await;
    let request = returning("r", "mia", 1, ReviewVerdict::MeetsSpecifications);
    let standing = mia.return_review(request).await.unwrap().into_inner().standing();
    assert_eq!(standing, ReviewStanding::Counts);
    desk.house.log().faults().release();
    slow.await.unwrap().unwrap();
    let seen = desk.seen_review("ada", "r").await;
    let review = seen.review.unwrap();
    assert_eq!((review.state(), review.verdict()), (ReviewState::Withdrawn, ReviewVerdict::MeetsSpecifications));
    assert_eq!(seen.feedback[0].standing(), ReviewStanding::Counts);
    assert!(desk.told("r").await.iter().any(|it| matches!(it, Event::ReviewWithdrawn(it) if it.after_return)));
    desk.holds("mia", &[]).await;
}

pub async fn a_late_return_is_kept_beside_the_one_that_counts(desk: Desk) {
    desk.with_reviewers().await;
    desk.pauses("mia").await;
    desk.submits("ada", "r").await;
    // Ben's time is over already: it binds nobody, whether or not anything has told so.
    desk.claimed_at("ben", "r", desk.house.now_ms() - LOCK).await;
    desk.claims("kim", "r").await.unwrap();
    assert_eq!(reason(&desk.claims("ben", "r").await.unwrap_err()), "REVIEW_LOCKED");
    assert_eq!(desk.returns("ben", "r", 1, ReviewVerdict::RequiresChanges).await.unwrap(), ReviewStanding::Additional);
    desk.returns("kim", "r", 1, ReviewVerdict::MeetsSpecifications).await.unwrap();
    // Said again, it is so already; said otherwise, it is refused.
    assert_eq!(desk.returns("ben", "r", 1, ReviewVerdict::RequiresChanges).await.unwrap(), ReviewStanding::Additional);
    let no = desk.returns("ben", "r", 1, ReviewVerdict::MeetsSpecifications).await.unwrap_err();
    assert_eq!(reason(&no), "FEEDBACK_EXISTS");
    let again = ClaimReviewRequest { review_id: "r".into(), mentor_id: "kim".into(), at_ms: 0 };
    let no = desk.as_mentor("kim").await.claim_review(again).await.unwrap_err();
    assert_eq!(reason(&no), "REVIEW_RETURNED");
    desk.holds("ben", &[]).await;
    desk.holds("kim", &[]).await;
}
