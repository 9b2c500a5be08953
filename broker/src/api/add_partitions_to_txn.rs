//! AddPartitionsToTxn: partitions join a transaction before they are written to.
//!
//! Behavior
//! - The first partition begins the transaction, and its timeout.
//! - When one topic or partition does not exist, none is added: the others are `OPERATION_NOT_ATTEMPTED`.
//! - From version 4 on it is a broker's request in Kafka; here every client is answered.
//! - `CONCURRENT_TRANSACTIONS` comes only while markers are being written, see `marker_delay`.
//!
//! Versions: 2 `PRODUCER_FENCED`, before it `INVALID_PRODUCER_EPOCH`; 3 flexible; 4 several transactions, and
//! asking without adding; 5 those of KIP-890.

use upsert_kafka_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopic,
    AddPartitionsToTxnTopicResult, AddPartitionsToTxnTransaction,
};
use upsert_kafka_protocol::messages::{AddPartitionsToTxnRequest, AddPartitionsToTxnResponse};
use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::authorization::BROKERS_SINCE;
use super::init_producer_id::fenced;
use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::State;
use crate::state::names::owned;
use crate::state::transaction::Participant;

impl Serve for AddPartitionsToTxnRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<AddPartitionsToTxnResponse> {
        answer(self, context, |transaction| add(transaction, state, context))
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<AddPartitionsToTxnResponse> {
        answer(self, context, |transaction| all(&transaction.topics, |_, _| code))
    }
}

/// Any version's question in the form of the newest, and the answer back in that of the version.
fn answer(
    request: &AddPartitionsToTxnRequest,
    context: &RequestContext,
    mut each: impl FnMut(&AddPartitionsToTxnTransaction) -> Vec<AddPartitionsToTxnTopicResult>,
) -> Outcome<AddPartitionsToTxnResponse> {
    let mut response = AddPartitionsToTxnResponse::default();
    if context.version >= 4 {
        let result = |transaction: &AddPartitionsToTxnTransaction| AddPartitionsToTxnResult {
            transactional_id: transaction.transactional_id.clone(),
            topic_results: each(transaction),
            ..Default::default()
        };
        response.results_by_transaction = request.transactions.iter().map(result).collect();
    } else {
        response.results_by_topic_v3_and_below = each(&AddPartitionsToTxnTransaction {
            transactional_id: request.v3_and_below_transactional_id.clone(),
            producer_id: request.v3_and_below_producer_id,
            producer_epoch: request.v3_and_below_producer_epoch,
            topics: request.v3_and_below_topics.clone(),
            ..Default::default()
        });
    }
    Outcome::Answer(response)
}

fn add(
    transaction: &AddPartitionsToTxnTransaction,
    state: &mut State,
    context: &RequestContext,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let AddPartitionsToTxnTransaction { transactional_id: id, topics, .. } = transaction;
    if !state.nodes.coordinates(context.node, id) {
        return all(topics, |_, _| ErrorCode::NOT_COORDINATOR);
    }
    let denied = |topic: &str| {
        context.version < BROKERS_SINCE && !state.may_topic(context, AclOperation::Write, topic)
    };
    if topics.iter().any(|topic| denied(&topic.name)) {
        return all(topics, |topic, _| match denied(topic) {
            true => ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            false => ErrorCode::OPERATION_NOT_ATTEMPTED,
        });
    }
    let exists = |topic: &str, index| {
        state.topics.find(topic, Uuid::ZERO).and_then(|topic| topic.partition(index)).is_ok()
    };
    if !topics.iter().all(|topic| topic.partitions.iter().all(|index| exists(&topic.name, *index))) {
        return all(topics, |topic, index| match exists(topic, index) {
            true => ErrorCode::OPERATION_NOT_ATTEMPTED,
            false => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        });
    }
    let producer = (transaction.producer_id, transaction.producer_epoch);
    let place = |topic: &str, index| Participant::Partition(owned(topic), index);
    if transaction.verify_only {
        return all(topics, |topic, index| {
            let verified = state.verify_in_transaction(id, producer, &place(topic, index));
            fenced(verified.err().unwrap_or(ErrorCode::NONE), context.version >= 2)
        });
    }
    let partitions =
        topics.iter().flat_map(|topic| topic.partitions.iter().map(|it| place(&topic.name, *it)));
    let added = state.add_to_transaction(id, producer, partitions, context.now);
    all(topics, |_, _| fenced(added.err().unwrap_or(ErrorCode::NONE), context.version >= 2))
}

fn all(
    topics: &[AddPartitionsToTxnTopic],
    mut code: impl FnMut(&str, i32) -> ErrorCode,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let mut result = |topic: &AddPartitionsToTxnTopic| {
        let partition = |index: &i32| AddPartitionsToTxnPartitionResult {
            partition_index: *index,
            partition_error_code: code(&topic.name, *index),
            ..Default::default()
        };
        AddPartitionsToTxnTopicResult {
            name: topic.name.clone(),
            results_by_partition: topic.partitions.iter().map(partition).collect(),
            ..Default::default()
        }
    };
    topics.iter().map(&mut result).collect()
}
