//! Who may call which rpc, as the contract says: one table from the descriptors, enforced before any handler.

use crate::{
    auth::Verifier,
    call::Caller,
    limits::{Cause, Gate, HEADER_BYTES, too_much},
    roles, status,
};
use axum::body::Body;
use bytes::{Buf as _, Bytes};
use http::{HeaderMap, Request, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use prost::encoding::{self, DecodeContext, decode_key, skip_field};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MethodDescriptor, ServiceDescriptor, Value,
};
use std::{borrow::Cow, collections::HashMap, sync::Arc};
use tonic::Status;

/// `ErrorInfo.domain` of a call that is not granted.
pub const DOMAIN: &str = "access.studium";

/// What needs no token: probes and tools ask before they have one.
const OPEN: [&str; 3] =
    ["/grpc.health.v1.Health/", "/grpc.reflection.v1.ServerReflection/", "/grpc.reflection.v1alpha.ServerReflection/"];

/// Whether a path needs no token.
pub(crate) fn is_open(path: &str) -> bool {
    OPEN.iter().any(|it| path.starts_with(it))
}

/// Who may call each rpc.
#[derive(Debug)]
pub struct AccessTable {
    rules: HashMap<String, Rule>,
}

#[derive(Debug)]
struct Rule {
    public: bool,
    grants: Vec<Grant>,
    /// Answers with a stream.
    streams: bool,
}

#[derive(Debug)]
struct Grant {
    role: String,
    own: Option<Own>,
}

/// A field of the request that must be the caller's own.
#[derive(Debug)]
struct Own {
    number: u32,
    name: String,
}

/// A call that may go on to its handler.
pub(crate) struct Admitted {
    pub request: Request<Body>,
    pub caller: Arc<Caller>,
    /// It is answered with a stream.
    pub streams: bool,
}

impl AccessTable {
    /// The table for the named services of the platform's contract, for example `studium.enrolment.v1.EnrolmentService`,
    /// and of the contracts that joined it.
    ///
    /// # Errors
    /// With a sentence for each rpc that does not say who may call it, or says something that cannot be checked.
    pub fn for_services(names: &[&str]) -> Result<Self, String> {
        Self::of(names, studium_proto::service)
    }

    /// The same for another contract.
    ///
    /// # Errors
    /// As [`AccessTable::for_services`].
    pub fn of_pool(pool: &DescriptorPool, names: &[&str]) -> Result<Self, String> {
        Self::of(names, |it| pool.get_service_by_name(it))
    }

    fn of(names: &[&str], find: impl Fn(&str) -> Option<ServiceDescriptor>) -> Result<Self, String> {
        let mut rules = HashMap::new();
        let mut problems = Vec::new();
        for name in names {
            let Some(service) = find(name) else {
                problems.push(format!("`{name}` is not in the contract; is its proto compiled in?"));
                continue;
            };
            for method in service.methods() {
                let path = format!("/{name}/{}", method.name());
                match Rule::read(service.parent_pool(), &method) {
                    Ok(rule) => drop(rules.insert(path, rule)),
                    Err(why) => problems.push(format!("rpc `{name}.{}` {why}", method.name())),
                }
            }
        }
        if problems.is_empty() { Ok(Self { rules }) } else { Err(problems.join("; ")) }
    }

    /// Lets a call pass with its [`Caller`] in the extensions, or says why not.
    ///
    /// `charge` is asked as soon as it is known who calls, before anything that costs more; for a token that was never
    /// seen, the stranger who shows it is charged before anybody looks whether it is good.
    /// Only a call that needs an `own` grant is buffered. Such a call must come uncompressed:
    /// compression is refused with UNIMPLEMENTED rather than inflated before it is known who calls.
    pub(crate) async fn admit(
        &self,
        verifier: &Verifier,
        gate: &Gate,
        charge: impl Fn(&Caller) -> Result<(), Status>,
        request: Request<Body>,
    ) -> Result<Admitted, Status> {
        let path = request.uri().path();
        if is_open(path) {
            charge(&Caller::default())?;
            return Ok(Admitted { request, caller: Arc::default(), streams: true });
        }
        let Some(rule) = self.rules.get(path) else {
            return Err(Status::unimplemented(format!("this service has no rpc `{path}`")));
        };
        let caller = match bearer(request.headers())? {
            Some(token) => verifier.verify_at_a_price(token, || charge(&Caller::default())).await?,
            None if rule.public => Arc::default(),
            None => {
                return Err(Status::unauthenticated("a bearer token is needed: metadata `authorization: Bearer …`"));
            }
        };
        charge(&caller)?;
        let (streams, caller) = (rule.streams, rule.in_granted_roles(caller));
        if !rule.public && !rule.by_role(&caller) {
            let path = path.to_owned();
            if rule.by_own(&caller).next().is_none() {
                return Err(rule.denied(&path));
            }
            let (message, whole) = buffered(request, gate).await?;
            if !rule.owns(&caller, &message)? {
                return Err(rule.denied(&path));
            }
            return Ok(admitted(whole, caller, streams));
        }
        Ok(admitted(request, caller, streams))
    }

