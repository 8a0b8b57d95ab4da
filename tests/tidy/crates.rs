//! Dependencies point one way: `core ← log ← store ← kit ← services`, and no service knows another.

use crate::{none, root};
use serde_json::Value;
use std::process::Command;

/// Who may use whom of the house. What is not here may use nobody; services are in `SERVICE`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("studium-core", &[]),
    ("studium-build", &[]),
    ("studium-proto", &["studium-build", "studium-core"]),
    ("studium-log", &["studium-core", "studium-proto"]),
    ("studium-store", &["studium-core", "studium-proto", "studium-log"]),
    ("studium-kit", &["studium-core", "studium-proto", "studium-log", "studium-store"]),
    ("studium-broker", &["studium-log"]),
    ("studium-vc", &[]),
    (
        "studium-testkit",
        &["studium-broker", "studium-core", "studium-proto", "studium-log", "studium-store", "studium-kit"],
    ),
];

/// What any service may use.
const SERVICE: &[&str] = &["studium-build", "studium-kit", "studium-proto"];

/// What any service may use from outside; everything else is behind the kit.
const SERVICE_OUTSIDE: &[&str] =
    &["anyhow", "futures", "serde", "serde_json", "tokio", "tokio-stream", "tonic", "uuid"];

/// What generated code names, in a service with a contract of its own.
const GENERATED: &[&str] = &["prost", "tonic-prost"];

/// Folders with services.
pub const SERVICES: &[&str] = &["services", "examples", "crates/cli/template"];

/// What single services may use besides, each with a decision record.
const SERVICE_OWN: &[(&str, &str)] = &[
    // Time zones and calendars are the mentorship service's subject: decision 12.
    ("studium-mentorship", "jiff"),
    // Signing credentials is the credentials service's subject, and strangers read them over HTTP: decision 15.
    ("studium-credentials", "studium-vc"),
    ("studium-credentials", "axum"),
    ("studium-credentials", "aws-lc-rs"),
    ("studium-credentials", "base64"),
    // What partners check the platform by is signed and hashed, and its key is public: decision 17.
    ("studium-enrolment", "aws-lc-rs"),
    ("studium-enrolment", "axum"),
    ("studium-enrolment", "base64"),
    // `Retry-After` may be a date: decision 19.
    ("studium-enrolment", "jiff"),
    // What people see of a credential, on a page and on paper: decision 16.
    ("studium-credentials", "maud"),
    ("studium-credentials", "qrcode"),
    ("studium-credentials", "krilla"),
    ("studium-credentials", "dejavu"),
    ("studium-credentials", "ttf-parser"),
    // Partners have their feed sent to webhooks, signed with what is derived from one key: decision 19.
    ("studium-enrolment", "aws-lc-rs"),
    ("studium-enrolment", "base64"),
    ("studium-enrolment", "reqwest"),
];

/// What tests of any crate may use besides.
const TESTS: &[&str] = &[
    "studium-broker",
    "studium-core",
    "studium-kit",
    "studium-log",
    "studium-proto",
    "studium-store",
    "studium-testkit",
];

/// One dependency as a manifest states it.
#[expect(clippy::struct_excessive_bools, reason = "one for each question that is asked of it")]
struct Edge {
    from: String,
    to: String,
    /// Only for tests.
    dev: bool,
    /// Built into the product.
    normal: bool,
    /// `from` is a service.
    service: bool,
    /// `from` has a contract of its own.
    has_contract: bool,
}

fn edges() -> Vec<Edge> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(out.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&out.stderr));
    let all: Value = serde_json::from_slice(&out.stdout).expect("cargo metadata is JSON");
    let services: Vec<_> = SERVICES.iter().map(|it| root().join(it)).collect();
    let mut edges = Vec::new();
    for package in all["packages"].as_array().expect("packages") {
        let manifest = std::path::Path::new(package["manifest_path"].as_str().expect("path"));
        let service = services.iter().any(|it| manifest.starts_with(it));
        let has_contract = manifest.with_file_name("proto").is_dir();
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            edges.push(Edge {
                from: package["name"].as_str().expect("name").to_owned(),
                to: dependency["name"].as_str().expect("name").to_owned(),
                dev: dependency["kind"] == "dev",
                normal: dependency["kind"].is_null(),
                service,
                has_contract,
            });
        }
    }
    assert!(!edges.is_empty(), "cargo metadata lists no dependency");
    edges
}

fn allowed(edge: &Edge) -> bool {
    if edge.dev && TESTS.contains(&edge.to.as_str()) {
        return true;
    }
    if edge.service {
        return SERVICE.contains(&edge.to.as_str()) || SERVICE_OWN.contains(&(edge.from.as_str(), edge.to.as_str()));
    }
    match edge.from.as_str() {
        // What starts services, and what travels through all of them.
        "studium-cli" => edge.to != "studium-testkit",
        "studium-tests" => true,
        from => MAY_USE.iter().any(|(it, uses)| *it == from && uses.contains(&edge.to.as_str())),
    }
}

#[test]
fn dependencies_point_one_way() {
    let wrong: Vec<_> = edges()
        .iter()
        .filter(|it| it.to.starts_with("studium-") && !allowed(it))
        .map(|it| format!("{} → {}", it.from, it.to))
        .collect();
    none(&wrong, "a crate uses one that it must not know:");
}

#[test]
fn the_core_is_pure() {
    let wrong: Vec<_> =
        edges().into_iter().filter(|it| it.from == "studium-core" && it.normal).map(|it| it.to).collect();
    none(&wrong, "studium-core uses nothing but the standard library, but depends on:");
}

#[test]
fn services_use_little_from_outside() {
    let wrong: Vec<_> = edges()
        .iter()
        .filter(|it| it.service && it.normal && !it.to.starts_with("studium-"))
        .filter(|it| !SERVICE_OUTSIDE.contains(&it.to.as_str()))
        .filter(|it| !it.has_contract || !GENERATED.contains(&it.to.as_str()))
        .filter(|it| !SERVICE_OWN.contains(&(it.from.as_str(), it.to.as_str())))
        .map(|it| format!("{} → {}", it.from, it.to))
        .collect();
    none(&wrong, "a service uses a library that belongs behind the kit:");
}
