//! Bugs that are planted between the processes and the brokers, to see that the simulation finds them.
//!
//! The product knows nothing of this: a frame is changed on its way, as a client or a broker with that bug would write it.

use bytes::BytesMut;
use upsert_kafka_client::Bytes;
use upsert_kafka_protocol::header::RequestHeader;
use upsert_kafka_protocol::messages::{
    ConsumerGroupHeartbeatResponse, EndTxnRequest, FetchRequest, HeartbeatResponse, OffsetCommitRequest,
    OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, ProduceRequest, SyncGroupResponse,
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use upsert_kafka_protocol::records::{Stamp, restamp};
use upsert_kafka_protocol::{ApiKey, ErrorCode, Message};

use super::recipe::{Harm, Recipe};

/// A bug, and in whose place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlantedBug {
    /// Checkpoint: positions are committed one record further than was read.
    CommitAhead,
    /// Checkpoint: positions are committed one record too early.
    CommitBehind,
    /// Checkpoint, in a transaction: one record further.
    TransactionAhead,
    /// Checkpoint, in a transaction: one record too early.
    TransactionBehind,
    /// Checkpoint: who is given a partition does not find its position.
    PositionForgotten,
    /// Checkpoint, in a transaction: a position is read though a transaction on it is about to be committed.
    PositionUnstable,
    /// Checkpoint: positions that the coordinator refuses count as committed.
    CommitRefusalUnheard,
    /// Client, consumer: the first fetch of a connection leaves a record out.
    RecordSkipped,
    /// Client, producer: batches have no sequence, so that one that is sent again is written again.
    SequenceMissing,
    /// Client, producer: what a leader refuses counts as written.
    RefusalAcknowledged,
    /// Client, producer: a batch that is refused as out of order counts as written.
    OutOfOrderAccepted,
    /// Client, producer: after a gap sequences begin at 0 again under the old epoch.
    EpochNotBumped,
    /// Client, producer: an answer that was lost counts as a good one.
    LostAcknowledged,
    /// Client, producer: the later parts of a batch that was too large get the sequence of the first.
    SequenceReused,
    /// Client, producer: a batch in doubt that is refused as out of order counts as written, without a look into the log.
    UnreadAcknowledged,
    /// Client, producer: what lies in the log of a batch in doubt is not known again, so that it is sent once more.
    UnreadResent,
    /// Client, producer: a batch in doubt fails without a look into the log.
    UnreadFailed,
    /// Client, producer: a transaction is ended while its batches are still in flight.
    EndedUnanswered,
    /// Transactions: an abort commits.
    AbortCommits,
    /// Transactions: a commit aborts, and nobody is told.
    CommitAborts,
    /// Transactions: a reader shows what was not committed.
    UncommittedShown,
    /// Transactions, in the broker: rows of a transaction are written outside of it.
    TransactionLeft,
    /// Groups, classic: a member does not hear of a rebalance.
    RebalanceUnheard,
    /// Groups, classic: a member takes a rebalance for its end.
    RebalanceFatal,
    /// Groups, classic: every member is given what the first one was.
    AssignmentShared,
    /// Groups, KIP-848: every member is given every partition.
    AssignmentWhole,
    /// Broker: a batch is appended twice.
    AppendedTwice,
}

impl PlantedBug {
    pub(crate) const ALL: &[Self] = &[
        Self::CommitAhead,
        Self::CommitBehind,
        Self::TransactionAhead,
        Self::TransactionBehind,
        Self::PositionForgotten,
        Self::PositionUnstable,
        Self::CommitRefusalUnheard,
        Self::RecordSkipped,
        Self::SequenceMissing,
        Self::RefusalAcknowledged,
        Self::OutOfOrderAccepted,
        Self::EpochNotBumped,
        Self::LostAcknowledged,
        Self::SequenceReused,
        Self::UnreadAcknowledged,
        Self::UnreadResent,
        Self::UnreadFailed,
        Self::EndedUnanswered,
        Self::AbortCommits,
        Self::CommitAborts,
        Self::UncommittedShown,
        Self::TransactionLeft,
        Self::RebalanceUnheard,
        Self::RebalanceFatal,
        Self::AssignmentShared,
        Self::AssignmentWhole,
        Self::AppendedTwice,
    ];

