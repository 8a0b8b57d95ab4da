//! Calls that wait: a service that has too much to do says when to come again, and who asks it for many does as it says.

use futures::{FutureExt as _, future::BoxFuture};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::{
    collections::HashSet,
    sync::LazyLock,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tonic::{Code, Status, body::Body, codegen::StdError};
use tonic_types::StatusExt as _;
use tower::Service;

/// How long a call waits in all before its caller hears of it.
const PATIENCE: Duration = Duration::from_mins(1);

/// Rpcs whose requests are streams, which cannot be sent twice.
static STREAMED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let methods = studium_proto::DESCRIPTORS.services().flat_map(|it| it.methods().collect::<Vec<_>>());
    let streamed = methods.filter(prost_reflect::MethodDescriptor::is_client_streaming);
    streamed.map(|it| format!("/{}/{}", it.parent_service().full_name(), it.name())).collect()
});

/// A connection on which a call is sent again as long as the service says when (`google.rpc.RetryInfo`).
#[derive(Debug, Clone)]
pub struct Patient<S>(pub S);

impl<S, B> Service<Request<Body>> for Patient<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone has yet to become ready; the one that is ready takes the call.
        let fresh = self.0.clone();
        let mut service = std::mem::replace(&mut self.0, fresh);
        if STREAMED.contains(request.uri().path()) {
            return service.call(request).map(|it| it.map(|it| it.map(Body::new))).boxed();
        }
        let until = Instant::now() + PATIENCE;
        async move {
            let (parts, body) = request.into_parts();
            let body = match body.collect().await {
                Ok(it) => Full::new(it.to_bytes()),
                Err(status) => return Ok(status.into_http()),
            };
            loop {
                let request = Request::from_parts(parts.clone(), Body::new(body.clone()));
                let response = service.call(request).await?;
                match wait(response.headers()).filter(|it| Instant::now() + *it < until) {
                    // Not all at once, when many are told the same.
                    Some(time) => sleep(time.mul_f64(1.0 + rand::random::<f64>())).await,
                    None => return Ok(response.map(Body::new)),
                }
                std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
            }
        }
        .boxed()
    }
}

/// How long to wait, if that is what the answer says.
fn wait(headers: &http::HeaderMap) -> Option<Duration> {
    let status = Status::from_header_map(headers).filter(|it| it.code() == Code::ResourceExhausted)?;
    status.get_details_retry_info()?.retry_delay
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };
    use tonic_types::ErrorDetails;

    fn exhausted(again: Option<Duration>) -> Response<Body> {
        let mut details = ErrorDetails::new();
        if again.is_some() {
            details.set_retry_info(again);
        }
        Status::with_error_details(Code::ResourceExhausted, "later", details).into_http()
    }

    /// Calls a service that refuses so often, and says how often it was called and with what status it ended.
    async fn call(path: &str, refusals: usize, again: Option<Duration>) -> (usize, Option<Code>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let service = tower::service_fn(move |request: Request<Body>| {
            let count = Arc::clone(&count);
            async move {
                assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "the same each time");
                let refuses = count.fetch_add(1, Ordering::SeqCst) < refusals;
                Ok::<_, StdError>(if refuses { exhausted(again) } else { Response::new(Body::empty()) })
            }
        });
        let request = Request::post(path).body(Body::new(Full::from("the same each time").map_err(|e| match e {})));
        let answer = Patient(service).call(request.unwrap()).await.unwrap();
        (asked.load(Ordering::SeqCst), Status::from_header_map(answer.headers()).map(|it| it.code()))
    }

    #[tokio::test]
    async fn a_call_is_sent_again_when_the_service_says_when() {
        let unary = "/studium.enrolment.v1.EnrolmentService/Enrol";
        let soon = Some(Duration::from_millis(1));
        assert_eq!(call(unary, 3, soon).await, (4, None));
        let no = Some(Code::ResourceExhausted);
        assert_eq!(call(unary, 3, None).await, (1, no), "no word of when");
        assert_eq!(call(unary, 3, Some(Duration::from_hours(1))).await, (1, no), "later than it is waited for");
        let streamed = "/studium.enrolment.v1.EnrolmentService/BulkEnrol";
        assert_eq!(call(streamed, 3, soon).await, (1, no), "what is gone cannot be sent again");
    }
}
