//! What a producer cannot do is a typed error: a sentence with topic, partition and cause.

use std::time::Duration;

use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_client::{Client, Config, Error, ErrorKind, NewTopic, Producer, Record, Role, Scope, Topic};
use upsert_kafka_protocol::{ApiKey, ErrorCode};

struct Bench {
    broker: Broker,
    producer: Producer,
    topic: Topic,
}

impl Bench {
    async fn new(properties: &[(&str, &str)]) -> Self {
        let broker = Broker::start(BrokerConfig::default()).await.unwrap();
        let client = client(&broker, properties).await;
        let orders = NewTopic::new("orders").partitions(2);
        for created in client.admin().create_topics(&[orders]).await.unwrap() {
            created.unwrap();
        }
        let producer = client.producer();
        let topic = producer.topic("orders").await.unwrap();
        Self { broker, producer, topic }
    }

    /// Answers with this error from now on.
    async fn refuse(&self, api: ApiKey, code: ErrorCode) {
        self.broker.fault(Fault::new(api, Action::Answer(code)).times(u32::MAX)).await;
    }

    async fn send(&self, value: &[u8]) -> Error {
        let record = Record::new(&self.topic).partition(1).value(value);
        match self.producer.send(record).await {
            Ok(delivery) => delivery.await.unwrap_err(),
            Err(error) => error,
        }
    }
}

async fn client(broker: &Broker, properties: &[(&str, &str)]) -> Client {
    let address = broker.address().to_string();
    let pairs = [("bootstrap.servers", address.as_str()), ("retry.backoff.ms", "5")];
    let (config, _) =
        Config::from_properties(pairs.iter().chain(properties).copied(), Role::Producer).unwrap();
    Client::open(config).await.unwrap()
}

/// Its kind, its scope, and every word that its sentence must hold.
fn says(error: &Error, kind: ErrorKind, scope: Scope, words: &[&str]) {
    assert_eq!((error.kind(), error.scope()), (kind, scope), "{error:?}");
    let sentence = error.to_string();
    words.iter().for_each(|word| assert!(sentence.contains(word), "{word:?} is missing in: {sentence}"));
}

#[tokio::test]
async fn a_topic_with_an_impossible_name_is_refused_at_once() {
    let bench = Bench::new(&[]).await;
    let error = bench.producer.topic("no spaces, please").await.unwrap_err();
    says(&error, ErrorKind::Broker, Scope::Call, &["topic no spaces, please", "INVALID_TOPIC_EXCEPTION"]);
}

#[tokio::test]
async fn a_topic_that_is_not_allowed_is_named_with_its_partition() {
    let bench = Bench::new(&[]).await;
    bench.refuse(ApiKey::PRODUCE, ErrorCode::TOPIC_AUTHORIZATION_FAILED).await;
    let error = bench.send(b"v").await;
    let words = ["topic orders, partition 1", "TOPIC_AUTHORIZATION_FAILED"];
    says(&error, ErrorKind::Unauthorized, Scope::Call, &words);
    assert!(!error.may_have_been_written());
}

#[tokio::test]
async fn a_cluster_that_is_not_allowed_ends_an_idempotent_producer() {
    let bench = Bench::new(&[]).await;
    bench.refuse(ApiKey::INIT_PRODUCER_ID, ErrorCode::CLUSTER_AUTHORIZATION_FAILED).await;
    let error = bench.send(b"v").await;
    let words = ["topic orders, partition 1", "cannot go on", "CLUSTER_AUTHORIZATION_FAILED"];
    says(&error, ErrorKind::Unauthorized, Scope::Producer, &words);
    assert!(!error.may_have_been_written());
    let error = bench.send(b"v").await;
    says(&error, ErrorKind::Unauthorized, Scope::Producer, &["CLUSTER_AUTHORIZATION_FAILED"]);
}

