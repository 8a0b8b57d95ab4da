//! The mentorship service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/desk.rs"]
mod desk;
#[path = "api/outcomes.rs"]
mod outcomes;
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
    outcomes::graduation_is_told_with_and_without_a_mentor_and_stays_as_it_was,
    outcomes::runs_count_as_programmes_do_and_a_course_brings_its_runs_together,
    outcomes::who_still_waits_is_counted_and_anybody_may_ask,
    outcomes::satisfaction_counts_the_last_word_of_each,
    outcomes::a_month_is_billed_by_days_and_the_price_once,
    outcomes::staff_sees_its_own_institution_and_learners_see_no_outcomes,
    thread::who_joins_and_pays_gets_a_mentor,
}
