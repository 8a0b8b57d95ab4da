//! One call: who asks, under which request id, at what time, as part of which story.

use crate::{Fields, roles, status, telemetry};
use std::{fmt, sync::Arc};
use studium_log::{Meta, now_ms};
use tonic::{Request, Status, metadata::MetadataMap};
use uuid::Uuid;

/// The longest request or correlation id, characters.
const ID_MAX: usize = 128;

/// Who calls, as the token says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The token's `sub`; empty for somebody without a token.
    pub subject: String,
    /// Of the token's roles those that the rpc is granted to, so that no other role lends its weight to the call;
    /// all of them where anybody may call.
    pub roles: Vec<String>,
    /// Institutions that the caller acts for in any role of an institution.
    pub institutions: Vec<String>,
    /// Whose platform it is; empty with one tenant.
    pub tenant: String,
}

impl Caller {
    /// Whether the caller acts for the platform: for every institution and every person.
    pub fn acts_for_all(&self) -> bool {
        roles::PLATFORM.iter().any(|it| self.has(it))
    }

    /// Whether the caller acts for an institution, which may be a campus: as the platform, or in a role of its own.
    pub fn acts_for(&self, institution: &str) -> bool {
        let is_own = || self.institutions.iter().any(|it| it == institution);
        self.acts_for_all() || (roles::OF_INSTITUTION.iter().any(|it| self.has(it)) && is_own())
    }

    /// Whether the caller has a role.
    pub fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|it| it == role)
    }
}

/// What a handler knows of a call beside the message itself.
#[derive(Debug, Clone)]
pub struct Call {
    /// What the commit will say of it.
    pub meta: Meta,
    /// Who asks.
    pub caller: Caller,
}

impl Call {
    /// Reads who asks (from the access layer), the request id (`x-request-id`, made when absent),
    /// the correlation id (`x-correlation-id`, made when absent) and the trace.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for an id that is not 1 to 128 characters of `A-Za-z0-9._:-`;
    /// UNAUTHENTICATED when the request did not come through the access layer.
    pub fn open<T>(request: Request<T>) -> Result<(Self, T), Status> {
        let (metadata, extensions, message) = request.into_parts();
        let Some(caller) = extensions.get::<Arc<Caller>>() else {
            return Err(Status::unauthenticated("the request did not come through the access layer"));
        };
        let caller = Caller::clone(caller);
        let mut fields = Fields::new();
        let request_id = id(&metadata, "x-request-id", &mut fields);
        let correlation_id = id(&metadata, "x-correlation-id", &mut fields);
        fields.done()?;
        let actor = if caller.subject.is_empty() { "anonymous".to_owned() } else { caller.subject.clone() };
        let meta = Meta {
            at_ms: now_ms(),
            actor,
            on_behalf_of: String::new(),
            request_id,
            correlation_id,
            causation_id: String::new(),
            tenant: caller.tenant.clone(),
            traceparent: trace(&metadata),
        };
        Ok((Self { meta, caller }, message))
    }

    /// Sets the business time, Unix milliseconds; 0 leaves it at now.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` unless the caller works in an office, the platform's or an institution's;
    /// `INVALID_ARGUMENT` for the future.
    pub fn at(mut self, at_ms: i64) -> Result<Self, Status> {
        if at_ms == 0 {
            return Ok(self);
        }
        if !roles::OFFICE.iter().any(|it| self.caller.has(it)) {
            let why = format!("only {} may set `at_ms`; leave it out for now", roles::OFFICE.join(", "));
            return Err(status::denied(why, [("field", "at_ms")]));
        }
        let mut fields = Fields::new();
        fields.check("at_ms", at_ms > 0, "is Unix milliseconds and not negative");
        fields.check("at_ms", at_ms <= now_ms(), "lies in the future");
        fields.done()?;
        self.meta.at_ms = at_ms;
        Ok(self)
    }

    /// The business time of this call, Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.meta.at_ms
    }

    /// The same call for one row of a bulk call, with a request id of its own that a repetition derives again.
    pub fn row(&self, n: impl fmt::Display) -> Self {
        let mut row = self.clone();
        // `#` is refused from outside, so a row's id never meets a client's own.
        row.meta.request_id = format!("{}#{n}", self.meta.request_id);
        row
    }
}

