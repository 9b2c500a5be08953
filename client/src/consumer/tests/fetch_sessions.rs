//! Fetch sessions against a peer that keeps one, or none (KIP-227).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// As many partitions as the bytes are counted for.
const PARTITIONS: i32 = 1_000;

/// A peer that keeps one session, if any, and has nothing to read: its answers, and the bytes of fetches and answers.
#[derive(Default)]
struct SessionPeer {
    keeps_sessions: bool,
    bytes: Arc<AtomicUsize>,
    /// The errors that the next incremental fetches are answered with.
    errors: Vec<ErrorCode>,
    known: BTreeMap<i32, i64>,
}

impl SessionPeer {
    fn answer(&mut self, ask: &Ask) -> Reply {
        let request: FetchRequest = ask.read();
        let is_incremental = request.session_epoch > 0;
        if let Some(error_code) = is_incremental.then(|| self.errors.pop()).flatten() {
            return ask.answer(&FetchResponse { error_code, ..Default::default() });
        }
        if !is_incremental {
            self.known.clear();
        }
        for partition in request.topics.iter().flat_map(|topic| &topic.partitions) {
            self.known.insert(partition.partition, partition.fetch_offset);
        }
        let session_id = if self.keeps_sessions { 9 } else { 0 };
        let told = |topic: &upsert_kafka_protocol::messages::fetch::FetchTopic| FetchableTopicResponse {
            topic: topic.topic.clone(),
            topic_id: topic.topic_id,
            partitions: topic.partitions.iter().map(|partition| idle(partition.partition)).collect(),
            ..Default::default()
        };
        let responses = if is_incremental { vec![] } else { request.topics.iter().map(told).collect() };
        let response = FetchResponse { session_id, responses, ..Default::default() };
        let answer_bytes = response.encode(ask.version).unwrap().into_bytes().len();
        let bytes = request.encode(ask.version).unwrap().into_bytes().len() + answer_bytes;
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
        ask.answer(&response)
    }
}

fn idle(partition_index: i32) -> PartitionData {
    PartitionData { partition_index, high_watermark: 7, records: Some(Bytes::new()), ..Default::default() }
}

async fn start(mut sessions: SessionPeer, partitions: i32) -> Peer {
    Peer::at(move |at| {
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY => sessions.answer(ask),
            _ => ask.introduce(&at, &[("orders", partitions)]).unwrap(),
        }
    })
    .await
}

/// Polls until so many fetches have been heard; the last of them.
async fn fetches(peer: &mut Peer, consumer: &mut Consumer, count: usize) -> FetchRequest {
    let heard = async {
        for _ in 1..count {
            peer.hears::<FetchRequest>().await;
        }
        peer.hears::<FetchRequest>().await.1
    };
    tokio::select! {
        last = tokio::time::timeout(std::time::Duration::from_secs(20), heard) => last.expect("a fetch"),
        polled = async { loop { if let Err(error) = consumer.poll().await { break error } } } => panic!("{polled}"),
    }
}

/// The next request that ends a session, whatever is fetched before.
async fn last_of_session(peer: &mut Peer) -> FetchRequest {
    let heard = async {
        loop {
            let (_, request) = peer.hears::<FetchRequest>().await;
            if request.session_epoch < 0 {
                return request;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), heard).await.expect("the session's end")
}

#[tokio::test]
async fn a_consumer_that_ends_ends_its_sessions() {
    for is_dropped in [true, false] {
        let mut peer = start(SessionPeer { keeps_sessions: true, ..SessionPeer::default() }, 3).await;
        let mut consumer = Client::open(peer.config()).await.unwrap().consumer();
        consumer.assign(assigned(3));
        assert!(fetches(&mut peer, &mut consumer, 2).await.session_epoch > 0);
        if is_dropped {
            drop(consumer);
        } else {
            consumer.close().await;
        }
        let last = last_of_session(&mut peer).await;
        assert_eq!((last.session_id, last.session_epoch, last.topics.len()), (9, -1, 0));
    }
}

/// A broker that answers nothing more keeps nobody waiting for as long as a request may take, which is half a minute.
#[tokio::test]
async fn a_consumer_ends_in_time_though_its_broker_is_silent() {
    let mut sessions = SessionPeer { keeps_sessions: true, ..SessionPeer::default() };
    let mut peer = Peer::at(move |at| {
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY if ask.read::<FetchRequest>().session_epoch < 0 => Reply::Nothing,
            FetchRequest::KEY => sessions.answer(ask),
            _ => ask.introduce(&at, &[("orders", 3)]).unwrap(),
        }
    })
    .await;
    let mut consumer = Client::open(peer.config()).await.unwrap().consumer();
    consumer.assign(assigned(3));
    fetches(&mut peer, &mut consumer, 2).await;
    let closed = tokio::time::timeout(std::time::Duration::from_secs(20), consumer.close());
    closed.await.expect("it ends");
    last_of_session(&mut peer).await;
}

