//! What the contract must say for itself: who may call, what an event means, and shapes that can grow for ever.

use crate::none;
use prost_reflect::{Cardinality, DescriptorPool, FileDescriptor, Kind, MessageDescriptor, Value};
use std::{path::Path, sync::LazyLock};

/// The contract with its comments, which the running services do without.
static DESCRIPTORS: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    let files = studium_proto::DESCRIPTORS.files().filter(|it| it.package_name().starts_with("studium."));
    let files: Vec<_> = files.map(|it| root.join(it.name())).collect();
    let mut compiler = protox::Compiler::new([&root]).expect("the folder is there");
    compiler.include_source_info(true).include_imports(true).open_files(files).expect("the build has read them");
    compiler.descriptor_pool()
});

/// Roles that a token can carry, by whom they act for.
pub const PLATFORM: &[&str] = &["registrar", "operator", "service"];
pub const INSTITUTIONS: &[&str] =
    &["staff", "campus_administrator", "credential_officer", "course_author", "reviewer", "teacher", "partner"];
pub const PERSONS: &[&str] = &["mentor", "learner"];

fn ours() -> impl Iterator<Item = FileDescriptor> {
    DESCRIPTORS.files().filter(|it| it.package_name().starts_with("studium."))
}

/// The comment on the thing at `path` in its file; before it or behind it on the line.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let places = file.file_descriptor_proto().source_code_info.as_ref().expect("comments are kept").location.iter();
    places
        .filter(|it| it.path == path)
        .flat_map(|it| [it.leading_comments(), it.trailing_comments()])
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The messages of a file and those within them.
fn messages(file: &FileDescriptor) -> Vec<MessageDescriptor> {
    let mut all: Vec<_> = file.messages().collect();
    let mut next = 0;
    while next < all.len() {
        all.extend(all[next].child_messages().filter(|it| !it.is_map_entry()).collect::<Vec<_>>());
        next += 1;
    }
    all
}

/// `CourseEvent { oneof event { .. } }`: the envelope of one aggregate's events.
fn is_envelope(message: &MessageDescriptor) -> bool {
    message.oneofs().any(|it| it.name() == "event")
}

#[test]
fn every_call_says_who_may_make_it() {
    let option = DESCRIPTORS.get_extension_by_name("studium.options.v1.access").expect("the option exists");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for method in
        ours().flat_map(|file| file.services().collect::<Vec<_>>()).flat_map(|it| it.methods().collect::<Vec<_>>())
    {
        seen += 1;
        let name = method.full_name().to_owned();
        let options = method.options();
        let Value::Message(access) = options.get_extension(&option).into_owned() else { continue };
        let public = access.get_field_by_name("public").and_then(|it| it.as_bool()).unwrap_or(false);
        let grants =
            access.get_field_by_name("grants").and_then(|it| it.as_list().map(<[_]>::to_vec)).unwrap_or_default();
        if public != grants.is_empty() {
            wrong.push(format!("{name}: either public or at least one grant"));
        }
        for grant in grants.iter().filter_map(Value::as_message) {
            let text = |field| {
                grant.get_field_by_name(field).and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
            };
            let (role, own) = (text("role"), text("own"));
            if ![PLATFORM, INSTITUTIONS, PERSONS].concat().contains(&role.as_str()) {
                wrong.push(format!("{name}: there is no role `{role}`"));
            }
            let by_record = grant.get_field_by_name("by_record").and_then(|it| it.as_bool()).unwrap_or(false);
            if PLATFORM.contains(&role.as_str()) && (by_record || !own.is_empty()) {
                wrong.push(format!("{name}: `{role}` acts for all, so its role suffices"));
            }
            if method.is_client_streaming() && !PLATFORM.contains(&role.as_str()) && !by_record {
                wrong.push(format!("{name}: rows of `{role}` are looked at one by one; say `by_record`"));
            }
            if !own.is_empty() {
                let field = method.input().get_field_by_name(&own);
                if field.is_none_or(|it| it.kind() != Kind::String || it.is_list()) {
                    wrong.push(format!("{name}: the request has no string `{own}` that could be the caller's own"));
                }
                if method.is_client_streaming() {
                    wrong.push(format!("{name}: a stream of requests has no single owner"));
                }
            }
        }
    }
    assert!(seen > 0, "no service was found");
    none(&wrong, "every rpc carries `option (studium.options.v1.access)`:");
}

#[test]
fn events_and_reasons_are_explained() {
    let mut wrong = Vec::new();
    for file in ours() {
        let stored = file.name().ends_with("/events.proto");
        for message in messages(&file) {
            if stored && comment(&file, message.path()).is_empty() {
                wrong.push(message.full_name().to_owned());
            }
            // The arms of an envelope are the events, which speak for themselves.
            for field in message.fields().filter(|_| stored && !is_envelope(&message)) {
                if comment(&file, field.path()).is_empty() {
                    wrong.push(field.full_name().to_owned());
                }
            }
        }
        for values in file.enums().filter(|it| stored || it.name() == "Reason") {
            for value in values.values().filter(|it| it.number() != 0) {
                if comment(&file, value.path()).is_empty() {
                    wrong.push(value.full_name().to_owned());
                }
            }
        }
        for method in file.services().flat_map(|it| it.methods().collect::<Vec<_>>()) {
            if comment(&file, method.path()).is_empty() {
                wrong.push(method.full_name().to_owned());
            }
        }
    }
    none(&wrong, "what is stored or called for ever has a comment:");
}

#[test]
fn events_are_flat() {
    let mut wrong = Vec::new();
    for file in ours().filter(|it| it.name().ends_with("events.proto")) {
        for message in messages(&file).into_iter().filter(|it| !is_envelope(it)) {
            for field in message.fields() {
                let name = field.full_name();
                if field.is_map() || field.kind() == Kind::Float {
                    wrong.push(format!("{name}: neither a map nor a float of 32 bits"));
                }
                if let Kind::Message(inner) = field.kind() {
                    if field.cardinality() != Cardinality::Repeated {
                        wrong.push(format!("{name}: put the fields of {} here", inner.name()));
                    }
                    if inner.package_name() != file.package_name() {
                        wrong.push(format!("{name}: {} is not of this package", inner.full_name()));
                    }
                }
                if name.ends_with("_at") || name.ends_with("_time") {
                    wrong.push(format!("{name}: a time is `int64 .._at_ms`, Unix milliseconds"));
                }
                if name.ends_with("_at_ms") && field.kind() != Kind::Int64 {
                    wrong.push(format!("{name}: a time is int64"));
                }
            }
        }
    }
    none(&wrong, "an event is a flat message:");
}

#[test]
fn personal_data_stays_in_what_can_be_encrypted() {
    let personal = DESCRIPTORS.get_extension_by_name("studium.options.v1.personal").expect("the option exists");
    let mut wrong = Vec::new();
    for message in ours().filter(|it| it.name().ends_with("events.proto")).flat_map(|it| messages(&it)) {
        for field in message.fields() {
            let marked = field.options().get_extension(&personal).as_bool().unwrap_or(false);
            if marked && field.kind() != Kind::String {
                wrong.push(format!("{}: only text can be marked personal", field.full_name()));
            }
            if !marked && ["email", "given_name", "family_name", "full_name", "phone"].contains(&field.name()) {
                wrong.push(format!("{}: speaks of a person and is not marked personal", field.full_name()));
            }
        }
    }
    none(&wrong, "personal data is marked in the contract:");
}
