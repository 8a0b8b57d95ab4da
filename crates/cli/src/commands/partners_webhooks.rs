//! `studium partners webhook`: the addresses to which a partner's feed is sent.

use crate::{
    client::{Channel, failed},
    platform::Platform,
    progress::{table, time},
};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use studium_proto::partner::v1::{
    AddWebhookRequest, DisableWebhookRequest, EnableWebhookRequest, GetWebhookRequest, ListWebhookFailuresRequest,
    ListWebhooksRequest, RemoveWebhookRequest, ReplayWebhookRequest, RotateWebhookSecretRequest, TestWebhookRequest,
    Webhook, WebhookFailure, webhook_service_client::WebhookServiceClient,
};

/// Which webhook.
#[derive(Debug, Args)]
pub struct Which {
    /// The institution.
    institution: String,
    /// The webhook's id.
    webhook: String,
}

/// What `studium partners webhook` can do.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Has an institution's feed sent to an address, and prints the secret. The secret is shown once.
    Add {
        #[command(flatten)]
        which: Which,
        /// Where to: https and public, unless the service's settings allow more.
        url: String,
        /// Only events of this type; a `*` at the end stands for anything; may be repeated.
        #[arg(long = "type", value_name = "TYPE")]
        types: Vec<String>,
        /// Begin after this position of the feed, 0 for the beginning; without it with what comes from now on.
        #[arg(long, value_name = "POSITION")]
        after: Option<u64>,
    },
    /// Lists an institution's webhooks: whether they send, how far they are, what waits.
    List {
        /// The institution.
        institution: String,
    },
    /// Shows one webhook and what failed last.
    Show(Which),
    /// Has a disabled webhook go on from where it stood.
    Enable(Which),
    /// Has a webhook send nothing until it is enabled. It keeps its place.
    Disable(Which),
    /// Removes a webhook, and with it its place.
    Remove(Which),
    /// Makes a new secret and prints it; those before stay in use for a while.
    Rotate {
        #[command(flatten)]
        which: Which,
        /// For how long, hours; 0 ends them at once.
        #[arg(long, default_value_t = 24, value_name = "HOURS")]
        overlap: u32,
    },
    /// Sends one signed test event now, and says what became of it.
    Test(Which),
    /// Sends again what was sent already.
    Replay {
        #[command(flatten)]
        which: Which,
        /// From this position of the feed on.
        #[arg(long, value_name = "POSITION")]
        from: u64,
    },
    /// Lists what failed of late, the last first.
    Failures(Which),
}

type Hooks = WebhookServiceClient<Channel>;

/// Runs one of them.
pub async fn webhook(platform: &Platform, command: WebhookCommand) -> Result<()> {
    let hooks = Hooks::new(platform.connect("enrolment", &["operator"]).await?);
    match command {
        WebhookCommand::Add { which, url, types, after } => add(platform, hooks, which, (url, types, after)).await,
        WebhookCommand::List { institution } => list(platform, hooks, institution).await,
        WebhookCommand::Show(which) => show(platform, hooks, which).await,
        WebhookCommand::Rotate { which, overlap } => rotate(platform, hooks, which, overlap).await,
        WebhookCommand::Test(which) => test(platform, hooks, which).await,
        WebhookCommand::Replay { which, from } => replay(platform, hooks, which, from).await,
        WebhookCommand::Failures(which) => failures(platform, hooks, which).await,
        WebhookCommand::Enable(which) => {
            let Which { institution: institution_id, webhook: webhook_id } = which;
            let request = EnableWebhookRequest { institution_id, webhook_id };
            let it = { hooks }.enable_webhook(request).await.map_err(failed)?.into_inner();
            done(platform, &it.id, it.already, "goes on from where it stood");
            Ok(())
        }
        WebhookCommand::Disable(which) => {
            let Which { institution: institution_id, webhook: webhook_id } = which;
            let request = DisableWebhookRequest { institution_id, webhook_id };
            let it = { hooks }.disable_webhook(request).await.map_err(failed)?.into_inner();
            done(platform, &it.id, it.already, "sends nothing until it is enabled");
            Ok(())
        }
        WebhookCommand::Remove(which) => {
            let Which { institution: institution_id, webhook: webhook_id } = which;
            let request = RemoveWebhookRequest { institution_id, webhook_id };
            let it = { hooks }.remove_webhook(request).await.map_err(failed)?.into_inner();
            done(platform, &it.id, it.already, "is removed");
            Ok(())
        }
    }
}

