//! One cell of the matrix: a job, what harms it and when, a restart, and the judgement.

use std::time::Duration;

use tokio::time::timeout;
use upsert_kafka_broker::{Action, BrokerConfig, Fault};
use upsert_kafka_protocol::{ApiKey, ErrorCode};
use upsert_kafka_tests::kafka::Kafka;

use super::encoding::Encoding;
use super::oracle::Gaps;
use super::process::Process;
use super::stage::{PATIENCE, Stage};

/// What is done to a job.
#[derive(Clone, Copy, Debug)]
pub(super) enum Harm {
    /// An answer to such a request.
    Fault(ApiKey, Action),
    /// kill -9.
    Kill,
    /// kill -9 when such a request is sent: before it is heard, or when it has been done and not answered.
    KillAt(ApiKey, Action),
    /// The broker goes for longer than `delivery.timeout.ms`.
    Away,
    /// The sink's broker refuses one record of many, for good.
    Refused,
}

/// When.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    /// While the job starts.
    Start,
    /// While it carries rows and commits periodically.
    Running,
    /// At its last flush and commit.
    Stop,
}

/// What kind of job it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// The seed's.
    Plain,
    /// With `sink.buffer-flush.*`.
    Buffered,
    /// Two tasks that share the input.
    Shared,
    /// Two tasks of the sink, to which rows go by the hash of their key.
    Exchanged,
    /// The same behind two tasks that share the input, with `sink.buffer-flush.*`.
    ExchangedAndBuffered,
    /// From an upsert-kafka table.
    UpsertSource,
    /// From an upsert-kafka table whose last row of each key is kept, and rebuilt at the start.
    Normalized,
    /// Rows of csv.
    Csv,
    /// Rows of avro.
    Avro,
    /// Rows and positions in one transaction, in the newer protocol of KIP-890.
    ExactlyOnce,
    /// The same in the older protocol.
    ExactlyOnceClassic,
    /// The same with an id for each checkpoint, by two tasks, with `sink.buffer-flush.*`.
    ExactlyOnceIncrementing,
    /// From a source on another cluster, whose positions a progress topic keeps.
    ExactlyOnceElsewhere,
    /// By three tasks of the sink behind two that share the input, all in one transaction.
    ExactlyOnceExchanged,
}

impl Shape {
    /// All but the plain one.
    pub(super) const OTHERS: [Self; 8] = [
        Self::Buffered,
        Self::Shared,
        Self::Exchanged,
        Self::ExchangedAndBuffered,
        Self::UpsertSource,
        Self::Normalized,
        Self::Csv,
        Self::Avro,
    ];

    /// Those whose rows are seen once.
    pub(super) const EXACTLY_ONCE: [Self; 5] = [
        Self::ExactlyOnce,
        Self::ExactlyOnceClassic,
        Self::ExactlyOnceIncrementing,
        Self::ExactlyOnceElsewhere,
        Self::ExactlyOnceExchanged,
    ];
}

pub(super) struct Scenario {
    pub(super) name: String,
    shape: Shape,
    sinks: usize,
    latest: bool,
    harm: Harm,
    when: When,
}

impl Scenario {
    pub(super) fn new(name: String, sinks: usize, latest: bool, harm: Harm, when: When) -> Self {
        let startup = if latest { "latest" } else { "earliest" };
        let name = format!("{name}/{sinks}-sinks/{startup}");
        Self { name, shape: Shape::Plain, sinks, latest, harm, when }
    }

    /// The same for another kind of job.
    pub(super) fn of(self, shape: Shape) -> Self {
        Self { name: format!("{}/{shape:?}", self.name), shape, ..self }
    }

    pub(super) async fn play(&self) -> Result<(), String> {
        let acts = async { self.acts(self.shape.set(self.sinks).await).await };
        timeout(4 * PATIENCE, acts).await.unwrap_or_else(|_| Err("it hangs".to_owned()))
    }

    /// The same on a real Kafka.
    pub(super) async fn play_on(&self, kafka: &'static Kafka) -> Result<(), String> {
        let acts = async {
            let stage = Stage::set_on(kafka, self.sinks, self.shape.is_elsewhere()).await;
            self.acts(if self.shape.is_exactly_once() { stage.committed() } else { stage }).await
        };
        timeout(4 * PATIENCE, acts).await.unwrap_or_else(|_| Err("it hangs".to_owned()))
    }

