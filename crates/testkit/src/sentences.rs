//! Sentences about a service that are tested on either database.

/// Makes each sentence, an async function of a module of the calling crate, a test on SQLite, and on PostgreSQL where
/// there is one. The crate has a `desk::Desk` that opens with the server to use, or none.
#[expect(clippy::crate_in_macro_def, reason = "the sentences and the desk are the calling crate's")]
#[macro_export]
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
                let Some(server) = $crate::postgres() else { return };
                crate::$module::$name(crate::desk::Desk::open(Some(server)).await).await;
            })*
        }
    };
}
