//! The whole broker without its sockets: frames in, answers out, time is an argument.

mod control;
mod upkeep;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use upsert_kafka_protocol::messages::produce::PartitionProduceResponse;
use upsert_kafka_protocol::{AnyRequest, AnyResponse, ErrorCode, Segments};

use crate::api::{self, Outcome, RequestContext};
use crate::config::BrokerConfig;
use crate::fault::{Action, Fault, FaultId};
use crate::incoming::{Incoming, ReceivedRequest};
use crate::now::Now;
use crate::purgatory::Purgatory;
use crate::state::State;
use crate::wait::PeerId;
use crate::work::Work;
use upkeep::Upkeep;

/// What a connection is to do about its request.
#[derive(Debug)]
pub enum Answer {
    /// Send this, length included.
    Frame(Segments),
    /// Send nothing and go on.
    Silence,
    /// Close, for this reason.
    Close(String),
}

/// What the broker holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Topics.
    pub topics: usize,
    /// Partitions of all topics.
    pub partitions: usize,
    /// Batches in all logs.
    pub batches: usize,
    /// Records that were ever appended, the markers of transactions among them.
    pub records: u64,
    /// Bytes of the batches in all logs.
    pub bytes_stored: u64,
}

/// The broker's core: one node or several that share one state. It holds no clock and no socket; a shell or a simulation drives it.
///
/// Tell it what happened with `handle_*`, then take what there is to do with `poll_*` until there is
/// none, and call [`handle_timeout`](Self::handle_timeout) at the [`deadline`](Self::deadline).
#[derive(Debug)]
pub struct Cluster {
    state: State,
    purgatory: Purgatory<(RequestContext, AnyRequest)>,
    delayed_answers: Vec<DelayedAnswer>,
    /// Requests whose work is being done elsewhere.
    in_work: BTreeMap<PeerId, (RequestContext, AnyRequest)>,
    /// Work to hand on; `None` when all is done on the spot.
    works: Option<VecDeque<(PeerId, Work)>>,
    answers: VecDeque<(PeerId, Answer)>,
    fired: VecDeque<FaultId>,
    upkeep: Upkeep,
}

/// An answer that a fault holds back.
#[derive(Debug)]
struct DelayedAnswer {
    due: Instant,
    peer: PeerId,
    node: i32,
    answer: Answer,
}

impl Cluster {
    /// Nodes without topics. `listen` is not its business; the advertised addresses are.
    pub fn new(config: BrokerConfig) -> Self {
        Self {
            state: State::new(config),
            purgatory: Purgatory::default(),
            delayed_answers: Vec::new(),
            in_work: BTreeMap::new(),
            works: None,
            answers: VecDeque::new(),
            fired: VecDeque::new(),
            upkeep: Upkeep::default(),
        }
    }

    /// From now on work that takes long is handed out by [`poll_work`](Self::poll_work) and taken back by
    /// [`handle_work`](Self::handle_work); until then it is done before `handle_frame` returns.
    #[must_use]
    pub fn with_work_elsewhere(self) -> Self {
        Self { works: Some(VecDeque::new()), ..self }
    }

    /// Takes a request, without its length, that came to the node. One that is stopped answers nothing and
    /// closes the connection.
    pub fn handle_frame(&mut self, peer: PeerId, node: i32, frame: &Bytes, now: Now) {
        self.handle_incoming(peer, node, Incoming::read(frame), now);
    }

    /// As [`handle_frame`](Self::handle_frame), when the frame was read already.
    pub(crate) fn handle_incoming(&mut self, peer: PeerId, node: i32, incoming: Incoming, now: Now) {
        match incoming.0 {
            _ if !self.state.nodes.is_live(node) => {
                self.answers.push_back((peer, Answer::Close(format!("node {node} is stopped"))));
            }
            Ok(request) => self.admit(peer, node, *request, now),
            Err(why) => self.answers.push_back((peer, Answer::Close(why))),
        }
        self.complete_delayed(now);
    }

    /// Takes back work that was done, or as much of it as ever will be.
    pub fn handle_work(&mut self, peer: PeerId, work: Work, now: Now) {
        if let Some((context, request)) = self.in_work.remove(&peer) {
            self.serve(RequestContext { now, findings: Some(work.findings()), ..context }, request);
        }
        self.complete_delayed(now);
    }

    /// The next work to do, and for whom.
    pub fn poll_work(&mut self) -> Option<(PeerId, Work)> {
        self.works.as_mut()?.pop_front()
    }

    /// Takes note that a connection is gone: its answer is not wanted.
    pub fn handle_gone(&mut self, peer: PeerId) {
        self.purgatory.remove_peer(peer);
        self.state.groups.remove_peer(peer);
        self.delayed_answers.retain(|delayed| delayed.peer != peer);
    }

    /// Lets time pass: answers whose time has come.
    pub fn handle_timeout(&mut self, now: Now) {
        self.state.end_due(now);
        self.state.groups.expire(now.instant);
        self.state.collect_group_answers();
        for (context, request) in self.purgatory.expire(now.instant) {
            self.serve(RequestContext { now, timed_out: true, ..context }, request);
        }
        for delayed in self.delayed_answers.extract_if(.., |delayed| delayed.due <= now.instant) {
            self.answers.push_back((delayed.peer, delayed.answer));
        }
        self.complete_delayed(now);
    }

    /// When to let time pass next.
    pub fn deadline(&self) -> Option<Instant> {
        let delayed = self.delayed_answers.iter().map(|delayed| delayed.due).min();
        let transactions = self.state.transactions.deadline();
        let groups = self.state.groups.deadline();
        self.purgatory.deadline().into_iter().chain(transactions).chain(groups).chain(delayed).min()
    }

