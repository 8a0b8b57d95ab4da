//! A service beside the platform starts only with a contract that says what is personal in its events.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::LazyLock;
use studium_kit::{Decider, Decision, Event, Kind, Log, Reason, Service};
use studium_proto::{Contract, file_descriptor_set};
use studium_testkit::House;

#[derive(Clone, Debug, PartialEq)]
struct Said;

impl Event for Said {
    const AGGREGATE: &'static str = "beside.thing";
    fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }
    fn from_bytes(_: &[u8]) -> Result<Option<Self>, studium_core::DecodeError> {
        Ok(Some(Self))
    }
    fn name(&self) -> &'static str {
        "Said"
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Never;

impl Reason for Never {
    const DOMAIN: &'static str = "beside";
    fn name(self) -> &'static str {
        "NEVER"
    }
    fn kind(self) -> Kind {
        Kind::FailedPrecondition
    }
}

#[derive(Default, Clone)]
struct Thing;

impl Decider for Thing {
    type Command = ();
    type Event = Said;
    type Reason = Never;

    fn decide(&self, (): &()) -> Decision<Self> {
        Ok(vec![Said])
    }

    fn evolve(&mut self, _: &Said) {}
}

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let set = file_descriptor_set(&["studium.admin.v1.AdminService"]);
    Contract::read(&set, &[("beside.thing", "studium.admin.v1.TraceRequest")])
});

#[tokio::test]
async fn what_no_contract_knows_keeps_a_service_from_starting() {
    let house = House::new(Log::memory()).unwrap();
    let no = house.start(Service::new("beside").decider::<Thing>()).await.err().unwrap();
    assert!(no.to_string().contains("no contract says what the events of `beside.thing` are"), "{no}");
    let running = house.start(Service::new("beside").contract(&CONTRACT).decider::<Thing>()).await.unwrap();
    running.stop().await.unwrap();
}