    /// Whether a run of that recipe comes to the place where the bug is.
    pub(crate) fn is_reached_by(self, recipe: &Recipe) -> bool {
        let (job, is_shared) = (recipe.job, recipe.processes > 1);
        match self {
            Self::CommitAhead | Self::CommitBehind => !job.is_exactly_once,
            Self::TransactionAhead
            | Self::TransactionBehind
            | Self::AbortCommits
            | Self::CommitAborts
            | Self::UncommittedShown
            | Self::EndedUnanswered
            | Self::TransactionLeft => job.is_exactly_once,
            Self::PositionUnstable => job.is_exactly_once && is_shared && recipe.marker_delay_ms > 0,
            Self::CommitRefusalUnheard => job.is_exactly_once || recipe.harm != Harm::Kills,
            Self::SequenceReused => recipe.message_bytes_max.is_some(),
            Self::RebalanceUnheard => is_shared && !job.is_consumer_protocol && !job.is_exactly_once,
            Self::RebalanceFatal => is_shared && !job.is_consumer_protocol && recipe.harm == Harm::Gentle,
            Self::AssignmentShared => is_shared && !job.is_consumer_protocol,
            Self::AssignmentWhole => is_shared && job.is_consumer_protocol,
            Self::SequenceMissing
            | Self::RefusalAcknowledged
            | Self::OutOfOrderAccepted
            | Self::LostAcknowledged
            | Self::UnreadAcknowledged => recipe.harm == Harm::All,
            Self::EpochNotBumped | Self::UnreadResent | Self::UnreadFailed => recipe.hurry.is_some(),
            Self::PositionForgotten | Self::RecordSkipped | Self::AppendedTwice => true,
        }
    }

    /// The request as one with this bug would write it; `None` where it would be the same.
    pub(super) fn request(
        self,
        seen: &mut TappedConnectionState,
        head: &RequestHeader,
        body: &Bytes,
    ) -> Option<Bytes> {
        let (api, version) = (ApiKey(head.request_api_key), head.request_api_version);
        match (self, api) {
            (Self::CommitAhead | Self::CommitBehind, ApiKey::OFFSET_COMMIT) => {
                let step = if self == Self::CommitAhead { 1 } else { -1 };
                changed(body, version, |request: &mut OffsetCommitRequest| {
                    let partitions = request.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
                    partitions.for_each(|it| it.committed_offset = (it.committed_offset + step).max(0));
                })
            }
            (Self::TransactionAhead | Self::TransactionBehind, ApiKey::TXN_OFFSET_COMMIT) => {
                let step = if self == Self::TransactionAhead { 1 } else { -1 };
                changed(body, version, |request: &mut TxnOffsetCommitRequest| {
                    let partitions = request.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
                    partitions.for_each(|it| it.committed_offset = (it.committed_offset + step).max(0));
                })
            }
            (Self::RecordSkipped, ApiKey::FETCH) if !seen.has_skipped => {
                changed(body, version, |request: &mut FetchRequest| {
                    let mut partitions = request.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
                    if let Some(partition) = partitions.find(|it| it.fetch_offset > 0) {
                        partition.fetch_offset += 1;
                        seen.has_skipped = true;
                    }
                })
            }
            (Self::SequenceMissing | Self::TransactionLeft, ApiKey::PRODUCE) => {
                let is_left = self == Self::TransactionLeft;
                changed(body, version, |request: &mut ProduceRequest| {
                    if request.transactional_id.is_some() == is_left {
                        without_sequences(request);
                    }
                })
            }
            (Self::AbortCommits | Self::CommitAborts, ApiKey::END_TXN) => {
                changed(body, version, |request: &mut EndTxnRequest| {
                    request.committed = self == Self::AbortCommits;
                })
            }
            (Self::PositionUnstable, ApiKey::OFFSET_FETCH) => {
                changed(body, version, |request: &mut OffsetFetchRequest| request.require_stable = false)
            }
            (Self::UncommittedShown, ApiKey::FETCH) => {
                changed(body, version, |request: &mut FetchRequest| request.isolation_level = 0)
            }
            _ => None,
        }
    }

