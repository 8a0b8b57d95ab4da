//! What an operator asks of a running service, answered the same way by every service.

use crate::{App, Call, Fields, fault, parked, progress::Roster, status};
use futures::{Stream, StreamExt as _};
use std::{pin::Pin, time::Duration};
use studium_log::Stored;
use studium_proto::admin::v1::{
    DropParkedRequest, DropParkedResponse, GetParkedRequest, GetParkedResponse, GetStatusRequest, GetStatusResponse,
    ListParkedRequest, ListParkedResponse, ListPersonalRequest, ListPersonalResponse, ListPoliciesRequest,
    ListPoliciesResponse, ListViewsRequest, ListViewsResponse, RebuildViewRequest, RebuildViewResponse,
    RetryParkedRequest, RetryParkedResponse, TraceRequest, TraceResponse, TracedCommit, VerifyLogRequest,
    VerifyLogResponse, ViewStatus, admin_service_server::AdminService,
};
use studium_store::{Dialect, Projection, StoreError, Verified};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};

/// How long an operator waits for a retry before the answer is "still at it".
const RETRY_WITHIN: Duration = Duration::from_secs(10);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The operator's side of a service.
#[derive(Clone)]
pub struct Admin {
    app: App,
    projection: Projection,
    roster: Roster,
    settings: Vec<(String, String)>,
}

