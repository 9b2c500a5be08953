//! The next request to a coordinator: the producer id, then whatever joins the transaction, then its end.

use std::sync::Arc;

use upsert_kafka_protocol::Str;
use upsert_kafka_protocol::messages::add_partitions_to_txn::AddPartitionsToTxnTopic;
use upsert_kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest,
};

use super::Transactions;
use super::ongoing::Registration;
use super::state::{ProducerIdentity, TransactionState};
use crate::cluster::Coordinator;
use crate::producer::coordinator_request::{CoordinatorRequest, RequestBody};
use crate::producer::producer_id::ProducerId;

impl Transactions {
    pub(super) fn next_request(&mut self, quiet: bool) -> Option<CoordinatorRequest> {
        let Some(identity) = self.identity.current() else {
            let wanted = self.begin.is_some() || matches!(self.identity, ProducerIdentity::Stale(_));
            return (wanted && !self.is_fatal()).then(|| self.init_producer_id());
        };
        match &self.state {
            TransactionState::Ready
            | TransactionState::AbortableError { .. }
            | TransactionState::FatalError(_) => None,
            TransactionState::InTransaction(_) => {
                self.add_partitions(identity).or_else(|| self.send_offsets(identity))
            }
            // Offsets whose caller has gone away belong to the transaction all the same.
            TransactionState::Committing { transaction, .. } if transaction.next_offsets().is_some() => {
                self.send_offsets(identity)
            }
            TransactionState::Committing { .. } | TransactionState::Aborting { .. } if !quiet => None,
            TransactionState::Committing { .. } => self.end(identity, true),
            TransactionState::Aborting { .. } => self.end(identity, false),
        }
    }

    fn init_producer_id(&self) -> CoordinatorRequest {
        let known = self.identity.last().unwrap_or(ProducerId { id: -1, epoch: -1 });
        self.to_coordinator(RequestBody::InitProducerId(InitProducerIdRequest {
            transactional_id: Some(self.name()),
            transaction_timeout_ms: self.timeout_ms,
            producer_id: known.id,
            producer_epoch: known.epoch,
            ..Default::default()
        }))
    }

    /// All partitions that wait to be added, in one request.
    fn add_partitions(&mut self, identity: ProducerId) -> Option<CoordinatorRequest> {
        let transaction = self.state.transaction_mut()?;
        let topics = transaction.request_partitions();
        if topics.is_empty() {
            return None;
        }
        transaction.register(Registration::Requested);
        let topics = topics.into_iter().map(|(name, partitions)| AddPartitionsToTxnTopic {
            name: Str::from(&*name),
            partitions,
            ..Default::default()
        });
        Some(self.to_coordinator(RequestBody::AddPartitionsToTxn(AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.name(),
            v3_and_below_producer_id: identity.id,
            v3_and_below_producer_epoch: identity.epoch,
            v3_and_below_topics: topics.collect(),
            ..Default::default()
        })))
    }

    /// The group joins, if it must be added first; then its coordinator gets the offsets.
    fn send_offsets(&mut self, identity: ProducerId) -> Option<CoordinatorRequest> {
        let transaction = self.state.transaction_mut().filter(|it| it.next_offsets().is_some())?;
        transaction.register(Registration::Requested);
        let (protocol, group) = (transaction.protocol(), &transaction.next_offsets()?.group.group_id);
        let (group, must_be_added) = (Arc::clone(group), transaction.must_add_group(group));
        if must_be_added {
            return Some(self.to_coordinator(RequestBody::AddOffsetsToTxn(AddOffsetsToTxnRequest {
                transactional_id: self.name(),
                producer_id: identity.id,
                producer_epoch: identity.epoch,
                group_id: Str::from(&*group),
                ..Default::default()
            })));
        }
        let offsets = self.state.transaction()?.next_offsets()?;
        let body = RequestBody::TxnOffsetCommit(offsets.request(&self.id, identity));
        let to = Some(Coordinator::Group(group));
        Some(CoordinatorRequest { to, rediscover: false, protocol: Some(protocol), body })
    }

    /// What no coordinator knows of is ended without a request.
    fn end(&mut self, identity: ProducerId, committed: bool) -> Option<CoordinatorRequest> {
        let registration = self.state.transaction().map(|transaction| transaction.registration);
        if matches!(registration, None | Some(Registration::Nothing | Registration::Lost)) {
            self.complete(None);
            return self.next_request(true);
        }
        Some(self.to_coordinator(RequestBody::EndTxn(EndTxnRequest {
            transactional_id: self.name(),
            producer_id: identity.id,
            producer_epoch: identity.epoch,
            committed,
            ..Default::default()
        })))
    }

    fn to_coordinator(&self, body: RequestBody) -> CoordinatorRequest {
        let protocol = self.state.transaction().map_or(Some(self.offered), |it| it.requested_protocol());
        let to = Some(Coordinator::Transactions(Arc::clone(&self.id)));
        CoordinatorRequest { to, rediscover: false, protocol, body }
    }

    fn name(&self) -> Str {
        Str::from(&*self.id)
    }
}