#[tokio::test]
async fn a_transactional_id_that_is_not_allowed_is_named() {
    let bench = Bench::new(&[("transactional.id", "pay-1")]).await;
    let code = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    bench.refuse(ApiKey::INIT_PRODUCER_ID, code).await;
    let error = bench.producer.begin().await.unwrap_err();
    let words = ["transactional.id pay-1", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"];
    says(&error, ErrorKind::Unauthorized, Scope::Producer, &words);
}

#[tokio::test]
async fn a_coordinator_that_may_not_be_looked_for_is_told_at_once() {
    let bench = Bench::new(&[("transactional.id", "pay-1")]).await;
    let code = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    bench.refuse(ApiKey::FIND_COORDINATOR, code).await;
    let error = bench.producer.begin().await.unwrap_err();
    let words = ["transactional.id pay-1", "FindCoordinator", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"];
    says(&error, ErrorKind::Unauthorized, Scope::Producer, &words);
}

#[tokio::test]
async fn a_broker_too_old_for_idempotence_says_what_to_set() {
    let bench = Bench::new(&[]).await;
    bench.refuse(ApiKey::INIT_PRODUCER_ID, ErrorCode::UNSUPPORTED_VERSION).await;
    let error = bench.send(b"v").await;
    says(&error, ErrorKind::Unsupported, Scope::Producer, &["too old", "enable.idempotence"]);
}

#[tokio::test]
async fn a_topic_of_a_transaction_that_is_not_allowed_ends_the_transaction_and_no_more() {
    let bench = Bench::new(&[("transactional.id", "pay-1")]).await;
    let denied = Action::Answer(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    bench.broker.fault(Fault::new(ApiKey::PRODUCE, denied)).await;
    let transaction = bench.producer.begin().await.unwrap();
    let record = Record::new(&bench.topic).partition(1).value(b"v");
    let error = transaction.send(record).await.unwrap().await.unwrap_err();
    says(&error, ErrorKind::Unauthorized, Scope::Call, &["topic orders, partition 1"]);
    let error = transaction.commit().await.unwrap_err();
    let words = ["transactional.id pay-1", "topic orders, partition 1", "TOPIC_AUTHORIZATION_FAILED"];
    says(&error, ErrorKind::Unauthorized, Scope::Transaction, &words);
    let transaction = bench.producer.begin().await.unwrap();
    drop(transaction.send(record).await.unwrap());
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_group_that_is_not_allowed_ends_the_transaction() {
    let bench = Bench::new(&[("transactional.id", "pay-1")]).await;
    bench.refuse(ApiKey::TXN_OFFSET_COMMIT, ErrorCode::GROUP_AUTHORIZATION_FAILED).await;
    let transaction = bench.producer.begin().await.unwrap();
    let orders = upsert_kafka_client::TopicPartition::new("orders", 0);
    let offset = upsert_kafka_client::Commit::new(orders, 5);
    let group = upsert_kafka_client::GroupMetadata::new("readers");
    let error = transaction.send_offsets(&[offset], &group).await.unwrap_err();
    let words = ["transactional.id pay-1", "GROUP_AUTHORIZATION_FAILED"];
    says(&error, ErrorKind::Unauthorized, Scope::Transaction, &words);
}

#[tokio::test]
async fn a_transaction_that_outlasts_its_time_ends_the_producer_and_says_which_setting() {
    let bench = Bench::new(&[("transactional.id", "slow"), ("transaction.timeout.ms", "30")]).await;
    let transaction = bench.producer.begin().await.unwrap();
    drop(transaction.send(Record::new(&bench.topic).partition(1).value(b"v")).await.unwrap());
    transaction.flush().await.unwrap();
    // The coordinator's marker.
    while bench.broker.log("orders", 1).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let error = transaction.commit().await.unwrap_err();
    let words = ["transactional.id slow", "EndTxn", "transaction.timeout.ms"];
    says(&error, ErrorKind::Broker, Scope::Producer, &words);
    assert!(!error.may_have_been_written() && error.is_fatal(), "{error:?}");
}

#[tokio::test]
async fn a_full_buffer_is_said_at_once_to_who_does_not_want_to_wait() {
    let bench = Bench::new(&[("buffer.memory", "20000"), ("linger.ms", "0")]).await;
    let silent = Action::Delay(Duration::from_secs(60));
    bench.broker.fault(Fault::new(ApiKey::PRODUCE, silent).times(u32::MAX)).await;
    let value = [7; 3000];
    let mut deliveries = Vec::new();
    let error = loop {
        match bench.producer.try_send(Record::new(&bench.topic).value(&value)) {
            Ok(delivery) => deliveries.push(delivery),
            Err(error) => break error,
        }
        assert!(deliveries.len() < 10, "it takes more than buffer.memory");
    };
    says(&error, ErrorKind::BufferFull, Scope::Call, &["topic orders", "buffer.memory (20000 bytes)"]);
    assert!(deliveries.len() >= 4, "{} of six that there is room for", deliveries.len());
}

#[tokio::test]
async fn a_producer_that_is_closed_takes_nothing_and_begins_nothing() {
    let bench = Bench::new(&[("transactional.id", "pay-1")]).await;
    bench.producer.close(Duration::from_secs(20)).await.unwrap();
    says(&bench.send(b"v").await, ErrorKind::Closed, Scope::Call, &["closed"]);
    let error = bench.producer.begin().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error:?}");
}
