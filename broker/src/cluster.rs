//! The broker's core: every node of the cluster as one state machine, without sockets, clock or tasks.
//!
//! A shell, which is the broker task or a simulation, tells the core what happened and carries out what it asks for:
//!
//! ```text
//! handle_frame      a connection sent a request   ──►  poll_answer  a frame to send, nothing, or to close
//! handle_gone       a connection is gone          ──►  poll_work    batches to look into, off the core
//! handle_work       that was done                 ──►  poll_fired   a fault applied to a request
//! handle_timeout    the deadline has come         ◄──  deadline
//! handle_upkeep     retention, compaction         ◄──  upkeep_deadline
//! ```
//!
//! A request is served by the file of its API in `api`, which reads and changes `state` and has one of five outcomes.
//! Three are final: an answer, silence (acks=0), or a closed connection. The other two keep the request, and it is
//! **served again from its beginning** later:
//!
//! - *wait*: the request lies in the purgatory until one of its watch keys is completed or its time has come;
//! - *work*: batches must be decompressed and checked first, which takes as long as a client's bytes want.
//!
//! So a request that returns one of these two has changed nothing yet, or finds out that it has: a group notes which
//! connections have joined. Whatever changes a partition or a group pushes its watch key to `State::completed`; before
//! any `handle_*` returns, the requests that wait for those keys are served again. A connection has one request at a time
//! and each gets exactly one answer, so answers need no number but the connection's.
//!
//! A fault of a test is applied where a request enters ([`Cluster::arm`]): it replaces the work, or changes or holds
//! back the answer.

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
use crate::state::session::{Admission, Token};
use crate::state::sessions::Connection;
use crate::wait::PeerId;
use crate::work::Work;
use upkeep::Upkeep;

/// What a connection is to do about its request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// Send this, length included.
    Frame(Segments),
    /// Send this, length included: the client has proved who it is, and may send longer frames.
    Proven(Segments),
    /// Send this, length included, then close, for this reason.
    Last(Segments, String),
    /// Send nothing and go on.
    Silence,
    /// Close, for this reason.
    Close(String),
}

/// How much the broker holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
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

/// The broker's core: one node or several that share one state. It holds no clock and no socket; a shell or a simulation
/// drives it.
///
/// Tell the core what happened with `handle_*`. After each of them take what there is to do with `poll_*` until there is
/// nothing left, and call [`handle_timeout`](Self::handle_timeout) at the [`deadline`](Self::deadline) and
/// [`handle_upkeep`](Self::handle_upkeep) at the [`upkeep_deadline`](Self::upkeep_deadline).
#[derive(Debug)]
pub struct Cluster {
    state: State,
    purgatory: Purgatory<(RequestContext, AnyRequest)>,
    delayed_answers: Vec<DelayedAnswer>,
    /// Requests whose work is being done by the shell.
    in_work: BTreeMap<PeerId, (RequestContext, AnyRequest)>,
    /// Work for the shell to take; `None` when the core does all work itself.
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
    /// Nodes without topics. The core ignores `listen`; the advertised addresses are what Metadata answers.
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

    /// Hands out work that takes long by [`poll_work`](Self::poll_work) and takes it back by
    /// [`handle_work`](Self::handle_work). A core that was not told so does it before `handle_frame` returns.
    #[must_use]
    pub fn with_work_elsewhere(self) -> Self {
        Self { works: Some(VecDeque::new()), ..self }
    }

    /// Takes a request, without its length, that came to the node. A stopped node closes the connection.
    pub fn handle_frame(&mut self, peer: PeerId, node: i32, frame: &Bytes, now: Now) {
        self.handle_incoming(peer, node, Incoming::Unread(frame.clone()), now);
    }

    /// Hears of a connection. One that nobody tells of came by the first listener.
    pub fn handle_opened(&mut self, peer: PeerId, node: i32, connection: &Connection) {
        self.state.sessions.open(peer, node, connection);
    }

    /// Forgets a connection that was told of, and its request.
    pub fn handle_closed(&mut self, peer: PeerId) {
        self.handle_gone(peer);
        self.state.sessions.close(peer);
    }

    /// Takes a request as [`handle_frame`](Self::handle_frame) does, whose frame was parsed already.
    pub(crate) fn handle_incoming(&mut self, peer: PeerId, node: i32, incoming: Incoming, now: Now) {
        match incoming {
            _ if !self.state.nodes.is_live(node) => {
                self.answers.push_back((peer, Answer::Close(format!("node {node} is stopped"))));
            }
            Incoming::Unread(token) if self.state.expects_bare_token(peer) => {
                self.handle_bare_token(peer, node, &token, now);
            }
            Incoming::Unread(frame) => return self.handle_incoming(peer, node, Incoming::read(&frame), now),
            Incoming::Request(request) => self.admit(peer, node, *request, now),
            Incoming::Malformed(why) => self.answers.push_back((peer, Answer::Close(why))),
        }
        self.complete_delayed(now);
    }

    /// Takes back work: done, or as far as it ever will be.
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

    /// Forgets the request of a connection that is gone: nobody wants the answer.
    pub fn handle_gone(&mut self, peer: PeerId) {
        self.purgatory.remove_peer(peer);
        self.state.groups.remove_peer(peer);
        self.delayed_answers.retain(|delayed| delayed.peer != peer);
    }

    /// Does what is due: transactions time out and write markers, group members expire, delayed requests and answers
    /// come back.
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

    /// When to call [`handle_timeout`](Self::handle_timeout) next; `None` when nothing waits for its time.
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

