//! A query of a partition's log as a ListOffsets or a Fetch request, and the answer from its response.

use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::messages::{FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::dispatch::LogRequest;
use super::resolution::{LogAnswer, LogQuery};
use crate::cluster::Metadata;
use crate::{Error, ErrorKind};

/// The first version of ListOffsets by which a leader tells a high watermark only when it covers all that the leader
/// had when it became one (KIP-207, Kafka 2.2).
pub(super) const HIGH_WATERMARK_SINCE: i16 = 5;

/// The last version of Fetch that names topics by their names.
const LAST_BY_NAME: i16 = 12;

/// How much one answer brings, besides a first batch that is larger: it is held while its batches are looked at.
const ANSWER_BYTES_MAX: i32 = 1 << 20;

/// The request for an end of the log.
pub(super) fn end_request(request: &LogRequest, timeout_ms: i32) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition {
        partition_index: request.partition.index,
        current_leader_epoch: -1,
        timestamp: if request.query == LogQuery::LogStart { EARLIEST } else { LATEST },
        ..Default::default()
    };
    let name = Str::from(&*request.partition.topic);
    let topic = ListOffsetsTopic { name, partitions: vec![partition], ..Default::default() };
    ListOffsetsRequest { replica_id: -1, topics: vec![topic], timeout_ms, ..Default::default() }
}

/// The request for batches. It waits for none: they are there, or the answer says that they are not.
pub(super) fn fetch_request(request: &LogRequest, offset: i64, view: &Metadata) -> FetchRequest {
    let partition = FetchPartition {
        partition: request.partition.index,
        current_leader_epoch: -1,
        fetch_offset: offset,
        partition_max_bytes: ANSWER_BYTES_MAX,
        ..Default::default()
    };
    let topic = FetchTopic {
        topic: Str::from(&*request.partition.topic),
        topic_id: topic_id(request, view),
        partitions: vec![partition],
        ..Default::default()
    };
    FetchRequest {
        // Some brokers never answer a fetch that may not wait.
        max_wait_ms: 1,
        min_bytes: 1,
        max_bytes: ANSWER_BYTES_MAX,
        topics: vec![topic],
        ..Default::default()
    }
}

/// The version of Fetch to use at most: without the topic's id, its name it must be.
pub(super) fn fetch_version_max(request: &LogRequest, view: &Metadata) -> i16 {
    if topic_id(request, view) == Uuid::ZERO { LAST_BY_NAME } else { i16::MAX }
}

/// The end of the log in a ListOffsets response.
///
/// # Errors
/// The leader answers with an error.
pub(super) fn end(request: &LogRequest, response: &ListOffsetsResponse) -> Result<LogAnswer, Error> {
    let partition = response.topics.iter().flat_map(|topic| &topic.partitions).next();
    let partition = partition.ok_or_else(|| left_out("ListOffsets"))?;
    match partition.error_code {
        ErrorCode::NONE if request.query == LogQuery::LogStart => Ok(LogAnswer::LogStart(partition.offset)),
        ErrorCode::NONE => Ok(LogAnswer::HighWatermark(partition.offset)),
        code => Err(Error::from_code(code, "ListOffsets")),
    }
}

/// The batches in a Fetch response.
///
/// # Errors
/// The leader answers with an error.
pub(super) fn fetched(response: FetchResponse) -> Result<LogAnswer, Error> {
    if !response.error_code.is_none() {
        return Err(Error::from_code(response.error_code, "Fetch"));
    }
    let partition = response.responses.into_iter().flat_map(|topic| topic.partitions).next();
    let partition = partition.ok_or_else(|| left_out("Fetch"))?;
    match partition.error_code {
        ErrorCode::NONE => Ok(LogAnswer::Batches(partition.records.unwrap_or_default())),
        code => Err(Error::from_code(code, "Fetch")),
    }
}

/// A broker that speaks an older version of ListOffsets cannot help.
pub(super) fn too_old() -> Error {
    let sentence = "the broker is too old to say how far its log is replicated";
    Error::new(ErrorKind::Unsupported, sentence).with_api("ListOffsets")
}

fn left_out(api: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, "the broker's answer leaves this partition out").with_api(api)
}

fn topic_id(request: &LogRequest, view: &Metadata) -> Uuid {
    view.topics.get(&request.partition.topic).map_or(Uuid::ZERO, |known| known.topic_id)
}

/// The timestamps that stand for the ends.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
