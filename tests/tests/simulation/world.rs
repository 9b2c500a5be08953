//! The run: one queue of events, one clock that jumps, clients, brokers and the network between.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use upsert_kafka_broker::{BrokerConfig, Cluster, FaultId, Now};
use upsert_kafka_client::Bytes;
use upsert_kafka_client::simulation::InjectedBug;
use upsert_kafka_protocol::Str;
use upsert_kafka_protocol::messages::CreateTopicsRequest;
use upsert_kafka_protocol::messages::create_topics::{CreatableTopic, CreatableTopicConfig};

use super::client::Client;
use super::oracle::Oracle;
use super::plan::{FIRST_PORT, MS, Plan};
use super::random::Random;
use super::trace::Trace;
use super::wire::{Wire, WireId};

/// Everything in a run.
pub(crate) struct World {
    pub(crate) plan: Plan,
    bug: Option<InjectedBug>,
    pub(crate) random: Random,
    /// Microseconds since the beginning.
    pub(crate) now: u64,
    base: Instant,
    queue: BTreeMap<(u64, u64), Event>,
    queued: u64,
    pub(crate) cluster: Cluster,
    pub(crate) clients: Vec<Client>,
    pub(crate) wires: BTreeMap<WireId, Wire>,
    pub(crate) next_wire: WireId,
    /// Nodes that were stopped.
    pub(crate) stopped: Vec<i32>,
    /// Nodes that do nothing at the moment, and until when.
    pub(crate) paused: BTreeMap<i32, u64>,
    pub(crate) faults: Vec<FaultId>,
    pub(crate) oracle: Oracle,
    pub(crate) trace: Trace,
    /// What must not have happened.
    pub(crate) violation: Option<String>,
}

/// Something that happens at its time.
#[derive(Debug)]
pub(crate) enum Event {
    Opened(WireId),
    Up(WireId, Bytes),
    UpEnd(WireId),
    Down(WireId, Bytes),
    DownEnd(WireId),
    /// The client's kernel takes bytes again.
    Room(WireId),
    /// The broker turns to a connection's next request.
    Work(WireId),
    /// A node goes on.
    Resume(i32),
    /// A client does something.
    Step(usize),
    /// Something goes wrong.
    Fault,
    /// Another instance takes the place of the first client, which does not know of it.
    Takeover,
    /// Nothing goes wrong any more.
    Calm,
    /// Every client must be able to write now.
    Probe,
}

/// More events than any sound run has: somebody turns in a circle.
const EVENTS_MAX: u64 = 30_000;
/// The wall's time at the beginning.
const UNIX_MS: i64 = 1_700_000_000_000;

impl World {
    pub(crate) fn new(seed: u64, bug: Option<InjectedBug>, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::draw(&mut random);
        let base = Instant::now();
        let cluster = Cluster::new(
            BrokerConfig::default()
                .with_nodes(plan.nodes)
                .with_advertised_host("node")
                .with_advertised_port(FIRST_PORT)
                .with_auto_create_topics(false)
                .with_transaction_version(plan.transactions.unwrap_or(2))
                .with_marker_delay(plan.marker_delay)
                .with_seed(seed),
        );
        let clients =
            (0..plan.clients).map(|number| Client::new(number, &plan, bug, random.bits(), base)).collect();
        let mut world = Self {
            bug,
            random,
            now: 0,
            base,
            queue: BTreeMap::new(),
            queued: 0,
            cluster,
            clients,
            wires: BTreeMap::new(),
            next_wire: 0,
            stopped: Vec::new(),
            paused: BTreeMap::new(),
            faults: Vec::new(),
            oracle: Oracle::new(&plan),
            trace: Trace::new(trace),
            violation: None,
            plan,
        };
        trace!(world, "{:#?}", world.plan);
        world.create_topics();
        world
    }

