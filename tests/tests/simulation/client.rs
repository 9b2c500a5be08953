//! A client's life: it sends records, looks at what becomes of them, and in the end must be well.

use std::collections::BTreeMap;
use std::time::Instant;

use upsert_kafka_client::simulation::{Conditions, InjectedBug, Machine, SimulatedRecord};
use upsert_kafka_client::{Error, ErrorKind, Receipt};

use super::plan::{MS, Plan};
use super::transactions::{OFFSETS_OF, Stage, group};
use super::wire::WireId;
use super::world::{Event, World, micros};

/// A producer and what it has to do.
pub(crate) struct Client {
    /// Instances of one transactional id share it.
    pub(crate) name: usize,
    pub(crate) machine: Machine,
    /// Grows when the process dies and another takes its place.
    pub(crate) life: u32,
    pub(crate) wires: BTreeMap<u64, WireId>,
    /// How many records are to be sent yet.
    left: u64,
    /// Which record an outcome is about.
    records: BTreeMap<u64, usize>,
    pub(crate) stage: Stage,
    /// When its transaction began.
    pub(crate) begun_at: u64,
    /// Its last transaction shall begin.
    pub(crate) probed: bool,
    /// Its last transaction has begun.
    pub(crate) in_probe: bool,
    /// Its last transaction has ended.
    pub(crate) over: bool,
    /// A coordinator has done what it was asked for on a connection that the client had left, to ask again.
    pub(crate) late_coordinator_request: bool,
    /// It can write nothing any more, and has said so.
    pub(crate) dead: bool,
}

impl Client {
    /// Clients of one `name` are instances of one transactional id.
    pub(crate) fn new(name: usize, plan: &Plan, bug: Option<InjectedBug>, seed: u64, now: Instant) -> Self {
        let transactional_id = plan.transactions.map(|_| format!("writer-{name}"));
        let config = plan.config.clone().with(|it| it.transactional_id = transactional_id);
        let conditions = Conditions { bug, producer_ids_expire: plan.producer_ids_expire };
        let machine = Machine::new(config, conditions, seed, now);
        Self {
            name,
            machine,
            life: 0,
            wires: BTreeMap::new(),
            left: plan.records,
            records: BTreeMap::new(),
            stage: Stage::Idle,
            begun_at: 0,
            probed: false,
            in_probe: false,
            over: false,
            late_coordinator_request: false,
            dead: false,
        }
    }

    /// Why it is not done.
    pub(crate) fn what_is_left(&self) -> String {
        let unanswered = self.machine.unanswered();
        format!("{unanswered} records, {:?}, over {}, dead {}", self.stage, self.over, self.dead)
    }

    /// Whether nothing more will be heard of it.
    pub(crate) fn is_done(&self) -> bool {
        self.probed && self.machine.unanswered() == 0 && (self.over || self.dead)
    }
}

impl World {
    /// The client does something: sends a few records, or ends all lingering.
    pub(crate) fn act(&mut self, client: usize) {
        let pause = self.random.range(0, 2 * self.plan.step);
        if self.clients[client].probed {
            if self.plan.transactions.is_some() {
                self.probe_transaction(client);
            }
            return;
        }
        if self.clients[client].left == 0 || self.clients[client].dead {
            return;
        }
        self.at(pause, Event::Step(client));
        if !self.plan.topics.iter().all(|(topic, ..)| self.clients[client].machine.knows(topic)) {
            return;
        }
        if self.plan.transactions.is_some() && !self.turn_transaction(client) {
            return;
        }
        let burst = self.random.scale(1, 12).min(self.clients[client].left);
        self.clients[client].left -= burst;
        for _ in 0..burst {
            let Some((topic, partitions, _)) = self.random.pick(&self.plan.topics).copied() else { return };
            let place = match self.random.range(0, 3) {
                0 | 1 => Some(self.random.range(0, partitions as u64 - 1) as i32),
                _ => None,
            };
            self.send_record(client, topic, place);
        }
        if self.random.percent(20) {
            let now = self.instant();
            self.clients[client].machine.expedite(now);
            self.look(client);
        }
    }

    fn send_record(&mut self, client: usize, topic: &'static str, partition: Option<i32>) {
        let bytes =
            if self.random.percent(2) { 700 } else { self.random.range(0, self.plan.value_bytes_max) };
        let key = self.random.range(0, 9);
        let key = (key > 2).then(|| format!("key-{key}"));
        let (number, value) = self.record(client, topic, partition, bytes as usize);
        let entry = SimulatedRecord {
            topic,
            partition,
            key: key.as_deref().map(str::as_bytes),
            value: &value,
            timestamp_ms: self.unix_ms(),
        };
        let now = self.instant();
        let sent = self.clients[client].machine.send(entry, now);
        trace!(
            self,
            "client {client} sends record {number} to {topic} {partition:?}: {:?}",
            sent.as_ref().err()
        );
        match sent {
            Ok(delivery) => _ = self.clients[client].records.insert(delivery, number),
            Err(error) => {
                self.clients[client].dead |= error.kind() == ErrorKind::Closed;
                self.check_failure(client, &error);
                self.oracle.refused(number);
            }
        }
        self.look(client);
    }

    fn record(
        &mut self,
        client: usize,
        topic: &'static str,
        partition: Option<i32>,
        padding: usize,
    ) -> (usize, Vec<u8>) {
        let transaction = match self.clients[client].stage {
            Stage::Open(number) => Some(number),
            _ => None,
        };
        self.oracle.record(super::oracle::Origin { client, transaction }, topic, partition, padding, self.now)
    }

