//! One request to a coordinator: the coordinator is found first, if it is not known.

use std::time::Instant;

use upsert_kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};

use super::connections::{ConnectionEvent, Connections};
use super::pending_request::PendingRequest;
use super::progress::{CallStage, Found};
use crate::cluster::{Coordinator, coordinator};
use crate::producer::coordinator_request::{CoordinatorRequest, CoordinatorResponse, RequestBody};
use crate::{Error, ErrorKind};

impl Connections {
    /// Sends a request to the coordinator that answers it.
    pub(super) fn handle_call(&mut self, call: CoordinatorRequest) {
        if call.rediscover {
            self.coordinators.retain(|(of, _)| Some(of) != call.to.as_ref());
        }
        let known = call.to.as_ref().and_then(|of| self.coordinators.iter().find(|(known, _)| known == of));
        let step = match known {
            Some((_, node)) => CallStage::Node(*node),
            None => CallStage::Any(self.search()),
        };
        self.call = Some((call, step));
    }

    /// Sends it, or takes the next step towards that.
    pub(super) fn continue_call(&mut self, now: Instant) {
        let Some((call, step)) = self.call.take() else { return };
        match step {
            CallStage::Sent => self.call = Some((call, CallStage::Sent)),
            CallStage::Node(node) => match self.connection(node) {
                Some(connection) => self.send_call(connection, call, now),
                // The coordinator is no broker that is known: its answer said where it is, so it has left.
                None if !self.nodes.contains_key(&node) => self.fail_call(call),
                None => self.call = Some((call, CallStage::Node(node))),
            },
            CallStage::Any(mut search) => match self.found(&mut search, now) {
                Found::NotYet => self.call = Some((call, CallStage::Any(search))),
                Found::Nobody => self.fail_call(call),
                Found::Connection(connection) => match call.to.clone() {
                    None => self.send_call(connection, call, now),
                    Some(of) => {
                        self.call = Some((call, CallStage::Sent));
                        let pending = |version| PendingRequest::FindCoordinator(of.clone(), version);
                        let request = |version| of.request(version);
                        self.ask::<FindCoordinatorRequest>(connection, i16::MAX, request, pending, now);
                    }
                },
            },
        }
    }

    fn fail_call(&mut self, _: CoordinatorRequest) {
        let error = Error::new(ErrorKind::Unreachable, "no broker could be asked");
        self.events.push_back(ConnectionEvent::Coordinator(Err(error)));
    }

    fn send_call(&mut self, connection: u64, call: CoordinatorRequest, now: Instant) {
        let Some(link) = self.links.get(&connection) else { return };
        let max = call.body.version_max(call.protocol.unwrap_or(link.offered()));
        let body = call.body.clone();
        self.call = Some((call, CallStage::Sent));
        let pending = |version| PendingRequest::ToCoordinator(body.clone(), version);
        match &body {
            RequestBody::InitProducerId(it) => self.ask(connection, max, |_| it.clone(), pending, now),
            RequestBody::AddPartitionsToTxn(it) => self.ask(connection, max, |_| it.clone(), pending, now),
            RequestBody::AddOffsetsToTxn(it) => self.ask(connection, max, |_| it.clone(), pending, now),
            RequestBody::TxnOffsetCommit(it) => self.ask(connection, max, |_| it.clone(), pending, now),
            RequestBody::EndTxn(it) => self.ask(connection, max, |_| it.clone(), pending, now),
        }
    }

    /// The coordinator was found, or was not.
    pub(super) fn coordinator_is(
        &mut self,
        of: Coordinator,
        response: &FindCoordinatorResponse,
        now: Instant,
    ) {
        match coordinator::found(response) {
            Ok((node, address)) => {
                self.coordinators.retain(|(known, _)| *known != of);
                self.coordinators.push((of, node));
                self.meet(node, address, now);
                if let Some((_, step)) = &mut self.call {
                    *step = CallStage::Node(node);
                }
            }
            Err(error) => self.coordinator_answered(Err(error)),
        }
    }

    /// The request has its end.
    pub(super) fn coordinator_answered(&mut self, response: Result<CoordinatorResponse, Error>) {
        self.call = None;
        self.events.push_back(ConnectionEvent::Coordinator(response));
    }
}
