//! The step `--campuses`: the regions of the data set as campuses whose learners are enrolled by seat.

mod check;
mod provision;
mod regions;
mod seats;
#[cfg(test)]
mod tests;
mod wait;

pub use check::{Compared, compare, shown, total, verdict};
pub use provision::{Since, was_begun};
pub use regions::{Named, Regions};

use super::{
    known::{Known, Way},
    plan::{Act, Plan, Step},
    tally::{Count, Tally},
};
use crate::{import::line::Line, platform::Platform};
use anyhow::Result;
use seats::Desk;
use serde::Serialize;

/// Connections to the campus service.
const CONNECTIONS: usize = 4;

/// What the campuses' part of an import did.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    /// What the figures mean.
    pub note: &'static str,
    /// Members, seats, and seats that were activated without enrolling by them.
    pub acts: Vec<Count>,
    /// Students with rows of several regions, who belong to that of their first row.
    pub in_several_regions: Vec<u64>,
    /// Regions, files and views.
    pub comparison: Vec<Compared>,
    /// The sum of all regions.
    pub total: Compared,
    /// Whether all regions agree.
    pub equal: bool,
}

/// What the figures mean.
const NOTE: &str = "A seat is one learner's in one plan, however many presentations the learner is registered in: seats are \
                    learners, registrations are uses of seats.";

impl Done {
    /// Takes the comparison of files and views in.
    pub fn compared(&mut self, comparison: Vec<Compared>) {
        (self.total, self.equal) = (total(&comparison), comparison.iter().all(|it| it.equal));
        self.comparison = comparison;
    }

    /// How much was newly written.
    pub fn written(&self) -> u64 {
        self.acts.iter().map(|it| it.done).sum()
    }
}

/// Steps by what they need to be done before them.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Learners become known.
    pub registers: Vec<Step>,
    /// Registrations that come about by a seat.
    pub by_seat: Vec<Step>,
    /// Registrations of campuses' learners that are there otherwise, or that no seat can bring about.
    pub otherwise: Vec<Step>,
    /// Everything else, with registrations by staff.
    pub rest: Vec<Step>,
}

impl Sorted {
    /// Sorts steps; each part keeps their order.
    pub fn new(steps: Vec<Step>, plan: &Plan, regions: &Regions, known: &Known) -> Self {
        let mut sorted = Self::default();
        for it in steps {
            let student = plan.students[it.student as usize];
            let has_campus = regions.of(it.student).is_some();
            match it.act {
                Act::Register => sorted.registers.push(it),
                Act::Enrol if has_campus && known.way(it.run, student) == Some(Way::Seat) => sorted.by_seat.push(it),
                // Who was enrolled otherwise would be refused by seat, or be taken back in after leaving. And only a
                // registrar's reason enrols after the end.
                Act::Enrol if known.way(it.run, student).is_none() && has_campus && !plan.is_over(&it) => {
                    sorted.by_seat.push(it);
                }
                Act::Enrol => {
                    if has_campus {
                        sorted.otherwise.push(it);
                    }
                    sorted.rest.push(it);
                }
                _ => sorted.rest.push(it),
            }
        }
        sorted
    }
}

/// Makes the regions campuses, gives every learner a seat, and enrols by seat. When it returns, enrolment has answered
/// every use, so that what follows from a registration can be recorded.
///
/// # Errors
/// When a service does not answer for long, or refuses what no registration is.
pub async fn play(
    platform: &Platform,
    plan: &Plan,
    regions: &Regions,
    sorted: &Sorted,
    (since, in_flight): (Since, usize),
    tally: &mut Tally,
) -> Result<Done> {
    let since = provision::provision(platform, plan, regions, since).await?;
    let line = Line::open(platform, "campus", &["registrar"], "studium-import", CONNECTIONS).await?;
    let desk = Desk { line: &line, plan, regions, in_flight };
    let output = platform.output;
    let learners: u64 = regions.list.iter().map(|it| u64::from(it.seats())).sum();
    let members = desk.join(&sorted.registers, &output.bar("members of campuses", learners)).await?;
    let seats = desk.assign(since, &output.bar("assigning seats", learners)).await?;
    let registrations = sorted.by_seat.len() as u64;
    let bar = output.bar("enrolling by seat", registrations);
    let position = desk.enrol(&sorted.by_seat, since, tally, &bar).await?;
    wait::answered(platform, &line, position, registrations + sorted.otherwise.len() as u64).await?;
    let bar = output.bar("activating seats of who is enrolled already", sorted.otherwise.len() as u64);
    let used = desk.activate(&sorted.otherwise, &bar).await?;
    Ok(Done { note: NOTE, acts: vec![members, seats, used], ..Done::default() })
}
