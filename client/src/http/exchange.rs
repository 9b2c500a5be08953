//! One request and its answer over a stream that is open: the bytes are hyper's, the bounds are ours.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, DATE, HOST, LOCATION};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Answer, HttpRequest};
use crate::environment::Transport;
use crate::utc;

/// Why there is no answer; ends a sentence that names the server.
#[derive(Debug)]
pub(super) enum Broken {
    /// The stream broke, or what came is no HTTP.
    Stream(hyper::Error),
    /// It answers more than is believed.
    TooLarge,
    /// The request cannot be written: a header of ours holds what no header may.
    Unwritable(hyper::http::Error),
}

/// Asks, and reads the answer to its end, or to the bound.
pub(super) async fn exchange(
    stream: Box<dyn Transport>,
    request: &HttpRequest,
    body_bytes_max: usize,
) -> Result<Answer, Broken> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
    let (mut sender, connection) =
        builder.handshake::<_, Once>(HyperStream(stream)).await.map_err(Broken::Stream)?;
    let head = written(request).map_err(Broken::Unwritable)?;
    let answered = async {
        let response = sender.send_request(head).await.map_err(Broken::Stream)?;
        let (head, body) = response.into_parts();
        let text =
            |name| head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let (content_type, location) = (text(CONTENT_TYPE), text(LOCATION));
        let date_unix_s = text(DATE).and_then(|date| utc::parse_http(&date));
        let body = read(body, body_bytes_max).await?;
        Ok(Answer { status: head.status.as_u16(), content_type, location, date_unix_s, body })
    };
    let mut connection = Box::pin(connection);
    let mut answered = Box::pin(answered);
    let mut ended = false;
    // The connection moves the bytes while the answer waits for them. It ends with a server that hangs up, and what
    // that means is then in the answer.
    poll_fn(|cx| {
        if !ended {
            ended = connection.as_mut().poll(cx).is_ready();
        }
        answered.as_mut().poll(cx)
    })
    .await
}

fn written(request: &HttpRequest) -> Result<hyper::Request<Once>, hyper::http::Error> {
    let mut builder = hyper::Request::builder()
        .method(request.method)
        .uri(&request.url.target)
        .header(HOST, request.url.authority());
    for (name, value) in &request.headers {
        builder = builder.header(*name, value.reveal());
    }
    let body = Bytes::copy_from_slice(request.body.reveal().as_bytes());
    builder.body(Once((!body.is_empty()).then_some(body)))
}

async fn read(body: Incoming, bytes_max: usize) -> Result<Vec<u8>, Broken> {
    let mut body = Box::pin(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(data) = frame.map_err(Broken::Stream)?.into_data() else { continue };
        if bytes.len() + data.len() > bytes_max {
            return Err(Broken::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// A body that is there at once.
struct Once(Option<Bytes>);

impl Body for Once {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// Our streams as hyper wants them: tokio's traits under other names.
struct HyperStream(Box<dyn Transport>);

impl hyper::rt::Read for HyperStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        let mut bytes = [0; READ_BYTES];
        let room = cursor.remaining().min(READ_BYTES);
        let mut read = ReadBuf::new(&mut bytes[..room]);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut read))?;
        cursor.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for HyperStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Proxies in front of identity providers add cookies and policies of kilobytes.
const HEAD_BYTES_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 100;
/// What is copied at a time between a stream and hyper's buffer.
const READ_BYTES: usize = 4096;