    /// What a broker with this bug does before the request: a request more, whose answer nobody gets.
    pub(super) fn request_before(self, head: &RequestHeader, body: &Bytes) -> Option<Bytes> {
        let of = (self, ApiKey(head.request_api_key));
        let is = of == (Self::AppendedTwice, ApiKey::PRODUCE);
        is.then(|| changed(body, head.request_api_version, without_sequences)).flatten()
    }

    /// The answer as one with this bug would write it, or read it; `None` where it would be the same.
    pub(super) fn answer(
        self,
        shared: &mut Option<Bytes>,
        api: ApiKey,
        version: i16,
        body: &Bytes,
    ) -> Option<Bytes> {
        match (self, api) {
            (Self::PositionForgotten, ApiKey::OFFSET_FETCH) => {
                changed(body, version, |answer: &mut OffsetFetchResponse| {
                    let topics = answer.groups.iter_mut().flat_map(|group| &mut group.topics);
                    topics.flat_map(|topic| &mut topic.partitions).for_each(|it| {
                        it.committed_offset = -1;
                        it.metadata = None;
                    });
                })
            }
            (Self::RebalanceUnheard, ApiKey::HEARTBEAT) => {
                changed(body, version, |answer: &mut HeartbeatResponse| answer.error_code = ErrorCode::NONE)
            }
            (Self::RebalanceFatal, ApiKey::HEARTBEAT) => {
                changed(body, version, |answer: &mut HeartbeatResponse| {
                    if answer.error_code == ErrorCode::REBALANCE_IN_PROGRESS {
                        answer.error_code = ErrorCode::GROUP_AUTHORIZATION_FAILED;
                    }
                })
            }
            (Self::CommitRefusalUnheard, ApiKey::TXN_OFFSET_COMMIT) => {
                changed(body, version, |answer: &mut TxnOffsetCommitResponse| {
                    let partitions = answer.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
                    partitions.for_each(|it| it.error_code = ErrorCode::NONE);
                })
            }
            (Self::RebalanceUnheard | Self::CommitRefusalUnheard, ApiKey::OFFSET_COMMIT) => {
                changed(body, version, |answer: &mut OffsetCommitResponse| {
                    let partitions = answer.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
                    partitions.for_each(|it| it.error_code = ErrorCode::NONE);
                })
            }
            (Self::AssignmentShared, ApiKey::SYNC_GROUP) => {
                changed(body, version, |answer: &mut SyncGroupResponse| {
                    if answer.error_code == ErrorCode::NONE {
                        answer.assignment = shared.get_or_insert_with(|| answer.assignment.clone()).clone();
                    }
                })
            }
            (Self::AssignmentWhole, ApiKey::CONSUMER_GROUP_HEARTBEAT) => {
                changed(body, version, |answer: &mut ConsumerGroupHeartbeatResponse| {
                    let topics = answer.assignment.iter_mut().flat_map(|it| &mut it.topic_partitions);
                    topics.for_each(|topic| {
                        let last = topic.partitions.iter().copied().max().unwrap_or_default();
                        topic.partitions = (0..=last).collect();
                    });
                })
            }
            _ => None,
        }
    }
}

/// What bugs remember of a connection.
#[derive(Default)]
pub(super) struct TappedConnectionState {
    has_skipped: bool,
}

fn changed<M: Message>(body: &Bytes, version: i16, change: impl FnOnce(&mut M)) -> Option<Bytes> {
    let mut message = M::decode(body, version).ok()?;
    change(&mut message);
    Some(message.encode(version).ok()?.into_bytes())
}

/// Where a batch says whether it is part of a transaction, and by which bit.
const ATTRIBUTES_AT: usize = 22;
const TRANSACTIONAL_BIT: u8 = 0x10;

fn without_sequences(request: &mut ProduceRequest) {
    request.transactional_id = None;
    for partition in request.topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data) {
        if let Some(records) = &mut partition.records {
            let mut batch = BytesMut::from(&records[..]);
            batch[ATTRIBUTES_AT] &= !TRANSACTIONAL_BIT;
            restamp(&mut batch, Stamp::NONE);
            *records = batch.freeze();
        }
    }
}
