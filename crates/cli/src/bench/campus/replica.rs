//! The first assign of a service that has just started: it loads the plan's whole past.

use super::desk::{MANY, SeatDesk};
use crate::{platform::Platform, progress::Output, token, transport};
use anyhow::Result;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use studium_kit::{DevelopmentIssuer, Security, Surroundings, Verifier};
use studium_log::{Log, LogConfig};
use studium_store::Store;

/// Starts another replica on the same log, with a store of its own, and assigns one seat at it once the store has caught
/// up: it remembers nothing then, as after a restart.
pub async fn first_assign(desk: &SeatDesk, member: u32, output: Output) -> Result<Value> {
    let platform = &desk.platform;
    let profile = platform.state.durability;
    let master_key = Some(crate::operator_key::master_key(&platform.data)?);
    let log = Log::connect(&LogConfig { url: platform.state.nats.clone(), durability: profile, master_key }).await?;
    let folder = tempfile::Builder::new().prefix("replica-").tempdir_in(&platform.data)?;
    let url = format!("sqlite:{}", folder.path().join("campus.db").display());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?.to_string();
    let issuer = DevelopmentIssuer::load_or_create(&token::key_file(&platform.data))?;
    let identity = transport::identity(&platform.data, "campus");
    let tls = Security { tls_cert: identity.clone(), tls_key: identity, ..Security::default() }.tls()?;
    let surroundings = Surroundings {
        log,
        store: Store::open(&url).await?,
        verifier: Verifier::development(&issuer, "studium"),
        listener,
        settings: Vec::new(),
        drain: Duration::from_secs(5),
        limits: studium_kit::Limits::default(),
        tls,
    };
    let running = studium_campus::service().start(surroundings).await?;
    while !running.is_caught_up().await? {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let replica = SeatDesk::on(&at(platform, &address)).await?;
    let started = Instant::now();
    replica.assign(MANY, member..member + 1).await?;
    let first_ms = started.elapsed().as_secs_f64() * 1000.0;
    running.stop().await?;
    output.say(format!(
        "campus    {profile:<10} the first assign of a service that has just started, with {member} held: {first_ms:.0} ms"
    ));
    Ok(json!({"first_assign_ms": first_ms, "held": member}))
}

/// The platform with another address for its campus service.
fn at(platform: &Platform, address: &str) -> Platform {
    let mut platform = platform.clone();
    for it in platform.state.services.iter_mut().filter(|it| it.name == "campus") {
        address.clone_into(&mut it.address);
    }
    platform
}
