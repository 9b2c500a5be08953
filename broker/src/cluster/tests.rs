//! Dialogues with the core, the clock in the hand.

mod admin;
mod any;
mod authorization;
mod bounds;
mod cleaning;
mod consumer_groups;
mod fetch_sessions;
mod groups;
mod logins;
mod nodes;
mod offsets;
mod racks;
mod records;
mod topics;
mod transactions;
mod work;

use std::time::{Duration, Instant};
use upsert_kafka_protocol::messages::api_versions::ApiVersion;
use upsert_kafka_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreatableTopicResult,
};
use upsert_kafka_protocol::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, TopicProduceData,
};

use bytes::{Buf, BytesMut};
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp, batches};
use upsert_kafka_protocol::{ApiKey, ErrorCode, Message, Request, Str, Uuid, header};

use super::*;

const UNIX_MS: i64 = 1_700_000_000_000;

/// A core, its clock, and the version in which it is spoken to.
struct Script {
    cluster: Cluster,
    start: Instant,
    ms: u64,
    peers: u64,
    /// The node that is spoken to.
    node: i32,
    /// Answers that were taken and not heard yet.
    kept: Vec<(PeerId, Answer)>,
}

/// What came back.
#[derive(Debug, PartialEq)]
enum Heard<A> {
    Answer(A),
    Silence,
    Closed,
    Nothing,
}

impl Script {
    fn new() -> Self {
        Self::with(BrokerConfig { seed: 1, ..BrokerConfig::default() })
    }

    fn with(config: BrokerConfig) -> Self {
        Self {
            cluster: Cluster::new(config),
            start: Instant::now(),
            ms: 0,
            peers: 0,
            node: 1,
            kept: Vec::new(),
        }
    }

    fn now(&self) -> Now {
        let instant = self.start + Duration::from_millis(self.ms);
        Now { instant, unix_ms: UNIX_MS + i64::try_from(self.ms).unwrap() }
    }

    /// Lets time pass.
    fn pass(&mut self, ms: u64) {
        self.ms += ms;
        self.cluster.handle_timeout(self.now());
    }

    /// Sends a request on a connection of its own.
    fn send<R: Request>(&mut self, request: &R, version: i16) -> PeerId {
        self.peers += 1;
        let mut frame = header::request_frame(request, version, 77, None).unwrap().into_bytes();
        frame.advance(4);
        self.cluster.handle_frame(PeerId(self.peers), self.node, &frame, self.now());
        PeerId(self.peers)
    }

    /// What the connection hears, if anything yet.
    fn hear<R: Request>(&mut self, peer: PeerId, version: i16) -> Heard<R::Response> {
        let Some((whom, answer)) = self.cluster.poll_answer() else { return Heard::Nothing };
        assert_eq!(whom, peer, "an answer to someone else");
        match answer {
            Answer::Silence => Heard::Silence,
            Answer::Close(_) => Heard::Closed,
            Answer::Frame(frame) | Answer::Proven(frame) | Answer::Last(frame, _) => {
                let mut frame = frame.into_bytes();
                assert_eq!(frame.get_i32() as usize, frame.len());
                let (correlation_id, body) = header::response_body::<R>(&frame, version).unwrap();
                assert_eq!(correlation_id, 77);
                Heard::Answer(R::Response::decode(&body, version).unwrap())
            }
        }
    }

    /// Sends and hears at once.
    fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        let peer = self.send(request, version);
        match self.hear::<R>(peer, version) {
            Heard::Answer(answer) => answer,
            _ => panic!("no answer"),
        }
    }

    fn create(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> CreatableTopicResult {
        let request =
            CreateTopicsRequest { topics: vec![topic(name, partitions, configs)], ..Default::default() };
        self.ask(&request, 7).topics.remove(0)
    }

    /// Produces one batch to a partition of a topic.
    fn produce(&mut self, topic: &str, index: i32, records: Bytes) -> PartitionProduceResponse {
        let mut answer = self.ask(&produce(topic, index, records), 9);
        answer.responses.remove(0).partition_responses.remove(0)
    }
}

fn topic(name: &str, num_partitions: i32, configs: &[(&str, &str)]) -> CreatableTopic {
    let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
        name: Str::from(*name),
        value: Some(Str::from(*value)),
        ..Default::default()
    };
    CreatableTopic {
        name: Str::from(name),
        num_partitions,
        replication_factor: -1,
        configs: configs.iter().map(config).collect(),
        ..Default::default()
    }
}

fn produce(topic: &str, index: i32, records: Bytes) -> ProduceRequest {
    let part = PartitionProduceData { index, records: Some(records), ..Default::default() };
    let data = TopicProduceData { name: Str::from(topic), partition_data: vec![part], ..Default::default() };
    ProduceRequest { acks: -1, topic_data: vec![data], ..Default::default() }
}

/// A batch of so many records with keys.
fn batch(count: i64, stamp: Stamp) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    for at in 0..count {
        writer.append(UNIX_MS + at, Some(b"key"), Some(b"value"), &[]).unwrap();
    }
    writer.seal(stamp, Codec::NONE)
}

fn sequenced(producer_id: i64, base_sequence: i32) -> Stamp {
    Stamp { producer_id, producer_epoch: 0, base_sequence, ..Stamp::NONE }
}

