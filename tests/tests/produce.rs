//! The producer against the embedded broker: acknowledged means in the log once, in order.

use std::future::Future;
use std::time::Duration;

use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_client::{
    Address, Assignment, Client, Compression, Config, Error, ErrorKind, NewTopic, OffsetSpec, Position,
    Producer, Receipt, Record, Topic,
};
use upsert_kafka_protocol::{ApiKey, ErrorCode};

mod cancel;

/// A broker, a topic `orders` and a producer.
struct Bench {
    broker: Broker,
    client: Client,
    producer: Producer,
    topic: Topic,
}

impl Bench {
    async fn new(partitions: i32, change: impl FnOnce(&mut Config)) -> Self {
        Self::with_topic(partitions, &[], change).await
    }

    async fn with_topic(partitions: i32, configs: &[(&str, &str)], change: impl FnOnce(&mut Config)) -> Self {
        let broker = Broker::start(BrokerConfig::default()).await.unwrap();
        let address = Address { host: broker.address().ip().to_string(), port: broker.address().port() };
        let config = Config::new([address]).with(|it| {
            it.retry_backoff = Duration::from_millis(1);
            it.retry_backoff_max = Duration::from_millis(10);
            it.reconnect_backoff = Duration::from_millis(1);
            it.reconnect_backoff_max = Duration::from_millis(10);
            change(it);
        });
        let client = Client::open(config).await.unwrap();
        let orders = NewTopic::new("orders").partitions(partitions);
        let orders = configs.iter().fold(orders, |topic, (key, value)| topic.config(*key, *value));
        for created in client.admin().create_topics(&[orders]).await.unwrap() {
            created.unwrap();
        }
        let producer = client.producer();
        let topic = producer.topic("orders").await.unwrap();
        Self { broker, client, producer, topic }
    }

    async fn send(
        &self,
        partition: i32,
        number: u64,
    ) -> impl Future<Output = Result<Receipt, Error>> + use<> {
        let value = number.to_be_bytes();
        let record = Record::new(&self.topic).partition(partition).value(&value);
        self.producer.send(record).await.unwrap()
    }

    /// The numbers in each partition, in the order of the log.
    async fn log(&self) -> Vec<Vec<u64>> {
        let ends = self.client.consumer().offsets("orders", OffsetSpec::Latest).await.unwrap();
        let mut log = vec![Vec::new(); ends.len()];
        let mut left: i64 = ends.iter().map(|(_, end)| end).sum();
        let mut consumer = self.client.consumer();
        let assignment =
            |(partition, _): &(i32, i64)| Assignment::new("orders", *partition, Position::Earliest);
        consumer.assign(ends.iter().map(assignment).collect());
        while left > 0 {
            for partition in consumer.poll().await.unwrap().partitions() {
                for record in partition.records() {
                    let value = record.unwrap().value.unwrap();
                    let number = u64::from_be_bytes(value[..8].try_into().unwrap());
                    log[usize::try_from(partition.partition()).unwrap()].push(number);
                    left -= 1;
                }
            }
        }
        log
    }
}

/// A request of a few batches, many requests.
fn small(config: &mut Config) {
    config.batch_size = 300;
    config.linger = Duration::ZERO;
}

/// Numbers spread over three partitions in turn arrive whole and in order.
async fn all_arrive_once_in_order(bench: &Bench, count: u64) {
    let mut deliveries = Vec::new();
    for number in 0..count {
        deliveries.push(bench.send(i32::try_from(number % 3).unwrap(), number).await);
    }
    bench.producer.flush().await.unwrap();
    for (number, delivery) in (0..).zip(deliveries) {
        let receipt = delivery.await.unwrap();
        assert_eq!((receipt.partition, receipt.offset), (number % 3, i64::from(number / 3)), "{number}");
    }
    let expected: Vec<Vec<u64>> = (0..3).map(|at| (at..count).step_by(3).collect()).collect();
    assert_eq!(bench.log().await, expected);
}

#[tokio::test]
async fn records_lie_in_the_log_in_the_order_of_sending() {
    let bench = Bench::new(3, |_| {}).await;
    all_arrive_once_in_order(&bench, 3000).await;
}