    /// Runs to the end; the violation, if there was one.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        (0..self.clients.len()).for_each(|client| self.start(client));
        if let Some(at) = self.plan.takeover_at {
            self.at_time(at, Event::Takeover);
        }
        let first = self.random.range(0, self.plan.fault_interval);
        self.at(first, Event::Fault);
        self.at_time(self.plan.faults_until, Event::Calm);
        for _ in 0..EVENTS_MAX {
            if let Some(violation) = self.violation.take() {
                return Err(violation);
            }
            if !self.step() {
                return self.end();
            }
        }
        let left: Vec<_> = self.clients.iter().map(Client::what_is_left).collect();
        Err(format!("{EVENTS_MAX} events, and no end: {left:?}"))
    }

    /// A client's process begins.
    fn start(&mut self, client: usize) {
        let (delay, now) = (self.random.range(0, self.plan.step), self.instant());
        for (topic, ..) in &self.plan.topics {
            self.clients[client].machine.want(topic, now);
        }
        self.look(client);
        self.at(delay, Event::Step(client));
    }

    fn take_over(&mut self) {
        let (client, now) = (self.clients.len(), self.instant());
        trace!(self, "client {client} takes client 0's place");
        let seed = self.random.bits();
        self.clients.push(Client::new(0, &self.plan, self.bug, seed, now));
        self.start(client);
    }

    /// One event; false when there is none left that matters.
    fn step(&mut self) -> bool {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let clients = self.clients.iter().filter_map(|client| client.machine.deadline());
        let deadline = clients.chain(self.cluster.deadline()).min();
        let deadline = deadline.map(|at| micros(at.saturating_duration_since(self.base)));
        match (queued, deadline) {
            (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                self.now = self.now.max(at);
                if let Some((_, event)) = self.queue.pop_first() {
                    self.handle(event);
                }
                true
            }
            // Clients renew their metadata for ever.
            (None, Some(_)) if self.clients.iter().all(Client::is_done) => false,
            (_, Some(deadline)) => {
                self.now = self.now.max(deadline);
                self.pass();
                true
            }
            (_, None) => false,
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Opened(wire) => self.handle_opened(wire),
            Event::Up(wire, bytes) => self.handle_up(wire, &bytes),
            Event::UpEnd(wire) => self.handle_up_end(wire),
            Event::Down(wire, bytes) => self.handle_down(wire, &bytes),
            Event::DownEnd(wire) => self.handle_down_end(wire),
            Event::Room(wire) => self.handle_room(wire),
            Event::Work(wire) => {
                self.work(wire);
                if self.wires.get(&wire).is_some_and(Wire::is_over) {
                    self.wires.remove(&wire);
                }
            }
            Event::Resume(node) => self.resume(node),
            Event::Step(client) => self.act(client),
            Event::Fault => self.inject_fault(),
            Event::Takeover => self.take_over(),
            Event::Calm => self.calm(),
            Event::Probe => self.probe(),
        }
    }

    /// Lets time pass for whoever waits for it.
    fn pass(&mut self) {
        let (now, clock) = (self.instant(), self.clock());
        if self.cluster.deadline().is_some_and(|at| at <= now) {
            self.cluster.handle_timeout(clock);
            self.take_answers();
        }
        for client in 0..self.clients.len() {
            if self.clients[client].machine.deadline().is_some_and(|at| at <= now) {
                self.clients[client].machine.handle_timeout(now);
                self.look(client);
            }
        }
    }

    /// After an event of a client's machine: bytes leave, outcomes are judged.
    pub(crate) fn look(&mut self, client: usize) {
        self.take_outputs(client);
        self.take_outcomes(client);
    }

    /// Adds an event in so many microseconds.
    pub(crate) fn at(&mut self, delay: u64, event: Event) {
        self.at_time(self.now + delay, event);
    }

    pub(crate) fn at_time(&mut self, at: u64, event: Event) {
        self.queued += 1;
        self.queue.insert((at, self.queued), event);
    }

    /// How long bytes are under way this time.
    pub(crate) fn delay(&mut self) -> u64 {
        let slow = !self.is_calm() && self.random.percent(10);
        let max = if slow { self.plan.latency_max } else { self.plan.latency };
        self.random.range(max / 4, max)
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.now >= self.plan.faults_until
    }

    pub(crate) fn is_live(&self, node: i32) -> bool {
        !self.stopped.contains(&node)
    }

    pub(crate) fn instant(&self) -> Instant {
        self.base + Duration::from_micros(self.now)
    }

    pub(crate) fn unix_ms(&self) -> i64 {
        UNIX_MS + (self.now / MS) as i64
    }

    pub(crate) fn clock(&self) -> Now {
        Now { instant: self.instant(), unix_ms: self.unix_ms() }
    }

    /// Something happened that must not.
    pub(crate) fn violate(&mut self, what: String) {
        trace!(self, "VIOLATION: {what}");
        self.violation.get_or_insert(what);
    }

    fn create_topics(&mut self) {
        let topic = |(name, partitions, bytes_max): &(&'static str, i32, u64)| CreatableTopic {
            name: Str::from(*name),
            num_partitions: *partitions,
            replication_factor: -1,
            configs: vec![CreatableTopicConfig {
                name: Str::from("max.message.bytes"),
                value: Some(Str::from(bytes_max.to_string())),
                ..Default::default()
            }],
            ..Default::default()
        };
        let topics = self.plan.topics.iter().map(topic).collect();
        let request = CreateTopicsRequest { topics, ..Default::default() };
        self.ask(1, &request, 7);
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    // Rounded up: a deadline must have passed.
    u64::try_from(time.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX)
}
