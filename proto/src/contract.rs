//! Contracts at run time: descriptors, and what the options in them say. The platform's own, and those of services beside it.

use crate::personal::Personal;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FileDescriptor, Kind as FieldKind, MessageDescriptor, ServiceDescriptor, Value,
};
use std::{
    collections::HashMap,
    sync::{LazyLock, PoisonError, RwLock},
};
use studium_core::Kind;

/// Every proto of the platform with its options, encoded.
const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.fds.bin"));

/// The same, ready to be asked.
pub static DESCRIPTORS: LazyLock<DescriptorPool> = LazyLock::new(|| decoded(FILE_DESCRIPTOR_SET));

/// The platform's contract.
pub static PLATFORM: LazyLock<Contract> = LazyLock::new(|| Contract::new(DESCRIPTORS.clone(), crate::EVENTS));

/// The contracts of services beside the platform that this process runs.
static JOINED: RwLock<Vec<&'static Contract>> = RwLock::new(Vec::new());

/// What a service says to others: its messages, and which of them are events of which aggregate.
#[derive(Debug)]
pub struct Contract {
    pool: DescriptorPool,
    aggregates: HashMap<&'static str, Aggregate>,
    kinds: HashMap<(String, i32), Kind>,
}

/// What the events of one aggregate are.
#[derive(Debug)]
struct Aggregate {
    message: &'static str,
    names: HashMap<u64, &'static str>,
    personal: Option<Personal>,
}

impl Contract {
    /// A contract as its build encoded it, with the message of each aggregate's events.
    pub fn read(set: &[u8], events: &[(&'static str, &'static str)]) -> Self {
        Self::new(decoded(set), events)
    }

    fn new(pool: DescriptorPool, events: &[(&'static str, &'static str)]) -> Self {
        let read = |(name, message): &(&'static str, &'static str)| Some((*name, Aggregate::read(&pool, message)?));
        Self { aggregates: events.iter().filter_map(read).collect(), kinds: kinds(&pool), pool }
    }

    /// The name of a stored event, for example `EnrolmentRequested`; `unknown` for one that this build does not know.
    pub fn name_of_event(&self, aggregate: &str, bytes: &[u8]) -> &'static str {
        self.aggregates.get(aggregate).map_or(UNKNOWN, |it| it.name_of(bytes))
    }

    /// What sort of refusal a reason is, from the option on its value.
    pub fn reason_kind(&self, reason: &str, number: i32) -> Kind {
        self.kinds.get(&(reason.to_owned(), number)).copied().unwrap_or(Kind::FailedPrecondition)
    }
}

/// The set is made by a build of ours; a build that cannot read itself must not start.
#[expect(clippy::expect_used, reason = "the set is checked by the build that made it")]
fn decoded(set: &[u8]) -> DescriptorPool {
    DescriptorPool::decode(set).expect("our own descriptors")
}

/// Adds a contract to what this process knows beside the platform's; once is enough.
pub fn join(contract: &'static Contract) {
    let mut joined = JOINED.write().unwrap_or_else(PoisonError::into_inner);
    if !joined.iter().any(|it| std::ptr::eq(*it, contract)) {
        joined.push(contract);
    }
}

/// Asks the platform's contract, then those that joined it, until one answers.
fn first<T>(ask: impl Fn(&'static Contract) -> Option<T>) -> Option<T> {
    let joined = || JOINED.read().unwrap_or_else(PoisonError::into_inner).iter().find_map(|it| ask(it));
    ask(&PLATFORM).or_else(joined)
}

fn aggregate(name: &str) -> Option<&'static Aggregate> {
    first(|it| it.aggregates.get(name))
}

/// Whether a contract says what the events of an aggregate are.
pub fn is_known(name: &str) -> bool {
    aggregate(name).is_some()
}

/// The message that the events of an aggregate are.
pub fn message_of(name: &str) -> Option<MessageDescriptor> {
    first(|it| it.pool.get_message_by_name(it.aggregates.get(name)?.message))
}

/// A gRPC service by its full name.
pub fn service(name: &str) -> Option<ServiceDescriptor> {
    first(|it| it.pool.get_service_by_name(name))
}

