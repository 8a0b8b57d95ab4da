//! The demo's fourth chapter: a nanodegree with mentorship. Mentors are proposed, one declines, one hands over, and with
//! the programme the mentorship ends.

mod graduation;
mod hand_over;
mod joining;
mod office;
mod outcomes;
mod people;
mod programme;
mod proposals;
mod report;
mod working;

use super::desk::Desk;
use anyhow::Result;
use office::Office;
pub use report::Report;

/// Plays the mentors' story, on courses that are offered. Each line is a part of its own, in the order of a learner's year.
pub async fn play(desk: &Desk) -> Result<Report> {
    let office = Office::open(desk).await?;
    let offered = programme::publish(&office).await?;
    people::register(&office).await?;
    let joined = joining::join_and_pay(&office, offered).await?;
    let declined = proposals::decline(&office).await?;
    let mentored = proposals::accept(&office).await?;
    let handed_over = hand_over::hand_over(&office).await?;
    let worked = working::work(&office, &mentored.mentors[working::WORKING]).await?;
    let ended = graduation::graduate(&office, offered).await?;
    let outcomes = outcomes::measure(&office, ended.completed).await?;
    Ok(Report { joined, declined, mentored, handed_over, worked, ended, outcomes })
}
