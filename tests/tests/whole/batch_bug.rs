//! Bugs of a producer: what they do to batches on their way, and to the answers.

use std::collections::{BTreeMap, BTreeSet};

use bytes::BytesMut;
use upsert_kafka_client::Bytes;
use upsert_kafka_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use upsert_kafka_protocol::messages::{FetchResponse, ProduceRequest, ProduceResponse};
use upsert_kafka_protocol::records::{Stamp, batches, restamp};
use upsert_kafka_protocol::{ErrorCode, Message};

use super::planted_bug::PlantedBug;

/// What these bugs remember of a run.
#[derive(Default)]
pub(super) struct BatchMemory {
    /// By producer id.
    first_epochs: BTreeMap<i64, i16>,
    /// Sequences of batches that were too large: they come again in parts.
    too_large: BTreeMap<(i64, i16, i32), (i32, i32)>,
    /// Batches that were sent and not answered for certain, and those of them that were sent again.
    unanswered: BTreeSet<BatchName>,
    in_doubt: BTreeSet<BatchName>,
}

/// Producer id, epoch, partition and first sequence: each producer here writes to one topic.
type BatchName = (i64, i16, i32, i32);

impl BatchMemory {
    /// A request as the client sent it, and as one with this bug would have.
    pub(super) fn request(&mut self, bug: PlantedBug, request: &ProduceRequest) -> ProduceRequest {
        let mut changed = request.clone();
        let is_transactional = request.transactional_id.is_some();
        for partition in changed.topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data) {
            let Some(records) = &mut partition.records else { continue };
            let Some((name, _)) = named(partition.index, records) else { continue };
            if !self.unanswered.insert(name) {
                self.in_doubt.insert(name);
            }
            let (id, epoch, index, base) = name;
            let (epoch, base) = match bug {
                PlantedBug::EpochNotBumped if !is_transactional => {
                    (*self.first_epochs.entry(id).or_insert(epoch), base)
                }
                PlantedBug::SequenceReused => match self.too_large.get(&(id, epoch, index)) {
                    Some((first, last)) if *first < base && base <= *last => (epoch, *first),
                    _ => (epoch, base),
                },
                _ => (epoch, base),
            };
            if (epoch, base) != (name.1, name.3) {
                *records = stamped(records, id, epoch, base, is_transactional);
            }
        }
        changed
    }

    /// The answer to a request of the client, as one with this bug would read it.
    pub(super) fn answer(&mut self, bug: PlantedBug, asked: &ProduceRequest, answer: &mut ProduceResponse) {
        let asked = asked.topic_data.iter().flat_map(|topic| &topic.partition_data);
        let asked: BTreeMap<i32, _> =
            asked.filter_map(|it| Some((it.index, named(it.index, it.records.as_ref()?)?))).collect();
        for told in answer.responses.iter_mut().flat_map(|topic| &mut topic.partition_responses) {
            let Some((name, last)) = asked.get(&told.index).copied() else { continue };
            let was_in_doubt = self.in_doubt.contains(&name);
            let is_out_of_order = told.error_code == ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER;
            if told.error_code == ErrorCode::MESSAGE_TOO_LARGE {
                self.too_large.insert((name.0, name.1, name.2), (name.3, last));
            }
            if !MAY_HAVE_WRITTEN.contains(&told.error_code) && !is_out_of_order {
                self.unanswered.remove(&name);
                self.in_doubt.remove(&name);
            }
            let is_taken = match bug {
                PlantedBug::OutOfOrderAccepted => is_out_of_order,
                PlantedBug::UnreadAcknowledged => is_out_of_order && was_in_doubt,
                PlantedBug::RefusalAcknowledged => true,
                _ => false,
            };
            if is_taken {
                told.error_code = ErrorCode::NONE;
            }
        }
    }

    /// What a look into a log brought, as a client with this bug would read it.
    pub(super) fn log(&self, bug: PlantedBug, answer: &mut FetchResponse) {
        for told in answer.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
            match (bug, &told.records) {
                (PlantedBug::UnreadResent, Some(records)) => {
                    let is_in_doubt = |name| self.in_doubt.contains(&name);
                    told.records = Some(of_nobody(records, is_in_doubt, told.partition_index));
                }
                (PlantedBug::UnreadFailed, _) => told.error_code = ErrorCode::TOPIC_AUTHORIZATION_FAILED,
                _ => {}
            }
        }
    }
}

/// Errors that a leader may give after it has appended.
const MAY_HAVE_WRITTEN: &[ErrorCode] =
    &[ErrorCode::REQUEST_TIMED_OUT, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND];

/// An answer that nobody gave: all is written, nobody knows where.
pub(super) fn all_written(asked: &ProduceRequest, version: i16) -> Option<Bytes> {
    let written = |index| PartitionProduceResponse { index, base_offset: -1, ..Default::default() };
    let responses = asked.topic_data.iter().map(|topic| TopicProduceResponse {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partition_responses: topic.partition_data.iter().map(|it| written(it.index)).collect(),
        ..Default::default()
    });
    let answer = ProduceResponse { responses: responses.collect(), ..Default::default() };
    Some(answer.encode(version).ok()?.into_bytes())
}

/// The batches of a log; those in doubt as another producer's.
fn of_nobody(log: &Bytes, is_in_doubt: impl Fn(BatchName) -> bool, index: i32) -> Bytes {
    let (mut left, mut all) = (&log[..], Vec::new());
    while let Some(length) = left.get(8..12).and_then(|it| it.try_into().ok()).map(u32::from_be_bytes) {
        let Some((batch, rest)) = left.split_at_checked(12 + length as usize) else { break };
        let mut batch = BytesMut::from(batch);
        if named(index, &Bytes::copy_from_slice(&batch)).is_some_and(|(name, _)| is_in_doubt(name)) {
            restamp(&mut batch, Stamp::NONE);
        }
        all.extend_from_slice(&batch);
        left = rest;
    }
    all.into()
}

/// The name of a batch, and its last sequence.
fn named(index: i32, records: &Bytes) -> Option<(BatchName, i32)> {
    let batch = batches(records).next()?.ok()?;
    let name = (batch.producer_id(), batch.producer_epoch(), index, batch.base_sequence());
    (name.0 >= 0).then(|| (name, batch.last_sequence()))
}

fn stamped(records: &Bytes, id: i64, epoch: i16, base_sequence: i32, transactional: bool) -> Bytes {
    let mut batch = BytesMut::from(&records[..]);
    restamp(&mut batch, Stamp { producer_id: id, producer_epoch: epoch, base_sequence, transactional });
    batch.freeze()
}
