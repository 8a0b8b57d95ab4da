//! How far a check may reach: which URLs that a stranger's credential names may be asked for.

/// Which hosts count, and over which protocol.
///
/// Whether a name leads to an address inside one's own network, only the one who connects can tell, and must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Any host, over `https`.
    #[default]
    Https,
    /// These, and `127.0.0.1` and `localhost` over `http`: for a platform that runs on a developer's machine.
    HttpsOrLoopback,
}

impl Reach {
    /// Whether a URL may be asked for.
    pub fn allows(self, url: &str) -> bool {
        let Some((protocol, rest)) = url.split_once("://") else { return false };
        let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let plain = crate::data_model::is_url(url) && is_host(host);
        plain && protocol == self.protocol(host)
    }

    /// The protocol of a host. The ones that are in reach as loopback speak `http` and nothing else, so that a
    /// `did:web`, which names no protocol, leads back to the URL that it was made of.
    pub(crate) fn protocol(self, host: &str) -> &'static str {
        let name = host.split_once(':').map_or(host, |(name, _)| name);
        let loopback = ["127.0.0.1", "localhost"].contains(&name);
        if self == Self::HttpsOrLoopback && loopback { "http" } else { "https" }
    }
}

/// A name with an optional port; no user, and no address of version 6.
pub(crate) fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let labels = name
        .split('.')
        .all(|it| !it.is_empty() && !it.starts_with('-') && it.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-'));
    // Rust's numbers may have a sign, ports have none.
    let number = |it: &str| it.bytes().all(|c| c.is_ascii_digit()) && it.parse::<u16>().is_ok_and(|port| port > 0);
    labels && port.is_none_or(number)
}
