//! Carries batches to the brokers and answers back; what goes where and when is said by the cores.

use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};
use upsert_kafka_protocol::messages::produce::{ProduceRequest, ProduceResponse};
use upsert_kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::Shared;
use super::dispatch::{Dispatch, Done, Outgoing};
use super::node::{Heard, Node, Request};
use super::request;
use super::sequence::{ProducerId, Terms};
use super::verdict::Answer;
use crate::cluster::{Cluster, Metadata};
use crate::connection::Connection;
use crate::retry::{Backoff, Chance};
use crate::{Config, Error, ErrorKind};

/// The task behind a producer. It ends when the producer is closed or dropped and all is answered.
pub(super) struct Sender {
    shared: Arc<Shared>,
    cluster: Cluster,
    view: watch::Receiver<Arc<Metadata>>,
    dispatch: Dispatch,
    nodes: BTreeMap<i32, Node>,
    identity: Option<Identifying>,
    chance: Chance,
}

type Identifying = Pin<Box<dyn Future<Output = Result<ProducerId, Error>> + Send>>;

/// Why the loop goes round; what there is to do is seen at its top.
enum Event {
    Work,
    View,
    Due,
    Heard(i32, Heard),
    Identity(Result<ProducerId, Error>),
}

impl Sender {
    pub(super) fn new(shared: Arc<Shared>, cluster: Cluster) -> Self {
        let config = cluster.config();
        let terms = Terms {
            idempotent: config.enable_idempotence,
            codec: config.codec(),
            in_flight_max: config.max_in_flight,
            delivery_timeout: config.delivery_timeout,
            retries: config.retries,
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
        };
        Self {
            shared,
            view: cluster.watch(),
            dispatch: Dispatch::new(terms, config.max_request_size),
            nodes: BTreeMap::new(),
            identity: None,
            chance: Chance::from_process(),
            cluster,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let now = Instant::now();
            let lingering = self.shared.accumulator.expire(now);
            for batch in self.shared.accumulator.take_ready() {
                self.dispatch.handle_batch(batch, now);
            }
            self.shared.tell_used(&self.cluster, now);
            self.dispatch.handle_timeout(now);
            self.send(now);
            self.tell();
            if self.is_over() {
                return;
            }
            let due = [lingering, self.dispatch.deadline()].into_iter().flatten().min();
            match self.hear(due).await {
                Event::Work | Event::Due => {}
                Event::View => self.renew(),
                Event::Heard(node, heard) => self.handle_heard(node, heard),
                Event::Identity(identity) => self.handle_identity(identity),
            }
        }
    }

    /// Every branch leaves its state in `self` or in the producer, so that losing one loses nothing.
    async fn hear(&mut self, due: Option<Instant>) -> Event {
        let Self { shared, view, nodes, identity, .. } = self;
        tokio::select! {
            biased;
            event = poll_fn(|context| heard(nodes, context)) => event,
            identity = identified(identity) => Event::Identity(identity),
            () = shared.work.notified() => Event::Work,
            // The cluster's task lives as long as this one's handle to it.
            _ = view.changed() => Event::View,
            () = sleep_until(due.unwrap_or_else(Instant::now).into()), if due.is_some() => Event::Due,
        }
    }

    fn send(&mut self, now: Instant) {
        for id in self.dispatch.poll_nodes(now) {
            let Some(connection) = self.nodes.entry(id).or_default().connection(id, &self.cluster) else {
                continue;
            };
            while let Some(outgoing) = self.dispatch.poll_request(id, now) {
                self.submit(&connection, outgoing, now);
                self.shared.drained(id);
            }
        }
        self.shared.ready(|| self.dispatch.ready_nodes(), now);
        if self.dispatch.wants_identity() && self.identity.is_none() {
            self.identity = Some(Box::pin(identify(self.cluster.clone(), self.chance.clone())));
        }
        if self.dispatch.poll_metadata() {
            self.cluster.refresh();
        }
    }

