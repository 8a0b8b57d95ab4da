//! Calls that concern plans: provision, terms, freeze, renewal, and what there is to see.

use super::{Api, NAME_MAX, Reply, TEXT_MAX, done, no};
use crate::{
    agreement::Agreement,
    licence_plan::{Command, LicencePlan},
    plans::{self, PlanRow, Plans},
    seat_uses::{self, SeatUseRow, SeatUses},
    seats::{self, Seats},
    selections::{self, Selections},
};
use studium_kit::{Call, Fields, Outcome, Page, fault};
use studium_proto::campus::v1::{
    ActivateSeatRequest, ActivateSeatResponse, AmendPlanRequest, AmendPlanResponse, AssignSeatsRequest,
    CancelRenewalRequest, CancelRenewalResponse, CarryOver, EnrolBySeatRequest, EnrolBySeatResponse, FallBack,
    FreezePlanRequest, FreezePlanResponse, GetPlanRequest, GetPlanResponse, ListPlansRequest, ListPlansResponse,
    ListSeatUsesRequest, ListSeatUsesResponse, ListSeatsRequest, ListSeatsResponse, ListStuckSeatUsesRequest,
    ListStuckSeatUsesResponse, PlanKind, PlanProvisioned, PlanTermsSet, ProvisionPlanRequest, ProvisionPlanResponse,
    Reason, RemindSeatsRequest, RemindSeatsResponse, RenewalScheduled, RevokeSeatRequest, RevokeSeatResponse,
    RevokedSeat, ScheduleRenewalRequest, ScheduleRenewalResponse, SetSeatsRequest, SetSeatsResponse,
    TransferSeatsRequest, TransferSeatsResponse, UnfreezePlanRequest, UnfreezePlanResponse, WhyNotRequest,
    WhyNotResponse, licence_plan_event::Event, plan_service_server::PlanService,
};
use tonic::{Request, Response, Status, Streaming};

/// The most seats of one plan.
const SEATS_MAX: u32 = 1_000_000;

/// What the terms of a plan are where nothing is said: percent of activated seats that may be revoked, days of grace.
const REVOCATION_CAP_PERCENT: u32 = 5;
const IDLE_GRACE_DAYS: u32 = 14;

/// Requests without an answer are stuck after so many seconds, unless the caller says otherwise.
const STUCK_AFTER_S: u32 = 60;

/// Stuck requests that are listed at most.
const STUCK_MAX: i64 = 500;

impl Api {
    /// Asks a plan for something on behalf of the caller.
    pub(super) async fn plan(
        &self,
        call: &Call,
        (plan, campus): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        self.app.decide::<LicencePlan>(call, plan, &super::by(call, campus).asks(command)).await
    }

    /// Whether an agreement can carry a plan of a campus at a time, or why not.
    pub(super) async fn agreement_carries(
        &self,
        agreement: &str,
        campus: &str,
        at_ms: i64,
    ) -> Result<Result<(), Reason>, Status> {
        self.app.look::<Agreement, _>(agreement, |it| it.carries(campus, at_ms)).await
    }

    /// A plan that the caller may see.
    pub(super) async fn visible_plan(
        &self,
        call: &Call,
        campus: &str,
        plan: &str,
        as_of_ms: i64,
    ) -> Result<PlanRow, Status> {
        let store = self.app.store();
        let row = match as_of_ms {
            0 => plans::plan(store, plan).await,
            at => plans::plan_as_of(store, plan, at).await,
        };
        match row.map_err(fault)? {
            Some(row) if super::by(call, campus).may_act_for(&row.campus_id).is_ok() => Ok(row),
            Some(_) => Err(no(Reason::NotYourCampus, "the plan belongs to another campus", plan)),
            None => Err(no(Reason::NoPlan, "there is no such plan", plan)),
        }
    }

