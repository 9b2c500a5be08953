//! What a broker's answer to a batch means for an idempotent producer.

use upsert_kafka_protocol::ErrorCode;

use crate::{Error, ErrorKind};

/// What came back for one batch.
#[derive(Clone, Debug)]
pub(crate) enum BatchAnswer {
    /// It lies in the log.
    Written { base_offset: i64, log_append_time_ms: Option<i64> },
    /// The broker said no, or something went wrong after it was written.
    Refused { error: Error, records: Vec<(u32, Error)> },
    /// There was no answer; the error knows whether the batch may have been written.
    Lost(Error),
}

/// What to do with the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is written.
    Done,
    /// Send the same bytes again.
    Again,
    /// The broker's count and ours differ: if nothing before it is in doubt, it is re-sequenced.
    OutOfOrder,
    /// Send it in halves.
    Split,
    /// It will never be written.
    Failed,
    /// Another producer took this one's place.
    Fenced,
    /// No batch of this producer will ever be written.
    Fatal,
}

impl BatchAnswer {
    /// Judges it for a producer with or without idempotence.
    pub(crate) fn verdict(&self, idempotent: bool) -> Verdict {
        let error = match self {
            Self::Written { .. } => return Verdict::Done,
            Self::Refused { error, .. } | Self::Lost(error) => error,
        };
        match error.code() {
            // Without a code there was no answer: a broken connection, or one that never was.
            None if error.kind() == ErrorKind::Unsupported => Verdict::Fatal,
            None if error.is_retriable() => Verdict::Again,
            None => Verdict::Failed,
            Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID) if idempotent => {
                Verdict::OutOfOrder
            }
            Some(ErrorCode::PRODUCER_FENCED) => Verdict::Fenced,
            Some(
                ErrorCode::CLUSTER_AUTHORIZATION_FAILED | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            ) if idempotent => Verdict::Fatal,
            Some(ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE) => Verdict::Split,
            Some(code) if code.is_retriable() => Verdict::Again,
            Some(_) => Verdict::Failed,
        }
    }

    /// Whether the batch may come to the broker still.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(error) if error.may_have_been_written())
    }

    /// Whether after this the batch may lie in the log though nobody said so. A leader that loses its partition
    /// while it waits for the followers of a batch that it has appended answers as if it had never led: the
    /// followers may have the batch, and one of them leads now.
    pub(crate) fn leaves_doubt(&self) -> bool {
        match self {
            Self::Written { .. } => false,
            Self::Lost(error) => error.may_have_been_written(),
            Self::Refused { error, .. } => matches!(
                error.code(),
                Some(
                    ErrorCode::REQUEST_TIMED_OUT
                        | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
                        | ErrorCode::NOT_LEADER_OR_FOLLOWER
                        | ErrorCode::KAFKA_STORAGE_ERROR
                        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                        | ErrorCode::UNKNOWN_SERVER_ERROR
                )
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: ErrorCode) -> BatchAnswer {
        BatchAnswer::Refused { error: Error::from_code(code, "Produce"), records: vec![] }
    }

    #[test]
    fn each_error_has_its_verdict() {
        for (code, verdict) in [
            (ErrorCode::NOT_LEADER_OR_FOLLOWER, Verdict::Again),
            (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Verdict::Again),
            (ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, Verdict::Again),
            (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, Verdict::OutOfOrder),
            (ErrorCode::UNKNOWN_PRODUCER_ID, Verdict::OutOfOrder),
            (ErrorCode::MESSAGE_TOO_LARGE, Verdict::Split),
            (ErrorCode::INVALID_RECORD, Verdict::Failed),
            (ErrorCode::TOPIC_AUTHORIZATION_FAILED, Verdict::Failed),
            (ErrorCode::PRODUCER_FENCED, Verdict::Fenced),
            (ErrorCode::CLUSTER_AUTHORIZATION_FAILED, Verdict::Fatal),
        ] {
            assert_eq!(refused(code).verdict(true), verdict, "{code}");
        }
        assert_eq!(refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER).verdict(false), Verdict::Failed);
    }

    #[test]
    fn a_lost_answer_is_retried_and_leaves_doubt_when_the_request_had_left() {
        let lost = |written| {
            BatchAnswer::Lost(
                Error::new(ErrorKind::Disconnected, "the connection broke").with_written(written),
            )
        };
        assert_eq!(lost(true).verdict(true), Verdict::Again);
        assert!(lost(true).leaves_doubt() && !lost(false).leaves_doubt());
        assert!(refused(ErrorCode::REQUEST_TIMED_OUT).leaves_doubt());
        assert!(refused(ErrorCode::NOT_LEADER_OR_FOLLOWER).leaves_doubt());
        assert!(
            !refused(ErrorCode::NOT_ENOUGH_REPLICAS).leaves_doubt(),
            "it is said before anything is appended"
        );
        assert!(!refused(ErrorCode::INVALID_RECORD).leaves_doubt());
    }
}
