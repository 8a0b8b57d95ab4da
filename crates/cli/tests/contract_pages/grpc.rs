//! Every rpc and every message as a reference in Markdown: a page for each package, in the order of its files.

use crate::commented::{COMMENTED, comment, is_personal, of_field, of_message, of_value};
use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};
use std::{collections::BTreeMap, fmt::Write as _};

const INDEX: &str = "# The contract

Written by a test from the protos and the services' declarations; do not edit it. After a change of the contract:
`STUDIUM_TEST_ACCEPT_GOLDEN=1 cargo test -p studium-cli --test contract_pages`.

- [asyncapi.json](asyncapi.json): every stream as AsyncAPI 3.0, for whoever follows decisions over NATS.
- The pages below: every call, every message, every event. Who may call what is in [access](../access.md);
  how a service of your own joins in, in [extending](../extending.md).

| package | calls | messages |
|---|---|---|
";

/// Pages by file name.
pub fn pages() -> Vec<(String, String)> {
    let mut packages = BTreeMap::<String, Vec<FileDescriptor>>::new();
    for file in COMMENTED.files().filter(|it| it.package_name().starts_with("studium.")) {
        packages.entry(file.package_name().to_owned()).or_default().push(file);
    }
    let (mut index, mut pages) = (INDEX.to_owned(), Vec::new());
    for (package, files) in packages {
        let calls: usize = files.iter().flat_map(FileDescriptor::services).map(|it| it.methods().len()).sum();
        let messages: usize = files.iter().map(|it| it.messages().len()).sum();
        writeln!(index, "| [{package}]({package}.md) | {calls} | {messages} |").unwrap();
        pages.push((format!("{package}.md"), page(&package, &files)));
    }
    pages.push(("README.md".to_owned(), index));
    pages
}

fn page(package: &str, files: &[FileDescriptor]) -> String {
    let mut page =
        format!("# {package}\n\nWritten by a test from the protos; do not edit it. [All packages](README.md).\n");
    for file in files {
        for service in file.services() {
            write!(page, "\n## {}\n\n{}\n\n", service.name(), comment(file, service.path())).unwrap();
            for rpc in service.methods() {
                let stream = |it| if it { "stream of " } else { "" };
                let (input, output) = (rpc.input(), rpc.output());
                let (sends, gives) = (stream(rpc.is_client_streaming()), stream(rpc.is_server_streaming()));
                let (input, output) = (message_link(package, &input), message_link(package, &output));
                let said = comment(file, rpc.path());
                writeln!(page, "- **{}** ({sends}{input} → {gives}{output}): {said}", rpc.name()).unwrap();
            }
        }
    }
    for file in files {
        file.messages().for_each(|it| message(&mut page, package, &it));
        file.enums().for_each(|it| values(&mut page, file, &it));
    }
    page
}

fn message(page: &mut String, package: &str, it: &MessageDescriptor) {
    write!(page, "\n### {}\n\n{}\n", it.name(), of_message(it)).unwrap();
    if it.fields().len() > 0 {
        page.push_str("\n| field | type | what it says |\n|---|---|---|\n");
    }
    for field in it.fields() {
        let personal = if is_personal(&field) { " *Personal.*" } else { "" };
        let (name, number, kind) = (field.name(), field.number(), kind(package, &field));
        writeln!(page, "| `{name}` = {number} | {kind} | {}{personal} |", cell(&of_field(&field))).unwrap();
    }
    it.child_messages().filter(|it| !it.is_map_entry()).for_each(|it| message(page, package, &it));
}

fn values(page: &mut String, file: &FileDescriptor, it: &EnumDescriptor) {
    write!(page, "\n### {}\n\n{}\n\n| value | what it says |\n|---|---|\n", it.name(), comment(file, it.path()))
        .unwrap();
    for value in it.values() {
        writeln!(page, "| `{}` = {} | {} |", value.name(), value.number(), cell(&of_value(&value))).unwrap();
    }
}

fn kind(package: &str, field: &FieldDescriptor) -> String {
    let one = match field.kind() {
        Kind::Message(it) if it.is_map_entry() => return "map".to_owned(),
        Kind::Message(it) => message_link(package, &it),
        Kind::Enum(it) => link(package, it.package_name(), it.name()),
        it => format!("{it:?}").to_lowercase(),
    };
    match field.cardinality() {
        Cardinality::Repeated => format!("list of {one}"),
        _ if field.supports_presence() && !matches!(field.kind(), Kind::Message(_)) => format!("{one}, may be absent"),
        _ => one,
    }
}

fn message_link(package: &str, it: &MessageDescriptor) -> String {
    link(package, it.package_name(), it.name())
}

fn link(here: &str, package: &str, name: &str) -> String {
    let anchor = name.to_lowercase();
    match package {
        it if it == here => format!("[{name}](#{anchor})"),
        it if it.starts_with("studium.") => format!("[{name}]({it}.md#{anchor})"),
        it => format!("`{it}.{name}`"),
    }
}

/// Text in a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
