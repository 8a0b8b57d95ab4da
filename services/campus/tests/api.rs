//! The campus service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "api/campuses.rs"]
mod campuses;
#[path = "api/classes.rs"]
mod classes;
#[path = "api/dashboards.rs"]
mod dashboards;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/school.rs"]
mod school;

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
}
