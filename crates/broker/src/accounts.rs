//! Who may connect to nats-server and what each can see: the operator, every service and every partner in accounts of their own.

use crate::{
    mirror,
    partners::{self, Partner},
    secret,
    services::{self, ServiceAccess},
};
use anyhow::{Context as _, Result, bail};
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};
use studium_log::Durability;

/// The part of the servers' configuration that says who may connect. It holds passwords.
pub const FILE: &str = "accounts.conf";

/// The account that holds the platform's streams.
pub const PLATFORM: &str = "PLATFORM";

/// The user in it, for people and for commands that look after the log.
pub const OPERATOR: &str = "operator";

/// The account of everybody in builds without accounts.
const NOBODY: &str = "$G";

/// What a partner may ask of the mirror of its feed, and whether the answer is more than one message.
/// There is nothing here that changes or removes a stream, and nothing that could name another one.
const READ: [(&str, bool); 16] = [
    ("$JS.API.INFO", false),
    ("$JS.API.STREAM.NAMES", false),
    ("$JS.API.STREAM.LIST", false),
    ("$JS.API.STREAM.INFO.enrolments", false),
    ("$JS.API.STREAM.MSG.GET.enrolments", false),
    ("$JS.API.DIRECT.GET.enrolments", true),
    ("$JS.API.DIRECT.GET.enrolments.>", true),
    ("$JS.API.CONSUMER.CREATE.enrolments", false),
    ("$JS.API.CONSUMER.CREATE.enrolments.>", false),
    ("$JS.API.CONSUMER.DURABLE.CREATE.enrolments.*", false),
    ("$JS.API.CONSUMER.NAMES.enrolments", false),
    ("$JS.API.CONSUMER.LIST.enrolments", false),
    ("$JS.API.CONSUMER.INFO.enrolments.*", false),
    ("$JS.API.CONSUMER.DELETE.enrolments.*", false),
    ("$JS.API.CONSUMER.MSG.NEXT.enrolments.*", true),
    ("$JS.ACK.enrolments.>", false),
];

/// The user with which the platform looks after a partner's mirror.
pub fn keeper(institution: &str) -> String {
    format!("feed-{institution}")
}

/// Writes the accounts of all services and partners on `dir`, as nats-server reads them.
pub(crate) fn write(dir: &Path) -> Result<()> {
    let (services, partners) = (services::read(dir)?, partners::list(dir)?);
    let mut passwords = BTreeMap::new();
    for user in services.iter().map(|it| it.name.as_str()).chain([OPERATOR]) {
        passwords.insert(user, quoted(&secret::password(dir, user)?));
    }
    let text = render(&services, &partners, |user| passwords[user].clone());
    secret::replace(&dir.join(FILE), format!("# Written by studium. Holds passwords.\n{text}").as_bytes())
}

/// The accounts of services that others start: passwords come from the servers' environment, `NATS_CAMPUS_PASSWORD`.
pub fn deployed(services: &[ServiceAccess]) -> String {
    render(services, &[], |user| format!("${}", variable(user)))
}

/// The variable with the password of a user: `NATS_CAMPUS_PASSWORD`.
pub fn variable(user: &str) -> String {
    format!("NATS_{}_PASSWORD", user.to_uppercase())
}

/// All accounts, with what stands for the password of a user.
fn render(services: &[ServiceAccess], partners: &[Partner], password: impl Fn(&str) -> String) -> String {
    let mut text = "accounts {\n".to_owned();
    platform(&mut text, &password(OPERATOR), services, partners);
    for it in services {
        service(&mut text, &password(&it.name), it, services);
    }
    for it in partners {
        feed(&mut text, &password(OPERATOR), &it.institution);
        reader(&mut text, it);
    }
    text.push_str("}\n");
    text
}

/// The account with the streams. Whoever is in it may do everything with them, so only the operator is.
fn platform(text: &mut String, password: &str, services: &[ServiceAccess], partners: &[Partner]) {
    let _ = writeln!(
        text,
        "  {PLATFORM}: {{\n    jetstream: enabled\n    \
         users: [{{ user: {OPERATOR}, password: {password} }}]\n    exports: ["
    );
    let mut exports: BTreeMap<_, (bool, Vec<_>)> = BTreeMap::new();
    for it in services {
        for (subject, more) in it.grants() {
            exports.entry(subject).or_insert((more, vec![])).1.push(quoted(&it.account()));
        }
    }
    for (subject, (more, to)) in exports {
        let _ = writeln!(text, "      {{ service: \"{subject}\", accounts: [{}]{} }}", to.join(", "), response(more));
    }
    for Partner { institution: id, .. } in partners {
        for (kind, subject, more) in from_platform(id) {
            let _ = writeln!(text, "      {{ {kind}: \"{subject}\", accounts: [\"FEED_{id}\"]{} }}", response(more));
        }
    }
    text.push_str("    ]\n  }\n");
}