#[tokio::test]
async fn connections_closed_and_answers_lost_mid_stream_cost_nothing() {
    let bench = Bench::new(3, small).await;
    let mut faults = Vec::new();
    for nth in 0..20 {
        let action = if nth % 2 == 0 { Action::LoseAnswer } else { Action::Close };
        faults.push(bench.broker.fault(Fault::new(ApiKey::PRODUCE, action).skip(3)).await);
    }
    all_arrive_once_in_order(&bench, 6000).await;
    assert!(faults.iter().all(|fault| fault.fired() == 1));
}

#[tokio::test]
async fn errors_that_pass_are_tried_again_in_order() {
    let bench = Bench::new(3, small).await;
    for code in [
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::NOT_ENOUGH_REPLICAS,
        ErrorCode::LEADER_NOT_AVAILABLE,
        ErrorCode::KAFKA_STORAGE_ERROR,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ] {
        for _ in 0..3 {
            bench.broker.fault(Fault::new(ApiKey::PRODUCE, Action::Answer(code)).skip(2)).await;
        }
    }
    all_arrive_once_in_order(&bench, 6000).await;
}

#[tokio::test]
async fn errors_that_come_after_the_write_do_not_write_twice() {
    let bench = Bench::new(3, small).await;
    for code in [ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorCode::REQUEST_TIMED_OUT] {
        for _ in 0..4 {
            bench.broker.fault(Fault::new(ApiKey::PRODUCE, Action::AnswerAfterWork(code)).skip(4)).await;
        }
    }
    all_arrive_once_in_order(&bench, 6000).await;
}

#[tokio::test]
async fn a_broker_that_lost_count_of_the_producer_is_told_a_new_epoch() {
    let bench = Bench::new(3, small).await;
    for code in [ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, ErrorCode::UNKNOWN_PRODUCER_ID] {
        for _ in 0..3 {
            bench.broker.fault(Fault::new(ApiKey::PRODUCE, Action::Answer(code)).skip(4)).await;
        }
    }
    all_arrive_once_in_order(&bench, 6000).await;
}

#[tokio::test]
async fn a_leader_that_lost_its_partition_after_the_write_leaves_doubt() {
    for code in [
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::KAFKA_STORAGE_ERROR,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ] {
        let bench = Bench::new(1, |config| {
            config.delivery_timeout = Duration::from_millis(300);
            config.request_timeout = Duration::from_millis(250);
            config.fetch_max_wait = Duration::from_millis(50);
        })
        .await;
        let lost = Fault::new(ApiKey::PRODUCE, Action::AnswerAfterWork(code)).times(u32::MAX);
        bench.broker.fault(lost).await;
        let error = bench.send(0, 7).await.await.unwrap_err();
        assert!(error.may_have_been_written(), "{code}: {error}");
        assert_eq!(bench.log().await, [[7]]);
    }
}

#[tokio::test]
async fn a_refused_batch_fails_alone_and_what_follows_is_in_order() {
    let bench = Bench::new(1, small).await;
    let fault = Fault::new(ApiKey::PRODUCE, Action::Answer(ErrorCode::POLICY_VIOLATION)).skip(4);
    bench.broker.fault(fault).await;
    let mut deliveries = Vec::new();
    for number in 0..2000 {
        deliveries.push(bench.send(0, number).await);
    }
    let (mut written, mut refused) = (Vec::new(), Vec::new());
    for (number, delivery) in (0..).zip(deliveries) {
        match delivery.await {
            Ok(receipt) => written.push((number, receipt.offset)),
            Err(error) => refused.push((number, error)),
        }
    }
    assert!((1..50).contains(&refused.len()), "{} of one batch", refused.len());
    for (_, error) in &refused {
        assert_eq!(error.code(), Some(ErrorCode::POLICY_VIOLATION));
        assert!(!error.may_have_been_written());
    }
    let log = &bench.log().await[0];
    assert_eq!(*log, written.iter().map(|(number, _)| *number).collect::<Vec<_>>());
    assert!(written.iter().all(|(number, offset)| log[usize::try_from(*offset).unwrap()] == *number));
    let failure = bench.producer.flush().await.unwrap_err();
    assert_eq!(failure.code(), Some(ErrorCode::POLICY_VIOLATION), "flush tells what no delivery was asked");
    bench.producer.flush().await.unwrap();
}

