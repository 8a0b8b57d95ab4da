//! Which of a person's enrolments a command means, when the person has several learner ids.

use super::Api;
use crate::{enrolment::Enrolment, programme_enrolment::ProgrammeEnrolment};
use studium_kit::{Decider, fault};
use studium_proto::enrolment::v1::{EnrolmentState, ProgrammeState};
use tonic::Status;

/// How much an enrolment stands in the way of another one of the same person, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Never,
    Left,
    Finished,
    Open,
}

/// What a person has once, in one run or one programme.
pub(super) trait Once: Decider {
    fn weight(&self) -> Weight;
}

impl Once for Enrolment {
    fn weight(&self) -> Weight {
        match self.state() {
            EnrolmentState::Unspecified => Weight::Never,
            EnrolmentState::Withdrawn | EnrolmentState::Expired => Weight::Left,
            EnrolmentState::Completed | EnrolmentState::Failed => Weight::Finished,
            EnrolmentState::Invited
            | EnrolmentState::Requested
            | EnrolmentState::Waitlisted
            | EnrolmentState::Active
            | EnrolmentState::Suspended => Weight::Open,
        }
    }
}

impl Once for ProgrammeEnrolment {
    fn weight(&self) -> Weight {
        match self.state() {
            ProgrammeState::Unspecified => Weight::Never,
            ProgrammeState::Withdrawn => Weight::Left,
            ProgrammeState::Completed => Weight::Finished,
            ProgrammeState::Active | ProgrammeState::Suspended => Weight::Open,
        }
    }
}

impl Api {
    /// All ids of the person behind an id, the one that stays first; there is always one.
    pub(super) async fn person(&self, learner: &str) -> Result<Vec<String>, Status> {
        self.aliases.person(self.app.store(), learner).await.map_err(fault)
    }

    /// The id of the aggregate that a command about a learner in a run or programme goes to.
    ///
    /// Who enters comes to the enrolment that weighs most under any id of the person, and under the id that stays when
    /// there is none. Any other command means the enrolment under the very id that it names, so that repeating it never
    /// reaches another one; if there is none, the one that the person has.
    ///
    /// Who was never merged is not looked up. Of others the log's leader is asked, since a view may not have seen yet
    /// what was enrolled a moment ago.
    pub(super) async fn meant<D: Once>(&self, within: &str, learner: &str, enters: bool) -> Result<String, Status> {
        let id = |learner: &str| format!("{within}~{learner}");
        let person = self.person(learner).await?;
        let mut meant = person.first().map_or(learner, String::as_str);
        if person.len() > 1 {
            let mut most = Weight::Never;
            for it in &person {
                let weight = self.app.state::<D>(&id(it)).await?.weight();
                let is_named = it == learner && weight > Weight::Never;
                if is_named && !enters {
                    return Ok(id(it));
                }
                if weight > most || (is_named && weight == most) {
                    (most, meant) = (weight, it);
                }
            }
        }
        Ok(id(meant))
    }
}
