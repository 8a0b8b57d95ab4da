//! Whose commits are where: for each key, the commits in which something is sealed with it, of all streams followed here.

use crate::{
    ColumnKind, ColumnShape, Dialect, Store, StoreError, Value,
    changes::Folded,
    journal::Rows,
    member::{Fold, Member, Touched},
    table::{Table, Write},
};
use std::{collections::BTreeSet, sync::Arc};
use studium_log::{Stored, key_name};

/// Name of the table and of the checkpoint.
pub(crate) const NAME: &str = "sealed_1";

const COLUMNS: &[ColumnShape] =
    &[column("key_name", ColumnKind::Text), column("stream", ColumnKind::Text), column("position", ColumnKind::Int)];

const fn column(name: &'static str, kind: ColumnKind) -> ColumnShape {
    ColumnShape { name, kind, nullable: false }
}

/// Feeds the table. It knows holders by the names of their keys alone, so it need not forget anybody.
pub(crate) struct HoldersFold {
    streams: BTreeSet<String>,
}

impl HoldersFold {
    /// For all streams that any of the members follows.
    pub(crate) fn of(members: &[Arc<Member>]) -> Self {
        Self { streams: members.iter().flat_map(|it| it.fold.streams()).map(str::to_owned).collect() }
    }
}

impl Fold for HoldersFold {
    fn name(&self) -> &str {
        NAME
    }

    fn streams(&self) -> Vec<&str> {
        self.streams.iter().map(String::as_str).collect()
    }

    fn table(&self, name: &str, dialect: Dialect) -> Table {
        Table::new(name, COLUMNS, COLUMNS.len(), Write::Upsert, dialect)
    }

    fn ddl(&self, _: Dialect) -> Vec<String> {
        Vec::new()
    }

    fn fold(&self, stream: &str, commits: &[Stored]) -> Result<Box<dyn Folded>, String> {
        let places =
            commits.iter().flat_map(|it| it.commit.sealed.iter().map(|of| (key_name(&of.holder), it.position)));
        let places: BTreeSet<_> = places.collect();
        let rows = places.into_iter().flat_map(|(name, position)| [Value::Text(name), stream.into(), position.into()]);
        Ok(Box::new(Rows(rows.collect())))
    }

    fn anew(&self, _: &[(String, Vec<Stored>)]) -> Result<Touched, String> {
        Ok(Touched::Nothing)
    }
}

/// The commits in which something is sealed with a key: stream and position.
pub(crate) async fn commits(store: &Store, key_name: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "SELECT stream, position FROM sealed_1 WHERE key_name = $1 ORDER BY stream, position";
    store.query(sql, &[key_name.into()]).await
}

impl Store {
    /// How far the index of holders has seen a stream.
    pub fn holders_known_to(&self, stream: &str) -> u64 {
        self.position_of(NAME, stream)
    }

    /// Whether something is sealed with a key, in any stream that is followed here.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn has_sealed(&self, key_name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT position FROM sealed_1 WHERE key_name = $1 LIMIT 1";
        let found: Vec<(u64,)> = self.query(sql, &[key_name.into()]).await?;
        Ok(!found.is_empty())
    }

    /// The service's own commits in which something is sealed with the key of a holder, opened as far as that goes.
    pub async fn held(&self, holder: &str, stream: &str) -> Result<Vec<Stored>, StoreError> {
        let commits = commits(self, &key_name(holder)).await?;
        let own: Vec<_> = commits.into_iter().filter(|it| it.0 == stream).map(|it| it.1).collect();
        self.journal().at(&own).await
    }
}
