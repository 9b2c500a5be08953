//! What is done to the cluster while it is under load, each time until it is whole again.

use std::fmt;
use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use tokio::time::sleep;
use upsert_kafka_tests::kafka::{Failure, Kafka};

use super::pulse::{PATIENCE, Pulse};

/// A cluster and the loads that it is under.
pub(super) struct Chaos<'a> {
    kafka: &'a Kafka,
    /// Whose leaders are hurt.
    topic: &'a str,
    loads: Vec<Pulse>,
    fault_counts: FaultCounts,
    began: Instant,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FaultCounts {
    pub(super) kills: usize,
    pub(super) pauses: usize,
    pub(super) stops: usize,
}

impl<'a> Chaos<'a> {
    pub(super) fn new(kafka: &'a Kafka, topic: &'a str, loads: Vec<Pulse>) -> Self {
        Self { kafka, topic, loads, fault_counts: FaultCounts::default(), began: Instant::now() }
    }

    /// From now on these must go on.
    pub(super) fn under(&mut self, loads: Vec<Pulse>) {
        self.loads = loads;
    }

    pub(super) fn fault_counts(&self) -> FaultCounts {
        self.fault_counts
    }

    /// kill -9 of a leader; another takes over, and then the dead one comes back.
    pub(super) async fn kill_a_leader(&mut self) {
        let node = self.calm().await;
        self.order(&format!("kill node {node}"), |kafka| kafka.kill(node));
        self.all_go_on().await;
        self.order(&format!("restart node {node}"), |kafka| kafka.restart(node));
        self.mended().await;
        self.fault_counts.kills += 1;
    }

    /// SIGSTOP of a leader for at least so long, until another has taken over and until it is felt; then it wakes,
    /// and does not know that it slept.
    pub(super) async fn pause_a_leader(&mut self, at_least: Duration, felt: impl Future<Output = ()>) {
        let node = self.calm().await;
        let at = Instant::now();
        self.order(&format!("pause node {node}"), |kafka| kafka.pause(node));
        self.all_go_on().await;
        felt.await;
        sleep(at_least.saturating_sub(at.elapsed())).await; // this time is the fault itself
        self.order(&format!("resume node {node}"), |kafka| kafka.resume(node));
        self.mended().await;
        self.fault_counts.pauses += 1;
    }

    /// Stops and starts every node, one after the other, as an upgrade would.
    pub(super) async fn roll(&mut self) {
        for node in self.kafka.nodes() {
            self.all_go_on().await;
            self.order(&format!("stop node {node}"), |kafka| kafka.stop(node));
            self.all_go_on().await;
            self.order(&format!("restart node {node}"), |kafka| kafka.restart(node));
            self.mended().await;
            self.fault_counts.stops += 1;
        }
    }

    /// Records were acknowledged before; tells whom to hurt.
    async fn calm(&self) -> i32 {
        self.all_go_on().await;
        let cluster = block_in_place(|| self.kafka.describe()).expect("a healthy cluster answers");
        cluster.busiest_leader(self.topic).expect("the topic has leaders")
    }

    /// The cluster is whole, and records are acknowledged after.
    async fn mended(&self) {
        self.order("await health", |kafka| kafka.await_health(PATIENCE));
        self.all_go_on().await;
    }

    async fn all_go_on(&self) {
        for load in &self.loads {
            load.goes_on().await;
        }
    }

    /// The loads must go on while it is carried out: they have threads of their own.
    fn order(&self, what: &str, order: impl FnOnce(&Kafka) -> Result<(), Failure>) {
        println!("    {:.1} s: {what}", self.began.elapsed().as_secs_f64());
        block_in_place(|| order(self.kafka)).unwrap_or_else(|failure| panic!("{what}: {failure}"));
    }
}

impl FaultCounts {
    pub(super) fn faults(self) -> usize {
        self.kills + self.pauses + self.stops
    }
}

impl fmt::Display for FaultCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, pauses, stops } = self;
        write!(f, "{} faults ({kills} kill -9, {pauses} SIGSTOP, {stops} stops of a roll)", self.faults())
    }
}
