//! Variables of the environment that nobody reads: a misspelt setting must not be ignored in silence.

use crate::Config;
use clap::{Args as _, Command};
use std::env;

/// Variables that are nobody's setting here but others' of the platform.
const OF_OTHERS: [&str; 12] = [
    "STUDIUM_NATS_SERVER",
    "STUDIUM_LOG",
    "STUDIUM_DATA",
    "STUDIUM_HEALTH_",
    "STUDIUM_TEST_",
    "STUDIUM_REQUIRE_",
    // Settings that only the credentials service has.
    "STUDIUM_CREDENTIALS_URL",
    "STUDIUM_CREDENTIALS_KEY_FILE",
    "STUDIUM_CREDENTIALS_VC_API",
    // Settings that only the enrolment service has.
    "STUDIUM_ENROLMENT_PARTNER_KEY_FILE",
    "STUDIUM_ENROLMENT_WEBHOOK_ALLOW",
    "STUDIUM_ENROLMENT_WEBHOOK_RETRY",
];

/// Letters that a misspelt setting may differ in and still be recognised.
const TYPOS_MAX: usize = 2;

/// Refuses a `STUDIUM_*` variable that nobody reads: a misspelt setting must not be ignored in silence.
///
/// # Errors
/// With a sentence that says what to do.
pub fn check_environment() -> anyhow::Result<()> {
    check_names(env::vars_os().filter_map(|(name, _)| name.into_string().ok()))
}

fn check_names(mut names: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let command = Config::augment_args(Command::new("settings"));
    let known: Vec<_> = command.get_arguments().filter_map(|it| it.get_env()?.to_str()).chain(OF_OTHERS).collect();
    let is_known = |name: &str| known.iter().any(|it| *it == name || (it.ends_with('_') && name.starts_with(it)));
    let Some(name) = names.find(|it| it.starts_with("STUDIUM_") && !is_known(it)) else { return Ok(()) };
    let settings: Vec<_> = known.into_iter().filter(|it| !it.ends_with('_')).collect();
    match settings.iter().find(|it| distance(&name, it) <= TYPOS_MAX) {
        Some(meant) => anyhow::bail!("{name} is set but is no setting; unset it, or correct it: did you mean {meant}?"),
        None => anyhow::bail!("{name} is set but is no setting; unset it, the settings are {}", settings.join(", ")),
    }
}

/// Letters to insert, remove or change to make one text the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn an_unknown_variable_is_named_with_the_nearest_known_one() {
        let check =
            |name: &str| check_names([name.to_owned(), "PATH".to_owned()].into_iter()).map_err(|e| e.to_string());
        assert!(check("STUDIUM_STORE_ULR").unwrap_err().contains("did you mean STUDIUM_STORE_URL?"));
        assert!(check("STUDIUM_PORT").unwrap_err().contains("the settings are STUDIUM_LISTEN, "));
        for known in ["STUDIUM_NATS_URL", "STUDIUM_LOG", "STUDIUM_TEST_X", "STUDIUM_REQUIRE_POSTGRES", "STUDIUM_DATA"] {
            check(known).unwrap();
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
