//! One broker as the sender sees it: a connection, and requests in the order of their answers.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use upsert_kafka_protocol::messages::produce::{ProduceRequest, ProduceResponse};

use super::coordinator_client::read_log;
use super::dispatch::{LogRequest, Outgoing};
use super::resolution;
use crate::Error;
use crate::cluster::Cluster;
use crate::config::Acks;
use crate::connection::{Answer, Connection};

/// A broker that leads partitions of this producer.
#[derive(Default)]
pub(super) struct Node {
    link: Link,
    flying: VecDeque<Flying>,
    /// What it is asked of a log.
    reading: Option<Reading>,
}

/// How it is reached.
#[derive(Default)]
enum Link {
    #[default]
    Idle,
    Dialling(Awaited<Connection>),
    Open(Connection),
}

/// A request on its way.
struct Flying {
    request: Request,
    answer: Awaiting,
}

/// What tells that a request is done.
enum Awaiting {
    Answer(Answer<ProduceRequest>),
    /// With acks=0 there is no answer: it is on the wire.
    Written(Awaited<()>),
}

/// A question about a log, under way.
struct Reading {
    request: LogRequest,
    answer: Awaited<resolution::LogAnswer>,
}

type Awaited<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// What was sent, to understand the answer by.
pub(super) struct Request {
    pub(super) outgoing: Outgoing,
    pub(super) produce: ProduceRequest,
    pub(super) version: i16,
    /// When it left.
    pub(super) at: Instant,
}

impl Awaiting {
    /// Without a response where none is asked for.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<ProduceResponse>, Error>> {
        match self {
            Self::Answer(answer) => Pin::new(answer).poll(context).map_ok(Some),
            Self::Written(written) => written.as_mut().poll(context).map_ok(|()| None),
        }
    }
}

impl Request {
    /// The socket has them now; a buffer can be used again when nobody else holds it.
    pub(super) fn forget_bytes(&mut self) {
        let partitions = self.produce.topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data);
        partitions.for_each(|partition| partition.records = None);
        self.outgoing.batches.iter_mut().for_each(|sent| sent.batch.bytes = Bytes::new());
    }
}

/// What happened at a broker.
pub(super) enum Heard {
    Linked,
    Unreachable(Error),
    /// Without a response where none is asked for.
    Answered(Box<Request>, Result<Option<ProduceResponse>, Error>),
    /// What a log holds.
    Read(LogRequest, Result<resolution::LogAnswer, Error>),
}

impl Node {
    /// The connection, if it is open; else it is being opened from now on.
    pub(super) fn connection(&mut self, node: i32, cluster: &Cluster) -> Option<Connection> {
        match &self.link {
            Link::Open(connection) if !connection.is_closed() => return Some(connection.clone()),
            Link::Dialling(_) => return None,
            Link::Idle | Link::Open(_) => {}
        }
        let cluster = cluster.clone();
        self.link = Link::Dialling(Box::pin(async move { cluster.connection(node).await }));
        None
    }

    /// Asks what a log holds, when the last such question is answered.
    pub(super) fn read(&mut self, request: LogRequest, cluster: &Cluster) {
        let answer = Box::pin(read_log(cluster.clone(), request.clone()));
        self.reading = Some(Reading { request, answer });
    }

    /// Queues a request behind those before it.
    pub(super) fn send(
        &mut self,
        connection: &Connection,
        mut request: Request,
        acks: Acks,
        timeout: Duration,
    ) {
        let answer = match acks {
            Acks::None => {
                let written = connection.submit_unanswered(&request.produce, request.version, timeout);
                Awaiting::Written(Box::pin(written))
            }
            Acks::All | Acks::Leader => {
                Awaiting::Answer(connection.submit(&request.produce, request.version, timeout))
            }
        };
        request.forget_bytes();
        self.flying.push_back(Flying { request, answer });
    }

    /// What happens next. Answers come in the order of the requests, so only the first is polled.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        if let Some(first) = self.flying.front_mut()
            && let Poll::Ready(answer) = first.answer.poll(context)
            && let Some(Flying { request, .. }) = self.flying.pop_front()
        {
            return Poll::Ready(Heard::Answered(Box::new(request), answer));
        }
        if let Some(reading) = &mut self.reading
            && let Poll::Ready(answer) = reading.answer.as_mut().poll(context)
            && let Some(Reading { request, .. }) = self.reading.take()
        {
            return Poll::Ready(Heard::Read(request, answer));
        }
        let Link::Dialling(dialling) = &mut self.link else { return Poll::Pending };
        match dialling.as_mut().poll(context) {
            Poll::Ready(Ok(connection)) => {
                self.link = Link::Open(connection);
                Poll::Ready(Heard::Linked)
            }
            Poll::Ready(Err(error)) => {
                self.link = Link::Idle;
                Poll::Ready(Heard::Unreachable(error))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
