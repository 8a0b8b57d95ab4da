//! A line to one service that outlives its restarts: a call is repeated with the same request id until it is answered.

use crate::{
    client::{Channel, explain},
    platform::{Platform, State},
    token::Wanted,
};
use anyhow::Result;
use std::{
    fmt::Display,
    sync::{PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

/// How long one try may take.
const TRY_MAX: Duration = Duration::from_secs(30);

/// How long a service that does not answer is waited for: long enough to start it again.
const PATIENCE: Duration = Duration::from_secs(90);

/// First and longest pause before a call is repeated.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Why a call came to nothing.
#[derive(Debug)]
pub enum Trouble {
    /// The service says no, and would say no again.
    Refused(Box<Status>),
    /// Nothing more can be done now; the sentence says what to do.
    Stop(String),
}

impl Trouble {
    fn of(service: &str, status: Status) -> Self {
        match status.code() {
            Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented => {
                Self::Stop(format!("{service} does not take the import's calls: {}", explain(&status)))
            }
            _ => Self::Refused(Box::new(status)),
        }
    }

    /// As an error, where a refusal is not expected.
    pub fn into_error(self, what: impl Display) -> anyhow::Error {
        match self {
            Self::Refused(status) => anyhow::anyhow!("{what} was refused: {}", explain(&status)),
            Self::Stop(why) => anyhow::anyhow!(why),
        }
    }
}

/// Connections to one service in the name of somebody.
pub struct Line {
    platform: Platform,
    service: &'static str,
    who: Wanted,
    open: RwLock<Open>,
    /// Held by the one who looks whether the service has moved.
    looking: Mutex<()>,
}

struct Open {
    address: String,
    channels: Vec<Channel>,
}

/// What a call says beside its message.
#[derive(Debug, Clone, Copy)]
pub struct Label<'a> {
    /// The same for the same act in every run of the import: it is done once, however often it is asked for.
    /// `None` for what only asks, or is told to be already so by the state.
    pub request_id: Option<Uuid>,
    /// Whose story it belongs to.
    pub correlation_id: &'a str,
    /// Which of the connections it takes.
    pub connection: usize,
}

impl Line {
    /// Connects to a service, several times over, so that no connection limits how much is in flight.
    pub async fn open(
        platform: &Platform,
        service: &'static str,
        roles: &[&str],
        subject: &str,
        connections: usize,
    ) -> Result<Self> {
        let roles = roles.iter().map(|it| (*it).to_owned()).collect();
        let who = Wanted { subject: subject.to_owned(), roles, ..Wanted::default() };
        let open = Open::new(platform, service, &who, connections).await?;
        Ok(Self { platform: platform.clone(), service, who, open: RwLock::new(open), looking: Mutex::new(()) })
    }

    /// One of the connections.
    pub fn channel(&self, connection: usize) -> Channel {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.channels[connection % open.channels.len()].clone()
    }

    /// Calls until there is an answer; without one for long, says what to do.
    pub async fn call<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        label: Label<'_>,
        message: &Q,
        send: impl Fn(Channel, Request<Q>) -> F,
    ) -> Result<T, Trouble> {
        let mut patience = Patience::default();
        loop {
            let request = label.on(message.clone());
            let answer = timeout(TRY_MAX, send(self.channel(label.connection), request)).await;
            match answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time"))) {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => patience.wait(self, status).await?,
            }
        }
    }

    /// A platform that was started again may answer elsewhere.
    async fn look_again(&self) {
        let Ok(_looking) = self.looking.try_lock() else { return };
        let Some(state) = State::read(&self.platform.data).filter(|it| it.ready) else { return };
        let (address, connections) = {
            let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
            (open.address.clone(), open.channels.len())
        };
        let platform = Platform { state, ..self.platform.clone() };
        if platform.address(self.service).is_ok_and(|it| it != address)
            && let Ok(open) = Open::new(&platform, self.service, &self.who, connections).await
        {
            *self.open.write().unwrap_or_else(PoisonError::into_inner) = open;
        }
    }
}

impl Open {
    async fn new(platform: &Platform, service: &str, who: &Wanted, connections: usize) -> Result<Self> {
        let mut channels = vec![];
        for _ in 0..connections.max(1) {
            channels.push(platform.connect_as(service, who).await?);
        }
        Ok(Self { address: platform.address(service)?.to_owned(), channels })
    }
}

impl Label<'_> {
    fn on<Q>(&self, message: Q) -> Request<Q> {
        let mut request = Request::new(message);
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let request_id = self.request_id.map(|it| &*it.hyphenated().encode_lower(&mut text));
        for (key, value) in [("x-request-id", request_id), ("x-correlation-id", Some(self.correlation_id))] {
            if let Some(Ok(value)) = value.map(str::parse) {
                request.metadata_mut().insert(key, value);
            }
        }
        request
    }
}

/// How long it is worth while to ask again.
#[derive(Default)]
pub struct Patience {
    failures: u32,
    failing_since: Option<Instant>,
}

impl Patience {
    /// Waits a little, longer each time, and looks where the service is.
    ///
    /// # Errors
    /// When asking again is of no use, or has been for long.
    pub async fn wait(&mut self, line: &Line, status: Status) -> Result<(), Trouble> {
        if !is_passing(status.code()) {
            return Err(Trouble::of(line.service, status));
        }
        if self.failing_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return Err(Trouble::Stop(format!(
                "{} has not answered for {} seconds ({}); start it again and repeat the command: it goes on where it stopped",
                line.service,
                PATIENCE.as_secs(),
                status.message()
            )));
        }
        let pause = (PAUSES.0 * 2_u32.pow(self.failures.min(8))).min(PAUSES.1);
        self.failures += 1;
        // Not all at once, when many calls fail in the same moment.
        sleep(pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
        line.look_again().await;
        Ok(())
    }
}

/// Whether the same call may have another answer later.
fn is_passing(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::Cancelled
            | Code::ResourceExhausted
            | Code::Internal
            | Code::Unknown
    )
}
