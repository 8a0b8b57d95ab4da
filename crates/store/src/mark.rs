//! Marks: which commit of each stream was seen last, so that a stream that came back without its end is noticed.
//!
//! A lost stream comes back from its owner's journal, which may know less of it than others had seen. What is written
//! then takes the positions of what is gone, so a position alone does not say whether a view or a policy goes on.

use crate::{Store, StoreError, Value, journal, member::Member, rebuild, store::Tx};
use std::sync::Arc;
use studium_log::{Log, Stored};

/// Who folds views.
pub(crate) const VIEWS: &str = "views";

pub(crate) fn ddl() -> Vec<String> {
    vec![
        "CREATE TABLE IF NOT EXISTS stream_mark (follower TEXT NOT NULL, stream TEXT NOT NULL, position BIGINT NOT NULL, \
         commit_id TEXT NOT NULL, PRIMARY KEY (follower, stream))"
            .to_owned(),
    ]
}

const UPSERT: &str = "INSERT INTO stream_mark (follower, stream, position, commit_id) VALUES ($1, $2, $3, $4) \
                      ON CONFLICT (follower, stream) DO UPDATE SET position = excluded.position, \
                      commit_id = excluded.commit_id WHERE stream_mark.position < excluded.position";

fn args(follower: &str, stored: &Stored) -> [Value; 4] {
    [follower.into(), stored.stream().into(), stored.position.into(), stored.commit.id.as_str().into()]
}

/// The commit is the last that was seen, if the transaction stands.
pub(crate) async fn set(tx: &mut Tx, follower: &str, last: &Stored) -> Result<(), StoreError> {
    tx.execute(UPSERT, &args(follower, last)).await.map(drop)
}

impl Store {
    /// Remembers the last commit of its stream that a follower beside the views has seen. To be called before it
    /// remembers how far it is.
    pub async fn mark(&self, follower: &str, last: &Stored) -> Result<(), StoreError> {
        self.execute(UPSERT, &args(follower, last)).await.map(drop)
    }
}

/// Looks whether every stream still holds what was seen of it. Where one does not, what follows from it begins again:
/// views of another's stream are dropped, to be made anew from its beginning; those of the service's own are in step
/// with the journal, from which the stream came back. `forget` are statements that take back what others remember of
/// the stream `$1` after the position `$2`.
///
/// # Errors
/// When a stream is empty of which something was seen: nothing was restored yet.
pub(crate) async fn hold_to(
    log: &Log,
    store: &Store,
    service: &str,
    members: &[Arc<Member>],
    forget: &[&'static str],
) -> Result<(), StoreError> {
    let marks: Vec<(String, u64, String)> =
        store.query("SELECT stream, position, commit_id FROM stream_mark ORDER BY stream", &[]).await?;
    for (stream, position, commit_id) in marks {
        // Three nodes that have just started may not know yet who leads a stream.
        let head = log.first_head(&stream).await?;
        let there = if position <= head { log.read_stored(&stream, position).await? } else { None };
        if there.is_some_and(|it| it.commit.id == commit_id) {
            continue;
        }
        if head == 0 {
            return Err(StoreError::Setup(format!(
                "the stream `{stream}` is empty, but `{service}` has seen {position} commits of it: it was lost; \
                 run `studium log restore {stream}` before `{service}` starts"
            )));
        }
        tracing::warn!(stream, position, "the stream came back without what was seen of it; what follows begins again");
        let is_own = stream == service;
        let after = if is_own { store.journal().position() } else { 0 };
        let mut tx = store.begin().await?;
        for sql in forget {
            tx.execute(sql, &[stream.as_str().into(), after.into()]).await?;
        }
        for member in members.iter().filter(|it| !is_own && it.name != journal::NAME && it.listens_to(&stream)) {
            rebuild::drop_in(&mut tx, store.dialect(), &member.name).await?;
        }
        tx.execute("DELETE FROM stream_mark WHERE stream = $1", &[stream.as_str().into()]).await?;
        tx.commit().await?;
    }
    Ok(())
}