/// What a broker of Apache Kafka 4.4 without a receiver of telemetry tells, which franz-go's `VersionGuess` takes
/// for v4.4: but for four that it does not look at, one less is a Kafka of 0.8 to 3.9 to it.
const KAFKA_4_4: [(i16, i16, i16); 77] = [
    (0, 0, 13),
    (1, 4, 18),
    (2, 1, 11),
    (3, 0, 13),
    (8, 2, 10),
    (9, 1, 10),
    (10, 0, 6),
    (11, 0, 9),
    (12, 0, 4),
    (13, 0, 5),
    (14, 0, 5),
    (15, 0, 6),
    (16, 0, 5),
    (17, 0, 1),
    (18, 0, 5),
    (19, 2, 7),
    (20, 1, 6),
    (21, 0, 2),
    (22, 0, 5),
    (23, 2, 4),
    (24, 0, 5),
    (25, 0, 4),
    (26, 0, 5),
    (27, 1, 2),
    (28, 0, 6),
    (29, 1, 3),
    (30, 1, 3),
    (31, 1, 3),
    (32, 1, 4),
    (33, 0, 2),
    (34, 1, 2),
    (35, 1, 5),
    (36, 0, 2),
    (37, 0, 3),
    (38, 1, 3),
    (39, 1, 2),
    (40, 1, 2),
    (41, 1, 3),
    (42, 0, 3),
    (43, 0, 2),
    (44, 0, 1),
    (45, 0, 1),
    (46, 0, 0),
    (47, 0, 0),
    (48, 0, 1),
    (49, 0, 1),
    (50, 0, 0),
    (51, 0, 0),
    (55, 0, 2),
    (57, 0, 2),
    (60, 0, 2),
    (61, 0, 0),
    (64, 0, 0),
    (65, 0, 0),
    (66, 0, 2),
    (68, 0, 1),
    (69, 0, 1),
    (74, 0, 1),
    (75, 0, 0),
    (76, 1, 1),
    (77, 1, 1),
    (78, 1, 2),
    (79, 1, 2),
    (80, 0, 1),
    (81, 0, 0),
    (83, 0, 0),
    (84, 0, 0),
    (85, 0, 1),
    (86, 0, 0),
    (87, 0, 1),
    (88, 0, 1),
    (89, 0, 1),
    (90, 0, 1),
    (91, 0, 0),
    (92, 0, 0),
    (93, 0, 0),
    (94, 0, 0),
];

#[test]
fn api_versions_tells_every_api_and_its_range() {
    let mut script = Script::new();
    let answer = script.ask(&ApiVersionsRequest::default(), 3);
    let rows: Vec<_> =
        answer.api_keys.iter().map(|row| (row.api_key, row.min_version, row.max_version)).collect();
    assert_eq!(rows, KAFKA_4_4);
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_the_first() {
    let mut script = Script::new();
    let frame = Bytes::from_static(b"\x00\x12\x00\x63\x00\x00\x00\x4d\x00\x01c\x00rest");
    script.cluster.handle_frame(PeerId(1), 1, &frame, script.now());
    let Heard::Answer(answer) = script.hear::<ApiVersionsRequest>(PeerId(1), 0) else { panic!() };
    assert_eq!(answer.error_code, ErrorCode::UNSUPPORTED_VERSION);
    let row = ApiVersion { api_key: 18, min_version: 0, max_version: 5, ..Default::default() };
    assert_eq!(answer.api_keys, [row]);
}

#[test]
fn an_unknown_api_or_version_closes_the_connection() {
    let unknown = [
        &b"\x00\x47\x00\x00\x00\x00\x00\x01\xff\xff\x00"[..], // GetTelemetrySubscriptions
        b"\x03\xe7\x00\x00\x00\x00\x00\x01\xff\xff",
        b"\x00\x00\x00\x02\x00\x00\x00\x01\xff\xff", // Produce 2
        b"\x00\x03\x00\x0e\x00\x00\x00\x01\xff\xff\x00",
        b"\x00\x03",
        b"",
    ];
    for frame in unknown {
        let mut script = Script::new();
        script.cluster.handle_frame(PeerId(1), 1, &Bytes::from_static(frame), script.now());
        let heard = script.hear::<MetadataRequest>(PeerId(1), 0);
        assert_eq!(heard, Heard::Closed, "{frame:?}");
    }
}

#[test]
fn a_fault_closes_before_the_work_or_after_it() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    for (action, end) in [(Action::Close, 0), (Action::LoseAnswer, 1)] {
        let fault = script.cluster.arm(Fault::new(ApiKey::PRODUCE, action));
        let peer = script.send(&produce("t", 0, batch(1, Stamp::NONE)), 9);
        assert_eq!(script.hear::<ProduceRequest>(peer, 9), Heard::Closed);
        assert_eq!(script.cluster.poll_fired(), Some(fault));
        assert_eq!(script.cluster.stats().records, end);
    }
    assert_eq!(script.produce("t", 0, batch(1, Stamp::NONE)).base_offset, 1);
}

#[test]
fn a_fault_answers_an_error_before_the_work_or_after_it() {
    let code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    let mut script = Script::new();
    script.create("t", 1, &[]);
    for (action, end) in [(Action::Answer(code), 0), (Action::AnswerAfterWork(code), 1)] {
        script.cluster.arm(Fault::new(ApiKey::PRODUCE, action));
        assert_eq!(script.produce("t", 0, batch(1, Stamp::NONE)).error_code, code);
        assert_eq!(script.cluster.stats().records, end);
    }
}

#[test]
fn a_fault_delays_the_answer_and_not_the_work() {
    let mut script = Script::new();
    script.create("t", 1, &[]);
    let delay = Action::Delay(Duration::from_millis(30));
    script.cluster.arm(Fault::new(ApiKey::PRODUCE, delay));
    let peer = script.send(&produce("t", 0, batch(1, Stamp::NONE)), 9);
    assert_eq!(script.cluster.stats().records, 1);
    script.pass(29);
    assert_eq!(script.hear::<ProduceRequest>(peer, 9), Heard::Nothing);
    script.pass(1);
    assert!(matches!(script.hear::<ProduceRequest>(peer, 9), Heard::Answer(_)));
    assert_eq!(script.cluster.deadline(), None);
}
