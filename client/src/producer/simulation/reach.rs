//! The machine's view of the cluster and its connections: renewed by the schedule, opened on use.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use upsert_kafka_protocol::messages::{
    FetchRequest, FindCoordinatorRequest, FindCoordinatorResponse, ListOffsetsRequest, MetadataRequest,
    MetadataResponse, ProduceRequest, ProduceResponse,
};
use upsert_kafka_protocol::{ErrorCode, Request as WireRequest, Str};

use super::Output;
use super::asked::{Asked, Told};
use super::link::Link;
use crate::cluster::answer::MetadataAnswer;
use crate::cluster::schedule::Schedule;
use crate::cluster::{Coordinator, Metadata, coordinator, metadata};
use crate::config::Address;
use crate::connection::versions;
use crate::producer::dispatch::LogRequest;
use crate::producer::log_request;
use crate::producer::node::Request;
use crate::producer::question::{self, Call, Question};
use crate::producer::resolution;
use crate::retry::{Backoff, Chance};
use crate::{Config, Error, ErrorKind};

/// Everything between the cores and the bytes.
pub(super) struct Reach {
    config: Arc<Config>,
    view: Metadata,
    schedule: Schedule,
    wanted: BTreeSet<Arc<str>>,
    links: BTreeMap<u64, Link>,
    next_link: u64,
    nodes: BTreeMap<i32, Node>,
    coordinators: Vec<(Coordinator, i32)>,
    renewal: Option<Search>,
    calling: Option<(Call, Step)>,
    chance: Chance,
    outputs: VecDeque<Output>,
    heard: VecDeque<Heard>,
}

/// What is known of the way to one broker.
struct Node {
    address: Address,
    link: Option<u64>,
    /// Somebody waits for a link.
    wanted: bool,
    backoff: Backoff,
    not_before: Instant,
}

/// For any broker that answers.
struct Search {
    link: Option<u64>,
    left: Vec<(Option<i32>, Address)>,
}

/// How far a question to a coordinator has come.
enum Step {
    Any(Search),
    Node(i32),
    Asked,
}

/// What the cores are told.
pub(super) enum Heard {
    Produced(Box<Request>, Result<ProduceResponse, Error>),
    Told(Result<question::Heard, Error>),
    Read(LogRequest, Result<resolution::Answer, Error>),
    Unreachable(i32),
    View,
}

/// How far a search is.
enum Found {
    Link(u64),
    NotYet,
    Nobody,
}

