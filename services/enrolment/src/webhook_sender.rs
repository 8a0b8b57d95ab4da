//! Sends to addresses of others, and only to those: the guard against requests that somebody has us make within the
//! house (SSRF) looks at the very address that is connected to.

use crate::{
    retry_after,
    webhook_address::{Address, Allowed},
    webhooks::Webhooks,
};
use futures::future::BoxFuture;
use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
    redirect::Policy,
};
use std::{
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use studium_kit::{Work as _, held_back, now_ms};

/// How long an attempt may take in all (Standard Webhooks recommends 15 to 30 s).
const TIMEOUT: Duration = Duration::from_secs(15);

/// Bytes of an answer that are read, so that its connection can be used again; what is in them nobody looks at.
const ANSWER_MAX: usize = 16_384;

/// What is said of a name that may not be sent to. One sentence for all that is wrong with it: what names lead to within
/// the house, and which there are, is for nobody outside.
const NOWHERE: &str = "its name leads to no public address";

/// Looks names up.
pub trait LookUp: Send + Sync + 'static {
    /// All addresses of a name.
    fn look_up(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Looks names up as the machine does.
pub struct BySystem;

impl LookUp for BySystem {
    fn look_up(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|it| it.ip()).collect()) })
    }
}

/// A resolver that gives no address which may not be connected to. What it gives is what is connected to: the name is
/// not looked up a second time, so an answer that changes meanwhile (DNS rebinding) changes nothing.
struct Guard {
    allowed: Allowed,
    names: Arc<dyn LookUp>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (name, allowed) = (name.as_str().to_owned(), self.allowed.clone());
        let looking = self.names.look_up(name.clone());
        Box::pin(async move {
            let refused = |why: &str| {
                held_back(Webhooks::NAME, &name, why);
                NOWHERE
            };
            let found = looking.await.map_err(|e| refused(&e.to_string()))?;
            if found.is_empty() {
                return Err(refused("the name has no address").into());
            }
            // One that is not public among several is no accident: none of them is taken.
            if let Some(it) = found.iter().find(|it| !allowed.takes(**it)) {
                return Err(refused(&format!("the name leads to {it}, which is no public address")).into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|it| SocketAddr::new(it, 0)));
            Ok(addresses)
        })
    }
}

/// Sends to webhooks. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    allowed: Allowed,
    guarded: Client,
    /// For hosts that the operator names.
    trusting: Client,
}

/// What came of an attempt.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// HTTP status; 0 = there was none.
    pub status: u16,
    /// How long it took.
    pub took_ms: i64,
    /// What went wrong, in words; empty if nothing did.
    pub failure: String,
    /// The address asks to be left alone until then, Unix milliseconds; 0 = it does not.
    pub wait_until_ms: i64,
}

impl Answer {
    /// Whether the event has arrived.
    pub fn is_delivered(&self) -> bool {
        self.failure.is_empty()
    }

    /// Whether nothing is to be sent there any more.
    pub fn is_gone(&self) -> bool {
        self.status == 410
    }
}

impl Sender {
    /// A sender that looks names up as the machine does.
    ///
    /// # Errors
    /// When the machine's certificates cannot be read.
    pub fn new(allowed: Allowed) -> Result<Self, String> {
        Self::with(allowed, Arc::new(BySystem))
    }

    /// A sender that has names looked up by somebody.
    ///
    /// # Errors
    /// When the machine's certificates cannot be read.
    pub fn with(allowed: Allowed, names: Arc<dyn LookUp>) -> Result<Self, String> {
        let client = || {
            // No proxy: it would connect in our place, and to what it looks up itself.
            Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                .timeout(TIMEOUT)
                .user_agent(concat!("Studium-Webhooks/", env!("CARGO_PKG_VERSION")))
        };
        let unfit = |e| format!("webhooks cannot be sent: {}", innermost(&e));
        let guard = Guard { allowed: allowed.clone(), names };
        let guarded = client().dns_resolver(guard).build().map_err(unfit)?;
        Ok(Self { allowed, guarded, trusting: client().build().map_err(unfit)? })
    }

    /// Whether an address may be sent to, as far as can be said before its name is looked up.
    ///
    /// # Errors
    /// With a sentence that says why not.
    pub fn check(&self, url: &str) -> Result<(), String> {
        Address::read(url, &self.allowed).map(drop)
    }

    /// Sends a CloudEvents document.
    pub async fn post(&self, url: &str, headers: [(&'static str, String); 3], body: Vec<u8>) -> Answer {
        // Read again each time: what the operator allows may have changed since.
        match Address::read(url, &self.allowed) {
            Ok(address) => self.post_to(&address, headers, body).await,
            Err(failure) => Answer { failure, ..Answer::default() },
        }
    }

    async fn post_to(&self, address: &Address, headers: [(&'static str, String); 3], body: Vec<u8>) -> Answer {
        let client = if address.is_named { &self.trusting } else { &self.guarded };
        let request =
            client.post(address.url.clone()).header(CONTENT_TYPE, "application/cloudevents+json; charset=utf-8");
        let request = headers.into_iter().fold(request, |it, (name, value)| it.header(name, value));
        let began_ms = now_ms();
        let mut answer = match request.body(body).send().await {
            Ok(it) => read(it).await,
            Err(e) => Answer { failure: in_words(&e), ..Answer::default() },
        };
        answer.took_ms = (now_ms() - began_ms).max(0);
        answer
    }
}

async fn read(mut response: Response) -> Answer {
    let status = response.status();
    let wait_until_ms = match status.as_u16() {
        429 | 503 => wait_until(response.headers(), now_ms()),
        _ => 0,
    };
    let mut left = ANSWER_MAX;
    // A failure here says nothing about the event, which has been answered.
    while let Ok(Some(part)) = response.chunk().await {
        let Some(rest) = left.checked_sub(part.len()) else { break };
        left = rest;
    }
    let failure = if status.is_success() {
        String::new()
    } else if status.is_redirection() {
        format!("{status}: redirects are not followed")
    } else {
        status.to_string()
    };
    Answer { status: status.as_u16(), failure, wait_until_ms, took_ms: 0 }
}

/// When an answer asks us to come again; 0 if it does not say.
fn wait_until(headers: &HeaderMap, now_ms: i64) -> i64 {
    headers.get(RETRY_AFTER).and_then(|it| it.to_str().ok()).map_or(0, |it| retry_after::until_ms(it, now_ms))
}

fn in_words(e: &reqwest::Error) -> String {
    if e.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    }
    let what = if e.is_connect() { "cannot be connected to" } else { "the connection broke off" };
    format!("{what}: {}", innermost(e))
}

fn innermost(e: &dyn Error) -> String {
    let mut it = e;
    while let Some(source) = it.source() {
        it = source;
    }
    it.to_string()
}

#[cfg(test)]
mod tests;