fn id(metadata: &MetadataMap, name: &'static str, fields: &mut Fields) -> String {
    #[expect(clippy::disallowed_methods, reason = "the caller left it out, so a repetition is a new request")]
    let Some(value) = metadata.get(name) else { return Uuid::now_v7().to_string() };
    let value = value.to_str().unwrap_or_default();
    let plain = value.bytes().all(|it| it.is_ascii_alphanumeric() || b"._:-".contains(&it));
    let fits = (1..=ID_MAX).contains(&value.len());
    fields.check(name, plain && fits, "is not 1 to 128 characters of A-Z a-z 0-9 . _ : -");
    value.to_owned()
}

fn trace(metadata: &MetadataMap) -> String {
    telemetry::traceparent_of_current_span()
        .or_else(|| {
            let given = metadata.get(telemetry::TRACEPARENT)?.to_str().ok()?;
            telemetry::is_traceparent(given).then(|| given.to_owned())
        })
        .unwrap_or_else(telemetry::fresh_traceparent)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use tonic::Code;

    fn request(roles: &[&str]) -> Request<()> {
        let mut request = Request::new(());
        let roles = roles.iter().map(|it| (*it).to_owned()).collect();
        request.extensions_mut().insert(Arc::new(Caller { subject: "ann".into(), roles, ..Caller::default() }));
        request
    }

    #[test]
    fn ids_are_taken_or_made() {
        let (call, ()) = Call::open(request(&[])).unwrap();
        assert!(Uuid::parse_str(&call.meta.request_id).is_ok() && Uuid::parse_str(&call.meta.correlation_id).is_ok());
        assert!(telemetry::is_traceparent(&call.meta.traceparent));
        let mut given = request(&[]);
        given.metadata_mut().insert("x-request-id", "row:1.a_b-c".parse().unwrap());
        let (call, ()) = Call::open(given).unwrap();
        assert_eq!(call.row(7).meta.request_id, "row:1.a_b-c#7");
        for bad in ["", "a b", "a#1", &"x".repeat(129)] {
            let mut given = request(&[]);
            given.metadata_mut().insert("x-request-id", bad.parse().unwrap());
            assert_eq!(Call::open(given).unwrap_err().code(), Code::InvalidArgument, "{bad}");
        }
        assert_eq!(Call::open(Request::new(())).unwrap_err().code(), Code::Unauthenticated);
    }

    #[test]
    fn business_time_is_for_the_office() {
        let learner = Call::open(request(&["learner"])).unwrap().0;
        assert_eq!(learner.clone().at(0).unwrap().now_ms(), learner.now_ms());
        assert_eq!(learner.at(1).unwrap_err().code(), Code::PermissionDenied);
        let staff = Call::open(request(&["staff"])).unwrap().0;
        assert_eq!(staff.clone().at(1).unwrap().now_ms(), 1);
        assert_eq!(staff.clone().at(-1).unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(staff.at(now_ms() + 60_000).unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(Call::open(request(&["credential_officer"])).unwrap().0.at(1).unwrap().now_ms(), 1);
        assert_eq!(Call::open(request(&["reviewer"])).unwrap().0.at(1).unwrap_err().code(), Code::PermissionDenied);
    }

    #[test]
    fn who_acts_for_an_institution() {
        let caller =
            |role: &str| Caller { roles: vec![role.into()], institutions: vec!["ku".into()], ..Caller::default() };
        for role in roles::OF_INSTITUTION {
            assert!(
                caller(role).acts_for("ku") && !caller(role).acts_for("ou") && !caller(role).acts_for(""),
                "{role}"
            );
        }
        for role in roles::PLATFORM {
            assert!(caller(role).acts_for("ou"), "{role}");
        }
        for role in roles::OF_SUBJECT {
            assert!(!caller(role).acts_for("ku"), "{role} acts for a person, whatever institution the token names");
        }
    }
}