    /// The command that provisions a plan, with what it rests on; `ProvisionCampus` gives the same as one of its steps.
    pub(super) async fn plan_to_provision(
        &self,
        it: ProvisionPlanRequest,
        agreement: Result<(), Reason>,
    ) -> Result<Command, Status> {
        let mut fields = Fields::new();
        fields.id("plan_id", &it.plan_id);
        fields.id("agreement_id", &it.agreement_id);
        fields.id("campus_id", &it.campus_id);
        fields.check("seats", it.seats <= SEATS_MAX, "are more than 1,000,000");
        fields.check("kind", PlanKind::try_from(it.kind).is_ok(), "is unknown");
        let terms = terms(&mut fields, it.terms);
        fields.done()?;
        let selection = selections::exists(self.app.store(), &terms.selection_id).await.map_err(fault)?;
        let plan = PlanProvisioned {
            agreement_id: it.agreement_id,
            campus_id: it.campus_id,
            kind: if it.kind == 0 { PlanKind::Paid.into() } else { it.kind },
            seats: it.seats,
            starts_at_ms: it.starts_at_ms,
            ends_at_ms: it.ends_at_ms,
        };
        Ok(Command::Provision { plan, terms, agreement, selection })
    }
}

/// Terms that can be stored, with what holds where nothing is said.
fn terms(fields: &mut Fields, terms: Option<PlanTermsSet>) -> PlanTermsSet {
    let Some(mut it) = terms else {
        fields.check("terms", false, "are not given");
        return PlanTermsSet::default();
    };
    fields.text("terms.title", &it.title, NAME_MAX);
    fields.id("terms.selection_id", &it.selection_id);
    fields.check("terms.member_classes", !it.member_classes.is_empty(), "are not given");
    fields.check("terms.member_classes", it.member_classes.iter().all(|it| (1..=3).contains(it)), "are unknown");
    fields.check("terms.fee_per_seat_minor", it.fee_per_seat_minor >= 0, "is negative");
    let is_code = it.currency.len() == 3 && it.currency.bytes().all(|it| it.is_ascii_uppercase());
    fields.check(
        "terms.currency",
        is_code || (it.currency.is_empty() && it.fee_per_seat_minor == 0),
        "is no ISO 4217 code",
    );
    fields.check("terms.revocation_cap_percent", it.revocation_cap_percent <= 100, "is more than 100");
    fields.check("terms.revoked_seat", RevokedSeat::try_from(it.revoked_seat).is_ok(), "is unknown");
    fields.check("terms.fall_back", FallBack::try_from(it.fall_back).is_ok(), "is unknown");
    fields.check("terms.idle_days", it.idle_days <= 3_650, "are more than ten years");
    fields.check("terms.idle_grace_days", it.idle_grace_days <= 365, "are more than a year");
    it.member_classes.sort_unstable();
    it.member_classes.dedup();
    it.credit_course_ids.sort_unstable();
    it.credit_course_ids.dedup();
    for (value, otherwise) in
        [(&mut it.revocation_cap_percent, REVOCATION_CAP_PERCENT), (&mut it.idle_grace_days, IDLE_GRACE_DAYS)]
    {
        *value = if *value == 0 { otherwise } else { *value };
    }
    if it.revoked_seat == 0 {
        it.revoked_seat = RevokedSeat::Returned.into();
    }
    if it.fall_back == 0 {
        it.fall_back = FallBack::Audit.into();
    }
    it
}

/// Opens a call on a plan: who, when, and the plan's id looked at.
macro_rules! open {
    ($request:expr) => {{
        let (call, it) = Call::open($request)?;
        let mut fields = Fields::new();
        fields.id("plan_id", &it.plan_id);
        (call.at(it.at_ms)?, it, fields)
    }};
}

#[tonic::async_trait]
impl PlanService for Api {
    type AssignSeatsStream = super::seats::Answers;

    async fn provision_plan(&self, request: Request<ProvisionPlanRequest>) -> Reply<ProvisionPlanResponse> {
        let (call, it) = Call::open(request)?;
        let (call, plan_id) = (call.at(it.at_ms)?, it.plan_id.clone());
        self.app.reached_stream::<Selections>("catalogue", it.catalogue_position).await?;
        let agreement = self.agreement_carries(&it.agreement_id, &it.campus_id, call.now_ms()).await?;
        let command = self.plan_to_provision(it, agreement).await?;
        done!(ProvisionPlanResponse, self.plan(&call, (&plan_id, ""), command).await?)
    }