    fn submit(&mut self, connection: &Connection, outgoing: Outgoing, now: Instant) {
        let config = self.cluster.config();
        let metadata = self.cluster.metadata();
        let version = connection.version_up_to::<ProduceRequest>(request::version_max(&outgoing, &metadata));
        let timeout_ms = i32::try_from(config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let produce = request::request(&outgoing, &metadata, config.acks, timeout_ms);
        match version {
            Ok(version) => {
                let node = self.nodes.entry(outgoing.node).or_default();
                let request = Request { outgoing, produce, version };
                node.send(connection, request, config.acks, config.request_timeout);
            }
            Err(error) => {
                self.settle(&Request { outgoing, produce, version: 0 }, Err(error), now);
            }
        }
    }

    fn handle_heard(&mut self, node: i32, heard: Heard) {
        let now = Instant::now();
        match heard {
            Heard::Linked => {}
            Heard::Unreachable(error) => {
                tracing::debug!(node, %error, "a broker cannot be reached");
                let wait = self.cluster.config().retry_backoff.mul_f64(0.8 + 0.4 * self.chance.draw());
                self.dispatch.handle_pause(node, now + wait);
                self.dispatch.handle_doubt();
            }
            Heard::Answered(request, response) => self.settle(&request, response, now),
        }
    }

    fn settle(&mut self, request: &Request, response: Result<Option<ProduceResponse>, Error>, now: Instant) {
        let sent = &request.outgoing.batches;
        let answers = match response {
            Ok(Some(response)) => {
                self.heed(request, &response, now);
                request::answers(&request.produce, request.version, &response)
            }
            // With acks=0 this is all that is ever known.
            Ok(None) => vec![Answer::Written { base_offset: -1, log_append_time_ms: None }; sent.len()],
            Err(error) => vec![Answer::Lost(error); sent.len()],
        };
        self.dispatch.handle_request_done(request.outgoing.node);
        for (sent, answer) in sent.iter().zip(answers) {
            self.dispatch.handle_answer(sent, answer, now, self.chance.draw());
        }
    }

    /// What an answer says besides: where leaders went, and how long to pause (KIP-219).
    fn heed(&mut self, request: &Request, response: &ProduceResponse, now: Instant) {
        for (topic, partition, leader, epoch) in request::hints(response, request.version) {
            self.cluster.leader_moved(&topic, partition, leader, epoch);
        }
        if let Ok(pause_ms @ 1..) = u64::try_from(response.throttle_time_ms) {
            let (node, pause) = (request.outgoing.node, std::time::Duration::from_millis(pause_ms));
            self.dispatch.handle_pause(node, now + pause);
            if let Some(Some(connection)) =
                self.nodes.get_mut(&node).map(|it| it.connection(node, &self.cluster))
            {
                connection.pause(pause);
            }
        }
    }

    fn handle_identity(&mut self, identity: Result<ProducerId, Error>) {
        self.identity = None;
        match identity {
            Ok(identity) => {
                tracing::debug!(id = identity.id, epoch = identity.epoch, "the cluster knows this producer");
                self.dispatch.handle_identity(identity, Instant::now());
            }
            Err(error) => self.dispatch.abandon(&error),
        }
    }

    fn renew(&mut self) {
        let view = Arc::clone(&self.view.borrow_and_update());
        self.shared.update(&view);
        self.dispatch.handle_leaders(Instant::now());
    }

    /// Deliveries learn their outcomes, and memory comes back.
    fn tell(&mut self) {
        if let Some(error) = self.dispatch.fatal() {
            self.shared.accumulator.close(error.clone());
        }
        while let Some(done) = self.dispatch.poll_done() {
            match done {
                Done::Finished(batch, outcome) => {
                    self.shared.accumulator.complete(batch, outcome);
                    self.shared.freed.notify_one();
                }
                Done::Told(id, completion, outcome) => self.shared.accumulator.tell(id, &completion, outcome),
            }
        }
    }

    fn is_over(&self) -> bool {
        let accumulator = &self.shared.accumulator;
        self.shared.is_abandoned() || accumulator.is_closed() && accumulator.is_idle()
    }
}

/// Whoever waits must not wait for a task that is gone, be it with its runtime.
impl Drop for Sender {
    fn drop(&mut self) {
        let error = Error::new(ErrorKind::Closed, "the producer has ended").with_written(true);
        self.shared.abandon(&error);
    }
}

fn heard(nodes: &mut BTreeMap<i32, Node>, context: &mut Context<'_>) -> Poll<Event> {
    for (id, node) in nodes {
        if let Poll::Ready(heard) = node.poll(context) {
            return Poll::Ready(Event::Heard(*id, heard));
        }
    }
    Poll::Pending
}

async fn identified(identity: &mut Option<Identifying>) -> Result<ProducerId, Error> {
    match identity {
        Some(identity) => identity.await,
        None => pending().await,
    }
}

/// Asks until the cluster answers; an error is final.
async fn identify(cluster: Cluster, mut chance: Chance) -> Result<ProducerId, Error> {
    let config = Arc::clone(cluster.config());
    let mut backoff = Backoff::new(config.retry_backoff, config.retry_backoff_max);
    loop {
        match ask_identity(&cluster).await {
            Err(error) if error.is_retriable() => {
                tracing::debug!(%error, "no producer id yet");
                sleep(backoff.wait(chance.draw())).await;
            }
            told => return told,
        }
    }
}

async fn ask_identity(cluster: &Cluster) -> Result<ProducerId, Error> {
    let request = InitProducerIdRequest {
        transactional_id: None::<Str>,
        transaction_timeout_ms: i32::MAX,
        ..Default::default()
    };
    let connection = cluster.any().await?;
    let InitProducerIdResponse { error_code, producer_id, producer_epoch, .. } =
        connection.call(&request).await?;
    match error_code {
        ErrorCode::NONE => Ok(ProducerId { id: producer_id, epoch: producer_epoch }),
        code => Err(connection.named(Error::from_code(code, "InitProducerId"), "InitProducerId")),
    }
}

/// The settings that a producer's accumulator is bound by.
pub(super) fn limits(config: &Config) -> super::accumulator::Limits {
    super::accumulator::Limits {
        batch_size: config.batch_size,
        linger: config.linger,
        buffer_memory: config.buffer_memory,
        max_request_size: config.max_request_size,
    }
}
