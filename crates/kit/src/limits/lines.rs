//! Connections: so many in all and of one address, and each must come to the point.

use super::{Cause, Limits, household};
use crate::Metrics;
use futures::{Stream, StreamExt as _};
use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tonic::transport::server::Connected;

/// How long a client may take none of what is sent to it.
const WRITE_TIME: Duration = Duration::from_mins(1);

/// The pause after a connection that could not be taken, for example since the process has no file left for it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A connection as its requests know it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub address: Option<IpAddr>,
    begun: Arc<AtomicBool>,
}

impl Line {
    /// A request has arrived, with all of its headers.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }
}

/// A connection that is closed when it keeps others waiting.
pub(crate) struct Guarded<S> {
    stream: S,
    line: Line,
    first_by: Pin<Box<Sleep>>,
    write_time: Duration,
    /// Set while the other side takes nothing.
    taken_by: Option<Pin<Box<Sleep>>>,
    metrics: Metrics,
    _place: Option<Place>,
}

/// The connections of a listener that there is room for.
pub(crate) fn guarded(
    incoming: impl Stream<Item = io::Result<TcpStream>>,
    limits: &Limits,
    metrics: &Metrics,
) -> impl Stream<Item = io::Result<Guarded<TcpStream>>> {
    let (rooms, metrics) = (Arc::new(Rooms::new(limits)), metrics.clone());
    let header_time = limits.header_time();
    incoming.filter_map(move |stream| {
        let (rooms, metrics) = (Arc::clone(&rooms), metrics.clone());
        async move {
            let stream = match stream {
                Ok(it) => it,
                Err(e) => {
                    sleep(ACCEPT_PAUSE).await;
                    return Some(Err(e));
                }
            };
            let address = stream.peer_addr().ok().map(|it| it.ip());
            let Some(place) = Rooms::take(&rooms, address) else {
                metrics.refused(Cause::Connections);
                return None;
            };
            let guarded = Guarded::new(stream, address, (header_time, WRITE_TIME), metrics, Some(place));
            Some(Ok(guarded))
        }
    })
}

impl<S> Guarded<S> {
    fn new(
        stream: S,
        address: Option<IpAddr>,
        times: (Duration, Duration),
        metrics: Metrics,
        place: Option<Place>,
    ) -> Self {
        let line = Line { address, begun: Arc::default() };
        let first_by = Box::pin(sleep(times.0));
        Self { stream, line, first_by, write_time: times.1, taken_by: None, metrics, _place: place }
    }

    /// Whether something was taken; if nothing has been for long, that is the end.
    fn taken<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.taken_by = None;
            return outcome;
        }
        let time = self.write_time;
        let taken_by = self.taken_by.get_or_insert_with(|| Box::pin(sleep(time)));
        if taken_by.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.metrics.refused(Cause::SlowReader);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.line.begun.load(Ordering::Relaxed) && self.first_by.as_mut().poll(cx).is_ready() {
            self.metrics.refused(Cause::SlowHeaders);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.taken(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.taken(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S> Connected for Guarded<S> {
    type ConnectInfo = Line;

    fn connect_info(&self) -> Line {
        self.line.clone()
    }
}

/// How many connections there are, and whose.
struct Rooms {
    all_max: usize,
    each_max: usize,
    taken: Mutex<HashMap<Option<IpAddr>, usize>>,
}

/// One connection's place.
struct Place {
    rooms: Arc<Rooms>,
    address: Option<IpAddr>,
}

impl Rooms {
    fn new(limits: &Limits) -> Self {
        let each_max = limits.connections_per_address as usize;
        Self { all_max: limits.connections as usize, each_max, taken: Mutex::default() }
    }

    fn take(rooms: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let address = address.map(household);
        let mut taken = rooms.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(&address).copied().unwrap_or_default();
        if all >= rooms.all_max || own >= rooms.each_max {
            return None;
        }
        taken.insert(address, own + 1);
        Some(Place { rooms: Arc::clone(rooms), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.rooms.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn who_takes_nothing_is_cut_off_and_who_takes_little_is_not() {
        let metrics = Metrics::new("echo").unwrap();
        let times = (Duration::from_hours(1), Duration::from_millis(400));
        for takes in [false, true] {
            let (ours, mut theirs) = tokio::io::duplex(8);
            let mut guarded = Guarded::new(ours, None, times, metrics.clone(), None);
            let sent = tokio::spawn(async move { guarded.write_all(&[7; 64]).await });
            // Held open, and read from now and then or never.
            let mut taken = [0; 8];
            while takes && theirs.read_exact(&mut taken).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(sent.await.unwrap().is_ok(), takes);
        }
        assert!(metrics.render().unwrap().contains("{cause=\"slow_reader\",service=\"echo\"} 1"));
    }
}
