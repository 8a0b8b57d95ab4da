//! A response stream that ends UNAVAILABLE when the service is told to stop, and `INVALID_ARGUMENT` when it was asked what is no message.

use crate::status;
use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;

/// The body of a streamed gRPC response; open streams would otherwise hold up the end for ever.
pub(crate) struct Ending {
    body: Body,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
}

impl Ending {
    pub(crate) fn new(body: Body, stop: &CancellationToken) -> Self {
        Self { body, stopped: Box::pin(stop.clone().cancelled_owned()), ended: false }
    }
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let closing = |status: Status| {
            let mut trailers = status.into_http::<()>().into_parts().0.headers;
            trailers.remove(CONTENT_TYPE);
            Poll::Ready(Some(Ok(Frame::trailers(trailers))))
        };
        // Asked first, so that a stream that always has something to say ends too. Each frame holds whole messages,
        // so nothing is cut in the middle.
        if self.stopped.as_mut().poll(cx).is_ready() {
            self.ended = true;
            return closing(Status::unavailable("the service is stopping; call again and another replica answers"));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let trailers = frame.as_ref().and_then(|it| it.as_ref().ok()).and_then(Frame::trailers_ref);
        match trailers.and_then(status::undecodable) {
            Some(malformed) => closing(malformed),
            None => Poll::Ready(frame),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
