//! Messages counted and measured while they pass: a gRPC body is a flag, a length and so many bytes, again and again.

use super::{Cause, Gate, Limits};
use crate::status;
use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tonic::Status;

/// The header of a gRPC message: a flag and the length.
pub(crate) const HEADER_BYTES: usize = 5;

/// Where in a body one is.
#[derive(Default)]
pub(crate) struct Frames {
    header: [u8; HEADER_BYTES],
    filled: usize,
    /// Bytes of the message that are still to come.
    left: usize,
    messages: u64,
}

impl Frames {
    /// Goes on by a piece of a body, which may begin and end anywhere.
    pub(crate) fn read(&mut self, mut piece: &[u8], limits: &Limits) -> Result<(), Cause> {
        loop {
            let skipped = self.left.min(piece.len());
            self.left -= skipped;
            piece = &piece[skipped..];
            let taken = (HEADER_BYTES - self.filled).min(piece.len());
            if taken == 0 {
                return Ok(());
            }
            self.header[self.filled..self.filled + taken].copy_from_slice(&piece[..taken]);
            self.filled += taken;
            piece = &piece[taken..];
            if self.filled == HEADER_BYTES {
                self.begin(limits)?;
            }
        }
    }

    fn begin(&mut self, limits: &Limits) -> Result<(), Cause> {
        let [_, length @ ..] = self.header;
        let length = u32::from_be_bytes(length);
        self.filled = 0;
        self.left = length as usize;
        self.messages += 1;
        if u64::from(length) > limits.message_bytes {
            Err(Cause::Message)
        } else if self.messages > limits.batch {
            Err(Cause::Batch)
        } else {
            Ok(())
        }
    }
}

/// The body of a request that breaks off where it becomes more than is taken.
pub(crate) struct Measured {
    body: Body,
    frames: Frames,
    gate: Arc<Gate>,
}

impl Measured {
    pub(crate) fn new(body: Body, gate: Arc<Gate>) -> Self {
        Self { body, frames: Frames::default(), gate }
    }
}

impl HttpBody for Measured {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let Self { frames, gate, .. } = &mut *self;
        if let Some(Ok(it)) = &frame
            && let Some(Err(cause)) = it.data_ref().map(|it| frames.read(it, &gate.limits))
        {
            gate.metrics.refused(cause);
            return Poll::Ready(Some(Err(axum::Error::new(too_much(cause, &gate.limits)))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is said to whom sends, or asks for, more than fits.
pub(crate) fn too_much(cause: Cause, limits: &Limits) -> Status {
    match cause {
        Cause::Batch => status::exhausted(
            "BATCH_TOO_LARGE",
            format!("one call takes {} messages; send the rest with another", limits.batch),
            None,
        ),
        _ => status::exhausted(
            "MESSAGE_TOO_LARGE",
            format!("a message is larger than {} bytes; send or ask for less at a time", limits.message_bytes),
            None,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Vec<u8> {
        [&[0][..], &(length as u32).to_be_bytes(), &vec![7; length]].concat()
    }

    #[test]
    fn messages_are_counted_and_measured_however_they_are_cut() {
        let limits = Limits { message_bytes: 300, batch: 3, ..Limits::default() };
        let three = [message(300), message(0), message(7)].concat();
        for cut in 1..three.len() {
            let read = |body: &[u8]| {
                let mut frames = Frames::default();
                body.chunks(cut).try_for_each(|it| frames.read(it, &limits))
            };
            assert_eq!(read(&three), Ok(()), "{cut}");
            assert_eq!(read(&[three.clone(), message(0)].concat()), Err(Cause::Batch), "{cut}");
            assert_eq!(read(&[message(7), message(301)[..5].to_vec()].concat()), Err(Cause::Message), "{cut}");
        }
    }
}
