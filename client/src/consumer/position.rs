//! Where each assigned partition stands, and what may be asked of which broker next: the consumer's core.
//!
//! [`Positions`] is driven by its caller. The caller changes the assignment (`assign`, `add`, `remove`, `seek`,
//! `pause`), asks for requests with [`Positions::poll`], sends all of them, and reports each result with a
//! `handle_` method. [`Positions::deadline`] says when to poll again though nothing has come. Time, chance and
//! metadata are arguments.
//!
//! - **One fetch a broker.** A broker is asked again only after its answer was handed over, so what is buffered
//!   is bounded by `fetch.max.bytes`, which the leaders share. The partition that was served longest ago goes
//!   first.
//! - **Generations.** Each partition has a generation, which no other partition and no earlier life of it ever
//!   had. A request carries it, and a result counts only while it is still the partition's. A seek, a pause,
//!   and leaving the assignment void what is under way for that partition, and for no other.
//! - **Confirmed positions.** A position counts once a broker has answered a fetch at it; see
//!   [`PartitionState`]. So a topic that was deleted and created again is noticed, and old metadata resets
//!   nothing (KIP-516).
//! - **Failures** are tried again after growing waits, for `default.api.timeout.ms`; then the caller is told.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::assignment::{Assignment, Position, TopicPartition};
use super::reset::PositionReset;
use crate::Error;
use crate::cluster::Metadata;
use crate::config::OffsetReset;

mod leader;
mod limits;
mod log_truncation;
mod node;
mod outcome;
mod partition_leader;
mod read_replica;
mod requests;
mod state;

use leader::leader;
pub(super) use limits::FetchLimits;
pub(super) use log_truncation::EpochEnd;
use node::NodeState;
pub(super) use outcome::PartitionOutcome;
use requests::PartitionRequest;
pub(super) use requests::{DueRequests, FetchPlan, FetchTarget, LookupKind, OffsetLookup};
use state::PartitionState;

/// The assigned partitions, and the brokers that were asked for them.
#[derive(Debug)]
pub(super) struct Positions {
    /// In order: a simulation's run is the same each time, to the last request.
    states: BTreeMap<TopicPartition, PartitionState>,
    nodes: HashMap<i32, NodeState>,
    /// The latest generation that was given to a partition.
    generation: u64,
    /// How many pieces were read so far, which orders partitions by when they were served.
    served: u64,
    limits: FetchLimits,
}

/// What an answer to a fetch says of a partition's log.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogStatus {
    pub(super) high_watermark: i64,
    /// The last stable offset; -1 where the broker does not say.
    pub(super) last_stable: i64,
    /// Whether the answer holds bytes of batches.
    pub(super) has_bytes: bool,
    /// The follower that is to be asked instead (KIP-392).
    pub(super) read_replica: Option<i32>,
}

/// How far a piece of a fetched partition reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) next_offset: i64,
    /// The leader epoch of the last batch; -1 when there was none.
    pub(super) leader_epoch: i32,
    /// There were bytes, but not one whole batch.
    pub(super) cut: bool,
    /// The partition has further pieces.
    pub(super) more: bool,
}

impl Positions {
    pub(super) fn new(limits: FetchLimits) -> Self {
        Self { states: BTreeMap::new(), nodes: HashMap::new(), generation: 0, served: 0, limits }
    }

    /// Replaces the assignment. What is under way for the old one no longer counts.
    pub(super) fn assign(&mut self, assignments: Vec<Assignment>) {
        self.states.clear();
        self.add(assignments);
    }

    /// Adds partitions that are not assigned. The others stay as they are. A partition that was removed before
    /// begins where it is told now, in a new generation.
    pub(super) fn add(&mut self, assignments: Vec<Assignment>) {
        for Assignment { topic, partition, position, topic_id, leader_epoch } in assignments {
            self.generation += 1;
            let topic_id = topic_id.unwrap_or(Uuid::ZERO);
            let state = PartitionState::new(position, topic_id, self.generation, &self.limits)
                .follows_epoch(leader_epoch.unwrap_or(-1));
            self.states.insert(TopicPartition { topic, partition }, state);
        }
    }

    /// Removes a partition; false when it is not assigned. What is under way for it no longer counts, and
    /// nothing else changes.
    pub(super) fn remove(&mut self, of: &TopicPartition) -> bool {
        self.states.remove(of).is_some()
    }

