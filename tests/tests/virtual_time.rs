//! Whole jobs in virtual time: the shipped sink on the shipped client and the shipped broker, over pipes, in tokio's
//! paused time. When every task waits, time jumps to the next timer: nothing sleeps, and an hour is a second.

use std::time::{Duration, Instant};

use upsert_kafka_broker::{Action, Fault, FaultHandle};
use upsert_kafka_client::{Producer, Record, Topic, TopicPartition};
use upsert_kafka_protocol::ApiKey;
use upsert_kafka_sink::JobOptions;

use crate::world::{BEGAN_UNIX_MS, Running, World, Written};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Copies `orders` to `latest`, and makes both.
fn copying(bootstrap: &str, checkpoint_interval: &str) -> String {
    format!(
        "SET 'execution.checkpointing.interval' = '{checkpoint_interval}';
            CREATE TABLE orders (id INT, number BIGINT) WITH ('connector' = 'kafka', 'topic' = 'orders',
                'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'copy',
                'properties.fetch.max.wait.ms' = '20000', 'format' = 'json',
                'scan.startup.mode' = 'earliest-offset');
            CREATE TABLE latest (id INT, number BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH (
                'connector' = 'upsert-kafka', 'topic' = 'latest', 'properties.bootstrap.servers' = '{bootstrap}',
                'key.format' = 'json', 'value.format' = 'json');
            INSERT INTO latest SELECT id, number FROM orders;"
    )
}

/// The job, with every commit counted.
async fn begin(world: &World, checkpoint_interval: &str) -> (Running, FaultHandle) {
    let sql = copying(&world.bootstrap(), checkpoint_interval);
    let job = world.process(7).run(&sql, JobOptions::new()).await.expect("a job");
    // Nothing goes wrong.
    let counting = Fault::new(ApiKey::OFFSET_COMMIT, Action::Delay(Duration::ZERO)).times(u32::MAX);
    (job, world.broker.fault(counting).await)
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
    let (job, commits) = begin(&world, "1 min").await;
    let producer = client.producer();
    let orders = producer.topic("orders").await.expect("a topic");
    for number in 0..ROWS {
        world.until(sent_at(number)).await;
        send(&producer, &orders, number).await;
    }
    world.until(HOUR + MINUTE / 2).await;
    let (summary, commits) = (job.stop().await, commits.fired());

    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (ROWS, ROWS));
    assert!((HOUR..HOUR + MINUTE).contains(&summary.elapsed), "{:?}", summary.elapsed);
    // One when it begins, one a minute, one when it ends.
    assert!((60..=62).contains(&commits), "{commits} commits");
    let written = world.written("latest").await;
    assert_eq!(written.len() as u64, ROWS);
    for (number, Written { value, timestamp_ms, .. }) in (0..).zip(&written) {
        assert_eq!(value.as_deref().expect("a row"), format!(r#"{{"id":{},"number":{number}}}"#, number % 7));
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
    let (job, _) = begin(&world, "10 min").await;
    let producer = client.producer();
    let orders = producer.topic("orders").await.expect("a topic");
    send(&producer, &orders, 0).await;
    // Far beyond connections.max.idle.ms and metadata.max.idle.ms: what was let go must be found again.
    world.until(12 * HOUR).await;
    send(&producer, &orders, 1).await;
    world.until(12 * HOUR + MINUTE).await;
    let summary = job.stop().await;
    assert_eq!((summary.counts.rows_in, summary.counts.rows_out), (2, 2));
    let written = world.written("latest").await;
    assert!(written[1].timestamp_ms >= BEGAN_UNIX_MS + 12 * 3600 * 1000, "{written:?}");
}
