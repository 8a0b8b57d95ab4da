//! Databases on a PostgreSQL server: each service has one of its own, made when it is not there.

use crate::{StoreError, Value, connection::Args, connection::Connection, store::postgres};
use std::sync::Arc;

/// The database every server has, from which others are made.
const ALWAYS_THERE: &str = "postgres";

/// Makes the database `name` on a PostgreSQL server unless it is there, and returns its address.
/// `server` is `postgres://user:password@host:5432`; a database in it is passed over, parameters are kept.
///
/// # Errors
/// One sentence that says what to do: no such address, nobody answers, the user may not.
pub async fn create_database(server: &str, name: &str) -> Result<String, StoreError> {
    let malformed =
        || StoreError::Setup("write the PostgreSQL server as postgres://user:password@host:5432".to_owned());
    if name.is_empty() || !name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_') {
        return Err(StoreError::Setup(format!("`{name}` is no name for a database; use a-z, 0-9 and _")));
    }
    let (scheme, rest) = server.split_once("://").ok_or_else(malformed)?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(malformed());
    }
    let (rest, parameters) = rest.split_once('?').map_or((rest, String::new()), |(rest, it)| (rest, format!("?{it}")));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    // A password may hold a slash, so the path is looked for behind it.
    let server = &rest[..rest.len() - host.find('/').map_or(0, |it| host.len() - it)];
    let address = |database: &str| format!("{scheme}://{server}/{database}{parameters}");
    let unreachable = |e| {
        StoreError::Setup(format!("the PostgreSQL server cannot be used ({e}); check its address and that it runs"))
    };
    let mut connection = Connection::open(&postgres(&address(ALWAYS_THERE))?).await.map_err(unreachable)?;
    let sql = Arc::from("SELECT 1 FROM pg_database WHERE datname = $1");
    let found = connection.fetch(sql, Args::List(&[Value::from(name)])).await.map_err(unreachable)?;
    if found.is_empty()
        && let Err(e) = connection.run(&format!("CREATE DATABASE {name}")).await
        // Somebody else may have made it in this moment; then it opens.
        && Connection::open(&postgres(&address(name))?).await.is_err()
    {
        return Err(StoreError::Setup(format!(
            "the database `{name}` cannot be made ({e}); make it by hand or name a user who may"
        )));
    }
    Ok(address(name))
}
