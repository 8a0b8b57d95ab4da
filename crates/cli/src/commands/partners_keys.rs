//! `studium partners key`: what programs of an institution call the enrolment service with.

use crate::{
    client::{Channel, failed},
    platform::Platform,
    progress::{table, time},
    token::parse_ttl,
};
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::time::Duration;
use studium_proto::partner::v1::{
    ApiKey, CreateApiKeyRequest, ListApiKeysRequest, RevokeApiKeyRequest, RotateApiKeyRequest,
    api_key_service_client::ApiKeyServiceClient,
};

/// Which key.
#[derive(Debug, Args)]
pub struct Which {
    /// The institution.
    institution: String,
    /// The key's id; it is not used twice.
    key: String,
}

/// What `studium partners key` can do.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Makes a key and prints it. It is shown once.
    Create {
        #[command(flatten)]
        which: Which,
        /// With which role it calls: partner or staff.
        #[arg(long, default_value = "partner")]
        role: String,
        /// How long it counts: 7d, 90d; 366 days at most.
        #[arg(long, default_value = "90d", value_parser = parse_ttl)]
        ttl: Duration,
    },
    /// Gives a key a new secret and prints it; the one before counts for a while.
    Rotate {
        #[command(flatten)]
        which: Which,
        /// How long the new one counts: 7d, 90d; 366 days at most.
        #[arg(long, default_value = "90d", value_parser = parse_ttl)]
        ttl: Duration,
        /// For how long the one before counts, hours; 0 ends it at once.
        #[arg(long, default_value_t = 24, value_name = "HOURS")]
        overlap: u32,
    },
    /// Has a key count no more, for ever.
    Revoke(Which),
    /// Lists an institution's keys.
    List {
        /// The institution.
        institution: String,
    },
}

type Keys = ApiKeyServiceClient<Channel>;

/// Runs one of them.
pub async fn key(platform: &Platform, command: KeyCommand) -> Result<()> {
    let mut keys = Keys::new(platform.connect("enrolment", &["operator"]).await?);
    match command {
        KeyCommand::Create { which: Which { institution: institution_id, key: key_id }, role, ttl } => {
            let request = CreateApiKeyRequest { institution_id, key_id, role, lifetime_ms: ms(ttl) };
            let it = keys.create_api_key(request).await.map_err(failed)?.into_inner();
            told(platform, &it.id, &it.secret, it.expires_ms);
        }
        KeyCommand::Rotate { which: Which { institution: institution_id, key: key_id }, ttl, overlap } => {
            let overlap_ms = Some(i64::from(overlap) * 3_600_000);
            let request = RotateApiKeyRequest { institution_id, key_id, lifetime_ms: ms(ttl), overlap_ms };
            let it = keys.rotate_api_key(request).await.map_err(failed)?.into_inner();
            told(platform, &it.id, &it.secret, it.expires_ms);
        }
        KeyCommand::Revoke(Which { institution: institution_id, key: key_id }) => {
            let request = RevokeApiKeyRequest { institution_id, key_id };
            let it = keys.revoke_api_key(request).await.map_err(failed)?.into_inner();
            platform.output.json(&json!({"key": it.id, "already": it.already}));
            let before = if it.already { ", as before" } else { "" };
            platform.output.say(format!("{} counts no more{before}.", it.id));
        }
        KeyCommand::List { institution: institution_id } => {
            let request = ListApiKeysRequest { institution_id, ..ListApiKeysRequest::default() };
            let all = keys.list_api_keys(request).await.map_err(failed)?.into_inner().keys;
            list(platform, &all);
        }
    }
    Ok(())
}

/// A time longer than any that is allowed stays one.
fn ms(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX / 2)
}

fn told(platform: &Platform, id: &str, secret: &str, expires_ms: i64) {
    let expires = time(expires_ms);
    platform.output.json(&json!({"key": id, "secret": secret, "expires": expires}));
    platform.output.say(format!("{id} counts until {expires}:\n  {secret}\nIt is shown once: hand it over now."));
}

fn list(platform: &Platform, all: &[ApiKey]) {
    let mut rows =
        vec![["key", "role", "made", "counts until", "the one before", "revoked"].map(str::to_owned).to_vec()];
    let shown = |at_ms: i64| if at_ms == 0 { "-".to_owned() } else { time(at_ms) };
    for it in all {
        let [made, expires, overlap, revoked] =
            [it.created_ms, it.expires_ms, it.overlap_until_ms, it.revoked_ms].map(shown);
        platform.output.json(&as_json(it));
        rows.push(vec![it.key_id.clone(), it.role.clone(), made, expires, overlap, revoked]);
    }
    let none = "There is no key; `studium partners key create` makes one.";
    platform.output.say(if rows.len() == 1 { none.to_owned() } else { table(&rows) });
}

fn as_json(it: &ApiKey) -> Value {
    let known = |at_ms: i64| (at_ms != 0).then(|| time(at_ms));
    json!({
        "institution": it.institution_id, "key": it.key_id, "role": it.role, "created": time(it.created_ms),
        "rotated": time(it.rotated_ms), "expires": time(it.expires_ms), "overlap_until": known(it.overlap_until_ms),
        "revoked": known(it.revoked_ms),
    })
}
