//! What follows when a campus tries the platform: an agreement and a plan for as long as the trial lasts.

use crate::{
    agreement::{Agreement, Command},
    by::By,
    licence_plan::{self, LicencePlan},
};
use studium_kit::{Policy, Reaction};
use studium_proto::campus::v1::{
    AgreementSigned, FallBack, MemberClass, PlanKind, PlanProvisioned, PlanTermsSet, RevokedSeat, campus_event::Event,
};

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

/// Provisions the plan of a trial: for everybody of the campus, free of charge.
pub struct TrialsHavePlans;

impl Policy for TrialsHavePlans {
    const NAME: &'static str = "trials-have-plans";
    const STREAM: &'static str = "campus";
    type Event = Event;
    type Target = LicencePlan;

    fn react(&self, id: &str, event: &Event, at_ms: i64) -> Vec<Reaction<LicencePlan>> {
        let Event::TrialStarted(it) = event else { return Vec::new() };
        let plan = PlanProvisioned {
            agreement_id: it.agreement_id.clone(),
            campus_id: id.to_owned(),
            kind: PlanKind::Trial.into(),
            seats: it.seats,
            starts_at_ms: at_ms,
            ends_at_ms: it.ends_at_ms,
        };
        let everybody = [MemberClass::Student, MemberClass::Staff, MemberClass::Fellow];
        let terms = PlanTermsSet {
            title: "Trial".to_owned(),
            selection_id: it.selection_id.clone(),
            member_classes: everybody.map(i32::from).to_vec(),
            revocation_cap_percent: 100,
            revoked_seat: RevokedSeat::Returned.into(),
            fall_back: FallBack::Audit.into(),
            self_service: true,
            ..PlanTermsSet::default()
        };
        // The call that started the trial knew the selection, and the agreement follows from the same event.
        let command = licence_plan::Command::Provision { plan, terms, agreement: Ok(()), selection: true };
        let command = By::platform(at_ms).asks(command);
        vec![Reaction { id: it.plan_id.clone(), command }]
    }
}
