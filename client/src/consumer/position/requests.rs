//! What positions ask of brokers: plain values, which a shell sends.

use std::collections::BTreeMap;

use upsert_kafka_protocol::Uuid;

use crate::Error;
use crate::consumer::assignment::{Position, TopicPartition};

/// All requests that may be sent now. Whoever takes them sends them: they count as under way.
#[derive(Debug, Default)]
pub(in crate::consumer) struct DueRequests {
    /// At most one a broker.
    pub(in crate::consumer) fetches: Vec<FetchPlan>,
    /// By broker.
    pub(in crate::consumer) lookups: BTreeMap<i32, Vec<OffsetLookup>>,
    /// Partitions that no broker can be asked for, and why. They are to be handled as failed requests.
    pub(in crate::consumer) failures: Vec<(TopicPartition, Error)>,
    /// A follower that is to be read from is not among the brokers: the cluster should be asked for news.
    pub(in crate::consumer) misses_follower: bool,
}

/// The next request of one partition.
#[derive(Debug)]
pub(super) enum PartitionRequest {
    Fetch(FetchTarget),
    Lookup(OffsetLookup),
}

/// One Fetch request to one broker.
#[derive(Debug)]
pub(in crate::consumer) struct FetchPlan {
    pub(in crate::consumer) node: i32,
    pub(in crate::consumer) bytes_max: u32,
    /// How many bytes of the answer may be decompressed before a poll takes it.
    pub(in crate::consumer) prepared_bytes_max: usize,
    /// In the order in which the broker is to serve them.
    pub(in crate::consumer) partitions: Vec<FetchTarget>,
}

/// What a Fetch request asks of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::consumer) struct FetchTarget {
    pub(in crate::consumer) topic_partition: TopicPartition,
    /// Zero where brokers know no topic ids.
    pub(in crate::consumer) topic_id: Uuid,
    /// The partition's generation when it asked. The answer counts only while it is the same.
    pub(in crate::consumer) generation: u64,
    pub(in crate::consumer) offset: i64,
    pub(in crate::consumer) leader_epoch: i32,
    pub(in crate::consumer) bytes_max: u32,
}

/// An offset of one partition to look up.
#[derive(Clone, Debug)]
pub(in crate::consumer) struct OffsetLookup {
    pub(in crate::consumer) topic_partition: TopicPartition,
    /// As in [`FetchTarget`].
    pub(in crate::consumer) generation: u64,
    pub(in crate::consumer) kind: LookupKind,
}

/// Which offsets are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::consumer) enum LookupKind {
    /// The offset that a position stands for.
    Position(Position),
    /// The first and the last offset of the log, for an error that names both.
    Range,
    /// Where the epoch of the record before the position ended, asked under the leader's epoch (KIP-320).
    EpochEnd { offset_epoch: i32, leader_epoch: i32 },
}
