//! The way in: one learner into one run, with the facts that the catalogue's events tell of it.

use super::{Api, No, TEXT_MAX, by, decide, enrolment_ids, outcome};
use crate::{
    enrolment::{self, Act, Enrolment, Terms},
    offers::Offered,
};
use studium_kit::{Call, Fields, Outcome};
use studium_proto::enrolment::v1::{
    EnrolRequest, EnrolmentMode, EnrolmentSource, EnrolmentState, InviteRequest, enrolment_event::Event,
};
use tonic::{Code, Status};

/// What came of it, and where the enrolment stands now.
pub(super) type Enrolled = (Outcome<Event>, EnrolmentState);

impl Api {
    /// Enrols one learner; single calls and rows of bulk calls alike.
    pub(super) async fn try_enrol(&self, call: &Call, it: &EnrolRequest) -> Result<Enrolled, No> {
        check(it)?;
        self.offers.reached(it.catalogue_position).await?;
        let offered = self.offers.run(&it.run_id).await?;
        match self.enrol_on(call, it, &offered).await {
            Err(no) if is_about_the_world(&no) => {
                // What was remembered may be older than what says yes.
                let fresh = self.offers.read(&it.run_id).await?;
                if fresh == offered { Err(no) } else { self.enrol_on(call, it, &fresh).await }
            }
            answer => answer,
        }
    }

    async fn enrol_on(&self, call: &Call, it: &EnrolRequest, offered: &Offered) -> Result<Enrolled, No> {
        let terms = terms(it.source(), &it.source_ref, it.mode(), &it.sponsor_institution_id);
        let offer = self.offers.facts(offered, &it.learner_id, &it.sponsor_institution_id).await?;
        let act = Act::Enrol { offer, terms, override_reason: it.override_reason.clone() };
        let command = enrolment::Command { by: by(call, &it.institution_id), act };
        let id = self.meant::<Enrolment>(&it.run_id, &it.learner_id, true).await?;
        let decided = decide::<Enrolment>(&self.app, call, &id, &command).await?;
        let outcome = outcome(&id, decided);
        let state = self.state_after(&outcome).await?;
        Ok((outcome, state))
    }

    /// Where an enrolment stands after an outcome; only what was already so has to be looked up.
    pub(super) async fn state_after(&self, outcome: &Outcome<Event>) -> Result<EnrolmentState, Status> {
        let decided = outcome.events.iter().rev().find_map(|it| match it {
            Event::EnrolmentActivated(_) => Some(EnrolmentState::Active),
            Event::EnrolmentRequested(_) => Some(EnrolmentState::Requested),
            Event::EnrolmentCompleted(_) => Some(EnrolmentState::Completed),
            Event::EnrolmentFailed(_) => Some(EnrolmentState::Failed),
            _ => None,
        });
        match decided {
            Some(state) if !outcome.already => Ok(state),
            _ => Ok(self.app.state::<Enrolment>(&outcome.id).await?.state()),
        }
    }

    pub(super) async fn try_invite(&self, call: &Call, it: InviteRequest) -> Result<Outcome<Event>, Status> {
        self.offers.reached(it.catalogue_position).await?;
        let source = if it.source == 0 { EnrolmentSource::Staff } else { it.source() };
        let offered = self.offers.run(&it.run_id).await?;
        let act = Act::Invite {
            offer: offered.offer(),
            terms: terms(source, &it.source_ref, it.mode(), &it.sponsor_institution_id),
            expires_at_ms: it.expires_at_ms,
            reason: it.reason,
        };
        self.ask(call, (&it.run_id, &it.learner_id, &it.institution_id), act).await
    }
}

fn check(it: &EnrolRequest) -> Result<(), Status> {
    let mut fields = Fields::new();
    enrolment_ids(&mut fields, &it.run_id, &it.learner_id, &it.institution_id);
    fields.optional_id("source_ref", &it.source_ref);
    fields.optional_id("sponsor_institution_id", &it.sponsor_institution_id);
    fields.optional_text("override_reason", &it.override_reason, TEXT_MAX);
    fields.check("source", EnrolmentSource::try_from(it.source).is_ok_and(|it| it as i32 > 0), "is not given");
    fields.check("mode", EnrolmentMode::try_from(it.mode).is_ok(), "is unknown");
    fields.done()
}

/// Terms with the mode that the source suggests where none is given.
fn terms(source: EnrolmentSource, source_ref: &str, mode: EnrolmentMode, sponsor: &str) -> Terms {
    let suggested = if source == EnrolmentSource::Audit { EnrolmentMode::Audit } else { EnrolmentMode::Certificate };
    Terms {
        source,
        source_ref: source_ref.to_owned(),
        mode: if mode == EnrolmentMode::Unspecified { suggested } else { mode },
        sponsor_institution_id: sponsor.to_owned(),
        deferred_from_run_id: String::new(),
    }
}

/// A refusal that another state of the catalogue may turn into a yes.
fn is_about_the_world(no: &No) -> bool {
    use studium_kit::{Kind, Reason as _};
    match no {
        No::Rejected(it, _) => it.reason.kind() == Kind::FailedPrecondition,
        No::Other(it) => it.code() == Code::FailedPrecondition,
    }
}
