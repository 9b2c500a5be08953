//! The broker over pipes in paused time: hours of it pass in an instant, and waits end at their millisecond.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, advance, sleep};
use upsert_kafka_broker::{Action, Broker, BrokerConfig, Clock, Environment, Fault};
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::{ApiKey, ErrorCode};

mod frames;

use frames::{Client, PAUSED_PATIENCE, batch, batch_at, create, fetch, outcome, produce, values};

/// The beginning of 2026.
const NOW_MS: i64 = 1_767_225_600_000;

const MINUTE: Duration = Duration::from_secs(60);

fn environment() -> Environment {
    Environment::new().with_clock(Clock::of_runtime(NOW_MS)).with_seed(7).without_sockets()
}

async fn started(config: BrokerConfig) -> (Broker, Client<DuplexStream>) {
    let broker = Broker::start_in(config, environment()).await.unwrap();
    let client = Client::of_node(&broker, 1).await;
    (broker, client)
}

async fn made(client: &mut Client<DuplexStream>, configs: &[(&'static str, &'static str)]) {
    let made = client.ask(&create("t", configs), 7).await;
    assert_eq!(made.topics[0].error_code, ErrorCode::NONE);
}

/// Where each batch that is left begins.
async fn offsets(broker: &Broker) -> Vec<i64> {
    broker.log("t", 0).await.into_iter().map(|(offset, _)| offset).collect()
}

