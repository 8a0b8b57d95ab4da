//! Calls that concern issuers and their keys.

use super::{Api, Reply, TEXT_MAX, no};
use crate::{
    issuer::{self, Command, Issuer, Sealed},
    issuers::{self, IssuerRow, Issuers},
    issuing_institutions::{self, IssuingInstitutions},
    key_store::KeyStore,
    settings::Settings,
    signing,
};
use studium_kit::{Call, Fields, Page, done, fault};
use studium_proto::credentials::v1::{
    CompromiseIssuerKeyRequest, CompromiseIssuerKeyResponse, CreateIssuerKeyRequest, CreateIssuerKeyResponse,
    GetIssuerRequest, GetIssuerResponse, ListIssuersRequest, ListIssuersResponse, PublishIssuerRequest,
    PublishIssuerResponse, Reason, ResealIssuerKeysRequest, ResealIssuerKeysResponse,
    issuer_service_server::IssuerService,
};
use tonic::{Request, Response, Status};

impl Api {
    pub(super) fn settings(&self) -> Result<&Settings, Status> {
        self.app.belonging::<Settings>().ok_or_else(|| not_configured("the service has no settings"))
    }

    fn keys(&self) -> Result<&KeyStore, Status> {
        let keys = self.settings()?.keys.as_ref();
        keys.ok_or_else(|| not_configured("the service has no key to seal with; set STUDIUM_CREDENTIALS_KEY_FILE"))
    }

    async fn is_authorised(&self, institution_id: &str) -> Result<bool, Status> {
        let it = issuing_institutions::institution(self.app.store(), institution_id).await.map_err(fault)?;
        Ok(it.is_issuer)
    }
}

fn not_configured(why: &str) -> Status {
    no(Reason::IssuingNotConfigured, why, "")
}

#[tonic::async_trait]
impl IssuerService for Api {
    async fn publish_issuer(&self, request: Request<PublishIssuerRequest>) -> Reply<PublishIssuerResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.done()?;
        let base_url = self.settings()?.url.clone();
        let did = issuer::did(&base_url, &it.institution_id).ok_or_else(|| {
            not_configured("the service does not know where strangers reach it; set STUDIUM_CREDENTIALS_URL")
        })?;
        self.app.reached_stream::<IssuingInstitutions>("catalogue", it.catalogue_position).await?;
        let authorised = self.is_authorised(&it.institution_id).await?;
        let call = call.at(it.at_ms)?;
        let command = Command::Publish { did, base_url, authorised };
        done!(PublishIssuerResponse, self.app.decide::<Issuer>(&call, &it.institution_id, &command).await?)
    }

    async fn create_issuer_key(&self, request: Request<CreateIssuerKeyRequest>) -> Reply<CreateIssuerKeyResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.done()?;
        let made = signing::new_key(self.keys()?, &it.institution_id);
        let (key_id, sealed) =
            made.ok_or_else(|| not_configured("no key can be made: the system gives no randomness"))?;
        let authorised = self.is_authorised(&it.institution_id).await?;
        let call = call.at(it.at_ms)?;
        let command = Command::CreateKey { key_id, sealed, authorised };
        done!(CreateIssuerKeyResponse, self.app.decide::<Issuer>(&call, &it.institution_id, &command).await?)
    }

    async fn compromise_issuer_key(
        &self,
        request: Request<CompromiseIssuerKeyRequest>,
    ) -> Reply<CompromiseIssuerKeyResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.id("key_id", &it.key_id);
        fields.check("since_ms", it.since_ms >= 0, "is Unix milliseconds and not negative");
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let command = Command::Compromise { key_id: it.key_id, since_ms: it.since_ms, reason: it.reason };
        done!(CompromiseIssuerKeyResponse, self.app.decide::<Issuer>(&call, &it.institution_id, &command).await?)
    }

    async fn reseal_issuer_keys(&self, request: Request<ResealIssuerKeysRequest>) -> Reply<ResealIssuerKeysResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.done()?;
        let store = self.keys()?;
        let id = &it.institution_id;
        let old = |it: &Issuer| -> Vec<issuer::Key> {
            it.keys().iter().filter(|key| !store.is_newest(&key.sealed)).cloned().collect()
        };
        let mut all: Vec<(String, Sealed)> = Vec::new();
        for key in self.app.look::<Issuer, _>(id, old).await? {
            let sealed = store.reseal(&key.sealed, &signing::whose(id, &key.id)).ok_or_else(|| {
                let why = format!(
                    "key {} is sealed with the operator's key {}, which is not in the file; put that line back",
                    key.id, key.sealed.by
                );
                no(Reason::IssuerKeyNotOpened, why, id)
            })?;
            all.push((key.id, sealed));
        }
        let call = call.at(it.at_ms)?;
        let command = Command::Reseal(all);
        done!(ResealIssuerKeysResponse, self.app.decide::<Issuer>(&call, id, &command).await?)
    }

    async fn get_issuer(&self, request: Request<GetIssuerRequest>) -> Reply<GetIssuerResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.done()?;
        self.app.reached::<Issuers>(it.min_position).await?;
        let row = issuers::issuer(self.app.store(), &it.institution_id).await.map_err(fault)?;
        let row = row.ok_or_else(|| {
            no(Reason::IssuerNotFound, "the institution is not published as an issuer", &it.institution_id)
        })?;
        let it = issuing_institutions::institution(self.app.store(), &row.institution_id).await.map_err(fault)?;
        Ok(Response::new(GetIssuerResponse { issuer: Some(row.shown(it.name, it.country, it.is_issuer)) }))
    }

    async fn list_issuers(&self, request: Request<ListIssuersRequest>) -> Reply<ListIssuersResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Issuers>(it.min_position).await?;
        let rows = issuers::issuers(self.app.store(), &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.institution_id.clone());
        let mut institutions = issuing_institutions::of_issuers(self.app.store(), &rows).await.map_err(fault)?;
        let shown = |row: IssuerRow| {
            let it = institutions.remove(&row.institution_id).unwrap_or_default();
            row.shown(it.name, it.country, it.is_issuer)
        };
        let issuers = rows.into_iter().map(shown).collect();
        Ok(Response::new(ListIssuersResponse { issuers, next_page_token }))
    }
}
