//! What a run is made of: the cluster, the job, its processes, the rows, and how much goes wrong. All of it is drawn.

use std::time::Duration;

use super::random::Random;

/// A run's ingredients.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) seed: u64,
    pub(crate) nodes: i32,
    /// Of the source and of the sink.
    pub(crate) partitions: (i32, i32),
    pub(crate) processes: usize,
    pub(crate) keys: i32,
    pub(crate) job: JobRecipe,
    /// The version of transactions that the brokers offer; 1 is the classic one.
    pub(crate) transaction_version: i16,
    pub(crate) marker_delay_ms: u64,
    /// Of both topics, where it is so little that batches go in parts.
    pub(crate) message_bytes_max: Option<u64>,
    /// Of every producer.
    pub(crate) batch_bytes: u64,
    pub(crate) linger_ms: u64,
    pub(crate) in_flight: u64,
    /// Milliseconds that a frame is under way, at most; some connections are slower.
    pub(crate) latency_ms: u64,
    pub(crate) feed_interval_ms: u64,
    /// Milliseconds between two mishaps, on the average.
    pub(crate) fault_interval_ms: u64,
    pub(crate) harm: Harm,
    /// When mishaps end.
    pub(crate) faults_until: Duration,
    /// The feeder does not try for long: its rows may fail.
    pub(crate) hurry: Option<Hurry>,
}

/// A feeder that is in a hurry, and what goes wrong for it alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hurry {
    pub(crate) setup_timeout_ms: u64,
    pub(crate) request_timeout_ms: u64,
    pub(crate) delivery_timeout_ms: u64,
    pub(crate) retry_backoff_ms: u64,
    /// So little that a partition has several batches in flight.
    pub(crate) batch_bytes: u64,
    pub(crate) rows_at_once: u64,
    /// So little that it may be full.
    pub(crate) buffer_bytes: u64,
    pub(crate) request_bytes_max: u64,
    /// Where it does not try for as long as it has time: a stale view may cost it a row then.
    pub(crate) retries: Option<u64>,
    /// Milliseconds between two of its mishaps, on the average.
    pub(crate) fault_interval_ms: u64,
    /// Who writes in transactions beside it, if anybody does.
    pub(crate) writers: Option<WritersRecipe>,
}

/// Who writes in transactions, by a producer as hurried as the feeder's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WritersRecipe {
    /// When another instance takes its place, which does not know of it.
    pub(crate) takeover_at: Option<Duration>,
}

/// The job, in SQL's words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobRecipe {
    pub(crate) is_exactly_once: bool,
    /// `group.protocol` = consumer (KIP-848), or classic.
    pub(crate) is_consumer_protocol: bool,
    /// Processes have names, by which they come back (KIP-345).
    pub(crate) is_named: bool,
    /// The source is an upsert-kafka table, whose last rows the job keeps.
    pub(crate) is_upsert_source: bool,
    pub(crate) checkpoint_ms: u64,
}

/// Which mishaps there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Processes come and go as they are asked to, leaders move, and a coordinator is loading when positions are to be
    /// committed: no row may be written twice.
    Gentle,
    /// Processes are killed as well.
    Kills,
    /// And connections, nodes, answers and clocks fail.
    All,
}

impl Recipe {
    pub(crate) fn draw(seed: u64) -> Self {
        let random = &mut Random::new(seed);
        let partitions = random.range(1, 4) as i32;
        let job = JobRecipe {
            is_exactly_once: random.percent(50),
            is_consumer_protocol: random.percent(50),
            is_named: random.percent(40),
            is_upsert_source: random.percent(30),
            checkpoint_ms: random.scale(100, 2000),
        };
        let mut recipe = Self {
            seed,
            nodes: if random.percent(50) { 1 } else { 3 },
            partitions: (partitions, random.range(1, 2) as i32),
            processes: random.range(1, 3) as usize,
            keys: partitions * random.range(1, 2) as i32,
            job,
            transaction_version: random.range(1, 2) as i16,
            marker_delay_ms: if random.percent(70) { 0 } else { random.scale(1, 2_500) },
            message_bytes_max: random.percent(15).then(|| random.range(160, 400)),
            batch_bytes: random.scale(100, 16_384),
            linger_ms: if random.percent(50) { 5 } else { random.scale(0, 100) },
            in_flight: random.range(1, 5),
            latency_ms: if random.percent(30) { 0 } else { random.scale(1, 40) },
            feed_interval_ms: random.scale(100, 1000),
            fault_interval_ms: random.scale(300, 4000),
            harm: *random.pick(&[Harm::Gentle, Harm::Kills, Harm::All, Harm::All]).unwrap_or(&Harm::All),
            faults_until: Duration::from_millis(random.range(3_000, 15_000)),
            hurry: None,
        };
        if recipe.harm == Harm::All && random.percent(50) {
            recipe.hurry = Some(Hurry::draw(recipe.linger_ms, random));
        }
        recipe
    }

    /// For how long a group may still hold the name of a process that was killed: nobody can come back by it until its
    /// session is over (KIP-848's UNRELEASED_INSTANCE_ID, which ends Java's consumers too).
    pub(crate) fn names_held(&self) -> Duration {
        let are_held = self.job.is_named && self.job.is_consumer_protocol && self.harm != Harm::Gentle;
        if are_held { SESSION + Duration::from_secs(2) } else { Duration::ZERO }
    }

