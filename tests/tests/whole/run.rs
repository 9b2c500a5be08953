//! A run: a world is made of a seed, disturbed, left alone, and judged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::Clock;

use super::faults::Faults;
use super::feeder::Feeder;
use super::judge::Due;
use super::ledger::PARTITIONS;
use super::network::Network;
use super::planted_bug::PlantedBug;
use super::processes::{LifeEnd, Processes};
use super::recipe::{FETCH_MAX_WAIT_MS, Recipe, SESSION, SETTLED_WITHIN};
use super::tap::Tap;
use super::topic_log::TopicLog;
use super::trace::Trace;
use super::wall::Wall;
use super::writer::{LEDGER, Writers};

/// What a run that kept its promises came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    /// Rows of a feeder in a hurry that it was told to have failed.
    pub(crate) failed_rows: u64,
    pub(crate) faults: u64,
    pub(crate) frames: u64,
    pub(crate) failures: u64,
    pub(crate) virtual_time: Duration,
}

/// Everything in a run.
pub(crate) struct Whole {
    pub(crate) recipe: Recipe,
    pub(crate) broker: Broker,
    pub(crate) network: Network,
    pub(crate) processes: Processes,
    pub(crate) began: Instant,
    /// The wall clocks of the brokers and of the processes.
    pub(crate) walls: (Wall, Wall),
    tap: Tap,
    feeder: Feeder,
    writers: Option<Writers>,
    trace: Trace,
    failures: u64,
    /// All was caught up, in quiet.
    is_settled: bool,
}

/// The first second of 2026.
const BEGAN_UNIX_MS: i64 = 1_767_225_600_000;
/// How often the world is looked at.
const TURN: Duration = Duration::from_millis(50);
/// Within so much of quiet, when all is caught up, a row that is fed then is in the sink.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(10);
/// And within so much every partition has one reader.
const OWNED_WITHIN: Duration = Duration::from_secs(30);
/// And within so much all processes have stopped.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// Runs a seed on a runtime of its own, with a bug or without; what it does goes to `lines`, if somebody reads them.
pub(crate) fn run(
    seed: u64,
    bug: Option<PlantedBug>,
    lines: Option<Arc<Mutex<Vec<String>>>>,
) -> Result<Tally, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let verdict = runtime.block_on(async {
        let trace = Trace::new(lines);
        Whole::new(Recipe::draw(seed), bug, trace).await?.play().await
    });
    runtime.shutdown_background();
    verdict
}

impl Whole {
    async fn new(recipe: Recipe, bug: Option<PlantedBug>, trace: Trace) -> Result<Self, String> {
        trace.tell(|| format!("{recipe:#?}"));
        let config = BrokerConfig::default()
            .with_nodes(recipe.nodes)
            .with_auto_create_topics(false)
            .with_transaction_version(recipe.transaction_version)
            .with_marker_delay(Duration::from_millis(recipe.marker_delay_ms))
            .with_consumer_session_timeout(SESSION)
            .with_consumer_heartbeat_interval(Duration::from_millis(1500))
            .with_seed(recipe.seed + 1);
        let walls = (Wall::new(BEGAN_UNIX_MS), Wall::new(BEGAN_UNIX_MS));
        let machine = upsert_kafka_broker::Environment::new()
            .with_clock(upsert_kafka_broker::Clock::of(walls.0.clone()))
            .without_sockets();
        let broker = Broker::start_in(config, machine).await.map_err(|error| error.to_string())?;
        let (clock, tap) = (Clock::of(walls.1.clone()), Tap::new(recipe.processes, bug, trace.clone()));
        let network = Network::new(broker.connector(), clock, recipe.seed, recipe.latency_ms, tap.clone());
        let network = network.with_bad_links_of(recipe.hurry.map(|_| recipe.processes));
        let servers: Vec<_> = broker.addresses().iter().map(ToString::to_string).collect();
        let servers = servers.join(",");
        let feeder = Feeder::open(&recipe, &network, &servers, trace.clone()).await;
        let feeder = feeder.map_err(|error| error.to_string())?;
        let writers = Writers::open(&recipe, &network, &servers, &trace).await;
        let writers = writers.map_err(|error| error.to_string())?;
        let sql = recipe.sql(&servers);
        let processes = Processes::new(sql, recipe.job.is_named, recipe.processes, network.clone());
        let began = Instant::now();
        Ok(Self {
            recipe,
            broker,
            network,
            processes,
            began,
            walls,
            tap,
            feeder,
            writers,
            trace,
            failures: 0,
            is_settled: false,
        })
    }

