//! One webhook at work: takes the feed in, sends event by event, tries again what failed, and gives up in the end.

use crate::{
    endpoint::{Command, Endpoint},
    endpoints::{EndpointRow, Endpoints},
    event_types,
    partner_feed::PartnerFeed,
    partner_key::PartnerKey,
    webhook_keeper::Keeper,
    webhook_progress::{self as progress, FailureRow},
    webhook_queue::{Flight, Queue},
    webhook_sender::Answer,
    webhook_settings::WebhookSettings,
    webhook_signing::{signature, timestamp},
    webhooks::Webhooks,
};
use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use std::time::Duration;
use studium_kit::{App, Meta, Reading, Stored, View as _, Work as _, now_ms, pause};
use studium_proto::enrolment::v1::WebhookCause;
use uuid::Uuid;

/// Events of one webhook that are under way at the same time.
const FLIGHTS_MAX: usize = 16;

/// How often the store is told how far the webhook is, while that changes.
const KEEP_EVERY_MS: i64 = 200;

/// The longest time without looking what is due.
const LOOK_EVERY_MS: i64 = 60_000;

/// Namespace of the request ids by which webhooks are given up; fixed for ever.
const GIVING_UP: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_6769_7665_7570);

/// An event that came back, or what kept it from being read. No answer = nobody wants it any more.
type Landed = Result<(Flight, String, Option<Answer>), String>;

/// One webhook at work.
pub struct Lane {
    app: App,
    keeper: Keeper,
    endpoint: EndpointRow,
    queue: Queue,
    reading: Reading,
    /// It has begun, and is brought to its end even if there is no room any more: one that waits half read holds the
    /// broker's answer.
    is_reading: bool,
    flights: FuturesUnordered<BoxFuture<'static, Landed>>,
    /// Failures that the store was not told.
    failures: Vec<FailureRow>,
    /// Number of the last failure.
    failed: u64,
    /// The address asked to be left alone until then, Unix milliseconds.
    quiet_until_ms: i64,
    /// The store was told then.
    kept_ms: i64,
    /// The store is to be told.
    is_news: bool,
}

/// Why a webhook is given up.
struct Over {
    cause: WebhookCause,
    detail: String,
}

impl Lane {
    /// Works until the webhook is given up or something breaks.
    ///
    /// # Errors
    /// With a sentence that says what broke. It goes on from what the store knows.
    pub async fn run(app: App, keeper: Keeper, endpoint: EndpointRow) -> Result<(), String> {
        // What an earlier lane of this webhook handed in is kept before this one looks.
        keeper.keep(Vec::new()).await?;
        let begun = progress::begin(app.store(), &endpoint).await.map_err(|e| e.to_string())?;
        let follow = app.feed::<PartnerFeed>(endpoint.institution_id(), begun.read);
        let mut lane = Self {
            queue: Queue::new(begun.read, begun.waiting),
            failed: begun.failures,
            app,
            keeper,
            endpoint,
            reading: follow.reading(),
            is_reading: false,
            flights: FuturesUnordered::new(),
            failures: Vec::new(),
            quiet_until_ms: begun.quiet_until_ms,
            kept_ms: 0,
            is_news: false,
        };
        let over = lane.work().await?;
        lane.keep().await?;
        lane.give_up(over).await
    }

    async fn work(&mut self) -> Result<Over, String> {
        loop {
            let now = now_ms();
            self.send(now);
            if self.is_news && now - self.kept_ms >= KEEP_EVERY_MS {
                self.keep().await?;
            }
            self.is_reading |= self.queue.has_room();
            let wait = Duration::from_millis(self.wait_ms(now).unsigned_abs());
            tokio::select! {
                Some(landed) = self.flights.next() => {
                    if let Some(over) = self.land(landed?) {
                        return Ok(over);
                    }
                }
                // Kept from round to round: what the broker has begun to send is not asked for twice.
                (follow, events) = &mut self.reading, if self.is_reading => {
                    (self.reading, self.is_reading) = (follow.reading(), false);
                    for event in events.map_err(|e| e.to_string())? {
                        self.take(event)?;
                    }
                }
                () = pause(wait) => {}
            }
        }
    }

    /// Takes an event of the feed in, if it is wanted.
    fn take(&mut self, event: Stored) -> Result<(), String> {
        self.is_news = true;
        if is_wanted(&self.endpoint, &event)? {
            self.queue.take(event);
        } else {
            self.queue.pass(event.position);
        }
        Ok(())
    }

    /// Sends what may be sent now.
    fn send(&mut self, now_ms: i64) {
        while now_ms >= self.quiet_until_ms && self.flights.len() < FLIGHTS_MAX {
            let Some(flight) = self.queue.next(now_ms) else { return };
            self.flights.push(Box::pin(fly(self.app.clone(), self.endpoint.clone(), flight)));
        }
    }

    /// How long nothing is due, milliseconds.
    fn wait_ms(&self, now_ms: i64) -> i64 {
        let free = self.flights.len() < FLIGHTS_MAX;
        let wakes_ms = self.queue.wakes_ms().filter(|_| free).map(|it| it.max(self.quiet_until_ms));
        let quiet_ms = Some(self.quiet_until_ms).filter(|it| free && *it > now_ms && !self.queue.is_empty());
        let keep_ms = Some(self.kept_ms + KEEP_EVERY_MS).filter(|_| self.is_news);
        let next_ms = [wakes_ms, quiet_ms, keep_ms].into_iter().flatten().min();
        next_ms.map_or(LOOK_EVERY_MS, |it| it - now_ms).clamp(1, LOOK_EVERY_MS)
    }

