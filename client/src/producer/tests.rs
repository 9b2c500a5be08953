//! The producer between two brokers, one of which takes nothing.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use upsert_kafka_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use upsert_kafka_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, MetadataRequest, ProduceRequest, ProduceResponse,
};

use super::slots::Slot;
use crate::config::Address;
use crate::peer::{Ask, Peer, Reply, broker, metadata};
use crate::{Client, Config, ErrorKind, Producer, Record, Topic};

/// Broker 1, which writes everything; broker 2 at `mute` leads partition 1.
fn writes(ask: &Ask, at: &Address, mute: &Address) -> Reply {
    if ask.is::<MetadataRequest>() {
        let mut told = metadata(at, &[("orders", 2)]);
        told.brokers.push(broker(2, mute));
        told.topics[0].partitions[1].leader_id = 2;
        return ask.answer(&told);
    }
    if ask.is::<InitProducerIdRequest>() {
        return ask.answer(&InitProducerIdResponse { producer_id: 7, ..Default::default() });
    }
    if !ask.is::<ProduceRequest>() {
        return ask.introduce(at, &[]).expect("a request that is known");
    }
    let request: ProduceRequest = ask.read();
    let topic = &request.topic_data[0];
    assert_eq!(topic.partition_data.len(), 1, "it leads one partition");
    let written = PartitionProduceResponse { index: 0, ..Default::default() };
    let responses = vec![TopicProduceResponse {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partition_responses: vec![written],
        ..Default::default()
    }];
    ask.answer(&ProduceResponse { responses, ..Default::default() })
}

#[tokio::test]
async fn a_broker_that_takes_nothing_for_too_long_gets_no_keyless_records() {
    let mut mute = Peer::at(|at| {
        move |ask: &Ask| {
            if ask.is::<ProduceRequest>() { Reply::Nothing } else { ask.introduce(&at, &[]).unwrap() }
        }
    })
    .await;
    let mute_address = mute.address.clone();
    let peer = Peer::at(|at| move |ask: &Ask| writes(ask, &at, &mute_address)).await;
    let timeout = Duration::from_millis(100);
    let config = Config {
        // A batch for each record, and one request under way.
        batch_size: 1,
        linger: Duration::ZERO,
        max_in_flight: 1,
        partitioner_availability_timeout: timeout,
        ..peer.config()
    };
    let producer = Client::open(config).await.unwrap().producer();
    let topic = producer.topic("orders").await.unwrap();
    let record = || Record::new(&topic).value(b"v");
    // One is under way to the mute broker, and one waits behind it.
    let to_mute = || producer.try_send(record().partition(1)).unwrap();
    let under_way = to_mute();
    mute.hears::<ProduceRequest>().await;
    let waiting = to_mute();
    // Others are written all the while: nothing stands still but what is sent to the mute broker.
    let known = producer.0.shared.availability.clone().expect("it is on");
    while known.lock().is_available(2, Instant::now()) {
        producer.send(record().partition(0)).await.unwrap().await.unwrap();
    }
    let mut deliveries = JoinSet::new();
    for _ in 0..200 {
        deliveries.spawn(producer.send(record()).await.unwrap());
        tokio::task::yield_now().await;
    }
    // But for the first few: they stick to a partition that was drawn before. Of two partitions one that has nothing
    // but the longer queue against it would be drawn for a fourth of them.
    for number in 0..190 {
        let delivered = tokio::time::timeout(Duration::from_secs(10), deliveries.join_next()).await;
        let delivered = delivered.unwrap_or_else(|_| panic!("{number} of 200 did not go to the mute broker"));
        assert_eq!(delivered.unwrap().unwrap().unwrap().partition, 0);
    }
    drop((under_way, waiting));
}

/// A broker that leads one partition and never answers a Produce request.
async fn mute() -> Peer {
    Peer::at(|at| {
        move |ask: &Ask| match ask.is::<InitProducerIdRequest>() {
            true => ask.answer(&InitProducerIdResponse { producer_id: 7, ..Default::default() }),
            false if ask.is::<ProduceRequest>() => Reply::Nothing,
            false => ask.introduce(&at, &[("orders", 1)]).expect("a request that is known"),
        }
    })
    .await
}

/// A producer with one batch under way, one that waits to leave, and one that stays open behind it.
async fn gathering() -> (Peer, Producer, Topic) {
    let mut peer = mute().await;
    let config = Config { batch_size: 200, linger: Duration::ZERO, max_in_flight: 1, ..peer.config() };
    let producer = Client::open(config).await.unwrap().producer();
    let topic = producer.topic("orders").await.unwrap();
    for number in 0..3 {
        drop(producer.try_send(Record::new(&topic).value(&[7; 150])).unwrap());
        match number {
            0 => _ = peer.hears::<ProduceRequest>().await,
            // The sender takes the second, and leaves the third open.
            _ => tokio::task::yield_now().await,
        }
    }
    (peer, producer, topic)
}

/// Dies when nobody can write to the partition any more.
fn watched(topic: &Topic) -> Weak<Slot> {
    Arc::downgrade(topic.slot_for(&Record::new(topic).partition(0)).unwrap())
}

#[test]
fn a_runtime_that_dies_frees_the_batch_that_was_still_open() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_peer, producer, topic) = runtime.block_on(gathering());
    let slot = watched(&topic);
    drop(runtime);
    drop((producer, topic));
    assert_eq!(slot.strong_count(), 0, "the open batch holds the slot that holds it");
}

#[tokio::test]
async fn a_close_that_times_out_frees_the_batch_that_was_still_open() {
    let (_peer, producer, topic) = gathering().await;
    let error = producer.close(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let slot = watched(&topic);
    drop((producer, topic));
    for _ in 0..1000 {
        if slot.strong_count() == 0 {
            return;
        }
        // The sender's task comes to its end.
        tokio::task::yield_now().await;
    }
    panic!("the open batch holds the slot that holds it");
}
