//! The credentials service as its callers meet it: real gRPC and HTTP, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/conformance.rs"]
mod conformance;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/people.rs"]
mod people;
#[path = "api/sharing.rs"]
mod sharing;
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
    people::a_browser_gets_a_page_that_spells_the_checks_out,
    people::the_page_tells_what_happened_to_a_credential,
    people::the_page_leads_to_what_replaces_a_credential,
    people::a_credential_is_printed_always_the_same,
    people::the_page_of_an_issuer_tells_its_keys,
    sharing::a_link_shows_a_credential_with_the_name_that_the_learner_gives,
    sharing::a_link_that_is_withdrawn_over_or_made_up_shows_the_same_nothing,
    sharing::a_learner_shares_only_what_is_theirs_and_not_for_ever,
    sharing::a_transcript_sums_up_what_is_valid,
    sharing::a_stranger_checks_a_record_and_each_credential_in_it,
    conformance::it_is_closed_unless_somebody_opens_it,
    conformance::it_signs_with_a_key_of_its_own_and_checks,
    conformance::it_checks_what_the_service_itself_issued,
}
