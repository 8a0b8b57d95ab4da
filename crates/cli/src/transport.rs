//! How the ports of a data directory's services are reached: in plaintext on this machine, or with TLS and its own authority.

use crate::supervise::nats_dir;
use anyhow::{Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use studium_broker::{certificates::Certificates, http};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Certificate and private key, in one file, of a service on a directory; none = it speaks plaintext.
pub fn identity(data: &Path, service: &str) -> Option<PathBuf> {
    Certificates::of(&nats_dir(data)).map(|it| it.identity(service))
}

/// Whom a command believes.
#[derive(Debug, Clone)]
pub struct Transport {
    /// The directory's authority, PEM; none = plaintext.
    authority: Option<Vec<u8>>,
}

impl Transport {
    /// As the directory was started with.
    ///
    /// # Errors
    /// When the authority's certificate cannot be read.
    pub fn of(data: &Path) -> Result<Self> {
        let read = |it: Certificates| {
            let file = it.authority();
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
        };
        Ok(Self { authority: Certificates::of(&nats_dir(data)).map(read).transpose()? })
    }

    /// For whoever believes this authority; plaintext without one.
    ///
    /// # Errors
    /// When its certificate cannot be read.
    pub fn believing(authority: Option<&Path>) -> Result<Self> {
        let read = |it: &Path| fs::read(it).with_context(|| format!("cannot read {}", it.display()));
        Ok(Self { authority: authority.map(read).transpose()? })
    }

    fn scheme(&self) -> &'static str {
        if self.authority.is_some() { "https" } else { "http" }
    }

    /// Where a service answers calls.
    ///
    /// # Errors
    /// When the address is none.
    pub fn endpoint(&self, address: &str) -> Result<Endpoint> {
        let endpoint = Endpoint::from_shared(format!("{}://{address}", self.scheme()))?;
        Ok(match &self.authority {
            None => endpoint,
            Some(pem) => endpoint.tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))?,
        })
    }

    /// Status code and body of a page.
    ///
    /// # Errors
    /// When nobody answers, or somebody who is not to be believed.
    pub async fn get(&self, address: &str, path: &str) -> Result<(u16, String)> {
        self.get_of(address, None, path).await
    }

    /// The same where the certificate is for another name than that of the address.
    pub async fn get_of(&self, address: &str, name: Option<&str>, path: &str) -> Result<(u16, String)> {
        let Some(pem) = &self.authority else { return Ok(http::get(address, path).await?) };
        let trusted = reqwest::Certificate::from_pem(pem)?;
        let mut client = reqwest::Client::builder().tls_certs_only([trusted]).timeout(PATIENCE);
        let mut named = address.to_owned();
        if let Some(name) = name {
            let found = tokio::net::lookup_host(address).await?.next().context("the address leads nowhere")?;
            client = client.resolve(name, found);
            named = format!("{name}:{}", found.port());
        }
        let answer = client.build()?.get(format!("https://{named}{path}")).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}
