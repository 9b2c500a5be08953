//! Against a peer that answers as the test says.

use std::time::Duration;

use bytes::BytesMut;
use upsert_kafka_protocol::messages::fetch::{FetchableTopicResponse, PartitionData};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use upsert_kafka_protocol::messages::offset_fetch::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use upsert_kafka_protocol::messages::{
    FetchRequest, FetchResponse, FindCoordinatorRequest, FindCoordinatorResponse, ListOffsetsRequest,
    ListOffsetsResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use upsert_kafka_protocol::records::{BatchWriter, Codec, HEADER_BYTES, Header, Stamp, set_offset};
use upsert_kafka_protocol::{Bytes, ErrorCode, Message, Str};

use super::*;
use crate::config::Address;
use crate::peer::{Ask, Peer, Reply, topic_id, versions};
use crate::{Client, Compression, OffsetReset};

mod fetch_sessions;
mod incremental;
mod no_progress;
mod topics;
mod truncation;

fn batch(offset: i64, values: &[&str]) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    for value in values {
        writer.append(1000, None, Some(value.as_bytes()), &[]).unwrap();
    }
    let mut bytes = writer.seal(Stamp::NONE, Codec::NONE).to_vec();
    set_offset(&mut bytes, offset, 5);
    Bytes::from(bytes)
}

/// An answer with the same for every partition asked for.
pub(super) fn fetched(ask: &Ask, each: impl Fn(i32, i64) -> PartitionData) -> Reply {
    let request: FetchRequest = ask.read();
    let data = |partition: &upsert_kafka_protocol::messages::fetch::FetchPartition| PartitionData {
        partition_index: partition.partition,
        ..each(partition.partition, partition.fetch_offset)
    };
    let responses = request.topics.iter().map(|topic| FetchableTopicResponse {
        topic: topic.topic.clone(),
        topic_id: topic.topic_id,
        partitions: topic.partitions.iter().map(data).collect(),
        ..Default::default()
    });
    ask.answer(&FetchResponse { responses: responses.collect(), ..Default::default() })
}

/// A log of one-record batches `v0`, `v1`, … up to an end; two of them an answer, nothing at the end.
fn log(ask: &Ask, end: i64) -> Reply {
    fetched(ask, |_, offset| {
        let mut records = Vec::new();
        for at in offset..end.min(offset + 2) {
            records.extend_from_slice(&batch(at, &[&format!("v{at}")]));
        }
        PartitionData { high_watermark: end, records: Some(Bytes::from(records)), ..Default::default() }
    })
}

fn offsets(ask: &Ask, earliest: i64, latest: i64) -> Reply {
    let request: ListOffsetsRequest = ask.read();
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| ListOffsetsPartitionResponse {
            partition_index: partition.partition_index,
            offset: match partition.timestamp {
                -2 => earliest,
                -1 => latest,
                ms if ms < 1000 => 3,
                _ => -1,
            },
            ..Default::default()
        });
        ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions: partitions.collect(),
            ..Default::default()
        }
    });
    ask.answer(&ListOffsetsResponse { topics: topics.collect(), ..Default::default() })
}

pub(super) fn broker(at: Address, end: i64) -> impl FnMut(&Ask) -> Reply + Send + 'static {
    move |ask: &Ask| match ask.key {
        FetchRequest::KEY => log(ask, end),
        ListOffsetsRequest::KEY => offsets(ask, 2, end),
        _ => ask.introduce(&at, &[("orders", 2)]).unwrap(),
    }
}

async fn consumer(config: Config, position: Position) -> Consumer {
    let mut consumer = Client::open(config).await.unwrap().consumer();
    consumer.assign(vec![Assignment::new("orders", 0, position)]);
    consumer
}

