//! A connection to one broker, as those who use it see it.
//!
//! [`Connector::open`] opens it stage by stage (`open.rs`) and gives the stream to a task (`task.rs`). Callers hold
//! handles, which encode requests and queue them for the task:
//!
//! ```text
//! caller                      Connection (handles)    SocketTask (one a stream)             broker
//! submit(request)         ->  encode, queue       ->  place in the pipeline, write      ->
//! PendingResponse.await   <-  decode              <-  whose is it? hand over the frame  <-  in order
//! ```
//!
//! - **Order.** Requests leave in the order of their `submit`s, and a broker answers a connection in that order. So a
//!   request that the broker holds back delays all behind it: see `cluster::ConnectionKind`.
//! - **Waiting.** `submit` never waits and fails when the queue is full; `call` waits for room, then for its response.
//! - **Time.** A response that is late closes the connection, since those behind it cannot come before it. Everyone
//!   who waits gets [`ErrorKind::Disconnected`], which says whether the request may have reached the broker.
//! - **Silence.** While a broker asks for silence (KIP-219), the task takes no request from the queue.
//! - **Dropping.** A [`PendingResponse`] that is dropped withdraws nothing: the request leaves all the same. The last
//!   handle that is dropped closes the connection, when all is answered.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use upsert_kafka_protocol::messages::FetchRequest;
use upsert_kafka_protocol::{Message, Request, Str, header};

use crate::environment::Clock;
use crate::{Error, ErrorKind};

mod authenticate;
mod handshake;
mod open;
pub(crate) mod pipeline;
mod queued_request;
mod reauthentication;
mod session;
mod task;
mod throttle;
pub(crate) mod versions;
mod visit;

pub(crate) use open::Connector;
pub(crate) use queued_request::api_name;
use queued_request::{FrameReceiver, QueuedRequest, ResponseWaiter, SocketCommand, decode};
use versions::BrokerVersions;
pub(crate) use visit::VisitedBroker;

/// A handle to one connection. Clones share it.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Channel>);

pub(crate) type ConnectionReply = oneshot::Sender<Result<Connection, Error>>;

/// What all handles of a connection share.
struct Channel {
    broker: Arc<str>,
    versions: BrokerVersions,
    queue: mpsc::Sender<SocketCommand>,
    next_id: AtomicI32,
    client_id: Str,
    request_timeout: Duration,
    /// The longest response to a Fetch that is believed: `response_bytes_max` of the settings.
    response_bytes_max: usize,
    clock: Clock,
}

/// So many requests may wait for the task; then `submit` fails and `call` waits. An empty place costs some 200 bytes.
const QUEUE_MAX: usize = 1024;

/// The longest response to anything but a Fetch that is believed: metadata of a million partitions takes 42 MB.
const RESPONSE_BYTES_MAX: usize = 64 << 20;

