//! The contract at run time: descriptors, and what the options in them say.

use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, Kind as FieldKind, MessageDescriptor, Value};
use std::{collections::HashMap, sync::LazyLock};
use studium_core::Kind;

/// Every proto of the platform with its options, encoded.
const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/studium.fds.bin"));

/// The same, ready to be asked.
pub static DESCRIPTORS: LazyLock<DescriptorPool> = LazyLock::new(|| {
    // The set is made by our own build; a build that cannot read itself must not start.
    #[expect(clippy::expect_used, reason = "the set is checked by the build that made it")]
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("our own descriptors")
});

/// The protos of some services with all that they need, encoded: what a service tells of itself, not of the platform.
pub fn file_descriptor_set(services: &[&str]) -> Vec<u8> {
    let mut files = Vec::new();
    for service in services.iter().filter_map(|it| DESCRIPTORS.get_service_by_name(it)) {
        gather(&service.parent_file(), &mut files);
    }
    let mut set = Vec::new();
    for file in files {
        // The field `file` of `google.protobuf.FileDescriptorSet`.
        prost::encoding::bytes::encode(1, &file.encode_to_vec(), &mut set);
    }
    set
}

fn gather(file: &FileDescriptor, files: &mut Vec<FileDescriptor>) {
    if files.contains(file) {
        return;
    }
    for needed in file.dependencies() {
        gather(&needed, files);
    }
    files.push(file.clone());
}

type Names = HashMap<&'static str, HashMap<u64, &'static str>>;

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    crate::EVENTS
        .iter()
        .filter_map(|(aggregate, message)| {
            let message = DESCRIPTORS.get_message_by_name(message)?;
            let arms = message
                .fields()
                .filter_map(|field| match field.kind() {
                    // Leaked once per kind of event, at start: names live as long as the process.
                    FieldKind::Message(it) => Some((u64::from(field.number()), &*it.name().to_owned().leak())),
                    _ => None,
                })
                .collect();
            Some((*aggregate, arms))
        })
        .collect()
});

static KINDS: LazyLock<HashMap<(String, i32), Kind>> = LazyLock::new(|| {
    let Some(extension) = DESCRIPTORS.get_extension_by_name("studium.options.v1.kind") else {
        return HashMap::new();
    };
    let mut kinds = HashMap::new();
    for reason in DESCRIPTORS.all_enums().filter(|it| it.name() == "Reason") {
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
});

/// The name of a stored event, for example `EnrolmentRequested`; `unknown` for one that this build does not know.
pub fn name_of_event(aggregate: &str, bytes: &[u8]) -> &'static str {
    let key = prost::encoding::decode_varint(&mut &*bytes).unwrap_or(0);
    NAMES.get(aggregate).and_then(|arms| arms.get(&(key >> 3)).copied()).unwrap_or("unknown")
}

/// What sort of refusal a reason is, from the option on its value.
pub fn reason_kind(reason: &str, number: i32) -> Kind {
    KINDS.get(&(reason.to_owned(), number)).copied().unwrap_or(Kind::FailedPrecondition)
}

/// A message of the contract as canonical proto JSON; fields without a value are left out.
/// `name` is its full name in the contract.
pub fn json_of<M: prost::Message>(name: &str, message: &M) -> serde_json::Value {
    let descriptor = DESCRIPTORS.get_message_by_name(name);
    let read = descriptor.and_then(|it| DynamicMessage::decode(it, message.encode_to_vec().as_slice()).ok());
    read.and_then(|it| serde_json::to_value(it).ok()).unwrap_or_default()
}

/// A stored event as canonical proto JSON with its name, for people and scripts.
pub fn event_json(aggregate: &str, bytes: &[u8]) -> Option<serde_json::Value> {
    let (_, message) = crate::EVENTS.iter().find(|(it, _)| *it == aggregate)?;
    let descriptor: MessageDescriptor = DESCRIPTORS.get_message_by_name(message)?;
    let message = DynamicMessage::decode(descriptor, bytes).ok()?;
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
