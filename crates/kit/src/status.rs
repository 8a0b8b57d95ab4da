//! How a refusal and a fault reach the client: gRPC status codes with `google.rpc` details.

use crate::access::DOMAIN as ACCESS;
use http::HeaderMap;
use std::{any::Any, collections::HashMap, error::Error, fmt::Write as _, io, time::Duration};
use studium_core::{Kind, Reason, Rejection};
use studium_log::LogError;
use studium_store::StoreError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use uuid::Uuid;

/// `ErrorInfo.domain` of what the kernel itself says.
const DOMAIN: &str = "kernel.studium";

/// When a client should try again what cannot be answered now.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// A refusal that no decider gives: what was asked about is not known to the service.
pub fn no<R: Reason>(reason: R, detail: impl Into<String>, id: &str) -> Status {
    refused(&Rejection { reason, detail: detail.into() }, [("id", id)])
}

/// A rule says no: the code follows from the reason's kind, the reason itself is in `ErrorInfo`.
pub fn refused<R: Reason>(
    rejection: &Rejection<R>,
    metadata: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
) -> Status {
    let code = match rejection.reason.kind() {
        Kind::InvalidArgument => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::FailedPrecondition => Code::FailedPrecondition,
    };
    let details = ErrorDetails::with_error_info(rejection.reason.name(), R::DOMAIN, owned(metadata));
    Status::with_error_details(code, rejection.detail.clone(), details)
}

/// Others wrote to the same aggregate again and again: ABORTED, nothing was written.
pub fn busy() -> Status {
    told(Code::Aborted, "BUSY", "others keep changing the same thing; nothing was written, try again", true)
}

/// This build meets an event that it does not know: UNAVAILABLE, a newer replica can answer.
pub fn outdated() -> Status {
    told(Code::Unavailable, "OUTDATED", "this replica is older than what is in the log; another one can answer", true)
}

/// A view has not seen enough yet: UNAVAILABLE, ask again.
pub fn late(message: impl Into<String>) -> Status {
    told(Code::Unavailable, "VIEW_BEHIND", message, true)
}

/// What is said while views do not know yet what was written before the service started.
pub(crate) const STARTING: &str =
    "this replica has just started and does not know yet all that was written before; ask again, or another one";

/// Nothing is answered before the views have caught up for the first time: UNAVAILABLE, ask again.
pub(crate) fn starting() -> Status {
    told(Code::Unavailable, "STARTING", STARTING, true)
}

/// What an operator named is not there, or cannot be done with: `NOT_FOUND` or `FAILED_PRECONDITION`.
pub(crate) fn unfit(code: Code, reason: &str, message: impl Into<String>) -> Status {
    told(code, reason, message, false)
}

/// The caller may not: `PERMISSION_DENIED`, `ACCESS_DENIED`.
pub fn denied(
    message: impl Into<String>,
    metadata: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
) -> Status {
    let details = ErrorDetails::with_error_info("ACCESS_DENIED", ACCESS, owned(metadata));
    Status::with_error_details(Code::PermissionDenied, message, details)
}

/// Something broke: INTERNAL, or UNAVAILABLE when the log or the store cannot be reached.
/// What broke is logged under a fault id; the client sees the id and nothing else.
pub fn fault(e: impl Error + 'static) -> Status {
    let unreachable = is_unreachable(&e);
    broken(&chain(&e), unreachable)
}

/// More is asked for than a limit allows: `RESOURCE_EXHAUSTED`, and when to come again if that is of use.
pub(crate) fn exhausted(reason: &str, message: impl Into<String>, again: Option<Duration>) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    if again.is_some() {
        details.set_retry_info(again);
    }
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// The call's time is over, its work was stopped: `DEADLINE_EXCEEDED`.
pub(crate) fn overdue() -> Status {
    told(Code::DeadlineExceeded, "OVERDUE", "the time for this call is over; what it was at may be done or not", false)
}

/// What is no message of the contract, tonic answers INTERNAL, as if it were our fault.
pub(crate) fn undecodable(headers: &HeaderMap) -> Option<Status> {
    let status = Status::from_header_map(headers).filter(|it| it.code() == Code::Internal)?;
    let why = status.message().strip_prefix("failed to decode Protobuf message: ")?;
    // `EnrolRequest.run_id: invalid string value: …`, or only what is wrong with the bytes.
    let (field, what) = why.split_once(": ").filter(|(it, _)| it.contains('.')).unwrap_or(("", why));
    let field = field.split_once('.').map_or("request", |(_, it)| it);
    Some(malformed(field, &format!("cannot be read: {what}")))
}

