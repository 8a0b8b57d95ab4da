//! Every rpc of the contract, asked by everybody: who gets in is what `docs/access.md` says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;
mod record;
mod table;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use house::{Platform, ask};
use prost_reflect::{DynamicMessage, Value};
use std::collections::BTreeMap;
use studium_proto::{DESCRIPTORS, Encoded as _};
use table::{Row, Table, Way, Whom};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

/// The caller's own subject and institution, and what is nobody's.
const ME: &str = "me";
const OURS: &str = "ours";
const STRANGE: &str = "strange";

/// Services of the contract that no running service offers: only the bench has the bare call that it measures against.
const ELSEWHERE: [&str; 1] = ["studium.bench.v1.EchoService/Echo"];

/// Calls that are under way at the same time.
const TOGETHER: usize = 32;

/// What the paper lets happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The call reaches its handler, which may not say that the caller may not.
    Yes,
    /// It reaches its handler, which may look at the record and say so.
    Perhaps,
    /// It does not reach its handler.
    No,
    /// The same, for want of a token.
    WhoAreYou,
}

/// One call.
struct Case {
    rpc: String,
    channel: Channel,
    /// For the report: as whom, with what.
    told: String,
    token: Option<String>,
    message: Bytes,
    expected: Expected,
}

/// A request with nothing in it but one field.
fn request(rpc: &str, set: Option<(&str, &str)>) -> Bytes {
    let (service, method) = rpc.split_once('/').unwrap();
    let service = DESCRIPTORS.get_service_by_name(service).unwrap();
    let method = service.methods().find(|it| it.name() == method).unwrap();
    let mut message = DynamicMessage::new(method.input());
    if let Some((field, value)) = set {
        message.set_field_by_name(field, Value::String(value.to_owned()));
    }
    message.encode_to_vec().into()
}

/// What the paper says of a role that calls with one field set, or none.
fn expected(row: &Row, (role, whom): (&str, Whom), set: Option<(&str, &str)>) -> Expected {
    let own = if whom == Whom::Person { ME } else { OURS };
    let mut expected = if row.anyone { Expected::Yes } else { Expected::No };
    for way in row.of(role) {
        match way {
            Way::Role => return Expected::Yes,
            Way::Own(field) if set == Some((field, own)) => return Expected::Yes,
            Way::Own(_) => {}
            Way::Record => expected = Expected::Perhaps,
        }
    }
    expected
}

/// All calls of one rpc: every role with every field that is somebody's own, filled in every way, and nobody.
fn cases(rpc: &str, channel: &Channel, row: &Row, tokens: &[(String, Whom, String)]) -> Vec<Case> {
    let values = [ME, OURS, STRANGE];
    let fields = row.fields();
    let filled = fields.iter().flat_map(|field| values.map(|value| Some((*field, value))));
    let case = |told: String, token: Option<String>, set, expected| Case {
        rpc: rpc.to_owned(),
        channel: channel.clone(),
        told,
        token,
        message: request(rpc, set),
        expected,
    };
    let mut cases = Vec::new();
    for set in filled.chain([None]) {
        for (role, whom, token) in tokens {
            let told = format!("{role} with {set:?}");
            cases.push(case(told, Some(token.clone()), set, expected(row, (role, *whom), set)));
        }
        let nobody = if row.anyone { Expected::Yes } else { Expected::WhoAreYou };
        cases.push(case(format!("nobody with {set:?}"), None, set, nobody));
    }
    cases
}

/// What is wrong with an answer, if anything is.
fn wrong(case: &Case, answer: &Result<(), Status>) -> Option<String> {
    let refusal = answer.as_ref().err();
    let code = refusal.map_or(Code::Ok, Status::code);
    let domain = refusal.and_then(StatusExt::get_details_error_info).map(|it| it.domain).unwrap_or_default();
    let is_gate = code == Code::PermissionDenied && domain == studium_kit::access::DOMAIN;
    let fits = match case.expected {
        Expected::Yes => !matches!(code, Code::PermissionDenied | Code::Unauthenticated),
        Expected::Perhaps => !is_gate && code != Code::Unauthenticated,
        Expected::No => is_gate,
        Expected::WhoAreYou => code == Code::Unauthenticated,
    };
    // Whoever is let in with next to nothing may be refused, but nothing may break.
    let broke = matches!(code, Code::Internal | Code::Unknown | Code::Unimplemented);
    let said = refusal.map_or("an answer", Status::message);
    (!fits || broke).then(|| {
        format!("{} as {}: expected {:?}, got {code:?} of `{domain}`: {said}", case.rpc, case.told, case.expected)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_in_where_the_paper_says_so_and_nowhere_else() {
    let (platform, table) = (Platform::start().await, Table::read());
    let rpcs = platform.rpcs().await;
    let named: Vec<_> = table.rows.keys().collect();
    assert_eq!(named, rpcs.keys().collect::<Vec<_>>(), "the paper and the contract name the same rpcs");
    let nowhere: Vec<_> = rpcs.iter().filter(|(_, it)| it.is_empty()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(nowhere, ELSEWHERE, "every other rpc is answered by a service that runs here");

    let mut tokens: Vec<_> = Vec::new();
    for (role, whom) in &table.roles {
        tokens.push((role.clone(), *whom, platform.house.token(ME, &[role], &[OURS])));
    }
    // Who has a token without a role, or with one that nobody knows, is nobody in particular.
    tokens.push(("no role".into(), Whom::Person, platform.house.token(ME, &[], &[OURS])));
    tokens.push(("dean".into(), Whom::Institution, platform.house.token(ME, &["dean"], &[OURS])));

    let places = rpcs.iter().flat_map(|(name, channels)| channels.iter().map(move |it| (name, it)));
    let cases: Vec<_> = places.flat_map(|(name, it)| cases(name, it, &table.rows[name], &tokens)).collect();
    let (count, mut seen) = (cases.len(), BTreeMap::<_, u32>::new());
    let mut answers =
        stream::iter(cases)
            .map(|case| async move {
                (ask(&case.channel, &case.rpc, case.token.as_deref(), case.message.clone()).await, case)
            })
            .buffer_unordered(TOGETHER);
    let mut all_wrong = Vec::new();
    while let Some((answer, case)) = answers.next().await {
        *seen.entry(format!("{:?}", case.expected)).or_default() += 1;
        all_wrong.extend(wrong(&case, &answer));
    }
    all_wrong.sort();
    println!("{} rpcs, {count} calls: {seen:?}", rpcs.len());
    assert!(all_wrong.is_empty(), "{} of {count} calls went otherwise:\n{}", all_wrong.len(), all_wrong.join("\n"));
    assert_eq!(seen.len(), 4, "each sort of answer was met: {seen:?}");
}