#[tokio::test]
async fn a_record_without_key_is_refused_by_a_compacted_topic_in_words() {
    let bench = Bench::with_topic(1, &[("cleanup.policy", "compact")], |_| {}).await;
    let keyed = bench.producer.send(Record::new(&bench.topic).key(b"k").value(b"v")).await.unwrap();
    bench.producer.flush().await.unwrap();
    keyed.await.unwrap();
    let error = bench.producer.send(Record::new(&bench.topic).value(b"v")).await.unwrap().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::INVALID_RECORD));
    assert!(error.to_string().starts_with("topic orders, partition 0"), "{error}");
    assert!(error.to_string().to_lowercase().contains("key"), "{error}");
}

#[tokio::test]
async fn a_record_over_the_limit_is_refused_and_the_next_one_is_not() {
    let bench = Bench::new(1, |config| config.max_request_size = 5000).await;
    let large = vec![0; 5000];
    let record = Record::new(&bench.topic).key(b"customer-7").value(&large);
    let error = bench.producer.send(record).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let text = error.to_string();
    assert!(text.contains("max.request.size (5000)") && text.contains("\"customer-7\""), "{text}");
    bench.send(0, 1).await.await.unwrap();
}

#[tokio::test]
async fn a_topic_that_does_not_come_is_named_after_max_block() {
    let broker = Broker::start(BrokerConfig::default().with_auto_create_topics(false)).await.unwrap();
    let address = Address { host: "127.0.0.1".to_owned(), port: broker.address().port() };
    let config = Config::new([address]).with(|it| it.max_block = Duration::from_millis(200));
    let producer = Client::open(config).await.unwrap().producer();
    let error = producer.topic("nowhere").await.unwrap_err();
    assert_eq!((error.kind(), error.topic()), (ErrorKind::UnknownTopic, Some("nowhere")), "{error}");
}

#[tokio::test]
async fn a_partition_that_is_not_there_is_named() {
    let bench = Bench::new(2, |_| {}).await;
    for partition in [-1, 2] {
        let record = Record::new(&bench.topic).partition(partition);
        let error = bench.producer.send(record).await.unwrap_err();
        assert_eq!((error.kind(), error.partition()), (ErrorKind::UnknownTopic, Some(partition)), "{error}");
    }
}

#[tokio::test]
async fn memory_that_is_full_holds_senders_back_and_lets_all_through() {
    let bench = Bench::new(3, |config| {
        config.batch_size = 1000;
        config.buffer_memory = 3000;
        config.linger = Duration::from_secs(20);
    })
    .await;
    all_arrive_once_in_order(&bench, 3000).await;
}

#[tokio::test]
async fn a_sender_that_waits_too_long_for_memory_is_told_so() {
    let bench = Bench::new(1, |config| {
        config.batch_size = 1000;
        config.buffer_memory = 1000;
        config.max_block = Duration::from_millis(50);
    })
    .await;
    bench.broker.fault(Fault::new(ApiKey::PRODUCE, Action::Delay(Duration::from_secs(60)))).await;
    let large = vec![0; 800];
    let delivery = bench.producer.send(Record::new(&bench.topic).value(&large)).await.unwrap();
    let error = bench.producer.send(Record::new(&bench.topic).value(&large)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("buffer.memory (1000 bytes)"), "{error}");
    drop(delivery);
}

