//! A job that is stopped, killed or cut off: nothing is lost, and what is written once stays once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_client::{Assignment, Client, Config, NewTopic, OffsetSpec, Position, Record, Role};
use upsert_kafka_protocol::{ApiKey, ErrorCode};
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::row::{RowKind, Value};
use upsert_kafka_sink::{Job, JobOptions, UpsertSink};

use crate::program;

fn job(startup: &str, group: &str) -> String {
    format!(
        "SET 'execution.checkpointing.interval' = '100 ms';
CREATE TABLE src (id INT, v STRING) WITH ('connector' = 'kafka', 'topic' = 'in',
  'properties.bootstrap.servers' = 'x:1', 'properties.group.id' = '{group}',
  'scan.startup.mode' = '{startup}', 'format' = 'json');
CREATE TABLE dst (id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
  'topic' = 'out', 'properties.bootstrap.servers' = 'x:1', 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO dst SELECT * FROM src;"
    )
}

async fn client(bootstrap: &str) -> Client {
    let (config, _) =
        Config::from_properties([("bootstrap.servers", bootstrap)], Role::Any).expect("a config");
    Client::open(config).await.expect("a client")
}

async fn create_topics(client: &Client, partitions: i32) {
    let topic = |name: &str, policy: &str| {
        NewTopic::new(name).partitions(partitions).config("cleanup.policy", policy)
    };
    let made = client.admin().create_topics(&[topic("in", "delete"), topic("out", "compact")]).await;
    assert!(made.expect("an answer").iter().all(Result::is_ok));
}

async fn produce(client: &Client, ids: std::ops::Range<u32>) {
    let producer = client.producer();
    let topic = producer.topic("in").await.expect("the topic");
    for id in ids {
        let value = format!("{{\"id\":{id},\"v\":\"value {id}\"}}");
        let record = Record::new(&topic).value(value.as_bytes());
        let _flushed_below = producer.send(record).await.expect("room");
    }
    producer.flush().await.expect("all written");
}

/// How often each key stands in `out`.
async fn written(client: &Client) -> BTreeMap<String, usize> {
    let mut consumer = client.consumer();
    let ends = consumer.offsets("out", OffsetSpec::Latest).await.expect("ends");
    let mut left: i64 = ends.iter().map(|(_, end)| end).sum();
    consumer.assign(
        ends.iter().map(|(partition, _)| Assignment::new("out", *partition, Position::Earliest)).collect(),
    );
    let mut counts = BTreeMap::new();
    while left > 0 {
        for records in consumer.poll().await.expect("records").partitions() {
            for record in records.records() {
                let key = record.expect("a record").key.expect("a key").to_vec();
                *counts.entry(String::from_utf8(key).expect("UTF-8")).or_insert(0) += 1;
                left -= 1;
            }
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_closes_and_loses_answers_leaves_every_row_once() {
    const ROWS: u32 = 20_000;
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let address = broker.address().to_string();
    let client = client(&address).await;
    create_topics(&client, 3).await;
    produce(&client, 0..ROWS).await;
    let lost = broker.fault(Fault::new(ApiKey::PRODUCE, Action::LoseAnswer).skip(1).times(2)).await;
    let closed = broker.fault(Fault::new(ApiKey::PRODUCE, Action::Close).skip(3).times(2)).await;
    let fetches = broker.fault(Fault::new(ApiKey::FETCH, Action::Close)).await;
    let commits = broker.fault(Fault::new(ApiKey::OFFSET_COMMIT, Action::LoseAnswer)).await;

    let options = PlanOptions::new().with_bootstrap(address);
    let plan = plan::plan(job("earliest-offset", "faults").as_str(), &options).expect("a plan");
    let mut job = Job::open(plan, JobOptions::default().alone()).await.expect("a job");
    job.stop_at_end().await.expect("the ends");
    let summary = job.run().await.expect("every fault is retried");
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (ROWS.into(), ROWS.into()));

    assert_eq!((lost.fired(), closed.fired(), fetches.fired(), commits.fired()), (2, 2, 1, 1));
    let written = written(&client).await;
    assert_eq!(written.len(), ROWS as usize, "lost rows");
    assert!(written.values().all(|count| *count == 1), "doubled rows");
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_committed_only_after_what_they_stand_for_is_acknowledged() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let address = broker.address().to_string();
    let client = client(&address).await;
    create_topics(&client, 1).await;
    produce(&client, 0..10).await;
    let mut closed = broker.fault(Fault::new(ApiKey::PRODUCE, Action::Close).times(u32::MAX)).await;

    let options = PlanOptions::new().with_bootstrap(address);
    let plan = plan::plan(job("earliest-offset", "acks").as_str(), &options).expect("a plan");
    let job = Job::open(plan, JobOptions::default()).await.expect("a job");
    let stopper = job.stopper();
    let running = tokio::spawn(job.run());
    // Many commit intervals go by while every produce is cut off.
    closed.wait(5).await;
    assert_eq!(committed(&client, "acks").await, Some(0), "nothing is acknowledged, so nothing is committed");

    closed.disarm().await;
    wait_until(&client, |rows| rows >= 10).await;
    stopper.stop();
    running.await.expect("a task").expect("a good end");
    assert_eq!(committed(&client, "acks").await, Some(10));
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn point_67_kill_9_and_a_restart_lose_no_row_under_latest_offset_either() {
    for startup in ["latest-offset", "earliest-offset"] {
        let (_broker, address) = program::broker();
        let client = client(&address).await;
        create_topics(&client, 2).await;
        let path = program::file(&format!("kill-{startup}.sql"), &job(startup, startup));
        // By its name it is the same member, and nobody waits until it is missed.
        let args = ["run", path.to_str().expect("UTF-8"), "--bootstrap", &address, "--instance", "one"];

        let first = program::start(&args);
        wait_for_commit(&client, startup).await;
        produce(&client, 0..5000).await;
        wait_until(&client, |rows| rows > 0).await;
        first.kill();
        produce(&client, 5000..6000).await;

        let second = program::start(&args);
        wait_until(&client, |rows| rows >= 6000).await;
        second.signal("TERM");
        let ran = second.end();
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(written(&client).await.len(), 6000, "{startup}: every input row is in the sink");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_flushes_commits_and_leaves_cleanly() {
    let (_broker, address) = program::broker();
    let client = client(&address).await;
    create_topics(&client, 1).await;
    let path = program::file("signal.sql", &job("earliest-offset", "signal"));
    let running = program::start(&["run", path.to_str().expect("UTF-8"), "--bootstrap", &address]);
    produce(&client, 0..100).await;
    wait_until(&client, |rows| rows >= 100).await;
    running.signal("INT");
    let ran = running.end();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("100 rows in, 100 rows out"), "{}", ran.out);
    assert_eq!(committed(&client, "signal").await, Some(100));
}

/// Where the group stands in the first partition of `in`, by a commit with our mark.
async fn committed(client: &Client, group: &str) -> Option<i64> {
    let of = upsert_kafka_client::TopicPartition { topic: "in".into(), partition: 0 };
    let kept = client.consumer().committed(group, &[of]).await.expect("offsets");
    kept[0].offset.filter(|_| kept[0].metadata.starts_with("upsert-kafka/2 "))
}

/// Processes share a job only where its tables name a group's topics and go on for ever: others are alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_of_a_job_that_cannot_be_shared_is_refused() {
    let (_broker, address) = program::broker();
    let client = client(&address).await;
    create_topics(&client, 2).await;
    let by_pattern = job("earliest-offset", "two").replace("'topic' = 'in'", "'topic-pattern' = 'in'");
    let path = program::file("two.sql", &by_pattern);
    let args = ["run", path.to_str().expect("UTF-8"), "--bootstrap", &address];
    let (mut one, mut other) = (program::start(&args), program::start(&args));
    wait_for_commit(&client, "two").await;
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut id = 0;
    while one.is_running() && other.is_running() {
        assert!(Instant::now() < deadline, "both go on");
        produce(&client, id..id + 10).await;
        id += 10;
    }
    let (refused, left) = if one.is_running() { (other, one) } else { (one, other) };
    let ran = refused.end();
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("processes share the partitions of a job"), "{}", ran.err);
    drop(left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_leaves_at_once() {
    let (broker, address) = program::broker();
    let client = client(&address).await;
    create_topics(&client, 2).await;
    let job = job("earliest-offset", "twice").replace("'100 ms'", "'1 h'");
    let path = program::file("twice.sql", &job);
    let mut running = program::start(&["run", path.to_str().expect("UTF-8"), "--bootstrap", &address]);
    produce(&client, 0..10).await;
    wait_until(&client, |rows| rows >= 10).await;

    // The commit of the first signal waits for a broker that says nothing.
    broker.signal("STOP");
    running.signal("TERM");
    let deadline = Instant::now() + Duration::from_secs(10);
    while running.is_running() {
        assert!(Instant::now() < deadline, "a second signal did not end it");
        tokio::time::sleep(Duration::from_millis(20)).await;
        running.signal("TERM");
    }
    broker.signal("CONT");
    let ran = running.end();
    assert_eq!(ran.code, 130, "{}", ran.err);
    assert!(ran.err.contains("second signal"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_the_broker_is_away_ends_in_time_and_commits_nothing_that_was_not_acknowledged() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let address = broker.address().to_string();
    let client = client(&address).await;
    create_topics(&client, 1).await;
    produce(&client, 0..10).await;
    // Its rows wait in open batches, for longer than the test lasts.
    let sql = job("earliest-offset", "in-time").replace("'100 ms'", "'1 h'");
    let sql = sql.replace("'topic' = 'out'", "'topic' = 'out', 'properties.linger.ms' = '60000'");
    let options = PlanOptions::new().with_bootstrap(address);
    let plan = plan::plan(sql.as_str(), &options).expect("a plan");
    let stop_timeout = Duration::from_secs(1);
    let job = Job::open(plan, JobOptions::new().with_stop_timeout(stop_timeout)).await.expect("a job");
    let (stopper, progress) = (job.stopper(), job.progress());
    let running = tokio::spawn(job.run());
    poll_until(async || progress.counts().rows_out == 10).await;

    broker.stop_node(1).await.expect("it goes");
    let asked = Instant::now();
    stopper.stop();
    let failed = running.await.expect("a task").expect_err("nothing is acknowledged");
    assert!((stop_timeout..8 * stop_timeout).contains(&asked.elapsed()), "{:?}", asked.elapsed());
    let text = failed.to_string();
    let said = "not stopped within 1 s: at least 10 rows were handed over and are not known to be acknowledged; nothing of \
                them is committed, so the next run reads and writes them again";
    assert_eq!(text, said);
    broker.start_node(1).await.expect("it is back");
    assert_eq!(committed(&client, "in-time").await, Some(0));
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_whose_change_was_refused_never_says_again_that_all_is_written() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let ddl = format!(
        "CREATE TABLE users (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
          'topic' = 'users', 'properties.bootstrap.servers' = '{}', 'key.format' = 'json', 'value.format' = 'json')",
        broker.address()
    );
    let mut users = UpsertSink::from_ddl(&*ddl, &PlanOptions::default()).await.expect("a sink");
    users.write(RowKind::Insert, &[Value::Int(1)]).await.expect("room");
    users.flush().await.expect("written");
    let refusal = Action::Answer(ErrorCode::INVALID_RECORD);
    let refused = broker.fault(Fault::new(ApiKey::PRODUCE, refusal)).await;
    users.write(RowKind::Insert, &[Value::Int(2)]).await.expect("room");
    let first = users.flush().await.expect_err("refused").to_string();
    assert_eq!(refused.fired(), 1);
    users.write(RowKind::Insert, &[Value::Int(3)]).await.expect("room");
    let again = users.flush().await.expect_err("change 2 is still missing").to_string();
    assert_eq!(again, first);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_does_not_tell_its_settings_stops_no_job() {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let address = broker.address().to_string();
    create_topics(&client(&address).await, 1).await;
    for code in [ErrorCode::TOPIC_AUTHORIZATION_FAILED, ErrorCode::UNSUPPORTED_VERSION] {
        let untold = Fault::new(ApiKey::DESCRIBE_CONFIGS, Action::Answer(code)).times(u32::MAX);
        let untold = broker.fault(untold).await;
        let options = PlanOptions::new().with_bootstrap(address.clone());
        let plan = plan::plan(job("earliest-offset", "untold").as_str(), &options).expect("a plan");
        let job = Job::open(plan, JobOptions::default()).await.expect("only a warning needs the settings");
        let notices: Vec<_> = job.notices().iter().map(ToString::to_string).collect();
        assert!(notices.iter().any(|it| it.contains("topic out is compacted is not known")), "{notices:?}");
        assert!(untold.disarm().await > 0);
    }
    broker.stop().await;
}

/// The job has resolved where it starts once it has committed that.
async fn wait_for_commit(client: &Client, group: &str) {
    let consumer = client.consumer();
    let of = |partition| upsert_kafka_client::TopicPartition { topic: "in".into(), partition };
    poll_until(async || {
        let committed = consumer.committed(group, &[of(0), of(1)]).await.expect("offsets");
        committed.iter().all(|it| it.offset.is_some())
    })
    .await;
}

async fn wait_until(client: &Client, enough: impl Fn(i64) -> bool) {
    let consumer = client.consumer();
    poll_until(async || {
        let ends = consumer.offsets("out", OffsetSpec::Latest).await.expect("ends");
        enough(ends.iter().map(|(_, end)| end).sum())
    })
    .await;
}

/// Another process cannot tell us: ask again until it is so.
async fn poll_until(so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so().await {
        assert!(Instant::now() < deadline, "it did not come to pass in 30 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