    /// Whether the partition is assigned.
    pub(super) fn contains(&self, of: &TopicPartition) -> bool {
        self.states.contains_key(of)
    }

    /// The assigned partitions, in order.
    pub(super) fn partitions(&self) -> impl Iterator<Item = &TopicPartition> {
        self.states.keys()
    }

    /// Moves a partition's position; false when it is not assigned.
    pub(super) fn seek(&mut self, of: &TopicPartition, position: Position) -> bool {
        self.generation += 1;
        let generation = self.generation;
        let Some(state) = self.states.get_mut(of) else { return false };
        *state = state.moved(position, generation, &self.limits);
        true
    }

    /// Pauses or resumes a partition; false when it is not assigned. What is under way for it when it is paused
    /// no longer counts.
    pub(super) fn pause(&mut self, of: &TopicPartition, paused: bool) -> bool {
        self.generation += 1;
        let generation = self.generation;
        let Some(state) = self.states.get_mut(of) else { return false };
        if paused && !state.paused {
            (state.generation, state.busy, state.failing_since) = (generation, false, None);
        }
        state.paused = paused;
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The topics of the assigned partitions, each once.
    pub(super) fn topics(&self) -> Vec<Arc<str>> {
        let topics: BTreeSet<&Arc<str>> = self.states.keys().map(|of| &of.topic).collect();
        topics.into_iter().cloned().collect()
    }

    /// The offset of the next record, once it is known.
    pub(super) fn position(&self, of: &TopicPartition) -> Option<i64> {
        self.states.get(of)?.offset()
    }

    /// The leader epoch of the record before the position; -1 when not known.
    pub(super) fn offset_epoch(&self, of: &TopicPartition) -> i32 {
        self.states.get(of).map_or(-1, PartitionState::offset_epoch)
    }

    /// The topic that the position belongs to; zero when not known.
    pub(super) fn topic_id(&self, of: &TopicPartition) -> Uuid {
        self.states.get(of).map_or(Uuid::ZERO, PartitionState::offset_topic_id)
    }

    /// How many offsets lie between the position and the end of what may be read: the last stable offset for
    /// `committed_only`, else the high watermark.
    pub(super) fn lag(&self, of: &TopicPartition, committed_only: bool) -> Option<i64> {
        let state = self.states.get(of)?;
        let end = if committed_only { state.last_stable } else { state.high_watermark };
        Some(end?.saturating_sub(self.position(of)?).max(0))
    }

    /// The requests that may be sent now.
    pub(super) fn poll(&mut self, now: Instant, metadata: &Metadata) -> DueRequests {
        let mut requests = DueRequests::default();
        let mut nodes = HashSet::new();
        let mut plans: BTreeMap<i32, Vec<(u64, FetchTarget)>> = BTreeMap::new();
        for (of, state) in &mut self.states {
            let leader = leader(of, state, metadata);
            if let Ok(leader) = leader {
                // While a follower is asked it stays: what comes is a follower's answer.
                requests.misses_follower |= !state.busy && state.read_replica.renew(leader, metadata, now);
                nodes.insert(state.read_replica.fetch_node(leader));
            }
            if !state.is_due(now) {
                continue;
            }
            let leader = match leader {
                Ok(leader) => leader,
                Err(Some(error)) => {
                    requests.failures.push((of.clone(), error));
                    continue;
                }
                // The topic is being asked for, and nothing is known against it.
                Err(None) => {
                    let error = state.handle_unknown(now, self.limits.patience);
                    requests.failures.extend(error.map(|error| (of.clone(), of.named(error))));
                    continue;
                }
            };
            state.follow_topic_id(leader.topic_id);
            let node = state.read_replica.fetch_node(leader);
            if state.is_ready_to_fetch(leader.epoch)
                && self.nodes.get(&node).is_some_and(|node| !node.is_due(now))
            {
                continue;
            }
            match state.next_request(of, leader, now) {
                PartitionRequest::Fetch(target) => {
                    plans.entry(node).or_default().push((state.served, target))
                }
                PartitionRequest::Lookup(lookup) => {
                    requests.lookups.entry(leader.node).or_default().push(lookup)
                }
            }
        }
        let count = nodes.len().max(1);
        requests.fetches = plans.into_iter().map(|(node, target)| self.plan(node, count, target)).collect();
        requests
    }

    /// The fetch from one of so many brokers, each of which has an equal share of the bytes.
    fn plan(&mut self, node: i32, nodes: usize, mut target: Vec<(u64, FetchTarget)>) -> FetchPlan {
        target.sort_by(|(a, x), (b, y)| (a, &x.topic_partition).cmp(&(b, &y.topic_partition)));
        let FetchLimits { fetch_bytes_max, decompressed_bytes_max, backoff, .. } = self.limits;
        let share = fetch_bytes_max / u32::try_from(nodes).unwrap_or(u32::MAX);
        // A fetch that was planned when there were fewer brokers may hold more than its share now.
        let granted: usize = self.nodes.values().map(|node| node.prepared_bytes_max).sum();
        let left = decompressed_bytes_max.saturating_sub(granted);
        let prepared_bytes_max = left.min(decompressed_bytes_max / nodes);
        let at = self.nodes.entry(node).or_insert_with(|| NodeState::new(backoff));
        (at.busy, at.prepared_bytes_max) = (true, prepared_bytes_max);
        let partitions = target.into_iter().map(|(_, target)| target).collect();
        FetchPlan { node, bytes_max: share.max(1), prepared_bytes_max, partitions }
    }

    /// All of a broker's answer was handed over, so it may be asked again. An answer that was empty before the
    /// broker had waited as asked is followed by a wait.
    pub(super) fn handle_answered(&mut self, node: i32, empty_early: bool, now: Instant, chance: f64) {
        let Some(at) = self.nodes.get_mut(&node) else { return };
        if let Some(wait) = at.handle_answered(empty_early, now, chance) {
            let wait_ms = wait.as_millis();
            tracing::warn!(node, wait_ms, "fetches are answered at once and empty, so they wait in between");
        }
    }

    /// Whether an answer to this still counts.
    pub(super) fn is_current(&self, target: &FetchTarget) -> bool {
        self.states.get(&target.topic_partition).is_some_and(|state| state.generation == target.generation)
    }

    /// The offset that a position stands for was looked up.
    pub(super) fn handle_found(&mut self, of: &TopicPartition, generation: u64, offset: i64) {
        if let Some(state) = self.current(of, generation) {
            state.handle_found(offset);
        }
    }

    /// The range of a log was looked up, for the error about an offset that is not in it.
    pub(super) fn handle_range(
        &mut self,
        of: &TopicPartition,
        generation: u64,
        (start, end): (i64, i64),
    ) -> PartitionOutcome {
        let state = self.current(of, generation);
        state
            .and_then(|state| state.handle_range(of, start, end))
            .map_or(PartitionOutcome::Nothing, PartitionOutcome::Fail)
    }

    /// The leader of this epoch told where the epoch of the record before the position ended. Where the log was truncated,
    /// reading goes on at the offset where it diverges, or by `auto.offset.reset`; with `none` the caller is told.
    pub(super) fn handle_epoch_end(
        &mut self,
        of: &TopicPartition,
        generation: u64,
        (leader_epoch, end): (i32, Option<EpochEnd>),
        (now, chance): (Instant, f64),
        unix_ms: i64,
    ) -> PartitionOutcome {
        let policy = self.limits.reset;
        let Some(state) = self.current(of, generation) else { return PartitionOutcome::Nothing };
        let Some(truncation) = state.handle_epoch_end(leader_epoch, end) else {
            return PartitionOutcome::Nothing;
        };
        match reset(policy, unix_ms) {
            Some(position) => {
                state.handle_truncated(truncation, position);
                PartitionOutcome::Nothing
            }
            None => {
                state.not_before = Some(now + state.backoff.wait(chance));
                state.failing_since = None;
                PartitionOutcome::Fail(truncation.error(of))
            }
        }
    }

    /// A broker answered a fetch of this partition without an error, which confirms the position. Gives the
    /// reset that led to the position, if one did: the caller must be told of it before the records. A leader that
    /// names a follower instead has not looked for the position, and confirms nothing.
    pub(super) fn handle_fetched(
        &mut self,
        target: &FetchTarget,
        status: LogStatus,
        now: Instant,
    ) -> Option<PositionReset> {
        let until = now + self.limits.read_replica_age_max;
        let state = self.current(&target.topic_partition, target.generation)?;
        state.high_watermark = Some(status.high_watermark);
        state.last_stable = Some(status.last_stable).filter(|offset| *offset >= 0);
        if let Some(node) = status.read_replica {
            state.read_replica.follow(node, target, until);
            if !status.has_bytes {
                // Nothing has succeeded yet: where no follower ever serves, that ends as an error.
                state.busy = false;
                return None;
            }
        }
        let reset = state.confirm(target);
        if !status.has_bytes {
            state.busy = false;
            state.succeed();
        }
        reset
    }

    /// A piece of a fetched partition was read.
    pub(super) fn handle_read(
        &mut self,
        target: &FetchTarget,
        progress: Progress,
        now: Instant,
        chance: f64,
    ) -> PartitionOutcome {
        self.served += 1;
        let (served, limits) = (self.served, self.limits);
        let Some(state) = self.current(&target.topic_partition, target.generation) else {
            return PartitionOutcome::Nothing;
        };
        state.busy = progress.more;
        if progress.cut {
            return state.grow_fetch_size(target, limits.response_bytes_max, now, chance);
        }
        if progress.next_offset <= target.offset {
            return state.handle_stuck(target, now, limits.patience, chance);
        }
        state.succeed();
        state.served = served;
        state.bytes_max = limits.partition_bytes_max;
        state.move_to(target, progress.next_offset, progress.leader_epoch);
        PartitionOutcome::Moved
    }

    /// A fetch or a lookup of this partition failed. `unix_ms` is the wall clock, from which `by_duration`
    /// counts back.
    pub(super) fn handle_failed(
        &mut self,
        of: &TopicPartition,
        generation: u64,
        error: Error,
        now: Instant,
        chance: f64,
        unix_ms: i64,
    ) -> PartitionOutcome {
        let limits = self.limits;
        let Some(state) = self.current(of, generation) else { return PartitionOutcome::Nothing };
        state.busy = false;
        let since = *state.failing_since.get_or_insert(now);
        state.not_before = Some(now + state.backoff.wait(chance));
        let of_follower = state.read_replica.give_up();
        match error.code() {
            // A follower may be behind, or be done with what the leader still has: the leader decides.
            Some(ErrorCode::OFFSET_OUT_OF_RANGE) if of_follower => return PartitionOutcome::Retry,
            Some(ErrorCode::OFFSET_OUT_OF_RANGE) => {
                let position = reset(limits.reset, unix_ms);
                state.handle_out_of_range(limits.reset, position);
                if position.is_none() || now.saturating_duration_since(since) < limits.patience {
                    return PartitionOutcome::Retry;
                }
            }
            Some(ErrorCode::UNKNOWN_TOPIC_ID | ErrorCode::INCONSISTENT_TOPIC_ID) => {
                state.forget_unconfirmed()
            }
            _ => {}
        }
        if error.is_retriable() && now.saturating_duration_since(since) < limits.patience {
            return PartitionOutcome::Retry;
        }
        state.failing_since = None;
        PartitionOutcome::Fail(error)
    }

    /// The partition's generation now; 0, which no partition has, when it is not assigned.
    pub(super) fn generation(&self, of: &TopicPartition) -> u64 {
        self.states.get(of).map_or(0, |state| state.generation)
    }

    /// When to poll again though nothing has come. A partition that is due now waits for something else:
    /// metadata, or an answer of its broker.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let partitions = self.states.values().filter_map(|state| state.deadline(now, self.limits.patience));
        partitions.chain(self.nodes.values().filter_map(|node| node.deadline(now))).min()
    }

    fn current(&mut self, of: &TopicPartition, generation: u64) -> Option<&mut PartitionState> {
        self.states.get_mut(of).filter(|state| state.generation == generation)
    }
}

fn reset(policy: OffsetReset, unix_ms: i64) -> Option<Position> {
    match policy {
        OffsetReset::Earliest => Some(Position::Earliest),
        OffsetReset::Latest => Some(Position::Latest),
        OffsetReset::ByDuration(age) => Some(Position::Timestamp(
            unix_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX)),
        )),
        OffsetReset::None => None,
    }
}

#[cfg(test)]
mod tests;
