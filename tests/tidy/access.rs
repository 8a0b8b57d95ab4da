//! `docs/access.md` is the contract's own table of who may call what; `tests/access` holds the services against it.

use crate::{
    contract::{INSTITUTIONS, PERSONS, PLATFORM},
    read, root,
};
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use std::{env, fmt::Write as _, fs};
use studium_proto::DESCRIPTORS;

/// Set to 1 to write the table anew.
const ACCEPT: &str = "STUDIUM_TEST_ACCEPT_GOLDEN";

const PAGE: &str = "docs/access.md";

const HEAD: &str = "# Who may call what

Written by a test from the `access` option of each rpc; do not edit it. After a change of the contract:
`STUDIUM_TEST_ACCEPT_GOLDEN=1 cargo test -p studium-tests --test tidy access`.
Another test asks every rpc of the running services as everybody, and expects this table: `cargo test -p studium-cli --test access`.

One way of those in a row suffices:

- *by the role*: whoever has it may call; `anyone` needs no token.
- *with an own field*: that field of the request is the caller's own: for roles of a person the token's subject, for
  roles of an institution one of the token's institutions, a campus being one. Left out it is nobody's own. The handler
  then holds the aggregate or row against that field.
- *by the record*: no field of the request can show it, so the handler checks each row of the call, or what is stored.

A handler sees of the token's roles only those in the row: no other role of the caller lends its weight to the call.

## Roles

| role | acts for |
|---|---|
";

fn flag(message: &DynamicMessage, name: &str) -> bool {
    message.get_field_by_name(name).and_then(|it| it.as_bool()).unwrap_or_default()
}

fn text(message: &DynamicMessage, name: &str) -> String {
    message.get_field_by_name(name).and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

/// One rpc: who may by the role, who with which own field, who by the record.
fn line(rpc: &MethodDescriptor) -> String {
    let option = DESCRIPTORS.get_extension_by_name("studium.options.v1.access").expect("the option exists");
    let options = rpc.options();
    let Value::Message(access) = options.get_extension(&option).into_owned() else { return String::new() };
    let (mut roles, mut owns, mut records) = (Vec::new(), Vec::<(String, Vec<String>)>::new(), Vec::new());
    if flag(&access, "public") {
        roles.push("anyone".to_owned());
    }
    let grants = access.get_field_by_name("grants").and_then(|it| it.as_list().map(<[_]>::to_vec)).unwrap_or_default();
    for grant in grants.iter().filter_map(Value::as_message) {
        let (role, own) = (text(grant, "role"), text(grant, "own"));
        if flag(grant, "by_record") {
            records.push(role);
        } else if own.is_empty() {
            roles.push(role);
        } else if let Some((_, of)) = owns.iter_mut().find(|(field, _)| *field == own) {
            of.push(role);
        } else {
            owns.push((own, vec![role]));
        }
    }
    let owns: Vec<_> = owns.iter().map(|(field, of)| format!("`{field}`: {}", of.join(", "))).collect();
    let name = rpc.name();
    format!("| {name} | {} | {} | {} |", roles.join(", "), owns.join("; "), records.join(", ")).replace("  ", " ")
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (roles, whom) in [(PLATFORM, "the platform"), (INSTITUTIONS, "an institution"), (PERSONS, "a person")] {
        for role in roles {
            writeln!(page, "| {role} | {whom} |").unwrap();
        }
    }
    let mut services: Vec<_> = DESCRIPTORS.services().filter(|it| it.package_name().starts_with("studium.")).collect();
    services.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    for service in services {
        let name = service.full_name();
        write!(page, "\n## {name}\n\n| rpc | by the role | with an own field | by the record |\n|---|---|---|---|\n")
            .unwrap();
        for rpc in service.methods() {
            writeln!(page, "{}", line(&rpc)).unwrap();
        }
    }
    page
}

#[test]
fn access_is_written_down_as_the_contract_says() {
    let page = page();
    if env::var(ACCEPT).is_ok_and(|it| it == "1") {
        fs::write(root().join(PAGE), page).unwrap();
        return;
    }
    let written = read(PAGE);
    let other = page.lines().zip(written.lines()).find(|(now, then)| now != then);
    assert!(
        page == written,
        "{PAGE} is not what the contract says; set {ACCEPT}=1, run this again and read the difference\n  {other:?}"
    );
}
