//! What the views show, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "views/desk.rs"]
mod desk;
#[path = "views/pages.rs"]
mod pages;
#[path = "views/search.rs"]
mod search;
#[path = "views/selections.rs"]
mod selections;

/// Makes each sentence a test on either database.
macro_rules! shows {
    ($($module:ident :: $name:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("catalogue.db").display());
                crate::$module::$name(crate::desk::Desk::open(&url).await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(server) = studium_testkit::postgres() else { return };
                let database = server.database().await.unwrap();
                crate::$module::$name(crate::desk::Desk::open(&database.url).await).await;
                database.drop().await.unwrap();
            })*
        }
    };
}

shows! {
    search::courses_are_found_by_their_words,
    search::what_a_user_types_is_never_syntax,
    search::every_part_of_a_filter_narrows,
    search::pages_show_every_course_once,
    search::facets_count_what_else_could_be_chosen,
    search::suggestions_complete_what_is_typed,
    search::only_what_is_offered_is_found,
    search::search_survives_a_rebuild,
    search::the_catalogue_can_be_asked_as_it_was,
    pages::a_published_version_never_changes,
    pages::a_draft_shows_its_way_to_publication,
    pages::a_course_can_be_asked_as_it_was,
    pages::runs_show_what_holds_now,
    pages::programmes_are_found_while_they_are_offered,
    pages::institutions_show_domains_and_capacities,
    pages::compositions_keep_their_versions,
    pages::the_feed_names_what_happened_in_order,
    selections::contents_follow_the_revisions,
    selections::two_positions_differ_by_what_came_and_went,
    selections::a_filter_matches_offered_courses_only,
}
