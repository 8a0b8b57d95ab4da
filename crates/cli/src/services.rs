//! The services that a platform runs, and their ports.

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

impl Entry {
    /// The port of a replica, counted from 1, if the platform's first port is this.
    pub fn port(&self, base: u16, replica: u16) -> u16 {
        let first = if replica == 1 { 0 } else { REPLICA_OFFSET + (replica - 2) * SERVICES.len() as u16 };
        base + first + self.offset
    }
}

/// Ports that `up` takes from a first one on: services, broker, and between nodes of the broker.
pub fn ports(base: u16, replicas: u16) -> Vec<u16> {
    let services = SERVICES.iter().flat_map(|it| (1..=replicas).map(|replica| it.port(base, replica)));
    let nodes = (0..3).flat_map(|it| [base + NATS_OFFSET + it, base + NATS_OFFSET + 100 + it]);
    services.chain(nodes).collect()
}
