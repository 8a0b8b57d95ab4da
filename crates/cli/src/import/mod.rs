//! `studium import`: data from elsewhere, played as ordinary commands; run again, it changes nothing.

mod catalogue;
mod line;
mod oulad;
mod rows;
mod settle;

pub use catalogue::{CatalogueArgs, catalogue};
pub use oulad::{OuladArgs, oulad};

use std::path::PathBuf;

/// A directory that is there, so that a wrong path is told before anything is started.
fn directory(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_dir() { Ok(path) } else { Err("there is no such directory".to_owned()) }
}

/// A file that is there.
fn file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_file() { Ok(path) } else { Err("there is no such file".to_owned()) }
}
