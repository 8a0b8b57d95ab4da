//! The campus service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/campuses.rs"]
mod campuses;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/plans.rs"]
mod plans;
#[path = "api/seats.rs"]
mod seats;
#[path = "api/uses.rs"]
mod uses;

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
    campuses::an_authorised_institution_becomes_a_campus,
    campuses::members_are_added_changed_and_removed,
    plans::a_plan_is_provisioned_with_sensible_defaults,
    plans::a_ledger_can_be_asked_as_it_was,
    plans::a_plan_that_ends_expires_or_goes_on_by_itself,
    plans::staff_sees_and_acts_for_its_own_campus,
    seats::every_row_of_a_bulk_assignment_has_its_answer,
    seats::one_commit_holds_many_seats,
    seats::two_replicas_never_give_one_seat_twice,
    seats::reminders_go_to_those_who_have_not_activated,
    seats::seats_move_to_another_plan_after_a_dry_run,
    seats::an_idle_seat_is_warned_and_reclaimed_by_itself,
    seats::who_leaves_the_campus_leaves_the_seat,
    uses::enrolment_takes_the_learner_in,
    uses::a_refusal_releases_the_seat,
    uses::a_use_ends_with_the_enrolment,
    uses::what_is_not_answered_is_listed,
    uses::why_not_says_what_enrolment_by_seat_would_say,
}
