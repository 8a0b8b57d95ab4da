//! The step `--credentials`: the university issues a credential with credits for every pass, as the registry has them.

mod check;
mod play;

pub use check::{Compared, Credits, compare, credits, shown, total, verdict};
pub use play::{play, wait, wait_for_credits};

use serde::Serialize;

/// What the credentials' part of an import did.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    /// Modules for which credentials are issued.
    pub achievements: u64,
    /// Time until the last credential was signed, after everything else was recorded, seconds.
    pub seconds: f64,
    /// Credits of all passes together.
    pub credits: Credits,
    /// Files and views, by module.
    pub comparison: Vec<Compared>,
}
