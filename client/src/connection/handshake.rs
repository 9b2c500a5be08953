//! The requests before a connection is ready: one at a time over the bare stream, each answered before the next.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use upsert_kafka_protocol::messages::ApiVersionsRequest;
use upsert_kafka_protocol::{Bytes, Frames, Message, Request, Str, header};

use super::authenticate::{Asking, Requester};
use super::queued_request::api_name;
use crate::environment::Transport;
use crate::{Error, ErrorKind};

/// A stream on which the stages of opening ask in turn. What each stage asks is its own affair.
pub(super) struct Handshake<S> {
    stream: S,
    frames: Frames,
    client_id: Str,
    next_id: i32,
}

impl<S: Transport> Handshake<S> {
    /// `response_bytes_max` bounds the answers once the connection is ready; before, [`HANDSHAKE_RESPONSE_BYTES_MAX`] does.
    pub(super) fn new(stream: S, client_id: Str, response_bytes_max: usize) -> Self {
        Self { stream, frames: Frames::new(response_bytes_max), client_id, next_id: 0 }
    }

    /// Asks, and awaits the answer, not yet decoded. Dropped before it is done, the stream is of no more use.
    pub(super) async fn exchange<R: Request>(&mut self, request: &R, version: i16) -> Result<Bytes, Error> {
        let correlation_id = self.next_id;
        self.next_id += 1;
        let mut frame = header::request_frame(request, version, correlation_id, Some(&self.client_id))?;
        let written = self.stream.write_all_buf(&mut frame).await.map_err(broke::<R>);
        let frame = match (self.response_frame::<R>().await, written) {
            // Why a broker hung up may have come before it did.
            (Err(why), Err(unwritten)) if why.kind() != ErrorKind::Authentication => return Err(unwritten),
            (answered, _) => answered?,
        };
        let (id, body) = header::response_body::<R>(&frame, version)?;
        match id == correlation_id {
            true => Ok(body),
            false => Err(nonsense(format!("an answer to request {id}, which was not asked"))),
        }
    }

    /// The ready stream, and what was read of it beyond the last answer.
    pub(super) fn finish(self) -> (S, Frames) {
        (self.stream, self.frames)
    }

    async fn response_frame<R: Request>(&mut self) -> Result<Bytes, Error> {
        let Self { stream, frames, .. } = self;
        loop {
            let next = frames.next().map_err(|bad| not_kafka(bad.0))?;
            if let Some(frame) = next {
                return Ok(frame);
            }
            if let Some(bytes) = frames.announced().filter(|bytes| *bytes > HANDSHAKE_RESPONSE_BYTES_MAX) {
                return Err(not_kafka(i32::try_from(bytes).unwrap_or(i32::MAX)));
            }
            if stream.read_buf(frames.room()).await.map_err(broke::<R>)? == 0 {
                return Err(unreachable(format!(
                    "the broker closed the connection at {}{}",
                    place::<R>(),
                    hint::<R>()
                )));
            }
        }
    }
}

impl<S: Transport> Requester for Handshake<S> {
    fn ask<R: Request + Send + Sync + 'static>(&mut self, request: R, version: i16) -> Asking<'_, R> {
        Box::pin(async move {
            let body = self.exchange(&request, version).await?;
            Ok(R::Response::decode(&body, version)?)
        })
    }
}

/// The longest answer that is believed before a connection is ready, since anybody may be at the other end: a broker of a
/// hundred APIs takes a kilobyte, and no mechanism's challenge as much.
pub(super) const HANDSHAKE_RESPONSE_BYTES_MAX: usize = 64 << 10;

fn broke<R: Request>(error: io::Error) -> Error {
    // TLS says itself why it broke.
    if let Some(ours) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return ours.clone();
    }
    unreachable(format!("the connection broke at {}: {error}", place::<R>())).with_cause(error)
}

/// What the client was about to learn when it failed.
fn place<R: Request>() -> &'static str {
    match R::KEY {
        ApiVersionsRequest::KEY => "the first request",
        _ => api_name::<R>(),
    }
}

/// A port that speaks TLS, or wants a login, often says no more than that.
fn hint<R: Request>() -> &'static str {
    match R::KEY {
        ApiVersionsRequest::KEY => ": is security.protocol what this port speaks?",
        _ => "",
    }
}

/// What begins with this number is no answer of a broker; it may be one of something else.
fn not_kafka(length: i32) -> Error {
    match length.to_be_bytes() {
        [TLS_ALERT | TLS_HANDSHAKE, 3, ..] => Error::new(
            ErrorKind::Protocol,
            "the port speaks TLS: security.protocol must be SSL or SASL_SSL there, or the port another",
        ),
        [b'H', b'T', b'T', b'P'] => {
            Error::new(ErrorKind::Protocol, "the port speaks HTTP, not Kafka's protocol")
        }
        _ => nonsense(format!("a first answer of {length} bytes")),
    }
}

const TLS_ALERT: u8 = 0x15;
const TLS_HANDSHAKE: u8 = 0x16;

fn nonsense(what: String) -> Error {
    Error::new(ErrorKind::Protocol, format!("the other side sent {what}; is it a Kafka broker without TLS?"))
}

pub(super) fn unreachable(why: String) -> Error {
    Error::new(ErrorKind::Unreachable, why)
}