fn assigned(partitions: i32) -> Vec<Assignment> {
    (0..partitions).map(|index| Assignment::new("orders", index, Position::Offset(7))).collect()
}

/// The bytes of one idle fetch and its answer, behind the first.
async fn idle_bytes(keeps_sessions: bool) -> usize {
    let bytes = Arc::<AtomicUsize>::default();
    let sessions = SessionPeer { keeps_sessions, bytes: Arc::clone(&bytes), ..Default::default() };
    let mut peer = start(sessions, PARTITIONS).await;
    let mut consumer = Client::open(peer.config()).await.unwrap().consumer();
    consumer.assign(assigned(PARTITIONS));
    fetches(&mut peer, &mut consumer, 1).await;
    let first = bytes.load(Ordering::SeqCst);
    fetches(&mut peer, &mut consumer, 1).await;
    assert_eq!(consumer.lag(&of(3)), Some(0), "what an answer leaves out is as it was");
    bytes.load(Ordering::SeqCst) - first
}

#[tokio::test]
async fn an_idle_fetch_of_a_thousand_partitions_is_a_few_bytes() {
    let (without, with) = (idle_bytes(false).await, idle_bytes(true).await);
    println!("an idle fetch of {PARTITIONS} partitions: {without} bytes without a session, {with} with one");
    assert!(without > 60_000 && with < 100, "{without} bytes without a session, {with} with one");
}

#[tokio::test]
async fn a_lost_session_begins_again_and_nobody_is_told() {
    let errors = vec![ErrorCode::INVALID_FETCH_SESSION_EPOCH, ErrorCode::FETCH_SESSION_ID_NOT_FOUND];
    let sessions = SessionPeer { keeps_sessions: true, errors, ..Default::default() };
    let mut peer = start(sessions, 2).await;
    let mut consumer = Client::open(peer.config()).await.unwrap().consumer();
    consumer.assign(assigned(2));
    let told = |request: FetchRequest| {
        let partitions: usize = request.topics.iter().map(|topic| topic.partitions.len()).sum();
        (request.session_id, request.session_epoch, partitions)
    };
    let mut heard = Vec::new();
    for _ in 0..7 {
        heard.push(told(fetches(&mut peer, &mut consumer, 1).await));
    }
    let lost = [(0, 0, 2), (9, 1, 0), (0, 0, 2)];
    let out_of_turn = [(9, 1, 0), (9, 0, 2), (9, 1, 0), (9, 2, 0)];
    assert_eq!(heard, [&lost[..], &out_of_turn].concat());
}

/// As Kafka answers a full fetch while a quota is spent (KIP-219): with nothing, and a time to wait.
#[tokio::test]
async fn a_quota_that_is_spent_is_waited_for() {
    let mut answers = 0;
    let peer = Peer::at(move |at| {
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY => {
                answers += 1;
                match answers {
                    ..=2 => ask.answer(&FetchResponse { throttle_time_ms: 5, ..Default::default() }),
                    _ => log(ask, 9),
                }
            }
            _ => ask.introduce(&at, &[("orders", 1)]).unwrap(),
        }
    })
    .await;
    let mut consumer = consumer(peer.config(), Position::Offset(7)).await;
    assert_eq!(values_up_to(&mut consumer, 9).await.len(), 2);
}
