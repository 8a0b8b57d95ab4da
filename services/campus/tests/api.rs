//! The campus service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/campuses.rs"]
mod campuses;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/invites.rs"]
mod invites;
#[path = "api/roster.rs"]
mod roster;

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
    roster::a_roster_comes_in_once,
    roster::a_roster_that_drops_many_waits,
    roster::a_rejected_roster_leaves_everything,
    roster::bad_files_drop_nobody,
    roster::an_older_roster_does_not_undo_a_later_one,
    roster::changes_alone_are_a_delivery,
    roster::staff_delivers_for_its_own_campus,
    roster::a_roster_is_applied_to_its_end_after_a_restart,
    invites::a_key_makes_members_until_it_ends,
    invites::many_at_once_use_a_key_no_more_often_than_may_be,
    invites::an_address_of_the_campus_admits,
}
