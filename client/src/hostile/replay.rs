//! An HTTP server that has said all it says before it was asked.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::{Answer, HttpRequest, Url, ask_over};
use crate::{Error, ErrorKind, Secret};

/// What the client makes of these bytes as a server's answer.
///
/// # Errors
/// As a client tells its user.
pub(crate) fn answer_in(bytes: &[u8]) -> Result<Answer, Error> {
    let url = Url::parse("https://server.example/path").map_err(|why| Error::new(ErrorKind::Config, why))?;
    let request = HttpRequest { method: "POST", url, headers: Vec::new(), body: Secret::from("asked") };
    let replay = Replay { bytes: bytes.to_vec(), read: 0 };
    let mut asking = pin!(ask_over(Box::new(replay), &request, BODY_BYTES_MAX));
    // hyper gives way now and then though nothing is waited for.
    for _ in 0..POLLS_MAX {
        if let Poll::Ready(answered) = asking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return answered;
        }
    }
    Err(Error::new(ErrorKind::Timeout, "the client waits for a stream that has ended"))
}

/// Bytes to read, then the end. What is written goes nowhere.
struct Replay {
    bytes: Vec<u8>,
    read: usize,
}

impl AsyncRead for Replay {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = &self.bytes[self.read..];
        let part = &left[..left.len().min(into.remaining()).min(PART_BYTES)];
        into.put_slice(part);
        self.read += part.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replay {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// As those that ask for tokens and keys have it.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Heads and bodies come in parts, as they do from a socket.
const PART_BYTES: usize = 100;
const POLLS_MAX: usize = 1_000_000;
