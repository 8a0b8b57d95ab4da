//! `studium parked`: reactions that keep failing, and what to do about them.

use crate::{
    client::failed,
    platform::Platform,
    progress::{table, time},
};
use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use studium_proto::admin::v1::{DropParkedRequest, GetParkedRequest, ListParkedRequest, Parked, RetryParkedRequest};

/// What `studium parked` can do.
#[derive(Debug, Subcommand)]
pub enum ParkedCommand {
    /// Lists what is parked, oldest first.
    List {
        /// Only this service.
        #[arg(long)]
        service: Option<String>,
    },
    /// Shows one with its cause and payload.
    Show {
        /// The service, as the list shows it.
        service: String,
        /// Its number, as the list shows it.
        id: i64,
    },
    /// Tries one again, and what waits behind it.
    Retry {
        /// The service, as the list shows it.
        service: String,
        /// Its number, as the list shows it.
        id: i64,
    },
    /// Gives one up; who and why are kept.
    Drop {
        /// The service, as the list shows it.
        service: String,
        /// Its number, as the list shows it.
        id: i64,
        /// Why it is given up.
        #[arg(long)]
        why: String,
    },
}

/// Runs one of them.
pub async fn parked(platform: &Platform, command: ParkedCommand) -> Result<()> {
    match command {
        ParkedCommand::List { service } => list(platform, service.as_deref()).await,
        ParkedCommand::Show { service, id } => show(platform, &service, id).await,
        ParkedCommand::Retry { service, id } => retry(platform, &service, id).await,
        ParkedCommand::Drop { service, id, why } => {
            let request = DropParkedRequest { id, why };
            platform.admin(&service).await?.drop_parked(request).await.map_err(failed)?;
            platform.output.json(&json!({"service": service, "id": id, "outcome": "dropped"}));
            platform.output.say(format!("{service} {id} is given up."));
            Ok(())
        }
    }
}

fn as_json(service: &str, it: &Parked) -> Value {
    json!({
        "service": service, "id": it.id, "policy": it.policy, "stream": it.stream, "position": it.position,
        "target": it.target, "cause": it.cause, "attempts": it.attempts, "parked_at": time(it.parked_at_ms), "state": it.state,
    })
}

async fn list(platform: &Platform, only: Option<&str>) -> Result<()> {
    let head = ["service", "id", "since", "policy", "follows from", "target", "tried", "state", "cause"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for service in platform.services(only)? {
        let reply = platform.admin(&service).await?.list_parked(ListParkedRequest {}).await.map_err(failed)?;
        for it in reply.into_inner().parked {
            platform.output.json(&as_json(&service, &it));
            rows.push(vec![
                service.clone(),
                it.id.to_string(),
                time(it.parked_at_ms),
                it.policy,
                format!("{} {}", it.stream, it.position),
                it.target,
                it.attempts.to_string(),
                it.state,
                it.cause,
            ]);
        }
    }
    platform.output.say(if rows.len() == 1 { "Nothing is parked.".to_owned() } else { table(&rows) });
    Ok(())
}

async fn show(platform: &Platform, service: &str, id: i64) -> Result<()> {
    let reply = platform.admin(service).await?.get_parked(GetParkedRequest { id }).await.map_err(failed)?.into_inner();
    let Some(it) = reply.parked else {
        bail!("{service} has nothing parked under {id}; `studium parked list` shows what is")
    };
    let mut value = as_json(service, &it);
    value["payload"] = reply.payload.clone().into();
    platform.output.json(&value);
    platform.output.say(format!(
        "{service} {id}: {} by policy {} after {} {}\n  asks     {}\n  cause    {}\n  tried    {} times since {}\n  payload  {}",
        it.state,
        it.policy,
        it.stream,
        it.position,
        it.target,
        it.cause,
        it.attempts,
        time(it.parked_at_ms),
        reply.payload
    ));
    Ok(())
}

async fn retry(platform: &Platform, service: &str, id: i64) -> Result<()> {
    let reply =
        platform.admin(service).await?.retry_parked(RetryParkedRequest { id }).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"service": service, "id": id, "outcome": reply.outcome, "parked": reply.parked}));
    if reply.parked {
        bail!("{service} {id} is still parked: {}", reply.outcome);
    }
    platform.output.say(format!("{service} {id}: {}", reply.outcome));
    Ok(())
}
