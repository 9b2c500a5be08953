//! The broker over TCP: frames in order, what closes a connection, faults as a client sees them.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use upsert_kafka_broker::{Action, Broker, BrokerConfig, Fault};
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::{ApiKey, ErrorCode, header};

mod frames;

use frames::{Client, PATIENCE, batch, create, fetch, outcome, produce, values};

async fn started() -> (Broker, Client<TcpStream>) {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let mut client = Client::of(&broker).await;
    let made = client.ask(&create("t", &[]), 7).await;
    assert_eq!(made.topics[0].error_code, ErrorCode::NONE);
    (broker, client)
}

#[tokio::test]
async fn records_go_in_and_come_out() {
    let (broker, mut client) = started().await;
    let metadata = client.ask(&MetadataRequest { topics: None, ..Default::default() }, 12).await;
    let node = &metadata.brokers[0];
    let advertised = format!("{}:{}", node.host, node.port);
    assert_eq!(advertised, broker.address().to_string());
    for offset in 0..3 {
        let answer = client.ask(&produce(batch(b"value")), 11).await;
        assert_eq!(outcome(&answer), (ErrorCode::NONE, offset));
    }
    assert_eq!(values(&client.ask(&fetch(1, 0), 11).await), [b"value"; 2]);
    let stats = broker.stats().await;
    assert_eq!((stats.topics, stats.partitions, stats.batches, stats.records), (1, 1, 3, 3));
    assert_eq!(broker.bytes_stored().await, 3 * batch(b"value").len() as u64);
    broker.stop().await;
}

#[tokio::test]
async fn answers_leave_in_order_of_the_requests_while_a_fetch_waits() {
    let (broker, mut client) = started().await;
    client.send(&fetch(0, 60_000), 11, 1).await;
    client.send(&ApiVersionsRequest::default(), 3, 2).await;
    client.send(&ApiVersionsRequest::default(), 0, 3).await;
    let mut producer = Client::of(&broker).await;
    producer.ask(&produce(batch(b"late")), 11).await;
    let (first, fetched) = client.hear::<FetchRequest>(11).await.unwrap();
    assert_eq!((first, values(&fetched)), (1, vec![b"late".to_vec()]));
    assert_eq!(client.hear::<ApiVersionsRequest>(3).await.unwrap().0, 2);
    assert_eq!(client.hear::<ApiVersionsRequest>(0).await.unwrap().0, 3);
}

#[tokio::test]
async fn a_fetch_answers_empty_when_its_time_is_over() {
    let (_broker, mut client) = started().await;
    let answer = client.ask(&fetch(0, 5), 11).await;
    assert_eq!(values(&answer), Vec::<Vec<u8>>::new());
}

#[tokio::test]
async fn a_frame_of_many_megabytes_arrives_whole() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let mut client = Client::of(&broker).await;
    client.ask(&create("t", &[("max.message.bytes", "33554432")]), 7).await;
    let value: Vec<u8> = (0..17_u32 << 20).map(|at| (at * 31) as u8).collect();
    assert_eq!(outcome(&client.ask(&produce(batch(&value)), 11).await), (ErrorCode::NONE, 0));
    let fetched = client.ask(&fetch(0, 0), 11).await;
    assert!(values(&fetched) == [value]);
}

#[tokio::test]
async fn a_frame_in_crumbs_is_put_together() {
    let (_broker, mut client) = started().await;
    let frame = header::request_frame(&ApiVersionsRequest::default(), 3, 9, None).unwrap().into_bytes();
    for byte in &frame {
        client.0.write_all(&[*byte]).await.unwrap();
        client.0.flush().await.unwrap();
    }
    assert_eq!(client.hear::<ApiVersionsRequest>(3).await.unwrap().0, 9);
}

#[tokio::test]
async fn bytes_behind_a_request_are_ignored() {
    let (_broker, mut client) = started().await;
    // librdkafka's request for all topics, Metadata 13, as it leaves: three bytes too many.
    let body = b"\x00\x00\x00\x00\x01\x00\x00";
    let head = b"\x00\x03\x00\x0d\x00\x00\x00\x08\x00\x07rdkafka\x00";
    let length = i32::try_from(head.len() + body.len()).unwrap().to_be_bytes();
    client.0.write_all(&[&length[..], head, body].concat()).await.unwrap();
    let (correlation_id, answer) = client.hear::<MetadataRequest>(13).await.expect("an answer");
    assert_eq!((correlation_id, answer.error_code, answer.topics.len()), (8, ErrorCode::NONE, 1));
}

