//! `studium import`: data from elsewhere, played as ordinary commands; run again, it changes nothing.

mod ask;
mod catalogue;
mod line;
mod many;
mod oulad;
mod records;
mod roster;
mod rows;
mod settle;

pub use catalogue::{CatalogueArgs, catalogue};
pub use oulad::{OuladArgs, oulad};
pub use roster::{RosterArgs, roster};

use std::path::PathBuf;

/// A directory that is there, so that a wrong path is told before anything is started.
pub(crate) fn directory(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.is_dir() {
        true => Ok(path),
        false if path.exists() => Err("it is a file; name the directory that holds it".to_owned()),
        false => Err("there is no such directory; correct the path".to_owned()),
    }
}

/// A file that is there.
fn file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.is_file() {
        true => Ok(path),
        false if path.exists() => Err("it is no file; name a file in it".to_owned()),
        false => Err("there is no such file; correct the path".to_owned()),
    }
}
