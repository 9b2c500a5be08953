//! The consumer on an embedded broker: partitions that come and go while others are read, and the stream of records.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use futures_core::Stream;
use tokio::time::timeout;
use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_client::{
    Address, Assignment, Client, Config, Consumer, NewTopic, OwnedRecord, Position, Record, TopicPartition,
};
use upsert_kafka_protocol::{ApiKey, ErrorCode};

const PARTITIONS: i32 = 4;
const RECORDS: i64 = 300;
const PATIENCE: Duration = Duration::from_secs(60);

/// Two nodes that lead two partitions each.
async fn cluster() -> (Broker, Client) {
    let broker = Broker::start(BrokerConfig::default().with_nodes(2)).await.unwrap();
    let address = Address { host: broker.address().ip().to_string(), port: broker.address().port() };
    let config = Config::new([address]).with(|it| {
        it.retry_backoff = Duration::from_millis(1);
        it.retry_backoff_max = Duration::from_millis(10);
        it.reconnect_backoff = Duration::from_millis(1);
        it.reconnect_backoff_max = Duration::from_millis(10);
        it.fetch_max_wait = Duration::from_millis(20);
        // An answer holds a few of many batches, and a poll hands over some of those.
        it.max_partition_fetch_bytes = 2_000;
        it.linger = Duration::ZERO;
    });
    let client = Client::open(config).await.unwrap();
    let orders = NewTopic::new("orders").partitions(PARTITIONS);
    for created in client.admin().create_topics(&[orders]).await.unwrap() {
        created.unwrap();
    }
    (broker, client)
}

/// Writes to every partition; a value is its record's offset.
async fn write(client: Client) {
    let producer = client.producer();
    let topic = producer.topic("orders").await.unwrap();
    for offset in 0..RECORDS {
        let (value, mut deliveries) = (offset.to_be_bytes(), Vec::new());
        for partition in 0..PARTITIONS {
            let record = Record::new(&topic).partition(partition).value(&value);
            deliveries.push(producer.send(record).await.unwrap());
        }
        for delivery in deliveries {
            delivery.await.unwrap();
        }
    }
}

fn of(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

fn at(partition: i32, offset: i64) -> Assignment {
    Assignment::new("orders", partition, Position::Offset(offset))
}

/// What was read of each partition, in order.
type Log = BTreeMap<i32, Vec<i64>>;

fn next(log: &Log, partition: i32) -> i64 {
    log.get(&partition).map_or(0, |offsets| offsets.len() as i64)
}

async fn poll(consumer: &mut Consumer, log: &mut Log) {
    for record in &timeout(PATIENCE, consumer.poll()).await.expect("records come").unwrap() {
        let record = record.unwrap();
        assert_eq!(record.value, Some(&record.offset.to_be_bytes()[..]));
        log.entry(record.partition).or_default().push(record.offset);
    }
}

fn assert_whole(log: &Log) {
    for (partition, offsets) in log {
        assert_eq!(offsets, &(0..RECORDS).collect::<Vec<_>>(), "partition {partition}");
    }
    assert_eq!(log.len(), PARTITIONS as usize);
}

#[tokio::test]
async fn partitions_that_come_and_go_under_load_and_faults_lose_nothing_and_double_nothing() {
    let (broker, client) = cluster().await;
    let mut faults = Vec::new();
    for nth in 0..12 {
        let action = match nth % 3 {
            0 => Action::LoseAnswer,
            1 => Action::Answer(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            _ => Action::Close,
        };
        faults.push(broker.fault(Fault::new(ApiKey::FETCH, action).skip(4)).await);
    }
    let writer = tokio::spawn(write(client.clone()));
    let mut consumer = client.consumer();
    let mut log = Log::new();
    consumer.incremental_assign(vec![at(0, 0)]).unwrap();
    // Partition 0 stays. The others come and go; each begins five records before where it was left, so that an answer to
    // what was asked before would show.
    let mut rounds = (1..PARTITIONS).cycle().enumerate();
    while (0..PARTITIONS).any(|partition| next(&log, partition) < RECORDS) {
        let (round, partition) = rounds.next().unwrap();
        let is_assigned = consumer.assignment().any(|it| *it == of(partition));
        if is_assigned && round % 2 == 0 {
            assert_eq!(consumer.position(&of(partition)), Some(next(&log, partition)));
            consumer.incremental_unassign(&[of(partition)]).unwrap();
        }
        if !is_assigned || round % 4 == 0 {
            let begin = (next(&log, partition) - 5).max(0);
            log.entry(partition).or_default().truncate(begin as usize);
            consumer.incremental_assign(vec![at(partition, begin)]).unwrap();
        }
        // Where everything assigned was read to its end, nothing comes any more.
        if consumer.assignment().any(|it| next(&log, it.partition) < RECORDS) {
            poll(&mut consumer, &mut log).await;
        }
    }
    writer.await.unwrap();
    assert_whole(&log);
    assert!(faults.iter().all(|fault| fault.fired() == 1));
}

#[tokio::test]
async fn streams_that_are_dropped_and_made_again_give_every_record_once() {
    let (_broker, client) = cluster().await;
    let writer = tokio::spawn(write(client.clone()));
    let mut consumer = client.consumer();
    consumer.assign((0..PARTITIONS).map(|partition| at(partition, 0)).collect());
    let mut log = Log::new();
    let mut left = RECORDS * i64::from(PARTITIONS);
    for round in 1.. {
        let mut stream = pin!(consumer.stream());
        for _ in 0..(round * 7).min(left) {
            let record: OwnedRecord =
                timeout(PATIENCE, poll_fn(|context| stream.as_mut().poll_next(context)))
                    .await
                    .expect("records come")
                    .expect("it has no end")
                    .unwrap();
            assert_eq!(record.value.as_deref(), Some(&record.offset.to_be_bytes()[..]));
            log.entry(record.partition).or_default().push(record.offset);
            left -= 1;
        }
        if left == 0 {
            break;
        }
    }
    writer.await.unwrap();
    assert_whole(&log);
}
