//! A reset: what a consumer tells when it gave up a position, since the topic is another one or the offset is
//! gone.

use std::fmt;

use upsert_kafka_protocol::Uuid;

use super::assignment::TopicPartition;
use crate::OffsetReset;

/// A position that the consumer gave up for another one. A poll tells of it with the first records at the new
/// position, or before them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PositionReset {
    /// The partition.
    pub topic_partition: TopicPartition,
    /// The id of the topic that is read from now on; zero where brokers know no ids.
    pub topic_id: Uuid,
    /// The offset that would have been read next; `None` if none had been looked up.
    pub old_position: Option<i64>,
    /// The offset that is read next.
    pub new_position: i64,
    /// Why.
    pub cause: ResetCause,
}

/// Why a position was reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResetCause {
    /// The topic was deleted and created again under its name. The new one is read from its beginning.
    TopicRecreated {
        /// The id of the topic that is gone.
        old_topic_id: Uuid,
    },
    /// The log does not have the offset, for retention removed it or the log is shorter.
    OffsetOutOfRange {
        /// What `auto.offset.reset` said.
        reset: OffsetReset,
    },
    /// The log lost records that were read already: another replica leads that never had them (KIP-320).
    LogTruncated {
        /// The first offset at which the log differs from what was read, where reading goes on; `None` if the leader
        /// did not know it, and `auto.offset.reset` said where.
        divergent_offset: Option<i64>,
    },
}

/// A sentence for whoever reads the log of a job.
impl fmt::Display for PositionReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TopicPartition { topic, partition } = &self.topic_partition;
        write!(f, "topic {topic}, partition {partition}: ")?;
        match self.cause {
            ResetCause::TopicRecreated { old_topic_id } => write!(
                f,
                "the topic was deleted and created again (id {}, before {old_topic_id}), so it is read from its \
                 beginning, offset {}",
                self.topic_id, self.new_position
            )?,
            ResetCause::OffsetOutOfRange { reset } => write!(
                f,
                "the offset is out of range, so reading goes on at offset {} (auto.offset.reset is {})",
                self.new_position, reset
            )?,
            ResetCause::LogTruncated { divergent_offset: Some(_) } => write!(
                f,
                "the log was truncated under another leader, so reading goes on where it diverges, at offset {}",
                self.new_position
            )?,
            ResetCause::LogTruncated { divergent_offset: None } => write!(
                f,
                "the log was truncated under another leader, so reading goes on by auto.offset.reset, at offset {}",
                self.new_position
            )?,
        }
        match self.old_position {
            Some(old) => write!(f, "; offset {old} would have been next"),
            None => Ok(()),
        }
    }
}
