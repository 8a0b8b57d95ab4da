//! The catalogue as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]
#![allow(clippy::too_many_lines, clippy::similar_names, reason = "a story reads best in one piece")]
#![allow(clippy::unused_self, reason = "the desk is where callers are found, whatever they need of it")]

#[path = "api/compositions.rs"]
mod compositions;
#[path = "api/courses.rs"]
mod courses;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/feed.rs"]
mod feed;
#[path = "api/import.rs"]
mod import;
#[path = "api/institutions.rs"]
mod institutions;
#[path = "api/programmes.rs"]
mod programmes;
#[path = "api/runs.rs"]
mod runs;
#[path = "api/selections.rs"]
mod selections;

studium_testkit::happens! {
    institutions::institutions_are_known_by_name_domain_and_capacity,
    institutions::one_domain_goes_to_one_of_many_who_claim_it_at_once,
    courses::a_course_goes_from_draft_to_version,
    courses::everybody_acts_for_their_own_institution_only,
    courses::malformed_fields_are_told_at_once,
    courses::modules_are_reused_as_their_owner_licenses,
    courses::versions_and_the_past_stay_as_they_were,
    courses::a_repeated_request_gets_the_first_answer,
    runs::a_run_is_planned_opened_and_over,
    runs::schemes_are_checked,
    programmes::a_programme_offers_what_is_offered,
    selections::large_revisions_wait_for_a_word,
    selections::contents_can_be_asked_as_they_were,
    compositions::a_campus_composes_of_what_is_published,
    compositions::a_campus_composes_of_what_it_licenses,
    import::a_listing_is_taken_in_once,
    import::every_row_gets_an_answer,
    import::rows_of_one_course_are_taken_in_order,
    import::thousands_of_rows_are_found_afterwards,
    feed::changes_come_in_order,
    feed::followers_are_told_what_comes,
}
