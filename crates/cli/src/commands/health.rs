//! `studium health`: whether one service is ready, for what starts containers and finds no other program in them.

use crate::{progress::Output, transport::Transport};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// What `studium health` takes.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// Where the service listens, `host:port`.
    #[arg(long, env = "STUDIUM_LISTEN", value_name = "ADDRESS")]
    listen: String,
    /// Certificate of the authority that signed the service's, PEM: where the port speaks TLS.
    #[arg(long, env = "STUDIUM_HEALTH_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The name in the service's certificate, if it is another than that of the address.
    #[arg(long, env = "STUDIUM_HEALTH_NAME", value_name = "NAME", requires = "ca")]
    server_name: Option<String>,
}

/// Says that a service is ready.
///
/// # Errors
/// With what it says is missing, or that it does not answer.
pub async fn health(args: HealthArgs, output: Output) -> Result<()> {
    let HealthArgs { listen, ca, server_name } = args;
    let transport = Transport::believing(ca.as_deref())?;
    match transport.get_of(&listen, server_name.as_deref(), "/readyz").await {
        Ok((200, _)) => {
            output.json(&json!({"ready": true}));
            output.say("ready");
            Ok(())
        }
        Ok((_, body)) => bail!("the service on {listen} is not ready: {}", body.trim()),
        Err(e) if ca.is_some() => bail!(
            "nothing that {listen} answers can be believed ({e:#}); start the service, or correct --listen, --ca and \
             --server-name"
        ),
        Err(e) => bail!(
            "nothing answers on {listen} ({e}); start the service, name another address with --listen, or the authority \
             of its certificate with --ca"
        ),
    }
}