/// One field is wrong: `INVALID_ARGUMENT` with `google.rpc.BadRequest`. [`Fields`] tells of several at once.
pub fn malformed(field: &str, what: &str) -> Status {
    let details = ErrorDetails::with_bad_request_violation(field, what);
    Status::with_error_details(Code::InvalidArgument, format!("`{field}` {what}"), details)
}

/// A handler panicked: INTERNAL, logged like any fault.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Status {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    broken(&format!("panic: {}", text.unwrap_or("without a text")), false)
}

fn broken(chain: &str, unreachable: bool) -> Status {
    #[expect(clippy::disallowed_methods, reason = "names one line of the log, decides nothing")]
    let fault = Uuid::now_v7().to_string();
    tracing::error!(fault, error = chain, "fault");
    let mut details = ErrorDetails::with_error_info("FAULT", DOMAIN, owned([("fault", fault.as_str())]));
    if unreachable {
        details.set_retry_info(Some(RETRY_AFTER));
        let message = format!("the log or the store cannot be reached at present; try again (fault {fault})");
        Status::with_error_details(Code::Unavailable, message, details)
    } else {
        Status::with_error_details(Code::Internal, format!("internal error (fault {fault})"), details)
    }
}

fn told(code: Code, reason: &str, message: impl Into<String>, retry: bool) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    if retry {
        details.set_retry_info(Some(RETRY_AFTER));
    }
    Status::with_error_details(code, message, details)
}

fn owned(metadata: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> HashMap<String, String> {
    metadata.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// An error with all its sources, in one line.
pub(crate) fn chain(e: &dyn Error) -> String {
    let mut text = e.to_string();
    let mut source = e.source();
    while let Some(it) = source {
        let told = it.to_string();
        // Many errors repeat their source in their own text.
        if !text.ends_with(&told) {
            let _ = write!(text, ": {told}");
        }
        source = it.source();
    }
    text
}

fn is_unreachable(e: &(dyn Error + 'static)) -> bool {
    let mut next = Some(e);
    while let Some(it) = next {
        let log = it.downcast_ref().is_some_and(|it| matches!(it, LogError::Unreachable(_) | LogError::History(_)));
        let store = it
            .downcast_ref()
            .is_some_and(|it| matches!(it, StoreError::Unavailable(_) | StoreError::Stuck(_) | StoreError::Unfit(_)));
        let by_type = log || store || it.downcast_ref::<io::Error>().is_some_and(|it| is_disconnect(it.kind()));
        // The house's errors say so in these words, also where the type was turned into text.
        if by_type || it.to_string().contains("cannot be reached") {
            return true;
        }
        next = it.source();
    }
    false
}

fn is_disconnect(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as K;
    matches!(
        kind,
        K::ConnectionRefused
            | K::ConnectionReset
            | K::ConnectionAborted
            | K::NotConnected
            | K::BrokenPipe
            | K::TimedOut
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("reading the roster")]
    struct Outer(#[source] LogError);

    #[test]
    fn a_fault_shows_an_id_and_nothing_else() {
        let status = fault(Outer(LogError::Damaged("secret".into())));
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().starts_with("internal error (fault ") && !status.message().contains("secret"));
        let shown = status.get_details_error_info().unwrap();
        assert!(status.message().contains(&shown.metadata["fault"]));
    }

    #[test]
    fn what_cannot_be_reached_may_be_tried_again() {
        let status = fault(Outer(LogError::Unreachable("10.0.0.1".into())));
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.get_details_retry_info().is_some() && !status.message().contains("10.0.0.1"));
        assert_eq!(fault(io::Error::from(io::ErrorKind::ConnectionRefused)).code(), Code::Unavailable);
        let full = fault(StoreError::Stuck("the disk that holds `x.db` is full; free space on it".into()));
        assert!(full.code() == Code::Unavailable && !full.message().contains("x.db"), "{full}");
        assert_eq!(fault(LogError::History("the disk is full".into())).code(), Code::Unavailable);
        assert_eq!(fault(StoreError::Query("no such table".into())).code(), Code::Internal);
        assert_eq!(chain(&Outer(LogError::Setup("no disk".into()))), "reading the roster: no disk");
    }
}
