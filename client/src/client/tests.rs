//! A producer of a whole client against brokers that answer as the test says.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use upsert_kafka_protocol::Str;
use upsert_kafka_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use upsert_kafka_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse,
};

use super::*;
use crate::config::Address;
use crate::peer::{Ask, Peer, Reply, broker, metadata};
use crate::{ErrorKind, Partitions, Record};

const MS: Duration = Duration::from_millis(1);

/// What a broker says that writes all it is asked to.
fn serve(ask: &Ask, at: &Address, topics: &[(&'static str, i32)]) -> Reply {
    match ask.key {
        0 => written(ask, 0),
        22 => {
            assert!(ask.is::<InitProducerIdRequest>());
            ask.answer(&InitProducerIdResponse { producer_id: 7, ..Default::default() })
        }
        _ => ask.introduce(at, topics).unwrap(),
    }
}

fn written(ask: &Ask, throttle_time_ms: i32) -> Reply {
    let request: ProduceRequest = ask.read();
    let responses = request.topic_data.iter().map(|topic| TopicProduceResponse {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partition_responses: topic
            .partition_data
            .iter()
            .map(|partition| PartitionProduceResponse { index: partition.index, ..Default::default() })
            .collect(),
        ..Default::default()
    });
    ask.answer(&ProduceResponse { responses: responses.collect(), throttle_time_ms, ..Default::default() })
}

async fn opened(config: Config) -> Client {
    Client::open(Config { linger: Duration::ZERO, ..config }).await.unwrap()
}

/// Sends so many records, and tells where they came to lie.
async fn places(producer: &Producer, topic: &str, count: usize) -> Vec<i32> {
    let topic = producer.topic(topic).await.unwrap();
    let mut deliveries = Vec::new();
    for _ in 0..count {
        deliveries.push(producer.send(Record::new(&topic).value(&[7; 90])).await.unwrap());
    }
    let mut places = Vec::new();
    for delivery in deliveries {
        places.push(delivery.await.unwrap().partition);
    }
    places
}

#[tokio::test]
async fn round_robin_by_the_name_of_javas_class_goes_on_in_turn() {
    let peer = Peer::at(|at| move |ask: &Ask| serve(ask, &at, &[("orders", 3)])).await;
    let config = Config { partitioner_class: PartitionerClass::RoundRobin, ..peer.config() };
    let producer = opened(config).await.producer();
    assert_eq!(places(&producer, "orders", 7).await, [0, 1, 2, 0, 1, 2, 0]);
}

#[tokio::test]
async fn a_client_of_other_settings_shares_what_is_known_of_the_cluster_or_is_refused() {
    let peer = Peer::at(|at| move |ask: &Ask| serve(ask, &at, &[("orders", 3)])).await;
    let client = opened(peer.config()).await;
    let config = Config { partitioner_class: PartitionerClass::RoundRobin, ..client.config().clone() };
    let other = client.with_config(config.clone()).unwrap();
    assert!(other.cluster().watch().is_of(&client.cluster().watch()), "found once");
    assert_eq!(places(&other.producer(), "orders", 4).await, [0, 1, 2, 0], "by its own settings");

    let refused = client.with_config(Config { client_id: "another".into(), ..config.clone() }).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    assert!(client.with_config(Config { max_in_flight: 0, ..config }).is_err(), "contradictory");
}

/// Partition 1 for everything, and how often it was asked.
struct CountingPartitioner(Arc<AtomicUsize>);

impl Partitioner for CountingPartitioner {
    fn partition(&self, _: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32> {
        assert_eq!(partitions.count(), 3);
        assert!(partitions.has_leader(2) && !partitions.has_leader(3));
        assert_eq!(partitions.with_leader().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(partitions.turn(), self.0.fetch_add(1, Relaxed) as u64);
        Some(1)
    }
}

#[tokio::test]
async fn a_partitioner_is_asked_once_for_each_record_however_often_batches_were_full() {
    let peer = Peer::at(|at| move |ask: &Ask| serve(ask, &at, &[("orders", 3)])).await;
    let asked = Arc::new(AtomicUsize::new(0));
    // Every second record closes a batch and is tried again; memory runs out now and then.
    let config = Config { batch_size: 256, buffer_memory: 1024, ..peer.config() };
    let producer = opened(config).await.producer_with(CountingPartitioner(Arc::clone(&asked)));
    assert_eq!(places(&producer, "orders", 50).await, [1; 50]);
    assert_eq!(asked.load(Relaxed), 50);
}

#[tokio::test]
async fn leaders_in_the_clients_rack_get_the_keyless_records() {
    let peer = Peer::at(|at| {
        move |ask: &Ask| match ask.key {
            3 => {
                let mut answer = metadata(&at, &[("orders", 4)]);
                let rack = |node, rack: &'static str| {
                    let rack = Some(Str::from(rack));
                    upsert_kafka_protocol::messages::metadata::MetadataResponseBroker {
                        rack,
                        ..broker(node, &at)
                    }
                };
                answer.brokers = vec![rack(1, "a"), rack(2, "b")];
                answer.topics[0].partitions[2].leader_id = 2;
                ask.answer(&answer)
            }
            _ => serve(ask, &at, &[]),
        }
    })
    .await;
    let config = Config { partitioner_rack_aware: true, client_rack: Some("b".to_owned()), ..peer.config() };
    assert_eq!(places(&opened(config).await.producer(), "orders", 30).await, [2; 30]);
}

#[tokio::test]
async fn a_producer_keeps_silent_for_as_long_as_the_broker_wishes() {
    let pause = 60 * MS;
    let mut count = 0;
    let (tell, told) = std::sync::mpsc::channel();
    let peer = Peer::at(|at| {
        move |ask: &Ask| {
            tell.send((ask.key, Instant::now())).unwrap();
            count += usize::from(ask.is::<ProduceRequest>());
            match ask.key {
                0 => written(ask, if count == 1 { i32::try_from(pause.as_millis()).unwrap() } else { 0 }),
                _ => serve(ask, &at, &[("orders", 1)]),
            }
        }
    })
    .await;
    let client = opened(peer.config()).await;
    let producer = client.producer();
    assert_eq!(places(&producer, "orders", 1).await, [0]);
    // The broker reads nothing more of that connection for so long (KIP-219); others are not concerned.
    let connection = client.cluster.connection(1).await.unwrap();
    connection.call(&InitProducerIdRequest::default()).await.unwrap();
    assert_eq!(places(&producer, "orders", 1).await, [0]);
    let heard: Vec<(i16, Instant)> =
        told.try_iter().skip_while(|(key, _)| *key != 0).filter(|(key, _)| *key != 18).collect();
    let keys: Vec<i16> = heard.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, [0, 22, 0]);
    assert!(heard[2].1 - heard[0].1 >= pause, "{heard:?}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_opened_again_and_no_record_is_lost() {
    let mut peer = Peer::at(|at| move |ask: &Ask| serve(ask, &at, &[("orders", 1)])).await;
    let config = Config { connections_max_idle: Some(30 * MS), ..peer.config() };
    let client = opened(config).await;
    let producer = client.producer();
    for round in 0..3 {
        assert_eq!(places(&producer, "orders", 5).await, [0; 5], "round {round}");
        let connection = client.cluster.connection(1).await.unwrap();
        while !connection.is_closed() {
            peer.left.recv().await.unwrap();
        }
    }
    let mut produced = 0;
    while let Ok(ask) = peer.heard.try_recv() {
        produced += usize::from(ask.is::<ProduceRequest>());
    }
    assert!(produced >= 3, "{produced}");
}

#[tokio::test]
async fn a_topic_that_was_idle_is_written_again_and_kept_up_to_date_again() {
    let peer = Peer::at(|at| move |ask: &Ask| serve(ask, &at, &[("orders", 1)])).await;
    let client = opened(Config { metadata_max_idle: 100 * MS, ..peer.config() }).await;
    let producer = client.producer();
    assert_eq!(places(&producer, "orders", 1).await, [0]);
    let mut view = client.cluster.watch();
    while client.cluster.metadata().topics.contains_key("orders") {
        view.see();
        client.cluster.refresh();
        view.changed().await.unwrap();
    }
    assert_eq!(places(&producer, "orders", 1).await, [0], "by the handle that it had");
    while !client.cluster.metadata().topics.contains_key("orders") {
        assert_eq!(places(&producer, "orders", 1).await, [0]);
    }
}