#[tokio::test]
async fn records_sent_with_no_acks_before_a_close_are_in_the_log() {
    let (broker, mut client) = started().await;
    let mut request = produce(batch(b"value"));
    request.acks = 0;
    for _ in 0..500 {
        client.send(&request, 11, 1).await;
    }
    drop(client);
    let mut other = Client::of(&broker).await;
    // Served when the client has gone; nothing tells when, so it is asked for until it is there.
    let seen = timeout(PATIENCE, async {
        while values(&other.ask(&fetch(0, 0), 11).await).len() < 500 {
            tokio::task::yield_now().await;
        }
    });
    seen.await.expect("all 500");
    assert_eq!(broker.stats().await.records, 500);
}

#[tokio::test]
async fn records_sent_before_a_close_that_leaves_answers_unread_are_in_the_log() {
    let (broker, mut client) = started().await;
    for correlation_id in 0..100 {
        client.send(&produce(batch(b"value")), 11, correlation_id).await;
    }
    // Nothing was read: the kernel answers what comes now with a reset.
    drop(client);
    let all = timeout(PATIENCE, async {
        while broker.stats().await.records < 100 {
            tokio::task::yield_now().await;
        }
    });
    all.await.expect("all 100");
}

#[tokio::test]
async fn requests_sent_before_a_half_close_are_all_answered() {
    let (broker, mut client) = started().await;
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
    broker.stop().await;
}

