//! Translates between gRPC and deciders and views; holds no rule.

mod acts;
mod bulk;
mod enrolling;
mod feeds;
mod keys;
mod learners;
mod merged;
mod partner;
mod programmes;
mod queries;
mod show;
mod webhooks;

use crate::{
    aliases::Aliases,
    enrolment::{self, Act, Authority, By, Enrolment},
    offers::{Missing, Offers},
};
use studium_kit::{App, Call, DecideError, Decided, Decider, Event, Fields, Outcome, Rejection, done, fault, status};
use studium_proto::enrolment::v1::{Reason, enrolment_event};
use tonic::Status;

/// The longest free text, characters.
const TEXT_MAX: usize = 2_000;

/// The longest name, address or external id, characters.
const NAME_MAX: usize = 320;

/// What all handlers hold.
#[derive(Clone)]
pub struct Api {
    app: App,
    offers: Offers,
    aliases: Aliases,
}

impl Api {
    /// Handlers over a running service.
    pub fn new(app: App, aliases: Aliases) -> Self {
        Self { offers: Offers::new(app.clone()), app, aliases }
    }

    /// Asks an enrolment for something on behalf of the caller.
    async fn ask(
        &self,
        call: &Call,
        (run, learner, institution): (&str, &str, &str),
        act: Act,
    ) -> Result<Outcome<enrolment_event::Event>, Status> {
        let id = self.meant::<Enrolment>(run, learner, matches!(act, Act::Invite { .. })).await?;
        let command = enrolment::Command { by: by(call, institution), act };
        self.app.decide::<Enrolment>(call, &id, &command).await
    }

    /// Staff of an institution may look only at runs that it provides.
    async fn must_provide(&self, call: &Call, run: &str, institution: &str) -> Result<(), Status> {
        if institution.is_empty() || by(call, institution).authority != Authority::Staff {
            return Ok(());
        }
        let offered = self.offers.run(run).await?;
        allowed(by(call, institution).may_act_for(&offered.run.institution_id, ""), run)
    }
}

/// Why an answer is no: a rule said so, or something else got in the way.
enum No {
    Rejected(Rejection<Reason>, String),
    Other(Box<Status>),
}

impl From<Status> for No {
    fn from(it: Status) -> Self {
        Self::Other(Box::new(it))
    }
}

impl From<Missing> for No {
    fn from(it: Missing) -> Self {
        match it {
            Missing::Unknown(it) => Self::Rejected(it, String::new()),
            Missing::Fault(it) => Self::Other(it),
        }
    }
}

impl From<Missing> for Status {
    fn from(it: Missing) -> Self {
        No::from(it).into()
    }
}

impl From<No> for Status {
    fn from(it: No) -> Self {
        match it {
            No::Rejected(it, id) => status::refused(&it, [("id", id.as_str())]),
            No::Other(it) => *it,
        }
    }
}

/// As `App::decide`, but keeps the refusal apart, for callers that look at it.
async fn decide<D: Decider<Reason = Reason>>(
    app: &App,
    call: &Call,
    id: &str,
    command: &D::Command,
) -> Result<Decided<D::Event>, No> {
    app.decide_as::<D>(&call.meta, id, command).await.map_err(|e| match e {
        DecideError::Refused(it) => No::Rejected(it, id.to_owned()),
        DecideError::Busy => status::busy().into(),
        DecideError::Outdated => status::outdated().into(),
        DecideError::Fault(e) => fault(e).into(),
    })
}

/// A refusal that no decider gives: what was asked about is not known here.
fn no(reason: Reason, detail: impl Into<String>, id: &str) -> No {
    No::Rejected(Rejection { reason, detail: detail.into() }, id.to_owned())
}

/// A rule that was asked outside a decision.
fn allowed(answer: Result<(), Rejection<Reason>>, id: &str) -> Result<(), Status> {
    answer.map_err(|it| No::Rejected(it, id.to_owned()).into())
}

/// With what authority somebody calls. Those of an institution have it only for one of their own that the request names.
fn by(call: &Call, institution: &str) -> By {
    let caller = &call.caller;
    let authority = if caller.acts_for_all() {
        Authority::Registrar
    } else if caller.acts_for(institution) {
        Authority::Staff
    } else {
        Authority::Learner
    };
    let institution_id = if authority == Authority::Learner { String::new() } else { institution.to_owned() };
    By { at_ms: call.now_ms(), authority, institution_id }
}

/// The ids that name an enrolment and for whom staff acts.
fn enrolment_ids(fields: &mut Fields, run: &str, learner: &str, institution: &str) {
    run_ids(fields, run, institution);
    fields.id("learner_id", learner);
}

/// The ids that name a run and for whom staff acts.
fn run_ids(fields: &mut Fields, run: &str, institution: &str) {
    fields.id("run_id", run);
    fields.optional_id("institution_id", institution);
}

/// What came of a command as a reply tells it.
fn outcome<E: Event>(id: &str, decided: Decided<E>) -> Outcome<E> {
    Outcome { id: id.to_owned(), position: decided.position, already: decided.already, events: decided.events }
}
