//! The task behind a client. It alone owns what is known of the cluster and the connections to its brokers.
//!
//! The task sleeps until one of four things happens:
//!
//! | what | what it does |
//! |---|---|
//! | a [`Command`] of a handle | replies from what it has, or starts a job and replies when that is done |
//! | a job is done ([`ClusterEvent`]) | keeps the connection, publishes the view, replies to those who waited |
//! | somebody asks for a newer view | has the [`Schedule`] decide when |
//! | the [`Schedule`] is due | starts a job that asks a broker for Metadata |
//!
//! Everything that waits for a broker is a job, so that a silent broker never keeps the task from others. The
//! decisions are made by cores: [`Schedule`], [`TrackedTopics`], [`NodeConnections`], `Outage`, and
//! [`Metadata::renewed`], by which a view never goes back to an older leader epoch.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use upsert_kafka_protocol::{ErrorCode, Str};

use super::bootstrap::{self, Candidate, OpenFailure};
use super::metadata_update::MetadataUpdate;
use super::node_connections::{ConnectionKind, NodeConnections, OwnerId};
use super::outage::shared::SharedOutage;
use super::refusals::Refusals;
use super::schedule::Schedule;
use super::tracked_topics::{TopicInterest, TrackedTopics};
use super::view::ViewPublisher;
use super::{Coordinator, Metadata};
use crate::config::{Address, MetadataRecovery};
use crate::connection::{Connection, ConnectionReply, Connector};
use crate::environment::until;
use crate::retry::{Backoff, Chance};
use crate::{Error, ErrorKind};

/// What a handle asks of the task.
pub(super) enum Command {
    /// Keeps the topic in the view.
    Track(Arc<str>, TopicInterest),
    /// A connection to this broker, opened if need be.
    Connection(i32, ConnectionKind, ConnectionReply),
    /// A connection for requests to any broker.
    Any(ConnectionReply),
    /// Nobody uses this owner's connections any more.
    Release(OwnerId),
    /// The coordinator's node, if it is known.
    Coordinator(Coordinator, oneshot::Sender<Option<i32>>),
    /// A broker named the coordinator: its node, and where that listens.
    CoordinatorIs(Coordinator, i32, Address),
    /// The coordinator is to be looked for again.
    ForgetCoordinator(Coordinator),
    /// A newer leader of a topic's partition: the node and its epoch.
    LeaderMoved(Arc<str>, i32, i32, i32),
}

/// Everything of a cluster that changes, owned by one task.
pub(super) struct ClusterTask {
    connector: Connector,
    mailbox: mpsc::Receiver<Command>,
    asked: Arc<Notify>,
    view: ViewPublisher,
    schedule: Schedule,
    tracked: TrackedTopics,
    nodes: BTreeMap<i32, NodeConnections>,
    /// The connection to whichever bootstrap address answered last.
    bootstrap: Option<Connection>,
    /// Only the bootstrap addresses are to be tried, until one of them has answered.
    rebootstraps: bool,
    coordinators: HashMap<Coordinator, i32>,
    /// Dialling and asking, each a future of its own, so that the task never waits for a broker.
    jobs: JoinSet<ClusterEvent>,
    outage: SharedOutage,
    refusals: Refusals,
    chance: Chance,
}

/// What a job of the task came to.
enum ClusterEvent {
    /// A connection was opened to a node at this address, or was not.
    Opened(i32, ConnectionKind, Address, Result<Connection, Error>),
    /// Some broker was reached for whoever asked for any.
    Reached(ConnectionReply, Result<(Candidate, Connection), OpenFailure>),
    /// Metadata was asked for: when that began, which broker was reached for it if none was, and the response.
    Renewed(Instant, Option<(Candidate, Connection)>, Result<MetadataUpdate, OpenFailure>),
}

impl ClusterTask {
    pub(super) fn new(
        connector: Connector,
        mailbox: mpsc::Receiver<Command>,
        asked: Arc<Notify>,
        view: ViewPublisher,
        bootstrap: Connection,
    ) -> Self {
        let Connector { config, environment, .. } = &connector;
        let now = environment.clock().now();
        let backoff = Backoff::new(config.retry_backoff, config.retry_backoff_max);
        let outage = SharedOutage::of(config);
        outage.answered(now);
        let mut task = Self {
            schedule: Schedule::new(config.metadata_max_age, backoff, now),
            tracked: TrackedTopics::new(config.metadata_max_idle),
            refusals: Refusals::new(config.reconnect_backoff_max),
            chance: environment.chance(),
            connector,
            mailbox,
            asked,
            view,
            rebootstraps: false,
            nodes: BTreeMap::new(),
            bootstrap: Some(bootstrap),
            coordinators: HashMap::new(),
            jobs: JoinSet::new(),
            outage,
        };
        task.adopt_brokers();
        task
    }