/// What is personal in the events of an aggregate; `None` when nothing is.
pub fn personal(name: &str) -> Option<&'static Personal> {
    aggregate(name)?.personal.as_ref()
}

/// The protos of some services with all that they need, encoded: what a service tells of itself, not of the platform.
pub fn file_descriptor_set(services: &[&str]) -> Vec<u8> {
    let mut files = Vec::new();
    for service in services.iter().filter_map(|it| service(it)) {
        gather(&service.parent_file(), &mut files);
    }
    let mut set = Vec::new();
    for file in files {
        // The field `file` of `google.protobuf.FileDescriptorSet`.
        prost::encoding::bytes::encode(1, &file.encode_to_vec(), &mut set);
    }
    set
}

/// By name: what two contracts import is in the sets of both.
fn gather(file: &FileDescriptor, files: &mut Vec<FileDescriptor>) {
    if files.iter().any(|it| it.name() == file.name()) {
        return;
    }
    for needed in file.dependencies() {
        gather(&needed, files);
    }
    files.push(file.clone());
}

/// What events are called that no contract here knows.
const UNKNOWN: &str = "unknown";

impl Aggregate {
    fn read(pool: &DescriptorPool, message: &'static str) -> Option<Self> {
        let envelope = pool.get_message_by_name(message)?;
        let names = envelope.fields().filter_map(|field| match field.kind() {
            // Leaked once per kind of event, at start: names live as long as the process.
            FieldKind::Message(it) => Some((u64::from(field.number()), &*it.name().to_owned().leak())),
            _ => None,
        });
        Some(Self { message, names: names.collect(), personal: Personal::of(&envelope) })
    }

    fn name_of(&self, bytes: &[u8]) -> &'static str {
        let key = prost::encoding::decode_varint(&mut &*bytes).unwrap_or(0);
        self.names.get(&(key >> 3)).copied().unwrap_or(UNKNOWN)
    }
}

fn kinds(pool: &DescriptorPool) -> HashMap<(String, i32), Kind> {
    let Some(extension) = pool.get_extension_by_name("studium.options.v1.kind") else {
        return HashMap::new();
    };
    let mut kinds = HashMap::new();
    for reason in pool.all_enums().filter(|it| it.name() == "Reason") {
        for value in reason.values() {
            let kind = match value.options().get_extension(&extension).as_enum_number() {
                Some(1) => Kind::InvalidArgument,
                Some(2) => Kind::NotFound,
                Some(3) => Kind::AlreadyExists,
                Some(4) => Kind::PermissionDenied,
                _ => Kind::FailedPrecondition,
            };
            kinds.insert((reason.full_name().to_owned(), value.number()), kind);
        }
    }
    kinds
}

/// The name of a stored event, for example `EnrolmentRequested`; `unknown` for one that this build does not know.
pub fn name_of_event(name: &str, bytes: &[u8]) -> &'static str {
    aggregate(name).map_or(UNKNOWN, |it| it.name_of(bytes))
}

/// A message of the contract as canonical proto JSON; fields without a value are left out.
/// `name` is its full name in the contract.
pub fn json_of<M: prost::Message>(name: &str, message: &M) -> serde_json::Value {
    let descriptor = DESCRIPTORS.get_message_by_name(name);
    let read = descriptor.and_then(|it| DynamicMessage::decode(it, message.encode_to_vec().as_slice()).ok());
    read.and_then(|it| serde_json::to_value(it).ok()).unwrap_or_default()
}

/// A stored event as canonical proto JSON with its name, for people and scripts.
pub fn event_json(name: &str, bytes: &[u8]) -> Option<serde_json::Value> {
    let message = DynamicMessage::decode(message_of(name)?, bytes).ok()?;
    let (field, value) = message.fields().next()?;
    match (field.kind(), value) {
        (FieldKind::Message(kind), Value::Message(event)) => {
            let mut json = serde_json::to_value(event).ok()?;
            json.as_object_mut()?.insert("event".to_owned(), kind.name().into());
            Some(json)
        }
        _ => None,
    }
}
