//! Health of a running job over HTTP, for whoever starts processes and lets traffic go to them.
//!
//! | path | 200 | 503 |
//! |---|---|---|
//! | `/live` | the process works | – (it does not answer) |
//! | `/ready` | the job has its first share of the partitions, and reads | it still opens, or has been asked to stop |
//!
//! Anything else is 404. An answer is a line of text, and the connection ends behind it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::signal::Stop;
use crate::stderr::say;

/// What the job says of itself. Dropped, it is not ready any more.
pub(crate) struct Health(Option<watch::Sender<bool>>);

impl Health {
    /// Answers at the address of `--health`, and says where that is; without the flag it does nothing.
    ///
    /// # Errors
    /// When nobody may listen there.
    pub(crate) async fn serve(args: &Args, stop: &Stop) -> Result<Self, Failure> {
        let Some(address) = args.value("--health") else { return Ok(Self(None)) };
        let refused = |e: std::io::Error| Failure::new(Exit::Usage, format!("--health {address}: {e}"));
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        say(format_args!("health: http://{}/ready", listener.local_addr().map_err(refused)?));
        let (told, ready) = watch::channel(false);
        tokio::spawn(answer_all(listener, ready, stop.clone()));
        Ok(Self(Some(told)))
    }

    /// The job is open: it has its first share, and begins to read.
    pub(crate) fn ready(&self) {
        if let Some(told) = &self.0 {
            told.send_replace(true);
        }
    }
}

async fn answer_all(listener: TcpListener, ready: watch::Receiver<bool>, stop: Stop) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // It is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, say: whoever asked asks again.
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let is_ready = *ready.borrow() && ready.has_changed().is_ok() && !stop.is_asked();
        tokio::spawn(async move {
            // A client that says nothing is left, and one that is gone needs no answer.
            _ = timeout(ANSWER_TIMEOUT, answer(stream, is_ready)).await;
            drop(place);
        });
    }
}

async fn answer(mut stream: TcpStream, is_ready: bool) -> std::io::Result<()> {
    let mut request = [0; REQUEST_BYTES_MAX];
    let mut read = 0;
    while read < request.len() && !request[..read].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[read..]).await? {
            0 => break,
            more => read += more,
        }
    }
    stream.write_all(response(&request[..read], is_ready).as_bytes()).await?;
    stream.shutdown().await
}

/// The answer to a request whose first line alone counts.
fn response(request: &[u8], is_ready: bool) -> String {
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let path = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let (status, text) = match path {
        b"/live" => ("200 OK", "the process works"),
        b"/ready" if is_ready => ("200 OK", "the job reads"),
        b"/ready" => ("503 Service Unavailable", "the job opens, or ends"),
        _ => ("404 Not Found", "/live or /ready"),
    };
    let length = text.len() + 1;
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}\n"
    )
}

/// How many may ask at once; each costs a task and [`REQUEST_BYTES_MAX`].
const CONNECTIONS_MAX: usize = 16;
/// What is read of a request: probes send some hundred bytes.
const REQUEST_BYTES_MAX: usize = 2048;
/// So that a machine that lets nobody in is not kept busy by asking it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A request that takes longer is nobody's.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_answered_by_its_path() {
        for (request, is_ready, status) in [
            (&b"GET /ready HTTP/1.1\r\nHost: a\r\n\r\n"[..], true, "200 OK"),
            (b"GET /ready HTTP/1.1\r\n\r\n", false, "503 Service Unavailable"),
            (b"GET /live HTTP/1.0\r\n\r\n", false, "200 OK"),
            (b"GET / HTTP/1.1\r\n\r\n", true, "404 Not Found"),
            (b"", true, "404 Not Found"),
            (b"\xff\xfe \r\n", true, "404 Not Found"),
        ] {
            let answer = response(request, is_ready);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
            let (head, text) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}\r\n", text.len())), "{answer}");
        }
    }
}
