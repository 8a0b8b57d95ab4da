//! Every rpc of every service, asked with nothing, with nonsense and with extremes: each answer is the caller's to understand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value};
use std::{collections::BTreeSet, time::Duration};
use studium_cli::supervise::SERVICES;
use studium_kit::Log;
use studium_proto::DESCRIPTORS;
use studium_testkit::{Caller, House, Raw};
use tonic::{Code, Request, Status, client::Grpc};
use tonic_types::StatusExt as _;

/// How long a stream that stays open is listened to.
const LISTEN: Duration = Duration::from_secs(5);

/// Calls that are under way at the same time.
const AT_ONCE: usize = 32;

/// What no service of the platform serves: the bare call that `bench` compares with.
const NOT_SERVED: &str = "studium.bench.";

/// What fields are filled with.
#[derive(Clone, Copy)]
struct Filling {
    text: &'static str,
    /// Below none, none, above all.
    number: i8,
}

fn filled(message: &MessageDescriptor, with: Filling, depth: u8) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    for field in message.fields().filter(|it| !it.is_map()) {
        let Some(value) = value(&field, with, depth) else { continue };
        filled.set_field(&field, if field.is_list() { Value::List(vec![value]) } else { value });
    }
    filled
}

fn value(field: &FieldDescriptor, with: Filling, depth: u8) -> Option<Value> {
    let pick = |least: Value, most: Value| match with.number {
        0 => None,
        it if it < 0 => Some(least),
        _ => Some(most),
    };
    match field.kind() {
        Kind::String => Some(Value::String(with.text.to_owned())),
        Kind::Bytes => Some(Value::Bytes(with.text.into())),
        Kind::Bool => Some(Value::Bool(with.number > 0)),
        Kind::Enum(_) => pick(Value::EnumNumber(-1), Value::EnumNumber(9999)),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => pick(Value::I32(i32::MIN), Value::I32(i32::MAX)),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => pick(Value::I64(i64::MIN), Value::I64(i64::MAX)),
        Kind::Uint32 | Kind::Fixed32 => pick(Value::U32(1), Value::U32(u32::MAX)),
        Kind::Uint64 | Kind::Fixed64 => pick(Value::U64(1), Value::U64(u64::MAX)),
        Kind::Float => pick(Value::F32(f32::NAN), Value::F32(f32::INFINITY)),
        Kind::Double => pick(Value::F64(f64::NAN), Value::F64(f64::INFINITY)),
        Kind::Message(it) => (depth < 3).then(|| Value::Message(filled(&it, with, depth + 1))),
    }
}

/// Nothing, nonsense, plausible words with numbers out of range, and bytes that are no message.
fn messages(method: &MethodDescriptor) -> Vec<(String, Bytes)> {
    let mut messages = vec![
        ("nothing".to_owned(), Bytes::new()),
        ("bytes that end too early".to_owned(), Bytes::from_static(&[0x0a, 0x7f, b'x'])),
    ];
    if method.input().get_field(1).is_some_and(|it| it.kind() == Kind::String) {
        messages.push(("text that is not UTF-8".to_owned(), Bytes::from_static(&[0x0a, 0x02, 0xff, 0xfe])));
    }
    for text in ["a", "a~b", "no id: \0\n∞"] {
        for number in [-1, 0, 1] {
            let message = filled(&method.input(), Filling { text, number }, 0);
            messages.push((format!("{text:?} and {number}"), message.encode_to_vec().into()));
        }
    }
    messages
}

async fn ask(caller: Caller, path: &str, message: Bytes) -> Result<(), Status> {
    let mut grpc = Grpc::new(caller);
    grpc.ready().await.map_err(|e| Status::unknown(e.to_string()))?;
    let request = Request::new(stream::iter([message]));
    // On the wire a call with one message is a stream of one.
    let mut answers = grpc.streaming(request, path.parse().unwrap(), Raw).await?.into_inner();
    while let Ok(answer) = tokio::time::timeout(LISTEN, answers.message()).await {
        if answer?.is_none() {
            break;
        }
    }
    Ok(())
}

/// What is wrong with an answer, if anything.
fn blame(status: &Status) -> Option<String> {
    let violations = status.get_details_bad_request().map_or(0, |it| it.field_violations.len());
    let reason = status.get_details_error_info().map_or_else(String::new, |it| it.reason);
    let is_good = match status.code() {
        Code::InvalidArgument => violations > 0 || !reason.is_empty(),
        Code::NotFound | Code::AlreadyExists | Code::PermissionDenied | Code::FailedPrecondition => !reason.is_empty(),
        Code::Unavailable => reason == "VIEW_BEHIND",
        Code::Aborted => reason == "BUSY",
        _ => false,
    };
    (!is_good).then(|| format!("{:?} {reason} {}", status.code(), status.message()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_the_answer_says_what_is_wrong_with_it() {
    let house = House::new(Log::memory()).unwrap();
    let roles = ["operator", "registrar", "staff", "teacher", "learner", "service"];
    let all = DESCRIPTORS.services().flat_map(|it| it.methods().collect::<Vec<_>>());
    let ours =
        |it: &MethodDescriptor| it.full_name().starts_with("studium.") && !it.full_name().starts_with(NOT_SERVED);
    let methods: Vec<_> = all.filter(ours).collect();
    let (mut wrong, mut unserved) = (Vec::new(), BTreeSet::new());
    unserved.extend(methods.iter().map(|it| it.full_name().to_owned()));
    for entry in &SERVICES {
        let running = house.start((entry.parts)()).await.unwrap();
        let caller = house.call(&running, "a", &roles, &[]).await.unwrap();
        let asked = methods.iter().flat_map(|method| messages(method).into_iter().map(move |it| (method, it)));
        let answers = stream::iter(asked.map(|(method, (what, message))| {
            let caller = caller.clone();
            async move {
                let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
                (method.full_name(), what, ask(caller, &path, message).await)
            }
        }));
        for (name, what, answer) in answers.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            if matches!(&answer, Err(status) if status.code() == Code::Unimplemented) {
                continue;
            }
            unserved.remove(name);
            if let Some(why) = answer.err().as_ref().and_then(blame) {
                wrong.push(format!("{name} with {what}: {why}"));
            }
        }
        running.stop().await.unwrap();
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} answers help nobody:\n  {}", wrong.len(), wrong.join("\n  "));
    assert!(unserved.is_empty(), "no service serves {unserved:?}");
}