    /// Serves until the last handle is dropped. Jobs under way are dropped then.
    pub(super) async fn run(mut self) {
        loop {
            if self.schedule.poll_due(self.now()) {
                self.request_metadata();
            }
            let due = self.schedule.deadline();
            // Every branch is cancel-safe: each only waits for something to take. What cannot come without end goes
            // first: jobs end once, and however often it is asked for, the view is renewed once.
            tokio::select! {
                biased;
                Some(Ok(done)) = self.jobs.join_next() => self.handle_event(done),
                () = self.asked.notified() => self.schedule.handle_asked(),
                command = self.mailbox.recv() => match command {
                    Some(command) => self.handle_command(command),
                    None => return,
                },
                () = until(due) => {}
            }
        }
    }

    fn handle_command(&mut self, command: Command) {
        match command {
            Command::Track(topic, interest) => {
                let (now, unknown) = (self.now(), !self.metadata().settles(&topic));
                if self.tracked.handle_interest(topic, interest, now) {
                    self.schedule.handle_new_topic(now);
                } else if unknown {
                    self.schedule.handle_asked();
                }
            }
            Command::Connection(node_id, kind, reply) => self.connect(node_id, kind, reply),
            Command::Any(reply) => self.connect_any(reply),
            Command::Release(owner) => self.nodes.values_mut().for_each(|node| node.release(owner)),
            Command::Coordinator(of, reply) => _ = reply.send(self.coordinators.get(&of).copied()),
            Command::CoordinatorIs(of, node_id, address) => {
                self.coordinators.insert(of, node_id);
                self.adopt(node_id, address);
            }
            Command::ForgetCoordinator(of) => _ = self.coordinators.remove(&of),
            Command::LeaderMoved(topic, partition, leader, epoch) => {
                if let Some(moved) = self.metadata().moved(&topic, partition, leader, epoch) {
                    self.publish(moved);
                }
            }
        }
    }

    fn handle_event(&mut self, done: ClusterEvent) {
        match done {
            ClusterEvent::Opened(node_id, kind, address, opened) => {
                self.handle_opened(node_id, kind, &address, opened);
            }
            ClusterEvent::Reached(reply, Ok((candidate, connection))) => {
                self.keep_connection(candidate, connection.clone());
                _ = reply.send(Ok(connection));
            }
            ClusterEvent::Reached(reply, Err(failure)) => {
                self.handle_failure(&failure);
                _ = reply.send(Err(failure.error));
            }
            ClusterEvent::Renewed(began, reached, answer) => {
                if let Some((candidate, connection)) = reached {
                    self.keep_connection(candidate, connection);
                }
                self.handle_metadata(began, answer);
            }
        }
    }

    /// Asks for metadata, over an open connection if there is one.
    fn request_metadata(&mut self) {
        let open = self.open_connection();
        let candidates = self.candidates();
        let connector = self.connector.clone();
        let topics: Vec<Str> =
            self.tracked.poll(self.now()).map(|topic| Str::from(topic.to_string())).collect();
        let written: HashSet<Str> =
            self.tracked.written().map(|topic| Str::from(topic.to_string())).collect();
        let began = self.now();
        self.jobs.spawn(async move {
            if let Some(connection) = open {
                let answer =
                    bootstrap::fetch_metadata(&connection, &topics, &written, &connector.config).await;
                if answer.as_ref().map_or_else(asks_to_begin_again, |_| true) {
                    return ClusterEvent::Renewed(began, None, answer.map_err(OpenFailure::from));
                }
            }
            match bootstrap::open_first(candidates, &connector).await {
                Ok((candidate, connection)) => {
                    let answer =
                        bootstrap::fetch_metadata(&connection, &topics, &written, &connector.config).await;
                    let answer = answer.map_err(OpenFailure::from);
                    ClusterEvent::Renewed(began, Some((candidate, connection)), answer)
                }
                Err(failure) => ClusterEvent::Renewed(began, None, Err(failure)),
            }
        });
    }

