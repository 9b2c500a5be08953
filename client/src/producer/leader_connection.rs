//! The sender's connection to one broker, and the requests in flight on it, in the order of their answers.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use upsert_kafka_protocol::messages::produce::{ProduceRequest, ProduceResponse};

use super::coordinator_client::read_log;
use super::dispatch::{LogRequest, OutgoingBatches};
use super::resolution;
use crate::Error;
use crate::cluster::Cluster;
use crate::config::Acks;
use crate::connection::{Connection, PendingResponse};

/// A broker that leads partitions of this producer.
#[derive(Default)]
pub(super) struct LeaderConnection {
    link: LinkState,
    in_flight: VecDeque<InFlightProduce>,
    /// The query of a log that is under way.
    log_read: Option<LogRead>,
}

/// The state of the connection.
#[derive(Default)]
enum LinkState {
    #[default]
    Idle,
    Dialing(Awaited<Connection>),
    Open(Connection),
}

/// A request on its way.
struct InFlightProduce {
    request: SentRequest,
    answer: PendingAnswer,
}

/// What a request in flight waits for.
enum PendingAnswer {
    Answer(PendingResponse<ProduceRequest>),
    /// With acks=0 there is no answer: it is on the wire.
    Written(Awaited<()>),
}

/// A query of a log, under way.
struct LogRead {
    request: LogRequest,
    answer: Awaited<resolution::LogAnswer>,
}

type Awaited<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// What was sent, to understand the answer by.
pub(super) struct SentRequest {
    pub(super) outgoing: OutgoingBatches,
    pub(super) produce: ProduceRequest,
    pub(super) version: i16,
    /// When it left.
    pub(super) at: Instant,
}

impl PendingAnswer {
    /// Without a response where none is asked for.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<ProduceResponse>, Error>> {
        match self {
            Self::Answer(answer) => Pin::new(answer).poll(context).map_ok(Some),
            Self::Written(written) => written.as_mut().poll(context).map_ok(|()| None),
        }
    }
}

impl SentRequest {
    /// Lets go of the batches' bytes, which the socket has now: a buffer is used again when nothing else holds it.
    pub(super) fn release_bytes(&mut self) {
        let partitions = self.produce.topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data);
        partitions.for_each(|partition| partition.records = None);
        self.outgoing.batches.iter_mut().for_each(|sent| sent.batch.bytes = Bytes::new());
    }
}

/// What happened at a broker.
pub(super) enum BrokerEvent {
    Connected,
    Unreachable(Error),
    /// Without a response where none is asked for.
    Answered(Box<SentRequest>, Result<Option<ProduceResponse>, Error>),
    /// What a log holds.
    Read(LogRequest, Result<resolution::LogAnswer, Error>),
}

impl LeaderConnection {
    /// The connection, if it is open; else it is being opened from now on.
    pub(super) fn connection(&mut self, node: i32, cluster: &Cluster) -> Option<Connection> {
        match &self.link {
            LinkState::Open(connection) if !connection.is_closed() => return Some(connection.clone()),
            LinkState::Dialing(_) => return None,
            LinkState::Idle | LinkState::Open(_) => {}
        }
        let cluster = cluster.clone();
        self.link = LinkState::Dialing(Box::pin(async move { cluster.produce_connection(node).await }));
        None
    }

    /// Asks what a log holds. The one before is answered by then.
    pub(super) fn read(&mut self, request: LogRequest, cluster: &Cluster) {
        let answer = Box::pin(read_log(cluster.clone(), request.clone()));
        self.log_read = Some(LogRead { request, answer });
    }

    /// Queues a request behind those before it.
    pub(super) fn send(
        &mut self,
        connection: &Connection,
        mut request: SentRequest,
        acks: Acks,
        timeout: Duration,
    ) {
        let answer = match acks {
            Acks::None => {
                let written = connection.submit_unanswered(&request.produce, request.version, timeout);
                PendingAnswer::Written(Box::pin(written))
            }
            Acks::All | Acks::Leader => {
                PendingAnswer::Answer(connection.submit(&request.produce, request.version, timeout))
            }
        };
        request.release_bytes();
        self.in_flight.push_back(InFlightProduce { request, answer });
    }

    /// What happens next. Answers come in the order of the requests, so only the first is polled.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<BrokerEvent> {
        if let Some(first) = self.in_flight.front_mut()
            && let Poll::Ready(answer) = first.answer.poll(context)
            && let Some(InFlightProduce { request, .. }) = self.in_flight.pop_front()
        {
            return Poll::Ready(BrokerEvent::Answered(Box::new(request), answer));
        }
        if let Some(log_read) = &mut self.log_read
            && let Poll::Ready(answer) = log_read.answer.as_mut().poll(context)
            && let Some(LogRead { request, .. }) = self.log_read.take()
        {
            return Poll::Ready(BrokerEvent::Read(request, answer));
        }
        let LinkState::Dialing(dialing) = &mut self.link else { return Poll::Pending };
        match dialing.as_mut().poll(context) {
            Poll::Ready(Ok(connection)) => {
                self.link = LinkState::Open(connection);
                Poll::Ready(BrokerEvent::Connected)
            }
            Poll::Ready(Err(error)) => {
                self.link = LinkState::Idle;
                Poll::Ready(BrokerEvent::Unreachable(error))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
