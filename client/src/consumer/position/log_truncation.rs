//! A log that lost records which were read already (KIP-320).

use upsert_kafka_protocol::ErrorCode;

use crate::consumer::assignment::TopicPartition;
use crate::{Error, ErrorKind};

/// Where a leader epoch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::consumer) struct EpochEnd {
    /// The epoch asked for, or the one before it that the log has.
    pub(in crate::consumer) epoch: i32,
    /// The first offset that is not of this epoch.
    pub(in crate::consumer) offset: i64,
}

/// The record before a position is not in the leader's log.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogTruncation {
    /// The position.
    pub(super) offset: i64,
    /// The leader epoch of the record before it.
    pub(super) offset_epoch: i32,
    /// Where the log leaves what was read; `None` where the leader knows no epoch as old.
    pub(super) divergent: Option<EpochEnd>,
}

impl LogTruncation {
    /// What a caller is told who wants no reset.
    pub(super) fn error(&self, of: &TopicPartition) -> Error {
        let Self { offset, offset_epoch, divergent } = self;
        let diverges = match divergent {
            Some(EpochEnd { epoch, offset }) => {
                format!("it diverges from what was read at offset {offset}, where epoch {epoch} ends")
            }
            None => "its leader does not know where it diverges".to_owned(),
        };
        let sentence = format!(
            "the log was truncated: the record before offset {offset}, of leader epoch {offset_epoch}, is not in it any \
             more, and {diverges}; auto.offset.reset is none, so nothing else is read: seek to where to go on"
        );
        let error = Error::new(ErrorKind::LogTruncation, sentence);
        of.named(error.with_code(ErrorCode::OFFSET_OUT_OF_RANGE).with_api("OffsetForLeaderEpoch"))
    }
}
