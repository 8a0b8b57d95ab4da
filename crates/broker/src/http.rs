//! The one HTTP request that the command line makes: a plain GET on this machine, for health pages.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    ops::Range,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// How long a health page may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Status code and body of `http://<address><path>`. Whoever is told to come again later does.
pub async fn get(address: &str, path: &str) -> io::Result<(u16, String)> {
    let answered = async {
        loop {
            let Answer { status, again, body } = fetch(address, path).await?;
            match again {
                Some(time) => sleep(time).await,
                None => return Ok((status, body)),
            }
        }
    };
    timeout(PATIENCE, answered).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

struct Answer {
    status: u16,
    /// 429: so long later (RFC 6585 § 4).
    again: Option<Duration>,
    body: String,
}

async fn fetch(address: &str, path: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    // HTTP/1.0: the server closes at the end and sends no chunks.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let headers = head.lines().filter_map(|it| it.split_once(':'));
    let mut again = headers.filter(|(name, _)| status == 429 && name.eq_ignore_ascii_case("retry-after"));
    let again = again.next().and_then(|(_, value)| Some(Duration::from_secs(value.trim().parse().ok()?)));
    Ok(Answer { status, again, body: body.to_owned() })
}

/// Ports that systems give to nobody who only connects: Linux takes 32768 and above for that, others 49152 and above
/// (RFC 6335 § 6).
const QUIET_PORTS: Range<u16> = 10_240..32_768;

/// Ports that are tried there.
const TRIES: usize = 100;

/// A port of this machine that nobody uses at this moment, and that nobody gets by connecting to somewhere.
/// Somebody else may take it before it is used; whoever asks must be ready to try another.
pub fn free_port() -> io::Result<u16> {
    let any = || QUIET_PORTS.start + (random() % u64::from(QUIET_PORTS.end - QUIET_PORTS.start)) as u16;
    match (0..TRIES).map(|_| any()).find(|it| is_free(*it)) {
        Some(it) => Ok(it),
        None => Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port()),
    }
}

/// A number that is another each time.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Whether nobody listens on a port of this machine.
pub fn is_free(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn who_is_asked_to_come_again_does() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answers = async {
            for answer in
                ["HTTP/1.1 429 X\r\nretry-after: 0\r\n\r\nlater", "HTTP/1.1 503 X\r\nretry-after: 9\r\n\r\nno"]
            {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = [0; 1024];
                assert!(stream.read(&mut asked).await.unwrap() > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let (answer, ()) = futures::join!(get(&address, "/page"), answers);
        assert_eq!(answer.unwrap(), (503, "no".to_owned()), "only haste is a matter of waiting");
    }
}