    async fn acts(&self, mut stage: Stage) -> Result<(), String> {
        if !self.latest {
            stage.feed(ROWS).await;
        }
        let mut starts = 1;
        let mut job = self.first_run(&mut stage).await?;
        if job.is_none() && self.latest && stage.input.rows() == 0 {
            // It never began, so nothing before now is its own: the input begins with the next run.
            starts += 1;
            let mut next = self.start(&stage);
            next.opened().await;
            job = Some(next);
        }
        if let Some(mut job) = job {
            stage.feed(ROWS).await;
            tokio::select! {
                reached = stage.caught_up() => reached?,
                // The fault ended it after all.
                _ = job.ended() => {}
            }
            job.stop();
            // What it met may have told it to fail; the next run must mend that.
            _ = job.ended().await;
        }
        // It is down, and rows come.
        stage.feed(ROWS).await;
        let mut last = self.start(&stage);
        starts += 1;
        if !last.opened().await {
            return Err(format!("the restart without the fault fails: {:?}", last.ended().await));
        }
        tokio::select! {
            reached = stage.caught_up() => reached?,
            ended = last.ended() => return Err(format!("the restart without the fault ends early: {ended:?}")),
        }
        last.stop();
        last.ended().await.map_err(|why| format!("the restart without the fault ends badly: {why}"))?;
        if self.shape.is_exactly_once() {
            let gaps = if self.shape == Shape::ExactlyOnceIncrementing { Gaps::Reduced } else { Gaps::Lost };
            return stage.judge(0, gaps).await;
        }
        // A run more than is counted here.
        let restarts = if matches!(self.harm, Harm::Refused) { starts } else { starts - 1 };
        stage.judge(restarts, self.gaps()).await
    }

    /// What followed a refused record may have been written before the job could know of the refusal.
    fn gaps(&self) -> Gaps {
        match self.harm {
            _ if matches!(self.shape, Shape::Buffered | Shape::ExchangedAndBuffered) => Gaps::Reduced,
            Harm::Refused => Gaps::Allowed,
            Harm::Fault(ApiKey::PRODUCE, Action::Answer(_) | Action::RefusePartition(..)) => Gaps::Allowed,
            _ => Gaps::Lost,
        }
    }

    /// A job that meets the fault; it is given back if it lives on.
    async fn first_run(&self, stage: &mut Stage) -> Result<Option<Process>, String> {
        match self.when {
            When::Start => self.harmed_at_start(stage).await,
            When::Running => self.harmed_while_running(stage).await,
            When::Stop => self.harmed_at_stop(stage).await,
        }
    }

    async fn harmed_at_start(&self, stage: &mut Stage) -> Result<Option<Process>, String> {
        match self.harm {
            Harm::Fault(api, action) => {
                let armed = stage.fault(fault(api, action)).await;
                let mut job = self.start(stage);
                let opened = job.opened().await;
                armed.disarm().await;
                Ok(opened.then_some(job))
            }
            Harm::Kill => {
                let mut armed = stage.fault(fault(ApiKey::OFFSET_COMMIT, Action::LoseAnswer)).await;
                let mut job = self.start(stage);
                armed.wait(1).await;
                job.kill();
                _ = job.ended().await;
                Ok(None)
            }
            Harm::Away | Harm::Refused | Harm::KillAt(..) => {
                let mut job = self.start(stage);
                let opened = job.opened().await;
                Ok(opened.then_some(job))
            }
        }
    }

    async fn harmed_while_running(&self, stage: &mut Stage) -> Result<Option<Process>, String> {
        let mut job = self.start(stage);
        if !job.opened().await {
            return Err(format!("it does not start: {:?}", job.ended().await));
        }
        match self.harm {
            Harm::Fault(api, action) => {
                let mut armed = stage.fault(fault(api, action)).await;
                stage.feed(ROWS).await;
                // Some points are not passed again by a job that runs.
                let struck = timeout(SOON, armed.wait(1)).await;
                armed.disarm().await;
                Ok(self.left(job, struck.is_ok()).await)
            }
            Harm::Kill => {
                stage.feed(ROWS).await;
                job.kill();
                _ = job.ended().await;
                Ok(None)
            }
            Harm::KillAt(api, action) => {
                let mut armed = stage.fault(fault(api, action).skip(KILLED_AFTER)).await;
                for _ in 0..=KILLED_AFTER {
                    stage.feed(ROWS).await;
                    stage.caught_up_or(&mut job, &mut armed).await?;
                }
                armed.wait(1).await;
                job.kill();
                _ = job.ended().await;
                Ok(None)
            }
            Harm::Away => {
                stage.feed(ROWS).await;
                stage.away(AWAY).await;
                Ok(self.left(job, true).await)
            }
            Harm::Refused => {
                let refused = || fault(ApiKey::PRODUCE, Action::Answer(ErrorCode::MESSAGE_TOO_LARGE)).skip(3);
                let mut armed = stage.fault(refused()).await;
                stage.feed(ROWS).await;
                armed.wait(1).await;
                let first = job.ended().await;
                // The next run meets the same rows, and nobody takes them yet.
                let mut armed = stage.fault(refused()).await;
                let mut again = self.start(stage);
                armed.wait(1).await;
                let second = again.ended().await;
                if first.is_ok() || second.is_ok() {
                    return Err(format!("a refused record was passed over: {first:?}, then {second:?}"));
                }
                Ok(None)
            }
        }
    }

