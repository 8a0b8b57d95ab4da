//! Enrolment as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/bulk.rs"]
mod bulk;
#[path = "api/copy.rs"]
mod copy;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/enrolling.rs"]
mod enrolling;
#[path = "api/erased.rs"]
mod erased;
#[path = "api/examples.rs"]
mod examples;
#[path = "api/feeds.rs"]
mod feeds;
#[path = "api/keys.rs"]
mod keys;
#[path = "api/learners.rs"]
mod learners;
#[path = "api/lost_store.rs"]
mod lost_store;
#[path = "api/partners.rs"]
mod partners;
#[path = "api/past.rs"]
mod past;
#[path = "api/programmes.rs"]
mod programmes;
#[path = "api/results.rs"]
mod results;
#[path = "api/scripts.rs"]
mod scripts;
#[path = "api/seats.rs"]
mod seats;
#[path = "api/term.rs"]
mod term;

studium_testkit::happens! {
    enrolling::unlimited_and_free_is_active_at_once,
    enrolling::a_run_that_is_just_scheduled_can_be_waited_for,
    enrolling::refusals_carry_their_reason,
    enrolling::malformed_fields_are_told_at_once,
    enrolling::learners_and_staff_act_only_for_their_own,
    enrolling::news_from_the_catalogue_reaches_the_next_enrolment,
    enrolling::invitations_are_answered,
    enrolling::self_payers_pay_the_published_price,
    enrolling::a_repeated_request_gets_the_first_answer,
    enrolling::a_deferral_arrives_in_the_other_run,
    enrolling::a_cancelled_run_ends_its_enrolments,
    enrolling::restricted_runs_look_at_the_learner,
    seats::the_line_moves_by_itself,
    seats::a_full_run_without_a_line_says_so,
    seats::capacity_holds_under_concurrency,
    seats::more_seats_promote_who_waits,
    seats::an_unpaid_seat_lapses,
    bulk::every_row_gets_an_answer,
    bulk::staff_is_confined_to_its_institutions,
    bulk::a_call_takes_ten_thousand_rows,
    results::a_course_is_learnt_assessed_and_concluded,
    results::late_results_need_a_registrar,
    results::statistics_count_states_and_outcomes,
    results::signals_name_who_needs_somebody,
    past::a_roster_can_be_asked_as_it_was,
    past::statistics_can_be_asked_as_they_were,
    learners::external_ids_belong_to_one_learner,
    learners::a_refused_registration_gives_its_claims_back,
    learners::merged_learners_have_one_record,
    learners::an_alias_enrols_the_person_who_stays,
    learners::acts_reach_the_enrolment_of_a_merged_person,
    learners::an_alias_joins_programmes_as_the_person_who_stays,
    learners::a_merged_person_takes_back_what_was_let_under_any_id,
    learners::a_merge_is_known_to_other_processes_and_after_a_restart,
    learners::erased_learners_have_no_name,
    learners::consent_is_given_and_taken_back,
    partners::providers_see_what_consent_covers,
    partners::institutions_see_their_members,
    feeds::a_feed_tells_everything_in_order,
    feeds::consent_decides_what_is_told,
    feeds::who_becomes_a_member_is_revealed,
    feeds::a_feed_made_anew_is_the_same,
    feeds::differences_name_just_what_differs,
    feeds::a_day_ends_with_a_digest,
    feeds::partners_read_only_their_own,
    erased::no_event_says_who_somebody_is,
    erased::partners_look_up_only_what_concerns_them,
    erased::a_feed_made_anew_after_an_erasure_stands_as_it_stood,
    keys::a_key_opens_what_it_is_for,
    keys::a_key_ends,
    keys::keys_are_given_by_whom_they_concern,
    keys::a_secret_is_told_once,
    examples::the_examples_for_partners_are_what_the_service_tells,
    scripts::the_scripts_for_partners_find_every_fault,
    programmes::courses_count_and_the_learner_graduates,
    programmes::earlier_courses_count_when_joining,
    programmes::graduates_are_counted,
}
