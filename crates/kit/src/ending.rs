//! The body of a gRPC response: a stream ends UNAVAILABLE when the service is told to stop, `DEADLINE_EXCEEDED` at its client's deadline, and `INVALID_ARGUMENT` when it was asked what is no message; no message is larger than clients take.

use crate::{
    limits::{Frames, Gate, Place, over, too_much},
    status,
};
use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;

/// What is sent back, and what ends it.
pub(crate) struct Ending {
    body: Body,
    frames: Frames,
    gate: Arc<Gate>,
    stream: Option<Stream>,
    ended: bool,
}

/// What a response has that may go on for long; open streams would otherwise hold up the end for ever.
struct Stream {
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
    until: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

impl Ending {
    /// The body of one message.
    pub(crate) fn unary(body: Body, gate: &Arc<Gate>) -> Self {
        Self { body, frames: Frames::default(), gate: Arc::clone(gate), stream: None, ended: false }
    }

    /// The body of a stream, in the place that it takes.
    pub(crate) fn stream(
        body: Body,
        gate: &Arc<Gate>,
        stop: &CancellationToken,
        until: Option<Instant>,
        place: Place,
    ) -> Self {
        let stopped = Box::pin(stop.clone().cancelled_owned());
        let stream = Stream { stopped, until: until.map(|it| Box::pin(sleep_until(it))), _place: place };
        Self { stream: Some(stream), ..Self::unary(body, gate) }
    }

    /// Why a stream is over though its handler has more to say.
    fn why_over(&mut self, cx: &mut Context<'_>) -> Option<Status> {
        let stream = self.stream.as_mut()?;
        if stream.stopped.as_mut().poll(cx).is_ready() {
            return Some(Status::unavailable("the service is stopping; call again and another replica answers"));
        }
        let is_over = stream.until.as_mut().is_some_and(|it| it.as_mut().poll(cx).is_ready());
        is_over.then(|| over(&self.gate.metrics))
    }

    fn close(&mut self, status: Status) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.ended = true;
        let mut trailers = status.into_http::<()>().into_parts().0.headers;
        trailers.remove(CONTENT_TYPE);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // Asked first, so that a stream that always has something to say ends too. Each frame holds whole messages,
        // so nothing is cut in the middle.
        if let Some(why) = self.why_over(cx) {
            return self.close(why);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(it)) = &frame {
            if let Some(malformed) = it.trailers_ref().and_then(status::undecodable) {
                return self.close(malformed);
            }
            let Self { frames, gate, .. } = &mut *self;
            if let Some(Err(cause)) = it.data_ref().map(|it| frames.read(it, &gate.out)) {
                gate.metrics.refused(cause);
                let why = too_much(cause, &gate.out);
                return self.close(why);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
