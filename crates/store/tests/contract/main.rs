//! What a store promises, checked on SQLite always and on PostgreSQL where there is one.
#![allow(
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    clippy::items_after_statements,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests"
)]

mod folding;
mod journal;
mod marks;
mod operations;
#[path = "../../../testkit/src/postgres.rs"]
#[allow(clippy::print_stderr, reason = "says once that PostgreSQL was skipped")]
mod postgres;
mod replicas;
mod shop;
mod values;

use studium_store::Store;

/// One empty database.
pub struct Database {
    pub url: String,
    folder: Option<tempfile::TempDir>,
    server: Option<postgres::TestDatabase>,
}

impl Database {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("deep/shop.db").display());
        Self { url, folder: Some(folder), server: None }
    }

    pub async fn postgres() -> Option<Self> {
        let server = postgres::postgres()?.database().await.unwrap();
        Some(Self { url: server.url.clone(), folder: None, server: Some(server) })
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    pub async fn close(self) {
        drop(self.folder);
        if let Some(it) = self.server {
            it.drop().await.unwrap();
        }
    }
}

/// Makes each promise a test on either database.
macro_rules! promises {
    ($($module:ident :: $name:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let database = crate::Database::sqlite();
                crate::$module::$name(&database).await;
                database.close().await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let Some(database) = crate::Database::postgres().await else { return };
                crate::$module::$name(&database).await;
                database.close().await;
            })*
        }
    };
}

promises! {
    values::every_kind_of_column_comes_back_as_it_went_in,
    values::one_sql_text_serves_both_databases,
    values::statements_of_a_transaction_stand_or_fall_together,
    folding::rows_are_made_changed_and_deleted,
    folding::a_runner_whose_checkpoint_was_moved_changes_nothing,
    folding::a_runner_whose_rows_were_changed_through_another_stream_changes_nothing,
    folding::a_fold_that_was_stopped_midway_goes_on_where_it_stopped,
    folding::commits_that_touch_no_row_are_seen_at_once_and_kept_together,
    folding::a_store_that_takes_nothing_is_in_trouble_until_it_does,
    folding::two_streams_may_change_the_same_rows,
    folding::a_late_view_catches_up_and_joins,
    folding::a_fold_that_panics_stops_its_view_alone,
    folding::a_row_that_the_table_refuses_stops_its_view_alone,
    folding::a_reader_waits_until_its_write_is_visible,
    folding::many_rows_go_through_every_size_of_statement,
    journal::it_finds_commits_by_aggregate_request_and_story,
    journal::a_request_that_is_in_the_stream_twice_stops_the_journal,
    journal::a_row_that_is_refused_among_many_stops_its_view_alone,
    journal::lookups_that_come_together_each_get_their_own,
    journal::a_time_in_the_past_can_be_asked_for,
    journal::verify_finds_nothing_in_an_honest_log,
    journal::verify_finds_changed_bytes,
    journal::verify_finds_a_missing_commit,
    journal::verify_finds_a_broken_chain,
    journal::a_lost_stream_is_noticed_and_restored,
    journal::restore_refuses_a_stream_that_is_something_else,
    journal::restore_refuses_a_journal_with_gaps,
    marks::a_stream_of_others_that_lost_its_end_is_folded_anew,
    marks::what_the_journal_had_is_seen_once_and_what_it_had_not_is_forgotten,
    operations::the_old_table_serves_until_the_new_one_takes_its_place,
    operations::a_rebuild_mends_a_broken_view,
    operations::a_rebuild_brings_a_lost_table_back_and_counts_nothing_twice,
    operations::indexes_and_search_survive_a_rebuild,
    operations::tables_of_earlier_versions_stay_until_they_are_dropped,
    operations::a_table_with_other_columns_is_refused,
    operations::a_store_belongs_to_one_service,
    operations::names_that_do_not_fit_are_refused,
}