fn done(platform: &Platform, id: &str, already: bool, what: &str) {
    platform.output.json(&json!({"webhook": id, "already": already}));
    platform.output.say(format!("{id} {what}{}.", if already { ", as before" } else { "" }));
}

async fn add(
    platform: &Platform,
    mut hooks: Hooks,
    which: Which,
    (url, types, after_position): (String, Vec<String>, Option<u64>),
) -> Result<()> {
    let Which { institution: institution_id, webhook: webhook_id } = which;
    let request = AddWebhookRequest { institution_id, webhook_id, url: url.clone(), types, after_position };
    let it = hooks.add_webhook(request).await.map_err(failed)?.into_inner();
    let answer = json!({
        "webhook": it.id, "already": it.already, "url": url, "secret": it.secret, "public_key": it.public_key,
    });
    platform.output.json(&answer);
    if it.secret.is_empty() {
        platform.output.say(format!("{} is there already; `rotate` makes a new secret.", it.id));
        return Ok(());
    }
    platform.output.say(format!("{} sends to {url}.", it.id));
    secrets(platform, &it.secret, &it.public_key);
    Ok(())
}

fn secrets(platform: &Platform, secret: &str, public_key: &str) {
    platform.output.say(format!(
        "  secret      {secret}\n  public key  {public_key}\nThe secret is shown once: hand it over now. Either verifies."
    ));
}

async fn rotate(platform: &Platform, mut hooks: Hooks, which: Which, overlap: u32) -> Result<()> {
    let Which { institution: institution_id, webhook: webhook_id } = which;
    let overlap_ms = Some(i64::from(overlap) * 3_600_000);
    let request = RotateWebhookSecretRequest { institution_id, webhook_id, overlap_ms };
    let it = hooks.rotate_webhook_secret(request).await.map_err(failed)?.into_inner();
    let until = time(it.overlap_until_ms);
    platform.output.json(&json!({
        "webhook": it.id, "secret": it.secret, "public_key": it.public_key, "overlap_until": until,
    }));
    platform.output.say(format!("{} signs with a new secret, and with those before until {until}.", it.id));
    secrets(platform, &it.secret, &it.public_key);
    Ok(())
}

async fn test(platform: &Platform, mut hooks: Hooks, which: Which) -> Result<()> {
    let Which { institution: institution_id, webhook: webhook_id } = which;
    let request = TestWebhookRequest { institution_id, webhook_id, min_position: 0 };
    let it = hooks.test_webhook(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({
        "delivered": it.delivered, "status": it.status, "took_ms": it.took_ms, "failure": it.failure,
        "event_id": it.event_id,
    }));
    if !it.delivered {
        bail!("the test event did not arrive: {} (after {} ms)", it.failure, it.took_ms);
    }
    platform.output.say(format!("The test event arrived: {} after {} ms.", it.status, it.took_ms));
    Ok(())
}

async fn replay(platform: &Platform, mut hooks: Hooks, which: Which, from_position: u64) -> Result<()> {
    let Which { institution: institution_id, webhook: webhook_id } = which;
    let request = ReplayWebhookRequest { institution_id, webhook_id, from_position, from_ms: 0 };
    let it = hooks.replay_webhook(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"webhook": it.id, "from_position": it.from_position}));
    platform.output.say(format!("{} sends again from position {} on.", it.id, it.from_position));
    Ok(())
}

