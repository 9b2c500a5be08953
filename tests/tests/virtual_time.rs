//! Whole jobs in virtual time: the shipped sink on the shipped client and the shipped broker, over pipes, in tokio's
//! paused time. When every task waits, time jumps to the next timer: nothing sleeps, and an hour is a second.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::sleep_until;
use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault, FaultHandle};
use upsert_kafka_client::{
    Address, Assignment, Client, Clock, Config, Environment, Position, Producer, Record, Role, Topic,
    TopicPartition,
};
use upsert_kafka_protocol::ApiKey;
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::{Error, Job, JobOptions, NewTopics, Stopper, Summary};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// The first second of 2026.
const BEGAN_UNIX_MS: i64 = 1_767_225_600_000;

/// A broker, and a world in which it is the only one there is.
struct World {
    broker: Broker,
    environment: Environment,
    began: Instant,
}

impl World {
    async fn new() -> Self {
        let clock = upsert_kafka_broker::Clock::of_runtime(BEGAN_UNIX_MS);
        let machine =
            upsert_kafka_broker::Environment::new().with_clock(clock).with_seed(7).without_sockets();
        let broker = Broker::start_in(BrokerConfig::default(), machine).await.expect("a broker");
        let network = broker.connector();
        let dialer = move |address: Address| {
            let network = network.clone();
            async move { network.connect(&address.host, address.port).await }
        };
        let clock = Clock::of_runtime(BEGAN_UNIX_MS);
        let began = clock.now();
        let environment = Environment::new().with_dialer(dialer).with_clock(clock).with_seed(7);
        Self { broker, environment, began }
    }

    async fn client(&self) -> Client {
        let servers = self.broker.address().to_string();
        let (config, _) =
            Config::from_properties([("bootstrap.servers", &*servers)], Role::Producer).expect("a config");
        Client::open_in(config, self.environment.clone()).await.expect("a client")
    }

    /// Copies `orders` to `latest`, and makes both.
    async fn job(&self, checkpoint_interval: &str) -> Running {
        let bootstrap = self.broker.address();
        let sql = format!(
            "SET 'execution.checkpointing.interval' = '{checkpoint_interval}';
            CREATE TABLE orders (id INT, number BIGINT) WITH ('connector' = 'kafka', 'topic' = 'orders',
                'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'copy',
                'properties.fetch.max.wait.ms' = '20000', 'format' = 'json',
                'scan.startup.mode' = 'earliest-offset');
            CREATE TABLE latest (id INT, number BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH (
                'connector' = 'upsert-kafka', 'topic' = 'latest', 'properties.bootstrap.servers' = '{bootstrap}',
                'key.format' = 'json', 'value.format' = 'json');
            INSERT INTO latest SELECT id, number FROM orders;"
        );
        let options =
            JobOptions::new().with_new_topics(NewTopics::new()).with_environment(self.environment.clone());
        let plan = plan::plan(&*sql, &PlanOptions::default()).expect("a plan");
        let job = Job::open(plan, options).await.expect("a job");
        // Nothing goes wrong, but every commit is counted.
        let counting = Fault::new(ApiKey::OFFSET_COMMIT, Action::Delay(Duration::ZERO)).times(u32::MAX);
        let commits = self.broker.fault(counting).await;
        Running { stopper: job.stopper(), ended: tokio::spawn(job.run()), commits }
    }

    /// Waits until so long after the beginning.
    async fn until(&self, after: Duration) {
        sleep_until((self.began + after).into()).await;
    }

    /// All records of a topic with one partition: value and timestamp.
    async fn written(&self, client: &Client, topic: &str, count: u64) -> Vec<(String, i64)> {
        let mut consumer = client.consumer();
        consumer.assign(vec![Assignment::new(topic, 0, Position::Earliest)]);
        let mut written = Vec::new();
        while (written.len() as u64) < count {
            let fetched = consumer.poll().await.expect("records");
            for record in fetched.partitions().iter().flat_map(|it| it.records()) {
                let record = record.expect("a record");
                let value = record.value.expect("a value");
                written.push((String::from_utf8(value.to_vec()).expect("text"), record.timestamp_ms));
            }
        }
        written
    }
}

/// A job at work.
struct Running {
    stopper: Stopper,
    ended: JoinHandle<Result<Summary, Error>>,
    commits: FaultHandle,
}

impl Running {
    /// Has it checkpoint and end; the summary, and how often it committed.
    async fn stop(self) -> (Summary, u32) {
        self.stopper.stop();
        let summary = self.ended.await.expect("no panic").expect("a job that ends well");
        (summary, self.commits.fired())
    }
}

/// A row every six seconds, for an hour.
const ROWS: u64 = 600;

fn sent_at(number: u64) -> Duration {
    Duration::from_millis(number * 6000 + 500)
}

async fn send(producer: &Producer, topic: &Topic, number: u64) {
    let value = format!(r#"{{"id":{},"number":{number}}}"#, number % 7);
    let _told_by_the_consumer =
        producer.send(Record::new(topic).value(value.as_bytes())).await.expect("a record");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_runs_for_an_hour_takes_a_second() {
    let really_began = Instant::now();
    let world = World::new().await;
    let client = world.client().await;
    let job = world.job("1 min").await;
    let producer = client.producer();
    let orders = producer.topic("orders").await.expect("a topic");
    for number in 0..ROWS {
        world.until(sent_at(number)).await;
        send(&producer, &orders, number).await;
    }
    world.until(HOUR + MINUTE / 2).await;
    let (summary, commits) = job.stop().await;

    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (ROWS, ROWS));
    assert!((HOUR..HOUR + MINUTE).contains(&summary.elapsed), "{:?}", summary.elapsed);
    // One when it begins, one a minute, one when it ends.
    assert!((60..=62).contains(&commits), "{commits} commits");
    let written = world.written(&client, "latest", ROWS).await;
    for (number, (value, timestamp_ms)) in (0..).zip(&written) {
        assert_eq!(value, &format!(r#"{{"id":{},"number":{number}}}"#, number % 7));
        // Both the producer's clock and the job's are the world's: a row leaves within a second.
        let sent_ms = BEGAN_UNIX_MS + i64::try_from(sent_at(number).as_millis()).expect("an hour");
        assert!((sent_ms..sent_ms + 1000).contains(timestamp_ms), "row {number}: {timestamp_ms}");
    }
    let committed = client.consumer().committed("copy", &[TopicPartition::new("orders", 0)]).await;
    assert_eq!(committed.expect("an answer")[0].offset, i64::try_from(ROWS).ok());
    // It is a second of work; a machine that is busy otherwise may take longer.
    let really = really_began.elapsed();
    assert!(really < MINUTE, "an hour took {really:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_without_work_for_half_a_day_goes_on_where_it_stood() {
    let world = World::new().await;
    let client = world.client().await;
    let job = world.job("10 min").await;
    let producer = client.producer();
    let orders = producer.topic("orders").await.expect("a topic");
    send(&producer, &orders, 0).await;
    // Far beyond connections.max.idle.ms and metadata.max.idle.ms: what was let go must be found again.
    world.until(12 * HOUR).await;
    send(&producer, &orders, 1).await;
    world.until(12 * HOUR + MINUTE).await;
    let (summary, _) = job.stop().await;
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (2, 2));
    let written = world.written(&client, "latest", 2).await;
    assert!(written[1].1 >= BEGAN_UNIX_MS + 12 * 3600 * 1000, "{written:?}");
}
