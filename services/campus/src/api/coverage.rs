//! Enrolment by seat, and the question why not: both ask the plan's own rules with the same facts.

use super::{Api, Reply, no};
use crate::{
    licence_plan::{Assignee, Command, LicencePlan, MemberFact, Wanted, how_near},
    member::Member,
    members,
    plans::{self, Plans},
    runs::{self, Runs},
    selections::{self, Selections},
};
use studium_kit::{Call, DecideError, Fields, Reason as _, Rejection, View, fault};
use studium_proto::campus::v1::{
    EnrolBySeatRequest, EnrolBySeatResponse, MemberDescribed, PlanAnswer, Reason, WhyNotRequest, WhyNotResponse,
    licence_plan_event::Event,
};
use tonic::{Response, Status};

impl From<&MemberDescribed> for MemberFact {
    fn from(it: &MemberDescribed) -> Self {
        Self { class: it.class(), department: it.department.clone(), test_user: it.test_user }
    }
}

impl Api {
    /// What the campus's roster says of a learner. Who is not in the view yet may have come a moment ago.
    pub(super) async fn assignee(&self, campus: &str, learner: &str) -> Result<Assignee, Status> {
        let ids = [learner.to_owned()];
        let known = members::among(self.app.store(), campus, &ids).await.map_err(fault)?.pop();
        let member = match known {
            Some(it) => Some(MemberFact::from(&it.record())),
            None => self.new_member(campus, learner).await?,
        };
        Ok(Assignee { learner_id: learner.to_owned(), member })
    }

    /// What the membership itself says, for a learner whom the view does not know.
    pub(super) async fn new_member(&self, campus: &str, learner: &str) -> Result<Option<MemberFact>, Status> {
        let id = format!("{campus}~{learner}");
        self.app.look::<Member, _>(&id, |it| it.record().map(MemberFact::from)).await
    }

    /// The plans that are asked, each with the selection that it covers: the one named, or all of the campus, first those
    /// of which the learner holds a seat.
    async fn asked_plans(&self, plan: &str, campus: &str, learner: &str) -> Result<Vec<(String, String)>, Status> {
        let ids = if plan.is_empty() {
            let rows = plans::that_cover(self.app.store(), campus).await.map_err(fault)?;
            rows.into_iter().map(|it| it.plan_id).collect()
        } else {
            vec![plan.to_owned()]
        };
        let (mut held, mut others) = (Vec::new(), Vec::new());
        for id in ids {
            let facts = |it: &LicencePlan| (it.holds(learner), it.selection_id().to_owned());
            let (holds, selection) = self.app.look(&id, facts).await?;
            if holds { held.push((id, selection)) } else { others.push((id, selection)) }
        }
        held.append(&mut others);
        Ok(held)
    }

    /// The wish with what a selection says of it.
    async fn wanted_of(&self, selection: &str, wanted: &Wanted) -> Result<Wanted, Status> {
        let in_selection = selections::holds(self.app.store(), selection, &wanted.course_id).await.map_err(fault)?;
        Ok(Wanted { in_selection, ..wanted.clone() })
    }

