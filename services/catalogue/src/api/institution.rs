//! Calls that concern institutions and their domains.

use super::{Api, Reply, checks, done};
use crate::{
    domain::{self, Domain},
    institution::{Command, Institution},
};
use studium_kit::{Call, Fields, Outcome};
use studium_proto::catalogue::v1::{
    AuthoriseInstitutionRequest, AuthoriseInstitutionResponse, Authority, ClaimDomainRequest, ClaimDomainResponse,
    RegisterInstitutionRequest, RegisterInstitutionResponse, ReleaseDomainRequest, ReleaseDomainResponse,
    RenameInstitutionRequest, RenameInstitutionResponse, SetInstitutionCountryRequest, SetInstitutionCountryResponse,
    WithdrawAuthorisationRequest, WithdrawAuthorisationResponse, institution_event::Event,
    institution_service_server::InstitutionService,
};
use tonic::{Request, Status};

impl Api {
    async fn institution(
        &self,
        call: Call,
        at_ms: i64,
        mut fields: Fields,
        id: &str,
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("institution_id", id);
        fields.done()?;
        self.app.decide::<Institution>(&call.at(at_ms)?, id, &command).await
    }
}

fn domain_of(fields: &mut Fields, institution_id: &str, text: &str) -> String {
    fields.id("institution_id", institution_id);
    let domain = domain::parse(text);
    fields.check("domain", domain.is_some(), "is no domain as `open.ac.uk`");
    domain.unwrap_or_default()
}

#[tonic::async_trait]
impl InstitutionService for Api {
    async fn register_institution(
        &self,
        request: Request<RegisterInstitutionRequest>,
    ) -> Reply<RegisterInstitutionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("name", &it.name, checks::TITLE);
        checks::country(&mut fields, "country", &it.country, false);
        let command = Command::Register { name: it.name, country: it.country };
        done!(RegisterInstitutionResponse, self.institution(call, it.at_ms, fields, &it.institution_id, command).await?)
    }

    async fn rename_institution(&self, request: Request<RenameInstitutionRequest>) -> Reply<RenameInstitutionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("name", &it.name, checks::TITLE);
        let command = Command::Rename { name: it.name };
        done!(RenameInstitutionResponse, self.institution(call, it.at_ms, fields, &it.institution_id, command).await?)
    }

    async fn set_institution_country(
        &self,
        request: Request<SetInstitutionCountryRequest>,
    ) -> Reply<SetInstitutionCountryResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::country(&mut fields, "country", &it.country, true);
        let command = Command::SetCountry { country: it.country };
        done!(
            SetInstitutionCountryResponse,
            self.institution(call, it.at_ms, fields, &it.institution_id, command).await?
        )
    }

    async fn claim_domain(&self, request: Request<ClaimDomainRequest>) -> Reply<ClaimDomainResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let domain = domain_of(&mut fields, &it.institution_id, &it.domain);
        fields.done()?;
        let institution_known = self.is_institution(&it.institution_id).await?;
        let id = domain::id(&domain);
        let command = domain::Command::Claim { domain, institution_id: it.institution_id, institution_known };
        done!(ClaimDomainResponse, self.app.decide::<Domain>(&call.at(it.at_ms)?, &id, &command).await?)
    }

    async fn release_domain(&self, request: Request<ReleaseDomainRequest>) -> Reply<ReleaseDomainResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let domain = domain_of(&mut fields, &it.institution_id, &it.domain);
        fields.done()?;
        let id = domain::id(&domain);
        let command = domain::Command::Release { domain, institution_id: it.institution_id };
        done!(ReleaseDomainResponse, self.app.decide::<Domain>(&call.at(it.at_ms)?, &id, &command).await?)
    }

    async fn authorise_institution(
        &self,
        request: Request<AuthoriseInstitutionRequest>,
    ) -> Reply<AuthoriseInstitutionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::known::<Authority>(&mut fields, "authority", it.authority, true);
        let command = Command::Authorise { authority: it.authority() };
        done!(
            AuthoriseInstitutionResponse,
            self.institution(call, it.at_ms, fields, &it.institution_id, command).await?
        )
    }

    async fn withdraw_authorisation(
        &self,
        request: Request<WithdrawAuthorisationRequest>,
    ) -> Reply<WithdrawAuthorisationResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::known::<Authority>(&mut fields, "authority", it.authority, true);
        fields.text("reason", &it.reason, checks::TITLE);
        let command = Command::WithdrawAuthorisation { authority: it.authority(), reason: it.reason };
        done!(
            WithdrawAuthorisationResponse,
            self.institution(call, it.at_ms, fields, &it.institution_id, command).await?
        )
    }
}