    /// Whether a call is answered with a stream.
    pub(crate) fn streams(&self, path: &str) -> bool {
        self.rules.get(path).map_or_else(|| is_open(path), |it| it.streams)
    }

    /// Whether a path is an rpc here: what a browser may ask about before it calls.
    pub(crate) fn knows(&self, path: &str) -> bool {
        self.rules.contains_key(path) || is_open(path)
    }
}

fn admitted(mut request: Request<Body>, caller: Arc<Caller>, streams: bool) -> Admitted {
    request.extensions_mut().insert(Arc::clone(&caller));
    Admitted { request, caller, streams }
}

impl Rule {
    fn read(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<Self, String> {
        let extension = pool
            .get_extension_by_name("studium.options.v1.access")
            .ok_or("cannot say who may call it: studium/options/v1/options.proto is not compiled in")?;
        let options = method.options();
        if !options.has_extension(&extension) {
            return Err("does not say who may call it; add `option (studium.options.v1.access)`".to_owned());
        }
        let access = options.get_extension(&extension);
        let access = access.as_message().ok_or("has an access option that is no message")?;
        let public = field(access, "public").and_then(|it| it.as_bool()).unwrap_or_default();
        let listed = field(access, "grants");
        let listed = listed.as_ref().and_then(|it| it.as_list()).unwrap_or_default();
        let grants: Vec<_> = listed
            .iter()
            .filter_map(|it| it.as_message())
            .map(|it| Grant::read(it, method))
            .collect::<Result<_, _>>()?;
        if public != grants.is_empty() {
            return Err("must be either public or granted to somebody, not both and not neither".to_owned());
        }
        Ok(Self { public, grants, streams: method.is_server_streaming() })
    }

    /// The caller with only the roles that the rpc is granted to: what a handler sees is what let the call pass.
    fn in_granted_roles(&self, caller: Arc<Caller>) -> Arc<Caller> {
        let is_granted = |role: &String| self.public || self.grants.iter().any(|it| it.role == *role);
        if caller.roles.iter().all(is_granted) {
            return caller;
        }
        let roles = caller.roles.iter().filter(|it| is_granted(it)).cloned().collect();
        Arc::new(Caller { roles, ..Caller::clone(&caller) })
    }

    /// A role of the caller suffices by itself.
    fn by_role(&self, caller: &Caller) -> bool {
        self.grants.iter().any(|it| it.own.is_none() && caller.has(&it.role))
    }

    /// Grants that suffice if a field is the caller's own.
    fn by_own(&self, caller: &Caller) -> impl Iterator<Item = (&Grant, &Own)> {
        self.grants.iter().filter_map(|it| Some((it, it.own.as_ref()?))).filter(|(it, _)| caller.has(&it.role))
    }

    fn owns(&self, caller: &Caller, message: &Bytes) -> Result<bool, Status> {
        for (grant, own) in self.by_own(caller) {
            let value = last_string(message.clone(), own.number).map_err(|_| unreadable())?;
            if grant.is_satisfied(&value, caller) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn denied(&self, path: &str) -> Status {
        let ways: Vec<_> = self.grants.iter().map(Grant::in_words).collect();
        status::denied(format!("`{path}` is for {}", ways.join(", or ")), [("rpc", path)])
    }
}

impl Grant {
    fn read(grant: &DynamicMessage, method: &MethodDescriptor) -> Result<Self, String> {
        let text = |name| field(grant, name).and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default();
        let (role, own) = (text("role"), text("own"));
        if !roles::all().any(|it| it == role) {
            let all: Vec<_> = roles::all().collect();
            return Err(format!("grants to `{role}`, which is no role; roles are {}", all.join(", ")));
        }
        if own.is_empty() {
            return Ok(Self { role, own: None });
        }
        if field(grant, "by_record").is_some_and(|it| it.as_bool() == Some(true)) {
            return Err(format!(
                "grants to `{role}` both for its own `{own}` and by the record; one of them says enough"
            ));
        }
        if roles::PLATFORM.contains(&role.as_str()) {
            return Err(format!("grants to `{role}` for its own `{own}`, but that role acts for all and owns nothing"));
        }
        if method.is_client_streaming() {
            return Err(format!(
                "streams its requests, so its `own` field `{own}` cannot be checked; grant without `own`"
            ));
        }
        let input = method.input();
        let found = input.get_field_by_name(&own).filter(is_plain_string).ok_or_else(|| {
            format!("names `{own}` as own, which is no top-level singular string field of {}", input.name())
        })?;
        Ok(Self { role, own: Some(Own { number: found.number(), name: own }) })
    }

    fn is_satisfied(&self, value: &str, caller: &Caller) -> bool {
        // Neither a subject nor an institution is ever empty, so a field left out is nobody's own.
        if roles::OF_SUBJECT.contains(&self.role.as_str()) {
            return !value.is_empty() && caller.subject == value;
        }
        caller.institutions.iter().any(|it| it == value)
    }

    fn in_words(&self) -> String {
        let Self { role, own } = self;
        match own {
            None => role.clone(),
            Some(own) if roles::OF_SUBJECT.contains(&role.as_str()) => {
                format!("{role} whose own subject is `{}`", own.name)
            }
            Some(own) => format!("{role} of the institution in `{}`", own.name),
        }
    }
}

/// A member of a oneof is cleared by a later member, which the scan does not follow, so it does not count.
fn is_plain_string(field: &FieldDescriptor) -> bool {
    let in_choice = field.containing_oneof().is_some_and(|it| !it.is_synthetic());
    field.kind() == Kind::String && !field.is_list() && !field.is_map() && !in_choice
}

fn field(message: &DynamicMessage, name: &str) -> Option<Value> {
    message.get_field_by_name(name).map(Cow::into_owned)
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Status> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let (scheme, token) = value.to_str().ok().and_then(|it| it.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(Some(token.trim()))
    } else {
        Err(Status::unauthenticated("metadata `authorization` must be `Bearer` and a token"))
    }
}

fn unreadable() -> Status {
    status::malformed("request", "is no single gRPC message that can be read")
}

/// Reads a unary request whole; gives its message, and the same request for the handler.
async fn buffered(request: Request<Body>, gate: &Gate) -> Result<(Bytes, Request<Body>), Status> {
    let compressed = "this rpc looks into its request before it lets it pass: send it without compression";
    if request.headers().get("grpc-encoding").is_some_and(|it| it != "identity") {
        return Err(Status::unimplemented(compressed));
    }
    let (parts, body) = request.into_parts();
    let limits = &gate.limits;
    let whole = Limited::new(body, limits.message_bytes as usize + HEADER_BYTES).collect().await.map_err(|e| {
        if e.is::<LengthLimitError>() {
            gate.metrics.refused(Cause::Message);
            too_much(Cause::Message, limits)
        } else {
            Status::cancelled("the request broke off")
        }
    })?;
    let whole = whole.to_bytes();
    let Some((header, message)) = whole.split_first_chunk::<HEADER_BYTES>() else { return Err(unreadable()) };
    let [flag, length @ ..] = *header;
    if flag == 1 {
        return Err(Status::unimplemented(compressed));
    }
    // Exactly one message: what is checked here must be what the handler reads.
    if flag != 0 || usize::try_from(u32::from_be_bytes(length)) != Ok(message.len()) {
        return Err(unreadable());
    }
    Ok((whole.slice(HEADER_BYTES..), Request::from_parts(parts, Body::from(whole))))
}

/// The value of a top-level string field as prost would read it: the last occurrence wins, absent is empty.
/// It walks with prost's own functions, so that nothing can be read in two ways.
fn last_string(mut message: Bytes, number: u32) -> Result<String, prost::DecodeError> {
    let mut value = String::new();
    while message.has_remaining() {
        let (tag, wire) = decode_key(&mut message)?;
        if tag == number {
            encoding::string::merge(wire, &mut value, &mut message, DecodeContext::default())?;
        } else {
            skip_field(wire, tag, &mut message, DecodeContext::default())?;
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn string(number: u8, value: &str) -> Vec<u8> {
        [&[number << 3 | 2, value.len() as u8], value.as_bytes()].concat()
    }

    #[test]
    fn the_scan_reads_as_prost_does() {
        let read = |parts: &[Vec<u8>]| last_string(Bytes::from(parts.concat()), 1);
        assert_eq!(read(&[]).unwrap(), "");
        assert_eq!(read(&[string(1, "ann"), vec![16, 200, 1], string(1, "bob"), string(3, "x")]).unwrap(), "bob");
        // Inside an unknown group, field 1 is another message's business.
        assert_eq!(read(&[string(1, "bob"), vec![0x53], string(1, "ann"), vec![0x54]]).unwrap(), "bob");
        // Inside a sub-message as well.
        assert_eq!(read(&[string(1, "bob"), string(2, "\n\u{3}ann")]).unwrap(), "bob");
        assert!(read(&[vec![8, 1]]).is_err(), "another wire type");
        assert!(read(&[vec![10, 5, b'a']]).is_err(), "cut off");
        assert!(read(&[vec![10, 1, 0xff]]).is_err(), "not UTF-8");
        assert!(read(&[vec![0, 0]]).is_err(), "field 0");
    }
}