    fn handle_metadata(&mut self, began: Instant, answer: Result<MetadataUpdate, OpenFailure>) {
        let now = self.now();
        let chance = self.chance.draw();
        match answer {
            Ok(answer) => {
                self.outage.answered(now);
                let before = self.metadata();
                let renewed = Metadata { renewed_at: Some(now), ..before.renewed(answer) };
                if let Some(inconsistency) =
                    renewed.inconsistency.as_ref().filter(|it| before.inconsistency.as_ref() != Some(it))
                {
                    tracing::warn!("the cluster tells odd things of itself: {inconsistency}");
                }
                let complete = self.tracked.topics().all(|topic| renewed.settles(topic));
                self.rebootstraps = false;
                self.schedule.handle_renewed(now, complete, chance);
                if !complete {
                    self.schedule.handle_asked();
                }
                self.publish(renewed);
                self.adopt_brokers();
            }
            Err(failure) => {
                self.handle_failure(&failure);
                let OpenFailure { error, .. } = failure;
                tracing::debug!(%error, "metadata could not be renewed");
                match asks_to_begin_again(&error) {
                    true => self.rebootstrap(),
                    false => self.outage.failed(began, &error, now),
                }
                self.schedule.handle_failed(now, chance);
                if error.is_refusal()
                    && let Some(until) = self.refusals.deadline(now)
                {
                    self.schedule.handle_held(until);
                }
                self.publish(Metadata { problem: Some(error), ..Metadata::clone(&self.metadata()) });
            }
        }
    }

    /// Releases every connection, and begins again at the bootstrap addresses alone (KIP-1102).
    fn rebootstrap(&mut self) {
        if self.connector.config.metadata_recovery == MetadataRecovery::Rebootstrap {
            tracing::info!("a broker asks to begin again at bootstrap.servers");
            self.rebootstraps = true;
            self.bootstrap = None;
            self.nodes.values_mut().for_each(NodeConnections::release_all);
        }
    }

    /// Replies with the open connection, or opens one. Whoever asks meanwhile waits for the same attempt.
    fn connect(&mut self, node_id: i32, kind: ConnectionKind, reply: ConnectionReply) {
        let now = self.now();
        let Some(node) = self.nodes.get_mut(&node_id) else {
            self.schedule.handle_asked();
            let sentence = format!("broker {node_id} is not known (any more)");
            _ = reply.send(Err(Error::new(ErrorKind::Unreachable, sentence)));
            return;
        };
        let refusal = self.refusals.of(&node.address, now).cloned();
        let slot = node.slot(kind);
        if let Some(open) = slot.open() {
            _ = reply.send(Ok(open.clone()));
            return;
        }
        if let Some(refusal) = refusal.filter(|_| !slot.is_opening()) {
            _ = reply.send(Err(refusal));
            return;
        }
        if slot.handle_wanted(reply) {
            self.refusals.handle_tried(&node.address, now, self.chance.draw());
            let (address, not_before) = (node.address.clone(), node.not_before);
            let limit = node.setup.wait(0.5).min(self.connector.config.connection_setup_timeout_max);
            let connector = self.connector.clone();
            self.jobs.spawn(async move {
                sleep_until(not_before.into()).await;
                let opened = connector.open(&address, limit).await;
                ClusterEvent::Opened(node_id, kind, address, opened)
            });
        }
    }

    fn handle_opened(
        &mut self,
        node_id: i32,
        kind: ConnectionKind,
        address: &Address,
        mut opened: Result<Connection, Error>,
    ) {
        let now = self.now();
        // Nodes that are being opened stay until then.
        let Some(node) = self.nodes.get_mut(&node_id) else { return };
        let Some(slot) = node.known_slot(kind) else { return };
        let waiting = slot.take_waiting();
        if node.address != *address {
            let sentence = format!("broker {node_id} moved from {address} to {}", node.address);
            opened = Err(Error::new(ErrorKind::Unreachable, sentence));
        }
        match &opened {
            Ok(connection) => {
                self.refusals.handle_opened(address);
                node.handle_opened(kind, connection.clone());
            }
            Err(error) => {
                tracing::debug!(node_id, %error, "connection failed");
                node.not_before = now + node.backoff.wait(self.chance.draw());
                self.schedule.handle_asked();
                if error.is_refusal() {
                    self.handle_refused(address, error);
                }
            }
        }
        for reply in waiting {
            // Whoever waited may have gone.
            _ = reply.send(opened.clone());
        }
    }

    fn handle_failure(&mut self, failure: &OpenFailure) {
        if let Some(address) = &failure.refused_by {
            self.handle_refused(address, &failure.error);
        }
    }

    /// A broker does not let this client in: it is left alone for a while.
    fn handle_refused(&mut self, address: &Address, error: &Error) {
        let now = self.now();
        if self.refusals.handle_refused(address, error, now, self.chance.draw()) {
            let wait_ms = self.connector.config.reconnect_backoff_max.as_millis();
            tracing::warn!("{error}; it is tried again every {wait_ms} ms (reconnect.backoff.max.ms)");
        }
    }

