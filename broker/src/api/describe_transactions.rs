//! DescribeTransactions: the state of transactions, by transactional id.
//!
//! Behavior
//! - Partitions are listed until the markers are written. Groups in the transaction are not, where Kafka lists the
//!   partition of `__consumer_offsets`.
//!
//! Versions: 0 only.

use std::collections::BTreeMap;

use upsert_kafka_protocol::messages::describe_transactions::{TopicData, TransactionState};
use upsert_kafka_protocol::messages::{DescribeTransactionsRequest, DescribeTransactionsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve, once};
use crate::config::{AclOperation, AclResource};
use crate::state::State;
use crate::state::transaction::{Participant, Transaction};

impl Serve for DescribeTransactionsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DescribeTransactionsResponse> {
        answer(self, |id| match state.transactions.of(id) {
            _ if !state.may(context, AclOperation::Describe, AclResource::TransactionalId, id) => {
                refused(id, ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
            }
            _ if !state.nodes.coordinates(context.node, id) => refused(id, ErrorCode::NOT_COORDINATOR),
            _ if id.is_empty() => refused(id, ErrorCode::INVALID_REQUEST),
            None => refused(id, ErrorCode::TRANSACTIONAL_ID_NOT_FOUND),
            Some(transaction) => {
                let mut described = described(id, transaction);
                let allowed =
                    |topic: &TopicData| state.may_topic(context, AclOperation::Describe, &topic.topic);
                described.topics.retain(allowed);
                described
            }
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<DescribeTransactionsResponse> {
        answer(self, |id| refused(id, code))
    }
}

fn answer(
    request: &DescribeTransactionsRequest,
    each: impl FnMut(&Str) -> TransactionState,
) -> Outcome<DescribeTransactionsResponse> {
    let transaction_states = once(&request.transactional_ids, |id| id).map(each).collect();
    Outcome::Answer(DescribeTransactionsResponse { transaction_states, ..Default::default() })
}

fn described(id: &Str, transaction: &Transaction) -> TransactionState {
    let mut topics: BTreeMap<&Str, Vec<i32>> = BTreeMap::new();
    for participant in &transaction.participants {
        if let Participant::Partition(topic, index) = participant {
            topics.entry(topic).or_default().push(*index);
        }
    }
    let topic =
        |(topic, partitions): (&Str, _)| TopicData { topic: topic.clone(), partitions, ..Default::default() };
    TransactionState {
        transactional_id: id.clone(),
        transaction_state: Str::from_static(transaction.state.name()),
        transaction_timeout_ms: transaction.timeout_ms,
        transaction_start_time_ms: transaction.started.map_or(-1, |now| now.unix_ms),
        producer_id: transaction.producer_id,
        producer_epoch: transaction.epoch,
        topics: topics.into_iter().map(topic).collect(),
        ..Default::default()
    }
}

fn refused(id: &Str, error_code: ErrorCode) -> TransactionState {
    TransactionState { error_code, transactional_id: id.clone(), ..Default::default() }
}
