//! TLS on a service's port: certificates from files, which are read again when they change.

use anyhow::{Context as _, ensure};
use clap::Args;
use futures::{Stream, StreamExt as _};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::server::Connected;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What is encrypted, and what need not be.
#[derive(Args, Debug, Clone, Default)]
pub struct Security {
    /// Certificate chain of the port, PEM; without one it speaks plaintext, and only on loopback
    #[arg(long, env = "STUDIUM_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, env = "STUDIUM_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Only clients with a certificate of these authorities may connect, PEM
    #[arg(long, env = "STUDIUM_TLS_CLIENT_CA", value_name = "FILE", requires = "tls_cert")]
    pub tls_client_ca: Option<PathBuf>,
    /// What may travel unencrypted to other machines: `listen`, `nats`, `store`, with commas
    #[arg(long, env = "STUDIUM_ALLOW_PLAINTEXT", value_name = "NAMES", value_delimiter = ',',
          value_parser = ["listen", "nats", "store"])]
    pub allow_plaintext: Vec<String>,
}

impl Security {
    /// The certificates that are named, if any.
    ///
    /// # Errors
    /// When they cannot be read, or do not belong together.
    pub fn tls(&self) -> anyhow::Result<Option<Tls>> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => {
                let client_ca = self.tls_client_ca.clone();
                Tls::read(Files { cert: cert.clone(), key: key.clone(), client_ca }).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Refuses what would travel to other machines for everybody to read.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub fn check(&self, listens: SocketAddr, nats: &str, store: &str) -> anyhow::Result<()> {
        ensure!(
            self.tls_cert.is_some() || listens.ip().is_loopback() || self.allows("listen"),
            "{listens} can be reached from other machines, and no certificate is named: give --tls-cert and --tls-key \
             (STUDIUM_TLS_CERT, STUDIUM_TLS_KEY), or allow it with --allow-plaintext listen (STUDIUM_ALLOW_PLAINTEXT)"
        );
        if let Some(address) = studium_log::address::in_plaintext(nats).filter(|_| !self.allows("nats")) {
            anyhow::bail!(
                "the log would travel unencrypted to {address}: write tls:// with ?ca=FILE&cert=FILE&key=FILE in --nats \
                 (STUDIUM_NATS_URL), or allow it with --allow-plaintext nats (STUDIUM_ALLOW_PLAINTEXT)"
            );
        }
        if let Some(host) = studium_store::in_plaintext(store)?.filter(|_| !self.allows("store")) {
            anyhow::bail!(
                "the store's data would travel unencrypted to {host}: add sslmode=verify-full&sslrootcert=FILE to --store \
                 (STUDIUM_STORE_URL), or allow it with --allow-plaintext store (STUDIUM_ALLOW_PLAINTEXT)"
            );
        }
        Ok(())
    }

    fn allows(&self, what: &str) -> bool {
        self.allow_plaintext.iter().any(|it| it == what)
    }
}

#[derive(Debug, Clone)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

/// The certificates of a port as they are at present. Connections keep what they were made with.
#[derive(Clone)]
pub struct Tls {
    files: Files,
    current: Arc<Mutex<(Stamps, Arc<ServerConfig>)>>,
}

/// When each file was changed, and its length.
type Stamps = Vec<Option<(SystemTime, u64)>>;

impl Tls {
    fn read(files: Files) -> anyhow::Result<Self> {
        let current = Arc::new(Mutex::new((files.stamps(), files.config()?)));
        Ok(Self { files, current })
    }

    /// For the next handshake. Files that changed are read again; what does not make sense changes nothing, for two
    /// files are seldom replaced at the same moment.
    fn acceptor(&self) -> TlsAcceptor {
        let (seen, config) = &mut *self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = self.files.stamps();
        if *seen != stamps {
            *seen = stamps;
            match self.files.config() {
                Ok(it) => {
                    *config = it;
                    tracing::info!(cert = %self.files.cert.display(), "new connections get the new certificate");
                }
                Err(e) => tracing::error!(error = format!("{e:#}"), "the certificate stays the old one"),
            }
        }
        TlsAcceptor::from(Arc::clone(config))
    }
}

impl Files {
    fn stamps(&self) -> Stamps {
        let files = [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()];
        let stamp = |path: &PathBuf| {
            let it = std::fs::metadata(path).ok()?;
            Some((it.modified().ok()?, it.len()))
        };
        files.into_iter().flatten().map(stamp).collect()
    }

    fn config(&self) -> anyhow::Result<Arc<ServerConfig>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                for it in certificates(file)? {
                    roots.add(it).with_context(|| format!("{} holds no authority", file.display()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .with_context(|| format!("{} holds no private key in PEM", self.key.display()))?;
        let mut config = builder
            .with_single_cert(certificates(&self.cert)?, key)
            .with_context(|| format!("{} and {} do not go together", self.cert.display(), self.key.display()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = file.display();
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.with_context(|| format!("{shown} cannot be read as certificates in PEM"))?;
    ensure!(!found.is_empty(), "{shown} holds no certificate in PEM");
    Ok(found)
}

/// A connection, encrypted or not.
pub(crate) enum Wire<S> {
    Plain(S),
    Secure(Box<TlsStream<S>>),
}

/// Connections after their handshake, if there is to be one; who does not come through it is not heard.
/// As many handshakes may be under way as there may be connections, so that who says nothing keeps nobody waiting.
pub(crate) fn secured<S>(
    incoming: impl Stream<Item = io::Result<S>>,
    tls: Option<Tls>,
    at_once: usize,
) -> impl Stream<Item = io::Result<Wire<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let shake = move |stream: io::Result<S>| {
        let acceptor = tls.as_ref().map(Tls::acceptor);
        async move {
            match (stream, acceptor) {
                (Err(e), _) => Some(Err(e)),
                (Ok(it), None) => Some(Ok(Wire::Plain(it))),
                (Ok(it), Some(acceptor)) => match timeout(HANDSHAKE, acceptor.accept(it)).await {
                    Ok(Ok(it)) => Some(Ok(Wire::Secure(Box::new(it)))),
                    Ok(Err(e)) => {
                        tracing::debug!(error = %e, "a handshake failed");
                        None
                    }
                    Err(_) => None,
                },
            }
        }
    };
    incoming.map(shake).buffer_unordered(at_once).filter_map(std::future::ready)
}

impl<S: Connected> Connected for Wire<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        match self {
            Self::Plain(it) => it.connect_info(),
            Self::Secure(it) => it.get_ref().0.connect_info(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(it) => Pin::new(it).poll_read(cx, buf),
            Self::Secure(it) => Pin::new(it).poll_read(cx, buf),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(it) => Pin::new(it).poll_write(cx, buf),
            Self::Secure(it) => Pin::new(it).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(it) => Pin::new(it).poll_flush(cx),
            Self::Secure(it) => Pin::new(it).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(it) => Pin::new(it).poll_shutdown(cx),
            Self::Secure(it) => Pin::new(it).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(it) => Pin::new(it).poll_write_vectored(cx, bufs),
            Self::Secure(it) => Pin::new(it).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(it) => it.is_write_vectored(),
            Self::Secure(it) => it.is_write_vectored(),
        }
    }
}