    async fn amend_plan(&self, request: Request<AmendPlanRequest>) -> Reply<AmendPlanResponse> {
        let (call, it, mut fields) = open!(request);
        let terms = terms(&mut fields, it.terms);
        fields.done()?;
        self.app.reached_stream::<Selections>("catalogue", it.catalogue_position).await?;
        let selection = selections::exists(self.app.store(), &terms.selection_id).await.map_err(fault)?;
        done!(AmendPlanResponse, self.plan(&call, (&it.plan_id, ""), Command::Amend { terms, selection }).await?)
    }

    async fn set_seats(&self, request: Request<SetSeatsRequest>) -> Reply<SetSeatsResponse> {
        let (call, it, mut fields) = open!(request);
        fields.check("total", it.total <= SEATS_MAX, "is more than 1,000,000");
        fields.done()?;
        done!(SetSeatsResponse, self.plan(&call, (&it.plan_id, ""), Command::SetSeats { total: it.total }).await?)
    }

    async fn freeze_plan(&self, request: Request<FreezePlanRequest>) -> Reply<FreezePlanResponse> {
        let (call, it, mut fields) = open!(request);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let command = Command::Freeze { reason: it.reason };
        done!(FreezePlanResponse, self.plan(&call, (&it.plan_id, ""), command).await?)
    }

    async fn unfreeze_plan(&self, request: Request<UnfreezePlanRequest>) -> Reply<UnfreezePlanResponse> {
        let (call, it, fields) = open!(request);
        fields.done()?;
        done!(UnfreezePlanResponse, self.plan(&call, (&it.plan_id, ""), Command::Unfreeze).await?)
    }

    async fn schedule_renewal(&self, request: Request<ScheduleRenewalRequest>) -> Reply<ScheduleRenewalResponse> {
        let (call, it, mut fields) = open!(request);
        fields.check("seats", it.seats <= SEATS_MAX, "are more than 1,000,000");
        fields.check("carry_over", CarryOver::try_from(it.carry_over).is_ok(), "is unknown");
        fields.check("fee_per_seat_minor", it.fee_per_seat_minor >= 0, "is negative");
        fields.done()?;
        let carry_over = if it.carry_over == 0 { CarryOver::Held.into() } else { it.carry_over };
        let (term, seats, fee_per_seat_minor) = (it.term, it.seats, it.fee_per_seat_minor);
        let ends_at_ms = it.ends_at_ms;
        let renewal = RenewalScheduled { term, seats, starts_at_ms: 0, ends_at_ms, carry_over, fee_per_seat_minor };
        let command = Command::ScheduleRenewal(renewal);
        done!(ScheduleRenewalResponse, self.plan(&call, (&it.plan_id, ""), command).await?)
    }

    async fn cancel_renewal(&self, request: Request<CancelRenewalRequest>) -> Reply<CancelRenewalResponse> {
        let (call, it, fields) = open!(request);
        fields.done()?;
        let command = Command::CancelRenewal { term: it.term };
        done!(CancelRenewalResponse, self.plan(&call, (&it.plan_id, ""), command).await?)
    }

    async fn assign_seats(&self, request: Request<Streaming<AssignSeatsRequest>>) -> Reply<Self::AssignSeatsStream> {
        let (call, rows) = Call::open(request)?;
        Ok(Response::new(self.assign_all(call, rows)))
    }

