//! The mentorship service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/calendars.rs"]
mod calendars;
#[path = "api/called_off.rs"]
mod called_off;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/sessions.rs"]
mod sessions;
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
    sessions::a_session_is_booked_held_and_followed_up,
    sessions::who_does_not_come_is_noted,
    sessions::nobody_is_booked_twice_on_either_side,
    sessions::a_time_outside_the_availability_is_refused,
    sessions::the_old_time_is_kept_until_the_new_one_is_there,
    sessions::two_sessions_never_get_one_slot,
    called_off::either_cancels_and_the_time_is_free,
    called_off::another_mentor_has_no_sessions_of_the_first,
    called_off::who_rests_or_leaves_has_no_sessions,
    called_off::a_mentor_who_pauses_meets_nobody_until_then,
    called_off::who_never_meet_again_have_no_sessions,
    called_off::a_request_that_races_with_a_block_is_refused_by_the_calendar,
    called_off::a_request_that_races_with_the_end_is_called_off,
    calendars::free_slots_follow_the_clock_on_the_wall,
    calendars::a_day_can_be_made_different_and_usual_again,
    calendars::what_changes_while_the_time_is_being_held_counts,
    calendars::other_calendars_are_told,
    calendars::calendars_and_sessions_are_for_those_whom_they_concern,
}
