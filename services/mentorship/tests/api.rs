//! The mentorship service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/desk.rs"]
mod desk;
#[path = "api/records.rs"]
mod records;
#[path = "api/signals.rs"]
mod signals;
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
    signals::silence_is_told_at_each_threshold_once_and_ends_with_activity,
    signals::a_failed_assessment_is_told_until_a_later_attempt_passes,
    signals::what_is_not_handed_in_is_told_until_it_is,
    signals::what_was_before_the_mentor_or_long_ago_is_not_told,
    signals::nothing_is_told_while_the_learner_rests_or_after_the_end,
    signals::who_leaves_a_run_is_at_no_risk_there,
    signals::what_the_catalogue_changes_is_followed,
    signals::every_mentor_of_a_learner_hears_of_a_course_of_the_programme,
    signals::nothing_is_told_twice_after_a_restart,
    records::the_desk_shows_what_waits_and_how_mentees_come_on,
    records::signals_and_records_are_for_those_whom_they_concern,
    thread::who_joins_and_pays_gets_a_mentor,
}