/// The account of one service: it imports what the service may ask, and there is nothing else in it.
/// Its user's permissions say the same once more, and take out what subjects alone cannot.
fn service(text: &mut String, password: &str, it: &ServiceAccess, all: &[ServiceAccess]) {
    let grants = it.grants();
    let list =
        |subjects: &mut dyn Iterator<Item = &String>| subjects.map(|it| quoted(it)).collect::<Vec<_>>().join(", ");
    let (allow, deny) = (list(&mut grants.keys()), list(&mut it.denied(all).iter()));
    let _ = writeln!(
        text,
        "  {}: {{\n    users: [{{ user: {}, password: {password}, permissions: {{\n      \
         publish: {{ allow: [{allow}], deny: [{deny}] }}\n      subscribe: [\"_INBOX.>\"]\n    }} }}]\n    imports: [",
        quoted(&it.account()),
        quoted(&it.name),
    );
    for subject in grants.keys() {
        let _ = writeln!(text, "      {{ service: {{ account: {PLATFORM}, subject: \"{subject}\" }} }}");
    }
    text.push_str("    ]\n  }\n");
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// What a mirror needs of its own origin and of nothing else: to be delivered to, and to say how fast.
/// JetStream asks with and without a suffix.
fn from_platform(id: &str) -> [(&'static str, String, bool); 4] {
    let origin = mirror::origin(id);
    [
        ("service", format!("$JS.API.CONSUMER.CREATE.{origin}"), true),
        ("service", format!("$JS.API.CONSUMER.CREATE.{origin}.>"), true),
        ("service", format!("$JS.FC.{origin}.>"), false),
        ("stream", format!("{}.>", mirror::delivery(id)), false),
    ]
}

fn response(more: bool) -> &'static str {
    if more { ", response_type: stream" } else { "" }
}

fn feed(text: &mut String, password: &str, id: &str) {
    // No limit of bytes: the mirror holds what the feed holds, and a full one would miss events.
    let _ = writeln!(
        text,
        "  \"FEED_{id}\": {{\n    jetstream: {{ max_streams: 1, max_consumers: 64, max_memory: 0 }}\n    \
         users: [{{ user: \"{}\", password: {password} }}]\n    exports: [",
        keeper(id)
    );
    for (subject, more) in READ {
        let _ = writeln!(text, "      {{ service: \"{subject}\", accounts: [\"PARTNER_{id}\"]{} }}", response(more));
    }
    text.push_str("    ]\n    imports: [\n");
    for (kind, subject, _) in from_platform(id) {
        let to = subject.strip_prefix("$JS.API").map(|it| format!(", to: \"{}{it}\"", mirror::API));
        let to = to.unwrap_or_default();
        let _ = writeln!(text, "      {{ {kind}: {{ account: {PLATFORM}, subject: \"{subject}\" }}{to} }}");
    }
    text.push_str("    ]\n  }\n");
}

fn reader(text: &mut String, Partner { institution: id, public_key, .. }: &Partner) {
    let allowed: Vec<_> = READ.iter().map(|(subject, _)| format!("\"{subject}\"")).collect();
    let _ = writeln!(
        text,
        "  \"PARTNER_{id}\": {{\n    limits: {{ max_connections: 16, max_subscriptions: 1024 }}\n    \
         users: [{{ nkey: {public_key}, permissions: {{ publish: [{}], subscribe: [\"_INBOX.>\"] }} }}]\n    imports: [",
        allowed.join(", ")
    );
    for (subject, _) in READ {
        let _ = writeln!(text, "      {{ service: {{ account: \"FEED_{id}\", subject: \"{subject}\" }} }}");
    }
    text.push_str("    ]\n  }\n");
}

/// Gives streams of an earlier build, which had no accounts, to the platform's account.
///
/// # Errors
/// When a cluster wrote them: its nodes have agreed on the account's name in a log of their own.
pub fn take_over(store: &Path, durability: Durability) -> Result<()> {
    let (old, new) = (store.join("jetstream").join(NOBODY), store.join("jetstream").join(PLATFORM));
    let holds = |dir: &Path| fs::read_dir(dir.join("streams")).is_ok_and(|mut it| it.next().is_some());
    if !holds(&old) || new.exists() {
        return Ok(());
    }
    let dir = store.parent().unwrap_or(store).display();
    if durability == Durability::Replicated {
        bail!(
            "the streams in {dir} were written by a cluster of an earlier build, without accounts; move {dir} away and run \
             `studium log restore SERVICE --durability replicated` for each service, which builds them again from the journals"
        );
    }
    fs::rename(&old, &new)
        .and_then(|()| fs::File::open(store.join("jetstream"))?.sync_all())
        .with_context(|| format!("cannot give the streams in {dir} to the account {PLATFORM}"))
}