#[tokio::test]
async fn a_producer_closed_in_time_takes_nothing_more() {
    let bench = Bench::new(1, |config| config.linger = Duration::from_secs(20)).await;
    let delivery = bench.send(0, 7).await;
    bench.producer.close(Duration::from_secs(20)).await.unwrap();
    assert_eq!(delivery.await.unwrap().offset, 0);
    let error = bench.producer.send(Record::new(&bench.topic).value(b"late")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn closing_gives_up_in_time_and_says_what_may_be_written() {
    let bench = Bench::new(1, |_| {}).await;
    bench.broker.fault(Fault::new(ApiKey::PRODUCE, Action::Delay(Duration::from_secs(60)))).await;
    let delivery = bench.send(0, 7).await;
    let error = bench.producer.close(Duration::from_millis(100)).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Timeout && error.may_have_been_written(), "{error}");
    assert!(delivery.await.unwrap_err().may_have_been_written());
}

#[tokio::test]
async fn a_backlog_is_a_few_large_batches_however_short_the_linger() {
    let bench = Bench::new(1, |config| config.linger = Duration::ZERO).await;
    let silent = Action::Delay(Duration::from_millis(500));
    let mut silent = bench.broker.fault(Fault::new(ApiKey::PRODUCE, silent)).await;
    let counted = Fault::new(ApiKey::PRODUCE, Action::Delay(Duration::ZERO)).times(u32::MAX);
    let counted = bench.broker.fault(counted).await;
    drop(bench.send(0, 0).await);
    silent.wait(1).await;
    for number in 1..200 {
        drop(bench.send(0, number).await);
        tokio::task::yield_now().await;
    }
    bench.producer.flush().await.unwrap();
    assert_eq!(bench.log().await, [(0..200).collect::<Vec<_>>()]);
    // Five in flight, one that waits, and what gathered meanwhile.
    let requests = 1 + counted.fired();
    assert!((2..=8).contains(&requests), "{requests} requests");
}

#[tokio::test]
async fn a_dropped_producer_still_delivers() {
    let bench = Bench::new(1, |config| config.linger = Duration::from_secs(20)).await;
    let delivery = bench.send(0, 7).await;
    let Bench { producer, broker, .. } = bench;
    drop(producer);
    assert_eq!(delivery.await.unwrap().offset, 0);
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_a_producer_and_each_keeps_its_order() {
    let bench = Bench::new(3, small).await;
    bench.broker.fault(Fault::new(ApiKey::PRODUCE, Action::LoseAnswer).skip(10).times(3)).await;
    let tasks = (0..8u64).map(|task| {
        let (producer, topic) = (bench.producer.clone(), bench.topic.clone());
        tokio::spawn(async move {
            for number in 0..1000u64 {
                let value = (task << 32 | number).to_be_bytes();
                let record = Record::new(&topic).partition((task % 3) as i32).value(&value);
                drop(producer.send(record).await.unwrap());
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    bench.producer.flush().await.unwrap();
    let log = bench.log().await;
    for task in 0..8u64 {
        let of_task = log[(task % 3) as usize].iter().filter(|number| **number >> 32 == task);
        assert!(of_task.map(|number| number & 0xffff_ffff).eq(0..1000), "task {task}");
    }
}

#[tokio::test]
async fn every_codec_is_read_back() {
    for compression in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let bench = Bench::new(3, |config| config.compression = compression).await;
        bench.broker.fault(Fault::new(ApiKey::PRODUCE, Action::LoseAnswer)).await;
        all_arrive_once_in_order(&bench, 3000).await;
    }
}

#[tokio::test]
async fn without_idempotence_the_leader_alone_may_answer() {
    let bench = Bench::new(3, |config| {
        config.enable_idempotence = false;
        config.acks = upsert_kafka_client::Acks::Leader;
    })
    .await;
    all_arrive_once_in_order(&bench, 3000).await;
}

#[tokio::test]
async fn without_acks_records_are_written_and_nobody_knows_where() {
    let bench = Bench::new(1, |config| {
        config.enable_idempotence = false;
        config.acks = upsert_kafka_client::Acks::None;
    })
    .await;
    assert_eq!(bench.send(0, 7).await.await.unwrap().offset, -1);
    let mut consumer = bench.client.consumer();
    consumer.assign(vec![Assignment::new("orders", 0, Position::Earliest)]);
    let read = loop {
        let fetched = consumer.poll().await.unwrap();
        let count = fetched.records().count();
        if count > 0 {
            break count;
        }
    };
    assert_eq!(read, 1);
}

#[tokio::test]
async fn a_record_that_cannot_be_delivered_in_time_fails_in_time() {
    let bench = Bench::new(1, |config| {
        config.request_timeout = Duration::from_millis(100);
        config.delivery_timeout = Duration::from_millis(300);
        config.fetch_max_wait = Duration::from_millis(50);
    })
    .await;
    let never = Action::Answer(ErrorCode::NOT_ENOUGH_REPLICAS);
    let fault = bench.broker.fault(Fault::new(ApiKey::PRODUCE, never).times(u32::MAX)).await;
    let error = bench.send(0, 7).await.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let text = error.to_string();
    assert!(
        text.starts_with("topic orders, partition 0: not acknowledged within delivery.timeout.ms (300)"),
        "{text}"
    );
    assert!(text.contains("NOT_ENOUGH_REPLICAS"), "{text}");
    fault.disarm().await;
    bench.send(0, 8).await.await.unwrap();
    assert_eq!(bench.log().await, [[8]]);
}
