//! Where webhooks may send to: public addresses over https, and what the operator allows besides.

use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest address, characters.
pub const URL_MAX: usize = 2_000;

/// Networks of IPv4 that are nobody's on the Internet, or not one host's, as `address, bits` (IANA IPv4 Special-Purpose
/// Address Registry, RFC 6890; multicast RFC 5771).
const NOT_PUBLIC: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Endings of names that lead nowhere on the Internet (RFC 6761, RFC 6762, RFC 8375, RFC 9476, and ICANN for
/// `internal`).
const NOT_PUBLIC_NAMES: &[&str] = &["localhost", "local", "internal", "home.arpa", "test", "invalid", "onion", "alt"];

/// Whether an address is one host's on the Internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => is_public_v4(it),
        IpAddr::V6(it) => is_public_v6(it),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC.iter().any(|(network, bits)| same_v4(address, Ipv4Addr::from(*network), *bits))
}

/// Of IPv6 only what is given out to hosts, `2000::/3` (RFC 4291 § 2.4), without what holds an address of IPv4, and
/// without documentation and experiments (IANA IPv6 Special-Purpose Address Registry). So everything else is refused
/// without being listed: loopback, `::ffff:0:0/96`, `64:ff9b::/96`, `fc00::/7`, `fe80::/10`, `ff00::/8`.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_given_out = first & 0xe000 == 0x2000;
    // 2001::/23 is the IETF's own (with Teredo 2001::/32), 2001:db8::/32 and 3fff::/20 are for documents,
    // 2002::/16 is 6to4, 2620:4f:8000::/48 is for AS 112.
    let is_special = (first == 0x2001 && (second < 0x200 || second == 0xdb8))
        || first == 0x2002
        || (first == 0x3fff && second < 0x1000)
        || (first == 0x2620 && second == 0x4f);
    is_given_out && !is_special
}

/// Whether the first `bits` are the same; all if there are not so many.
fn same_v4(a: Ipv4Addr, b: Ipv4Addr, bits: u32) -> bool {
    (u32::from(a) ^ u32::from(b)).leading_zeros() >= bits.min(32)
}

/// The same of the longer ones.
fn same_v6(a: Ipv6Addr, b: Ipv6Addr, bits: u32) -> bool {
    (u128::from(a) ^ u128::from(b)).leading_zeros() >= bits.min(128)
}

/// One exception.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    /// `host:port`, also over http.
    Host(String, u16),
    /// Addresses that begin so.
    Network(IpAddr, u32),
}

/// What the operator allows besides: receivers of tests, and partners in the house.
#[derive(Debug, Clone, Default)]
pub struct Allowed(Vec<Exception>);

impl Allowed {
    /// Reads `host:port` and `address/bits`, with commas between them.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let exception = |it: &str| network(it).or_else(|| host(it)).ok_or_else(|| unfit(it));
        Ok(Self(entries.map(exception).collect::<Result<_, _>>()?))
    }

    /// Whether an address may be connected to.
    pub fn takes(&self, address: IpAddr) -> bool {
        is_public(address) || self.takes_besides(address)
    }

    fn takes_besides(&self, address: IpAddr) -> bool {
        self.0.iter().any(|it| match (it, address) {
            (Exception::Network(IpAddr::V4(network), bits), IpAddr::V4(it)) => same_v4(it, *network, *bits),
            (Exception::Network(IpAddr::V6(network), bits), IpAddr::V6(it)) => same_v6(it, *network, *bits),
            _ => false,
        })
    }

    fn names(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
        let host = host.trim_end_matches('.');
        self.0.iter().any(|it| matches!(it, Exception::Host(name, at) if name == host && *at == port))
    }
}

fn unfit(it: &str) -> String {
    format!("`{it}` is neither host:port nor address/bits")
}

fn network(text: &str) -> Option<Exception> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits) = (address.parse::<IpAddr>().ok()?, bits.parse().ok()?);
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Exception::Network(address, bits))
}

fn host(text: &str) -> Option<Exception> {
    // The same reading as of an address, so that the two agree on what a host is.
    let url = Url::parse(&format!("http://{text}/")).ok()?;
    let (_, port) = text.rsplit_once(':')?;
    let host = url.host_str()?.trim_end_matches('.').to_owned();
    Some(Exception::Host(host, port.parse().ok()?))
}

/// An address that webhooks may send to, as far as can be said before its name is looked up.
#[derive(Debug, Clone)]
pub struct Address {
    /// Where to.
    pub url: Url,
    /// The operator names this very host: what its name leads to is not looked at.
    pub is_named: bool,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// With a sentence that says what is wrong with it.
    pub fn read(text: &str, allowed: &Allowed) -> Result<Self, String> {
        let too_long = || format!("the address is longer than {URL_MAX} characters");
        if text.len() > URL_MAX {
            return Err(too_long());
        }
        let url = Url::parse(text).map_err(|e| format!("the address cannot be read: {e}"))?;
        // Names and paths in other scripts are longer once they are written in ASCII.
        if url.as_str().len() > URL_MAX {
            return Err(too_long());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address holds a user or a password; signatures say who sends".to_owned());
        }
        if url.fragment().is_some() {
            return Err("the address holds a fragment, which is never sent".to_owned());
        }
        let is_named = allowed.names(&url);
        let literal = literal(&url);
        let is_allowed = is_named || literal.is_some_and(|it| allowed.takes_besides(it));
        match url.scheme() {
            "https" => {}
            "http" if is_allowed => {}
            _ => return Err("the address begins with https://".to_owned()),
        }
        if !is_allowed {
            is_public_host(&url, literal)?;
        }
        Ok(Self { url, is_named })
    }
}

/// The address in an address: however it is written, the reading makes one form of it.
pub fn literal(url: &Url) -> Option<IpAddr> {
    if url.domain().is_some() {
        return None;
    }
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_public_host(url: &Url, literal: Option<IpAddr>) -> Result<(), String> {
    if let Some(it) = literal {
        return if is_public(it) { Ok(()) } else { Err(format!("{it} is no public address")) };
    }
    let name = url.domain().unwrap_or_default().trim_end_matches('.');
    let leads_nowhere = |ending: &&str| name.strip_suffix(*ending).is_some_and(|it| it.is_empty() || it.ends_with('.'));
    if !name.contains('.') || NOT_PUBLIC_NAMES.iter().any(leads_nowhere) {
        return Err(format!("`{name}` is no public name"));
    }
    Ok(())
}

#[cfg(test)]
// By its path, since the fuzz targets take this very file, too.
#[path = "webhook_address/tests.rs"]
mod tests;
