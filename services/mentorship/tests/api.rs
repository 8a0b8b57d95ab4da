//! The mentorship service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/desk.rs"]
mod desk;
#[path = "api/review_desk.rs"]
mod review_desk;
#[path = "api/review_races.rs"]
mod review_races;
#[path = "api/reviews.rs"]
mod reviews;
#[path = "api/thread.rs"]
mod thread;

/// Makes each sentence a test on either database.
macro_rules! happens {
    ($($module:ident :: $name:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::$module::$name(crate::desk::Desk::open(None).await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(server) = studium_testkit::postgres() else { return };
                crate::$module::$name(crate::desk::Desk::open(Some(server)).await).await;
            })*
        }
    };
}

happens! {
    thread::who_joins_and_pays_gets_a_mentor,
    reviews::a_review_goes_through_its_rounds,
    reviews::the_mentor_goes_before_others_and_others_when_the_mentor_is_away,
    reviews::a_blocked_pair_does_not_meet_in_a_review,
    reviews::open_reviews_end_with_the_mentorship_and_can_be_returned_all_the_same,
    reviews::the_queue_is_in_order_and_can_be_searched,
    reviews::a_waiting_time_is_told_once_five_were_returned,
    reviews::a_review_is_shown_to_those_whom_it_concerns,
    reviews::malformed_work_is_told_whole,
    review_races::the_fifth_lock_is_refused_however_many_ask_at_once,
    review_races::a_lock_that_expires_by_itself_lets_another_claim,
    review_races::a_lock_expires_also_when_the_service_was_down,
    review_races::a_lock_is_extended_and_given_back,
    review_races::two_claims_at_once_give_one_lock,
    review_races::a_claim_that_breaks_off_is_finished,
    review_races::a_return_that_meets_a_withdrawal_is_kept,
    review_races::a_withdrawal_that_meets_a_return_keeps_it,
    review_races::a_late_return_is_kept_beside_the_one_that_counts,
}
