//! Every event that was ever written can still be read: golden bytes of each kind, with what they must say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};
use studium_proto::DESCRIPTORS;

/// Set to 1 to add golden bytes for new kinds of events; those that are there are never changed.
const ACCEPT: &str = "STUDIUM_TEST_ACCEPT_GOLDEN";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A message with every field set to something that tells it apart.
fn sample(message: &MessageDescriptor, depth: u32) -> DynamicMessage {
    let mut it = DynamicMessage::new(message.clone());
    for field in message.fields() {
        let value = sample_value(&field, depth);
        let value = if field.is_list() { Value::List(vec![value]) } else { value };
        it.set_field(&field, value);
    }
    it
}

fn sample_value(field: &FieldDescriptor, depth: u32) -> Value {
    let number = field.number();
    match field.kind() {
        Kind::Bool => Value::Bool(true),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(number as i32 + 1000),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(i64::from(number) + 1_380_585_600_000),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(number + 2000),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::from(number) + 3000),
        Kind::Float => Value::F32(0.5),
        Kind::Double => Value::F64(0.25),
        Kind::String => Value::String(format!("{} of {}", field.name(), field.parent_message().name())),
        Kind::Bytes => Value::Bytes(bytes::Bytes::from_static(b"bytes")),
        Kind::Enum(it) => Value::EnumNumber(it.values().map(|it| it.number()).max().unwrap()),
        Kind::Message(it) => {
            assert!(depth < 4, "events are flat: `{}` goes too deep", field.full_name());
            Value::Message(sample(&it, depth + 1))
        }
    }
}

/// Name of each kind of event → its bytes and what they say as JSON.
fn read(file: &PathBuf) -> BTreeMap<String, (Vec<u8>, serde_json::Value)> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let (name, bytes, json) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let bytes = (0..bytes.len()).step_by(2).map(|i| u8::from_str_radix(&bytes[i..i + 2], 16).unwrap()).collect();
        (name.to_owned(), (bytes, serde_json::from_str(json).unwrap()))
    };
    text.lines().map(line).collect()
}

#[test]
fn every_event_ever_written_can_still_be_read() {
    let messages = DESCRIPTORS
        .all_messages()
        .filter(|it| it.oneofs().any(|it| it.name() == "event") && it.name().ends_with("Event"));
    let mut missing = Vec::new();
    for message in messages {
        let file = folder().join(format!("{}.golden", message.full_name()));
        let mut golden = read(&file);
        for (name, (bytes, said)) in &golden {
            let now = DynamicMessage::decode(message.clone(), bytes.as_slice()).expect(name);
            assert_eq!(&serde_json::to_value(&now).unwrap(), said, "{name} no longer says what it said");
            assert_eq!(&now.encode_to_vec(), bytes, "{name} would be written differently");
        }
        for field in message.fields() {
            let Kind::Message(event) = field.kind() else { panic!("`{}` is no message", field.full_name()) };
            if golden.contains_key(event.name()) {
                continue;
            }
            let mut whole = DynamicMessage::new(message.clone());
            whole.set_field(&field, Value::Message(sample(&event, 0)));
            golden.insert(event.name().to_owned(), (whole.encode_to_vec(), serde_json::to_value(&whole).unwrap()));
            missing.push(event.full_name().to_owned());
        }
        if std::env::var(ACCEPT).as_deref() == Ok("1") {
            let mut text = String::new();
            for (name, (bytes, json)) in golden {
                let hex = bytes.iter().fold(String::new(), |mut hex, it| {
                    let _ = write!(hex, "{it:02x}");
                    hex
                });
                writeln!(text, "{name} {hex} {json}").unwrap();
            }
            fs::write(file, text).unwrap();
            missing.clear();
        }
    }
    assert!(missing.is_empty(), "no golden bytes yet: {missing:?}; add them with {ACCEPT}=1");
}
