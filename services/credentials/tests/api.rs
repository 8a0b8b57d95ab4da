//! The credentials service as its callers meet it: real gRPC and HTTP, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/credits.rs"]
mod credits;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/recognitions.rs"]
mod recognitions;
#[path = "api/stacks.rs"]
mod stacks;
#[path = "api/status.rs"]
mod status;
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
    thread::who_completes_gets_a_credential_that_a_stranger_verifies,
    thread::an_approval_reaches_those_who_completed_before,
    thread::what_is_withheld_is_issued_once_the_issuer_has_a_key,
    status::a_revocation_is_in_the_list_and_stays,
    status::a_new_award_takes_the_place_of_the_old_one,
    status::a_rebuilt_view_signs_the_same_bytes,
    credits::a_credential_earns_and_its_revocation_takes_back_exactly_that,
    credits::a_new_award_earns_anew_and_the_old_one_gives_its_credits_back,
    credits::korean_credits_need_attendance_and_are_audited,
    stacks::credentials_that_add_up_become_one_that_a_stranger_verifies,
    stacks::an_award_that_lost_a_component_waits_for_staff,
    stacks::who_withdraws_may_apply_again,
    recognitions::a_refusal_is_appealed_and_another_officer_lets_the_credits_count,
    recognitions::what_is_not_decided_in_time_is_told,
    recognitions::a_credential_of_another_platform_is_taken_in_only_if_it_verifies,
}
