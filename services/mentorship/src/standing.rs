//! What a mentorship lets people do in it, by where it stands: said once for questions, reviews and sessions.

use studium_kit::{Reason as _, Rejection};
use studium_proto::mentorship::v1::{MentorshipState, Reason};

/// Lets pass what needs a mentorship that is asked for and paid, does not rest, and is not over; with a mentor or
/// without one.
pub fn runs(state: MentorshipState) -> Result<(), Rejection<Reason>> {
    match state {
        MentorshipState::Waiting | MentorshipState::Active => Ok(()),
        MentorshipState::Unspecified => Reason::MentorshipNotFound
            .because("no mentor was ever asked for; join a programme with mentorship, or ask staff"),
        MentorshipState::Announced => {
            Reason::MentorshipNotPaid.because("something is still to be paid for the programme; pay it first")
        }
        MentorshipState::Paused => {
            Reason::MentorshipPaused.because("the learner rests; come back to the programme first")
        }
        MentorshipState::Ended => {
            Reason::MentorshipEnded.because("the mentorship is over; join the programme again, or ask staff")
        }
    }
}
