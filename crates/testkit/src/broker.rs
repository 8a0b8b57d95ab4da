//! A real nats-server for one test, in a directory of its own.

use std::path::{Path, PathBuf};
use studium_broker::{NatsServer, binary, http};
use studium_log::{Durability, Log, LogConfig, MasterKey};
use tempfile::TempDir;

/// A running broker; it ends with the test.
pub struct Broker {
    /// The servers, to be killed and started again.
    pub server: NatsServer,
    durability: Durability,
    folder: TempDir,
}

/// Starts a broker of a durability profile.
///
/// # Panics
/// When none can be found or started: the sentence says why.
pub async fn nats(durability: Durability) -> Broker {
    let found = binary::find(&cache()).unwrap_or_else(|e| panic!("{e:#}"));
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let server = NatsServer::start(&found.path, durability, folder.path(), None).await;
    Broker { server: server.unwrap_or_else(|e| panic!("{e:#}")), durability, folder }
}

impl Broker {
    /// Where the servers keep all they have.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection that reads what is sealed as it is.
    ///
    /// # Panics
    /// When the broker does not answer.
    pub async fn log_without_keys(&self) -> Log {
        let config = LogConfig { url: self.server.url(), durability: self.durability, master_key: None };
        Log::connect(&config).await.unwrap_or_else(|e| panic!("{e}"))
    }

    /// A connection of its own to the log; all of one broker have the same master key.
    ///
    /// # Panics
    /// When the broker does not answer.
    pub async fn log(&self) -> Log {
        self.log_with(MasterKey::new([7; 32])).await
    }

    /// A connection to the log with master keys of one's own.
    ///
    /// # Panics
    /// When the broker does not answer.
    pub async fn log_with(&self, master_key: MasterKey) -> Log {
        let config = LogConfig { url: self.server.url(), durability: self.durability, master_key: Some(master_key) };
        Log::connect(&config).await.unwrap_or_else(|e| panic!("{e}"))
    }
}

/// A first port whose neighbours, where `studium up` puts broker and services, are free.
///
/// # Panics
/// When the machine gives no port at all.
pub fn free_base() -> u16 {
    loop {
        let base = http::free_port().unwrap_or_else(|e| panic!("{e}"));
        if base < 60_000 && [1, 2, 3, 4, 5, 6, 22].iter().all(|it| http::is_free(base + it)) {
            return base;
        }
    }
}

/// Where a fetched server is kept between runs: beside the build, so that `cargo clean` takes it away.
fn cache() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let target = exe.ancestors().find(|it| it.ends_with("target")).map_or_else(std::env::temp_dir, Path::to_owned);
    target.join("tmp")
}