    /// The next answer.
    pub fn poll_answer(&mut self) -> Option<(PeerId, Answer)> {
        self.answers.pop_front()
    }

    /// The next fault that has struck.
    pub fn poll_fired(&mut self) -> Option<FaultId> {
        self.fired.pop_front()
    }

    /// Orders a fault.
    pub fn arm(&mut self, fault: Fault) -> FaultId {
        self.state.faults.arm(fault)
    }

    /// Takes a fault back.
    pub fn disarm(&mut self, fault: FaultId) {
        self.state.faults.disarm(fault);
    }

    /// What it holds.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for topic in self.state.topics.iter() {
            stats.topics += 1;
            stats.partitions += topic.partitions.len();
            for log in topic.partitions.iter().map(|partition| &partition.log) {
                stats.batches += log.batches();
                stats.records += log.end_offset().unsigned_abs();
                stats.bytes_stored += log.bytes();
            }
        }
        stats
    }

    /// From what was received to a request that is served.
    fn admit(&mut self, peer: PeerId, node: i32, received: ReceivedRequest, now: Now) {
        let ReceivedRequest { version, correlation_id, client_id, request } = received;
        let received = now.instant;
        let (timed_out, fault, findings) = (false, None, None);
        let mut context = RequestContext {
            peer,
            node,
            version,
            correlation_id,
            client_id,
            received,
            now,
            timed_out,
            fault,
            findings,
        };
        let Some(mut request) = request else {
            self.answer(
                &RequestContext { version: 0, ..context },
                Outcome::Answer(api::unsupported_api_versions()),
            );
            return;
        };
        context.fault = self.state.faults.apply(request.key(), &context.client_id).map(|(fault, action)| {
            self.fired.push_back(fault);
            action
        });
        if let Some(Action::RefusePartition(partition, _)) = context.fault {
            withhold(&mut request, partition);
        }
        self.serve(context, request);
    }

    /// Does the work, or what a fault wants instead.
    fn serve(&mut self, context: RequestContext, request: AnyRequest) {
        let outcome = match context.fault {
            Some(Action::Close) => Outcome::Close("a fault, before the work".to_owned()),
            Some(Action::Answer(code)) => api::refuse(&request, &context, code),
            _ => api::serve(&request, &mut self.state, &context),
        };
        match (outcome, context.fault) {
            (Outcome::Wait(wait), _) => self.purgatory.delay(context.peer, wait, (context, request)),
            (Outcome::Work(work), _) => self.start_work(context, request, work),
            (Outcome::Answer(_), Some(Action::AnswerAfterWork(code))) => {
                self.answer(&context, api::refuse(&request, &context, code));
            }
            (outcome, _) => self.answer(&context, outcome),
        }
    }

    /// Has work done elsewhere, or does what is small at once; then the request is served with what was found.
    fn start_work(&mut self, context: RequestContext, request: AnyRequest, work: Work) {
        match &mut self.works {
            Some(works) if !work.is_small() => {
                works.push_back((context.peer, work));
                self.in_work.insert(context.peer, (context, request));
            }
            _ => self.serve(RequestContext { findings: Some(work.finish()), ..context }, request),
        }
    }

    /// Every answer leaves through here.
    fn answer(&mut self, context: &RequestContext, outcome: Outcome<AnyResponse>) {
        let answer = match outcome {
            Outcome::Answer(mut response) => {
                if let Some(Action::RefusePartition(partition, code)) = context.fault {
                    refuse_partition(&mut response, partition, code);
                }
                match response.frame(context.version, context.correlation_id) {
                    Ok(frame) => Answer::Frame(frame),
                    Err(why) => Answer::Close(format!("the broker's own answer: {why}")),
                }
            }
            Outcome::Silence | Outcome::Wait(_) | Outcome::Work(_) => Answer::Silence,
            Outcome::Close(why) => Answer::Close(why),
        };
        match context.fault {
            Some(Action::LoseAnswer) => {
                self.answers.push_back((context.peer, Answer::Close("a fault, after the work".to_owned())));
            }
            Some(Action::Delay(delay)) => {
                let (due, peer, node) = (context.now.instant + delay, context.peer, context.node);
                self.delayed_answers.push(DelayedAnswer { due, peer, node, answer });
            }
            _ => self.answers.push_back((context.peer, answer)),
        }
    }

    /// Serves delayed requests again that wait for what has happened.
    fn complete_delayed(&mut self, now: Now) {
        self.state.collect_group_answers();
        while !self.state.completed.is_empty() {
            let keys = std::mem::take(&mut self.state.completed);
            for (context, request) in self.purgatory.complete(&keys) {
                self.serve(RequestContext { now, ..context }, request);
            }
            self.state.collect_group_answers();
        }
    }
}

/// Takes a partition's records out of a Produce, so that they are not written.
fn withhold(request: &mut AnyRequest, partition: i32) {
    let AnyRequest::Produce(produce) = request else { return };
    let partitions = produce.topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data);
    partitions.filter(|it| it.index == partition).for_each(|it| it.records = None);
}

/// What a partition whose records were withheld is told.
fn refuse_partition(response: &mut AnyResponse, partition: i32, code: ErrorCode) {
    let AnyResponse::Produce(produce) = response else { return };
    let partitions = produce.responses.iter_mut().flat_map(|topic| &mut topic.partition_responses);
    partitions.filter(|it| it.index == partition).for_each(|it| {
        *it = PartitionProduceResponse {
            index: partition,
            error_code: code,
            base_offset: -1,
            ..Default::default()
        };
    });
}

#[cfg(test)]
mod tests;
