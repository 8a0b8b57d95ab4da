//! Databases on a PostgreSQL server: each service has one of its own, made when it is not there.

use crate::{StoreError, Value, address::postgres, connection::Args, connection::Connection};
use std::sync::Arc;

/// The database every server has, from which others are made.
const ALWAYS_THERE: &str = "postgres";

/// Makes the database `name` on a PostgreSQL server unless it is there, and returns its address.
/// `server` is `postgres://user:password@host:5432`; a database in it is passed over, parameters are kept.
///
/// # Errors
/// One sentence that says what to do: no such address, nobody answers, the user may not.
pub async fn create_database(server: &str, name: &str) -> Result<String, StoreError> {
    check_name(name)?;
    let address = on_server(server, name)?;
    let unreachable = |e| {
        StoreError::Setup(format!("the PostgreSQL server cannot be used ({e}); check its address and that it runs"))
    };
    let mut connection = Connection::open(&postgres(&on_server(server, ALWAYS_THERE)?)?).await.map_err(unreachable)?;
    let sql = Arc::from("SELECT 1 FROM pg_database WHERE datname = $1");
    let found = connection.fetch(sql, Args::List(&[Value::from(name)])).await.map_err(unreachable)?;
    if found.is_empty()
        && let Err(e) = connection.run(&format!("CREATE DATABASE {name}")).await
        // Somebody else may have made it in this moment; then it opens.
        && Connection::open(&postgres(&address)?).await.is_err()
    {
        return Err(StoreError::Setup(format!(
            "the database `{name}` cannot be made ({e}); make it by hand or name a user who may"
        )));
    }
    Ok(address)
}

/// Drops the database `name` of a PostgreSQL server, whoever is still connected to it, if it is there.
///
/// # Errors
/// When nobody answers or the user may not.
pub async fn drop_database(server: &str, name: &str) -> Result<(), StoreError> {
    check_name(name)?;
    let mut connection = Connection::open(&postgres(&on_server(server, ALWAYS_THERE)?)?).await?;
    connection.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
}

fn check_name(name: &str) -> Result<(), StoreError> {
    if name.is_empty() || !name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_') {
        return Err(StoreError::Setup(format!("`{name}` is no name for a database; use a-z, 0-9 and _")));
    }
    Ok(())
}

/// Address of a database on the server that an address names.
fn on_server(server: &str, database: &str) -> Result<String, StoreError> {
    // The address is not repeated: it may hold a password.
    let malformed =
        || StoreError::Setup("write the PostgreSQL server as postgres://user:password@host:5432".to_owned());
    let (scheme, rest) = server.split_once("://").ok_or_else(malformed)?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(malformed());
    }
    let (rest, parameters) = rest.split_once('?').map_or((rest, String::new()), |(rest, it)| (rest, format!("?{it}")));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    // A password may hold a slash, so the path is looked for behind it.
    let server = &rest[..rest.len() - host.find('/').map_or(0, |it| host.len() - it)];
    Ok(format!("{scheme}://{server}/{database}{parameters}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::on_server;

    #[test]
    fn a_database_takes_the_place_of_another_and_all_else_stays() {
        for (server, address) in [
            ("postgres://h:5432", "postgres://h:5432/x"),
            ("postgresql://ann:p/w@h/other?sslmode=require", "postgresql://ann:p/w@h/x?sslmode=require"),
            ("postgres:///?host=/run/postgres", "postgres:///x?host=/run/postgres"),
        ] {
            assert_eq!(on_server(server, "x").unwrap(), address);
        }
        for wrong in ["h:5432", "mysql://ann:secret@h"] {
            let error = on_server(wrong, "x").unwrap_err().to_string();
            assert!(error.contains("postgres://user:password@host") && !error.contains("secret"), "{error}");
        }
    }
}
