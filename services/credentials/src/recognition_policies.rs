//! What follows from recognitions: credits reach the learner's account, and what is late is told.

use crate::{
    credit_account::{self, CreditAccount},
    recognition::{Command, Recognition},
};
use studium_kit::{Asked, Deadline, Policy, Reaction, by_itself};
use studium_proto::credentials::v1::{AwardScheme, CreditsRecognised, recognition_event::Event};

/// Enters what was recognised into the learner's account; what an appeal changes takes its place.
pub struct AccountsFollowRecognitions;

impl Policy for AccountsFollowRecognitions {
    const NAME: &'static str = "accounts-follow-recognitions";
    const STREAM: &'static str = "credentials";
    type Event = Event;
    type Target = CreditAccount;

    fn react(&self, id: &str, event: &Event, at_ms: i64) -> Vec<Reaction<CreditAccount>> {
        let (learner_id, scheme, credits_milli, kind, institution_id) = match event {
            Event::RecognitionDecided(it) => {
                (&it.learner_id, it.scheme(), it.credits_milli, it.kind, &it.institution_id)
            }
            Event::RecognitionAppealDecided(it) => {
                (&it.learner_id, it.scheme(), it.credits_milli, it.kind, &it.institution_id)
            }
            _ => return Vec::new(),
        };
        let decision = CreditsRecognised {
            recognition_id: id.to_owned(),
            credits_milli,
            institution_id: institution_id.clone(),
            kind,
            decided_at_ms: at_ms,
            ..CreditsRecognised::default()
        };
        // What is refused names no scheme: it takes back what counted before, wherever that was.
        let every = [AwardScheme::Ects, AwardScheme::KrAcbs, AwardScheme::UkCats, AwardScheme::UsSemester];
        let concerned = every.into_iter().filter(|it| scheme == AwardScheme::Unspecified || scheme == *it);
        concerned
            .map(|scheme| Reaction {
                id: credit_account::id(learner_id, scheme),
                command: by_itself(at_ms, credit_account::Command::Recognise { scheme, decision: decision.clone() }),
            })
            .collect()
    }
}

/// The time in which a recognition was to be decided is over.
pub struct RecognitionsAreEscalated;

impl Deadline for RecognitionsAreEscalated {
    const NAME: &'static str = "recognitions-are-escalated";
    type Target = Recognition;
    const DUE: &'static str = "SELECT recognition_id AS id, due_ms FROM recognition_2 \
                               WHERE due_ms > 0 AND due_ms <= $1 AND NOT is_escalated";

    fn command(_: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::Escalate { due_ms })
    }
}
