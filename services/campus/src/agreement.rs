//! An agreement between a campus and the platform, below which plans hang: from when to when, and which plan new members get.

use studium_kit::{Decider, Decision, Reason as _, Rejection};
use studium_proto::campus::v1::{AgreementEnded, AgreementSigned, AutoApplyPlanSet, Reason, agreement_event::Event};

/// What can be asked of an agreement.
#[derive(Debug, Clone)]
pub enum Command {
    /// To hold; `campus_known` is whether the campus is registered.
    Sign { terms: AgreementSigned, campus_known: bool },
    /// To give new members seats of a plan, or of none if it is empty; `belongs_to` is the plan's agreement, if known.
    SetAutoApplyPlan { plan_id: String, belongs_to: Option<String>, own_id: String, now_ms: i64 },
    /// To hold no longer.
    End { reason: String },
}

/// An agreement as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Agreement {
    terms: Option<AgreementSigned>,
    auto_apply_plan: String,
    is_ended: bool,
}

impl Decider for Agreement {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        if let Command::Sign { terms, campus_known } = command {
            return self.sign(terms, *campus_known);
        }
        let Some(terms) = &self.terms else {
            return Reason::AgreementNotFound.because("no such agreement was signed");
        };
        match command {
            Command::SetAutoApplyPlan { plan_id, .. } if *plan_id == self.auto_apply_plan => Ok(Vec::new()),
            Command::SetAutoApplyPlan { plan_id, belongs_to, own_id, now_ms } => {
                let set = vec![Event::AutoApplyPlanSet(AutoApplyPlanSet { plan_id: plan_id.clone() })];
                if plan_id.is_empty() {
                    return Ok(set);
                }
                self.in_force(terms, *now_ms)?;
                match belongs_to {
                    None => Reason::NoPlan.because(format!("there is no plan `{plan_id}`")),
                    Some(it) if it != own_id => {
                        Reason::OtherAgreement.because(format!("plan `{plan_id}` belongs to agreement `{it}`"))
                    }
                    Some(_) => Ok(set),
                }
            }
            Command::End { .. } if self.is_ended => Ok(Vec::new()),
            Command::End { reason } if reason.trim().is_empty() => {
                Reason::ExplanationRequired.because("say why the agreement ends")
            }
            Command::End { reason } => Ok(vec![Event::AgreementEnded(AgreementEnded { reason: reason.clone() })]),
            Command::Sign { .. } => Ok(Vec::new()),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::AgreementSigned(it) => self.terms = Some(it.clone()),
            Event::AutoApplyPlanSet(it) => self.auto_apply_plan.clone_from(&it.plan_id),
            Event::AgreementEnded(_) => self.is_ended = true,
        }
    }
}

impl Agreement {
    fn sign(&self, terms: &AgreementSigned, campus_known: bool) -> Decision<Self> {
        match &self.terms {
            Some(it) if it == terms => Ok(Vec::new()),
            Some(it) => Reason::AgreementExists
                .because(format!("this id is the agreement \"{}\" of campus `{}` already", it.title, it.campus_id)),
            None if !campus_known => {
                Reason::CampusNotFound.because(format!("no campus `{}` is registered; do that first", terms.campus_id))
            }
            None => Ok(vec![Event::AgreementSigned(terms.clone())]),
        }
    }

    /// Whether a plan of a campus can hang below it at a time, or why not.
    pub fn carries(&self, campus_id: &str, now_ms: i64) -> Result<(), Reason> {
        match &self.terms {
            None => Err(Reason::AgreementNotFound),
            Some(it) if it.campus_id != campus_id => Err(Reason::OtherAgreement),
            Some(it) => self.in_force(it, now_ms).map_err(|it| it.reason),
        }
    }

    /// What begins only later may be prepared now.
    fn in_force(&self, terms: &AgreementSigned, now_ms: i64) -> Result<(), Rejection<Reason>> {
        if self.is_ended {
            return Reason::AgreementNotInForce.because("the agreement was ended");
        }
        if terms.ends_at_ms != 0 && now_ms >= terms.ends_at_ms {
            return Reason::AgreementNotInForce.because("the agreement's time is over");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