    async fn activate_seat(&self, request: Request<ActivateSeatRequest>) -> Reply<ActivateSeatResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("learner_id", &it.learner_id);
        fields.done()?;
        let command = Command::Activate { learner_id: it.learner_id };
        done!(ActivateSeatResponse, self.plan(&call, (&it.plan_id, &it.campus_id), command).await?)
    }

    async fn remind_seats(&self, request: Request<RemindSeatsRequest>) -> Reply<RemindSeatsResponse> {
        let (call, it, fields) = open!(request);
        fields.done()?;
        self.remind_all(&call, it).await
    }

    async fn revoke_seat(&self, request: Request<RevokeSeatRequest>) -> Reply<RevokeSeatResponse> {
        let (call, it, mut fields) = open!(request);
        fields.id("learner_id", &it.learner_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let command = Command::Revoke { learner_id: it.learner_id, reason: it.reason };
        done!(RevokeSeatResponse, self.plan(&call, (&it.plan_id, &it.campus_id), command).await?)
    }

    async fn transfer_seats(&self, request: Request<TransferSeatsRequest>) -> Reply<TransferSeatsResponse> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        self.transfer(&call, it).await
    }

    async fn enrol_by_seat(&self, request: Request<EnrolBySeatRequest>) -> Reply<EnrolBySeatResponse> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        self.enrol(&call, it).await
    }

    async fn why_not(&self, request: Request<WhyNotRequest>) -> Reply<WhyNotResponse> {
        let (call, it) = Call::open(request)?;
        self.explain(&call, it).await
    }

    async fn get_plan(&self, request: Request<GetPlanRequest>) -> Reply<GetPlanResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("plan_id", &it.plan_id);
        fields.check("as_of_ms", it.as_of_ms >= 0, "is Unix milliseconds and not negative");
        fields.done()?;
        self.app.reached::<Plans>(it.min_position).await?;
        let plan = self.visible_plan(&call, &it.campus_id, &it.plan_id, it.as_of_ms).await?;
        Ok(Response::new(GetPlanResponse { plan: Some(plan.shown()) }))
    }

    async fn list_plans(&self, request: Request<ListPlansRequest>) -> Reply<ListPlansResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Plans>(it.min_position).await?;
        let rows = plans::of_campus(self.app.store(), &it.campus_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.plan_id.clone());
        Ok(Response::new(ListPlansResponse { plans: rows.iter().map(PlanRow::shown).collect(), next_page_token }))
    }

    async fn list_seats(&self, request: Request<ListSeatsRequest>) -> Reply<ListSeatsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("plan_id", &it.plan_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Seats>(it.min_position).await?;
        self.app.reached::<Plans>(it.min_position).await?;
        let plan = self.visible_plan(&call, &it.campus_id, &it.plan_id, 0).await?;
        let rows = seats::of_plan(self.app.store(), &plan, it.state(), &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.learner_id.clone());
        let seats = rows.into_iter().map(|it| it.shown(&plan)).collect();
        Ok(Response::new(ListSeatsResponse { seats, next_page_token }))
    }

    async fn list_seat_uses(&self, request: Request<ListSeatUsesRequest>) -> Reply<ListSeatUsesResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("plan_id", &it.plan_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<SeatUses>(it.min_position).await?;
        self.app.reached::<Plans>(it.min_position).await?;
        let plan = self.visible_plan(&call, &it.campus_id, &it.plan_id, 0).await?;
        let rows = seat_uses::of_plan(self.app.store(), &it.plan_id, &it.learner_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| format!("{}~{}", it.learner_id, it.run_id));
        let uses = rows.into_iter().map(|it| it.under(&plan).shown()).collect();
        Ok(Response::new(ListSeatUsesResponse { uses, next_page_token }))
    }

    async fn list_stuck_seat_uses(
        &self,
        request: Request<ListStuckSeatUsesRequest>,
    ) -> Reply<ListStuckSeatUsesResponse> {
        let (call, it) = Call::open(request)?;
        self.app.reached::<SeatUses>(it.min_position).await?;
        self.app.reached::<Plans>(it.min_position).await?;
        let older = if it.older_than_seconds == 0 { STUCK_AFTER_S } else { it.older_than_seconds };
        let before_ms = call.now_ms() - i64::from(older) * 1_000;
        let rows = seat_uses::unanswered(self.app.store(), &it.campus_id, before_ms, STUCK_MAX).await.map_err(fault)?;
        Ok(Response::new(ListStuckSeatUsesResponse { uses: rows.into_iter().map(SeatUseRow::shown).collect() }))
    }
}
