//! Every API that ApiVersions tells, at every version it tells, answers ordinary requests in that version.
//!
//! The requests are golden ones, as Apache's Java client wrote them; and the same once more with the names, numbers
//! and records in them replaced by those of what the broker holds.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use flate2::read::GzDecoder;
use serde_json::Value;
use upsert_kafka_broker::{Answer, BrokerConfig, Cluster, Now, PeerId};
use upsert_kafka_protocol::messages::create_topics::CreatableTopic;
use upsert_kafka_protocol::messages::join_group::JoinGroupRequestProtocol;
use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp};
use upsert_kafka_protocol::rewrite::rewrite;
use upsert_kafka_protocol::schema::Schema;
use upsert_kafka_protocol::wire::Leaf;
use upsert_kafka_protocol::{
    AnyRequest, AnyResponse, ApiKey, ErrorCode, Message, Request, Str, Uuid, header,
};

const UNIX_MS: i64 = 1_700_000_000_000;

/// How often each golden request is tried; at 0 as it is.
const MOODS: usize = 7;

/// A core with topics, records, a group and a transaction.
struct World {
    cluster: Cluster,
    start: Instant,
    ms: u64,
    peers: u64,
    topic_id: Uuid,
    member_id: Str,
    generation: i32,
    producer: (i64, i16),
}

impl World {
    fn new() -> Self {
        let cluster = Cluster::new(BrokerConfig::default().with_seed(1));
        let (topic_id, member_id) = (Uuid::ZERO, Str::default());
        let mut world = Self {
            cluster,
            start: Instant::now(),
            ms: 0,
            peers: 0,
            topic_id,
            member_id,
            generation: 0,
            producer: (0, 0),
        };
        world.topics();
        world.group();
        world.transaction();
        world
    }

    fn topics(&mut self) {
        let topic =
            |name| CreatableTopic { name, num_partitions: 2, replication_factor: -1, ..Default::default() };
        let topics = vec![topic(Str::from_static("t")), topic(Str::from_static("u"))];
        let made = self.ask(&CreateTopicsRequest { topics, ..Default::default() }, 7);
        self.topic_id = made.topics[0].topic_id;
        for index in [0, 0, 1] {
            self.produce(index, Stamp::NONE, None);
        }
    }

    fn group(&mut self) {
        let protocol = JoinGroupRequestProtocol { name: Str::from_static("range"), ..Default::default() };
        let mut join = JoinGroupRequest {
            group_id: Str::from_static("g"),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 10_000,
            protocol_type: Str::from_static("consumer"),
            protocols: vec![protocol],
            ..Default::default()
        };
        join.member_id = self.ask(&join, 9).member_id;
        let joined = self.ask(&join, 9);
        assert_eq!(joined.error_code, ErrorCode::NONE);
        (self.member_id, self.generation) = (joined.member_id, joined.generation_id);
        let sync = SyncGroupRequest {
            group_id: Str::from_static("g"),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            ..Default::default()
        };
        assert_eq!(self.ask(&sync, 4).error_code, ErrorCode::NONE);
        let part = OffsetCommitRequestPartition { committed_offset: 1, ..Default::default() };
        let topic = OffsetCommitRequestTopic {
            name: Str::from_static("t"),
            partitions: vec![part],
            ..Default::default()
        };
        let commit = OffsetCommitRequest {
            group_id: Str::from_static("g"),
            generation_id_or_member_epoch: self.generation,
            member_id: self.member_id.clone(),
            topics: vec![topic],
            ..Default::default()
        };
        let committed = self.ask(&commit, 8);
        assert_eq!(committed.topics[0].partitions[0].error_code, ErrorCode::NONE);
    }