    /// Takes note of what became of an event. Says if that was the end.
    fn land(&mut self, (flight, event_id, answer): (Flight, String, Option<Answer>)) -> Option<Over> {
        self.is_news = true;
        if let Some(it) = &answer {
            let outcome = if it.is_delivered() { "delivered" } else { "failed" };
            self.app.metrics().worked(Webhooks::NAME, outcome);
        }
        let Some(answer) = answer.filter(|it| !it.is_delivered()) else {
            self.queue.delivered(&flight.subject);
            return None;
        };
        let now = now_ms();
        let pause_ms = self.schedule()?.schedule.pause_ms(&event_id, flight.attempt).filter(|_| !answer.is_gone());
        let next_try_ms = pause_ms.map_or(0, |it| (now + it).max(answer.wait_until_ms));
        if answer.wait_until_ms > self.quiet_until_ms {
            // Kept at once: whoever stops this lane must not forget it.
            (self.quiet_until_ms, self.kept_ms) = (answer.wait_until_ms, 0);
        }
        self.failed += 1;
        self.failures.push(FailureRow {
            endpoint: self.endpoint.endpoint.clone(),
            number: self.failed,
            position: flight.position,
            event_id,
            subject: flight.subject.clone(),
            attempt: flight.attempt,
            tried_ms: now - answer.took_ms,
            status: answer.status.into(),
            failure: answer.failure.clone(),
            next_try_ms,
        });
        self.queue.failed(&flight.subject, next_try_ms.max(1));
        if pause_ms.is_some() {
            return None;
        }
        let (cause, detail) = if answer.is_gone() {
            (WebhookCause::Gone, answer.failure)
        } else {
            (WebhookCause::Failing, format!("attempt {} of an event failed: {}", flight.attempt, answer.failure))
        };
        Some(Over { cause, detail })
    }

    fn schedule(&self) -> Option<&WebhookSettings> {
        self.app.belonging::<WebhookSettings>()
    }

    /// Tells the store how far it is.
    async fn keep(&mut self) -> Result<(), String> {
        let (changes, failures) = (self.queue.changes(), std::mem::take(&mut self.failures));
        self.keeper.keep(progress::keeping(&self.endpoint, changes, failures, self.quiet_until_ms, now_ms())).await?;
        (self.kept_ms, self.is_news) = (now_ms(), false);
        Ok(())
    }

    /// Sends nothing more until somebody enables it.
    async fn give_up(self, over: Over) -> Result<(), String> {
        let Self { app, endpoint, .. } = self;
        let number = endpoint.enablings;
        let name = format!("{}\n{}\n{number}", endpoint.endpoint, endpoint.first_round);
        let request_id = Uuid::new_v5(&GIVING_UP, name.as_bytes()).to_string();
        let meta = Meta {
            at_ms: now_ms(),
            actor: "work:webhooks".to_owned(),
            correlation_id: request_id.clone(),
            request_id,
            ..Meta::default()
        };
        let command = Command::GiveUp { number, cause: over.cause, detail: over.detail };
        let decided = app.decide_as::<Endpoint>(&meta, &endpoint.endpoint, &command).await;
        let position = decided.map_err(|e| e.to_string())?.position;
        app.metrics().worked(Webhooks::NAME, "disabled");
        // Otherwise it would be begun again at once.
        app.seen_by(Endpoints::NAME, app.service(), position).await.map_err(|e| e.to_string())
    }
}

/// Whether a webhook sends an event.
fn is_wanted(endpoint: &EndpointRow, event: &Stored) -> Result<bool, String> {
    let unfit = |e| format!("event {} of the feed cannot be read: {e}", event.position);
    event_types::wants(&endpoint.types.0, event).map_err(unfit)
}

/// Sends one event. One that is read again may have been taken in when other types were wanted: then it is not sent.
async fn fly(app: App, endpoint: EndpointRow, mut flight: Flight) -> Landed {
    let event = if let Some(it) = flight.event.take() {
        it
    } else {
        let read = app.feed_event::<PartnerFeed>(endpoint.institution_id(), flight.position).await;
        let missing = || format!("the feed has no event {}", flight.position);
        let event = read.map_err(|e| e.message().to_owned())?.ok_or_else(missing)?;
        if !is_wanted(&endpoint, &event)? {
            return Ok((flight, event.commit.id.clone(), None));
        }
        event
    };
    let id = event.commit.id.clone();
    let answer = post(&app, &endpoint, &id, event.bytes.to_vec()).await?;
    Ok((flight, id, Some(answer)))
}

/// Signs and sends a document.
///
/// # Errors
/// When the platform has no key.
pub async fn post(app: &App, endpoint: &EndpointRow, id: &str, body: Vec<u8>) -> Result<Answer, String> {
    let (Some(key), Some(settings)) = (app.belonging::<PartnerKey>(), app.belonging::<WebhookSettings>()) else {
        return Err(
            "the platform has no key for partners; its operator sets STUDIUM_ENROLMENT_PARTNER_KEY_FILE".to_owned()
        );
    };
    // Before it is signed, so that no signature is older than its request.
    let _room = settings.room.acquire().await.map_err(|e| e.to_string())?;
    let now = now_ms();
    let headers = [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp(now).to_string()),
        ("webhook-signature", signature(key, endpoint, id, now, &body)),
    ];
    Ok(settings.sender.post(&endpoint.url, headers, body).await)
}