    async fn harmed_at_stop(&self, stage: &mut Stage) -> Result<Option<Process>, String> {
        let mut job = self.start(stage);
        if !job.opened().await {
            return Err(format!("it does not start: {:?}", job.ended().await));
        }
        // What the last flush waits for is under way when the stop comes.
        let held = stage.fault(fault(ApiKey::PRODUCE, HELD).times(u32::MAX)).await;
        stage.feed(ROWS).await;
        match self.harm {
            Harm::Fault(api, action) => {
                let armed = stage.fault(fault(api, action)).await;
                held.disarm().await;
                job.stop();
                _ = job.ended().await;
                armed.disarm().await;
            }
            Harm::Kill | Harm::KillAt(..) => {
                job.stop();
                job.kill();
                _ = job.ended().await;
                held.disarm().await;
            }
            Harm::Away | Harm::Refused => {
                held.disarm().await;
                job.stop();
                stage.away(AWAY).await;
                _ = job.ended().await;
            }
        }
        Ok(None)
    }

    /// The job, if the fault has not ended it.
    async fn left(&self, mut job: Process, struck: bool) -> Option<Process> {
        let ended = struck && timeout(SOON, job.ended()).await.is_ok();
        (!ended).then_some(job)
    }

    fn start(&self, stage: &Stage) -> Process {
        Process::start(stage.placed(&self.sql(&stage.prefix)))
    }

    fn sql(&self, prefix: &str) -> String {
        let sql = self.shape.applied(&job(
            prefix,
            self.sinks,
            if self.latest { "latest-offset" } else { "earliest-offset" },
        ));
        // Jobs of one real Kafka must not fence each other.
        let sql = sql.replace(
            "'sink.transactional-id-prefix' = '",
            &format!("'sink.transactional-id-prefix' = '{prefix}"),
        );
        match self.harm {
            // Each record is a batch of its own, so that one of many is refused. Nothing here outwaits the timeout, and
            // on a slow machine so many requests take long.
            Harm::Refused => sql
                .replace("'properties.linger.ms'", "'properties.batch.size' = '1', 'properties.linger.ms'")
                .replace(&DELIVERY_TIMEOUT.as_millis().to_string(), &PATIENCE.as_millis().to_string()),
            _ => sql,
        }
    }
}

impl Shape {
    fn is_exactly_once(self) -> bool {
        Self::EXACTLY_ONCE.contains(&self)
    }

    fn is_elsewhere(self) -> bool {
        self == Self::ExactlyOnceElsewhere
    }

    async fn set(self, sinks: usize) -> Stage {
        let version = if self == Self::ExactlyOnceClassic { 1 } else { 2 };
        let config = BrokerConfig::default().with_transaction_version(version);
        if self.is_elsewhere() {
            return Stage::set_elsewhere(config, sinks).await.committed();
        }
        match self.is_exactly_once() {
            // A commit is asked for, and done a while later.
            true => {
                Stage::set_with(config.with_marker_delay(Duration::from_millis(3)), sinks).await.committed()
            }
            false => Stage::set(sinks).await.of(self.encoding()),
        }
    }

    fn encoding(self) -> Encoding {
        match self {
            Self::Csv => Encoding::Csv,
            Self::Avro => Encoding::Avro,
            _ => Encoding::Json,
        }
    }

