//! A request on its way from a handle to the task of its connection, and who awaits the response.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;
use upsert_kafka_protocol::{Api, Message, Request, Segments, header};

use crate::Error;

/// What a handle asks of the task.
pub(super) enum SocketCommand {
    Send(QueuedRequest),
    /// Sends nothing that is queued behind this before so much time has passed.
    Pause(Duration),
}

/// A request in wire form, on its way to the task.
pub(super) struct QueuedRequest {
    pub(super) frame: Segments,
    /// `None` when the broker does not answer: a Produce with acks=0.
    pub(super) correlation_id: Option<i32>,
    pub(super) deadline: Instant,
    pub(super) waiter: ResponseWaiter,
}

/// Who awaits the response's frame, or an empty one when the broker does not respond.
pub(super) struct ResponseWaiter {
    pub(super) api: &'static str,
    pub(super) timeout: Duration,
    pub(super) version: i16,
    /// A longer response breaks the connection.
    pub(super) bytes_max: usize,
    /// How long the broker asks for silence in a response of this version.
    pub(super) throttle: fn(&Bytes, i16) -> Duration,
    pub(super) reply: oneshot::Sender<Result<Bytes, Error>>,
}

/// What a response may take in memory once it is decoded, records not counted: they stay in its frame. A frame alone
/// bounds that loosely, since two bytes of it can become forty.
const DECODED_BYTES_MAX: usize = 256 << 20;

/// Where a response's frame comes.
pub(super) type FrameReceiver = oneshot::Receiver<Result<Bytes, Error>>;

/// Kafka's name for the request.
pub(crate) fn api_name<R: Request>() -> &'static str {
    Api::of(R::KEY).map_or("request", |api| api.name)
}

/// The response in a frame.
pub(super) fn decode<R: Request>(frame: &Bytes, version: i16) -> Result<R::Response, Error> {
    let (_, body) = header::response_body::<R>(frame, version)?;
    Ok(R::Response::decode_within(&body, version, DECODED_BYTES_MAX)?)
}
