//! Calls that concern agreements.

use super::{Api, NAME_MAX, Reply, TEXT_MAX, done, no};
use crate::{
    agreement::{self, Agreement, Command},
    agreements::{self, AgreementRow, Agreements},
    campus_list::{self, CampusList},
    licence_plan::LicencePlan,
    plans::{self, Plans},
};
use studium_kit::{Call, Fields, Page, fault};
use studium_proto::campus::v1::{
    self as campus, AgreementSigned, EndAgreementRequest, EndAgreementResponse, GetAgreementRequest,
    GetAgreementResponse, ListAgreementsRequest, ListAgreementsResponse, Reason, SetAutoApplyPlanRequest,
    SetAutoApplyPlanResponse, SignAgreementRequest, SignAgreementResponse, agreement_service_server::AgreementService,
};
use tonic::{Request, Response, Status};

/// Whether an agreement's terms can be stored.
pub(super) fn check_terms(fields: &mut Fields, prefix: &str, title: &str, starts_at_ms: i64, ends_at_ms: i64) {
    fields.text(&format!("{prefix}title"), title, NAME_MAX);
    fields.check(&format!("{prefix}starts_at_ms"), starts_at_ms > 0, "is not given");
    let is_after = ends_at_ms == 0 || ends_at_ms > starts_at_ms;
    fields.check(&format!("{prefix}ends_at_ms"), is_after, "is not after the start");
}

impl Api {
    /// An agreement, if it is the campus's; whoever does not say which campus may see any.
    pub(super) async fn agreement_of(&self, campus_id: &str, agreement_id: &str) -> Result<AgreementRow, Status> {
        let row = agreements::agreement(self.app.store(), agreement_id).await.map_err(fault)?;
        row.filter(|it| campus_id.is_empty() || it.campus_id == campus_id)
            .ok_or_else(|| no(Reason::AgreementNotFound, "no such agreement was signed", agreement_id))
    }

    /// What setting the plan of an agreement rests on.
    pub(super) async fn auto_apply(
        &self,
        agreement_id: &str,
        plan_id: &str,
        now_ms: i64,
    ) -> Result<agreement::Command, Status> {
        let belongs_to = self.app.look::<LicencePlan, _>(plan_id, |it| it.agreement_id().map(str::to_owned)).await?;
        let (plan_id, own_id) = (plan_id.to_owned(), agreement_id.to_owned());
        Ok(Command::SetAutoApplyPlan { plan_id, belongs_to, own_id, now_ms })
    }

    async fn with_plans(&self, row: AgreementRow) -> Result<campus::Agreement, Status> {
        let plans = plans::of_agreement(self.app.store(), &row.agreement_id).await.map_err(fault)?;
        Ok(row.shown(plans))
    }
}

#[tonic::async_trait]
impl AgreementService for Api {
    async fn sign_agreement(&self, request: Request<SignAgreementRequest>) -> Reply<SignAgreementResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("agreement_id", &it.agreement_id);
        fields.id("campus_id", &it.campus_id);
        check_terms(&mut fields, "", &it.title, it.starts_at_ms, it.ends_at_ms);
        fields.done()?;
        self.app.reached::<CampusList>(it.campus_position).await?;
        let campus_known = campus_list::campus(self.app.store(), &it.campus_id).await.map_err(fault)?.is_some();
        let terms = AgreementSigned {
            campus_id: it.campus_id,
            title: it.title,
            starts_at_ms: it.starts_at_ms,
            ends_at_ms: it.ends_at_ms,
        };
        let command = Command::Sign { terms, campus_known };
        let call = call.at(it.at_ms)?;
        done!(SignAgreementResponse, self.app.decide::<Agreement>(&call, &it.agreement_id, &command).await?)
    }

    async fn set_auto_apply_plan(&self, request: Request<SetAutoApplyPlanRequest>) -> Reply<SetAutoApplyPlanResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("agreement_id", &it.agreement_id);
        if !it.plan_id.is_empty() {
            fields.id("plan_id", &it.plan_id);
        }
        fields.done()?;
        self.app.reached::<Plans>(it.plan_position).await?;
        let call = call.at(it.at_ms)?;
        let command = self.auto_apply(&it.agreement_id, &it.plan_id, call.now_ms()).await?;
        done!(SetAutoApplyPlanResponse, self.app.decide::<Agreement>(&call, &it.agreement_id, &command).await?)
    }

    async fn end_agreement(&self, request: Request<EndAgreementRequest>) -> Reply<EndAgreementResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("agreement_id", &it.agreement_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let command = Command::End { reason: it.reason };
        let call = call.at(it.at_ms)?;
        done!(EndAgreementResponse, self.app.decide::<Agreement>(&call, &it.agreement_id, &command).await?)
    }

    async fn get_agreement(&self, request: Request<GetAgreementRequest>) -> Reply<GetAgreementResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("agreement_id", &it.agreement_id);
        fields.done()?;
        self.app.reached::<Agreements>(it.min_position).await?;
        self.app.reached::<Plans>(it.min_position).await?;
        let row = self.agreement_of(&it.campus_id, &it.agreement_id).await?;
        let agreement = Some(self.with_plans(row).await?);
        Ok(Response::new(GetAgreementResponse { agreement }))
    }

    async fn list_agreements(&self, request: Request<ListAgreementsRequest>) -> Reply<ListAgreementsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Agreements>(it.min_position).await?;
        self.app.reached::<Plans>(it.min_position).await?;
        let rows = agreements::agreements(self.app.store(), &it.campus_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.agreement_id.clone());
        let mut agreements = Vec::with_capacity(rows.len());
        for row in rows {
            agreements.push(self.with_plans(row).await?);
        }
        Ok(Response::new(ListAgreementsResponse { agreements, next_page_token }))
    }
}