    fn transaction(&mut self) {
        let id = Some(Str::from_static("x"));
        let init = InitProducerIdRequest {
            transactional_id: id,
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let bound = self.ask(&init, 5);
        self.producer = (bound.producer_id, bound.producer_epoch);
        self.produce(0, self.stamp(0), Some(Str::from_static("x")));
    }

    fn stamp(&self, base_sequence: i32) -> Stamp {
        let (producer_id, producer_epoch) = self.producer;
        Stamp { producer_id, producer_epoch, base_sequence, transactional: true }
    }

    fn produce(&mut self, index: i32, stamp: Stamp, transactional_id: Option<Str>) {
        let part = PartitionProduceData { index, records: Some(batch(stamp)), ..Default::default() };
        let data = TopicProduceData {
            name: Str::from_static("t"),
            partition_data: vec![part],
            ..Default::default()
        };
        let request =
            ProduceRequest { acks: -1, transactional_id, topic_data: vec![data], ..Default::default() };
        let answer = self.ask(&request, 12);
        assert_eq!(answer.responses[0].partition_responses[0].error_code, ErrorCode::NONE);
    }

    fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        let frame = header::request_frame(request, version, 77, None).unwrap().into_bytes();
        match self.send(&frame.slice(4..)) {
            Some(Answer::Frame(frame)) => {
                let body = header::response_body::<R>(&frame.into_bytes().slice(4..), version).unwrap().1;
                R::Response::decode(&body, version).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    /// What a request without its length is answered, however long that takes.
    fn send(&mut self, frame: &Bytes) -> Option<Answer> {
        self.peers += 1;
        let peer = PeerId(self.peers);
        self.cluster.handle_frame(peer, 1, frame, self.now());
        // What waits is answered when its time is over; a year is longer than anything may wait.
        for step_ms in [0, 1_000, 60_000, 3_600_000, 31_536_000_000] {
            self.ms += step_ms;
            self.cluster.handle_timeout(self.now());
            while let Some((whom, answer)) = self.cluster.poll_answer() {
                if whom == peer {
                    return Some(answer);
                }
            }
        }
        None
    }

    fn now(&self) -> Now {
        let unix_ms = UNIX_MS + i64::try_from(self.ms).unwrap();
        Now { instant: self.start + Duration::from_millis(self.ms), unix_ms }
    }

    /// What a field means here, by its name; moods differ in what there is to choose.
    fn value(&self, api: ApiKey, field: &str, was: &Leaf, mood: usize) -> Option<Leaf> {
        let pick = |all: &[i64]| all[mood % all.len()];
        let text = |text: &str| match was {
            Leaf::String(_) => Some(Leaf::String(Some(Str::from(text)))),
            _ => None,
        };
        let number = |value: i64| match was {
            Leaf::Int8(_) => Some(Leaf::Int8(value as i8)),
            Leaf::Int16(_) => Some(Leaf::Int16(value as i16)),
            Leaf::Int32(_) => Some(Leaf::Int32(value as i32)),
            Leaf::Int64(_) => Some(Leaf::Int64(value)),
            _ => None,
        };
        match field {
            "records" => Some(Leaf::Bytes(Some(batch(if mood.is_multiple_of(2) {
                Stamp::NONE
            } else {
                self.stamp(1)
            })))),
            "topic_id" => Some(Leaf::Uuid(self.topic_id)),
            "group_id" | "groups" | "groups_names" | "key" | "coordinator_keys" => text("g"),
            "transactional_id" | "transactional_ids" | "v3_and_below_transactional_id" => text("x"),
            "name" if api == ApiKey::JOIN_GROUP => text("range"),
            "name" | "topic" | "topics" | "topic_names" | "resource_name" if was.is_text() => text("t"),
            "member_id" => text(if mood.is_multiple_of(2) { &self.member_id } else { "" }),
            "protocol_type" => text("consumer"),
            "protocol_name" => text("range"),
            "transactional_id_pattern" => text(""),
            "producer_id" | "v3_and_below_producer_id" => number(self.producer.0),
            "producer_epoch" | "v3_and_below_producer_epoch" => number(self.producer.1.into()),
            "partition_index" | "partition" | "index" | "partitions" | "partition_indexes" => {
                number(pick(&[0, 1]))
            }
            "generation_id" | "generation_id_or_member_epoch" => {
                number(pick(&[i64::from(self.generation), -1]))
            }
            "timestamp" => number(pick(&[-1, -2, UNIX_MS, -3, -4, -5, -6])),
            "fetch_offset" | "committed_offset" | "leader_epoch" => number(pick(&[0, 1])),
            "current_leader_epoch" | "committed_leader_epoch" => number(pick(&[-1, 0])),
            "session_timeout_ms" | "rebalance_timeout_ms" | "transaction_timeout_ms" => number(10_000),
            "resource_type" => number(pick(&[2, 4])),
            "session_epoch" | "last_fetched_epoch" | "num_partitions" | "replication_factor" => number(-1),
            "acks" => number(pick(&[-1, 1])),
            "key_type" | "isolation_level" => number(pick(&[0, 1])),
            "partition_max_bytes" | "max_bytes" => number(1 << 20),
            _ => None,
        }
    }
}

trait IsText {
    fn is_text(&self) -> bool;
}

impl IsText for Leaf {
    fn is_text(&self) -> bool {
        matches!(self, Leaf::String(_))
    }
}

fn batch(stamp: Stamp) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    writer.append(UNIX_MS, Some(b"key"), Some(b"value"), &[]).unwrap();
    writer.seal(stamp, Codec::NONE)
}

/// The golden bodies of requests, by API and version.
fn golden() -> BTreeMap<(i16, i16), Vec<Bytes>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/kafka/messages.jsonl.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for vector in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        if vector["direction"] == "request" {
            let number = |fact: &str| i16::try_from(vector[fact].as_i64().unwrap()).unwrap();
            let hex = vector["hex"].as_str().unwrap();
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let body = (0..hex.len()).step_by(2).map(byte).collect();
            all.entry((number("key"), number("version"))).or_default().push(body);
        }
    }
    all
}

