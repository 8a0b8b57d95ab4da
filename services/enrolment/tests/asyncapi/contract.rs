//! JSON Schemas of the contract's messages in canonical proto JSON, with the protos' comments as descriptions.

use crate::yaml::{Node, list, map, text};
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind,
    MessageDescriptor,
};
use serde_json::Value;
use std::path::PathBuf;

const PACKAGE: &str = "studium.partner.v1";

/// The contract with its comments, which running services go without.
pub struct Contract {
    pool: DescriptorPool,
}

impl Contract {
    pub fn read() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../proto");
        let mut compiler = protox::Compiler::new([root]).unwrap();
        compiler.include_source_info(true).include_imports(true);
        compiler.open_file("studium/partner/v1/feed.proto").unwrap();
        let pool = DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap();
        Self { pool }
    }

    fn message(&self, name: &str) -> MessageDescriptor {
        self.pool.get_message_by_name(&format!("{PACKAGE}.{name}")).expect(name)
    }

    /// Whether a value is such a message, and has no member that the contract does not know.
    pub fn holds(&self, name: &str, value: &Value) {
        let read = DynamicMessage::deserialize(self.message(name), value).unwrap_or_else(|e| panic!("{value}: {e}"));
        assert_eq!(&serde_json::to_value(read).unwrap(), value, "not canonical");
    }

    /// The schemas of these messages and of all that they need, each once, by name.
    pub fn schemas<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<(String, Node)> {
        let mut all = Vec::new();
        for name in names {
            add_message(&self.message(name), &mut all);
        }
        all
    }
}

fn add_message(message: &MessageDescriptor, all: &mut Vec<(String, Node)>) {
    if all.iter().any(|(name, _)| name == message.name()) {
        return;
    }
    let at = all.len();
    all.push((message.name().to_owned(), Node::List(Vec::new())));
    let mut properties = Vec::new();
    for field in message.fields() {
        match field.kind() {
            Kind::Message(it) if it.package_name() == PACKAGE => add_message(&it, all),
            Kind::Enum(it) => add_enum(&it, all),
            _ => {}
        }
        properties.push((field.json_name().to_owned(), property(&field)));
    }
    all[at].1 = map([
        ("description", text(&comment(&message.parent_file(), message.path()))),
        ("type", text("object")),
        ("properties", Node::Map(properties)),
    ]);
}

fn add_enum(it: &EnumDescriptor, all: &mut Vec<(String, Node)>) {
    if all.iter().any(|(name, _)| name == it.name()) {
        return;
    }
    let file = it.parent_file();
    // The value 0 is no value, and left out like all that have none.
    let values: Vec<_> = it.values().filter(|it| it.number() != 0).collect();
    let meanings = values.iter().map(|it| format!("`{}`: {}", it.name(), comment(&file, it.path())));
    let meaning: Vec<String> = [comment(&file, it.path())].into_iter().chain(meanings).collect();
    let node = map([
        ("description", text(&meaning.join("\n- "))),
        ("type", text("string")),
        ("enum", list(values.iter().map(|it| text(it.name())))),
    ]);
    all.push((it.name().to_owned(), node));
}

fn property(field: &FieldDescriptor) -> Node {
    let mut node = map([("description", text(&comment(&field.parent_message().parent_file(), field.path())))]);
    let personal = field.parent_pool().get_extension_by_name("studium.options.v1.personal").unwrap();
    if field.options().get_extension(&personal).as_bool() == Some(true) {
        node.add("x-personal", Node::Value(true.into()));
    }
    if field.cardinality() == Cardinality::Repeated {
        node.add("type", text("array"));
        node.add("items", Node::Map(shape(field)));
        return node;
    }
    let Node::Map(members) = &mut node else { return node };
    let shape = shape(field);
    // What stands beside a reference is not read: a description goes round it.
    if shape.iter().any(|(name, _)| name == "$ref") {
        members.push(("allOf".to_owned(), list([Node::Map(shape)])));
    } else {
        members.extend(shape);
    }
    node
}

/// One value of a field in canonical proto JSON.
fn shape(field: &FieldDescriptor) -> Vec<(String, Node)> {
    let reference = |name: &str| map([("$ref", text(&format!("#/components/schemas/{name}")))]);
    let shape = match field.kind() {
        Kind::String => map([("type", text("string"))]),
        Kind::Bool => map([("type", text("boolean"))]),
        Kind::Uint32 => map([("type", text("integer")), ("minimum", Node::Value(0.into()))]),
        Kind::Int32 => map([("type", text("integer"))]),
        Kind::Uint64 => map([("type", text("string")), ("pattern", text("^[0-9]+$"))]),
        Kind::Int64 => map([("type", text("string")), ("pattern", text("^-?[0-9]+$"))]),
        Kind::Bytes => map([("type", text("string")), ("contentEncoding", text("base64"))]),
        Kind::Enum(it) => reference(it.name()),
        Kind::Message(it) if it.full_name() == "google.protobuf.Timestamp" => {
            map([("type", text("string")), ("format", text("date-time"))])
        }
        Kind::Message(it) if it.package_name() == PACKAGE => reference(it.name()),
        other => panic!("`{}`: {other:?} was not needed before", field.full_name()),
    };
    match shape {
        Node::Map(it) => it,
        _ => Vec::new(),
    }
}

/// The comment before something, as one text.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let locations = &file.file_descriptor_proto().source_code_info.as_ref().unwrap().location;
    let found = locations.iter().find(|it| it.path == path).and_then(|it| it.leading_comments.as_deref());
    let text: Vec<&str> = found.unwrap_or_default().split_whitespace().collect();
    assert!(!text.is_empty(), "{path:?} in {} has no comment", file.name());
    let fields = file.messages().flat_map(|it| it.fields().collect::<Vec<_>>());
    // In JSON members have other names than in the contract; the longer ones first, for some begin with others.
    let mut names: Vec<_> = fields.map(|it| (it.name().to_owned(), it.json_name().to_owned())).collect();
    names.retain(|(name, _)| name.contains('_'));
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names.iter().fold(text.join(" "), |text, (name, json)| text.replace(name, json))
}