impl Reach {
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
            calling: None,
            chance: Chance::seeded(seed),
            outputs: VecDeque::new(),
            heard: VecDeque::new(),
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
            self.heard.push_back(Heard::View);
        }
    }

    /// The open connection to a broker; else it is opened from now on.
    pub(super) fn connection(&mut self, node: i32) -> Option<u64> {
        let Some(known) = self.nodes.get_mut(&node) else {
            self.schedule.handle_asked();
            self.heard.push_back(Heard::Unreachable(node));
            return None;
        };
        known.wanted = true;
        known.link.filter(|link| self.links.get(link).is_some_and(Link::is_open))
    }

    /// Sends a Produce request; its version is the highest that is wanted.
    pub(super) fn produce(&mut self, connection: u64, mut request: Box<Request>, now: Instant) {
        let Some(link) = self.links.get_mut(&connection) else {
            let error = Error::new(ErrorKind::Disconnected, "the connection is closed");
            return self.heard.push_back(Heard::Produced(request, Err(error)));
        };
        match link.version::<ProduceRequest>(request.version) {
            Ok(version) => request.version = version,
            Err(error) => return self.heard.push_back(Heard::Produced(request, Err(error))),
        }
        let produce = std::mem::take(&mut request.produce);
        let until = now + self.config.request_timeout;
        let version = request.version;
        request.produce = produce.clone();
        request.forget_bytes();
        match link.ask(&produce, version, until, Asked::Produce(request)) {
            Ok(bytes) => self.outputs.push_back(Output::Send { connection, bytes }),
            Err(error) => self.break_off(connection, &error.to_string(), now),
        }
    }

    /// Asks a broker what a log holds.
    pub(super) fn read_log(&mut self, connection: u64, request: LogRequest, now: Instant) {
        let asked = |version| Asked::Log(request.clone(), version);
        match request.question {
            resolution::Question::HighWatermark | resolution::Question::LogStart => {
                let of = |_| log_request::end_request(&request, i32::MAX);
                self.ask::<ListOffsetsRequest>(connection, i16::MAX, of, asked, now);
            }
            resolution::Question::Batches(offset) => {
                let max = log_request::fetch_version_max(&request, &self.view);
                let fetch = log_request::fetch_request(&request, offset, &self.view);
                self.ask::<FetchRequest>(connection, max, |_| fetch, asked, now);
            }
        }
    }

    /// Carries a question to whoever answers it.
    pub(super) fn handle_call(&mut self, call: Call) {
        if call.anew {
            self.coordinators.retain(|(of, _)| Some(of) != call.to.as_ref());
        }
        let known = call.to.as_ref().and_then(|of| self.coordinators.iter().find(|(known, _)| known == of));
        let step = match known {
            Some((_, node)) => Step::Node(*node),
            None => Step::Any(self.search()),
        };
        self.calling = Some((call, step));
    }

    pub(super) fn handle_opened(&mut self, connection: u64) {
        if let Some(link) = self.links.get_mut(&connection)
            && let Ok(bytes) = link.greet(versions::FIRST_VERSION)
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
                Ok(Some((asked, frame))) => self.handle_answer(connection, asked, &frame, now),
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
        let late = |link: &Link| link.deadline().is_some_and(|at| at <= now);
        let late: Vec<u64> = self.links.iter().filter(|(_, link)| late(link)).map(|(id, _)| *id).collect();
        for connection in late {
            self.break_off(connection, "no answer in time; the connection was closed", now);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let links = self.links.values().filter_map(Link::deadline);
        let waiting = self.nodes.values().filter(|node| node.wanted && node.link.is_none());
        let dials = waiting.map(|node| node.not_before);
        let renewal = if self.renewal.is_some() { None } else { self.schedule.deadline() };
        links.chain(dials).chain(renewal).min()
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(super) fn poll_heard(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    /// Dials, asks for metadata, and carries the question on, as far as all that can be done now.
    pub(super) fn handle_turn(&mut self, now: Instant) {
        let due = |node: &Node| node.wanted && node.link.is_none() && node.not_before <= now;
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
        self.call(now);
    }

    fn renew(&mut self, now: Instant) {
        let Some(mut search) = self.renewal.take() else { return };
        match self.found(&mut search, now) {
            Found::NotYet => self.renewal = Some(search),
            Found::Nobody => self.schedule.handle_failed(now, self.chance.draw()),
            Found::Link(connection) => {
                let topics: Vec<Str> = self.wanted.iter().map(|topic| Str::from(&**topic)).collect();
                let create = self.config.allow_auto_create_topics;
                let request = |version| metadata::request(&topics, version, create);
                self.ask::<MetadataRequest>(connection, i16::MAX, request, Asked::Metadata, now);
            }
        }
    }

    fn call(&mut self, now: Instant) {
        let Some((call, step)) = self.calling.take() else { return };
        match step {
            Step::Asked => self.calling = Some((call, Step::Asked)),
            Step::Node(node) => match self.connection(node) {
                Some(connection) => self.question(connection, call, now),
                // The coordinator is no broker that is known: its answer said where it is, so it has left.
                None if !self.nodes.contains_key(&node) => self.fail_call(call),
                None => self.calling = Some((call, Step::Node(node))),
            },
            Step::Any(mut search) => match self.found(&mut search, now) {
                Found::NotYet => self.calling = Some((call, Step::Any(search))),
                Found::Nobody => self.fail_call(call),
                Found::Link(connection) => match call.to.clone() {
                    None => self.question(connection, call, now),
                    Some(of) => {
                        self.calling = Some((call, Step::Asked));
                        let asked = |version| Asked::Coordinator(of.clone(), version);
                        let request = |version| of.request(version);
                        self.ask::<FindCoordinatorRequest>(connection, i16::MAX, request, asked, now);
                    }
                },
            },
        }
    }

    fn fail_call(&mut self, _: Call) {
        let error = Error::new(ErrorKind::Unreachable, "no broker could be asked");
        self.heard.push_back(Heard::Told(Err(error)));
    }

    fn question(&mut self, connection: u64, call: Call, now: Instant) {
        let Some(link) = self.links.get(&connection) else { return };
        let max = call.question.version_max(call.protocol.unwrap_or(link.offered()));
        let question = call.question.clone();
        self.calling = Some((call, Step::Asked));
        let asked = |version| Asked::Question(question.clone(), version);
        match &question {
            Question::Identify(it) => self.ask(connection, max, |_| it.clone(), asked, now),
            Question::AddPartitions(it) => self.ask(connection, max, |_| it.clone(), asked, now),
            Question::AddOffsets(it) => self.ask(connection, max, |_| it.clone(), asked, now),
            Question::CommitOffsets(it) => self.ask(connection, max, |_| it.clone(), asked, now),
            Question::End(it) => self.ask(connection, max, |_| it.clone(), asked, now),
        }
    }

    fn ask<R: WireRequest>(
        &mut self,
        connection: u64,
        max: i16,
        request: impl FnOnce(i16) -> R,
        asked: impl Fn(i16) -> Asked,
        now: Instant,
    ) {
        let Some(link) = self.links.get_mut(&connection) else { return };
        let until = now + self.config.request_timeout;
        let queued = link.version::<R>(max).map_err(|error| (error, 0));
        let queued = queued.and_then(|version| {
            link.ask(&request(version), version, until, asked(version)).map_err(|error| (error, version))
        });
        match queued {
            Ok(bytes) => self.outputs.push_back(Output::Send { connection, bytes }),
            Err((error, version)) => self.fail(asked(version), error, now),
        }
    }

    fn handle_answer(&mut self, connection: u64, asked: Asked, frame: &Bytes, now: Instant) {
        let (calls, renews) = (
            matches!(asked, Asked::Coordinator(..) | Asked::Question(..)),
            matches!(asked, Asked::Metadata(_)),
        );
        match asked.understand(frame) {
            Ok(Told::Versions(told)) => {
                let Some(link) = self.links.get_mut(&connection) else { return };
                match link.handle_versions(&told) {
                    Ok(true) => self.opened(connection),
                    Ok(false) => match link.greet(0) {
                        Ok(bytes) => self.outputs.push_back(Output::Send { connection, bytes }),
                        Err(error) => self.break_off(connection, &error.to_string(), now),
                    },
                    Err(error) => self.break_off(connection, &error.to_string(), now),
                }
            }
            Ok(Told::Metadata(response)) => self.renewed(&response, now),
            Ok(Told::Coordinator(of, response)) => self.coordinator_is(of, &response, now),
            Ok(Told::Reply(reply)) => {
                let Some(link) = self.links.get(&connection) else { return };
                self.calling = None;
                let offered = link.offered();
                self.heard.push_back(Heard::Told(Ok(question::Heard { reply, offered })));
            }
            Ok(Told::Read(request, answer)) => self.heard.push_back(Heard::Read(request, answer)),
            Ok(Told::Produced(request, response)) => {
                self.heard.push_back(Heard::Produced(request, response));
            }
            Err(error) if calls => self.told(Err(error)),
            Err(_) if renews => self.schedule.handle_failed(now, self.chance.draw()),
            Err(error) => self.break_off(connection, &error.to_string(), now),
        }
    }

    fn renewed(&mut self, response: &MetadataResponse, now: Instant) {
        if response.error_code != ErrorCode::NONE {
            return self.schedule.handle_failed(now, self.chance.draw());
        }
        let wanted: Vec<Str> = self.wanted.iter().map(|topic| Str::from(&**topic)).collect();
        let Ok(answer) = MetadataAnswer::read(response, &wanted) else {
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
        self.heard.push_back(Heard::View);
    }

    fn coordinator_is(&mut self, of: Coordinator, response: &FindCoordinatorResponse, now: Instant) {
        match coordinator::found(response) {
            Ok((node, address)) => {
                self.coordinators.retain(|(known, _)| *known != of);
                self.coordinators.push((of, node));
                self.meet(node, address, now);
                if let Some((_, step)) = &mut self.calling {
                    *step = Step::Node(node);
                }
            }
            Err(error) => self.told(Err(error)),
        }
    }

    fn told(&mut self, reply: Result<question::Heard, Error>) {
        self.calling = None;
        self.heard.push_back(Heard::Told(reply));
    }

    fn meet(&mut self, node: i32, address: Address, now: Instant) {
        let backoff = Backoff::new(self.config.reconnect_backoff, self.config.reconnect_backoff_max);
        let known = Node { address, link: None, wanted: false, backoff, not_before: now };
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
        for (asked, written) in link.drain() {
            let error = Error::new(ErrorKind::Disconnected, why).with_written(written);
            self.fail(asked, error, now);
        }
    }

    fn unreachable(&mut self, node: i32, now: Instant) {
        if let Some(known) = self.nodes.get_mut(&node) {
            known.not_before = now + known.backoff.wait(self.chance.draw());
        }
        self.schedule.handle_asked();
        self.heard.push_back(Heard::Unreachable(node));
        if matches!(&self.calling, Some((_, Step::Node(wanted))) if *wanted == node) {
            self.told(Err(Error::new(ErrorKind::Unreachable, "the coordinator cannot be reached")));
        }
    }

    fn fail(&mut self, asked: Asked, error: Error, now: Instant) {
        match asked {
            Asked::Versions(_) => {}
            Asked::Metadata(_) => self.schedule.handle_failed(now, self.chance.draw()),
            Asked::Coordinator(..) | Asked::Question(..) => self.told(Err(error)),
            Asked::Log(request, _) => self.heard.push_back(Heard::Read(request, Err(error))),
            Asked::Produce(request) => self.heard.push_back(Heard::Produced(request, Err(error))),
        }
    }

    /// An open connection by chance, else all that is known in random order, then where to begin.
    fn search(&mut self) -> Search {
        let open: Vec<u64> =
            self.links.iter().filter(|(_, link)| link.is_open()).map(|(id, _)| *id).collect();
        let link = open.get(self.chance.bits() as usize % open.len().max(1)).copied();
        let mut left: Vec<_> =
            self.nodes.iter().map(|(id, node)| (Some(*id), node.address.clone())).collect();
        left.sort_by_cached_key(|_| self.chance.bits());
        let servers = self.config.bootstrap_servers.iter().map(|address| (None, address.clone()));
        let mut left: Vec<_> = left.into_iter().chain(servers).collect();
        left.reverse();
        Search { link, left }
    }

    fn found(&mut self, search: &mut Search, now: Instant) -> Found {
        loop {
            match search.link.map(|link| (link, self.links.get(&link))) {
                Some((link, Some(open))) if open.is_open() => return Found::Link(link),
                Some((_, Some(_))) => return Found::NotYet,
                Some((_, None)) | None => {}
            }
            let Some((node, address)) = search.left.pop() else { return Found::Nobody };
            let known = node.and_then(|id| self.nodes.get(&id)).and_then(|node| node.link);
            search.link = Some(known.unwrap_or_else(|| self.dial(node, address, now)));
        }
    }

    fn dial(&mut self, node: Option<i32>, address: Address, now: Instant) -> u64 {
        let connection = self.next_link;
        self.next_link += 1;
        let until = now + self.config.connection_setup_timeout;
        let link = Link::new(self.config.response_bytes_max, until);
        self.links.insert(connection, link);
        if let Some(known) = node.and_then(|id| self.nodes.get_mut(&id)) {
            known.link = Some(connection);
        }
        self.outputs.push_back(Output::Open { connection, address });
        connection
    }
}
