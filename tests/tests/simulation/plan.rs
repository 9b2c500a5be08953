//! What a run is made of: settings of clients and brokers, and how much goes wrong. All of it is drawn.

use std::time::Duration;

use upsert_kafka_client::{Address, Config};

use super::random::Random;

/// A run's ingredients.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) nodes: i32,
    /// A topic, its partitions, and the largest batch that it takes.
    pub(crate) topics: Vec<(&'static str, i32, u64)>,
    pub(crate) clients: usize,
    /// How many records each client sends, at most.
    pub(crate) records: u64,
    pub(crate) config: Config,
    /// The longest value.
    pub(crate) value_bytes_max: u64,
    /// Microseconds a byte is under way: about, and in bad moments at most.
    pub(crate) latency: u64,
    pub(crate) latency_max: u64,
    /// Microseconds between two steps of a client, on the average.
    pub(crate) step: u64,
    /// Microseconds between two mishaps, on the average.
    pub(crate) fault_interval: u64,
    /// Whether clients write in transactions: the version that brokers offer; 0 and 1 are the classic ones.
    pub(crate) transactions: Option<i16>,
    /// How long the coordinator takes to write markers.
    pub(crate) marker_delay: Duration,
    /// Whether another instance takes over from the first client at some time.
    pub(crate) takeover_at: Option<u64>,
    /// Whether partitions forget producers.
    pub(crate) producer_ids_expire: bool,
    /// Whether answers are changed on their way.
    pub(crate) tampers: bool,
    /// When mishaps end.
    pub(crate) faults_until: u64,
}

pub(crate) const MS: u64 = 1000;

/// The port of node 1; the others follow.
pub(crate) const FIRST_PORT: u16 = 9092;

impl Plan {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let nodes = random.range(1, 3) as i32;
        let names = ["orders", "payments"];
        let topics = names[..random.range(1, 2) as usize].iter();
        let topics = topics.map(|name| {
            let bytes_max = if random.percent(30) { random.range(150, 600) } else { 1 << 20 };
            (*name, random.range(1, 3) as i32, bytes_max)
        });
        let topics = topics.collect();
        let latency = random.scale(100, 20 * MS);
        let transactions = random.percent(50).then(|| *random.pick(&[0, 1, 2, 2]).unwrap_or(&2));
        let faults_until = random.range(500 * MS, 4000 * MS);
        let takeover = transactions.is_some() && random.percent(30);
        Self {
            nodes,
            topics,
            transactions,
            marker_delay: Duration::from_millis(if random.percent(50) { 0 } else { random.scale(1, 100) }),
            takeover_at: takeover.then(|| random.range(0, faults_until)),
            clients: if random.percent(60) { 1 } else { random.range(2, 3) as usize },
            records: random.range(5, 60),
            config: config(nodes, latency, random),
            value_bytes_max: random.scale(8, 200),
            latency,
            latency_max: latency * random.range(2, 20),
            step: random.scale(MS, 100 * MS),
            fault_interval: random.scale(20 * MS, 1000 * MS),
            producer_ids_expire: random.percent(25),
            tampers: random.percent(30),
            faults_until,
        }
    }
}

impl Plan {
    /// Whether a client tries again until its time is over: with few `retries` a stale view may cost it a record.
    pub(crate) fn is_patient(&self) -> bool {
        self.config.retries > RETRIES_FEW
    }
}

/// As many `retries` as an impatient client has.
const RETRIES_FEW: u32 = 5;

fn config(nodes: i32, latency: u64, random: &mut Random) -> Config {
    let ms = |ms: u64| Duration::from_millis(ms);
    let request_timeout = random.scale(100, 2000);
    let linger = if random.percent(30) { 0 } else { random.range(1, 30) };
    let address = |node: i32| Address { host: "node".to_owned(), port: FIRST_PORT + node as u16 - 1 };
    let retry_backoff = random.scale(5, 100);
    let retry_backoff_max = retry_backoff * random.range(1, 10);
    // Enough for a healthy cluster: to dial, to learn of a new leader, and to try again.
    let needed = linger + request_timeout + 40 * latency / MS + 4 * retry_backoff_max;
    Config::new((1..=nodes).map(address)).with(|it| {
        it.request_timeout = ms(request_timeout);
        it.delivery_timeout = ms(needed.max(linger + request_timeout * random.range(1, 12)));
        it.linger = ms(linger);
        it.retry_backoff = ms(retry_backoff);
        it.retry_backoff_max = ms(retry_backoff_max);
        it.reconnect_backoff = ms(random.scale(5, 50));
        it.reconnect_backoff_max = ms(200);
        it.connection_setup_timeout = ms(random.scale(100, 1000));
        it.batch_size = random.scale(100, 2000) as usize;
        it.buffer_memory = random.scale(2000, 64_000) as usize;
        it.max_in_flight = random.range(1, 5) as usize;
        it.max_request_size = random.scale(600, 20_000) as usize;
        it.max_block = ms(60_000);
        it.transaction_timeout = ms(random.scale(request_timeout * 2, 20_000));
        it.retries =
            if random.percent(5) { random.range(1, u64::from(RETRIES_FEW)) as u32 } else { i32::MAX as u32 };
        it.allow_auto_create_topics = false;
    })
}
