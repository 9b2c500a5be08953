//! The same dialogues in Kafka's own words with the embedded broker and with a real Kafka: every code, epoch and
//! offset is the same.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use upsert_kafka_broker::BrokerConfig;
use upsert_kafka_protocol::messages::create_topics::CreatableTopic;
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp};
use upsert_kafka_protocol::{ErrorCode, Message, Request, Str, header};
use upsert_kafka_tests::kafka::{Kafka, unique};

use super::Embedded;

mod admin;
mod cleaning;
mod consumer_groups;
mod groups;
mod hanging;
mod transactions;

/// How long a cluster may take to be ready, or to write its markers.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(20);

/// One connection, and what was heard on it, in words that do not name what differs.
struct Dialogue {
    stream: TcpStream,
    heard: Vec<String>,
    /// A topic of two partitions.
    topic: Str,
}

impl Dialogue {
    fn begin(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut dialogue = Self { stream, heard: Vec::new(), topic: Str::from(unique("dialogue")) };
        let topic = CreatableTopic {
            name: dialogue.topic.clone(),
            num_partitions: 2,
            replication_factor: 1,
            ..Default::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() };
        assert_eq!(dialogue.ask(&request, 7).topics[0].error_code, ErrorCode::NONE);
        dialogue.meet_topic();
        dialogue
    }

    /// Asks until the node knows the topic: a real one hears of it only after its creation is answered.
    fn meet_topic(&mut self) {
        let topic = MetadataRequestTopic { name: Some(self.topic.clone()), ..Default::default() };
        let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
        self.patiently(&request, 12, |answer| {
            let topic = &answer.topics[0];
            let led = topic.partitions.iter().all(|it| it.error_code == ErrorCode::NONE);
            let ready = topic.error_code == ErrorCode::NONE && led;
            if ready { ErrorCode::NONE } else { ErrorCode::LEADER_NOT_AVAILABLE }
        });
    }

    /// Asks until the group has its coordinator, and that has read what it knows of groups.
    fn coordinator_of_group(&mut self, group: &Str) {
        self.coordinator(group, 0);
        let request =
            HeartbeatRequest { group_id: group.clone(), member_id: "nobody".into(), ..Default::default() };
        self.patiently(&request, 4, |answer| answer.error_code);
    }

    /// Asks until the key has its coordinator.
    fn coordinator(&mut self, key: &str, key_type: i8) {
        let coordinator_keys = vec![Str::from(key)];
        let request = FindCoordinatorRequest { key_type, coordinator_keys, ..Default::default() };
        self.patiently(&request, 4, |answer| answer.coordinators[0].error_code);
    }

    fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        let frame = header::request_frame(request, version, 1, Some(&Str::from_static("dialogue")));
        self.stream.write_all(&frame.expect("a frame").into_bytes()).expect("it is heard");
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).expect("an answer");
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).expect("a whole answer");
        let frame = Bytes::from(frame);
        let (_, body) = header::response_body::<R>(&frame, version).expect("a header");
        R::Response::decode(&body, version).expect("a body")
    }

    /// Asks again while the cluster says that it is not ready for this yet.
    fn patiently<R: Request>(
        &mut self,
        request: &R,
        version: i16,
        code: impl Fn(&R::Response) -> ErrorCode,
    ) -> R::Response {
        let begun = Instant::now();
        loop {
            let answer = self.ask(request, version);
            if !is_early(code(&answer)) || begun.elapsed() > PATIENCE {
                return answer;
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn note(&mut self, what: &str, heard: impl std::fmt::Debug) {
        self.heard.push(format!("{what}: {heard:?}"));
    }
}

/// The resource type of a group's settings.
const GROUP: i8 = 32;

/// Whether the cluster is not ready for this yet.
fn is_early(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::CONCURRENT_TRANSACTIONS
            | ErrorCode::NOT_ENOUGH_REPLICAS
            | ErrorCode::NOT_LEADER_OR_FOLLOWER
            | ErrorCode::LEADER_NOT_AVAILABLE
    )
}

/// Of now: between records of long ago and a marker of now a real log begins a new segment, and no fetch reads
/// across.
fn batch(count: i64, stamp: Stamp) -> Bytes {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let now_ms = i64::try_from(now.as_millis()).expect("before long");
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    for at in 0..count {
        writer.append(now_ms + at, Some(b"key"), Some(b"value"), &[]).expect("it fits");
    }
    writer.seal(stamp, Codec::NONE)
}

/// Holds the dialogue with both, and compares line by line.
fn compare(kafka: &Kafka, hold: fn(&mut Dialogue)) {
    compare_with(kafka, BrokerConfig::default(), hold);
}

fn compare_with(kafka: &Kafka, config: BrokerConfig, hold: fn(&mut Dialogue)) {
    let embedded = Embedded::start(config);
    let hear = |address: &str| {
        let mut dialogue = Dialogue::begin(address);
        hold(&mut dialogue);
        dialogue.heard
    };
    let (theirs, ours) = (hear(&kafka.bootstrap()), hear(&embedded.addresses));
    let differ: Vec<_> = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs).collect();
    assert!(differ.is_empty(), "ours and Kafka's:\n{differ:#?}");
    assert_eq!(ours.len(), theirs.len());
}