/// The header of Java's client before a body.
fn frame(api: ApiKey, version: i16, flexible: bool, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_i16(api.0);
    frame.put_i16(version);
    frame.put_i32(77);
    frame.put_slice(b"\x00\x02me");
    if flexible {
        frame.put_u8(0);
    }
    frame.put_slice(body);
    frame.freeze()
}

fn check(world: &mut World, api: ApiKey, version: i16, body: &Bytes, what: &str) {
    let schema = Schema::request(api.0).unwrap();
    let frame = frame(api, version, schema.is_flexible(version), body);
    let unacknowledged = match AnyRequest::decode(api.0, version, body) {
        Some(Ok(AnyRequest::Produce(request))) => request.acks == 0,
        Some(Ok(_)) => false,
        other => panic!("{what}: {other:?}"),
    };
    match world.send(&frame) {
        Some(Answer::Frame(frame)) => {
            let frame = frame.into_bytes().slice(4..);
            let (head, body) = header::ResponseHeader::read(&frame, api.0, version).unwrap();
            assert_eq!(head.correlation_id, 77, "{what}");
            let read = AnyResponse::decode(api.0, version, &body).unwrap();
            read.unwrap_or_else(|why| panic!("{what}: the answer: {why}"));
        }
        // As Kafka: no answer, and an error that cannot be told closes the connection.
        Some(Answer::Silence) if unacknowledged => {}
        Some(Answer::Close(why)) if unacknowledged && why.contains("acks=0") => {}
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn every_version_of_every_api_that_is_told_is_answered() {
    let golden = golden();
    let told = World::new().ask(&ApiVersionsRequest::default(), 4).api_keys;
    let mut asked = BTreeSet::new();
    for row in told {
        let api = ApiKey(row.api_key);
        // Kafka 4 tells 0 and closes the connection below 3, for librdkafka's sake.
        let from = if api == ApiKey::PRODUCE { 3 } else { row.min_version };
        for version in from..=row.max_version {
            let bodies =
                golden.get(&(api.0, version)).unwrap_or_else(|| panic!("{api} {version}: no vector"));
            for mood in 0..MOODS {
                let mut world = World::new();
                for (at, body) in bodies.iter().enumerate() {
                    let what = format!("{api} {version}, vector {at}, mood {mood}");
                    let schema = Schema::request(api.0).unwrap();
                    let edited = rewrite(schema, version, body, |place, was| {
                        let field = place.path().last()?;
                        if mood == 0 { None } else { world.value(api, field, was, mood) }
                    });
                    let body = edited.unwrap_or_else(|why| panic!("{what}: {why}")).into_bytes();
                    check(&mut world, api, version, &body, &what);
                    asked.insert((api, version));
                }
            }
        }
    }
    println!("{} versions answered", asked.len());
    assert!(asked.len() > 150);
}
