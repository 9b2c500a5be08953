//! What goes wrong: processes, connections, nodes, leaders, answers.

use std::time::Duration;

use tokio::time::Instant;
use upsert_kafka_broker::{Action, Fault, FaultHandle};
use upsert_kafka_protocol::{ApiKey, ErrorCode};

use super::random::Random;
use super::recipe::{Harm, Recipe, SESSION};
use super::run::Whole;
use hurried::HurriedFaults;

mod hurried;

/// The mishaps of a run.
pub(crate) struct Faults {
    random: Random,
    interval_ms: u64,
    harm: Harm,
    next: Instant,
    count: u64,
    armed: Vec<FaultHandle>,
    /// Nodes that are stopped, and until when.
    stopped: Vec<(i32, Instant)>,
    /// Why a process of the job may end by itself: it was killed, or may not have been heard for as long as its session.
    excuse: Option<&'static str>,
    /// For how long nodes and processes were out of reach, all in all.
    out_of_reach: Duration,
    of_feeder: Option<HurriedFaults>,
}

/// Whose requests brokers treat badly.
const APIS: &[ApiKey] = &[
    ApiKey::PRODUCE,
    ApiKey::FETCH,
    ApiKey::METADATA,
    ApiKey::FIND_COORDINATOR,
    ApiKey::JOIN_GROUP,
    ApiKey::SYNC_GROUP,
    ApiKey::HEARTBEAT,
    ApiKey::CONSUMER_GROUP_HEARTBEAT,
    ApiKey::OFFSET_COMMIT,
    ApiKey::OFFSET_FETCH,
    ApiKey::INIT_PRODUCER_ID,
    ApiKey::ADD_PARTITIONS_TO_TXN,
    ApiKey::TXN_OFFSET_COMMIT,
    ApiKey::END_TXN,
    ApiKey::LIST_OFFSETS,
];

/// Who commits positions.
const COMMITS: &[ApiKey] = &[ApiKey::OFFSET_COMMIT, ApiKey::TXN_OFFSET_COMMIT];

/// Twice so much is below `log.message.timestamp.after.max.ms`.
const JUMP_MS_MAX: u64 = 25 * 60 * 1000;

impl Faults {
    pub(crate) fn new(recipe: &Recipe) -> Self {
        let random = Random::new(recipe.seed ^ 0xfa17);
        let (interval_ms, harm) = (recipe.fault_interval_ms, recipe.harm);
        let mut faults = Self {
            random,
            interval_ms,
            harm,
            next: Instant::now(),
            count: 0,
            armed: Vec::new(),
            stopped: Vec::new(),
            excuse: None,
            out_of_reach: Duration::ZERO,
            of_feeder: HurriedFaults::new(recipe),
        };
        faults.draw_next();
        faults
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Why a process may have ended by itself, if it may.
    pub(crate) fn excuse(&self) -> Option<&'static str> {
        self.excuse
    }

    /// Something goes wrong, if it is time.
    pub(crate) async fn turn(&mut self, whole: &mut Whole) {
        let now = Instant::now();
        if let Some(at) = self.stopped.iter().position(|(_, until)| *until <= now) {
            self.start_node(whole, at).await;
        }
        let killed = match &mut self.of_feeder {
            Some(faults) => faults.turn(whole).await,
            None => None,
        };
        if let Some(away) = killed {
            for node in 1..=whole.recipe.nodes {
                self.kill_node(whole, node, away).await;
            }
        }
        if self.next > now {
            return;
        }
        self.draw_next();
        self.count += 1;
        let drawn = self.random.range(0, 99);
        match self.harm {
            Harm::Gentle if drawn < 50 => self.stop_process(whole),
            Harm::Gentle if drawn < 75 => {
                let api = *self.random.pick(COMMITS).expect("one of them");
                let fault = Fault::new(api, Action::Answer(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS));
                self.arm(whole, fault).await;
            }
            Harm::Gentle => self.move_leader(whole).await,
            Harm::Kills if drawn < 60 => self.kill_process(whole).await,
            Harm::Kills if drawn < 85 => self.stop_process(whole),
            Harm::Kills => self.move_leader(whole).await,
            Harm::All => match drawn {
                0..=14 => self.kill_process(whole).await,
                15..=24 => self.stop_process(whole),
                25..=34 => self.move_leader(whole).await,
                35..=54 => self.cut(whole),
                55..=62 => self.refuse(whole),
                63..=72 => self.stop_node(whole).await,
                73..=76 => self.jump(whole),
                _ => {
                    let fault = self.fault();
                    self.arm(whole, fault).await;
                }
            },
        }
    }

    /// Everything is mended.
    pub(crate) async fn calm(&mut self, whole: &mut Whole) {
        let of_feeder = self.of_feeder.iter_mut().flat_map(HurriedFaults::take_armed);
        for fault in self.armed.drain(..).chain(of_feeder) {
            fault.disarm().await;
        }
        while !self.stopped.is_empty() {
            self.start_node(whole, 0).await;
        }
        whole.network.calm();
    }

    /// Mishaps that follow each other may silence a process for longer than each of them does.
    fn silence(&mut self, time: Duration) {
        self.out_of_reach += time;
        if self.out_of_reach > SESSION / 2 {
            self.excuse = self.excuse.or(Some("it may not have been heard for as long as its session"));
        }
    }

    fn draw_next(&mut self) {
        let ms = self.interval_ms as f64 * -(1.0 - self.random.unit()).ln();
        self.next = Instant::now() + Duration::from_millis(ms as u64);
    }

    fn process(&mut self, whole: &Whole) -> usize {
        self.random.range(0, whole.processes.count() as u64 - 1) as usize
    }

