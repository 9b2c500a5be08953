//! Where a job begins when it was run before: its own checkpoint, nobody else's, and said in a line.

use std::time::Duration;

use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_client::{Client, Config, NewTopic, OffsetSpec, Record, Role};
use upsert_kafka_protocol::ApiKey;
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::{Error, Job, JobOptions, Restore, Summary};

/// A job of group `g` that copies `in` to each of these.
fn job(sinks: &[&str]) -> String {
    let mut sql = "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 'in',
  'properties.bootstrap.servers' = 'x:1', 'properties.group.id' = 'g',
  'scan.startup.mode' = 'earliest-offset', 'format' = 'json');\n"
        .to_owned();
    for sink in sinks {
        sql += &format!(
            "CREATE TABLE dst_{sink} (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = '{sink}', 'properties.bootstrap.servers' = 'x:1', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO dst_{sink} SELECT * FROM src;\n"
        );
    }
    sql
}

struct Stage {
    broker: Broker,
    client: Client,
}

impl Stage {
    async fn set() -> Self {
        Self::of(BrokerConfig::default()).await
    }

    async fn of(config: BrokerConfig) -> Self {
        let broker = Broker::start(config).await.expect("a broker");
        let address = broker.address().to_string();
        let pairs = [("bootstrap.servers", address.as_str())];
        let client = Client::open(Config::from_properties(pairs, Role::Any).expect("a config").0).await;
        let client = client.expect("a client");
        let topics = ["in", "a", "b"].map(|name| NewTopic::new(name).partitions(2));
        let made = client.admin().create_topics(&topics).await.expect("an answer");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
        Self { broker, client }
    }

    async fn feed(&self, ids: std::ops::Range<i32>) {
        let producer = self.client.producer();
        let topic = producer.topic("in").await.expect("the topic");
        for id in ids {
            let value = format!("{{\"id\":{id}}}");
            let record = Record { partition: Some(id % 2), ..Record::new(&topic).value(value.as_bytes()) };
            let _flushed_below = producer.send(record).await.expect("room");
        }
        producer.flush().await.expect("written");
    }

    async fn open(&self, sinks: &[&str], restore: Restore) -> Result<Job, Error> {
        self.open_with(sinks, restore, PlanOptions::new()).await
    }

    async fn open_with(&self, sinks: &[&str], restore: Restore, options: PlanOptions) -> Result<Job, Error> {
        let options = options.with_bootstrap(self.broker.address().to_string());
        let plan = plan::plan(job(sinks).as_str(), &options).expect("a plan");
        Job::open(plan, JobOptions::new().with_restore(restore).alone()).await
    }

    /// Runs a job up to the end there is now.
    async fn run(&self, sinks: &[&str], restore: Restore) -> Summary {
        let mut job = self.open(sinks, restore).await.expect("a job");
        job.stop_at_end().await.expect("the ends");
        job.run().await.expect("a good end")
    }

    async fn written(&self, topic: &str) -> i64 {
        let ends = self.client.consumer().offsets(topic, OffsetSpec::Latest).await.expect("ends");
        ends.iter().map(|(_, end)| end).sum()
    }
}

#[tokio::test]
async fn a_source_is_read_once_for_all_its_inserts_and_one_checkpoint_stands_for_them() {
    let stage = Stage::set().await;
    stage.feed(0..10).await;
    let first = stage.run(&["a", "b"], Restore::Checkpoint).await;
    assert_eq!((first.counts.rows_in, first.counts.rows_out), (10, 20));
    let again = stage.run(&["b", "a"], Restore::Checkpoint).await;
    assert_eq!((again.counts.rows_in, again.counts.rows_out), (0, 0), "in any order it is the same job");
    assert_eq!((stage.written("a").await, stage.written("b").await), (10, 10));
}

#[tokio::test]
async fn a_job_that_resumes_says_where() {
    let stage = Stage::set().await;
    stage.feed(0..5).await;
    let first = stage.open(&["a"], Restore::Checkpoint).await.expect("a job");
    assert_eq!(first.resumed().count(), 0, "nothing was run before");
    drop(first);
    stage.run(&["a"], Restore::Checkpoint).await;
    let second = stage.open(&["a"], Restore::Checkpoint).await.expect("a job");
    let lines: Vec<String> = second.resumed().map(ToString::to_string).collect();
    assert_eq!(lines, ["table src: resumes where group g stands: topic in at 0:3, 1:2"]);
}

#[tokio::test]
async fn the_checkpoint_of_another_job_is_refused_with_its_sinks_and_the_ways_out() {
    let stage = Stage::set().await;
    stage.feed(0..10).await;
    stage.run(&["a"], Restore::Checkpoint).await;
    // A new job, and one that gained an INSERT: each would miss the first ten rows.
    for sinks in [&["b"][..], &["a", "b"]] {
        let refused = stage.open(sinks, Restore::Checkpoint).await.err().expect("a refusal").to_string();
        let said = format!(
            "table src: topic in: group g holds the checkpoint of another job, which writes a; this one writes {}.",
            sinks.join(",")
        );
        assert!(refused.starts_with(&said), "{refused}");
        for way in ["'properties.group.id' of its own", "--from-start-mode", "--resume"] {
            assert!(refused.contains(way), "{refused}");
        }
    }
    assert_eq!(stage.written("b").await, 0);
    let anew = stage.run(&["a", "b"], Restore::Nothing).await;
    assert_eq!(anew.counts.rows_in, 10);
    stage.feed(10..12).await;
    let resumed = stage.run(&["b"], Restore::Offsets).await;
    assert_eq!(resumed.counts.rows_in, 2, "the offsets as they are");
    let own = stage.run(&["b"], Restore::Checkpoint).await;
    assert_eq!(own.counts.rows_in, 0, "from then on they are its own");
}

#[tokio::test]
async fn a_start_on_thousands_of_partitions_asks_each_leader_once_for_offsets() {
    const PARTITIONS: i32 = 3000;
    let stage = Stage::set().await;
    let deleted = stage.client.admin().delete_topics(&["in"]).await.expect("an answer");
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    let large = NewTopic::new("in").partitions(PARTITIONS);
    let made = stage.client.admin().create_topics(&[large]).await.expect("an answer");
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let asked = Fault::new(ApiKey::LIST_OFFSETS, Action::Delay(Duration::ZERO)).times(u32::MAX);
    let asked = stage.broker.fault(asked).await;
    stage.feed(0..10).await;
    let summary = stage.run(&["a"], Restore::Checkpoint).await;
    assert_eq!(summary.counts.rows_in, 10);
    // For the beginnings, and for the ends that the test asks for.
    assert_eq!(asked.disarm().await, 2);
}

#[tokio::test]
async fn the_same_topic_on_another_cluster_is_another_sink() {
    let stage = Stage::set().await;
    let other = Stage::of(BrokerConfig::default().with_cluster_id("another")).await;
    stage.feed(0..10).await;
    stage.run(&["a"], Restore::Checkpoint).await;
    let address = other.broker.address().to_string();
    let moved = PlanOptions::new().with_option("dst_a", "properties.bootstrap.servers", address);
    let refused = stage.open_with(&["a"], Restore::Checkpoint, moved).await.err().expect("a refusal");
    let text = refused.to_string();
    assert!(text.contains("another job, which writes a; this one writes a on another cluster."), "{text}");
}