    pub(super) async fn enrol(&self, call: &Call, it: EnrolBySeatRequest) -> Reply<EnrolBySeatResponse> {
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.id("learner_id", &it.learner_id);
        fields.id("run_id", &it.run_id);
        if !it.plan_id.is_empty() {
            fields.id("plan_id", &it.plan_id);
        }
        fields.done()?;
        self.app.reached_stream::<Runs>("catalogue", it.catalogue_position).await?;
        self.app.reached_stream::<Selections>("catalogue", it.catalogue_position).await?;
        self.app.reached::<Plans>(it.min_position).await?;
        let catalogue_position = self.app.store().position_of(Runs::NAME, "catalogue");
        let by = super::by_member(call, &it.campus_id);
        let wanted = Wanted {
            learner: self.assignee(&it.campus_id, &it.learner_id).await?,
            course_id: self.course_of(&it.run_id).await?,
            run_id: it.run_id.clone(),
            in_selection: false,
            for_credit: it.for_credit,
            by_administrator: call.caller.acts_for(&it.campus_id),
            catalogue_position,
        };
        let mut nearest: Option<Rejection<Reason>> = None;
        for (plan_id, selection) in self.asked_plans(&it.plan_id, &it.campus_id, &it.learner_id).await? {
            let command = by.clone().asks(Command::Use(self.wanted_of(&selection, &wanted).await?));
            // Each plan is a request of its own: what one refused another may grant.
            match self.app.decide_as::<LicencePlan>(&call.row(&plan_id).meta, &plan_id, &command).await {
                Ok(outcome) => {
                    let round = outcome.events.iter().find_map(|event| match event {
                        Event::SeatUseRequested(it) => Some(it.round),
                        _ => None,
                    });
                    return Ok(Response::new(EnrolBySeatResponse {
                        plan_id,
                        position: outcome.position,
                        already: outcome.already,
                        round: round.unwrap_or_default(),
                    }));
                }
                Err(DecideError::Refused(it)) => nearest = Some(nearer(nearest, it)),
                Err(e) => return Err(super::failed(e, &plan_id)),
            }
        }
        let refusal = nearest.unwrap_or_else(no_plan);
        Err(no(refusal.reason, refusal.detail, &it.campus_id))
    }

    /// The course of a run.
    async fn course_of(&self, run: &str) -> Result<String, Status> {
        match runs::run(self.app.store(), run).await.map_err(fault)? {
            Some(it) => Ok(it.course_id),
            None => Err(no(
                Reason::RunNotFound,
                "no event of the catalogue tells of this run; if it was just scheduled, pass the position of that as \
                 `catalogue_position`",
                run,
            )),
        }
    }

    pub(super) async fn explain(&self, call: &Call, it: WhyNotRequest) -> Reply<WhyNotResponse> {
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.id("learner_id", &it.learner_id);
        let field = if it.run_id.is_empty() { ("course_id", &it.course_id) } else { ("run_id", &it.run_id) };
        fields.id(field.0, field.1);
        fields.done()?;
        self.app.reached::<Plans>(it.min_position).await?;
        let by = super::by_member(call, &it.campus_id);
        let wanted = Wanted {
            learner: self.assignee(&it.campus_id, &it.learner_id).await?,
            course_id: if it.run_id.is_empty() { it.course_id } else { self.course_of(&it.run_id).await? },
            for_credit: it.for_credit,
            by_administrator: call.caller.acts_for(&it.campus_id),
            ..Wanted::default()
        };
        let mut answer = WhyNotResponse::default();
        let mut nearest: Option<Rejection<Reason>> = None;
        for (plan_id, selection) in self.asked_plans("", &it.campus_id, &it.learner_id).await? {
            let wanted = self.wanted_of(&selection, &wanted).await?;
            let judge = |plan: &LicencePlan| (plan.may_use(&by, &wanted), plan.holds(&it.learner_id));
            let (judged, holds_seat) = self.app.look::<LicencePlan, _>(&plan_id, judge).await?;
            let mut said = PlanAnswer { plan_id: plan_id.clone(), holds_seat, ..PlanAnswer::default() };
            match judged {
                Ok(()) => {
                    said.covered = true;
                    if !answer.covered || (holds_seat && !answer.holds_seat) {
                        (answer.covered, answer.plan_id, answer.holds_seat) = (true, plan_id, holds_seat);
                    }
                }
                Err(refusal) => {
                    (said.reason, said.detail) = (refusal.reason.name().to_owned(), refusal.detail.clone());
                    nearest = Some(nearer(nearest, refusal));
                }
            }
            answer.plans.push(said);
        }
        if !answer.covered {
            let refusal = nearest.unwrap_or_else(no_plan);
            (answer.reason, answer.detail) = (refusal.reason.name().to_owned(), refusal.detail);
        }
        Ok(Response::new(answer))
    }
}

/// The refusal that is nearer to a yes.
fn nearer(known: Option<Rejection<Reason>>, it: Rejection<Reason>) -> Rejection<Reason> {
    match known {
        Some(known) if how_near(known.reason) >= how_near(it.reason) => known,
        _ => it,
    }
}

fn no_plan() -> Rejection<Reason> {
    Rejection { reason: Reason::NoPlan, detail: "the campus has no plan".to_owned() }
}
