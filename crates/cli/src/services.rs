//! The services that a platform runs, and their ports.

use crate::member::Member;
use studium_broker::services::ServiceAccess;

/// A service that the platform runs.
pub struct Entry {
    /// Its name, which is its stream's.
    pub name: &'static str,
    /// Its port is the first port and so many more.
    pub offset: u16,
    /// The list of its parts.
    pub parts: fn() -> studium_kit::Service,
}

impl Entry {
    /// What the broker lets the service do: what its parts declare.
    pub fn access(&self) -> ServiceAccess {
        let parts = (self.parts)();
        let owned = |it: &&'static str| (*it).to_owned();
        ServiceAccess {
            name: self.name.to_owned(),
            writes: parts.writes().iter().map(owned).collect(),
            reads: parts.reads().iter().map(owned).collect(),
            feeds: parts.feed_sorts().iter().map(owned).collect(),
            reads_only: false,
        }
    }
}

/// Every service, in the order in which they are started.
pub const SERVICES: [Entry; 5] = [
    Entry { name: "catalogue", offset: 1, parts: studium_catalogue::service },
    Entry { name: "enrolment", offset: 2, parts: studium_enrolment::service },
    Entry { name: "mentorship", offset: 3, parts: studium_mentorship::service },
    Entry { name: "credentials", offset: 4, parts: studium_credentials::service },
    Entry { name: "campus", offset: 5, parts: studium_campus::service },
];

/// The service that strangers ask.
pub const CREDENTIALS: &str = "credentials";

/// The broker's port is the first port and so many more.
pub const NATS_OFFSET: u16 = 22;

/// Second replicas have their ports after the broker's.
const REPLICA_OFFSET: u16 = 30;

/// So many replicas of each service fit between the ports of the broker and those between its nodes.
pub const REPLICAS_MAX: u16 = 10;

/// The port of a service's replica, counted from 1, if the platform's first port is this.
pub fn port(base: u16, offset: u16, replica: u16) -> u16 {
    let first = if replica == 1 { 0 } else { REPLICA_OFFSET + (replica - 2) * SERVICES.len() as u16 };
    base + first + offset
}

/// Ports that services take from a first one on.
pub fn ports(base: u16, members: &[Member], replicas: u16) -> Vec<u16> {
    let all = members.iter().flat_map(|it| (1..=it.replicas(replicas)).map(|number| port(base, it.offset, number)));
    all.collect()
}

/// Ports that three nodes of the broker take, for clients and between each other. The broker itself says if one is taken.
pub fn broker_ports(base: u16) -> impl Iterator<Item = u16> {
    (0..3).flat_map(move |it| [base + NATS_OFFSET + it, base + NATS_OFFSET + 100 + it])
}
