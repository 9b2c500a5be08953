//! What a consumer is given at the end: records of committed transactions, and the position of a group.
//!
//! Asked of the brokers in their own words, and read as KIP-98 says it is read: by the list of aborted
//! transactions, up to the last stable offset. The oracle reads the markers in the logs instead.

use bytes::Buf;
use upsert_kafka_broker::{Answer, PeerId};
use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use upsert_kafka_protocol::messages::offset_fetch::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use upsert_kafka_protocol::messages::{FetchRequest, FindCoordinatorRequest, OffsetFetchRequest};
use upsert_kafka_protocol::records::{ControlType, batches};
use upsert_kafka_protocol::{Message, Request, Str, header};

use super::oracle::number_of;
use super::world::World;

/// A partition as a consumer with `isolation.level=read_committed` sees it.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Numbers of records, as they come.
    pub(crate) records: Vec<usize>,
    /// Where it ends.
    pub(crate) stable_offset: i64,
}

const FETCH_VERSION: i16 = 12;
const BYTES_MAX: i32 = 64 << 20;

impl World {
    /// Reads the partition from its leader.
    pub(crate) fn read_committed(&mut self, topic: &str, partition: i32) -> Result<View, String> {
        let (node, _) = self.cluster.leader(topic, partition).ok_or("nobody leads it")?;
        let part = FetchPartition { partition, partition_max_bytes: BYTES_MAX, ..Default::default() };
        let topic = FetchTopic { topic: topic.into(), partitions: vec![part], ..Default::default() };
        let request = FetchRequest { isolation_level: 1, topics: vec![topic], ..Default::default() };
        let mut answer = self.ask(node, &request, FETCH_VERSION);
        let data = answer.responses.pop().and_then(|mut topic| topic.partitions.pop());
        let data = data.ok_or("no answer about it")?;
        if data.error_code.is_none() { View::of(&data) } else { Err(data.error_code.to_string()) }
    }

    /// The position of a group in partition 0 of a topic, -1 without one.
    pub(crate) fn kept_offset(&mut self, group: &str, topic: &str) -> Result<i64, String> {
        let coordinator_keys = vec![Str::from(group)];
        let request = FindCoordinatorRequest { key_type: 0, coordinator_keys, ..Default::default() };
        let found = self.ask(1, &request, 4).coordinators.pop().ok_or("nobody coordinates it")?;
        let topics =
            OffsetFetchRequestTopics { name: topic.into(), partition_indexes: vec![0], ..Default::default() };
        let group = OffsetFetchRequestGroup {
            group_id: group.into(),
            topics: Some(vec![topics]),
            ..Default::default()
        };
        let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
        let mut answer = self.ask(found.node_id, &request, 8);
        let told = answer.groups.pop().and_then(|mut group| group.topics.pop()?.partitions.pop());
        let told = told.ok_or("no answer about it")?;
        if told.error_code.is_none() { Ok(told.committed_offset) } else { Err(told.error_code.to_string()) }
    }

    /// Asks a node, which answers at once, on a connection that nothing happens to.
    pub(crate) fn ask<R: Request>(&mut self, node: i32, request: &R, version: i16) -> R::Response {
        let frame = header::request_frame(request, version, 1, None).map(|frame| frame.into_bytes());
        let mut frame = frame.unwrap_or_default();
        frame.advance(4);
        let me = PeerId(u64::MAX);
        self.cluster.handle_frame(me, node, &frame, self.clock());
        let mut heard = None;
        while let Some((peer, answer)) = self.cluster.poll_answer() {
            if let (true, Answer::Frame(frame)) = (peer == me, answer) {
                heard = Some(frame.into_bytes());
            }
        }
        let mut frame = heard.unwrap_or_default();
        frame.advance(4.min(frame.len()));
        let answer = header::response_body::<R>(&frame, version)
            .and_then(|(_, body)| R::Response::decode(&body, version));
        answer.expect("the answer to a question on a connection that nothing happens to")
    }
}

impl View {
    fn of(data: &PartitionData) -> Result<Self, String> {
        let mut view = Self { stable_offset: data.last_stable_offset, ..Self::default() };
        let mut aborted: Vec<_> = data.aborted_transactions.iter().flatten().collect();
        aborted.sort_by_key(|it| it.first_offset);
        let (mut aborted, mut open) = (aborted.into_iter().peekable(), Vec::new());
        for batch in data.records.iter().flat_map(batches) {
            let batch = batch.map_err(|why| why.to_string())?;
            while let Some(begun) = aborted.next_if(|it| it.first_offset <= batch.last_offset()) {
                open.push(begun.producer_id);
            }
            let body = batch.body(BYTES_MAX as usize).map_err(|why| why.to_string())?;
            let of_aborted = batch.is_transactional() && open.contains(&batch.producer_id());
            for record in body.iter() {
                let record = record.map_err(|why| why.to_string())?;
                if batch.is_control() {
                    if ControlType::of_key(record.key) == Some(ControlType::ABORT) {
                        open.retain(|id| *id != batch.producer_id());
                    }
                } else if !of_aborted {
                    view.records.push(number_of(record.value).ok_or("nobody sent this")?);
                }
            }
        }
        Ok(view)
    }
}