    /// What producers are told.
    pub(crate) fn producer_properties(&self) -> [(&'static str, String); 3] {
        [
            ("batch.size", self.batch_bytes.to_string()),
            ("linger.ms", self.linger_ms.to_string()),
            ("max.in.flight.requests.per.connection", self.in_flight.to_string()),
        ]
    }

    /// What the feeder is told.
    pub(crate) fn feeder_properties(&self) -> Vec<(&'static str, String)> {
        let mut properties = self.producer_properties().to_vec();
        let Some(hurry) = self.hurry else {
            properties.push(("request.timeout.ms", REQUEST_TIMEOUT_MS.to_string()));
            return properties;
        };
        properties.retain(|(key, _)| *key != "batch.size");
        properties.extend([
            ("batch.size", hurry.batch_bytes.to_string()),
            ("socket.connection.setup.timeout.ms", hurry.setup_timeout_ms.to_string()),
            ("socket.connection.setup.timeout.max.ms", hurry.setup_timeout_ms.to_string()),
            ("request.timeout.ms", hurry.request_timeout_ms.to_string()),
            ("delivery.timeout.ms", hurry.delivery_timeout_ms.to_string()),
            ("retry.backoff.ms", hurry.retry_backoff_ms.to_string()),
            ("retry.backoff.max.ms", RETRY_BACKOFF_MS_MAX.to_string()),
            ("buffer.memory", hurry.buffer_bytes.to_string()),
            ("max.request.size", hurry.request_bytes_max.to_string()),
        ]);
        properties.extend(hurry.retries.map(|retries| ("retries", retries.to_string())));
        properties
    }

    /// Milliseconds between two bursts of rows.
    pub(crate) fn feed_interval(&self) -> Duration {
        let rows_at_once = self.hurry.map_or(1, |it| it.rows_at_once);
        Duration::from_millis(self.feed_interval_ms * (rows_at_once + 1) / 2)
    }

    /// How long it takes in quiet until nothing that a feeder in a hurry has sent is under way any more.
    pub(crate) fn feeder_settled(&self) -> Duration {
        let ms = self.hurry.map_or(0, |it| it.setup_timeout_ms + 2 * it.request_timeout_ms + 1_000);
        Duration::from_millis(ms)
    }

    /// The script that every process runs: it copies `orders` to `latest`.
    pub(crate) fn sql(&self, bootstrap: &str) -> String {
        let job = self.job;
        let common = format!(
            "'properties.bootstrap.servers' = '{bootstrap}', 'properties.request.timeout.ms' = '{REQUEST_TIMEOUT_MS}',"
        );
        let protocol = if job.is_consumer_protocol {
            "'properties.group.protocol' = 'consumer',"
        } else {
            "'properties.session.timeout.ms' = '6000', 'properties.heartbeat.interval.ms' = '1500',"
        };
        let source = format!(
            "'topic' = 'orders', {common} {protocol} 'properties.group.id' = '{GROUP}',
             'properties.fetch.max.wait.ms' = '{FETCH_MAX_WAIT_MS}',"
        );
        let orders = if job.is_upsert_source {
            format!(
                "CREATE TABLE orders (id INT, number BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH (
                 'connector' = 'upsert-kafka', {source} 'key.format' = 'json', 'value.format' = 'json');"
            )
        } else {
            format!(
                "CREATE TABLE orders (id INT, number BIGINT) WITH ('connector' = 'kafka', {source}
                 'format' = 'json', 'scan.startup.mode' = 'earliest-offset');"
            )
        };
        let guarantee = if job.is_exactly_once {
            "'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'tx',
             'properties.transaction.timeout.ms' = '10000',"
        } else {
            ""
        };
        let producer =
            self.producer_properties().map(|(key, value)| format!("'properties.{key}' = '{value}',"));
        let producer = producer.concat();
        format!(
            "SET 'execution.checkpointing.interval' = '{} ms'; {orders}
             CREATE TABLE latest (id INT, number BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH (
                'connector' = 'upsert-kafka', 'topic' = 'latest', {common} {producer} {guarantee}
                'key.format' = 'json', 'value.format' = 'json');
             INSERT INTO latest SELECT id, number FROM orders;",
            job.checkpoint_ms
        )
    }
}

impl Hurry {
    fn draw(linger_ms: u64, random: &mut Random) -> Self {
        // Its client reads as well, and a fetch waits for half a second.
        let request_timeout_ms = random.scale(550, 2_000);
        let tries = random.range(1, 5);
        Self {
            setup_timeout_ms: random.scale(300, 1_000),
            request_timeout_ms,
            // Enough in quiet: to dial again, to learn of a new leader, and to try once more.
            delivery_timeout_ms: linger_ms + tries * request_timeout_ms + 2 * RETRY_BACKOFF_MS_MAX + 1_000,
            retry_backoff_ms: random.scale(20, RETRY_BACKOFF_MS_MAX),
            batch_bytes: random.scale(100, 400),
            rows_at_once: random.range(1, 4),
            buffer_bytes: random.scale(1_000, 64_000),
            request_bytes_max: random.scale(600, 20_000),
            retries: random.percent(10).then(|| random.range(1, 5)),
            fault_interval_ms: random.scale(500, 4_000),
            writers: random.percent(50).then(|| WritersRecipe {
                takeover_at: random.percent(30).then(|| Duration::from_millis(random.range(0, 8_000))),
            }),
        }
    }
}

/// Of a feeder in a hurry.
const RETRY_BACKOFF_MS_MAX: u64 = 300;
/// Within so much of quiet everything is caught up: sessions (6 s), transactions (10 s) and requests (4 s) that nobody
/// ends have timed out by then, one after the other.
pub(crate) const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// Of every member of the group.
pub(crate) const SESSION: Duration = Duration::from_secs(6);
/// The job's group.
pub(crate) const GROUP: &str = "copy";
/// Of every client here.
pub(crate) const REQUEST_TIMEOUT_MS: u64 = 4_000;
/// An idle fetch costs the run some time: there are few of them.
pub(crate) const FETCH_MAX_WAIT_MS: u64 = 2_500;