    /// Adds a line to the trace.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        self.trace.tell(line);
    }

    async fn play(&mut self) -> Result<Tally, String> {
        let mut faults = Faults::new(&self.recipe);
        let interval = self.recipe.feed_interval();
        let mut next_feed = self.began;
        while self.began.elapsed() < self.recipe.faults_until {
            if next_feed <= Instant::now() {
                self.feeder.feed(false).await?;
                next_feed = Instant::now() + interval;
            }
            self.turn(faults.excuse()).await?;
            faults.turn(self).await;
            sleep(TURN).await;
        }
        faults.calm(self).await;
        self.tell(|| "from now on nothing goes wrong".to_owned());
        self.settle(SETTLED_WITHIN, faults.excuse()).await?;
        self.feeder.feed(true).await?;
        self.is_settled = true;
        self.settle(CAUGHT_UP_WITHIN, None).await?;
        self.judge_owners().await?;
        if let Some(writers) = self.writers.take() {
            let committed = writers.judge(&self.broker).await?;
            self.judge_readers(LEDGER, PARTITIONS, &committed).await?;
        }
        self.stop_all().await?;
        self.judge_sink_readers().await?;
        let (due, sink) = (self.due().await?, self.sink().await?);
        due.judge_sink(&self.recipe, &sink)?;
        Ok(Tally {
            rows: self.feeder.fates().rows() as u64,
            failed_rows: self.feeder.fates().failed() as u64,
            faults: faults.count(),
            frames: self.tap.frames(),
            failures: self.failures,
            virtual_time: self.began.elapsed(),
        })
    }

    /// Every partition of the source must be read by one process, within a stated time.
    async fn judge_owners(&mut self) -> Result<(), String> {
        let until = Instant::now() + OWNED_WITHIN;
        loop {
            drop(self.tap.take_readers());
            sleep(Duration::from_millis(FETCH_MAX_WAIT_MS + 200)).await;
            self.turn(None).await?;
            let readers = self.tap.take_readers();
            let owned = |index| readers.get(&index).is_some_and(|of| of.len() == 1);
            if (0..self.recipe.partitions.0).all(owned) {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!(
                    "not each partition has one reader after {OWNED_WITHIN:?} of quiet: {readers:?}"
                ));
            }
        }
    }

    async fn stop_all(&mut self) -> Result<(), String> {
        let processes = std::mem::replace(
            &mut self.processes,
            Processes::new(String::new(), false, 0, self.network.clone()),
        );
        let ends = tokio::time::timeout(STOPPED_WITHIN, processes.end()).await;
        for (number, end) in ends.map_err(|_| "a process did not stop")? {
            let LifeEnd::Stopped = end else { return Err(format!("process {number} at its stop: {end:?}")) };
        }
        Ok(())
    }

    async fn judge_sink_readers(&self) -> Result<(), String> {
        if !self.recipe.job.is_exactly_once {
            return Ok(());
        }
        self.judge_readers("latest", self.recipe.partitions.1, &self.sink().await?).await
    }

    /// The shipped consumer with `read_committed` must show what the logs' markers say.
    async fn judge_readers(&self, topic: &str, partitions: i32, due: &TopicLog) -> Result<(), String> {
        let shown = tokio::time::timeout(CAUGHT_UP_WITHIN, self.feeder.shown(topic, partitions)).await;
        let shown = shown.map_err(|_| format!("a reader of {topic} does not come to its end"))?;
        let shown = shown.map_err(|error| error.to_string())?;
        if shown.by_key() != due.by_key() {
            let (shown, due) = (shown.by_key(), due.by_key());
            return Err(format!("a reader with read_committed shows {shown:?}, of committed {due:?}"));
        }
        Ok(())
    }

    /// Starts processes that are due, hears of those that ended: by themselves without an excuse none does.
    async fn turn(&mut self, excuse: Option<&str>) -> Result<(), String> {
        for (number, end) in self.processes.turn().await {
            self.tell(|| format!("process {number} has ended: {end:?}"));
            match end {
                LifeEnd::Stopped => {}
                LifeEnd::Failed(why) if excuse.is_none() => {
                    return Err(format!("process {number} ended by itself, for no cause: {why}"));
                }
                LifeEnd::Failed(_) => self.failures += 1,
                LifeEnd::Panicked(why) => return Err(format!("process {number} panicked: {why}")),
            }
        }
        self.feeder.turn()?;
        self.tap.take_violation().map_or(Ok(()), Err)
    }

    /// Waits until the sink holds what was fed.
    async fn settle(&mut self, within: Duration, excuse: Option<&str>) -> Result<(), String> {
        let until = Instant::now() + within;
        let rest = self.recipe.names_held().max(self.recipe.feeder_settled());
        let not_before = Instant::now() + if self.is_settled { Duration::ZERO } else { rest };
        self.feeder.flush().await?;
        let mut due = self.due().await?;
        loop {
            self.turn(excuse).await?;
            let sink = self.sink().await?;
            if Instant::now() >= not_before && sink.unstable == 0 && due.is_reached_by(&sink) {
                return Ok(());
            }
            if Instant::now() > until {
                let (due, sink) = (due.counts().collect::<Vec<_>>(), sink.by_key());
                return Err(format!(
                    "not caught up after {within:?} of quiet: of {due:?} the sink has {sink:?}"
                ));
            }
            if self.recipe.hurry.is_some() {
                // What was under way when its time was over may still come.
                due = self.due().await?;
            }
            sleep(TURN * 4).await;
        }
    }

    /// What lies in the source, which must be as the feeder was told.
    async fn due(&self) -> Result<Due, String> {
        let source = TopicLog::written(&self.broker, "orders", self.recipe.partitions.0).await?;
        self.feeder.judge(&source)?;
        Ok(Due::of(&source))
    }

    async fn sink(&self) -> Result<TopicLog, String> {
        let partitions = self.recipe.partitions.1;
        if self.recipe.job.is_exactly_once {
            TopicLog::committed(&self.broker, "latest", partitions).await
        } else {
            TopicLog::written(&self.broker, "latest", partitions).await
        }
    }
}
