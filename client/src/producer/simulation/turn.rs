//! The sender's loop as the machine runs it: batches and requests out, answers and outcomes back.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use upsert_kafka_protocol::messages::ProduceResponse;

use super::Machine;
use super::connections::ConnectionEvent;
use super::injected_bug;
use crate::producer::coordinator_request::{CoordinatorResponse, ResponseBody};
use crate::producer::dispatch::{DeliveryReport, OutgoingBatches};
use crate::producer::hand_over::{hand_over_batches, report_backlogs};
use crate::producer::leader_connection::SentRequest;
use crate::producer::request;
use crate::producer::sticky::StickySettings;
use crate::producer::topic::{Topic, TopicSettings, TopicUpdate};
use crate::producer::verdict::BatchAnswer;
use crate::{Delivery, Error, ErrorKind, ProducerId, Receipt};

impl Machine {
    /// The sender's loop, as often as something happened within.
    pub(super) fn turn(&mut self, now: Instant) {
        loop {
            if !self.orders.is_empty() {
                // What was sent before an order belongs to the transaction that it is about.
                self.accumulator.close_all(now);
            }
            report_backlogs(&self.accumulator, &mut self.dispatch, now);
            self.lingering = self.accumulator.expire(now);
            hand_over_batches(&self.accumulator, &mut self.dispatch, now);
            while let Some((order, ticket)) = self.orders.pop_front() {
                self.dispatch.handle_order(order, ticket, now);
            }
            self.dispatch.handle_timeout(now);
            self.submit(now);
            self.report(now);
            self.connections.handle_turn(now);
            let Some(event) = self.connections.poll_event() else {
                if self.orders.is_empty() {
                    return;
                }
                continue;
            };
            self.handle_event(event, now);
        }
    }

    /// Sends what can leave, and what may be closed for it.
    fn submit(&mut self, now: Instant) {
        self.submit_ready(now);
        while report_backlogs(&self.accumulator, &mut self.dispatch, now) {
            hand_over_batches(&self.accumulator, &mut self.dispatch, now);
            self.submit_ready(now);
        }
    }

    fn submit_ready(&mut self, now: Instant) {
        for node in self.dispatch.poll_ready_brokers(now) {
            let Some(connection) = self.connections.connection(node) else { continue };
            while let Some(outgoing) = self.dispatch.poll_request(node, now) {
                self.produce(connection, outgoing, now);
            }
        }
        for node in self.dispatch.poll_log_query_brokers(now) {
            let Some(connection) = self.connections.connection(node) else { continue };
            if let Some(request) = self.dispatch.poll_log_request(node, now) {
                self.connections.read_log(connection, request, now);
            }
        }
        if self.dispatch.transactions().is_some_and(|transactions| transactions.gives_up()) {
            for sent in self.injector.answered_before_the_end() {
                self.dispatch.handle_answer(&sent, injected_bug::written(), now, 0.5);
            }
        }
        if let Some(request) = self.dispatch.poll_coordinator_request(now) {
            self.connections.handle_call(request);
        }
        if self.dispatch.poll_metadata() {
            self.connections.handle_doubt();
        }
    }

