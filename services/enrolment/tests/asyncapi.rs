//! The AsyncAPI document for partners says what the contract says: it is made from it, and compared with the one in docs.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

#[path = "asyncapi/contract.rs"]
mod contract;
#[path = "asyncapi/yaml.rs"]
mod yaml;

use contract::Contract;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};
use studium_enrolment::PARTNER_EVENTS;
use yaml::{Node, list, map, text};

/// Set to 1 to write the document anew.
const ACCEPT: &str = "STUDIUM_TEST_ACCEPT_GOLDEN";

/// Types of events about enrolments begin so; their data is an `EnrolmentChange`.
const ENROLMENT: &str = "org.studium.partner.enrolment.";

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/partner")
}

/// `org.studium.partner.enrolment.enrolled.v1` → `enrolment.enrolled`.
fn short(kind: &str) -> &str {
    kind.trim_start_matches("org.studium.partner.").trim_end_matches(".v1")
}

/// The message of the contract that an event of this type carries.
fn data_of(kind: &str) -> &'static str {
    if kind.starts_with(ENROLMENT) { "EnrolmentChange" } else { "DigestPublished" }
}

/// Members of an event beside `data`: name, whether it is always there, schema, what it says.
fn envelope() -> Vec<(&'static str, bool, Value, &'static str)> {
    let string = || json!({"type": "string"});
    vec![
        ("specversion", true, json!({"type": "string", "const": "1.0"}), "CloudEvents 1.0."),
        (
            "id",
            true,
            json!({"type": "string", "format": "uuid"}),
            "Names the event for ever, on each of the three ways and through all retries. What has the id of an event that you have is that event.",
        ),
        ("source", true, string(), "The feed: `urn:studium:feed:` and your institution's id."),
        ("type", true, string(), "What happened."),
        ("subject", true, string(), "What it is about: the `enrolmentId`, or `digest`."),
        ("time", true, json!({"type": "string", "format": "date-time"}), "When it happened."),
        (
            "recordedtime",
            true,
            json!({"type": "string", "format": "date-time"}),
            "When the platform recorded it; later than `time` for what was entered afterwards. An extension of CloudEvents' own list.",
        ),
        ("datacontenttype", true, json!({"type": "string", "const": "application/json"}), "What `data` is."),
        (
            "sequence",
            true,
            json!({"type": "string", "pattern": "^[0-9]{20}$"}),
            "The event's position in your feed: 1, 2, 3 …, with zeros before it, so that its order as text is the order. A number that is missing is an event that you miss. An extension of CloudEvents' own list.",
        ),
        (
            "subjectversion",
            true,
            json!({"type": "integer", "minimum": 1}),
            "The event's number on its subject: 1, 2, 3 … An extension of ours.",
        ),
        (
            "previoushash",
            false,
            json!({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
            "SHA-256 of the event before on the same subject, of its bytes as they came, in lower-case hexadecimal; absent in the first. An extension of ours.",
        ),
        (
            "correlationid",
            true,
            string(),
            "The same in everything that one request led to; name it when you ask about an event. An extension of ours.",
        ),
    ]
}

fn cloud_event() -> Node {
    let members = envelope().into_iter().map(|(name, _, schema, meaning)| {
        let mut node = map([("description", text(meaning))]);
        for (key, value) in schema.as_object().unwrap() {
            node.add(key, Node::Value(value.clone()));
        }
        (name.to_owned(), node)
    });
    let required = envelope().into_iter().filter(|it| it.1).map(|it| text(it.0));
    map([
        ("description", text("What every event has: a CloudEvent 1.0 in JSON.")),
        ("type", text("object")),
        ("required", Node::List(required.chain([text("data")]).collect())),
        ("properties", Node::Map(members.collect())),
    ])
}

fn reference(path: &str) -> Node {
    map([("$ref", text(path))])
}

fn message(kind: &str, meaning: &str) -> Node {
    let own = map([
        ("type", text("object")),
        (
            "properties",
            map([
                ("type", map([("const", text(kind))])),
                ("data", reference(&format!("#/components/schemas/{}", data_of(kind)))),
            ]),
        ),
    ]);
    let payload = map([("allOf", list([reference("#/components/schemas/CloudEvent"), own]))]);
    let example =
        map([("name", text(short(kind))), ("payload", reference(&format!("./examples/{}.json", short(kind))))]);
    map([
        ("name", text(kind)),
        ("title", text(short(kind))),
        ("summary", text(meaning.trim())),
        ("contentType", text("application/cloudevents+json")),
        ("payload", payload),
        ("examples", list([example])),
    ])
}

/// One of the three ways: name, address, what it is, its server.
fn channels() -> Node {
    let ways = [
        (
            "stream",
            text("studium.partner.v1.PartnerFeedService/Subscribe"),
            "gRPC: everything after a position, then what comes. `event` of each `SubscribeResponse` is one of the messages.",
            Some("grpc"),
        ),
        (
            "webhook",
            Node::Value(Value::Null),
            "Webhooks to an address of yours, by the Standard Webhooks specification; the request's body is one of the messages. What `TestWebhook` sends is no event of the feed: its type is `org.studium.partner.webhook.test.v1`, and it has no `sequence`.",
            None,
        ),
        (
            "nats",
            text("partner_{institution}.{sort}.{subject}"),
            "NATS: the JetStream stream `enrolments` in an account of your own, read only. Its positions are those of the feed.",
            Some("nats"),
        ),
    ];
    let channel = |(name, address, meaning, server): (&str, Node, &str, Option<&str>)| {
        let messages = PARTNER_EVENTS
            .iter()
            .map(|(kind, _)| (short(kind).to_owned(), reference(&format!("#/components/messages/{}", short(kind)))));
        let mut node = map([("address", address), ("description", text(meaning))]);
        if name == "nats" {
            let parameter = |meaning: &str| map([("description", text(meaning))]);
            node.add(
                "parameters",
                map([
                    ("institution", parameter("Your institution's id.")),
                    ("sort", parameter("`enrolment` or `digest`.")),
                    ("subject", parameter("The event's `subject`.")),
                ]),
            );
        }
        if let Some(server) = server {
            node.add("servers", list([reference(&format!("#/servers/{server}"))]));
        }
        node.add("messages", Node::Map(messages.collect()));
        (name.to_owned(), node)
    };
    Node::Map(ways.into_iter().map(channel).collect())
}

fn operations() -> Node {
    let ways = [("stream", "Subscribe"), ("webhook", "Deliver"), ("nats", "Mirror")];
    let operation = |(channel, title): (&str, &str)| {
        let node = map([
            ("action", text("send")),
            ("title", text(title)),
            ("channel", reference(&format!("#/channels/{channel}"))),
        ]);
        (title.to_lowercase(), node)
    };
    Node::Map(ways.into_iter().map(operation).collect())
}

fn document() -> String {
    let contract = Contract::read();
    let mut schemas = vec![("CloudEvent".to_owned(), cloud_event())];
    schemas.extend(contract.schemas(["EnrolmentChange", "DigestPublished"]));
    let messages = PARTNER_EVENTS.iter().map(|(kind, meaning)| (short(kind).to_owned(), message(kind, meaning)));
    let server = |host: &str, protocol: &str, what: &str| {
        map([("host", text(host)), ("protocol", text(protocol)), ("description", text(what))])
    };
    let info = map([
        ("title", text("Studium: enrolment events for partner universities")),
        ("version", text("1.0.0")),
        (
            "description",
            text(
                "Events of enrolments in your courses, of learners whom you sponsor, and of learners whom you know by an id of yours. \
                 Three ways in, one content, one order: what comes by gRPC, by webhook and by NATS is the same to the byte. \
                 The contract only grows: be ready for new members, new values of enumerations and new types of events. \
                 Members without a value are left out.",
            ),
        ),
        ("license", map([("name", text("Apache-2.0"))])),
    ]);
    let document = map([
        ("asyncapi", text("3.0.0")),
        ("info", info),
        ("defaultContentType", text("application/cloudevents+json")),
        (
            "servers",
            map([
                (
                    "grpc",
                    server(
                        "enrolment.example:443",
                        "grpc",
                        "The enrolment service. A token with the role `partner` opens it.",
                    ),
                ),
                (
                    "nats",
                    server(
                        "nats.example:4222",
                        "nats",
                        "The platform's broker; credentials lead into your account and nowhere else.",
                    ),
                ),
            ]),
        ),
        ("channels", channels()),
        ("operations", operations()),
        ("components", map([("messages", Node::Map(messages.collect())), ("schemas", Node::Map(schemas))])),
    ]);
    format!(
        "# Made from proto/studium/partner/v1/feed.proto; {ACCEPT}=1 cargo test -p studium-enrolment writes it anew.\n{}",
        document.yaml()
    )
}

#[test]
fn the_asyncapi_document_is_what_the_contract_says() {
    let (file, document) = (docs().join("asyncapi.yaml"), document());
    if std::env::var(ACCEPT).as_deref() == Ok("1") {
        fs::write(&file, &document).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let differs = there.lines().zip(document.lines()).position(|(a, b)| a != b);
    assert!(there == document, "docs/partner/asyncapi.yaml differs from line {differs:?} on; write it with {ACCEPT}=1");
}

#[test]
fn the_guide_names_every_type_of_event() {
    let (begin, end) = ("<!-- events, made from the code: -->\n", "<!-- end -->\n");
    let guide = fs::read_to_string(docs().join("README.md")).unwrap();
    let (before, rest) = guide.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let mut table = "| `type`, between `org.studium.partner.` and `.v1` | |\n|---|---|\n".to_owned();
    for (kind, meaning) in PARTNER_EVENTS {
        let short = short(kind);
        writeln!(table, "| [`{short}`](examples/{short}.json) | {} |", meaning.trim()).unwrap();
    }
    let wanted = format!("{before}{begin}{table}{end}{after}");
    if std::env::var(ACCEPT).as_deref() == Ok("1") {
        fs::write(docs().join("README.md"), &wanted).unwrap();
    }
    let guide = fs::read_to_string(docs().join("README.md")).unwrap();
    assert!(guide == wanted, "docs/partner/README.md lists other events; write it with {ACCEPT}=1");
}

#[test]
fn every_type_of_event_has_an_example_that_fits() {
    let contract = Contract::read();
    let mut files: BTreeSet<_> =
        fs::read_dir(docs().join("examples")).unwrap().map(|it| it.unwrap().file_name()).collect();
    for (kind, _) in PARTNER_EVENTS {
        let name = format!("{}.json", short(kind));
        let example = fs::read_to_string(docs().join("examples").join(&name)).expect(&name);
        let example: Value = serde_json::from_str(&example).expect(&name);
        let members: BTreeSet<&str> = example.as_object().unwrap().keys().map(String::as_str).collect();
        let known: BTreeSet<&str> = envelope().iter().map(|it| it.0).chain(["data"]).collect();
        let always: BTreeSet<&str> = envelope().iter().filter(|it| it.1).map(|it| it.0).chain(["data"]).collect();
        assert!(members.is_subset(&known) && always.is_subset(&members), "{name}: {members:?}");
        assert_eq!(example["type"], *kind);
        contract.holds(data_of(kind), &example["data"]);
        for member in ["name", "email"] {
            assert!(example["data"].pointer(&format!("/enrolment/{member}")).is_none(), "{name}: events name nobody");
        }
        assert!(files.remove(std::ffi::OsStr::new(&name)));
    }
    for other in ["history.jsonl", "jwks.json"] {
        assert!(files.remove(std::ffi::OsStr::new(other)));
    }
    assert!(files.is_empty(), "examples of nothing: {files:?}");
}
