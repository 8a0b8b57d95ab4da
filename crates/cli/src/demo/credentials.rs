//! The demo's sixth chapter: a course becomes a microcredential, everybody who passed gets it signed, and a stranger who
//! knows nothing but its address checks it. Another university refuses it, is appealed to, and lets it count.

mod achievement;
mod bureau;
mod recognition;
mod report;
mod status;
mod stranger;

use super::desk::Desk;
use anyhow::Result;
use bureau::Bureau;
pub use report::Report;

/// Plays the credentials' story, on courses that were passed before a position of the catalogue.
pub async fn play(desk: &Desk, offered: u64) -> Result<Report> {
    let bureau = Bureau::open(desk).await?;
    bureau.publish_issuer(offered).await?;
    let refused = achievement::too_short(&bureau, offered).await?;
    let issued = achievement::approve(&bureau, offered).await?;
    let checked = stranger::check(&bureau, &issued.first).await?;
    let recognised = recognition::recognise(&bureau, &issued.first).await?;
    recognised.check()?;
    let changed = status::change(&bureau, &issued).await?;
    Ok(Report { refused, issued, checked, recognised, changed })
}