/// What a duration is by timers, which are set by whole milliseconds.
fn took(began: Instant, wanted: Duration) -> bool {
    let exactly = wanted..=wanted + Duration::from_millis(1);
    exactly.contains(&began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_held_back_is_answered_at_its_time() {
    let (broker, mut client) = started(BrokerConfig::default()).await;
    made(&mut client, &[]).await;
    let began = Instant::now();
    let answer = client.ask(&fetch(0, 600_000), 11).await;
    assert!(took(began, 10 * MINUTE), "{:?}", began.elapsed());
    assert_eq!(values(&answer), Vec::<Vec<u8>>::new());
    broker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_held_back_is_answered_when_records_come() {
    let (broker, mut client) = started(BrokerConfig::default()).await;
    made(&mut client, &[]).await;
    let mut producer = Client::of_node(&broker, 1).await;
    let began = Instant::now();
    let later = tokio::spawn(async move {
        sleep(3 * MINUTE).await;
        assert_eq!(outcome(&producer.ask(&produce(batch(b"late")), 11).await), (ErrorCode::NONE, 0));
    });
    assert_eq!(values(&client.ask(&fetch(0, 600_000), 11).await), [b"late"]);
    assert!(took(began, 3 * MINUTE), "{:?}", began.elapsed());
    later.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_fault_delays_comes_at_its_time() {
    let (broker, mut client) = started(BrokerConfig::default()).await;
    broker.fault(Fault::new(ApiKey::API_VERSIONS, Action::Delay(5 * MINUTE))).await;
    let began = Instant::now();
    client.ask(&ApiVersionsRequest::default(), 3).await;
    assert!(took(began, 5 * MINUTE), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn retention_goes_by_the_clock_that_was_handed_in() {
    let (broker, mut client) = started(BrokerConfig::default()).await;
    made(&mut client, &[("retention.ms", "3600000"), ("segment.ms", "60000")]).await;
    for minute in 0..3 {
        let at = NOW_MS + 120_000 * minute;
        client.ask(&produce(batch_at(at, b"value")), 11).await;
        advance(2 * MINUTE).await;
    }
    // Retention looks every five minutes; the first record is an hour old after 54.
    sleep(50 * MINUTE).await;
    assert_eq!(offsets(&broker).await, [0, 1, 2]);
    sleep(7 * MINUTE).await;
    assert_eq!(offsets(&broker).await, [1, 2]);
    sleep(5 * MINUTE).await;
    assert_eq!(offsets(&broker).await, Vec::<i64>::new());
}

#[tokio::test(start_paused = true)]
async fn compaction_goes_by_the_clock_that_was_handed_in() {
    let (broker, mut client) = started(BrokerConfig::default()).await;
    made(&mut client, &[("cleanup.policy", "compact"), ("segment.ms", "60000")]).await;
    for minute in 0..4 {
        client.ask(&produce(batch_at(NOW_MS + 120_000 * minute, b"value")), 11).await;
    }
    assert_eq!(broker.log("t", 0).await.len(), 4);
    // The cleaner looks every fifteen seconds.
    sleep(MINUTE).await;
    assert_eq!(offsets(&broker).await, [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_pipe_on_which_nothing_happens_is_closed() {
    let (_broker, mut client) = started(BrokerConfig::default()).await;
    let began = Instant::now();
    assert_eq!(client.frame().await, None);
    assert!(took(began, 10 * MINUTE), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_is_given_up_half_a_minute_after_its_client_has_closed() {
    let (broker, mut client) = started(BrokerConfig::default()).await;
    made(&mut client, &[]).await;
    client.send(&fetch(0, 600_000), 11, 1).await;
    // Sent ahead, and served although nobody hears the answer.
    client.send(&produce(batch(b"value")), 11, 2).await;
    let mut served = broker.fault(Fault::new(ApiKey::PRODUCE, Action::LoseAnswer)).await;
    let began = Instant::now();
    drop(client);
    served.wait(1).await;
    assert_eq!(broker.stats().await.records, 1);
    assert!(took(began, MINUTE / 2), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_is_kept_when_its_client_has_sent_more() {
    let (_broker, mut client) = started(BrokerConfig::default()).await;
    made(&mut client, &[]).await;
    let began = Instant::now();
    client.send(&fetch(0, 600_000), 11, 1).await;
    // Until that waits.
    sleep(MINUTE).await;
    client.send(&fetch(0, 600_000), 11, 2).await;
    for (correlation_id, wanted) in [(1, 10 * MINUTE), (2, 20 * MINUTE)] {
        assert_eq!(client.hear::<FetchRequest>(11).await.unwrap().0, correlation_id);
        assert!(began.elapsed() >= wanted, "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn requests_sent_before_a_half_close_are_all_answered() {
    let (_broker, mut client) = started(BrokerConfig::default()).await;
    made(&mut client, &[]).await;
    client.send(&fetch(0, 300), 11, 0).await;
    for correlation_id in 1..50 {
        client.send(&ApiVersionsRequest::default(), 3, correlation_id).await;
    }
    client.0.shutdown().await.unwrap();
    assert_eq!(client.hear::<FetchRequest>(11).await.unwrap().0, 0);
    for correlation_id in 1..50 {
        assert_eq!(client.hear::<ApiVersionsRequest>(3).await.unwrap().0, correlation_id);
    }
    assert_eq!(client.frame().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_handed_in_is_served() {
    let (broker, _) = started(BrokerConfig::default()).await;
    let (near, far) = duplex(1);
    broker.serve(1, far).await.unwrap();
    let mut client = Client(near, PAUSED_PATIENCE);
    made(&mut client, &[]).await;
    assert_eq!(outcome(&client.ask(&produce(batch(&[7; 1000])), 11).await), (ErrorCode::NONE, 0));
    assert_eq!(values(&client.ask(&fetch(0, 0), 11).await), [[7; 1000]]);
}

#[tokio::test(start_paused = true)]
async fn a_connector_finds_nodes_as_metadata_tells_them() {
    let (broker, mut client) = started(BrokerConfig::default().with_nodes(2)).await;
    let connector = broker.connector();
    let told = client.ask(&MetadataRequest { topics: None, ..Default::default() }, 12).await;
    let ports: Vec<_> = told.brokers.iter().map(|it| (&*it.host, it.port)).collect();
    assert_eq!(ports, [("127.0.0.1", 9092), ("127.0.0.1", 9093)]);
    made(&mut Client(connector.connect("127.0.0.1", 9093).await.unwrap(), PAUSED_PATIENCE), &[]).await;

    let refused = |found: std::io::Result<DuplexStream>| found.unwrap_err().kind();
    assert_eq!(refused(connector.connect("127.0.0.1", 9094).await), ErrorKind::ConnectionRefused);
    assert_eq!(broker.connect(3).await.unwrap_err().kind(), ErrorKind::NotFound);
    broker.stop_node(1).await.unwrap();
    assert_eq!(client.frame().await, None);
    assert_eq!(refused(connector.connect("127.0.0.1", 9092).await), ErrorKind::ConnectionRefused);
    broker.start_node(1).await.unwrap();
    connector.connect("127.0.0.1", 9092).await.unwrap();
    broker.stop().await;
    assert_eq!(refused(connector.connect("127.0.0.1", 9092).await), ErrorKind::ConnectionRefused);
}
