//! What a broker holds back stands before nothing else: connections have owners and kinds.

use tokio::time::timeout;
use upsert_kafka_protocol::messages::{
    FetchRequest, FetchResponse, JoinGroupRequest, OffsetFetchRequest, OffsetFetchResponse, ProduceRequest,
    ProduceResponse,
};
use upsert_kafka_protocol::{Message, Request};

use super::*;

/// Broker 1 answers every request but these, which it holds back for ever, with all that is behind them.
async fn holding(held: &'static [i16]) -> (Peer, Cluster) {
    let (peer, environment) = Peer::piped(move |ask: &Ask| {
        let at = "peer:9092".parse().unwrap();
        if held.contains(&ask.key) {
            return Reply::Hold;
        }
        match ask.key {
            FindCoordinatorRequest::KEY => {
                let one = find_coordinator::Coordinator {
                    node_id: 1,
                    host: Str::from("peer"),
                    port: 9092,
                    ..Default::default()
                };
                ask.answer(&FindCoordinatorResponse { coordinators: vec![one], ..Default::default() })
            }
            ProduceRequest::KEY => ask.answer(&ProduceResponse::default()),
            FetchRequest::KEY => ask.answer(&FetchResponse::default()),
            OffsetFetchRequest::KEY => ask.answer(&OffsetFetchResponse::default()),
            _ => ask.introduce(&at, &[]).unwrap(),
        }
    });
    let cluster = Cluster::open(Arc::new(peer.config()), environment).await.unwrap();
    (peer, cluster)
}

fn group() -> Coordinator {
    Coordinator::Group(Arc::from("g"))
}

/// It is on its way to the peer, who holds it back.
async fn held<R: Request>(peer: &mut Peer, connection: &Connection, request: R) -> Connection {
    let version = connection.version::<R>().unwrap();
    drop(connection.submit(&request, version, LONG));
    timeout(LONG, peer.hears::<R>()).await.expect("it waits behind another request");
    connection.clone()
}

#[tokio::test(start_paused = true)]
async fn a_join_that_is_held_back_stands_before_no_produce_and_no_fetch() {
    let (mut peer, cluster) = holding(&[JoinGroupRequest::KEY]).await;
    let consumer = cluster.for_new_owner();
    let coordinator = consumer.group_coordinator(&group()).await.unwrap();
    let _held = held(&mut peer, &coordinator, JoinGroupRequest::default()).await;
    // Of the same consumer, to the same broker.
    let requests = consumer.connection(1).await.unwrap();
    requests.call(&ProduceRequest::default()).await.unwrap();
    let fetches = consumer.fetch_connection(1).await.unwrap();
    fetches.call(&FetchRequest::default()).await.unwrap();
    // A producer sends offsets into its transaction while the group joins.
    let producer = cluster.for_new_owner();
    let offsets = producer.coordinator(&group()).await.unwrap();
    offsets.call(&OffsetFetchRequest::default()).await.unwrap();
    assert!(!coordinator.is_closed(), "the join is still awaited");
}

#[tokio::test(start_paused = true)]
async fn two_members_in_one_client_do_not_wait_for_each_other() {
    let (mut peer, cluster) = holding(&[JoinGroupRequest::KEY]).await;
    for _ in 0..2 {
        // The broker answers neither before it has heard both.
        let member = cluster.for_new_owner();
        let coordinator = member.group_coordinator(&group()).await.unwrap();
        held(&mut peer, &coordinator, JoinGroupRequest::default()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_waits_for_records_stands_before_no_other_consumers() {
    let (mut peer, cluster) = holding(&[FetchRequest::KEY]).await;
    for _ in 0..3 {
        let fetches = cluster.for_new_owner().fetch_connection(1).await.unwrap();
        held(&mut peer, &fetches, FetchRequest::default()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn batches_that_wait_for_replicas_stand_before_no_other_producers_and_no_request() {
    let (mut peer, cluster) = holding(&[ProduceRequest::KEY]).await;
    for _ in 0..3 {
        let batches = cluster.for_new_owner().produce_connection(1).await.unwrap();
        held(&mut peer, &batches, ProduceRequest { acks: -1, ..Default::default() }).await;
    }
    cluster.connection(1).await.unwrap().call(&MetadataRequest::default()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn connections_are_closed_with_their_owner_and_no_others() {
    let (mut peer, cluster) = holding(&[]).await;
    let (one, other) = (cluster.for_new_owner(), cluster.for_new_owner());
    let mut connections = Vec::new();
    for owner in [&one, &other] {
        connections.push(owner.fetch_connection(1).await.unwrap());
        connections.push(owner.group_coordinator(&group()).await.unwrap());
    }
    let requests = one.connection(1).await.unwrap();
    let (clone, kept) = (one.clone(), connections.split_off(2));
    drop((one, connections));
    assert!(timeout(LONG, peer.left.recv()).await.is_err(), "a clone still owns them");
    drop(clone);
    for _ in 0..2 {
        timeout(LONG, peer.left.recv()).await.expect("a connection is left").unwrap();
    }
    assert!(timeout(LONG, peer.left.recv()).await.is_err(), "no others are closed");
    assert!(kept.iter().chain([&requests]).all(|connection| !connection.is_closed()));
    drop(other);
}
