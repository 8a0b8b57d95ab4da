//! Addresses of a broker, and the user and password that may travel in them but must not be seen.

use crate::LogError;
use async_nats::{ConnectOptions, ServerAddr};

/// Where to connect to and as whom: what `url` (one address, or several with commas) says.
/// The first user with a password counts for all addresses, also for those that the broker tells of later.
///
/// # Errors
/// When an address is none.
pub fn connection(url: &str) -> Result<(Vec<ServerAddr>, ConnectOptions), LogError> {
    let wrong = |e: &dyn std::fmt::Display| {
        LogError::Setup(format!("`{}` is no NATS address ({e}); write nats://host:port", without_user(url)))
    };
    let (mut servers, mut user) = (vec![], None);
    for address in url.split(',') {
        let address: ServerAddr = address.parse().map_err(|e| wrong(&e))?;
        if let (Some(name), Some(password)) = (address.username(), address.password()) {
            user.get_or_insert((plain(name), plain(password)));
        }
        // The client's own messages show addresses as they are given to it.
        let mut bare = address.into_inner();
        if bare.set_username("").and_then(|()| bare.set_password(None)).is_err() {
            return Err(wrong(&"it names no host"));
        }
        servers.push(ServerAddr::from_url(bare).map_err(|e| wrong(&e))?);
    }
    let options = ConnectOptions::new();
    Ok((servers, user.into_iter().fold(options, |it, (name, password)| it.user_and_password(name, password))))
}

/// The addresses without user and password: what may be shown, and what somebody else connects to.
pub fn without_user(url: &str) -> String {
    let bare = |address: &str| {
        let Some((_, host)) = address.rsplit_once('@') else { return address.to_owned() };
        // What looks like a scheme behind a user is none.
        match address.split_once("://").filter(|(scheme, _)| !scheme.contains('@')) {
            Some((scheme, _)) => format!("{scheme}://{host}"),
            None => host.to_owned(),
        }
    };
    url.split(',').map(bare).collect::<Vec<_>>().join(",")
}

/// A part of an address with its `%41` read as `A`.
fn plain(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_password_is_used_and_not_shown() {
        let (servers, options) = connection("nats://ann:s%2Fe%@a:1,nats://b:2").unwrap();
        let shown = format!("{servers:?} {options:?}");
        assert!(!shown.contains("s%2Fe") && !shown.contains("s/e"), "{shown}");
        assert_eq!(servers.iter().map(ServerAddr::port).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(plain("s%2Fe%"), "s/e%");
        let said = connection("nats://ann:secret@a:x").err().unwrap().to_string();
        assert!(said.contains("`nats://a:x` is no NATS address") && !said.contains("secret"), "{said}");
    }

    #[test]
    fn addresses_are_told_without_users() {
        for (url, told) in [
            ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
            ("nats://u:p@a:1,nats://u:p@b:2", "nats://a:1,nats://b:2"),
            ("nats://token@a:1", "nats://a:1"),
            ("u:p@a:1", "a:1"),
            ("ws:u@a?x://p@b", "b"),
        ] {
            assert_eq!(without_user(url), told);
        }
    }
}
