//! An HTTP server of a test's own, behind the client's dialer: the test says what it answers.

use std::io;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio_rustls::TlsAcceptor;

use crate::config::Address;
use crate::environment::{Clock, Environment};

/// What the server does about a request.
pub(crate) enum Served {
    /// An answer of this status, type and body.
    Answer(u16, &'static str, String),
    /// Bytes as they stand; then it hangs up.
    Raw(Vec<u8>),
    /// These bytes, then nothing more for ever.
    Stall(Vec<u8>),
    /// Bytes without end.
    Endless(&'static str),
}

/// What was asked, in order: the address dialled, and the request's text.
#[derive(Clone, Default)]
pub(crate) struct HttpRequests(Arc<Mutex<Vec<(Address, String)>>>);

impl HttpRequests {
    pub(crate) fn all(&self) -> Vec<(Address, String)> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn last(&self) -> String {
        self.0.lock().unwrap().last().unwrap().1.clone()
    }
}

/// An environment at this moment, whose dialer reaches servers that answer so. `serve` hears of each request with how
/// many came before.
pub(crate) fn environment(
    now_unix_ms: i64,
    serve: impl Fn(usize, &Address, &str) -> Served + Send + Sync + 'static,
) -> (Environment, HttpRequests) {
    environment_in_tls(now_unix_ms, None, serve)
}

/// The same with servers that speak TLS.
pub(crate) fn environment_in_tls(
    now_unix_ms: i64,
    tls: Option<Arc<ServerConfig>>,
    serve: impl Fn(usize, &Address, &str) -> Served + Send + Sync + 'static,
) -> (Environment, HttpRequests) {
    let asked = HttpRequests::default();
    let (heard, serve) = (asked.clone(), Arc::new(serve));
    let dial = move |address: Address| {
        let (heard, serve, tls) = (heard.clone(), Arc::clone(&serve), tls.clone());
        async move {
            if address.host == "refused.example" {
                return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused"));
            }
            if address.host == "silent.example" {
                std::future::pending::<()>().await;
            }
            let (client, server) = duplex(64 << 10);
            tokio::spawn(async move {
                let answer = |request: &str| {
                    let mut heard = heard.0.lock().unwrap();
                    heard.push((address.clone(), request.to_owned()));
                    serve(heard.len() - 1, &address, request)
                };
                // A client that hangs up ends it.
                _ = match tls {
                    None => converse(server, answer).await,
                    Some(tls) => match TlsAcceptor::from(tls).accept(server).await {
                        Ok(server) => converse(server, answer).await,
                        Err(error) => Err(error),
                    },
                };
            });
            Ok(client)
        }
    };
    let environment =
        Environment::new().with_dialer(dial).with_clock(Clock::of_runtime(now_unix_ms)).with_seed(1);
    (environment, asked)
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    serve: impl FnOnce(&str) -> Served,
) -> io::Result<()> {
    let mut request = Vec::new();
    let mut bytes = [0; 4096];
    while !is_complete(&request) {
        match stream.read(&mut bytes).await? {
            0 => return Ok(()),
            read => request.extend_from_slice(&bytes[..read]),
        }
    }
    match serve(&String::from_utf8_lossy(&request)) {
        Served::Answer(status, content_type, body) => {
            let head = format!(
                "HTTP/1.1 {status} Whatever\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
            stream.shutdown().await
        }
        Served::Raw(bytes) => stream.write_all(&bytes).await,
        Served::Stall(bytes) => {
            stream.write_all(&bytes).await?;
            std::future::pending().await
        }
        Served::Endless(head) => {
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(b"400\r\n").await?;
                stream.write_all(&[b'x'; 0x400]).await?;
                stream.write_all(b"\r\n").await?;
            }
        }
    }
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    body.len() >= length.unwrap_or(0)
}