impl Admin {
    pub(crate) fn new(app: App, projection: Projection, roster: Roster, settings: Vec<(String, String)>) -> Self {
        Self { app, projection, roster, settings }
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    type VerifyLogStream = Answers<VerifyLogResponse>;
    type RebuildViewStream = Answers<RebuildViewResponse>;
    type ListPersonalStream = Answers<ListPersonalResponse>;

    async fn get_status(&self, _: Request<GetStatusRequest>) -> Result<Response<GetStatusResponse>, Status> {
        let service = self.app.service();
        let durability = self.settings.iter().find(|it| it.0 == "durability").map(|it| it.1.clone());
        Ok(Response::new(GetStatusResponse {
            service: service.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            durability: durability.unwrap_or_default(),
            store: match self.app.store().dialect() {
                Dialect::Sqlite => "sqlite".to_owned(),
                Dialect::Postgres => "postgres".to_owned(),
            },
            log_position: self.app.log().head(service).await.map_err(fault)?,
            journal_position: self.app.store().journal().position(),
            memory_bytes: memory_bytes(),
            settings: self.settings.iter().cloned().collect(),
        }))
    }

    async fn verify_log(&self, _: Request<VerifyLogRequest>) -> Result<Response<Self::VerifyLogStream>, Status> {
        let (sender, answers) = mpsc::channel(16);
        let app = self.app.clone();
        tokio::spawn(async move {
            let progress = sender.clone();
            let verified = studium_store::verify(app.log(), app.store(), app.service(), |it: &Verified| {
                // A slow reader misses a step of progress, not the verdict.
                let _ = progress.try_send(Ok(told(it, false)));
            });
            let verdict = verified.await.map(|it| told(&it, true)).map_err(fault);
            let _ = sender.send(verdict).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn list_views(&self, _: Request<ListViewsRequest>) -> Result<Response<ListViewsResponse>, Status> {
        let views = self.projection.views().await.map_err(fault)?;
        let told = |it: studium_store::ViewStatus| ViewStatus {
            name: it.name,
            stream: it.stream,
            position: it.position,
            head: it.head,
            state: it.state,
        };
        Ok(Response::new(ListViewsResponse { views: views.into_iter().map(told).collect() }))
    }

    async fn list_policies(&self, _: Request<ListPoliciesRequest>) -> Result<Response<ListPoliciesResponse>, Status> {
        let policies = self.roster.standing(&self.app).await.map_err(fault)?;
        Ok(Response::new(ListPoliciesResponse { policies }))
    }

    async fn rebuild_view(
        &self,
        request: Request<RebuildViewRequest>,
    ) -> Result<Response<Self::RebuildViewStream>, Status> {
        let name = request.into_inner().name;
        let mut fields = Fields::new();
        fields.text("name", &name, 128);
        fields.done()?;
        let steps = ReceiverStream::new(self.projection.rebuild(&name)).map(|step| {
            let step = step.map_err(|e| match e {
                StoreError::Setup(why) => status::unfit(Code::FailedPrecondition, "CANNOT_REBUILD", why),
                e => fault(e),
            })?;
            Ok(RebuildViewResponse { position: step.position, head: step.head, done: step.done })
        });
        Ok(Response::new(Box::pin(steps)))
    }

    async fn list_parked(&self, _: Request<ListParkedRequest>) -> Result<Response<ListParkedResponse>, Status> {
        let parked = parked::list(self.app.store()).await.map_err(fault)?;
        Ok(Response::new(ListParkedResponse { parked }))
    }

    async fn get_parked(&self, request: Request<GetParkedRequest>) -> Result<Response<GetParkedResponse>, Status> {
        let id = request.into_inner().id;
        let (parked, payload) = parked::show(self.app.store(), id).await.map_err(fault)?.ok_or_else(|| unknown(id))?;
        Ok(Response::new(GetParkedResponse { parked: Some(parked), payload }))
    }

    async fn retry_parked(
        &self,
        request: Request<RetryParkedRequest>,
    ) -> Result<Response<RetryParkedResponse>, Status> {
        let id = request.into_inner().id;
        if !parked::ask_to_retry(self.app.store(), id).await.map_err(fault)? {
            return Err(unknown(id));
        }
        // The policy itself tries it, wherever it runs, so that the order of its events holds.
        let until = tokio::time::Instant::now() + RETRY_WITHIN;
        loop {
            let row = parked::show(self.app.store(), id).await.map_err(fault)?;
            let (outcome, parked) = match row.map(|it| it.0) {
                None => ("done".to_owned(), false),
                Some(it) if it.state == "refused" => (format!("refused: {}", it.cause), false),
                Some(it) if it.state == "parked" => (it.cause, true),
                Some(_) if tokio::time::Instant::now() > until => ("it is being tried; ask again".to_owned(), true),
                Some(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            return Ok(Response::new(RetryParkedResponse { outcome, parked }));
        }
    }

    async fn drop_parked(&self, request: Request<DropParkedRequest>) -> Result<Response<DropParkedResponse>, Status> {
        let (call, DropParkedRequest { id, why }) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("why", &why, 1000);
        fields.done()?;
        if !parked::give_up(self.app.store(), id, &call.caller.subject, &why).await.map_err(fault)? {
            return Err(unknown(id));
        }
        Ok(Response::new(DropParkedResponse {}))
    }

    async fn list_personal(
        &self,
        request: Request<ListPersonalRequest>,
    ) -> Result<Response<Self::ListPersonalStream>, Status> {
        let person = request.into_inner().person_id;
        let mut fields = Fields::new();
        fields.text("person_id", &person, 128);
        fields.done()?;
        let commits = self.app.store().held(&person, self.app.service()).await.map_err(fault)?;
        let told: Vec<_> = commits.iter().flat_map(|it| personal(it, &person)).map(Ok).collect();
        Ok(Response::new(Box::pin(futures::stream::iter(told))))
    }

    async fn trace(&self, request: Request<TraceRequest>) -> Result<Response<TraceResponse>, Status> {
        let id = request.into_inner().correlation_id;
        let mut fields = Fields::new();
        fields.text("correlation_id", &id, 128);
        fields.done()?;
        let commits = self.app.store().journal().by_correlation(&id).await.map_err(fault)?;
        let told = commits.iter().map(|it| TracedCommit {
            stream: it.stream().to_owned(),
            position: it.position,
            subject: it.commit.subject.clone(),
            version: it.commit.version,
            at_ms: it.commit.at_ms,
            recorded_at_ms: it.commit.recorded_at_ms,
            actor: it.commit.actor.clone(),
            causation_id: it.commit.causation_id.clone(),
            id: it.commit.id.clone(),
            events: it
                .commit
                .events
                .iter()
                .map(|e| studium_proto::name_of_event(it.aggregate(), e).to_owned())
                .collect(),
        });
        Ok(Response::new(TraceResponse { commits: told.collect() }))
    }
}

/// What the events of a commit say of a person, each with its personal fields alone.
fn personal(stored: &Stored, person: &str) -> Vec<ListPersonalResponse> {
    let (commit, aggregate) = (&stored.commit, stored.aggregate());
    let mut told = Vec::new();
    for sealed in commit.sealed.iter().filter(|it| it.holder == person) {
        let Some(event) = commit.events.get(sealed.event as usize) else { continue };
        let cut = studium_proto::personal(aggregate).and_then(|it| it.cut(&commit.subject, person, event));
        let parts = cut.map(|it| it.parts).unwrap_or_default();
        let part = parts.into_iter().find(|(holder, _)| holder == person);
        let Some(mut fields) = part.and_then(|(_, it)| studium_proto::event_json(aggregate, &it)) else { continue };
        if let Some(it) = fields.as_object_mut() {
            it.remove("event");
        }
        told.push(ListPersonalResponse {
            position: stored.position,
            subject: commit.subject.clone(),
            at_ms: commit.at_ms,
            event: studium_proto::name_of_event(aggregate, event).to_owned(),
            fields: fields.to_string(),
        });
    }
    told
}

fn unknown(id: i64) -> Status {
    let why = format!("nothing is parked under {id}; `studium parked list` shows what is");
    status::unfit(Code::NotFound, "NOT_PARKED", why)
}

fn told(it: &Verified, done: bool) -> VerifyLogResponse {
    VerifyLogResponse {
        checked: it.checked,
        total: it.total,
        aggregates: it.aggregates,
        problems: it.problems.clone(),
        problem_count: it.problem_count,
        done,
    }
}

/// Resident memory of this process; 0 where the system does not say.
fn memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kib = line.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
