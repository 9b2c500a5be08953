//! What a producer asks of coordinators beside Produce, and what they answer.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    EndTxnRequest, EndTxnResponse, InitProducerIdRequest, InitProducerIdResponse, TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
};

use crate::cluster::Coordinator;

/// A question, and how it is to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Whom to ask; `None` is any broker.
    pub(crate) to: Option<Coordinator>,
    /// The coordinator known may be the wrong one: look for it anew.
    pub(crate) anew: bool,
    /// How the transaction is spoken of; `None` leaves that to what the broker offers.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) question: Question,
}

/// How a transaction is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Partitions and groups are announced before they are written to.
    Classic,
    /// Writing announces them, and each end of a transaction renews the epoch (KIP-890).
    V2,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// For a producer id, or for the next epoch of the one that is named.
    Identify(InitProducerIdRequest),
    AddPartitions(AddPartitionsToTxnRequest),
    AddOffsets(AddOffsetsToTxnRequest),
    CommitOffsets(TxnOffsetCommitRequest),
    End(EndTxnRequest),
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Identify(InitProducerIdResponse),
    AddPartitions(AddPartitionsToTxnResponse),
    AddOffsets(AddOffsetsToTxnResponse),
    CommitOffsets(TxnOffsetCommitResponse),
    End(EndTxnResponse),
}

/// An answer, and what the broker that gave it offers.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) reply: Reply,
    pub(crate) offered: Protocol,
}

impl Protocol {
    /// From the level of the feature `transaction.version`; 0 when the broker does not tell.
    pub(crate) fn of_level(transaction_version: i16) -> Self {
        if transaction_version >= 2 { Self::V2 } else { Self::Classic }
    }

    /// The greatest version of Produce that is spoken in a transaction.
    pub(crate) fn produce_version_max(self) -> i16 {
        match self {
            Self::Classic => 11,
            Self::V2 => i16::MAX,
        }
    }
}

impl Question {
    /// The greatest version to ask in: it is by the version that a coordinator knows the protocol.
    pub(crate) fn version_max(&self, protocol: Protocol) -> i16 {
        match (self, protocol) {
            (Self::Identify(_) | Self::AddOffsets(_), _) => i16::MAX,
            // Version 4 and later is how brokers ask each other.
            (Self::AddPartitions(_), _) => 3,
            (Self::CommitOffsets(_) | Self::End(_), Protocol::Classic) => 4,
            // Version 6 names topics by ids.
            (Self::CommitOffsets(_), Protocol::V2) => 5,
            (Self::End(_), Protocol::V2) => i16::MAX,
        }
    }

    /// Kafka's name for the request.
    pub(crate) fn api(&self) -> &'static str {
        match self {
            Self::Identify(_) => "InitProducerId",
            Self::AddPartitions(_) => "AddPartitionsToTxn",
            Self::AddOffsets(_) => "AddOffsetsToTxn",
            Self::CommitOffsets(_) => "TxnOffsetCommit",
            Self::End(_) => "EndTxn",
        }
    }
}

impl Reply {
    /// The error that decides: the first of several that is none of the harmless ones.
    pub(crate) fn error_code(&self) -> ErrorCode {
        let first = |codes: &mut dyn Iterator<Item = ErrorCode>| {
            let mut found = ErrorCode::NONE;
            for code in codes.filter(|code| !code.is_none()) {
                // Not attempted for another partition's sake, which says more.
                if found.is_none() || found == ErrorCode::OPERATION_NOT_ATTEMPTED {
                    found = code;
                }
            }
            found
        };
        match self {
            Self::Identify(told) => told.error_code,
            Self::AddOffsets(told) => told.error_code,
            Self::End(told) => told.error_code,
            Self::AddPartitions(told) => {
                let topics = told.results_by_topic_v3_and_below.iter();
                first(&mut topics.flat_map(|it| &it.results_by_partition).map(|it| it.partition_error_code))
            }
            Self::CommitOffsets(told) => {
                first(&mut told.topics.iter().flat_map(|it| &it.partitions).map(|it| it.error_code))
            }
        }
    }

    /// The topic and the partition that `error_code` is about.
    pub(crate) fn culprit(&self) -> Option<(&str, i32)> {
        let code = self.error_code();
        match self {
            Self::AddPartitions(told) => told.results_by_topic_v3_and_below.iter().find_map(|topic| {
                let mut partitions = topic.results_by_partition.iter();
                let one = partitions.find(|it| it.partition_error_code == code)?;
                Some((&*topic.name, one.partition_index))
            }),
            Self::CommitOffsets(told) => told.topics.iter().find_map(|topic| {
                let one = topic.partitions.iter().find(|it| it.error_code == code)?;
                Some((&*topic.name, one.partition_index))
            }),
            Self::Identify(_) | Self::AddOffsets(_) | Self::End(_) => None,
        }
    }
}
