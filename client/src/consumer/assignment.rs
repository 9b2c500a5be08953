//! What a caller assigns: partitions, and the positions at which they begin.

use std::fmt;
use std::sync::Arc;

use upsert_kafka_protocol::Uuid;

use crate::Error;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition's index.
    pub partition: i32,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// At this offset.
    Offset(i64),
    /// At the first record kept.
    Earliest,
    /// At the end.
    Latest,
    /// At the first record not older than this, in milliseconds since 1970; at the end if there is none.
    Timestamp(i64),
}

/// A partition to read, and where to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assignment {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition's index.
    pub partition: i32,
    /// Where to begin.
    pub position: Position,
    /// The topic that the position belongs to: when the name has another id now, the consumer reads that topic
    /// from its beginning and says so. `None` takes whatever topic has the name.
    pub topic_id: Option<Uuid>,
    /// The leader epoch of the record before an offset, as [`Committed`](crate::Committed) tells it. With it the consumer
    /// finds out before it reads whether the log still holds that record (KIP-320).
    pub leader_epoch: Option<i32>,
}

impl Assignment {
    /// A partition of whatever topic has the name now.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32, position: Position) -> Self {
        Self { topic: topic.into(), partition, position, topic_id: None, leader_epoch: None }
    }

    /// A position in the topic of this id and in no other of the same name; a zero id names none.
    #[must_use]
    pub fn with_topic_id(self, topic_id: Uuid) -> Self {
        Self { topic_id: Some(topic_id).filter(|id| *id != Uuid::ZERO), ..self }
    }

    /// An offset behind a record of this leader epoch; -1 when not known.
    #[must_use]
    pub fn with_leader_epoch(self, leader_epoch: i32) -> Self {
        Self { leader_epoch: Some(leader_epoch).filter(|epoch| *epoch >= 0), ..self }
    }
}

impl TopicPartition {
    /// A partition by topic and index.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }

    pub(super) fn named(&self, error: Error) -> Error {
        error.with_topic(Arc::clone(&self.topic)).with_partition(self.partition)
    }
}

/// `orders-3`, as Kafka writes it.
impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}
