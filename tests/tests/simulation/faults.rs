//! What goes wrong: connections, nodes, leaders, answers, memories.

use std::time::Duration;

use upsert_kafka_broker::{Action, Fault};
use upsert_kafka_protocol::{ApiKey, ErrorCode};

use super::plan::MS;
use super::transactions::Stage;
use super::world::{Event, World};

/// What a broker answers without having done anything.
const REFUSALS: &[ErrorCode] = &[
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::NOT_ENOUGH_REPLICAS,
    ErrorCode::KAFKA_STORAGE_ERROR,
    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode::REQUEST_TIMED_OUT,
    ErrorCode::MESSAGE_TOO_LARGE,
    ErrorCode::INVALID_RECORD,
    ErrorCode::TOPIC_AUTHORIZATION_FAILED,
    ErrorCode::CORRUPT_MESSAGE,
    ErrorCode::COORDINATOR_NOT_AVAILABLE,
];
/// What a broker answers though it has done it.
const REGRETS: &[ErrorCode] = &[ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorCode::REQUEST_TIMED_OUT];

impl World {
    /// Something goes wrong, and something else later.
    pub(crate) fn inject_fault(&mut self) {
        if self.is_calm() {
            return;
        }
        let next = (self.plan.fault_interval as f64 * -(1.0 - self.random.unit()).ln()) as u64;
        self.at(next.max(1), Event::Fault);
        match self.random.range(0, 99) {
            0..=29 => {
                let open: Vec<_> =
                    self.wires.iter().filter(|(_, wire)| !wire.broken).map(|(id, _)| *id).collect();
                if let Some(wire) = self.random.pick(&open).copied() {
                    self.break_wire(wire);
                }
            }
            30..=44 => self.move_a_leader(),
            45..=51 => self.stop_a_node(),
            52..=59 => self.start_a_node(),
            60..=66 => self.pause_a_node(),
            67..=94 => self.arm(),
            _ if self.plan.producer_ids_expire => self.expire_a_producer(),
            _ => {}
        }
    }

    fn a_node(&mut self) -> i32 {
        self.random.range(1, self.plan.nodes as u64) as i32
    }

    fn move_a_leader(&mut self) {
        let (node, topic) = (self.a_node(), self.random.pick(&self.plan.topics).copied());
        let Some((topic, partitions, _)) = topic else { return };
        let partition = self.random.range(0, partitions as u64 - 1) as i32;
        let now = self.clock();
        if let Some(epoch) = self.cluster.move_leader(topic, partition, node, now) {
            trace!(self, "node {node} leads {topic}-{partition} from now on, epoch {epoch}");
        }
        self.take_answers();
    }

    fn stop_a_node(&mut self) {
        let (node, now) = (self.a_node(), self.clock());
        if self.is_live(node) {
            trace!(self, "node {node} is stopped");
            self.stopped.push(node);
            self.cluster.stop_node(node, now);
            self.take_answers();
            self.cut_node(node);
            let delay = self.random.range(0, 2000 * MS);
            self.at(delay, Event::Resume(node));
        }
    }

    fn start_a_node(&mut self) {
        if let Some(node) = self.random.pick(&self.stopped.clone()).copied() {
            self.start_node(node);
        }
    }

    fn start_node(&mut self, node: i32) {
        if !self.is_live(node) {
            trace!(self, "node {node} is started");
            self.stopped.retain(|stopped| *stopped != node);
            let now = self.clock();
            self.cluster.start_node(node, now);
            self.take_answers();
        }
    }

    /// As by SIGSTOP: what comes waits.
    fn pause_a_node(&mut self) {
        let node = self.a_node();
        let timeout = self.plan.config.request_timeout.as_micros() as u64;
        let until = self.now + self.random.range(timeout / 4, timeout * 2);
        let until = until.min(self.plan.faults_until);
        trace!(self, "node {node} does nothing until {} ms", until / MS);
        let paused = self.paused.entry(node).or_default();
        *paused = (*paused).max(until);
        self.at_time(until, Event::Resume(node));
    }