    /// The next fault that was applied to a request.
    pub fn poll_fired(&mut self) -> Option<FaultId> {
        self.fired.pop_front()
    }

    /// Puts a fault in force.
    pub fn arm(&mut self, fault: Fault) -> FaultId {
        self.state.faults.arm(fault)
    }

    /// Ends a fault.
    pub fn disarm(&mut self, fault: FaultId) {
        self.state.faults.disarm(fault);
    }

    /// How much the broker holds.
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

    /// Begins with a request: a fault is chosen for it, then it is served.
    fn admit(&mut self, peer: PeerId, node: i32, received: ReceivedRequest, now: Now) {
        let ReceivedRequest { api, version, correlation_id, client_id, request } = received;
        let received = now.instant;
        let admission = self.state.sessions.admit((peer, node), api, request.is_some(), now);
        let (caller, out_of_place) = match admission {
            Admission::Serve(caller) => (caller, None),
            Admission::OutOfPlace(caller, why) => (caller, Some(why)),
            Admission::CloseLate(why) => return self.close_late(peer, node, Answer::Close(why), now),
            Admission::Close(why) => return self.answers.push_back((peer, Answer::Close(why))),
        };
        let (timed_out, fault, findings) = (false, None, None);
        let mut context = RequestContext {
            peer,
            node,
            caller,
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
        if let Some(why) = out_of_place {
            let refused = match api::refuse(&request, &context, ErrorCode::ILLEGAL_SASL_STATE) {
                Outcome::Answer(response) => Outcome::Farewell(Some(response), why),
                _ => Outcome::Farewell(None, why),
            };
            return self.answer(&context, refused);
        }
        context.fault = self.state.faults.apply(request.key(), &context.client_id).map(|(fault, action)| {
            self.fired.push_back(fault);
            action
        });
        if let Some(Action::RefusePartition(partition, _)) = context.fault {
            withhold(&mut request, partition);
        }
        self.serve(context, request);
    }

    /// Serves a request, for the first time or again, or does what its fault wants instead.
    fn serve(&mut self, context: RequestContext, request: AnyRequest) {
        let outcome = match context.fault {
            Some(Action::Close) => Outcome::Close("a fault, before the work".to_owned()),
            Some(Action::Answer(code)) => api::refuse(&request, &context, code),
            _ => match api::refusal(&request, &self.state, &context) {
                Some(code) => api::refuse(&request, &context, code),
                None => api::serve(&request, &mut self.state, &context),
            },
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

    /// Hands work to the shell, or does it at once when it is small; then the request is served again with what was
    /// found.
    fn start_work(&mut self, context: RequestContext, request: AnyRequest, work: Work) {
        match &mut self.works {
            Some(works) if !work.is_small() => {
                works.push_back((context.peer, work));
                self.in_work.insert(context.peer, (context, request));
            }
            _ => self.serve(RequestContext { findings: Some(work.finish()), ..context }, request),
        }
    }

    /// Turns a final outcome into the connection's answer, as the fault wants it.
    fn answer(&mut self, context: &RequestContext, outcome: Outcome<AnyResponse>) {
        let answer = match outcome {
            Outcome::Answer(mut response) => {
                if let Some(Action::RefusePartition(partition, code)) = context.fault {
                    refuse_partition(&mut response, partition, code);
                }
                framed(&response, context, Answer::Frame)
            }
            Outcome::Proven(response) => framed(&response, context, Answer::Proven),
            Outcome::Farewell(response, why) => {
                let last = match response {
                    Some(response) => framed(&response, context, |frame| Answer::Last(frame, why)),
                    None => Answer::Close(why),
                };
                return self.close_late(context.peer, context.node, last, context.now);
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

    /// Lets a client whose login failed wait for its last word.
    fn close_late(&mut self, peer: PeerId, node: i32, answer: Answer, now: Now) {
        let due = now.instant + self.state.config.sasl.failed_authentication_delay;
        if due > now.instant {
            self.delayed_answers.push(DelayedAnswer { due, peer, node, answer });
        } else {
            self.answers.push_back((peer, answer));
        }
    }

    /// Takes a token that is a frame of its own, and answers likewise.
    fn handle_bare_token(&mut self, peer: PeerId, node: i32, token: &Bytes, now: Now) {
        let answer = match self.state.handle_token(peer, token, now) {
            Token::Challenge(bytes) => Answer::Frame(api::bare_frame(&bytes)),
            Token::Proven { last, .. } => Answer::Proven(api::bare_frame(&last)),
            Token::OutOfPlace => Answer::Close("a token where none was expected".to_owned()),
            Token::Refused(why, mechanism) => {
                let why = api::login_failed(&why, mechanism, false).1;
                return self.close_late(peer, node, Answer::Close(why), now);
            }
        };
        self.answers.push_back((peer, answer));
    }

    /// Serves again the delayed requests that wait for what has happened, until nothing more happens.
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

/// The answer's bytes, as what they are sent as.
fn framed(response: &AnyResponse, context: &RequestContext, sent: impl FnOnce(Segments) -> Answer) -> Answer {
    match response.frame(context.version, context.correlation_id) {
        Ok(frame) => sent(frame),
        Err(why) => Answer::Close(format!("the broker's own answer: {why}")),
    }
}

/// Takes a partition's records out of a Produce, so that they are not written.
fn withhold(request: &mut AnyRequest, partition: i32) {
    let AnyRequest::Produce(produce) = request else { return };
    let partitions = produce.topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data);
    partitions.filter(|it| it.index == partition).for_each(|it| it.records = None);
}

/// Puts the error of a partition whose records were withheld into the answer.
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
