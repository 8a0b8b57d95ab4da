//! Connections that keep a service waiting, and too many of them: they are closed, and others are served meanwhile.

use super::server::{Running, start_with};
use std::time::{Duration, Instant};
use studium_kit::Limits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

/// Longer than anything here takes on a machine with too much to do.
const LONG: Duration = Duration::from_secs(20);

/// The beginning of HTTP/2 (RFC 9113, 3.4) with empty settings, then a HEADERS frame that is announced as longer than
/// what ever comes.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x80\x01\x04\0\0\0\x01";

/// Sends a beginning and then a little now and then, and says how long the other side bore it.
async fn trickle(running: &Running, (beginning, little): (&[u8], &[u8])) -> Duration {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(beginning).await.unwrap();
    let begun = Instant::now();
    let (mut read, mut write) = stream.split();
    let closed = async {
        let mut heard = [0; 1024];
        while read.read(&mut heard).await.is_ok_and(|it| it > 0) {}
    };
    let sent = async {
        while write.write_all(little).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LONG, async {
        tokio::select! { () = closed => {}, () = sent => {} }
    })
    .await
    .expect("the service closes a connection that comes to nothing");
    begun.elapsed()
}

#[tokio::test]
async fn who_never_comes_to_the_point_is_cut_off() {
    let running = start_with(Limits { header_seconds: 1, ..Limits::default() }).await;
    // Nothing at all, half a header, half the beginning of HTTP/2, and half its headers.
    let beginnings: [(&[u8], &[u8]); 4] =
        [(b"", b""), (b"GET /page HTTP/1.1\r\nx-slow: ", b"a"), (b"PRI * HTTP/2.0", b""), (PREFACE, b"a")];
    let all = futures::future::join_all(beginnings.map(|it| trickle(&running, it)));
    let others = async {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(500) {
            assert_eq!(reqwest::get(running.url("/page")).await.unwrap().status(), 200);
        }
    };
    let (took, ()) = futures::join!(all, others);
    assert!(took.iter().all(|it| *it >= Duration::from_millis(900)), "{took:?}");
    let shown = reqwest::get(running.url("/metrics")).await.unwrap().text().await.unwrap();
    let line = "studium_refused_total{cause=\"slow_headers\",service=\"echo\"} ";
    let counted: u64 = shown.lines().find_map(|it| it.strip_prefix(line)).unwrap().parse().unwrap();
    assert_eq!(counted, 4);
}

#[tokio::test]
async fn one_address_does_not_take_all_connections() {
    let running = start_with(Limits { connections_per_address: 2, ..Limits::default() }).await;
    let answered = async || {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        // Its end may have come before the request.
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let mut heard = [0; 15];
        stream.read_exact(&mut heard).await.is_ok_and(|_| heard.starts_with(b"HTTP/1.1 200")).then_some(stream)
    };
    let first = answered().await.unwrap();
    let _second = answered().await.unwrap();
    assert!(answered().await.is_none(), "no third");
    drop(first);
    let begun = Instant::now();
    while answered().await.is_none() {
        assert!(begun.elapsed() < LONG, "a place that is given back is given to another");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn many_who_wait_do_not_keep_one_from_being_served() {
    let running = start_with(Limits { header_seconds: 5, ..Limits::default() }).await;
    let mut slow = JoinSet::new();
    for _ in 0..200 {
        let address = running.address;
        slow.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"POST /page HTTP/1.1\r\n").await.unwrap();
            stream
        });
    }
    let held = slow.join_all().await;
    let answer = tokio::time::timeout(LONG, reqwest::get(running.url("/page"))).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    drop(held);
}
