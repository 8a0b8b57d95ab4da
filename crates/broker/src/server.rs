//! nats-server as a child process: configured for a durability profile, awaited, killed, started again.

use crate::{accounts, certificates::Certificates, http, process, process::Process, reload, secret};
use anyhow::{Context, Result, bail};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use studium_log::Durability;
use tokio::time::{Instant, sleep};

/// How long a server may take to be ready; reading a large store back takes a while.
const START: Duration = Duration::from_mins(2);

/// How long a server may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(15);

/// Where a node runs, if not on this machine's own loopback address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The address that it listens on.
    pub host: String,
    /// The network namespace that it lives in.
    pub namespace: String,
}

/// The servers of one durability profile: one, or three in a cluster. Dropping them kills them.
///
/// All that they hold is in one directory; a second start on it finds everything that was acknowledged.
pub struct NatsServer {
    executable: PathBuf,
    durability: Durability,
    dir: PathBuf,
    /// The operator's own.
    password: String,
    /// Where each node runs; none = all of them here.
    places: Vec<Place>,
    nodes: Vec<Node>,
}

struct Node {
    config: PathBuf,
    host: String,
    /// Kept over restarts, so that clients come back to the same address.
    port: u16,
    process: Process,
}

impl NatsServer {
    /// Starts the profile's servers on `dir` and waits until they are ready.
    /// `port` is the first client port; without it the servers choose free ones.
    /// A server that an earlier, killed process left running on `dir` is stopped first.
    ///
    /// # Errors
    /// When a port is taken, the directory was made for the other number of servers, or a server does not become ready.
    pub async fn start(executable: &Path, durability: Durability, dir: &Path, port: Option<u16>) -> Result<Self> {
        Self::start_at(&[], executable, durability, dir, port).await
    }

