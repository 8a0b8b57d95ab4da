//! The mentorship service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/answer_clock.rs"]
mod answer_clock;
#[path = "api/calendars.rs"]
mod calendars;
#[path = "api/called_off.rs"]
mod called_off;
#[path = "api/cohorts.rs"]
mod cohorts;
#[path = "api/conversations.rs"]
mod conversations;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/mentorships.rs"]
mod mentorships;
#[path = "api/offers.rs"]
mod offers;
#[path = "api/outcomes.rs"]
mod outcomes;
#[path = "api/races.rs"]
mod races;
#[path = "api/records.rs"]
mod records;
#[path = "api/review_desk.rs"]
mod review_desk;
#[path = "api/review_races.rs"]
mod review_races;
#[path = "api/reviews.rs"]
mod reviews;
#[path = "api/sessions.rs"]
mod sessions;
#[path = "api/signals.rs"]
mod signals;
#[path = "api/talk.rs"]
mod talk;
#[path = "api/thread.rs"]
mod thread;

studium_testkit::happens! {
    outcomes::graduation_is_told_with_and_without_a_mentor_and_stays_as_it_was,
    outcomes::runs_count_as_programmes_do_and_a_course_brings_its_runs_together,
    outcomes::who_still_waits_is_counted_and_anybody_may_ask,
    outcomes::satisfaction_counts_the_last_word_of_each,
    outcomes::a_month_is_billed_by_days_and_the_price_once,
    outcomes::staff_sees_its_own_institution_and_learners_see_no_outcomes,
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
    thread::all_that_waits_for_a_mentor_is_on_the_desk,
    mentorships::who_declines_is_followed_by_the_next_and_who_finds_nobody_waits,
    mentorships::a_proposal_lapses_by_itself_and_goes_to_the_next,
    mentorships::a_hand_over_has_no_gap_and_can_be_taken_back,
    mentorships::an_overdue_hand_over_assigns_the_best_without_being_asked,
    mentorships::a_blocked_pair_never_meets_again,
    mentorships::a_programme_that_rests_or_ends_takes_its_mentorship_along,
    mentorships::a_paused_mentor_is_not_proposed,
    mentorships::an_import_says_itself_who_the_mentor_was,
    mentorships::what_the_learner_says_moves_the_match,
    mentorships::terms_are_the_programmes_else_the_platforms_else_what_is_promised,
    mentorships::everybody_sees_and_does_what_is_his,
    offers::skills_are_compared_whatever_they_are_called,
    offers::without_mentors_nobody_is_compared,
    offers::who_waits_behind_many_for_whom_a_mentor_is_not_gets_the_place,
    offers::who_comes_back_is_proposed_to_who_waits,
    offers::a_free_place_is_offered_to_one_whatever_institutions_wait,
    offers::places_that_come_free_together_are_offered_to_as_many_as_wait,
    cohorts::a_cohort_is_matched_together_and_assigned_without_being_asked,
    cohorts::staff_matches_its_own_programmes,
    races::of_two_mentors_at_once_one_is_the_learners,
    races::a_place_for_who_leaves_meanwhile_goes_to_the_next,
    races::a_mentor_leaves_while_the_learner_is_being_proposed,
    races::a_mentor_who_leaves_as_he_accepts_stays_until_the_successor_is_there,
    races::capacity_is_not_lowered_below_a_load_that_just_rose,
    reviews::a_review_goes_through_its_rounds,
    reviews::the_mentor_goes_before_others_and_others_when_the_mentor_is_away,
    reviews::a_blocked_pair_does_not_meet_in_a_review,
    reviews::open_reviews_end_with_the_mentorship_and_can_be_returned_all_the_same,
    reviews::the_queue_is_in_order_and_can_be_searched,
    reviews::a_waiting_time_is_told_once_five_were_returned,
    reviews::a_review_is_shown_to_those_whom_it_concerns,
    reviews::malformed_work_is_told_whole,
    review_races::the_fifth_lock_is_refused_however_many_ask_at_once,
    review_races::a_lock_that_expires_by_itself_lets_another_claim,
    review_races::a_lock_expires_also_when_the_service_was_down,
    review_races::a_lock_is_extended_and_given_back,
    review_races::two_claims_at_once_give_one_lock,
    review_races::a_claim_that_breaks_off_is_finished,
    review_races::a_return_that_meets_a_withdrawal_is_kept,
    review_races::a_withdrawal_that_meets_a_return_keeps_it,
    review_races::a_late_return_is_kept_beside_the_one_that_counts,
    conversations::a_learner_asks_and_the_mentor_answers,
    conversations::a_conversation_is_seen_by_those_whom_it_concerns,
    conversations::two_answers_at_once_are_both_kept,
    conversations::a_question_leaves_a_mentor_who_pauses,
    conversations::a_question_that_crosses_the_pause_goes_to_a_stand_in_too,
    conversations::the_next_mentor_takes_over_what_is_open,
    conversations::who_waits_for_a_mentor_asks_staff,
    conversations::the_end_closes_and_the_answer_still_counts,
    answer_clock::a_reminder_and_an_escalation_fire_once_whoever_runs,
    answer_clock::an_escalated_question_is_open_to_stand_ins,
    answer_clock::the_clock_stands_still_while_the_learner_rests,
    answer_clock::nothing_fires_while_the_learner_rests_even_after_a_standstill,
    answer_clock::a_silent_learner_times_out_and_may_ask_again,
    answer_clock::answer_times_count_who_waits_and_can_be_had_as_of_a_time,
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