    async fn kill_process(&mut self, whole: &mut Whole) {
        let (number, away) = (self.process(whole), self.random.scale(100, 10_000));
        whole.tell(|| format!("process {number} is killed, and away for {away} ms"));
        whole.processes.kill(number, Duration::from_millis(away)).await;
        self.excuse = self.excuse.or(Some("a process was killed"));
    }

    fn stop_process(&mut self, whole: &mut Whole) {
        let number = self.process(whole);
        whole.tell(|| format!("process {number} is asked to stop"));
        whole.processes.stop(number);
    }

    async fn move_leader(&mut self, whole: &mut Whole) {
        let node = self.random.range(1, whole.recipe.nodes as u64) as i32;
        let (source, sink) = whole.recipe.partitions;
        let (topic, count) = if self.random.percent(50) { ("orders", source) } else { ("latest", sink) };
        let partition = self.random.range(0, count as u64 - 1) as i32;
        let epoch = whole.broker.move_leader(topic, partition, node).await;
        whole.tell(|| format!("node {node} leads {topic}-{partition}: {epoch:?}"));
    }

    /// Of any process or the feeder.
    fn cut(&mut self, whole: &mut Whole) {
        let number = self.random.range(0, whole.processes.count() as u64) as usize;
        let one_in = self.random.range(1, 4);
        whole.tell(|| format!("of process {number}, a link in {one_in} is cut"));
        whole.network.cut(number, one_in, &mut self.random);
    }

    fn refuse(&mut self, whole: &mut Whole) {
        let number = self.random.range(0, whole.processes.count() as u64) as usize;
        let ms = self.random.scale(50, 9_000);
        whole.tell(|| format!("process {number} is cut off for {ms} ms"));
        whole.network.refuse(number, Duration::from_millis(ms));
        self.silence(Duration::from_millis(ms));
        whole.network.cut(number, 1, &mut self.random);
    }

    /// A wall clock jumps, within the hour that brokers allow timestamps to be ahead.
    fn jump(&mut self, whole: &mut Whole) {
        let of_brokers = self.random.percent(50);
        let ms = self.random.range(0, 2 * JUMP_MS_MAX) as i64 - JUMP_MS_MAX as i64;
        whole.tell(|| format!("clocks are off by {ms} ms, those of brokers: {of_brokers}"));
        let (brokers, processes) = &whole.walls;
        (if of_brokers { brokers } else { processes }).set_off_by(ms);
    }

    async fn stop_node(&mut self, whole: &mut Whole) {
        let node = self.random.range(1, whole.recipe.nodes as u64) as i32;
        if self.stopped.iter().any(|(it, _)| *it == node) {
            return;
        }
        let ms = self.random.scale(20, 4_000);
        self.kill_node(whole, node, Duration::from_millis(ms)).await;
    }

    async fn kill_node(&mut self, whole: &mut Whole, node: i32, away: Duration) {
        if self.stopped.iter().any(|(it, _)| *it == node) {
            return;
        }
        whole.tell(|| format!("node {node} is killed, and away for {} ms", away.as_millis()));
        let stopped = whole.broker.stop_node(node).await;
        stopped.expect("a node");
        self.stopped.push((node, Instant::now() + away));
        self.silence(away);
    }

    async fn start_node(&mut self, whole: &mut Whole, at: usize) {
        let (node, _) = self.stopped.remove(at);
        whole.tell(|| format!("node {node} is there again"));
        whole.broker.start_node(node).await.expect("a node");
    }

    fn fault(&mut self) -> Fault {
        let api = self.random.pick(APIS).copied().unwrap_or(ApiKey::PRODUCE);
        let action = match self.random.range(0, 3) {
            0 => Action::Close,
            1 => Action::LoseAnswer,
            2 => Action::Delay(Duration::from_millis(self.random.scale(10, 6_000))),
            _ if api == ApiKey::PRODUCE => self.produce_refusal(),
            _ => Action::Answer(refusal(api)),
        };
        Fault::new(api, action).skip(self.random.range(0, 3) as u32)
    }

    /// A leader's that has not written, or has.
    fn produce_refusal(&mut self) -> Action {
        match self.random.range(0, 5) {
            0 => Action::Answer(ErrorCode::NOT_ENOUGH_REPLICAS),
            1 => Action::Answer(ErrorCode::KAFKA_STORAGE_ERROR),
            2 => Action::AnswerAfterWork(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND),
            3 => Action::AnswerAfterWork(ErrorCode::REQUEST_TIMED_OUT),
            _ => Action::Answer(refusal(ApiKey::PRODUCE)),
        }
    }

    async fn arm(&mut self, whole: &Whole, fault: Fault) {
        let fault = fault.times(self.random.range(1, 3) as u32);
        if let Action::Delay(time) = fault.action {
            self.silence(time * fault.count);
        }
        whole.tell(|| format!("{fault:?}"));
        self.armed.push(whole.broker.fault(fault).await);
    }
}

/// What a broker of that API answers in bad moments, without having done anything.
fn refusal(api: ApiKey) -> ErrorCode {
    match api {
        ApiKey::PRODUCE | ApiKey::FETCH | ApiKey::LIST_OFFSETS | ApiKey::METADATA => {
            ErrorCode::NOT_LEADER_OR_FOLLOWER
        }
        ApiKey::HEARTBEAT | ApiKey::JOIN_GROUP | ApiKey::SYNC_GROUP | ApiKey::OFFSET_COMMIT => {
            ErrorCode::NOT_COORDINATOR
        }
        _ => ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
    }
}