    /// A node goes on, or is started again.
    pub(crate) fn resume(&mut self, node: i32) {
        if self.paused.get(&node).is_some_and(|until| *until <= self.now) {
            self.paused.remove(&node);
            trace!(self, "node {node} goes on");
            let waiting: Vec<_> =
                self.wires.iter().filter(|(_, wire)| wire.node == node).map(|(id, _)| *id).collect();
            waiting.into_iter().for_each(|wire| self.work(wire));
        }
        self.start_node(node);
    }

    fn arm(&mut self) {
        let apis = [ApiKey::METADATA, ApiKey::INIT_PRODUCER_ID, ApiKey::API_VERSIONS];
        let of_transactions = [
            ApiKey::INIT_PRODUCER_ID,
            ApiKey::ADD_PARTITIONS_TO_TXN,
            ApiKey::END_TXN,
            ApiKey::END_TXN,
            ApiKey::FIND_COORDINATOR,
            ApiKey::ADD_OFFSETS_TO_TXN,
            ApiKey::TXN_OFFSET_COMMIT,
        ];
        let transactional = self.plan.transactions.is_some();
        let apis = if transactional { &of_transactions[..] } else { &apis[..] };
        let other = self.random.percent(if transactional { 50 } else { 20 });
        let api = if other { self.random.pick(apis).copied() } else { None }.unwrap_or(ApiKey::PRODUCE);
        let delay = self.plan.config.request_timeout.as_micros() as u64 * 3 / 2;
        let code = |codes: &[ErrorCode], at: u64| codes[at as usize % codes.len()];
        let drawn = self.random.bits();
        let action = match self.random.range(0, 9) {
            0 => Action::Close,
            1 | 2 => Action::LoseAnswer,
            3 => Action::Delay(Duration::from_micros(self.random.range(0, delay))),
            4 | 5 if api == ApiKey::PRODUCE => Action::AnswerAfterWork(code(REGRETS, drawn)),
            _ if api == ApiKey::PRODUCE => Action::Answer(code(REFUSALS, drawn)),
            _ => Action::Answer(ErrorCode::COORDINATOR_NOT_AVAILABLE),
        };
        let times = if self.random.percent(70) { 1 } else { self.random.range(2, 5) as u32 };
        let fault = Fault::new(api, action).skip(self.random.range(0, 3) as u32).times(times);
        trace!(self, "{fault:?}");
        let fault = self.cluster.arm(fault);
        self.faults.push(fault);
    }

    /// A partition producer_ids_expire a producer that has not written for `producer.id.expiration.ms`: a day, where
    /// `delivery.timeout.ms` is two minutes. So nothing of it waits or is under way, and only then may it
    /// be forgotten here: a Kafka that producer_ids_expire a batch in doubt takes it twice, whoever the client is.
    fn expire_a_producer(&mut self) {
        let client = self.random.range(0, self.clients.len() as u64 - 1) as usize;
        let done = |wire: &super::wire::Wire| {
            wire.up_last <= self.now && wire.requests.is_empty() && wire.at_work.is_none()
        };
        // Of all clients: a transaction that another instance has open keeps the producer in mind too.
        let idle =
            |client: &super::client::Client| client.machine.unanswered() == 0 && client.stage == Stage::Idle;
        if self.clients.iter().all(idle)
            && self.wires.values().all(done)
            && let Some(identity) = self.clients[client].machine.identity()
        {
            trace!(self, "producer {} of client {client} is forgotten", identity.id);
            self.cluster.expire_producer(identity.id);
        }
    }

    /// From now on nothing goes wrong.
    pub(crate) fn calm(&mut self) {
        trace!(self, "from now on nothing goes wrong");
        for fault in std::mem::take(&mut self.faults) {
            self.cluster.disarm(fault);
        }
        for node in 1..=self.plan.nodes {
            self.paused.entry(node).and_modify(|until| *until = 0);
            self.resume(node);
        }
        // Connections that broke in silence are found out, or each would cost a request.timeout.ms more.
        let silent: Vec<_> = self.wires.iter().filter(|(_, wire)| wire.broken).map(|(id, _)| *id).collect();
        silent.into_iter().for_each(|wire| self.at(0, Event::DownEnd(wire)));
        let patience = self.plan.config.request_timeout.as_micros() as u64 * 2 + 1000 * MS;
        self.at(patience, Event::Probe);
    }
}
