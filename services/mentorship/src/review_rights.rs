//! Who may review whose work: the learner's mentor while there is one who is here, else any mentor of the house.

use studium_kit::{Reason as _, Rejection};
use studium_proto::mentorship::v1::{MentorState, Reason};

/// What is known of a reviewer and of the learner whose work it is, at the moment of asking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Who wants to review.
    pub reviewer_id: String,
    /// Where the reviewer stands as a mentor.
    pub reviewer: MentorState,
    /// Institution that the reviewer works for; empty if for the whole platform.
    pub works_for: String,
    /// The learner.
    pub learner_id: String,
    /// Institution that owns the programme.
    pub institution_id: String,
    /// The learner's mentor, if there is one who is here and may be met; empty otherwise.
    pub present_mentor_id: String,
    /// Whose verdict counted in the round before; empty in the first.
    pub last_reviewer_id: String,
    /// The two never meet again.
    pub is_blocked: bool,
}

impl Rights {
    /// The reviewer goes before others: the mentor who is here, or who returned the round before.
    pub fn own(&self) -> bool {
        let me = self.reviewer_id.as_str();
        me == self.present_mentor_id || me == self.last_reviewer_id
    }

    /// Whether the reviewer may review.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), Rejection<Reason>> {
        if self.reviewer_id == self.learner_id {
            return Reason::NobodyReviewsHimself.because("it is the reviewer's own work");
        }
        if self.reviewer != MentorState::Active {
            return Reason::NotAReviewer.because("only mentors who are here review");
        }
        if self.is_blocked {
            return Reason::PairIsBlocked.because("the two never meet again, in no review either");
        }
        if self.own() {
            return Ok(());
        }
        if !self.present_mentor_id.is_empty() {
            return Reason::MentorReviewsFirst.because("the learner's own mentor is here and reviews");
        }
        if !self.works_for.is_empty() && self.works_for != self.institution_id {
            return Reason::ReviewerOfAnotherInstitution
                .because(format!("the programme belongs to institution `{}`", self.institution_id));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
