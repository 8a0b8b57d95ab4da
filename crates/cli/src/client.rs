//! Calls to the services of a platform: channels with a token, and their errors as sentences.

use crate::{
    patient::Patient,
    platform::{Platform, ServiceState},
    token,
    transport::Transport,
};
use anyhow::{Context, Result, anyhow};
use std::time::Duration;
use studium_proto::admin::v1::admin_service_client::AdminServiceClient;
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
};
use tonic_types::StatusExt as _;

/// A connection to one service whose every call carries a token and waits when the service asks it to. Generated clients
/// take it; clones share it.
pub type Channel = Patient<InterceptedService<tonic::transport::Channel, Bearer>>;

/// Adds the caller's token to each call.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl Platform {
    /// A connection to a service, with a token of the development issuer for these roles and the subject `studium-cli`.
    pub async fn connect(&self, service: &str, roles: &[&str]) -> Result<Channel> {
        let wanted =
            token::Wanted { roles: roles.iter().map(|it| (*it).to_owned()).collect(), ..token::Wanted::default() };
        self.connect_as(service, &wanted).await
    }

    /// Connections to every replica of a service.
    pub async fn connect_to_all(&self, service: &str, roles: &[&str]) -> Result<Vec<Channel>> {
        let roles: Vec<_> = roles.iter().map(|it| (*it).to_owned()).collect();
        let who = token::Wanted { roles, ..token::Wanted::default() };
        let state = &self.state;
        let mut all = vec![];
        for it in state.services.iter().chain(&state.replicas).filter(|it| it.name == service) {
            all.push(self.connect_at(service, &it.address, &who).await?);
        }
        Ok(all)
    }

    /// A connection to a service in the name of somebody.
    pub async fn connect_as(&self, service: &str, who: &token::Wanted) -> Result<Channel> {
        self.connect_at(service, self.address(service)?, who).await
    }

    /// The operator's side of one process of a service.
    pub async fn admin_at(&self, it: &ServiceState) -> Result<AdminServiceClient<Channel>> {
        let who = token::Wanted { roles: vec!["operator".to_owned()], ..token::Wanted::default() };
        Ok(AdminServiceClient::new(self.connect_at(&it.name, &it.address, &who).await?))
    }

    async fn connect_at(&self, service: &str, address: &str, who: &token::Wanted) -> Result<Channel> {
        let bearer = format!("Bearer {}", token::issue(&self.data, who)?);
        let channel = Transport::of(&self.data)?
            .endpoint(address)?
            .connect_timeout(Duration::from_secs(5))
            .tcp_nodelay(true)
            .connect()
            .await
            .with_context(|| format!("{service} does not answer at {address}; see `studium status`"))?;
        Ok(Patient(InterceptedService::new(channel, Bearer(bearer.parse()?))))
    }

    /// The operator's side of a service.
    pub async fn admin(&self, service: &str) -> Result<AdminServiceClient<Channel>> {
        Ok(AdminServiceClient::new(self.connect(service, &["operator"]).await?))
    }
}

/// The reason of a refusal as the contract names it, for example `RUN_FULL`.
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|it| it.reason)
}

/// What went wrong, in a sentence for the person who asked.
pub fn explain(status: &Status) -> String {
    let fields: Vec<_> = status
        .get_details_bad_request()
        .into_iter()
        .flat_map(|it| it.field_violations)
        .map(|it| format!("{}: {}", it.field, it.description))
        .collect();
    let message = status.message();
    match (reason(status), status.code()) {
        _ if !fields.is_empty() => fields.join("; "),
        (Some(reason), _) if !reason.is_empty() => format!("{message} ({reason})"),
        (_, Code::Unavailable) => format!("the service does not answer ({message}); see `studium status`"),
        (_, Code::Unauthenticated | Code::PermissionDenied) => {
            format!("{message}; `studium token --role ROLE` prints a token for a role that may")
        }
        (_, Code::FailedPrecondition | Code::NotFound | Code::InvalidArgument | Code::AlreadyExists) => {
            message.to_owned()
        }
        (_, code) => format!("{message} ({code:?})"),
    }
}

/// The same as an error, to be handed to `map_err`.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` gives it away")]
pub fn failed(status: Status) -> anyhow::Error {
    anyhow!(explain(&status))
}