#[tokio::test]
async fn what_came_before_a_frame_that_exceeds_limit_is_answered() {
    let config = BrokerConfig::default().with_frame_bytes_max(1_000_000);
    let broker = Broker::start(config).await.unwrap();
    let mut client = Client::of(&broker).await;
    for correlation_id in 0..50 {
        client.send(&ApiVersionsRequest::default(), 3, correlation_id).await;
    }
    let (mut reading, mut writing) = client.0.into_split();
    // More than sockets hold: the broker cannot have read it all when it closes.
    let too_large = tokio::spawn(async move {
        let _ = writing.write_all(&i32::MAX.to_be_bytes()).await;
        let _ = writing.write_all(&vec![0; 8 << 20]).await;
        writing
    });
    let mut heard = Vec::new();
    timeout(PATIENCE, reading.read_to_end(&mut heard)).await.unwrap().unwrap();
    let mut answers = 0;
    while let Some((length, rest)) = heard.split_first_chunk() {
        heard = rest[i32::from_be_bytes(*length) as usize..].to_vec();
        answers += 1;
    }
    assert_eq!(answers, 50);
    timeout(PATIENCE, too_large).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_on_which_nothing_happens_is_closed() {
    let config = BrokerConfig::default().with_connections_idle_max(Duration::from_millis(200));
    let broker = Broker::start(config).await.unwrap();
    let mut silent = Client::of(&broker).await;
    let mut halting = Client::of(&broker).await;
    halting.0.write_all(&[0, 0, 0, 9, 0, 3]).await.unwrap();
    let mut waiting = Client::of(&broker).await;
    waiting.ask(&create("t", &[]), 7).await;
    waiting.send(&fetch(0, 800), 11, 1).await;
    assert_eq!(silent.frame().await, None);
    assert_eq!(halting.frame().await, None);
    // Who waits for an answer is not idle.
    assert_eq!(waiting.hear::<FetchRequest>(11).await.unwrap().0, 1);
    assert_eq!(waiting.frame().await, None);
}

#[tokio::test]
async fn one_connection_more_than_may_be_is_closed_and_there_is_room_again() {
    let config = BrokerConfig::default().with_connections_max(2);
    let broker = Broker::start(config).await.unwrap();
    let (mut first, mut second) = (Client::of(&broker).await, Client::of(&broker).await);
    for client in [&mut first, &mut second] {
        client.ask(&ApiVersionsRequest::default(), 3).await;
    }
    assert_eq!(Client::of(&broker).await.frame().await, None);
    first.0.shutdown().await.unwrap();
    assert_eq!(first.frame().await, None);
    // Its place is free a moment after its end was heard.
    let again = timeout(PATIENCE, async {
        loop {
            let mut client = Client::of(&broker).await;
            let asked = header::request_frame(&ApiVersionsRequest::default(), 3, 1, None).unwrap();
            // It may have been closed already.
            let _ = client.0.write_all(&asked.into_bytes()).await;
            if client.frame().await.is_some() {
                return;
            }
        }
    });
    again.await.expect("room again");
}

#[tokio::test]
async fn what_is_no_request_closes_its_connection_and_no_other() {
    let config = BrokerConfig::default().with_frame_bytes_max(1000);
    let broker = Broker::start(config).await.unwrap();
    let nonsense: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x03\xe9",
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x0b\x00\x44\x00\x00\x00\x00\x00\x01\xff\xff\x00", // ConsumerGroupHeartbeat
    ];
    let mut other = Client::of(&broker).await;
    for bytes in nonsense {
        let mut client = Client::of(&broker).await;
        client.0.write_all(bytes).await.unwrap();
        assert_eq!(client.frame().await, None, "{bytes:?}");
        assert_eq!(other.ask(&ApiVersionsRequest::default(), 0).await.error_code, ErrorCode::NONE);
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_the_work_done() {
    let (broker, mut client) = started().await;
    let mut lost = broker.fault(Fault::new(ApiKey::PRODUCE, Action::LoseAnswer).skip(1)).await;
    client.ask(&produce(batch(b"one")), 11).await;
    client.send(&produce(batch(b"two")), 11, 1).await;
    assert_eq!(client.frame().await, None);
    assert_eq!(lost.wait(1).await, 1);
    let mut client = Client::of(&broker).await;
    assert_eq!(values(&client.ask(&fetch(0, 0), 11).await), [b"one", b"two"]);
}

#[tokio::test]
async fn a_closed_connection_leaves_the_work_undone() {
    let (broker, mut client) = started().await;
    let closed = broker.fault(Fault::new(ApiKey::PRODUCE, Action::Close).times(u32::MAX)).await;
    client.send(&produce(batch(b"one")), 11, 1).await;
    assert_eq!(client.frame().await, None);
    assert_eq!(broker.stats().await.records, 0);
    assert_eq!(closed.disarm().await, 1);
    let mut client = Client::of(&broker).await;
    assert_eq!(outcome(&client.ask(&produce(batch(b"one")), 11).await), (ErrorCode::NONE, 0));
}

#[tokio::test]
async fn an_error_is_answered_in_the_apis_own_shape() {
    let (broker, mut client) = started().await;
    let code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    broker.fault(Fault::new(ApiKey::PRODUCE, Action::Answer(code))).await;
    assert_eq!(outcome(&client.ask(&produce(batch(b"one")), 11).await), (code, -1));
    broker.fault(Fault::new(ApiKey::FETCH, Action::Answer(code))).await;
    let fetched = client.ask(&fetch(0, 60_000), 11).await;
    assert_eq!(fetched.responses[0].partitions[0].error_code, code);
}

#[tokio::test]
async fn stopping_closes_what_is_open_and_waiting() {
    let (broker, mut client) = started().await;
    let address = broker.address();
    let fault = broker.fault(Fault::new(ApiKey::FETCH, Action::Close).skip(9)).await;
    client.send(&fetch(0, i32::MAX), 11, 1).await;
    timeout(PATIENCE, broker.stop()).await.unwrap();
    assert_eq!(client.frame().await, None);
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(fault.fired(), 0);
}

#[tokio::test]
async fn a_dropped_broker_stops() {
    let (broker, mut client) = started().await;
    drop(broker);
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn a_stopped_node_refuses_and_comes_back_on_its_port() {
    let broker = Broker::start(BrokerConfig::default().with_nodes(2)).await.unwrap();
    let [first, second] = broker.addresses()[..] else { panic!("two addresses") };
    assert_eq!(first, broker.address());
    let mut on_first = Client::of(&broker).await;
    on_first.ask(&create("t", &[]), 7).await;
    let mut on_second = Client::at(second).await;
    let elsewhere = (ErrorCode::NOT_LEADER_OR_FOLLOWER, -1);
    assert_eq!(outcome(&on_second.ask(&produce(batch(b"one")), 11).await), elsewhere);
    on_first.send(&fetch(0, i32::MAX), 11, 1).await;

    broker.stop_node(1).await.unwrap();
    assert_eq!(on_first.frame().await, None);
    assert!(TcpStream::connect(first).await.is_err());
    assert_eq!(broker.leader("t", 0).await, Some((2, 1)));
    assert_eq!(outcome(&on_second.ask(&produce(batch(b"one")), 11).await), (ErrorCode::NONE, 0));

    broker.start_node(1).await.unwrap();
    assert_eq!(broker.move_leader("t", 0, 1).await, Some(2));
    let mut on_first = Client::of(&broker).await;
    assert_eq!(outcome(&on_first.ask(&produce(batch(b"two")), 11).await), (ErrorCode::NONE, 1));
    assert_eq!(broker.log("t", 0).await.len(), 2);
    assert!(broker.stop_node(3).await.is_err());
    broker.stop().await;
}
