//! The next request to a coordinator.

use std::collections::BTreeMap;
use std::sync::Arc;

use upsert_kafka_protocol::Str;
use upsert_kafka_protocol::messages::add_partitions_to_txn::AddPartitionsToTxnTopic;
use upsert_kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest,
};

use super::{AddStage, State, Transactions};
use crate::cluster::Coordinator;
use crate::producer::coordinator_request::{CoordinatorRequest, Protocol, RequestBody};
use crate::producer::sequence::ProducerId;

impl Transactions {
    /// What comes next: who writes, then whatever joins, then the end.
    pub(super) fn next_request(&mut self, quiet: bool) -> Option<CoordinatorRequest> {
        let Some(identity) = self.identity else {
            let wanted = !self.is_fatal() && (self.begun.is_some() || self.stale_identity.is_some());
            return wanted.then(|| self.identify());
        };
        match self.state {
            State::Ready | State::AbortableError(_) | State::FatalError(_) => None,
            State::Open => self.join(identity).or_else(|| self.keep_offsets(identity)),
            // Offsets whose caller has gone away belong to the transaction all the same.
            State::Ending { commit: true } if !self.offsets.is_empty() => self.keep_offsets(identity),
            State::Ending { .. } if !quiet => None,
            State::Ending { commit } => self.end(identity, commit),
        }
    }

    fn identify(&self) -> CoordinatorRequest {
        let known = self.stale_identity.unwrap_or(ProducerId { id: -1, epoch: -1 });
        self.ask(RequestBody::InitProducerId(InitProducerIdRequest {
            transactional_id: Some(self.name()),
            transaction_timeout_ms: self.timeout_ms,
            producer_id: known.id,
            producer_epoch: known.epoch,
            ..Default::default()
        }))
    }

    /// All partitions that wait to be announced, in one request.
    fn join(&mut self, identity: ProducerId) -> Option<CoordinatorRequest> {
        let transactional_id = self.name();
        let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
        for joined in self.joined.values_mut().filter(|joined| joined.stage != AddStage::Added) {
            joined.stage = AddStage::Requested;
            topics.entry(&joined.partition.topic).or_default().push(joined.partition.index);
        }
        if topics.is_empty() {
            return None;
        }
        let topics = topics.into_iter().map(|(name, partitions)| AddPartitionsToTxnTopic {
            name: Str::from(name),
            partitions,
            ..Default::default()
        });
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: transactional_id,
            v3_and_below_producer_id: identity.id,
            v3_and_below_producer_epoch: identity.epoch,
            v3_and_below_topics: topics.collect(),
            ..Default::default()
        };
        self.registration_requested = true;
        Some(self.ask(RequestBody::AddPartitionsToTxn(request)))
    }

    fn keep_offsets(&mut self, identity: ProducerId) -> Option<CoordinatorRequest> {
        let (_, offsets) = self.offsets.front()?;
        let group = &offsets.group.group_id;
        self.registration_requested = true;
        if self.protocol == Protocol::Classic && !self.groups.contains(group) {
            return Some(self.ask(RequestBody::AddOffsetsToTxn(AddOffsetsToTxnRequest {
                transactional_id: self.name(),
                producer_id: identity.id,
                producer_epoch: identity.epoch,
                group_id: Str::from(&**group),
                ..Default::default()
            })));
        }
        let question = RequestBody::TxnOffsetCommit(offsets.request(&self.id, identity));
        let to = Some(Coordinator::Group(Arc::clone(group)));
        Some(CoordinatorRequest { to, rediscover: false, protocol: Some(self.protocol), body: question })
    }

    /// Nothing is to be ended of which no coordinator has heard.
    fn end(&mut self, identity: ProducerId, commit: bool) -> Option<CoordinatorRequest> {
        if !self.registration_requested || self.coordinator_lost_state {
            self.complete(None);
            return self.next_request(true);
        }
        Some(self.ask(RequestBody::EndTxn(EndTxnRequest {
            transactional_id: self.name(),
            producer_id: identity.id,
            producer_epoch: identity.epoch,
            committed: commit,
            ..Default::default()
        })))
    }

    fn ask(&self, question: RequestBody) -> CoordinatorRequest {
        // A resumed transaction is ended as its coordinator offers.
        let protocol = if self.resumed { None } else { Some(self.protocol) };
        let to = Some(Coordinator::Transactions(Arc::clone(&self.id)));
        CoordinatorRequest { to, rediscover: false, protocol, body: question }
    }

    fn name(&self) -> Str {
        Str::from(&*self.id)
    }
}
