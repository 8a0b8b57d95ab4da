//! Addresses of a broker, and the user and password that may travel in them but must not be seen.

use crate::LogError;
use async_nats::{ConnectOptions, ServerAddr};
use std::{borrow::Cow, collections::HashMap, net::IpAddr, path::PathBuf};

/// Where to connect to and as whom: what `url` (one address, or several with commas) says.
/// The first user with a password counts for all addresses, also for those that the broker tells of later; so do the
/// first certificates: `tls://host:4222?ca=FILE&cert=FILE&key=FILE`, where `ca` is who is believed about the broker,
/// and `cert` and `key` say who we are. The files are read at each connection, so they may be renewed.
///
/// # Errors
/// When an address is none.
pub fn connection(url: &str) -> Result<(Vec<ServerAddr>, ConnectOptions), LogError> {
    let wrong = |e: &dyn std::fmt::Display| {
        LogError::Setup(format!("`{}` is no NATS address ({e}); write nats://host:port", without_user(url)))
    };
    let (mut servers, mut user, mut options) = (vec![], None, ConnectOptions::new());
    let mut files = None;
    for address in url.split(',') {
        let address: ServerAddr = address.parse().map_err(|e| wrong(&e))?;
        if let (Some(name), Some(password)) = (address.username(), address.password()) {
            user.get_or_insert((plain(name), plain(password)));
        }
        // The client's own messages show addresses as they are given to it.
        let mut bare = address.into_inner();
        files = files.or_else(|| Files::of(bare.query_pairs()));
        bare.set_query(None);
        if bare.set_username("").and_then(|()| bare.set_password(None)).is_err() {
            return Err(wrong(&"it names no host"));
        }
        servers.push(ServerAddr::from_url(bare).map_err(|e| wrong(&e))?);
    }
    if let Some(Files { ca, identity }) = files {
        options = options.add_root_certificates(ca).require_tls(true);
        options = identity.into_iter().fold(options, |it, (cert, key)| it.add_client_certificate(cert, key));
    }
    Ok((servers, user.into_iter().fold(options, |it, (name, password)| it.user_and_password(name, password))))
}

/// Certificates that an address names.
struct Files {
    ca: PathBuf,
    identity: Option<(PathBuf, PathBuf)>,
}

impl Files {
    fn of<'a>(parameters: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Option<Self> {
        let mut named: HashMap<_, _> = parameters.map(|(name, file)| (name, PathBuf::from(&*file))).collect();
        Some(Self { ca: named.remove("ca")?, identity: named.remove("cert").zip(named.remove("key")) })
    }
}

/// Whether a host is this machine, as an address names it: IPv6 may stand in brackets.
pub fn is_here(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

/// The other machine to which these addresses would send unencrypted.
pub fn in_plaintext(url: &str) -> Option<String> {
    let is_open = |it: &ServerAddr| {
        let encrypted = it.tls_required() || Files::of(it.clone().into_inner().query_pairs()).is_some();
        !encrypted && !is_here(it.host())
    };
    let mut addresses = url.split(',').filter_map(|it| it.parse::<ServerAddr>().ok());
    addresses.find(is_open).map(|it| format!("{}:{}", it.host(), it.port()))
}

/// The addresses without user, password and certificates: what may be shown, and what somebody else connects to.
pub fn without_user(url: &str) -> String {
    let bare = |address: &str| {
        let Some((_, host)) = address.rsplit_once('@') else { return address.to_owned() };
        // What looks like a scheme behind a user is none.
        match address.split_once("://").filter(|(scheme, _)| !scheme.contains('@')) {
            Some((scheme, _)) => format!("{scheme}://{host}"),
            None => host.to_owned(),
        }
    };
    let told = |it| bare(it).split('?').next().unwrap_or_default().to_owned();
    url.split(',').map(told).collect::<Vec<_>>().join(",")
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
    fn only_this_machine_is_spoken_to_in_plaintext() {
        for safe in ["nats://localhost:1,nats://127.0.0.1:2,nats://[::1]:3", "tls://a:1", "nats://u:p@a:1?ca=x.pem"] {
            assert_eq!(in_plaintext(safe), None, "{safe}");
        }
        assert_eq!(in_plaintext("tls://a:1,nats://u:p@b:2").as_deref(), Some("b:2"));
    }

    #[test]
    fn addresses_are_told_without_users() {
        for (url, told) in [
            ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
            ("nats://u:p@a:1,nats://u:p@b:2", "nats://a:1,nats://b:2"),
            ("nats://token@a:1", "nats://a:1"),
            ("u:p@a:1", "a:1"),
            ("ws:u@a?x://p@b", "b"),
            ("tls://u:p@a:1?ca=x.pem&cert=y.pem&key=y.pem", "tls://a:1"),
        ] {
            assert_eq!(without_user(url), told);
        }
    }
}
