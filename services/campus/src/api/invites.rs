//! Calls by which people become members themselves.

use super::{Api, NAME_MAX, Reply, TEXT_MAX, done, members::check_record, no};
use crate::{
    campus_list,
    invite_key::{Command, DAYS_MAX, InviteKey, Terms, USES_MAX},
    invite_keys::{self, InviteKeyRow, InviteKeys},
    member::{self, Member},
};
use studium_kit::{Call, Fields, Page, fault};
use studium_proto::campus::v1::{
    AdmitBySsoRequest, AdmitBySsoResponse, CreateInviteKeyRequest, CreateInviteKeyResponse, DeactivateInviteKeyRequest,
    DeactivateInviteKeyResponse, ListInviteKeysRequest, ListInviteKeysResponse, MemberClass, Reason,
    RedeemInviteRequest, RedeemInviteResponse, invite_service_server::InviteService,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

impl Api {
    /// The campus as the view knows it.
    async fn registered(&self, campus_id: &str) -> Result<studium_proto::campus::v1::Campus, Status> {
        let campus = campus_list::campus(self.app.store(), campus_id).await.map_err(fault)?;
        campus.ok_or_else(|| no(Reason::CampusNotFound, "no such campus is registered", campus_id))
    }
}

#[tonic::async_trait]
impl InviteService for Api {
    async fn create_invite_key(&self, request: Request<CreateInviteKeyRequest>) -> Reply<CreateInviteKeyResponse> {
        let (call, it) = Call::open(request)?;
        #[expect(clippy::disallowed_methods, reason = "the caller left it out, so each call makes another key")]
        let key = if it.key.is_empty() { Uuid::new_v4().to_string() } else { it.key };
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.id("key", &key);
        let class = MemberClass::try_from(it.class).unwrap_or_default();
        fields.check("class", class != MemberClass::Unspecified, "is not given");
        fields.optional_text("department", &it.department, NAME_MAX);
        fields.done()?;
        self.registered(&it.campus_id).await?;
        let terms = Terms {
            campus_id: it.campus_id,
            class,
            department: it.department,
            uses_max: if it.uses_max == 0 { USES_MAX } else { it.uses_max },
            valid_days: if it.valid_days == 0 { DAYS_MAX } else { it.valid_days },
        };
        let call = call.at(it.at_ms)?;
        let command = Command::Create { terms, at_ms: call.now_ms() };
        done!(CreateInviteKeyResponse, self.app.decide::<InviteKey>(&call, &key, &command).await?)
    }

    async fn deactivate_invite_key(
        &self,
        request: Request<DeactivateInviteKeyRequest>,
    ) -> Reply<DeactivateInviteKeyResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.id("key", &it.key);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let command = Command::Deactivate { campus_id: it.campus_id, reason: it.reason };
        let call = call.at(it.at_ms)?;
        done!(DeactivateInviteKeyResponse, self.app.decide::<InviteKey>(&call, &it.key, &command).await?)
    }

    async fn redeem_invite(&self, request: Request<RedeemInviteRequest>) -> Reply<RedeemInviteResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("key", &it.key);
        fields.id("learner_id", &it.learner_id);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let command = Command::Redeem { learner_id: it.learner_id, at_ms: call.now_ms() };
        done!(RedeemInviteResponse, self.app.decide::<InviteKey>(&call, &it.key, &command).await?)
    }

    async fn list_invite_keys(&self, request: Request<ListInviteKeysRequest>) -> Reply<ListInviteKeysResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<InviteKeys>(it.min_position).await?;
        let rows = invite_keys::of_campus(self.app.store(), &it.campus_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.invite_key.clone());
        let keys = rows.into_iter().map(InviteKeyRow::shown).collect();
        Ok(Response::new(ListInviteKeysResponse { keys, next_page_token }))
    }

    async fn admit_by_sso(&self, request: Request<AdmitBySsoRequest>) -> Reply<AdmitBySsoResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.id("learner_id", &it.learner_id);
        fields.text("email_domain", &it.email_domain, NAME_MAX);
        check_record(&mut fields, it.record.as_ref());
        fields.done()?;
        let domains = self.registered(&it.campus_id).await?.sso_domains;
        let (record, domain) = (it.record.unwrap_or_default(), it.email_domain.to_lowercase());
        let command = member::Command::AdmitBySso { record, domain, domains };
        let id = format!("{}~{}", it.campus_id, it.learner_id);
        done!(AdmitBySsoResponse, self.app.decide::<Member>(&call.at(it.at_ms)?, &id, &command).await?)
    }
}
