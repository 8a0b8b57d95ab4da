//! The bare limits that the services are measured against: a tonic call that does nothing, and a plain JetStream append.

use super::{
    commands,
    load::{Figures, closed_loop},
};
use crate::{platform::Platform, transport::Transport};
use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use std::{path::Path, sync::Arc, time::Duration};
use studium_log::{Durability, Entry, Log, LogConfig};
use studium_proto::bench::v1::{
    EchoRequest, EchoResponse,
    echo_service_client::EchoServiceClient,
    echo_service_server::{EchoService, EchoServiceServer},
};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Channel, Identity, Server, ServerTlsConfig, server::TcpIncoming},
};

/// Bytes of an ordinary command, and of an ordinary event with its envelope.
const COMMAND_BYTES: usize = 200;
const EVENT_BYTES: usize = 200;

/// What the machine can do at best, one after the other, in the same run.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Milliseconds of a bare call.
    pub echo_ms: f64,
    /// Milliseconds of a bare append.
    pub append_ms: f64,
}

impl Limits {
    /// Measures both on a platform one at a time, under the name of what they are compared with.
    pub async fn measure(platform: &Platform, time: Duration, part: &str) -> anyhow::Result<Self> {
        Self::measure_with(platform, time, part, 1).await
    }

    /// The same with so many in flight: what one takes of the time that goes by.
    pub async fn measure_with(
        platform: &Platform,
        time: Duration,
        part: &str,
        in_flight: usize,
    ) -> anyhow::Result<Self> {
        let profile = platform.state.durability;
        let (mut echo_process, address) = commands::start_echo(platform).await?;
        let channels = channels(platform, &address, in_flight.min(commands::CONNECTIONS)).await?;
        open(&platform.state.nats, profile).await?;
        let echo = echo(&channels, in_flight, time).await?;
        let append = append(&platform.state.nats, profile, in_flight, time, &format!("{profile}-{part}")).await?;
        echo_process.kill().await?;
        Ok(Self::of(&echo, &append))
    }

    /// Both as they were measured.
    pub fn of(echo: &Figures, append: &Figures) -> Self {
        Self { echo_ms: 1000.0 / echo.per_second, append_ms: 1000.0 / append.per_second }
    }

    /// The serial limit: calls a second, each with an append of its own.
    pub fn per_second(self) -> f64 {
        1000.0 / (self.echo_ms + self.append_ms)
    }
}

struct Echo;

#[tonic::async_trait]
impl EchoService for Echo {
    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoResponse>, Status> {
        Ok(Response::new(EchoResponse { payload: request.into_inner().payload }))
    }
}

/// Serves the bare call until the process ends, encrypted if there is a certificate; prints its address on standard
/// output first.
pub async fn serve_echo(identity: Option<&Path>) -> anyhow::Result<()> {
    let mut server = Server::builder();
    if let Some(file) = identity {
        let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        server = server.tls_config(ServerTlsConfig::new().identity(Identity::from_pem(&pem, &pem)))?;
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    server.add_service(EchoServiceServer::new(Echo)).serve_with_incoming(incoming).await?;
    Ok(())
}

/// Connections for a load: more than one, as several callers would have, and encrypted where theirs are.
pub async fn channels(platform: &Platform, address: &str, many: usize) -> anyhow::Result<Arc<[Channel]>> {
    let endpoint = Transport::of(&platform.data)?.endpoint(address)?.tcp_nodelay(true);
    let mut channels = Vec::new();
    for _ in 0..many {
        channels.push(endpoint.connect().await?);
    }
    Ok(channels.into())
}

/// The bare call, so many in flight.
pub async fn echo(channels: &Arc<[Channel]>, in_flight: usize, time: Duration) -> anyhow::Result<Figures> {
    let clients: Arc<[_]> = channels.iter().cloned().map(EchoServiceClient::new).collect();
    closed_loop(in_flight, Duration::from_millis(300), time, move |n| {
        let mut client = clients[n as usize % clients.len()].clone();
        async move {
            client.echo(EchoRequest { payload: vec![b'x'; COMMAND_BYTES] }).await?;
            Ok(())
        }
    })
    .await
}

/// Makes the stream of the bare appends, with the replicas of the profile.
pub async fn open(url: &str, durability: Durability) -> anyhow::Result<()> {
    let log = Log::connect(&LogConfig { url: url.to_owned(), durability, ..LogConfig::default() }).await?;
    Ok(log.open("bench").await?)
}

/// The bare append with the expected sequence, over distinct subjects: the best of one publish a message
/// and, where each publish pays a sync, of packed batches.
pub async fn append(
    url: &str,
    durability: Durability,
    in_flight: usize,
    time: Duration,
    run: &str,
) -> anyhow::Result<Figures> {
    let plain = append_with(url, Durability::Process, in_flight, time, &format!("{run}-plain")).await?;
    if durability != Durability::Disk || in_flight == 1 {
        return Ok(plain);
    }
    let packed = append_with(url, Durability::Disk, in_flight, time, &format!("{run}-packed")).await?;
    Ok(if packed.per_second > plain.per_second { packed } else { plain })
}

async fn append_with(
    url: &str,
    how: Durability,
    in_flight: usize,
    time: Duration,
    run: &str,
) -> anyhow::Result<Figures> {
    // The stream exists already with the replicas of its profile; `how` only says whether appends are packed.
    let log = Log::connect(&LogConfig { url: url.to_owned(), durability: how, ..LogConfig::default() }).await?;
    let payload = Bytes::from(vec![b'x'; EVENT_BYTES]);
    let run: Arc<str> = run.into();
    closed_loop(in_flight, Duration::from_millis(300), time, move |n| {
        let (log, payload, run) = (log.clone(), payload.clone(), Arc::clone(&run));
        async move {
            let entry = Entry::bare(&format!("bench.bare.{run}-{n}"), 0, "r", vec![payload]);
            log.append(entry).await.map_err(|e| anyhow!(e)).context("bare append")?;
            Ok(())
        }
    })
    .await
}
