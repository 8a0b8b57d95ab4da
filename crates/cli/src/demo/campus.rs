//! The demo's fifth chapter: a campus buys seats, its people use them, a class is taught blended, and it is billed.

mod bill;
mod class;
mod lapse;
mod office;
mod people;
mod report;
mod roster;
mod seats;
mod setup;

use super::desk::Desk;
use anyhow::Result;
pub use bill::is_written;
use office::Office;
pub use report::Report;

/// Plays the campus's story beside the year, on courses that are offered at a position of the catalogue.
pub async fn play(desk: &Desk, offered: u64) -> Result<Report> {
    let office = Office::open(desk).await?;
    let setup = setup::set_up(&office, offered).await?;
    let roster = roster::take_in(&office).await?;
    let seats = seats::use_up(&office, &setup).await?;
    // It ends by itself while the class is taught.
    let staff_plan = lapse::begin(&office, &setup).await?;
    let taught = class::teach(&office, &setup).await?;
    let lapse = lapse::end(&office, &setup, staff_plan).await?;
    let dashboard = report::read_back(&office, &taught).await?;
    let bill = bill::write(&office, taught.position).await?;
    Ok(Report { setup, roster, seats, taught, lapse, dashboard, bill })
}
