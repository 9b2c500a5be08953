//! ListTransactions: the transactions that the node coordinates.
//!
//! Behavior
//! - Filters by state, producer and duration. A pattern of version 2 is refused with
//!   `INVALID_REGULAR_EXPRESSION`: this broker has no RE2; an empty one is none.
//!
//! Versions: 1 duration; 2 pattern.

use std::collections::BTreeSet;

use upsert_kafka_protocol::messages::list_transactions::TransactionState as Listed;
use upsert_kafka_protocol::messages::{ListTransactionsRequest, ListTransactionsResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::{AclOperation, AclResource};
use crate::state::State;
use crate::state::transaction::{Transaction, TransactionState};

/// Every state there is, also those that this broker passes through in no time.
const STATES: [&str; 8] = [
    "Empty",
    "Ongoing",
    "PrepareCommit",
    "PrepareAbort",
    "CompleteCommit",
    "CompleteAbort",
    "Dead",
    "PrepareEpochFence",
];

impl Serve for ListTransactionsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ListTransactionsResponse> {
        if self.transactional_id_pattern.as_deref().is_some_and(|pattern| !pattern.is_empty()) {
            return self.refuse(context, ErrorCode::INVALID_REGULAR_EXPRESSION);
        }
        let filters = Filters {
            states: self.state_filters.iter().map(|state| &**state).collect(),
            producers: self.producer_id_filters.iter().copied().collect(),
            duration: self.duration_filter,
        };
        let asked = |(id, transaction): &(&Str, &Transaction)| {
            state.may(context, AclOperation::Describe, AclResource::TransactionalId, id)
                && state.nodes.coordinates(context.node, id)
                && filters.take(transaction, context)
        };
        let listed = |(id, transaction): (&Str, &Transaction)| Listed {
            transactional_id: id.clone(),
            producer_id: transaction.producer_id,
            transaction_state: Str::from_static(transaction.state.name()),
            ..Default::default()
        };
        let unknown = self.state_filters.iter().filter(|state| !STATES.contains(&&***state));
        Outcome::Answer(ListTransactionsResponse {
            unknown_state_filters: unknown.cloned().collect(),
            transaction_states: state.transactions.iter().filter(asked).map(listed).collect(),
            ..Default::default()
        })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<ListTransactionsResponse> {
        Outcome::Answer(ListTransactionsResponse { error_code, ..Default::default() })
    }
}

/// Which transactions are asked for; nothing asks for all.
struct Filters<'a> {
    states: BTreeSet<&'a str>,
    producers: BTreeSet<i64>,
    /// Negative for any.
    duration: i64,
}

impl Filters<'_> {
    fn take(&self, transaction: &Transaction, context: &RequestContext) -> bool {
        let state = self.states.is_empty() || self.states.contains(transaction.state.name());
        let producer = self.producers.is_empty() || self.producers.contains(&transaction.producer_id);
        let open = transaction.started.filter(|_| transaction.state == TransactionState::Ongoing);
        let lasts = open.map(|started| context.now.unix_ms - started.unix_ms);
        state && producer && (self.duration < 0 || lasts.is_some_and(|it| it > self.duration))
    }
}