    /// The same with each node in a place of its own.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn start_at(
        places: &[Place],
        executable: &Path,
        durability: Durability,
        dir: &Path,
        port: Option<u16>,
    ) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot write to {}", dir.display()))?;
        let dir = fs::canonicalize(dir)?;
        refuse_other_layout(&dir, durability)?;
        stop_left_over(&dir).await;
        accounts::take_over(&store(&dir, durability, 1), durability)?;
        accounts::write(&dir)?;
        let password = secret::password(&dir, accounts::OPERATOR)?;
        let (executable, places) = (executable.to_owned(), places.to_vec());
        let mut server = Self { executable, durability, dir, password, places, nodes: vec![] };
        let mut attempts = 3;
        loop {
            match server.start_nodes(port).await {
                Ok(()) => return Ok(server),
                Err(e) => {
                    server.kill().await;
                    server.nodes.clear();
                    attempts -= 1;
                    // Ports that were free a moment ago can be taken; ports that were asked for stay taken.
                    if port.is_some() || durability != Durability::Replicated || attempts == 0 {
                        return Err(e);
                    }
                }
            }
        }
    }

    /// The profile that a directory can only be used with, if it holds a cluster's store.
    pub fn made_for(dir: &Path) -> Option<Durability> {
        store(dir, Durability::Replicated, 1).exists().then_some(Durability::Replicated)
    }

    /// Address of every node, with commas, and with the operator's user and password: what `LogConfig::url` takes.
    /// To be shown only without them (`studium_log::address::without_user`).
    pub fn url(&self) -> String {
        self.url_with(accounts::OPERATOR, &self.password)
    }

    /// The same with the user and password of a service.
    ///
    /// # Errors
    /// When the password cannot be read.
    pub fn url_of(&self, service: &str) -> Result<String> {
        Ok(self.url_with(service, &secret::password(&self.dir, service)?))
    }

    fn url_with(&self, user: &str, password: &str) -> String {
        let (scheme, parameters) = match Certificates::of(&self.dir) {
            Some(it) => ("tls", it.parameters(user)),
            None => ("nats", String::new()),
        };
        let url = |it: &Node| format!("{scheme}://{user}:{password}@{}:{}{parameters}", it.host, it.port);
        let urls = self.nodes.iter().map(url);
        urls.collect::<Vec<_>>().join(",")
    }

    /// Process id of each node.
    pub fn pids(&self) -> Vec<u32> {
        self.nodes.iter().map(|it| it.process.pid()).collect()
    }

    /// The profile that it was started for.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Waits until a node ends by itself, and says how it ended.
    pub async fn ended(&mut self) -> String {
        let ends = self.nodes.iter_mut().map(|it| Box::pin(it.process.ended()));
        futures::future::select_all(ends).await.0
    }

    /// Stops all nodes in good order.
    pub async fn stop(&mut self) {
        futures::future::join_all(self.nodes.iter_mut().map(|it| it.process.stop(STOP))).await;
    }

    /// Ends all nodes at once, as `kill -9` does.
    pub async fn kill(&mut self) {
        for node in &mut self.nodes {
            node.process.kill().await;
        }
    }

    /// Ends one node at once, as `kill -9` does; nodes count from 0.
    pub async fn kill_node(&mut self, node: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.process.kill().await;
        }
    }

    /// Starts every node that has ended again, on its old port and store, and waits until all are ready.
    pub async fn restart(&mut self) -> Result<()> {
        for index in 0..self.nodes.len() {
            if self.nodes[index].process.has_ended().is_none() {
                continue;
            }
            let process = self.spawn_on_old_port(index)?;
            self.nodes[index].process = process;
        }
        self.wait_until_ready().await
    }

    /// Why a node stores nothing any more, if one does not: its disk was full or failed, and it stays so until it is
    /// started again.
    pub async fn trouble(&self) -> Option<String> {
        for node in &self.nodes {
            let Some(address) = reload::monitoring(&self.dir, node.process.pid()) else { continue };
            let health = http::get(&address, "/healthz").await.unwrap_or_default().1;
            if let Some(why) = write_error(&health) {
                let (name, dir) = (node.process.name(), self.dir.display());
                return Some(format!("{name} cannot write ({why}); free space on the disk that holds {dir}"));
            }
        }
        None
    }

    /// Stops all nodes in good order and starts them again.
    pub async fn start_again(&mut self) -> Result<()> {
        self.stop().await;
        self.restart().await
    }

    fn spawn_on_old_port(&self, index: usize) -> Result<Process> {
        let node = &self.nodes[index];
        let text =
            fs::read_to_string(&node.config)?.replace("port: -1 # client", &format!("port: {} # client", node.port));
        fs::write(&node.config, text)?;
        self.spawn(index + 1)
    }

    async fn start_nodes(&mut self, port: Option<u16>) -> Result<()> {
        let count: u16 = if self.durability == Durability::Replicated { 3 } else { 1 };
        let cluster = match (count, port) {
            (1, _) => vec![],
            (_, Some(port)) => (0..count).map(|it| port + 100 + it).collect(),
            _ => (0..count).map(|_| http::free_port()).collect::<std::io::Result<Vec<_>>>()?,
        };
        for taken in port.into_iter().flat_map(|it| it..it + count).chain(cluster.iter().copied()) {
            if !http::is_free(taken) {
                bail!("port {taken} is taken; stop what uses it, or choose others with --port");
            }
        }
        for index in 1..=count {
            let client = port.map(|it| it + index - 1);
            fs::write(self.config(index.into()), self.config_text(index, client, &cluster))?;
            let process = self.spawn(index.into())?;
            let (config, host, port) = (self.config(index.into()), self.host(index), client.unwrap_or(0));
            self.nodes.push(Node { config, host, port, process });
        }
        self.wait_until_ready().await
    }

    /// Where a node listens, counted from 1.
    fn host(&self, index: u16) -> String {
        self.places.get(usize::from(index) - 1).map_or_else(|| "127.0.0.1".to_owned(), |it| it.host.clone())
    }

    fn config(&self, index: usize) -> PathBuf {
        self.dir.join(format!("server-{index}.conf"))
    }

    fn config_text(&self, index: u16, port: Option<u16>, cluster: &[u16]) -> String {
        let port = port.map_or_else(|| "-1".to_owned(), |it| it.to_string());
        let host = self.host(index);
        let sync = if self.durability == Durability::Process { "" } else { "sync_interval: always" };
        let store = quoted(&store(&self.dir, self.durability, index.into()));
        let dir = quoted(&self.dir);
        let tls = Certificates::of(&self.dir).map_or_else(String::new, |it| it.configuration());
        let pid_file = quoted(&self.dir.join(format!("server-{index}.pid")));
        let mut text = format!(
            "# Written at every start.\n\
             server_name: studium-{index}\n\
             host: {host}\n\
             port: {port} # client\n\
             http: \"{host}:-1\"\n\
             ports_file_dir: {dir}\n\
             pid_file: {pid_file}\n\
             jetstream {{\n  store_dir: {store}\n  max_memory_store: 1GB\n  max_file_store: 1TB\n  {sync}\n}}\n\
             include \"{}\"\n{tls}",
            accounts::FILE
        );
        if let Some(own) = cluster.get(usize::from(index) - 1) {
            let routes = (1..).zip(cluster).map(|(index, port)| format!("\"nats://{}:{port}\"", self.host(index)));
            let routes: Vec<_> = routes.collect();
            let routes = routes.join(", ");
            let _ = write!(
                text,
                "cluster {{\n  name: studium\n  host: {host}\n  port: {own}\n  routes: [{routes}]\n  {tls}}}\n"
            );
        }
        text
    }

    fn spawn(&self, index: usize) -> Result<Process> {
        let mut command = match self.places.get(index - 1) {
            None => std::process::Command::new(&self.executable),
            Some(place) => {
                let mut command = std::process::Command::new("ip");
                command.args(["netns", "exec", &place.namespace]).arg(&self.executable);
                command
            }
        };
        command.arg("--config").arg(self.config(index));
        Process::start(&format!("nats-server {index}"), command, &self.dir.join(format!("server-{index}.log")))
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        let count = self.nodes.len();
        for index in 0..count {
            loop {
                if let Some(why) = self.trouble().await {
                    bail!("{why}");
                }
                let node = &mut self.nodes[index];
                if let Some(status) = node.process.has_ended() {
                    bail!("{} did not start ({status}): {}", node.process.name(), node.process.last_words());
                }
                if let Some(port) = node.is_ready(&self.dir, count).await {
                    node.port = port;
                    break;
                }
                if Instant::now() > deadline {
                    bail!("{} is not ready after {START:?}; {}", node.process.name(), node.process.last_words());
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }
}

impl Node {
    /// Its client port once `JetStream` answers and, in a cluster, has found its leader and all its peers.
    async fn is_ready(&self, dir: &Path, peers: usize) -> Option<u16> {
        let port = reload::ports(dir, self.process.pid())?.nats.first()?.rsplit(':').next()?.parse().ok()?;
        let monitoring = reload::monitoring(dir, self.process.pid())?;
        let (status, _) = http::get(&monitoring, "/healthz").await.ok()?;
        if status != 200 {
            return None;
        }
        if peers > 1 {
            let (_, body) = http::get(&monitoring, "/jsz").await.ok()?;
            let body: serde_json::Value = serde_json::from_str(&body).ok()?;
            let meta = body.get("meta_cluster")?;
            let size = meta.get("cluster_size")?.as_u64()?;
            let leader = meta.get("leader")?.as_str()?;
            if leader.is_empty() || size < peers as u64 {
                return None;
            }
        }
        Some(port)
    }
}

/// What the system said to a server that cannot write: `{"error": "… write error: write PATH: no space left on device"}`.
fn write_error(health: &str) -> Option<String> {
    let health: serde_json::Value = serde_json::from_str(health).ok()?;
    let error = health.get("error")?.as_str()?;
    error.contains("write error:").then(|| error.rsplit(": ").next().unwrap_or(error).to_owned())
}

/// Where a node keeps its messages. A cluster's node would throw away what a single server kept, so they never share.
fn store(dir: &Path, durability: Durability, index: usize) -> PathBuf {
    let kind = if durability == Durability::Replicated { "replicated" } else { "single" };
    dir.join(format!("{kind}-{index}"))
}

fn refuse_other_layout(dir: &Path, durability: Durability) -> Result<()> {
    let other = if durability == Durability::Replicated { Durability::Disk } else { Durability::Replicated };
    if store(dir, other, 1).exists() {
        let made = if other == Durability::Replicated { "three servers (replicated)" } else { "one server" };
        bail!(
            "{} was made with {made} and cannot become `{durability}`; name another directory with --data",
            dir.parent().unwrap_or(dir).display()
        );
    }
    Ok(())
}

/// Stops servers that a killed process left running on this directory; two servers on one store would spoil it.
async fn stop_left_over(dir: &Path) {
    for index in 1..=3 {
        let pid_file = dir.join(format!("server-{index}.pid"));
        let Some(pid) = reload::last_pid(dir, index) else { continue };
        if reload::running_node(dir, index).is_some() {
            process::stop_other(pid, STOP).await;
        }
        let _ = fs::remove_file(pid_file);
        let _ = fs::remove_file(dir.join(format!("nats-server_{pid}.ports")));
    }
}

/// A path as a string of the configuration's grammar.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::write_error;

    #[test]
    fn a_server_that_cannot_write_is_told_from_one_that_is_not_ready() {
        let full = r#"{"status":"unavailable","error":"JetStream stream '$G > x' write error: write /x/1.blk: no space left on device"}"#;
        assert_eq!(write_error(full).as_deref(), Some("no space left on device"));
        for other in
            ["", r#"{"status":"ok"}"#, r#"{"status":"unavailable","error":"JetStream has not established contact"}"#]
        {
            assert_eq!(write_error(other), None);
        }
    }
}
