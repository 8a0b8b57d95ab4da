//! How the ports of a data directory's services are reached: in plaintext on this machine, or with TLS and its own authority.

use crate::supervise::nats_dir;
use anyhow::{Context as _, Result};
use std::{fs, path::Path, time::Duration};
use studium_broker::{certificates::Certificates, http};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(3);

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
        let Some(pem) = &self.authority else { return Ok(http::get(address, path).await?) };
        let trusted = reqwest::Certificate::from_pem(pem)?;
        let client = reqwest::Client::builder().tls_certs_only([trusted]).timeout(PATIENCE).build()?;
        let answer = client.get(format!("https://{address}{path}")).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}
