//! The campus service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/agreements.rs"]
mod agreements;
#[path = "api/campuses.rs"]
mod campuses;
#[path = "api/classes.rs"]
mod classes;
#[path = "api/dashboards.rs"]
mod dashboards;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/invites.rs"]
mod invites;
#[path = "api/lms.rs"]
mod lms;
#[path = "api/plans.rs"]
mod plans;
#[path = "api/provision.rs"]
mod provision;
#[path = "api/reports.rs"]
mod reports;
#[path = "api/roster.rs"]
mod roster;
#[path = "api/school.rs"]
mod school;
#[path = "api/seats.rs"]
mod seats;
#[path = "api/statements.rs"]
mod statements;
#[path = "api/uses.rs"]
mod uses;

studium_testkit::happens! {
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
    seats::new_members_get_a_seat_of_the_plan_that_says_so,
    seats::a_trial_brings_its_agreement_and_its_plan,
    provision::one_call_sets_a_campus_up_with_its_plan,
    uses::enrolment_takes_the_learner_in,
    uses::a_refusal_releases_the_seat,
    uses::a_use_ends_with_the_enrolment,
    uses::what_is_not_answered_is_listed,
    uses::why_not_says_what_enrolment_by_seat_would_say,
    campuses::people_domains_and_a_trial_belong_to_a_campus,
    agreements::an_agreement_is_signed_has_a_plan_for_new_members_and_ends,
    agreements::staff_sees_the_agreements_of_its_own_campus,
    provision::one_call_sets_a_campus_up_and_the_same_again_writes_nothing,
    provision::a_dry_run_says_what_would_be_done_and_writes_nothing,
    provision::what_was_left_half_done_is_mended_by_calling_again,
    statements::a_preview_has_the_same_answer_for_ever,
    statements::a_month_is_issued_corrected_in_the_next_and_can_be_computed_again,
    statements::a_statement_is_credited_up_to_what_was_billed,
    statements::staff_sees_the_statements_of_its_own_campus,
    reports::seats_are_reported_by_course_department_and_month,
    lms::a_platform_is_registered_and_its_keys_rotate,
    lms::what_is_no_public_key_or_has_no_tls_is_refused,
    classes::a_class_takes_in_members_with_a_seat_or_a_place,
    classes::a_class_is_opened_on_a_published_composition_of_its_campus,
    classes::a_class_is_its_campuss_own,
    classes::learners_mark_their_own_work,
    classes::a_class_ends_with_credit_for_each,
    dashboards::progress_is_told_learner_by_learner,
    dashboards::knowledge_is_told_module_by_module,
    dashboards::skills_are_developed_by_what_is_done_and_passed,
    dashboards::learners_at_risk_are_named_with_the_evidence,
    dashboards::blended_and_online_learners_stand_side_by_side,
    dashboards::a_dashboard_is_its_campuss_own,
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
