//! A catalogue of courses from a file, streamed row by row.

use crate::platform::Platform;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// What `studium import catalogue` takes.
#[derive(Debug, Args)]
pub struct CatalogueArgs {
    /// The file: .csv, .csv.zst or .jsonl.
    #[arg(value_name = "FILE", value_parser = super::file)]
    file: PathBuf,
}

/// Imports a catalogue.
pub async fn catalogue(_args: CatalogueArgs, _platform: &Platform) -> Result<()> {
    Ok(())
}
