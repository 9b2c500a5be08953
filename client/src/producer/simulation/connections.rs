//! The machine's connections and its view of the cluster: opened on use, refreshed by the schedule.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use upsert_kafka_protocol::messages::{
    FetchRequest, ListOffsetsRequest, MetadataRequest, MetadataResponse, ProduceRequest, ProduceResponse,
};
use upsert_kafka_protocol::{ErrorCode, Request as WireRequest, Str};

use super::broker_connection::BrokerConnection;
use super::output::Output;
use super::pending_request::{PendingRequest, Received};
use super::progress::{BrokerSearch, CallStage, Found};
use crate::cluster::metadata_update::MetadataUpdate;
use crate::cluster::schedule::Schedule;
use crate::cluster::{Coordinator, Metadata, metadata};
use crate::config::Address;
use crate::connection::versions;
use crate::producer::coordinator_request::{CoordinatorRequest, CoordinatorResponse};
use crate::producer::dispatch::LogRequest;
use crate::producer::leader_connection::SentRequest;
use crate::producer::log_request;
use crate::producer::resolution;
use crate::retry::{Backoff, Chance};
use crate::{Config, Error, ErrorKind};

/// Everything between the cores and the bytes: connections, the view of the cluster, and the request to a coordinator.
pub(super) struct Connections {
    pub(super) config: Arc<Config>,
    pub(super) view: Metadata,
    pub(super) schedule: Schedule,
    pub(super) wanted: BTreeSet<Arc<str>>,
    pub(super) links: BTreeMap<u64, BrokerConnection>,
    pub(super) next_link: u64,
    pub(super) nodes: BTreeMap<i32, KnownBroker>,
    pub(super) coordinators: Vec<(Coordinator, i32)>,
    pub(super) renewal: Option<BrokerSearch>,
    pub(super) call: Option<(CoordinatorRequest, CallStage)>,
    pub(super) chance: Chance,
    pub(super) outputs: VecDeque<Output>,
    pub(super) events: VecDeque<ConnectionEvent>,
}

/// A broker that is known, and the connection to it.
pub(super) struct KnownBroker {
    pub(super) address: Address,
    pub(super) link: Option<u64>,
    /// Somebody waits for a link.
    pub(super) wanted: bool,
    pub(super) backoff: Backoff,
    pub(super) not_before: Instant,
}

/// What happened, for the cores.
pub(super) enum ConnectionEvent {
    Produced(Box<SentRequest>, Result<ProduceResponse, Error>),
    Coordinator(Result<CoordinatorResponse, Error>),
    Log(LogRequest, Result<resolution::LogAnswer, Error>),
    Unreachable(i32),
    View,
}

