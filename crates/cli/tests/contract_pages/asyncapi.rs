//! Every stream as AsyncAPI 3.0: a channel for each kind of aggregate, with its events as they look in canonical proto JSON.

use crate::commented::{COMMENTED, is_personal, of_field, of_message, of_value};
use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use studium_cli::supervise::SERVICES;

const WHAT: &str = "\
What the services of a platform say to each other, and to whoever follows them: one stream for each service, one subject for \
each aggregate, one message for each decision. A message is a `studium.log.v1.Commit` in Protocol Buffers' binary form; the \
schemas show it, and the events in it, in canonical proto JSON. Fields marked `x-personal` are sealed in the stream \
(`Commit.sealed`); only services with the platform's master key see them. Streams are never cut off: whoever begins at \
position 1 sees all. The contract only grows: be ready for new fields, new values and new events. \
Written by a test (`cargo test -p studium-cli --test contract_pages`); do not edit it.";

/// The document.
pub fn page() -> String {
    let mut schemas = Map::new();
    add(&COMMENTED.get_message_by_name("studium.log.v1.Commit").unwrap(), &mut schemas);
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for service in &SERVICES {
        let access = service.access();
        for aggregate in access.writes {
            let key = aggregate.replace('.', "_");
            let message = studium_proto::message_of(&aggregate).unwrap();
            let envelope = COMMENTED.get_message_by_name(message.full_name()).unwrap();
            messages.insert(key.clone(), commit_of(&aggregate, &envelope, &mut schemas));
            channels.insert(key.clone(), channel(service.name, &aggregate, &key, &envelope));
            operations.insert(key.clone(), operation(service.name, &key));
        }
    }
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Studium: the services' streams",
            "version": "1.0.0",
            "description": WHAT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/protobuf",
        "servers": {"nats": {
            "host": "nats.example:4222",
            "protocol": "nats",
            "description": "The platform's broker. Who may read which stream, `studium up --reader` and the services' declarations say.",
        }},
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    });
    serde_json::to_string_pretty(&document).unwrap() + "\n"
}

fn channel(stream: &str, aggregate: &str, key: &str, envelope: &MessageDescriptor) -> Value {
    json!({
        "address": format!("{aggregate}.{{id}}"),
        "description": of_message(envelope),
        "servers": [{"$ref": "#/servers/nats"}],
        "parameters": {"id": {"description": "The aggregate's id."}},
        "messages": {key: {"$ref": format!("#/components/messages/{key}")}},
        "x-stream": stream,
    })
}

/// What whoever follows the stream does, and who does among the platform's services.
fn operation(stream: &str, key: &str) -> Value {
    let follows = |it: &&studium_cli::supervise::Entry| it.access().reads.iter().any(|read| read == stream);
    let followed_by: Vec<_> = SERVICES.iter().filter(follows).map(|it| it.name).collect();
    json!({
        "action": "receive",
        "channel": {"$ref": format!("#/channels/{key}")},
        "summary": format!("Follow the decisions of {stream} from any position on."),
        "x-followed-by": followed_by,
    })
}

/// A commit whose events are this aggregate's.
fn commit_of(aggregate: &str, envelope: &MessageDescriptor, schemas: &mut Map<String, Value>) -> Value {
    add(envelope, schemas);
    let text = |description: &str| json!({"type": "string", "description": description});
    let headers = json!({
        "type": "object",
        "properties": {
            "Nats-Msg-Id": text("The commit's id, by which the broker drops what it has already."),
            "Nats-Expected-Last-Subject-Sequence": text("Position of the aggregate's previous commit; 0 for the first."),
            "ce-specversion": {"type": "string", "const": "1.0"},
            "ce-id": text("The commit's id."),
            "ce-source": text("The stream."),
            "ce-subject": text("The aggregate's id."),
            "ce-type": text(&format!("`studium.{aggregate}.` and the name of the first event.")),
            "ce-time": text("When it was decided, RFC 3339."),
        },
    });
    let events = json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{}", envelope.full_name())}});
    json!({
        "name": aggregate,
        "title": format!("A decision about `{aggregate}`"),
        "summary": of_message(envelope),
        "contentType": "application/protobuf",
        "headers": headers,
        "payload": {"allOf": [
            {"$ref": "#/components/schemas/studium.log.v1.Commit"},
            {"type": "object", "properties": {"events": events}},
        ]},
    })
}

/// Adds the schema of a message and of all that it needs.
fn add(message: &MessageDescriptor, schemas: &mut Map<String, Value>) {
    if schemas.contains_key(message.full_name()) {
        return;
    }
    // Before its fields, which may lead back here.
    schemas.insert(message.full_name().to_owned(), Value::Null);
    let properties: Map<_, _> =
        message.fields().map(|it| (it.json_name().to_owned(), field(message, &it, schemas))).collect();
    let mut schema = json!({"type": "object", "description": of_message(message), "properties": properties});
    if message.oneofs().any(|it| it.name() == "event") {
        schema["maxProperties"] = json!(1);
    }
    schemas.insert(message.full_name().to_owned(), schema);
}

fn field(message: &MessageDescriptor, it: &FieldDescriptor, schemas: &mut Map<String, Value>) -> Value {
    let mut one = kind(&it.kind(), schemas);
    // A commit's events are the message of its aggregate, which each channel names.
    if message.full_name() == "studium.log.v1.Commit" && it.name() == "events" {
        one = json!({});
    }
    let mut schema = if it.cardinality() == Cardinality::Repeated {
        json!({"type": "array", "items": one})
    } else if one.get("$ref").is_some() {
        json!({"allOf": [one]})
    } else {
        one
    };
    schema["description"] = json!(of_field(it));
    if is_personal(it) {
        schema["x-personal"] = json!(true);
    }
    schema
}

/// Canonical proto JSON: numbers of 64 bits are texts (Protocol Buffers, `ProtoJSON` format).
fn kind(kind: &Kind, schemas: &mut Map<String, Value>) -> Value {
    match kind {
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Double | Kind::Float => json!({"type": "number"}),
        Kind::String => json!({"type": "string"}),
        Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer"}),
        Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "minimum": 0}),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => json!({"type": "string", "pattern": "^-?[0-9]+$"}),
        Kind::Uint64 | Kind::Fixed64 => json!({"type": "string", "pattern": "^[0-9]+$"}),
        Kind::Message(it) => {
            add(it, schemas);
            json!({"$ref": format!("#/components/schemas/{}", it.full_name())})
        }
        Kind::Enum(it) => {
            schemas.entry(it.full_name().to_owned()).or_insert_with(|| values(it));
            json!({"$ref": format!("#/components/schemas/{}", it.full_name())})
        }
    }
}

fn values(it: &EnumDescriptor) -> Value {
    let names: Vec<_> = it.values().map(|it| it.name().to_owned()).collect();
    let said: Vec<_> = it.values().map(|it| format!("`{}`: {}", it.name(), of_value(&it))).collect();
    json!({"type": "string", "enum": names, "description": said.join(" ")})
}
