//! The step `--credentials`: the university issues a credential with credits for every pass, as the registry has them.

mod check;
mod play;

pub use check::{Compared, compare, shown, total, verdict};
pub use play::{play, wait};

use serde::Serialize;

/// What the credentials' part of an import did.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    /// Modules for which credentials are issued.
    pub achievements: u64,
    /// Time until the last credential was signed, after everything else was recorded, seconds.
    pub seconds: f64,
    /// Credits of a module, thousandths of an ECTS credit.
    pub credits_milli: u32,
    /// Files and views, by module.
    pub comparison: Vec<Compared>,
}