    fn produce(&mut self, connection: u64, mut outgoing: OutgoingBatches, now: Instant) {
        outgoing.batches.iter_mut().for_each(|sent| self.injector.batch(sent, self.identity));
        let view = self.connections.view();
        let version = request::version_max(&outgoing, view);
        let timeout_ms = i32::try_from(self.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let produce = request::request(&outgoing, view, self.config.acks, timeout_ms);
        let request = Box::new(SentRequest { outgoing, produce, version, at: now });
        self.connections.produce(connection, request, now);
    }

    fn handle_event(&mut self, event: ConnectionEvent, now: Instant) {
        match event {
            ConnectionEvent::Produced(request, response) => self.settle(&request, response, now),
            ConnectionEvent::Coordinator(response) => {
                self.identity = response.as_ref().ok().and_then(identified).or(self.identity);
                self.dispatch.handle_response(response, now, self.chance.draw());
            }
            ConnectionEvent::Log(request, answer) => {
                let answer = self.injector.log(answer);
                self.dispatch.handle_log_answer(&request, answer, now, self.chance.draw());
            }
            ConnectionEvent::Unreachable(node) => {
                let error = Error::new(ErrorKind::Unreachable, "nobody answers");
                self.dispatch.handle_unreachable(node, &error, now, self.chance.draw());
            }
            ConnectionEvent::View => self.renew(now),
        }
    }

    fn settle(&mut self, request: &SentRequest, response: Result<ProduceResponse, Error>, now: Instant) {
        let sent = &request.outgoing.batches;
        let answers = match response {
            Ok(response) => {
                for (topic, partition, leader, epoch) in
                    request::leader_hints(&request.produce, request.version, &response)
                {
                    self.connections.leader_moved(&topic, partition, leader, epoch);
                }
                self.dispatch.handle_throttle(request.outgoing.node, response.throttle_time_ms, now);
                request::answers(&request.produce, request.version, &response)
            }
            Err(error) => vec![BatchAnswer::Lost(error); sent.len()],
        };
        self.dispatch.handle_request_done(request.outgoing.node);
        for (sent, answer) in sent.iter().zip(answers) {
            let answer = self.injector.answer(sent, answer);
            self.dispatch.handle_answer(sent, answer, now, self.chance.draw());
        }
    }

    /// Takes over a new view of the cluster.
    fn renew(&mut self, now: Instant) {
        // By name: what is drawn for each must not depend on a hash.
        let topics: BTreeMap<_, _> = self.connections.view().topics.iter().collect();
        for (name, metadata) in topics {
            let update = TopicUpdate { metadata, rack_brokers: &[], now };
            if let Some(known) = self.topics.get(name) {
                known.update(update, &self.partition_numbers);
                continue;
            }
            let sticky = StickySettings {
                batch_size: self.config.batch_size,
                adaptive: self.config.partitioner_adaptive,
            };
            let settings = TopicSettings {
                producer: self.number,
                sticky,
                ignore_keys: self.config.partitioner_ignore_keys,
                seed: self.chance.bits(),
                availability: None,
                partitioner: None,
            };
            self.topics.insert(Arc::clone(name), Topic::new(update, &settings, &self.partition_numbers));
        }
        self.dispatch.handle_leaders(self.connections.view(), now);
    }

    /// Deliveries and orders learn their outcomes.
    fn report(&mut self, now: Instant) {
        self.settle_orders(now);
        if let Some(error) = self.dispatch.fatal() {
            self.accumulator.close(error.clone());
        }
        let mut reported = false;
        while let Some(done) = self.dispatch.poll_report() {
            reported = true;
            match self.injector.done(done) {
                DeliveryReport::Final(batch, outcome) => self.accumulator.complete(batch, outcome),
                DeliveryReport::Early(expired, outcome) => self.accumulator.report(&expired.token, outcome),
            };
        }
        if reported {
            let ready = self.deliveries.extract_if(.., |(_, delivery)| poll(delivery).is_ready());
            let ready: Vec<_> = ready.collect();
            for (number, mut delivery) in ready {
                if let Poll::Ready(outcome) = poll(&mut delivery) {
                    self.outcomes.push_back((number, outcome));
                }
            }
            self.look_at_commits();
        }
    }
}

/// The producer id in a response that gives one.
fn identified(response: &CoordinatorResponse) -> Option<ProducerId> {
    match &response.body {
        ResponseBody::InitProducerId(it) if it.error_code.is_none() => {
            Some(ProducerId { id: it.producer_id, epoch: it.producer_epoch })
        }
        _ => None,
    }
}

fn poll(delivery: &mut Delivery) -> Poll<Result<Receipt, Error>> {
    Pin::new(delivery).poll(&mut Context::from_waker(Waker::noop()))
}
