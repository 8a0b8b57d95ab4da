//! The call that sets a campus up, step by step.

use super::{
    Api, NAME_MAX, Reply,
    agreements::check_terms,
    campus::{check_domains, check_person},
};
use crate::{
    agreement::{self, Agreement},
    campus::{self, Campus},
    institutions::{self, Institutions},
    licence_plan::LicencePlan,
    plans::Plans,
    selections::Selections,
};
use std::collections::BTreeSet;
use studium_kit::{Call, DecideError, Decider, Fields, Reason as _, fault};
use studium_proto::campus::v1::{
    AgreementSigned, ProvisionCampusRequest, ProvisionCampusResponse, ProvisionPlanRequest, ProvisionStep, Reason,
    StepAnswer, StepOutcome, provision_service_server::ProvisionService,
};
use tonic::{Request, Response, Status};

/// The most administrators, and the most teachers, of one call.
const PEOPLE_MAX: usize = 1_000;

/// One call at work.
struct Provisioning<'a> {
    api: &'a Api,
    call: Call,
    dry_run: bool,
    steps: Vec<StepAnswer>,
    position: u64,
}

impl Provisioning<'_> {
    /// Takes one step. In a dry run the same rules decide on `state`, which lives through what would have happened.
    async fn step<D: Decider<Reason = Reason>>(
        &mut self,
        step: ProvisionStep,
        about: &str,
        id: &str,
        state: &mut D,
        command: &D::Command,
    ) -> Result<(), Status> {
        let outcome = if self.dry_run {
            state.decide(command).map(|events| {
                for event in &events {
                    state.evolve(event);
                }
                if events.is_empty() { StepOutcome::Already } else { StepOutcome::WouldDo }
            })
        } else {
            // A request id of its own for each step, so that the whole call may be repeated under its id.
            let call = self.call.row(format_args!("{}:{about}", step.as_str_name()));
            match self.api.app.decide_as::<D>(&call.meta, id, command).await {
                Ok(it) if it.already => Ok(StepOutcome::Already),
                Ok(it) => {
                    self.position = self.position.max(it.position);
                    Ok(StepOutcome::Done)
                }
                Err(DecideError::Refused(it)) => Err(it),
                Err(e) => return Err(super::failed(e, id)),
            }
        };
        let (outcome, reason, detail) = match outcome {
            Ok(it) => (it, String::new(), String::new()),
            Err(it) => (StepOutcome::Refused, it.reason.name().to_owned(), it.detail),
        };
        let (step, outcome) = (step.into(), outcome.into());
        self.steps.push(StepAnswer { step, id: about.to_owned(), outcome, reason, detail });
        Ok(())
    }

    /// Whether the last step was not refused: it is so, or would be.
    fn stands(&self) -> bool {
        self.steps.last().is_some_and(|it| it.outcome() != StepOutcome::Refused)
    }

    async fn campus(&mut self, it: &ProvisionCampusRequest) -> Result<bool, Status> {
        use campus::Command::{AddAdministrator, AddTeacher, Register, SetSsoDomains};
        let (id, app) = (it.campus_id.as_str(), &self.api.app);
        let authorised = institutions::is_campus(app.store(), id).await.map_err(fault)?;
        let mut state = app.state::<Campus>(id).await?;
        let command = Register { name: it.name.clone(), authorised };
        self.step(ProvisionStep::Campus, id, id, &mut state, &command).await?;
        let campus_known = self.stands();
        if !it.sso_domains.is_empty() {
            let command = SetSsoDomains { domains: it.sso_domains.iter().cloned().collect() };
            self.step(ProvisionStep::SsoDomains, id, id, &mut state, &command).await?;
        }
        for person in &it.administrator_ids {
            let command = AddAdministrator { person_id: person.clone() };
            self.step(ProvisionStep::Administrator, person, id, &mut state, &command).await?;
        }
        for person in &it.teacher_ids {
            let command = AddTeacher { person_id: person.clone() };
            self.step(ProvisionStep::Teacher, person, id, &mut state, &command).await?;
        }
        Ok(campus_known)
    }

    async fn agreement(&mut self, it: &ProvisionCampusRequest, campus_known: bool) -> Result<(), Status> {
        let id = it.agreement_id.as_str();
        let mut state = self.api.app.state::<Agreement>(id).await?;
        let terms = AgreementSigned {
            campus_id: it.campus_id.clone(),
            title: it.agreement_title.clone(),
            starts_at_ms: it.agreement_starts_at_ms,
            ends_at_ms: it.agreement_ends_at_ms,
        };
        let command = agreement::Command::Sign { terms, campus_known };
        self.step(ProvisionStep::Agreement, id, id, &mut state, &command).await?;
        self.plans(it, &state).await?;
        if it.auto_apply_plan_id.is_empty() {
            return Ok(());
        }
        // What another campus signed under this id is not this campus's to change.
        let signed = self.steps.iter().find(|it| it.step() == ProvisionStep::Agreement);
        if let Some(refused) = signed.filter(|it| it.outcome() == StepOutcome::Refused) {
            let (step, id) = (ProvisionStep::AutoApply.into(), it.auto_apply_plan_id.clone());
            let answer = StepAnswer { step, id, detail: "needs the agreement".to_owned(), ..refused.clone() };
            self.steps.push(answer);
        } else {
            let mut command = self.api.auto_apply(id, &it.auto_apply_plan_id, self.call.now_ms()).await?;
            // In a dry run the plan of this call is not there yet.
            if let agreement::Command::SetAutoApplyPlan { belongs_to: belongs_to @ None, .. } = &mut command
                && self.dry_run
                && self.would_be(&it.auto_apply_plan_id)
            {
                *belongs_to = Some(id.to_owned());
            }
            self.step(ProvisionStep::AutoApply, &it.auto_apply_plan_id, id, &mut state, &command).await?;
        }
        Ok(())
    }
}