pub(super) fn of(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

/// Polls until the position is reached.
async fn values_up_to(consumer: &mut Consumer, end: i64) -> Vec<(i64, String)> {
    let mut values = Vec::new();
    while consumer.position(&of(0)).is_none_or(|position| position < end) {
        let fetched = consumer.poll().await.unwrap();
        for record in &fetched {
            let record = record.unwrap();
            assert_eq!((record.topic, record.partition), ("orders", 0));
            values.push((record.offset, String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
        }
    }
    values
}

fn expected(range: std::ops::Range<i64>) -> Vec<(i64, String)> {
    range.map(|offset| (offset, format!("v{offset}"))).collect()
}

#[tokio::test]
async fn records_come_once_and_in_order_from_wherever_reading_begins() {
    let peer = Peer::at(|at| broker(at, 9)).await;
    for (position, from) in [
        (Position::Offset(0), 0),
        (Position::Earliest, 2),
        (Position::Timestamp(500), 3),
        (Position::Offset(8), 8),
    ] {
        let mut consumer = consumer(peer.config(), position).await;
        assert_eq!(values_up_to(&mut consumer, 9).await, expected(from..9), "{position:?}");
        assert_eq!(consumer.lag(&of(0)), Some(0));
    }
}

/// Two partitions, each with one answer of two batches: headers, a null key, a tombstone.
async fn two_partitions() -> Fetched {
    let peer = Peer::at(|at| {
        let mut broker = broker(at, 9);
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY => fetched(ask, |partition, offset| {
                let mut records = batch(offset - 1, &["before", "a"]).to_vec();
                records.extend_from_slice(&with_headers(offset + 1, partition));
                PartitionData { high_watermark: 9, records: Some(Bytes::from(records)), ..Default::default() }
            }),
            _ => broker(ask),
        }
    })
    .await;
    let mut consumer = Client::open(peer.config()).await.unwrap().consumer();
    let assignment = |index| Assignment::new("orders", index, Position::Offset(4));
    consumer.assign(vec![assignment(0), assignment(1)]);
    consumer.poll().await.unwrap()
}

fn with_headers(offset: i64, partition: i32) -> Vec<u8> {
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    let header = |value| Header { key: "h", value };
    let headers = [header(Some(&b"1"[..])), header(None)];
    writer.append(1007, Some(&[b'k', partition as u8]), None, &headers).unwrap();
    let mut bytes = writer.seal(Stamp::NONE, Codec::from(Compression::Zstd)).to_vec();
    set_offset(&mut bytes, offset, 6);
    bytes
}

#[tokio::test]
async fn all_records_of_a_poll_come_without_nested_loops_borrowed_or_to_keep() {
    let fetched = two_partitions().await;
    let mut seen = Vec::new();
    for record in &fetched {
        let record = record.unwrap();
        seen.push((
            record.partition,
            record.offset,
            record.leader_epoch,
            record.timestamp_ms,
            record.key.is_some(),
        ));
    }
    let expected = |partition| [(partition, 4, 5, 1000, false), (partition, 5, 6, 1007, true)];
    assert_eq!(seen, [expected(0), expected(1)].concat());

    let detached: Vec<_> = fetched.records().map(|record| record.unwrap().detach()).collect();
    let kept: Vec<_> = fetched.into_iter().collect::<Result<_, _>>().unwrap();
    assert_eq!(kept, detached);
    let last = &kept[3];
    assert_eq!((&*last.topic, last.partition, last.offset), ("orders", 1, 5));
    assert_eq!((last.leader_epoch, last.timestamp_ms), (6, 1007));
    assert_eq!((last.key.as_deref(), last.value.as_deref()), (Some(&b"k\x01"[..]), None));
    let headers: Vec<_> = last.headers.iter().map(|it| (it.key.as_str(), it.value.as_deref())).collect();
    assert_eq!(headers, [("h", Some(&b"1"[..])), ("h", None)]);
    assert_eq!(kept[0].value.as_deref(), Some(&b"a"[..]));
}

/// A batch of three records of which the second says that it is longer than it is.
pub(super) fn broken_inside(offset: i64) -> Bytes {
    let mut bytes = batch(offset, &["a", "b", "c"]).to_vec();
    let record = (bytes.len() - HEADER_BYTES) / 3;
    bytes[HEADER_BYTES + record] = 0x7e;
    Bytes::from(bytes)
}

#[tokio::test]
async fn a_record_that_cannot_be_read_ends_its_partition_and_no_other() {
    let peer = Peer::at(|at| {
        let mut broker = broker(at, 9);
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY => fetched(ask, |partition, offset| {
                let records = if partition == 0 { broken_inside(offset) } else { batch(offset, &["d"]) };
                PartitionData { high_watermark: 9, records: Some(records), ..Default::default() }
            }),
            _ => broker(ask),
        }
    })
    .await;
    let mut consumer = Client::open(Config { check_crcs: false, ..peer.config() }).await.unwrap().consumer();
    let assignment = |index| Assignment::new("orders", index, Position::Offset(0));
    consumer.assign(vec![assignment(0), assignment(1)]);
    let fetched = consumer.poll().await.unwrap();
    let expected = [Ok((0, 0)), Err(Some(0)), Ok((1, 0))];
    let borrowed = fetched.records().map(|it| match it {
        Ok(record) => Ok((record.partition, record.offset)),
        Err(error) => Err(error.partition()),
    });
    assert_eq!(borrowed.collect::<Vec<_>>(), expected);
    let kept = fetched.into_iter().map(|it| match it {
        Ok(record) => Ok((record.partition, record.offset)),
        Err(error) => Err(error.partition()),
    });
    assert_eq!(kept.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_poll_that_is_dropped_loses_nothing() {
    let peer = Peer::at(|at| broker(at, 20)).await;
    let mut consumer = consumer(peer.config(), Position::Offset(0)).await;
    let mut values = Vec::new();
    while consumer.position(&of(0)) < Some(20) {
        tokio::select! {
            biased;
            () = tokio::task::yield_now() => {}
            fetched = consumer.poll() => {
                for record in &fetched.unwrap() {
                    values.push(record.unwrap().offset);
                }
            }
        }
        // What was dropped goes on from here.
        if let Ok(fetched) = tokio::time::timeout(Duration::from_millis(1), consumer.poll()).await {
            for record in &fetched.unwrap() {
                values.push(record.unwrap().offset);
            }
        }
    }
    assert_eq!(values, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn fetches_go_by_topic_id_where_it_is_known_and_never_wait_for_nothing() {
    for (max, version) in [(i16::MAX, FetchRequest::CURRENT.to), (12, 12)] {
        let mut peer = Peer::at(|at| {
            let mut broker = broker(at, 4);
            move |ask: &Ask| if ask.key == 18 { ask.answer(&versions(max)) } else { broker(ask) }
        })
        .await;
        let config = Config { fetch_max_wait: Duration::ZERO, ..peer.config() };
        let mut consumer = consumer(config, Position::Offset(0)).await;
        _ = consumer.poll().await.unwrap();
        let (asked, request) = peer.hears::<FetchRequest>().await;
        assert_eq!(asked, version);
        assert!(request.max_wait_ms > 0);
        assert_eq!(request.topics[0].topic_id == topic_id("orders"), version > 12);
        assert_eq!(request.topics[0].partitions[0].current_leader_epoch, 5);
    }
}

#[tokio::test]
async fn an_offset_out_of_range_begins_where_the_policy_says() {
    let start = |at: Address| {
        let mut broker = broker(at, 9);
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY if ask.read::<FetchRequest>().topics[0].partitions[0].fetch_offset > 9 => {
                fetched(ask, |_, _| PartitionData {
                    error_code: ErrorCode::OFFSET_OUT_OF_RANGE,
                    ..Default::default()
                })
            }
            _ => broker(ask),
        }
    };
    let peer = Peer::at(start).await;
    let config = Config { auto_offset_reset: OffsetReset::Earliest, ..peer.config() };
    let mut earliest = consumer(config, Position::Offset(1000)).await;
    let first = earliest.poll().await.unwrap();
    assert_eq!(first.partitions()[0].records().next().unwrap().unwrap().offset, 2);
    let [reset] = first.resets() else { panic!("{first:?}") };
    assert_eq!((reset.old_position, reset.new_position), (Some(1000), 2));
    assert_eq!(reset.cause, ResetCause::OffsetOutOfRange { reset: OffsetReset::Earliest });

    let config = Config { auto_offset_reset: OffsetReset::None, ..peer.config() };
    let mut none = consumer(config, Position::Offset(1000)).await;
    let error = none.poll().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OffsetOutOfRange);
    let text = error.to_string();
    assert_eq!(
        text,
        "topic orders, partition 0, Fetch: offset 1000 is out of range: the log begins at offset 2 and ends before \
         offset 9; auto.offset.reset is none, so nothing else is read"
    );
    none.seek(&of(0), Position::Offset(8)).unwrap();
    assert_eq!(values_up_to(&mut none, 9).await, expected(8..9));
}

#[tokio::test]
async fn a_moved_leader_is_found_again() {
    let mut refusals = 2;
    let peer = Peer::at(|at| {
        let mut broker = broker(at, 4);
        move |ask: &Ask| {
            if ask.is::<FetchRequest>() && refusals > 0 {
                refusals -= 1;
                let error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
                return fetched(ask, |_, _| PartitionData { error_code, ..Default::default() });
            }
            broker(ask)
        }
    })
    .await;
    let mut consumer = consumer(peer.config(), Position::Offset(0)).await;
    assert_eq!(values_up_to(&mut consumer, 4).await, expected(0..4));
}

#[tokio::test]
async fn a_broker_that_hangs_up_is_dialled_again() {
    let mut fetches = 0;
    let peer = Peer::at(|at| {
        let mut broker = broker(at, 6);
        move |ask: &Ask| {
            fetches += usize::from(ask.is::<FetchRequest>());
            if ask.is::<FetchRequest>() && fetches % 2 == 1 { Reply::Close } else { broker(ask) }
        }
    })
    .await;
    let mut consumer = consumer(peer.config(), Position::Offset(0)).await;
    assert_eq!(values_up_to(&mut consumer, 6).await, expected(0..6));
}

#[tokio::test]
async fn a_topic_that_does_not_exist_is_an_error_after_the_api_timeout() {
    let peer = Peer::at(|at| broker(at, 4)).await;
    let config = Config { default_api_timeout: Duration::from_millis(30), ..peer.config() };
    let mut consumer = Client::open(config).await.unwrap().consumer();
    let position = Position::Earliest;
    consumer.assign(vec![Assignment::new("lost", 0, position)]);
    let error = consumer.poll().await.unwrap_err();
    assert_eq!(error.topic(), Some("lost"), "{error}");
}

#[tokio::test]
async fn misuse_is_told() {
    let peer = Peer::at(|at| broker(at, 4)).await;
    let mut consumer = Client::open(peer.config()).await.unwrap().consumer();
    assert_eq!(consumer.poll().await.unwrap_err().kind(), ErrorKind::Usage);
    let error = consumer.seek(&of(0), Position::Latest).unwrap_err();
    assert_eq!(error.to_string(), "topic orders, partition 0: not assigned to the consumer");
    assert!(consumer.pause(&[of(0)]).is_err() && consumer.resume(&[of(0)]).is_err());
}

#[tokio::test]
async fn offsets_of_all_partitions_are_looked_up() {
    let peer = Peer::at(|at| broker(at, 9)).await;
    let consumer = Client::open(peer.config()).await.unwrap().consumer();
    let find = async |spec| consumer.offsets("orders", spec).await.unwrap();
    assert_eq!(find(OffsetSpec::Earliest).await, [(0, 2), (1, 2)]);
    assert_eq!(find(OffsetSpec::Latest).await, [(0, 9), (1, 9)]);
    assert_eq!(find(OffsetSpec::Timestamp(500)).await, [(0, 3), (1, 3)]);
    assert_eq!(find(OffsetSpec::Timestamp(5000)).await, [(0, 9), (1, 9)], "later than all: the end");
}

/// A coordinator that is elsewhere at first, then keeps what it is told.
fn coordinator(at: Address, max: i16) -> impl FnMut(&Ask) -> Reply + Send + 'static {
    let mut refusals = 1;
    move |ask: &Ask| match ask.key {
        18 => ask.answer(&versions(max)),
        FindCoordinatorRequest::KEY => {
            let (host, port) = (Str::from(at.host.clone()), i32::from(at.port));
            let one = upsert_kafka_protocol::messages::find_coordinator::Coordinator {
                node_id: 1,
                host: host.clone(),
                port,
                ..Default::default()
            };
            ask.answer(&match ask.version {
                ..=3 => FindCoordinatorResponse { node_id: 1, host, port, ..Default::default() },
                _ => FindCoordinatorResponse { coordinators: vec![one], ..Default::default() },
            })
        }
        OffsetCommitRequest::KEY => {
            let request: OffsetCommitRequest = ask.read();
            assert_eq!((request.generation_id_or_member_epoch, &*request.member_id), (-1, ""));
            let error_code = if refusals > 0 { ErrorCode::NOT_COORDINATOR } else { ErrorCode::NONE };
            refusals -= 1;
            let partition = |index| OffsetCommitResponsePartition {
                partition_index: index,
                error_code,
                ..Default::default()
            };
            let topics = request.topics.iter().map(|topic| OffsetCommitResponseTopic {
                name: topic.name.clone(),
                partitions: topic.partitions.iter().map(|row| partition(row.partition_index)).collect(),
                ..Default::default()
            });
            ask.answer(&OffsetCommitResponse { topics: topics.collect(), ..Default::default() })
        }
        OffsetFetchRequest::KEY => ask.answer(&kept(ask.version)),
        _ => ask.introduce(&at, &[("orders", 2)]).unwrap(),
    }
}

/// Offset 42 with a note for partition 0, nothing for partition 1.
fn kept(version: i16) -> OffsetFetchResponse {
    let name = Str::from("orders");
    let rows = [(0, 42, Some(Str::from("note"))), (1, -1, None)];
    if version < 8 {
        let row = |(partition_index, committed_offset, metadata)| OffsetFetchResponsePartition {
            partition_index,
            committed_offset,
            metadata,
            ..Default::default()
        };
        let partitions = rows.map(row).to_vec();
        let topics = vec![OffsetFetchResponseTopic { name, partitions, ..Default::default() }];
        return OffsetFetchResponse { topics, ..Default::default() };
    }
    let row = |(partition_index, committed_offset, metadata)| OffsetFetchResponsePartitions {
        partition_index,
        committed_offset,
        metadata,
        ..Default::default()
    };
    let partitions = rows.map(row).to_vec();
    let topics = vec![OffsetFetchResponseTopics { name, partitions, ..Default::default() }];
    let groups = vec![OffsetFetchResponseGroup { topics, ..Default::default() }];
    OffsetFetchResponse { groups, ..Default::default() }
}

#[tokio::test]
async fn offsets_are_committed_at_the_coordinator_wherever_it_is_found() {
    for max in [2, 7, i16::MAX] {
        let mut peer = Peer::at(|at| coordinator(at, max)).await;
        let consumer = Client::open(peer.config()).await.unwrap().consumer();
        let commit = Commit::new(of(1), 7).with_leader_epoch(5).with_metadata("upsert-kafka");
        consumer.commit("g", &[commit]).await.unwrap();
        let (version, request) = peer.hears::<OffsetCommitRequest>().await;
        let row = &request.topics[0].partitions[0];
        assert_eq!(version, max.min(9));
        assert_eq!((&*request.group_id, &*request.topics[0].name), ("g", "orders"));
        assert_eq!((row.committed_offset, row.committed_metadata.as_deref()), (7, Some("upsert-kafka")));
        peer.hears::<FindCoordinatorRequest>().await;
        peer.hears::<OffsetCommitRequest>().await;
    }
}

#[tokio::test]
async fn committed_offsets_are_read_in_every_form() {
    for max in [1, 5, 7, 8, i16::MAX] {
        let peer = Peer::at(|at| coordinator(at, max)).await;
        let consumer = Client::open(peer.config()).await.unwrap().consumer();
        let rows = consumer.committed("g", &[of(0), of(1)]).await.unwrap();
        let rows: Vec<_> =
            rows.iter().map(|row| (row.partition, row.offset, row.metadata.as_str())).collect();
        assert_eq!(rows, [(0, Some(42), "note"), (1, None, "")], "version {max}");
    }
}

#[tokio::test]
async fn a_refused_commit_names_group_and_partition() {
    let peer = Peer::at(|at| {
        let mut coordinator = coordinator(at, i16::MAX);
        move |ask: &Ask| {
            if !ask.is::<OffsetCommitRequest>() {
                return coordinator(ask);
            }
            let error_code = ErrorCode::GROUP_AUTHORIZATION_FAILED;
            let partitions =
                vec![OffsetCommitResponsePartition { partition_index: 1, error_code, ..Default::default() }];
            let topic =
                OffsetCommitResponseTopic { name: Str::from("orders"), partitions, ..Default::default() };
            ask.answer_at(&OffsetCommitResponse { topics: vec![topic], ..Default::default() }, ask.version)
        }
    })
    .await;
    let consumer = Client::open(peer.config()).await.unwrap().consumer();
    let error = consumer.commit("g", &[Commit::new(of(1), 7)]).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::GROUP_AUTHORIZATION_FAILED));
    let text = error.to_string();
    assert!(text.starts_with("topic orders, partition 1") && text.contains("group g"), "{text}");
}