    /// The oracle judges what became of the client's records.
    pub(crate) fn take_outcomes(&mut self, client: usize) {
        while let Some((delivery, outcome)) = self.clients[client].machine.poll_outcome() {
            let Some(number) = self.clients[client].records.remove(&delivery) else {
                self.violate(format!("client {client}: delivery {delivery} has two outcomes"));
                continue;
            };
            trace!(self, "client {client}: record {number} is {}", described(&outcome));
            let judged = self.oracle.handle_outcome(number, &outcome, self.now, &mut self.cluster);
            if let Err(violation) = judged {
                self.violate(violation);
            }
            if let Err(error) = outcome {
                self.check_failure(client, &error);
            }
        }
        self.take_settled(client);
        let dead = self.clients[client].machine.is_dead();
        self.clients[client].dead |= dead;
    }

    /// A producer comes to its end when another took over from it, when its transaction lasted longer than
    /// `transaction.timeout.ms`, or when its own question comes again, late, and fences it (which no client can
    /// help: the coordinator takes it for another's); and of nothing else that happens here.
    pub(crate) fn check_failure(&mut self, client: usize, error: &Error) {
        let lasted = self.now - self.clients[client].begun_at;
        let late = lasted >= self.plan.config.transaction_timeout.as_micros() as u64;
        let Client { dead, late_coordinator_request, .. } = self.clients[client];
        if error.is_fatal() && !dead && !late && !late_coordinator_request && !self.is_contested(client) {
            self.violate(format!("client {client} came to its end, for no cause: {error}"));
        }
        self.clients[client].dead |= error.is_fatal() || error.is_fenced();
    }

    /// Whether another instance may fence it. Of two either may be the later one in the coordinator's eyes.
    fn is_contested(&self, client: usize) -> bool {
        let shares_id = client == 0 || client >= self.plan.clients;
        shares_id && self.plan.takeover_at.is_some_and(|at| at <= self.now)
    }

    /// Nothing has gone wrong for a while: every client writes to every partition.
    pub(crate) fn probe(&mut self) {
        // A record that joins an old batch shares what is left of its time.
        if self.clients.iter().any(|client| client.machine.unanswered() > 0) {
            return self.at(100 * MS, Event::Probe);
        }
        for client in 0..self.clients.len() {
            trace!(self, "client {client} is probed");
            self.clients[client].left = 0;
            self.clients[client].probed = true;
            for (topic, ..) in self.plan.topics.clone() {
                if !self.clients[client].machine.knows(topic) {
                    self.violate(format!("client {client} has not found topic {topic}"));
                    return;
                }
            }
            if self.plan.transactions.is_some() {
                self.probe_transaction(client);
            } else {
                self.clients[client].over = true;
                self.probe_partitions(client);
            }
        }
    }

    pub(crate) fn probe_partitions(&mut self, client: usize) {
        for (topic, partitions, _) in self.plan.topics.clone() {
            for partition in 0..partitions {
                if !self.clients[client].dead {
                    self.send_probe(client, topic, partition);
                }
            }
        }
    }

    fn send_probe(&mut self, client: usize, topic: &'static str, partition: i32) {
        let (number, value) = self.record(client, topic, Some(partition), 0);
        let entry = SimulatedRecord {
            topic,
            partition: Some(partition),
            key: None,
            value: &value,
            timestamp_ms: self.unix_ms(),
        };
        let now = self.instant();
        match self.clients[client].machine.send(entry, now) {
            Ok(delivery) => {
                // Whom another instance fenced may learn it by this very record.
                if self.plan.is_patient() && !self.is_contested(client) {
                    self.oracle.must_be_written(number);
                }
                self.clients[client].records.insert(delivery, number);
            }
            // What waits in it is answered within delivery.timeout.ms, which is judged elsewhere.
            Err(error) if error.kind() == ErrorKind::BufferFull => self.oracle.refused(number),
            Err(error) => self.violate(format!("client {client}: {error}, though nothing is wrong")),
        }
        trace!(self, "client {client} probes {topic}-{partition}: record {number}");
        self.look(client);
    }

    /// The run is over: the oracle looks at everything.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        for (number, client) in self.clients.iter().enumerate() {
            if client.machine.unanswered() > 0 {
                return Err(format!(
                    "client {number}: {} records have no outcome",
                    client.machine.unanswered()
                ));
            }
        }
        // The last markers are written.
        self.now += micros(self.plan.marker_delay) + MS;
        self.cluster.handle_timeout(self.clock());
        self.oracle.end(&mut self.cluster)?;
        self.read_all()
    }

    /// A consumer looks at everything.
    fn read_all(&mut self) -> Result<(), String> {
        for (topic, partitions, _) in self.plan.topics.clone() {
            for partition in 0..partitions {
                let view = self.read_committed(topic, partition);
                let judged = view.and_then(|view| self.oracle.judge_view(topic, partition, &view));
                judged.map_err(|why| format!("{topic}-{partition}, read_committed: {why}"))?;
            }
        }
        for name in 0..self.plan.clients {
            let offset = self.kept_offset(&group(name), OFFSETS_OF);
            let instances: Vec<_> = self.clients.iter().map(|client| client.name == name).collect();
            let judged = offset.and_then(|offset| self.oracle.judge_offset(|it| instances[it], offset));
            judged.map_err(|why| format!("{}: {why}", group(name)))?;
        }
        Ok(())
    }
}

fn described(outcome: &Result<Receipt, Error>) -> String {
    match outcome {
        Ok(receipt) => format!("acknowledged: partition {} offset {}", receipt.partition, receipt.offset),
        Err(error) => format!("failed, may be written {}: {error}", error.may_have_been_written()),
    }
}