impl Connections {
    pub(super) fn new(config: Arc<Config>, seed: u64, now: Instant) -> Self {
        let backoff = Backoff::new(config.retry_backoff, config.retry_backoff_max);
        let mut schedule = Schedule::new(config.metadata_max_age, backoff, now);
        schedule.handle_asked();
        Self {
            config,
            view: Metadata::default(),
            schedule,
            wanted: BTreeSet::new(),
            links: BTreeMap::new(),
            next_link: 0,
            nodes: BTreeMap::new(),
            coordinators: Vec::new(),
            renewal: None,
            call: None,
            chance: Chance::seeded(seed),
            outputs: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    pub(super) fn view(&self) -> &Metadata {
        &self.view
    }

    pub(super) fn want(&mut self, topic: &str) {
        self.wanted.insert(Arc::from(topic));
        self.schedule.handle_asked();
    }

    /// The view may be wrong.
    pub(super) fn handle_doubt(&mut self) {
        self.schedule.handle_asked();
    }

    /// A broker named a newer leader (KIP-951).
    pub(super) fn leader_moved(&mut self, topic: &str, partition: i32, leader: i32, epoch: i32) {
        if let Some(moved) = self.view.moved(topic, partition, leader, epoch) {
            self.view = moved;
            self.events.push_back(ConnectionEvent::View);
        }
    }

    /// The open connection to a broker; else it is opened from now on.
    pub(super) fn connection(&mut self, node: i32) -> Option<u64> {
        let Some(known) = self.nodes.get_mut(&node) else {
            self.schedule.handle_asked();
            self.events.push_back(ConnectionEvent::Unreachable(node));
            return None;
        };
        known.wanted = true;
        known.link.filter(|link| self.links.get(link).is_some_and(BrokerConnection::is_open))
    }

    /// Sends a Produce request; its version is the highest that is wanted.
    pub(super) fn produce(&mut self, connection: u64, mut request: Box<SentRequest>, now: Instant) {
        let Some(link) = self.links.get_mut(&connection) else {
            let error = Error::new(ErrorKind::Disconnected, "the connection is closed");
            return self.events.push_back(ConnectionEvent::Produced(request, Err(error)));
        };
        match link.version::<ProduceRequest>(request.version) {
            Ok(version) => request.version = version,
            Err(error) => return self.events.push_back(ConnectionEvent::Produced(request, Err(error))),
        }
        let produce = std::mem::take(&mut request.produce);
        let until = now + self.config.request_timeout;
        let version = request.version;
        request.produce = produce.clone();
        request.release_bytes();
        match link.ask(&produce, version, until, PendingRequest::Produce(request)) {
            Ok(bytes) => self.outputs.push_back(Output::Send { connection, bytes }),
            Err(error) => self.break_off(connection, &error.to_string(), now),
        }
    }

    /// Asks a broker what a log holds.
    pub(super) fn read_log(&mut self, connection: u64, request: LogRequest, now: Instant) {
        let pending = |version| PendingRequest::Log(request.clone(), version);
        match request.query {
            resolution::LogQuery::HighWatermark | resolution::LogQuery::LogStart => {
                let of = |_| log_request::end_request(&request, i32::MAX);
                self.ask::<ListOffsetsRequest>(connection, i16::MAX, of, pending, now);
            }
            resolution::LogQuery::Batches(offset) => {
                let max = log_request::fetch_version_max(&request, &self.view);
                let fetch = log_request::fetch_request(&request, offset, &self.view);
                self.ask::<FetchRequest>(connection, max, |_| fetch, pending, now);
            }
        }
    }

    pub(super) fn handle_opened(&mut self, connection: u64) {
        if let Some(link) = self.links.get_mut(&connection)
            && let Ok(bytes) = link.send_api_versions(versions::FIRST_VERSION)
        {
            self.outputs.push_back(Output::Send { connection, bytes });
        }
    }

    pub(super) fn handle_written(&mut self, connection: u64, bytes: usize) {
        if let Some(link) = self.links.get_mut(&connection) {
            link.handle_written(bytes);
        }
    }

    pub(super) fn handle_bytes(&mut self, connection: u64, bytes: &[u8], now: Instant) {
        if let Some(link) = self.links.get_mut(&connection) {
            link.handle_bytes(bytes);
        }
        while let Some(link) = self.links.get_mut(&connection) {
            match link.poll_answer() {
                Ok(Some((pending, frame))) => self.handle_answer(connection, pending, &frame, now),
                Ok(None) => return,
                Err(nonsense) => self.break_off(connection, &nonsense, now),
            }
        }
    }

    pub(super) fn handle_closed(&mut self, connection: u64, now: Instant) {
        self.lose(connection, "the broker closed the connection", now);
    }

    /// Connections whose answers are late are closed.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let late = |link: &BrokerConnection| link.deadline().is_some_and(|at| at <= now);
        let late: Vec<u64> = self.links.iter().filter(|(_, link)| late(link)).map(|(id, _)| *id).collect();
        for connection in late {
            self.break_off(connection, "no answer in time; the connection was closed", now);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let links = self.links.values().filter_map(BrokerConnection::deadline);
        let waiting = self.nodes.values().filter(|node| node.wanted && node.link.is_none());
        let dials = waiting.map(|node| node.not_before);
        let renewal = if self.renewal.is_some() { None } else { self.schedule.deadline() };
        links.chain(dials).chain(renewal).min()
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(super) fn poll_event(&mut self) -> Option<ConnectionEvent> {
        self.events.pop_front()
    }

    /// Dials, requests metadata and sends the coordinator's request, as far as each can be done now.
    pub(super) fn handle_turn(&mut self, now: Instant) {
        let due = |node: &KnownBroker| node.wanted && node.link.is_none() && node.not_before <= now;
        let due: Vec<_> = self
            .nodes
            .iter()
            .filter(|(_, node)| due(node))
            .map(|(id, node)| (*id, node.address.clone()))
            .collect();
        for (node, address) in due {
            self.dial(Some(node), address, now);
        }
        if self.renewal.is_none() && self.schedule.poll_due(now) {
            self.renewal = Some(self.search());
        }
        self.renew(now);
        self.continue_call(now);
    }

    fn renew(&mut self, now: Instant) {
        let Some(mut search) = self.renewal.take() else { return };
        match self.found(&mut search, now) {
            Found::NotYet => self.renewal = Some(search),
            Found::Nobody => self.schedule.handle_failed(now, self.chance.draw()),
            Found::Connection(connection) => {
                let topics: Vec<Str> = self.wanted.iter().map(|topic| Str::from(&**topic)).collect();
                let create = self.config.allow_auto_create_topics;
                let request = |version| metadata::request(&topics, version, create);
                self.ask::<MetadataRequest>(connection, i16::MAX, request, PendingRequest::Metadata, now);
            }
        }
    }

    pub(super) fn ask<R: WireRequest>(
        &mut self,
        connection: u64,
        max: i16,
        request: impl FnOnce(i16) -> R,
        pending: impl Fn(i16) -> PendingRequest,
        now: Instant,
    ) {
        let Some(link) = self.links.get_mut(&connection) else { return };
        let until = now + self.config.request_timeout;
        let queued = link.version::<R>(max).map_err(|error| (error, 0));
        let queued = queued.and_then(|version| {
            link.ask(&request(version), version, until, pending(version)).map_err(|error| (error, version))
        });
        match queued {
            Ok(bytes) => self.outputs.push_back(Output::Send { connection, bytes }),
            Err((error, version)) => self.fail(pending(version), error, now),
        }
    }

    fn handle_answer(&mut self, connection: u64, pending: PendingRequest, frame: &Bytes, now: Instant) {
        let (calls, renews) = (
            matches!(pending, PendingRequest::FindCoordinator(..) | PendingRequest::ToCoordinator(..)),
            matches!(pending, PendingRequest::Metadata(_)),
        );
        match pending.decode(frame) {
            Ok(Received::ApiVersions(response)) => {
                let Some(link) = self.links.get_mut(&connection) else { return };
                match link.handle_versions(&response) {
                    Ok(true) => self.opened(connection),
                    Ok(false) => match link.send_api_versions(0) {
                        Ok(bytes) => self.outputs.push_back(Output::Send { connection, bytes }),
                        Err(error) => self.break_off(connection, &error.to_string(), now),
                    },
                    Err(error) => self.break_off(connection, &error.to_string(), now),
                }
            }
            Ok(Received::Metadata(response)) => self.renewed(&response, now),
            Ok(Received::FindCoordinator(of, response)) => self.coordinator_is(of, &response, now),
            Ok(Received::FromCoordinator(body)) => {
                let Some(link) = self.links.get(&connection) else { return };
                self.call = None;
                let offered = link.offered();
                self.events
                    .push_back(ConnectionEvent::Coordinator(Ok(CoordinatorResponse { body, offered })));
            }
            Ok(Received::Log(request, answer)) => {
                self.events.push_back(ConnectionEvent::Log(request, answer))
            }
            Ok(Received::Produce(request, response)) => {
                self.events.push_back(ConnectionEvent::Produced(request, response));
            }
            Err(error) if calls => self.coordinator_answered(Err(error)),
            Err(_) if renews => self.schedule.handle_failed(now, self.chance.draw()),
            Err(error) => self.break_off(connection, &error.to_string(), now),
        }
    }

    fn renewed(&mut self, response: &MetadataResponse, now: Instant) {
        if response.error_code != ErrorCode::NONE {
            return self.schedule.handle_failed(now, self.chance.draw());
        }
        let wanted: Vec<Str> = self.wanted.iter().map(|topic| Str::from(&**topic)).collect();
        let Ok(answer) = MetadataUpdate::read(response, &wanted) else {
            return self.schedule.handle_failed(now, self.chance.draw());
        };
        self.view = self.view.renewed(answer);
        let complete = self.wanted.iter().all(|topic| self.view.settles(topic));
        self.schedule.handle_renewed(now, complete, self.chance.draw());
        if !complete {
            self.schedule.handle_asked();
        }
        if !self.view.brokers.is_empty() {
            let (view, coordinators) = (&self.view, &self.coordinators);
            self.nodes.retain(|id, node| {
                let coordinates = coordinators.iter().any(|(_, keeper)| keeper == id);
                view.brokers.contains_key(id) || node.link.is_some() || coordinates
            });
        }
        let brokers: Vec<_> =
            self.view.brokers.iter().map(|(id, broker)| (*id, broker.address.clone())).collect();
        brokers.into_iter().for_each(|(id, address)| self.meet(id, address, now));
        self.events.push_back(ConnectionEvent::View);
    }

    pub(super) fn meet(&mut self, node: i32, address: Address, now: Instant) {
        let backoff = Backoff::new(self.config.reconnect_backoff, self.config.reconnect_backoff_max);
        let known = KnownBroker { address, link: None, wanted: false, backoff, not_before: now };
        self.nodes.entry(node).or_insert(known);
    }

    fn opened(&mut self, connection: u64) {
        let nodes = self.nodes.values_mut().filter(|node| node.link == Some(connection));
        nodes.for_each(|node| node.backoff.reset());
    }

    /// We close it.
    fn break_off(&mut self, connection: u64, why: &str, now: Instant) {
        self.outputs.push_back(Output::Close { connection });
        self.lose(connection, why, now);
    }

    /// It is gone; whoever waits on it learns so.
    fn lose(&mut self, connection: u64, why: &str, now: Instant) {
        let Some(link) = self.links.remove(&connection) else { return };
        let was_open = link.is_open();
        let node = self.nodes.iter().find(|(_, node)| node.link == Some(connection)).map(|(id, _)| *id);
        if let Some(node) = node.and_then(|id| self.nodes.get_mut(&id)) {
            (node.link, node.wanted) = (None, false);
        }
        if let (Some(id), false) = (node, was_open) {
            self.unreachable(id, now);
        }
        for (pending, written) in link.drain() {
            let error = Error::new(ErrorKind::Disconnected, why).with_written(written);
            self.fail(pending, error, now);
        }
    }

    fn unreachable(&mut self, node: i32, now: Instant) {
        if let Some(known) = self.nodes.get_mut(&node) {
            known.not_before = now + known.backoff.wait(self.chance.draw());
        }
        self.schedule.handle_asked();
        self.events.push_back(ConnectionEvent::Unreachable(node));
        if matches!(&self.call, Some((_, CallStage::Node(wanted))) if *wanted == node) {
            self.coordinator_answered(Err(Error::new(
                ErrorKind::Unreachable,
                "the coordinator cannot be reached",
            )));
        }
    }

    fn fail(&mut self, pending: PendingRequest, error: Error, now: Instant) {
        match pending {
            PendingRequest::ApiVersions(_) => {}
            PendingRequest::Metadata(_) => self.schedule.handle_failed(now, self.chance.draw()),
            PendingRequest::FindCoordinator(..) | PendingRequest::ToCoordinator(..) => {
                self.coordinator_answered(Err(error))
            }
            PendingRequest::Log(request, _) => {
                self.events.push_back(ConnectionEvent::Log(request, Err(error)))
            }
            PendingRequest::Produce(request) => {
                self.events.push_back(ConnectionEvent::Produced(request, Err(error)))
            }
        }
    }

    pub(super) fn dial(&mut self, node: Option<i32>, address: Address, now: Instant) -> u64 {
        let connection = self.next_link;
        self.next_link += 1;
        let until = now + self.config.connection_setup_timeout;
        let link = BrokerConnection::new(self.config.response_bytes_max, until);
        self.links.insert(connection, link);
        if let Some(known) = node.and_then(|id| self.nodes.get_mut(&id)) {
            known.link = Some(connection);
        }
        self.outputs.push_back(Output::Open { connection, address });
        connection
    }
}
