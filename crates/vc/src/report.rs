//! What a check of a credential says: what was looked at, what was found, and a sentence for a reader.

use serde_json::Value;
use std::fmt;

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckName {
    /// Whether it is a credential at all.
    Structure,
    /// Whether it is as it was signed.
    Proof,
    /// Whether the key that signed is the issuer's.
    IssuerKey,
    /// Whether it has begun and not ended.
    ValidityPeriod,
    /// Whether the issuer has withdrawn it.
    Status,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// All is well.
    Sound,
    /// It could not be checked, because something before it failed or something is missing.
    NotChecked,
    /// It is not a credential.
    Malformed,
    /// It was changed after signing, or never signed.
    Unproven,
    /// The key that signed is not one with which this issuer signs credentials.
    KeyNotIssuers,
    /// The key that signed was withdrawn.
    KeyRevoked,
    /// Its time has not come.
    NotYetValid,
    /// Its time is over.
    Expired,
    /// Withdrawn for good.
    Revoked,
    /// Not to be relied on for the time being.
    Suspended,
    /// The issuer has marked it with a status of another purpose; what this means, the reader has to judge.
    Marked,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Failed,
    /// Nobody can say here; the sentence tells what the reader has to find out or to judge.
    NotChecked,
}

/// One check and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: CheckName,
    /// What was found.
    pub finding: Finding,
    /// The same for a reader.
    pub sentence: String,
}

/// Everything that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The credential, if it could be read: from a token without the claims around it.
    pub credential: Option<Value>,
    /// All checks in their order; a credential with several status entries has a check for each.
    pub checks: Vec<Check>,
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Structure => "structure",
            Self::Proof => "proof",
            Self::IssuerKey => "issuer key",
            Self::ValidityPeriod => "validity period",
            Self::Status => "status",
        })
    }
}

impl Finding {
    /// Whether this is as it should be.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Sound => Outcome::Ok,
            Self::NotChecked | Self::Marked => Outcome::NotChecked,
            _ => Outcome::Failed,
        }
    }
}

impl Report {
    /// Failed if any check failed, else not checked if any could not be made, else ok.
    pub fn outcome(&self) -> Outcome {
        let any = |outcome| self.checks.iter().any(|it| it.finding.outcome() == outcome);
        match (any(Outcome::Failed), any(Outcome::NotChecked)) {
            (true, _) => Outcome::Failed,
            (_, true) => Outcome::NotChecked,
            _ => Outcome::Ok,
        }
    }

    /// What the checks of this name found, in their order.
    pub fn findings(&self, name: CheckName) -> Vec<Finding> {
        self.checks.iter().filter(|it| it.name == name).map(|it| it.finding).collect()
    }
}

impl Check {
    pub(crate) fn new(name: CheckName, finding: Finding, sentence: &str) -> Self {
        Self { name, finding, sentence: sentence.to_owned() }
    }

    pub(crate) fn not_checked(name: CheckName, sentence: &str) -> Self {
        Self::new(name, Finding::NotChecked, sentence)
    }
}
