//! The credentials service as its callers meet it: real gRPC and HTTP, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/awards.rs"]
mod awards;
#[path = "api/conformance.rs"]
mod conformance;
#[path = "api/credits.rs"]
mod credits;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/drafts.rs"]
mod drafts;
#[path = "api/people.rs"]
mod people;
#[path = "api/recognitions.rs"]
mod recognitions;
#[path = "api/sharing.rs"]
mod sharing;
#[path = "api/stacks.rs"]
mod stacks;
#[path = "api/status.rs"]
mod status;
#[path = "api/thread.rs"]
mod thread;

studium_testkit::happens! {
    awards::an_award_is_looked_at_and_nothing_is_issued,
    awards::all_that_stands_against_an_award_is_told_in_order,
    awards::one_bad_row_stops_nobody,
    awards::a_batch_is_bounded_and_for_ones_own_institution,
    drafts::what_a_version_said_is_drafted_whatever_the_catalogue_says_later,
    drafts::a_credential_says_what_the_version_said,
    drafts::only_what_the_catalogue_published_is_drafted_and_defined,
    drafts::a_stack_is_described_by_whose_it_is,
    drafts::what_a_definition_points_to_can_be_followed,
    drafts::a_programme_is_drafted_with_what_its_courses_said_then,
    drafts::a_definition_is_checked_before_it_is_stored,
    thread::who_completes_gets_a_credential_that_a_stranger_verifies,
    thread::an_approval_reaches_those_who_completed_before,
    thread::what_is_withheld_is_issued_once_the_issuer_has_a_key,
    thread::what_is_withheld_is_issued_once_the_learner_is_known_and_the_institution_may,
    thread::what_is_withheld_too_late_for_everybody_else_is_issued,
    thread::a_microcredential_of_courses_asks_who_sat_in_each,
    status::a_revocation_is_in_the_list_and_stays,
    status::a_new_award_takes_the_place_of_the_old_one,
    status::nobody_awards_anew_what_another_institution_issued,
    status::attempts_follow_each_other,
    status::nothing_is_issued_for_what_nobody_defined,
    status::a_rebuilt_view_signs_the_same_bytes,
    credits::a_credential_earns_and_its_revocation_takes_back_exactly_that,
    credits::a_new_award_earns_anew_and_the_old_one_gives_its_credits_back,
    credits::korean_credits_need_attendance_and_are_audited,
    stacks::credentials_that_add_up_become_one_that_a_stranger_verifies,
    stacks::an_award_that_lost_a_component_waits_for_staff,
    stacks::who_withdraws_may_apply_again,
    stacks::what_is_suspended_or_another_learners_does_not_add_up,
    recognitions::a_refusal_is_appealed_and_another_officer_lets_the_credits_count,
    recognitions::what_is_not_decided_in_time_is_told,
    recognitions::a_credential_of_another_platform_is_taken_in_only_if_it_verifies,
    recognitions::what_was_handed_in_a_moment_ago_counts_for_the_programme,
    recognitions::a_credential_of_another_platform_is_the_same_however_it_is_written,
    people::a_browser_gets_a_page_that_spells_the_checks_out,
    people::the_page_tells_what_happened_to_a_credential,
    people::the_page_leads_to_what_replaces_a_credential,
    people::a_credential_is_printed_always_the_same,
    people::the_page_of_an_issuer_tells_its_keys,
    people::issuers_are_listed_with_what_the_catalogue_says_of_each,
    sharing::a_link_shows_a_credential_with_the_name_that_the_learner_gives,
    sharing::a_link_that_is_withdrawn_over_or_made_up_shows_the_same_nothing,
    sharing::a_learner_shares_only_what_is_theirs_and_not_for_ever,
    sharing::a_transcript_sums_up_what_is_valid,
    sharing::a_transcript_names_each_achievement,
    sharing::a_stranger_checks_a_record_and_each_credential_in_it,
    conformance::it_is_closed_unless_somebody_opens_it,
    conformance::it_signs_with_a_key_of_its_own_and_checks,
    conformance::it_checks_what_the_service_itself_issued,
}
