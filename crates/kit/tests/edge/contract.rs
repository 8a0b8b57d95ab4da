//! Contracts made for these tests, and what the access table says of those that do not hold.

use prost_reflect::DescriptorPool;
use std::{fs, path::Path};
use studium_kit::access::AccessTable;
use studium_proto::DESCRIPTORS;

const ADMIN: &str = "studium/admin/v1/admin.proto";

fn compile(file: &str, text: &str) -> DescriptorPool {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    let mut compiler = protox::Compiler::new([folder.path(), &protos]).unwrap();
    compiler.include_imports(true).open_file(file).unwrap();
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
}

/// The admin contract with other grants: `Trace` and `RebuildView` for one's own, `GetParked` for everybody, `VerifyLog`
/// for learners besides.
pub fn changed() -> DescriptorPool {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let mut text = fs::read_to_string(protos.join(ADMIN)).unwrap();
    for (rpc, access) in [
        (
            "rpc Trace(",
            r#"{grants: [{role: "operator"}, {role: "learner", own: "correlation_id"}, {role: "staff", own: "correlation_id"}]}"#,
        ),
        ("rpc RebuildView(", r#"{grants: [{role: "staff", own: "name"}]}"#),
        ("rpc GetParked(", "{public: true}"),
        ("rpc VerifyLog(", r#"{grants: [{role: "operator"}, {role: "learner"}]}"#),
    ] {
        let start = text.find(rpc).unwrap();
        let option = start + text[start..].find("(studium.options.v1.access) = ").unwrap();
        let option = option + "(studium.options.v1.access) = ".len();
        let end = option + text[option..].find(';').unwrap();
        text.replace_range(option..end, access);
    }
    compile(ADMIN, &text)
}

/// What the table says of one rpc `X.Do` with these options and request fields.
fn verdict(rpc: &str, fields: &str) -> Result<(), String> {
    let text = format!(
        "syntax = \"proto3\"; package t; import \"studium/options/v1/options.proto\";\n\
         service X {{ rpc Good(Q) returns (Q) {{ option (studium.options.v1.access) = {{public: true}}; }} {rpc} }}\n\
         message Q {{ {fields} }}"
    );
    AccessTable::of_pool(&compile("t.proto", &text), &["t.X"]).map(drop)
}

fn granted(role: &str, own: &str) -> String {
    format!(
        "rpc Do(Q) returns (Q) {{ option (studium.options.v1.access) = {{grants: [{{role: \"{role}\", own: \"{own}\"}}]}}; }}"
    )
}

#[test]
fn an_rpc_that_does_not_say_who_may_call_does_not_start() {
    let why = verdict("rpc Do(Q) returns (Q);", "").unwrap_err();
    assert!(why.contains("`t.X.Do` does not say who may call it") && !why.contains("Good"), "{why}");
    let nobody = "rpc Do(Q) returns (Q) { option (studium.options.v1.access) = {}; }";
    assert!(verdict(nobody, "").unwrap_err().contains("either public or granted"));
    let both =
        r#"rpc Do(Q) returns (Q) { option (studium.options.v1.access) = {public: true grants: [{role: "staff"}]}; }"#;
    assert!(verdict(both, "").unwrap_err().contains("either public or granted"));
    assert!(verdict(&granted("admin", ""), "").unwrap_err().contains("`admin`, which is no role"));
}

#[test]
fn an_own_field_that_cannot_be_checked_does_not_start() {
    verdict(&granted("learner", "who"), "string who = 1;").unwrap();
    verdict(&granted("staff", "who"), "optional string who = 1;").unwrap();
    for fields in [
        "",
        "int64 who = 1;",
        "repeated string who = 1;",
        "bytes who = 1;",
        "map<string, string> who = 1;",
        "oneof a { string who = 1; string whom = 2; }",
        "message P { string who = 1; } P p = 1;",
    ] {
        let why = verdict(&granted("learner", "who"), fields).unwrap_err();
        assert!(why.contains("no top-level singular string field of Q"), "{fields}: {why}");
    }
    assert!(
        verdict(&granted("operator", "who"), "string who = 1;").unwrap_err().contains("acts for all and owns nothing")
    );
    let twice = granted("staff", "who").replace("own:", "by_record: true, own:");
    assert!(verdict(&twice, "string who = 1;").unwrap_err().contains("both for its own `who` and by the record"));
    let streaming = granted("learner", "who").replace("Do(Q)", "Do(stream Q)");
    assert!(verdict(&streaming, "string who = 1;").unwrap_err().contains("streams its requests"));
}

#[test]
fn every_rpc_of_the_platform_says_who_may_call_it() {
    let names: Vec<_> = DESCRIPTORS.services().map(|it| it.full_name().to_owned()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    AccessTable::for_services(&names).unwrap();
    assert!(AccessTable::for_services(&["studium.no.v1.Service"]).unwrap_err().contains("is not in the contract"));
}
