//! The network between two nodes of the broker is cut: each node lives in a network namespace of its own, and the way
//! between two of them leads nowhere for a while, while both still reach the third.

use crate::drill::stage::Stage;
use anyhow::{Context as _, Result, ensure};
use std::process::Command;
use studium_broker::Place;

/// Nodes of a replicated broker.
const NODES: u8 = 3;

/// Namespaces that are joined by a bridge; dropping it takes them away.
pub struct Network {
    name: String,
    subnet: String,
}

impl Network {
    /// Makes one namespace for each node.
    ///
    /// # Errors
    /// Where this user may not.
    pub fn lay() -> Result<Self> {
        let process = std::process::id();
        let subnet = format!("10.{}.{}", 200 + process % 50, process / 50 % 250);
        let it = Self { name: format!("sd{process}"), subnet };
        let (bridge, net) = (&it.name, &it.subnet);
        ip(&format!("link add {bridge} type bridge"))?;
        ip(&format!("addr add {net}.254/24 dev {bridge}"))?;
        ip(&format!("link set {bridge} up"))?;
        for node in 1..=NODES {
            let space = it.space(node);
            ip(&format!("netns add {space}"))?;
            ip(&format!("link add {bridge}v{node} type veth peer name eth0 netns {space}"))?;
            ip(&format!("link set {bridge}v{node} master {bridge} up"))?;
            ip(&format!("-n {space} addr add {net}.{node}/24 dev eth0"))?;
            ip(&format!("-n {space} link set eth0 up"))?;
            ip(&format!("-n {space} link set lo up"))?;
        }
        Ok(it)
    }

    fn space(&self, node: u8) -> String {
        format!("{}n{node}", self.name)
    }

    /// Where the nodes are to run.
    pub fn places(&self) -> Vec<Place> {
        let place = |node| Place { host: format!("{}.{node}", self.subnet), namespace: self.space(node) };
        (1..=NODES).map(place).collect()
    }

    /// Lets nothing through between two nodes, or everything again.
    fn cut(&self, (one, other): (u8, u8), is_cut: bool) -> Result<()> {
        let act = if is_cut { "add" } else { "del" };
        for (from, to) in [(one, other), (other, one)] {
            ip(&format!("-n {} route {act} blackhole {}.{to}/32", self.space(from), self.subnet))?;
        }
        Ok(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // What was not made cannot be removed, which is no matter.
        for node in 1..=NODES {
            let _ = ip(&format!("netns del {}", self.space(node)));
        }
        let _ = ip(&format!("link del {}", self.name));
    }
}

fn ip(what: &str) -> Result<()> {
    let done = Command::new("ip").args(what.split(' ')).output().context("there is no `ip` to cut networks with")?;
    let why = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "`ip {what}` is refused ({}); run the drill as root", why.trim());
    Ok(())
}

/// Cuts each pair of nodes once.
///
/// # Errors
/// When commands do not go on.
pub async fn play(stage: &mut Stage, commands: u64, network: &Network) -> Result<()> {
    stage.load.more(commands).await?;
    for pair in [(1, 2), (2, 3), (1, 3)] {
        network.cut(pair, true)?;
        stage.breaks(format!("nodes {} and {} of the broker do not reach each other", pair.0, pair.1));
        stage.load.more(commands).await?;
        stage.recovered("commands succeed over the third");
        network.cut(pair, false)?;
        stage.tell("the network is whole again");
        stage.load.more(commands / 2).await?;
    }
    Ok(())
}
