//! Requests to coordinators and their responses: everything that a producer sends besides Produce.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    EndTxnRequest, EndTxnResponse, InitProducerIdRequest, InitProducerIdResponse, TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
};

use crate::cluster::Coordinator;

/// A request, and how it is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct CoordinatorRequest {
    /// The coordinator that answers it; `None` is any broker.
    pub(crate) to: Option<Coordinator>,
    /// The coordinator may have moved: FindCoordinator is sent first.
    pub(crate) rediscover: bool,
    /// The transaction's protocol; `None` takes the one that the broker offers.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) body: RequestBody,
}

/// The protocol of a transaction, which follows from the feature level `transaction.version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Partitions and groups are announced before they are written to.
    Classic,
    /// Writing announces them, and each end of a transaction renews the epoch (KIP-890).
    V2,
}

/// A request in the words of its API.
#[derive(Clone, Debug)]
pub(crate) enum RequestBody {
    /// Asks for a producer id, or for the next epoch of the one that it names.
    InitProducerId(InitProducerIdRequest),
    AddPartitionsToTxn(AddPartitionsToTxnRequest),
    AddOffsetsToTxn(AddOffsetsToTxnRequest),
    TxnOffsetCommit(TxnOffsetCommitRequest),
    EndTxn(EndTxnRequest),
}

/// A response in the words of its API.
#[derive(Clone, Debug)]
pub(crate) enum ResponseBody {
    InitProducerId(InitProducerIdResponse),
    AddPartitionsToTxn(AddPartitionsToTxnResponse),
    AddOffsetsToTxn(AddOffsetsToTxnResponse),
    TxnOffsetCommit(TxnOffsetCommitResponse),
    EndTxn(EndTxnResponse),
}

/// A response, and the protocol that the broker which sent it offers.
#[derive(Clone, Debug)]
pub(crate) struct CoordinatorResponse {
    pub(crate) body: ResponseBody,
    pub(crate) offered: Protocol,
}

impl Protocol {
    /// From the level of the feature `transaction.version`; 0 when the broker names none.
    pub(crate) fn of_level(transaction_version: i16) -> Self {
        if transaction_version >= 2 { Self::V2 } else { Self::Classic }
    }

    /// The highest version of Produce that belongs to this protocol.
    pub(crate) fn produce_version_max(self) -> i16 {
        match self {
            Self::Classic => 11,
            Self::V2 => i16::MAX,
        }
    }
}

impl RequestBody {
    /// The highest version to send: a coordinator tells the protocol by the request's version.
    pub(crate) fn version_max(&self, protocol: Protocol) -> i16 {
        match (self, protocol) {
            (Self::InitProducerId(_) | Self::AddOffsetsToTxn(_), _) => i16::MAX,
            // Version 4 and later are for requests between brokers.
            (Self::AddPartitionsToTxn(_), _) => 3,
            (Self::TxnOffsetCommit(_) | Self::EndTxn(_), Protocol::Classic) => 4,
            // Version 6 names topics by ids.
            (Self::TxnOffsetCommit(_), Protocol::V2) => 5,
            (Self::EndTxn(_), Protocol::V2) => i16::MAX,
        }
    }

    /// Kafka's name for the request.
    pub(crate) fn api(&self) -> &'static str {
        match self {
            Self::InitProducerId(_) => "InitProducerId",
            Self::AddPartitionsToTxn(_) => "AddPartitionsToTxn",
            Self::AddOffsetsToTxn(_) => "AddOffsetsToTxn",
            Self::TxnOffsetCommit(_) => "TxnOffsetCommit",
            Self::EndTxn(_) => "EndTxn",
        }
    }
}

impl ResponseBody {
    /// The error that decides: the first one that says more than that its partition was not attempted.
    pub(crate) fn error_code(&self) -> ErrorCode {
        let first = |codes: &mut dyn Iterator<Item = ErrorCode>| {
            let mut found = ErrorCode::NONE;
            for code in codes.filter(|code| !code.is_none()) {
                // It was not attempted because of another partition's error, which says more.
                if found.is_none() || found == ErrorCode::OPERATION_NOT_ATTEMPTED {
                    found = code;
                }
            }
            found
        };
        match self {
            Self::InitProducerId(response) => response.error_code,
            Self::AddOffsetsToTxn(response) => response.error_code,
            Self::EndTxn(response) => response.error_code,
            Self::AddPartitionsToTxn(response) => {
                let topics = response.results_by_topic_v3_and_below.iter();
                first(&mut topics.flat_map(|it| &it.results_by_partition).map(|it| it.partition_error_code))
            }
            Self::TxnOffsetCommit(response) => {
                first(&mut response.topics.iter().flat_map(|it| &it.partitions).map(|it| it.error_code))
            }
        }
    }

    /// The topic and the partition that `error_code` is about.
    pub(crate) fn failed_partition(&self) -> Option<(&str, i32)> {
        let code = self.error_code();
        match self {
            Self::AddPartitionsToTxn(response) => {
                response.results_by_topic_v3_and_below.iter().find_map(|topic| {
                    let mut partitions = topic.results_by_partition.iter();
                    let one = partitions.find(|it| it.partition_error_code == code)?;
                    Some((&*topic.name, one.partition_index))
                })
            }
            Self::TxnOffsetCommit(response) => response.topics.iter().find_map(|topic| {
                let one = topic.partitions.iter().find(|it| it.error_code == code)?;
                Some((&*topic.name, one.partition_index))
            }),
            Self::InitProducerId(_) | Self::AddOffsetsToTxn(_) | Self::EndTxn(_) => None,
        }
    }
}