    /// Replies with any open connection, or dials the candidates.
    fn connect_any(&mut self, reply: ConnectionReply) {
        if let Some(connection) = self.open_connection() {
            _ = reply.send(Ok(connection));
            return;
        }
        let candidates = self.candidates();
        let connector = self.connector.clone();
        self.jobs.spawn(async move {
            ClusterEvent::Reached(reply, bootstrap::open_first(candidates, &connector).await)
        });
    }

    /// An open connection, to a broker drawn by chance.
    fn open_connection(&mut self) -> Option<Connection> {
        let open: Vec<&Connection> =
            self.nodes.values().filter_map(|node| node.open_for_requests()).collect();
        match open.len() {
            0 => self.bootstrap.clone().filter(|connection| !connection.is_closed()),
            count => open.get(self.chance.bits() as usize % count).map(|connection| (*connection).clone()),
        }
    }

    /// Those that may be tried now. When all of them refused this client a moment ago: their refusal.
    fn candidates(&mut self) -> Result<Vec<Candidate>, Error> {
        let now = self.now();
        let mut candidates = self.known_candidates();
        let refusal = candidates.iter().find_map(|it| self.refusals.of(&it.address, now)).cloned();
        candidates.retain(|it| self.refusals.of(&it.address, now).is_none());
        if let Some(first) = candidates.first() {
            self.refusals.handle_tried(&first.address, now, self.chance.draw());
            return Ok(candidates);
        }
        refusal.map_or(Ok(candidates), Err)
    }

    /// Known brokers in random order, then the bootstrap addresses; those alone when a broker asked for it,
    /// or when nobody known has answered for `metadata.recovery.rebootstrap.trigger.ms`.
    fn known_candidates(&mut self) -> Vec<Candidate> {
        let recovers = self.connector.config.metadata_recovery == MetadataRecovery::Rebootstrap;
        let hopeless = self.schedule.age(self.now())
            > self.connector.config.metadata_max_age + self.connector.config.metadata_rebootstrap_trigger;
        let mut candidates: Vec<Candidate> = Vec::new();
        if !(recovers && (hopeless || self.rebootstraps)) {
            let known = self.nodes.iter();
            candidates.extend(
                known.map(|(id, node)| Candidate { node_id: Some(*id), address: node.address.clone() }),
            );
            candidates.sort_by_cached_key(|_| self.chance.bits());
            candidates.truncate(CANDIDATES_MAX);
        }
        if recovers || candidates.is_empty() {
            let servers = self.connector.config.bootstrap_servers.iter();
            candidates.extend(servers.map(|address| Candidate { node_id: None, address: address.clone() }));
        }
        candidates
    }

    fn keep_connection(&mut self, candidate: Candidate, connection: Connection) {
        self.refusals.handle_opened(&candidate.address);
        match candidate.node_id.and_then(|id| self.nodes.get_mut(&id)) {
            Some(node) if node.address == candidate.address => {
                node.handle_opened(ConnectionKind::Requests, connection);
            }
            _ => self.bootstrap = Some(connection),
        }
    }

    /// Takes over the brokers of the view. Connections to brokers that left or moved are released.
    fn adopt_brokers(&mut self) {
        let view = self.metadata();
        if view.brokers.is_empty() {
            return;
        }
        let coordinators = &self.coordinators;
        self.nodes.retain(|id, node| {
            let keeps_a_group = || coordinators.values().any(|keeper| keeper == id);
            view.brokers.contains_key(id) || node.is_opening() || keeps_a_group()
        });
        for (id, broker) in &view.brokers {
            self.adopt(*id, broker.address.clone());
        }
    }

    fn adopt(&mut self, node_id: i32, address: Address) {
        let Connector { config, environment, .. } = &self.connector;
        let new = || NodeConnections::new(address.clone(), config, environment.clock().now());
        let node = self.nodes.entry(node_id).or_insert_with(new);
        if node.address != address {
            node.address = address;
            node.release_all();
        }
    }

    fn now(&self) -> Instant {
        self.connector.environment.clock().now()
    }

    fn metadata(&self) -> Arc<Metadata> {
        self.view.latest()
    }

    fn publish(&self, view: Metadata) {
        self.view.publish(view);
    }
}

/// So many of the known brokers are tried for one renewal, which ends however many of them are silent; the next one
/// tries others.
const CANDIDATES_MAX: usize = 16;

/// Whether a broker said that what is known is not to be used any more (KIP-1102).
fn asks_to_begin_again(error: &Error) -> bool {
    error.code() == Some(ErrorCode::REBOOTSTRAP_REQUIRED)
}
