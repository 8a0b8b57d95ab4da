//! Whether every view equals the fold of the log: a second platform is made of nothing but the record and the keys, its
//! services fold and react from the beginning, and table by table it must come to the same. Should anything that follows
//! from an event be missing in the record, the second platform does it, and its log grows.

use super::{Finding, Record};
use crate::{
    drill::stage,
    operator_key,
    platform::Setup,
    progress::count,
    stores,
    supervise::{Processes, SERVICES, nats_alone},
};
use anyhow::{Context as _, Result};
use std::{collections::BTreeMap, fs, path::Path};
use studium_kit::{Dialect, Store, Value, hex};
use studium_log::{Durability, Log, LogConfig};

/// Files of a data directory without which services would not be the same.
const KEY_FILES: [&str; 4] = ["master-key", "operator-key", "partner-key", "development-issuer.pk8"];

/// Rows of every view, by service and table, as the database writes them.
pub type Tables = BTreeMap<String, Vec<String>>;

/// What came of folding anew.
#[derive(Debug, Clone)]
pub struct Fold {
    /// The tables of the second platform.
    pub tables: Tables,
    /// How many commits its services added to each stream.
    pub added: BTreeMap<String, Vec<String>>,
}

/// Makes a second platform in `setup`'s directory of the record of the one in `original`, with its keys, and waits
/// until it has nothing more to do.
///
/// # Errors
/// When it does not start or does not come to rest.
pub async fn fold_anew(record: &Record, keys: &[(String, Vec<u8>)], original: &Path, setup: &Setup) -> Result<Fold> {
    fs::create_dir_all(&setup.data)?;
    for name in KEY_FILES {
        let from = original.join(name);
        fs::copy(&from, setup.data.join(name)).with_context(|| format!("{} cannot be copied", from.display()))?;
    }
    let setup = Setup { durability: Some(Durability::Process), postgres: None, replicas: 1, ..setup.clone() };
    let setup = &Setup { places: vec![], ..setup };
    {
        let (mut nats, _lock) = nats_alone(setup).await?;
        let log = open_log(setup, nats.url(), nats.durability()).await?;
        for (name, wrapped) in keys {
            log.keys().put_back(name, wrapped).await?;
        }
        for (stream, commits) in &record.streams {
            log.open(stream).await?;
            log.restore(stream, commits).await?;
        }
        nats.stop().await;
    }
    let mut processes = Processes::start(setup).await?;
    let settled = stage::settle(&processes).await;
    processes.stop().await;
    drop(processes);
    settled?;
    let (mut nats, _lock) = nats_alone(setup).await?;
    let log = open_log(setup, nats.url(), nats.durability()).await?;
    let names = SERVICES.map(|it| it.name);
    let after = Record::read(&log, &names).await;
    nats.stop().await;
    let after = after?;
    let mut added = BTreeMap::new();
    for name in names {
        let new = after.of(name).iter().skip(record.of(name).len());
        let new: Vec<_> = new.map(|it| format!("{} by {}", it.commit.subject, it.commit.actor)).collect();
        added.insert(name.to_owned(), new);
    }
    Ok(Fold { tables: tables(setup).await?, added })
}

/// Connects with the keys of a data directory.
pub async fn open_log(setup: &Setup, url: String, durability: Durability) -> Result<Log> {
    let master_key = Some(operator_key::master_key(&setup.data)?);
    Ok(Log::connect(&LogConfig { url, durability, master_key }).await?)
}

/// Reads every view's rows. Nothing may run on the directory.
///
/// # Errors
/// When a store cannot be read.
pub async fn tables(setup: &Setup) -> Result<Tables> {
    let mut all = Tables::new();
    for entry in &SERVICES {
        let store = Store::open(&stores::url(setup, &setup.data, entry.name).await?).await?;
        let views: Vec<(String,)> = store.query("SELECT DISTINCT view FROM checkpoint", &[]).await?;
        for (view,) in views {
            let rows = rows(&store, &view).await.with_context(|| format!("{view} of {} cannot be read", entry.name))?;
            all.insert(format!("{}.{view}", entry.name), rows);
        }
    }
    Ok(all)
}

/// The rows of a table as texts, in order: the same in both databases.
async fn rows(store: &Store, table: &str) -> Result<Vec<String>> {
    // What a database derives from other columns for its own search is no part of the row.
    let columns = match store.dialect() {
        Dialect::Sqlite => "SELECT name FROM pragma_table_info($1) ORDER BY cid",
        Dialect::Postgres => {
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1 \
             AND table_schema = current_schema() AND data_type <> 'tsvector' ORDER BY ordinal_position"
        }
    };
    let columns: Vec<(String,)> = store.query(columns, &[table.into()]).await?;
    let columns: Vec<_> = columns.into_iter().map(|it| it.0).collect();
    let sql = format!("SELECT {} FROM {table}", columns.join(", "));
    let rows: Vec<Vec<Value>> = store.query(&sql, &[]).await?;
    let shown = |value: &Value| match value {
        Value::Bool(it) => format!("{:?}", Value::Int((*it).into())),
        Value::Bytes(it) => hex(it),
        other => format!("{other:?}"),
    };
    let mut rows: Vec<_> = rows.iter().map(|it| it.iter().map(shown).collect::<Vec<_>>().join(" ")).collect();
    rows.sort_unstable();
    Ok(rows)
}

/// Compares what serves with what the record comes to.
pub fn compare(serving: &Tables, fold: &Fold) -> [Finding; 2] {
    let mut views = Finding::of("every view equals the fold of the log");
    // What only the stores have is a table of another version, which serves nobody.
    for (name, anew) in &fold.tables {
        match serving.get(name) {
            None => views.check(false, || format!("{name}: the whole table is gone")),
            Some(rows) => compare_rows(name, rows, anew, &mut views),
        }
    }
    let mut effects =
        Finding::of("nothing that follows from an event is missing: a replay of all policies adds nothing");
    for (service, added) in &fold.added {
        effects.check(added.is_empty(), || {
            let first: Vec<_> = added.iter().take(3).cloned().collect();
            format!("{service}: a replay adds {} commits: {}", count(added.len() as u64), first.join(", "))
        });
    }
    [views, effects]
}

fn compare_rows(name: &str, serving: &[String], anew: &[String], found: &mut Finding) {
    found.checked += anew.len() as u64;
    let differ = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|it| other.binary_search(it).is_err()).cloned().collect()
    };
    let (wrong, missing) = (differ(serving, anew), differ(anew, serving));
    if !wrong.is_empty() || !missing.is_empty() || serving.len() != anew.len() {
        let shown =
            |rows: &[String]| rows.first().map(|it| it.chars().take(300).collect::<String>()).unwrap_or_default();
        found.breach(format!(
            "{name}: {} rows are not what the log says, {} are missing; for instance {} instead of {}",
            wrong.len(),
            missing.len(),
            shown(&wrong),
            shown(&missing)
        ));
    }
}
