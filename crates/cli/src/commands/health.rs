//! `studium health`: whether one service is ready, for what starts containers and finds no other program in them.

use crate::progress::Output;
use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use studium_broker::http;

/// What `studium health` takes.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// Where the service listens, `host:port`.
    #[arg(long, env = "STUDIUM_LISTEN", value_name = "ADDRESS")]
    listen: String,
}

/// Says that a service is ready.
///
/// # Errors
/// With what it says is missing, or that it does not answer.
pub async fn health(args: HealthArgs, output: Output) -> Result<()> {
    let listen = args.listen;
    match http::get(&listen, "/readyz").await {
        Ok((200, _)) => {
            output.json(&json!({"ready": true}));
            output.say("ready");
            Ok(())
        }
        Ok((_, body)) => bail!("the service on {listen} is not ready: {}", body.trim()),
        Err(e) => bail!("nothing answers on {listen} ({e}); start the service, or name another address with --listen"),
    }
}
