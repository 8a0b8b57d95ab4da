//! Durability profiles: what an acknowledged command has survived.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What an acknowledged command has survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// Three nodes, each synced to disk before it agrees: survives the loss of a node and a power cut.
    Replicated,
    /// One node, synced to disk before the acknowledgement: survives a power cut.
    #[default]
    Disk,
    /// One node, synced lazily: survives kill -9, not a power cut.
    Process,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replicated => "replicated",
            Self::Disk => "disk",
            Self::Process => "process",
        })
    }
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "replicated" => Ok(Self::Replicated),
            "disk" => Ok(Self::Disk),
            "process" => Ok(Self::Process),
            _ => Err(format!("`{text}` is no durability profile; choose disk, process or replicated")),
        }
    }
}

impl Durability {
    /// From how many commands on that wait for one aggregate a batch of their commits is faster than one append each.
    /// A batch is staged before it is stored: on three nodes in memory, on one in a file of its own.
    pub(crate) const fn group_min(self) -> usize {
        match self {
            Self::Replicated => 2,
            Self::Disk => 8,
            Self::Process => 20,
        }
    }
}
