//! What follows when a campus tries the platform: an agreement for as long as the trial lasts.

use crate::agreement::{Agreement, Command};
use studium_kit::{Policy, Reaction};
use studium_proto::campus::v1::{AgreementSigned, campus_event::Event};

/// Signs the agreement of a trial.
pub struct TrialsHaveAgreements;

impl Policy for TrialsHaveAgreements {
    const NAME: &'static str = "trials-have-agreements";
    const STREAM: &'static str = "campus";
    type Event = Event;
    type Target = Agreement;

    fn react(&self, id: &str, event: &Event, at_ms: i64) -> Vec<Reaction<Agreement>> {
        let Event::TrialStarted(it) = event else { return Vec::new() };
        let terms = AgreementSigned {
            campus_id: id.to_owned(),
            title: "Trial".to_owned(),
            starts_at_ms: at_ms,
            ends_at_ms: it.ends_at_ms,
        };
        // Only a registered campus has its trial started.
        vec![Reaction { id: it.agreement_id.clone(), command: Command::Sign { terms, campus_known: true } }]
    }
}