impl Provisioning<'_> {
    /// Provisions the plans of the call below its agreement.
    async fn plans(&mut self, it: &ProvisionCampusRequest, agreement: &Agreement) -> Result<(), Status> {
        let signed = if self.dry_run {
            agreement.carries(&it.campus_id, self.call.now_ms())
        } else {
            self.api.agreement_carries(&it.agreement_id, &it.campus_id, self.call.now_ms()).await?
        };
        for plan in &it.plans {
            let plan = ProvisionPlanRequest {
                campus_id: it.campus_id.clone(),
                agreement_id: it.agreement_id.clone(),
                ..plan.clone()
            };
            let id = plan.plan_id.clone();
            let command = self.api.plan_to_provision(plan, signed).await?;
            let command = super::by(&self.call, "").asks(command);
            let mut state = self.api.app.state::<LicencePlan>(&id).await?;
            self.step(ProvisionStep::Plan, &id, &id, &mut state, &command).await?;
        }
        Ok(())
    }

    /// Whether a plan is provisioned by this call, or would be.
    fn would_be(&self, plan_id: &str) -> bool {
        let is_plan = |it: &&StepAnswer| it.step() == ProvisionStep::Plan && it.id == plan_id;
        self.steps.iter().find(is_plan).is_some_and(|it| it.outcome() != StepOutcome::Refused)
    }
}

fn check(it: &ProvisionCampusRequest) -> Result<(), Status> {
    let mut fields = Fields::new();
    fields.id("campus_id", &it.campus_id);
    fields.text("name", &it.name, NAME_MAX);
    check_domains(&mut fields, &it.sso_domains);
    for (field, people) in [("administrator_ids", &it.administrator_ids), ("teacher_ids", &it.teacher_ids)] {
        fields.check(field, people.len() <= PEOPLE_MAX, "are more than 1000; send the rest in another call");
        fields.check(field, BTreeSet::from_iter(people).len() == people.len(), "names somebody twice");
        for person in people.iter().take(PEOPLE_MAX) {
            check_person(&mut fields, field, person);
        }
    }
    if it.agreement_id.is_empty() {
        let is_set = !it.auto_apply_plan_id.is_empty() || !it.agreement_title.is_empty() || !it.plans.is_empty();
        fields.check("agreement_id", !is_set, "is empty, but the agreement is described");
    } else {
        fields.id("agreement_id", &it.agreement_id);
        let (starts, ends) = (it.agreement_starts_at_ms, it.agreement_ends_at_ms);
        check_terms(&mut fields, "agreement_", &it.agreement_title, starts, ends);
        if !it.auto_apply_plan_id.is_empty() {
            fields.id("auto_apply_plan_id", &it.auto_apply_plan_id);
        }
    }
    fields.done()
}

#[tonic::async_trait]
impl ProvisionService for Api {
    async fn provision_campus(&self, request: Request<ProvisionCampusRequest>) -> Reply<ProvisionCampusResponse> {
        let (call, it) = Call::open(request)?;
        check(&it)?;
        self.app.reached_stream::<Institutions>("catalogue", it.catalogue_position).await?;
        self.app.reached_stream::<Selections>("catalogue", it.catalogue_position).await?;
        self.app.reached::<Plans>(it.min_position).await?;
        let (call, dry_run) = (call.at(it.at_ms)?, it.dry_run);
        let mut provisioning = Provisioning { api: self, call, dry_run, steps: Vec::new(), position: 0 };
        let campus_known = provisioning.campus(&it).await?;
        if !it.agreement_id.is_empty() {
            provisioning.agreement(&it, campus_known).await?;
        }
        let Provisioning { steps, position, .. } = provisioning;
        Ok(Response::new(ProvisionCampusResponse {
            already: steps.iter().all(|it| it.outcome() == StepOutcome::Already),
            refused: steps.iter().any(|it| it.outcome() == StepOutcome::Refused),
            steps,
            position,
        }))
    }
}
