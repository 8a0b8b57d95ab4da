//! Tokens of the development issuer, whose key is kept in the data directory.

use anyhow::{Result, ensure};
use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};
use studium_kit::DevelopmentIssuer;

/// Who a token is for, and for how long.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The token's subject: a person or a program.
    pub subject: String,
    /// Its roles, as `docs/access.md` lists them.
    pub roles: Vec<String>,
    /// Institutions that staff and teachers belong to.
    pub institutions: Vec<String>,
    /// How long it is valid.
    pub ttl: Duration,
}

impl Default for Wanted {
    fn default() -> Self {
        let ttl = Duration::from_hours(24);
        Self { subject: "studium-cli".to_owned(), roles: vec![], institutions: vec![], ttl }
    }
}

/// Where the development issuer's private key is; whoever reads it can be anyone on this platform.
pub fn key_file(data: &Path) -> PathBuf {
    data.join("development-issuer.pk8")
}

/// Lets no platform start whose callers may be anybody, where somebody named an issuer for real people.
pub fn refuse_beside_another_issuer() -> Result<()> {
    for name in ["STUDIUM_ISSUER", "STUDIUM_JWKS_URL"] {
        ensure!(
            env::var_os(name).is_none(),
            "{name} names an issuer for real people, and a platform that this program starts believes its own \
             development issuer; unset it, or run each service with `studium serve`"
        );
    }
    Ok(())
}

/// A signed token; the issuer's key is made when there is none.
pub fn issue(data: &Path, wanted: &Wanted) -> Result<String> {
    let issuer = DevelopmentIssuer::load_or_create(&key_file(data))?;
    let roles: Vec<_> = wanted.roles.iter().map(String::as_str).collect();
    let institutions: Vec<_> = wanted.institutions.iter().map(String::as_str).collect();
    Ok(issuer.token(&wanted.subject, &roles, &institutions, wanted.ttl))
}

/// Reads `90s`, `30m`, `1h` or `7d`.
pub fn parse_ttl(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no length of time; write for example 90s, 30m, 1h or 7d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).filter(|it| *it > 0).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_or_refused_with_examples() {
        assert_eq!(parse_ttl("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_ttl("7d"), Ok(Duration::from_hours(168)));
        for wrong in ["", "h", "1", "0h", "-1h", "1w", "1 h", "99999999999999999999d", "é"] {
            assert!(parse_ttl(wrong).is_err_and(|it| it.contains("90s, 30m, 1h or 7d")), "{wrong}");
        }
    }
}