impl Connection {
    /// Whether requests can no longer be sent on it.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.queue.is_closed()
    }

    /// The level of the feature `group.version`: from 1 on brokers assign partitions to members (KIP-848).
    pub(crate) fn group_version(&self) -> i16 {
        self.0.versions.group_version()
    }

    /// The level of the feature `transaction.version`: from 2 on writing joins a transaction (KIP-890).
    pub(crate) fn transaction_version(&self) -> i16 {
        self.0.versions.transaction_version()
    }

    /// How long a response may take.
    pub(crate) fn request_timeout(&self) -> Duration {
        self.0.request_timeout
    }

    /// The highest version that both speak.
    pub(crate) fn version<R: Request>(&self) -> Result<i16, Error> {
        self.version_up_to::<R>(i16::MAX)
    }

    /// The highest version that both speak and that does not exceed `max`.
    pub(crate) fn version_up_to<R: Request>(&self, max: i16) -> Result<i16, Error> {
        self.0.versions.pick(R::KEY, R::CURRENT, max).map_err(|theirs| {
            let ours = R::CURRENT;
            let sentence = match theirs {
                Some(theirs) => format!("the broker speaks versions {theirs}, this client {ours}"),
                None => "the broker does not offer it".to_owned(),
            };
            self.named(Error::new(ErrorKind::Unsupported, sentence), api_name::<R>())
        })
    }

    /// Queues a request now, in order. The future is its response, decodes it when it is awaited, and may be dropped.
    pub(crate) fn submit<R: Request>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> PendingResponse<R> {
        let queued = self.prepare(request, version, timeout, true).and_then(|(request, reply)| {
            self.0.queue.try_send(SocketCommand::Send(request)).map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => {
                    let sentence =
                        format!("{QUEUE_MAX} requests wait already, so the broker does not keep up");
                    self.named(Error::new(ErrorKind::Timeout, sentence), api_name::<R>())
                }
                mpsc::error::TrySendError::Closed(_) => lost(&self.0.broker, api_name::<R>()),
            })?;
            Ok(reply)
        });
        self.pending(queued, version)
    }

    /// Queues a request that the broker never answers; the future ends when it is on the wire.
    pub(crate) fn submit_unanswered<R: Request>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<R> {
        let queued = self.prepare(request, version, timeout, false).and_then(|(request, answer)| {
            self.0
                .queue
                .try_send(SocketCommand::Send(request))
                .map_err(|_| lost(&self.0.broker, api_name::<R>()))?;
            Ok(answer)
        });
        let broker = Arc::clone(&self.0.broker);
        async move { queued?.await.unwrap_or_else(|_| Err(lost(&broker, api_name::<R>()))).map(drop) }
    }

    /// Asks at the highest common version and awaits the response.
    pub(crate) async fn call<R: Request>(&self, request: &R) -> Result<R::Response, Error> {
        self.call_at(request, self.version::<R>()?, self.0.request_timeout).await
    }

    /// Asks at this version, waiting for room in the queue too.
    pub(crate) async fn call_at<R: Request>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> Result<R::Response, Error> {
        let (request, reply) = self.prepare(request, version, timeout, true)?;
        self.0
            .queue
            .send(SocketCommand::Send(request))
            .await
            .map_err(|_| lost(&self.0.broker, api_name::<R>()))?;
        self.pending::<R>(Ok(reply), version).await
    }

    fn pending<R: Request>(&self, queued: Result<FrameReceiver, Error>, version: i16) -> PendingResponse<R> {
        PendingResponse {
            queued: queued.map_err(Some),
            version,
            broker: Arc::clone(&self.0.broker),
            of: PhantomData,
        }
    }

    /// Holds back what is asked from now on for so long, as the broker wished in its response to a Produce. Its wish in
    /// any other response is heeded without this.
    pub(crate) fn pause(&self, pause: Duration) {
        // A queue that is full holds everything back already.
        _ = self.0.queue.try_send(SocketCommand::Pause(pause.min(throttle::PAUSE_MAX)));
    }

    /// Adds this broker and the API to an error's sentence.
    pub(crate) fn named(&self, error: Error, api: &'static str) -> Error {
        error.with_broker(&self.0.broker).with_api(api)
    }

    fn prepare<R: Request>(
        &self,
        request: &R,
        version: i16,
        timeout: Duration,
        answered: bool,
    ) -> Result<(QueuedRequest, FrameReceiver), Error> {
        let api = api_name::<R>();
        let correlation_id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = header::request_frame(request, version, correlation_id, Some(&self.0.client_id))
            .map_err(|why| self.named(Error::from(why), api))?;
        let (reply, frame_receiver) = oneshot::channel();
        let fetches = R::KEY == FetchRequest::KEY;
        let bytes_max = self.0.response_bytes_max.min(if fetches { usize::MAX } else { RESPONSE_BYTES_MAX });
        let waiter =
            ResponseWaiter { api, timeout, version, bytes_max, throttle: throttle::throttle::<R>, reply };
        let correlation_id = answered.then_some(correlation_id);
        Ok((
            QueuedRequest { frame, correlation_id, deadline: self.0.clock.now() + timeout, waiter },
            frame_receiver,
        ))
    }
}

/// The response to a request, decoded by whoever awaits it. The type has a name, so that nobody need box it. It holds
/// no handle: a response that nobody waits for must not keep the connection open.
pub(crate) struct PendingResponse<R> {
    /// The error is there until it is told.
    queued: Result<FrameReceiver, Option<Error>>,
    version: i16,
    broker: Arc<str>,
    of: PhantomData<fn() -> R>,
}

impl<R: Request> Future for PendingResponse<R> {
    type Output = Result<R::Response, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let lost = || lost(&this.broker, api_name::<R>());
        let replied = match &mut this.queued {
            Ok(reply) => ready!(Pin::new(reply).poll(context)).unwrap_or_else(|_| Err(lost())),
            Err(error) => Err(error.take().unwrap_or_else(lost)),
        };
        // What was asked is done or not: a response that cannot be read leaves that open.
        let named =
            |error: Error| error.with_broker(&this.broker).with_api(api_name::<R>()).with_written(true);
        Poll::Ready(replied.and_then(|frame| decode::<R>(&frame, this.version).map_err(named)))
    }
}

/// The task is gone and never took the request from the queue, or it would have said more.
fn lost(broker: &Arc<str>, api: &'static str) -> Error {
    Error::new(ErrorKind::Disconnected, "the connection is closed").with_broker(broker).with_api(api)
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({})", self.0.broker)
    }
}

#[cfg(test)]
mod tests;
