//! What all rpcs on enrolments share: who asks with what authority, what the run offers, one way to act.

use crate::{
    enrolment::{Act, Authority, By, Command, Enrolment, Offer, Rule},
    offers::Offers,
};
use studium_kit::{App, Call, Caller, Fields, Outcome, Reason as _, status};
use studium_proto::enrolment::v1::{Reason, enrolment_event::Event};
use tonic::{Code, Status};

/// The longest free text of a request, characters.
pub const TEXT_MAX: usize = 2000;

/// Whom a request is about, and when: fields that every request on an enrolment has.
pub struct About {
    /// The run.
    pub run_id: String,
    /// The learner.
    pub learner_id: String,
    /// The institution that staff acts for.
    pub institution_id: String,
    /// Business time, Unix milliseconds; 0 = now.
    pub at_ms: i64,
}

impl About {
    /// Id of the enrolment.
    pub fn id(&self) -> String {
        format!("{}~{}", self.run_id, self.learner_id)
    }

    /// Checks the fields that every request has.
    pub fn check(&self, fields: &mut Fields) {
        fields.id("run_id", &self.run_id);
        fields.id("learner_id", &self.learner_id);
        if !self.institution_id.is_empty() {
            fields.id("institution_id", &self.institution_id);
        }
    }
}

/// Takes the fields that every request has out of one.
macro_rules! about {
    ($request:ident) => {
        $crate::api::desk::About {
            run_id: std::mem::take(&mut $request.run_id),
            learner_id: std::mem::take(&mut $request.learner_id),
            institution_id: std::mem::take(&mut $request.institution_id),
            at_ms: $request.at_ms,
        }
    };
}
pub(crate) use about;

/// One desk for all rpcs on enrolments. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    app: App,
    offers: Offers,
}

impl Desk {
    /// A desk of the service.
    pub fn new(app: App) -> Self {
        Self { offers: Offers::new(app.clone()), app }
    }

    /// The service.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// How a run decides who has passed.
    pub async fn rule(&self, run_id: &str) -> Result<Rule, Status> {
        Ok(self.offers.run(run_id).await?.run.rule())
    }

    /// What a self-payer pays for a run, in minor units.
    pub async fn price_minor(&self, run_id: &str) -> Result<i64, Status> {
        Ok(self.offers.run(run_id).await?.offer().price_minor)
    }

    /// Has the enrolment decide.
    pub async fn act(&self, call: &Call, about: &About, act: Act) -> Result<Outcome<Event>, Status> {
        let by = by(call, &about.institution_id);
        self.app.decide::<Enrolment>(call, &about.id(), &Command { by, act }).await
    }

    /// Has the enrolment decide on what a run offers this learner.
    /// What was remembered of the run may be a moment old: before anybody is told no, it is read again.
    pub async fn act_on_offer(
        &self,
        call: &Call,
        about: &About,
        on: OfferOf<'_>,
        act: impl Fn(Offer) -> Act,
    ) -> Result<Outcome<Event>, Status> {
        self.offers.reached(on.catalogue_position).await?;
        let known = self.offers.run(on.run_id).await?;
        let offer = self.offers.facts(&known, &about.learner_id, on.sponsor).await?;
        match self.act(call, about, act(offer)).await {
            Err(no) if no.code() == Code::FailedPrecondition => {
                let fresh = self.offers.read(on.run_id).await?;
                if fresh == known {
                    return Err(no);
                }
                let offer = self.offers.facts(&fresh, &about.learner_id, on.sponsor).await?;
                self.act(call, about, act(offer)).await
            }
            decided => decided,
        }
    }
}

/// Whose offer a decision needs.
pub struct OfferOf<'a> {
    /// The run.
    pub run_id: &'a str,
    /// Who sponsors the learner; empty if nobody.
    pub sponsor: &'a str,
    /// The catalogue's position to wait for; 0 = do not wait.
    pub catalogue_position: u64,
}

impl<'a> OfferOf<'a> {
    /// The offer of a run to somebody without a sponsor, as far as is known.
    pub fn run(run_id: &'a str) -> Self {
        Self { run_id, sponsor: "", catalogue_position: 0 }
    }
}

/// Says no on behalf of a rule that stands at the edge: what it speaks of is not there.
pub fn refuse(reason: Reason, detail: &str) -> Status {
    match reason.because::<()>(detail) {
        Err(rejection) => status::refused(&rejection, [("service", "enrolment")]),
        Ok(()) => status::outdated(),
    }
}

/// Who asks, as rules see it.
pub fn by(call: &Call, institution_id: &str) -> By {
    let authority = authority(&call.caller);
    let institution_id = if authority == Authority::Staff { institution_id.to_owned() } else { String::new() };
    By { at_ms: call.now_ms(), authority, institution_id }
}

fn authority(caller: &Caller) -> Authority {
    if ["registrar", "operator", "service"].iter().any(|it| caller.has(it)) {
        Authority::Registrar
    } else if caller.has("staff") || caller.has("teacher") {
        Authority::Staff
    } else {
        Authority::Learner
    }
}