    /// The job in this shape.
    fn applied(self, sql: &str) -> String {
        let of_source = |sql: &str, option: &str| {
            sql.replace(
                "'properties.fetch.max.wait.ms'",
                &format!("{option}, 'properties.fetch.max.wait.ms'"),
            )
        };
        let of_sink = |sql: &str, option: &str| {
            sql.replace("'properties.linger.ms'", &format!("{option}, 'properties.linger.ms'"))
        };
        match self {
            Self::Plain => sql.to_owned(),
            Self::ExactlyOnce | Self::ExactlyOnceClassic | Self::ExactlyOnceElsewhere => {
                of_sink(sql, EXACTLY_ONCE)
            }
            Self::ExactlyOnceIncrementing => {
                let sink =
                    format!("{EXACTLY_ONCE}, {BUFFER}, 'sink.transaction-naming-strategy' = 'INCREMENTING'");
                of_source(&of_sink(sql, &sink), "'scan.parallelism' = '2'")
            }
            Self::ExactlyOnceExchanged => {
                let sink = format!("{EXACTLY_ONCE}, 'sink.parallelism' = '3'");
                of_source(&of_sink(sql, &sink), "'scan.parallelism' = '2'")
            }
            Self::Buffered => of_sink(sql, BUFFER),
            Self::Shared => of_source(sql, "'scan.parallelism' = '2'"),
            Self::Exchanged => of_sink(sql, "'sink.parallelism' = '2'"),
            Self::ExchangedAndBuffered => {
                let sink = format!("{BUFFER}, 'sink.parallelism' = '3'");
                of_source(&of_sink(sql, &sink), "'scan.parallelism' = '2'")
            }
            Self::Csv | Self::Avro => {
                let format = format!("format' = '{}'", self.encoding().name());
                sql.replace("value.format' = 'json'", &format!("value.{format}"))
                    .replace("'format' = 'json'", &format!("'{format}"))
            }
            // The filter must know the old rows, and every new one passes.
            Self::Normalized => of_sink(&Self::UpsertSource.applied(sql), "'sink.delete.mode' = 'ignore'")
                .replace("SELECT * FROM src", "SELECT * FROM src WHERE n >= 0"),
            Self::UpsertSource => sql
                .replace("src (id INT, n INT)", "src (id INT, n INT, PRIMARY KEY (id) NOT ENFORCED)")
                .replace("'connector' = 'kafka'", "'connector' = 'upsert-kafka'")
                .replace("'scan.startup.mode' = 'earliest-offset',", "")
                .replace(
                    "'format' = 'json');\nCREATE",
                    "'key.format' = 'json', 'value.format' = 'json');\nCREATE",
                ),
        }
    }
}

const BUFFER: &str = "'sink.buffer-flush.max-rows' = '4', 'sink.buffer-flush.interval' = '30 ms'";

const EXACTLY_ONCE: &str = "'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'tx', \
                            'properties.max.block.ms' = '2000'";

/// So many requests are answered before the one at which a job is killed.
const KILLED_AFTER: u32 = 2;

/// A fault that strikes the job and nobody else.
fn fault(api: ApiKey, action: Action) -> Fault {
    Fault::new(api, action).of_client(CLIENT_ID)
}

/// Longer than any record may wait.
const AWAY: Duration = Duration::from_millis(DELIVERY_TIMEOUT.as_millis() as u64 * 5 / 4);

/// A job of one source and so many sinks, with a prefix before the names of its topics and group.
pub(super) fn job(prefix: &str, sinks: usize, startup: &str) -> String {
    let client = format!(
        "'properties.bootstrap.servers' = 'x:1', 'properties.client.id' = '{CLIENT_ID}', 'properties.retry.backoff.ms' = '5', \
         'properties.reconnect.backoff.ms' = '5', 'properties.reconnect.backoff.max.ms' = '20'"
    );
    let mut sql = format!(
        "SET 'execution.checkpointing.interval' = '20 ms';
CREATE TABLE src (id INT, n INT) WITH ('connector' = 'kafka', 'topic' = '{prefix}in', {client},
  'properties.group.id' = '{prefix}g', 'properties.fetch.max.wait.ms' = '20', 'scan.startup.mode' = '{startup}',
  'scan.topic-partition-discovery.interval' = '50 ms', 'format' = 'json');\n"
    );
    for sink in 0..sinks {
        sql += &format!(
            "CREATE TABLE dst{sink} (id INT, n INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka', 'topic' = '{prefix}out{sink}', {client}, 'properties.linger.ms' = '0',
  'properties.request.timeout.ms' = '{request}', 'properties.delivery.timeout.ms' = '{delivery}',
  'key.format' = 'json', 'value.format' = 'json');
INSERT INTO dst{sink} SELECT * FROM src;\n",
            request = DELIVERY_TIMEOUT.as_millis() / 2,
            delivery = DELIVERY_TIMEOUT.as_millis(),
        );
    }
    sql
}

/// Far beyond a fault of one request, and short enough to outwait.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);
/// Within this a job that runs passes every point that it passes at all.
const SOON: Duration = Duration::from_millis(300);
const HELD: Action = Action::Delay(Duration::from_millis(50));
const ROWS: u32 = 30;
pub(super) const CLIENT_ID: &str = "job";