async fn list(platform: &Platform, mut hooks: Hooks, institution_id: String) -> Result<()> {
    let request = ListWebhooksRequest { institution_id, min_position: 0 };
    let all = hooks.list_webhooks(request).await.map_err(failed)?.into_inner().webhooks;
    let head = ["webhook", "address", "sends", "acknowledged", "lag", "waiting", "next try"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for it in all {
        platform.output.json(&as_json(&it));
        let next = if it.next_try_ms > 0 { time(it.next_try_ms) } else { "-".to_owned() };
        let (acknowledged, lag, waiting) =
            (it.acknowledged_position.to_string(), it.lag.to_string(), it.outstanding.to_string());
        rows.push(vec![it.webhook_id.clone(), it.url.clone(), sends(&it), acknowledged, lag, waiting, next]);
    }
    let none = "There is no webhook; `studium partners webhook add` adds one.";
    platform.output.say(if rows.len() == 1 { none.to_owned() } else { table(&rows) });
    Ok(())
}

async fn show(platform: &Platform, mut hooks: Hooks, which: Which) -> Result<()> {
    let Which { institution: institution_id, webhook: webhook_id } = which;
    let request = GetWebhookRequest { institution_id, webhook_id, min_position: 0 };
    let reply = hooks.get_webhook(request).await.map_err(failed)?.into_inner();
    let Some(it) = reply.webhook else { bail!("the service answered without a webhook") };
    platform.output.json(&as_json(&it));
    platform.output.say(format!(
        "{}: sends to {}: {}\n  has {} of {} events, {} to go, {} of them wait for a retry\n  public key {}",
        it.webhook_id,
        it.url,
        sends(&it),
        it.acknowledged_position,
        it.written_position,
        it.lag,
        it.outstanding,
        it.public_key
    ));
    for failure in &it.failures {
        platform.output.say(format!("  {}", in_words(failure)));
    }
    Ok(())
}

async fn failures(platform: &Platform, mut hooks: Hooks, which: Which) -> Result<()> {
    let Which { institution: institution_id, webhook: webhook_id } = which;
    let request = ListWebhookFailuresRequest { institution_id, webhook_id, page_size: 200, page_token: String::new() };
    let all = hooks.list_webhook_failures(request).await.map_err(failed)?.into_inner().failures;
    for it in &all {
        platform.output.json(&failure(it));
        platform.output.say(in_words(it));
    }
    if all.is_empty() {
        platform.output.say("Nothing failed.");
    }
    Ok(())
}

fn sends(it: &Webhook) -> String {
    if it.enabled {
        return "yes".to_owned();
    }
    let cause = it.cause().as_str_name().trim_start_matches("WEBHOOK_CAUSE_").to_lowercase();
    let detail = if it.detail.is_empty() { String::new() } else { format!(", {}", it.detail) };
    format!("no, {cause}{detail}")
}

fn in_words(it: &WebhookFailure) -> String {
    let next = if it.next_try_ms > 0 { time(it.next_try_ms) } else { "when it is enabled".to_owned() };
    let (at, what) = (time(it.tried_ms), &it.failure);
    format!("{at}: event {} ({}), attempt {}: {what}; next {next}", it.position, it.subject, it.attempt)
}

fn failure(it: &WebhookFailure) -> Value {
    json!({
        "position": it.position, "event_id": it.event_id, "subject": it.subject, "attempt": it.attempt,
        "tried_at": time(it.tried_ms), "status": it.status, "failure": it.failure,
        "next_try_at": (it.next_try_ms > 0).then(|| time(it.next_try_ms)),
    })
}

fn as_json(it: &Webhook) -> Value {
    json!({
        "institution": it.institution_id, "webhook": it.webhook_id, "url": it.url, "types": it.types,
        "enabled": it.enabled, "cause": it.cause().as_str_name(), "detail": it.detail,
        "acknowledged_position": it.acknowledged_position, "written_position": it.written_position, "lag": it.lag,
        "outstanding": it.outstanding, "next_try_at": (it.next_try_ms > 0).then(|| time(it.next_try_ms)),
        "public_key": it.public_key, "failures": it.failures.iter().map(failure).collect::<Vec<_>>(),
    })
}
