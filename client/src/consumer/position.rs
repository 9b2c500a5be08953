//! Where each assigned partition stands, what may be fetched next and from whom, and when to try again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::assignment::{Assignment, Position, TopicPartition};
use super::reset::PositionReset;
use crate::Error;
use crate::cluster::Metadata;
use crate::config::OffsetReset;
use crate::retry::Backoff;

mod leader;
mod node;
mod state;

use leader::{Leader, leader};
use node::NodeState;
use state::PartitionState;

/// All assigned partitions.
#[derive(Debug)]
pub(super) struct Positions {
    states: HashMap<TopicPartition, PartitionState>,
    nodes: HashMap<i32, NodeState>,
    generation: u64,
    served: u64,
    limits: FetchLimits,
}

/// What of the configuration decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchLimits {
    /// Of all fetches together.
    pub(super) fetch_bytes_max: u32,
    pub(super) partition_bytes_max: u32,
    /// Of what is prepared for the polls to come, and again of what one of them hands over.
    pub(super) decompressed_bytes_max: usize,
    /// No answer can be larger, so asking for more is futile.
    pub(super) response_bytes_max: usize,
    pub(super) reset: OffsetReset,
    pub(super) backoff: Backoff,
    /// A partition that fails for longer is an error.
    pub(super) patience: Duration,
}

/// All that can be asked now; it counts as under way.
#[derive(Debug, Default)]
pub(super) struct DueRequests {
    /// At most one a node.
    pub(super) fetches: Vec<FetchPlan>,
    /// By node.
    pub(super) lookups: BTreeMap<i32, Vec<OffsetLookup>>,
    /// Partitions that nobody can be asked for, to be handled as failed.
    pub(super) failures: Vec<(TopicPartition, Error)>,
}

/// What one partition asks of its leader.
#[derive(Debug)]
enum PartitionRequest {
    Fetch(FetchTarget),
    Lookup(OffsetLookup),
}

/// What to ask one node for.
#[derive(Debug)]
pub(super) struct FetchPlan {
    pub(super) node: i32,
    pub(super) bytes_max: u32,
    /// So much of the answer may be decompressed before it is polled.
    pub(super) prepared_bytes_max: usize,
    pub(super) partitions: Vec<FetchTarget>,
}

/// What to ask of one partition.
#[derive(Clone, Debug)]
pub(super) struct FetchTarget {
    pub(super) topic_partition: TopicPartition,
    pub(super) topic_id: Uuid,
    pub(super) generation: u64,
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) bytes_max: u32,
}

/// Offsets to be looked up.
#[derive(Clone, Debug)]
pub(super) struct OffsetLookup {
    pub(super) topic_partition: TopicPartition,
    pub(super) generation: u64,
    pub(super) kind: LookupKind,
}

/// Which offsets are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookupKind {
    /// What a position stands for.
    Position(Position),
    /// Where the log begins and ends, for an error that names both.
    Range,
}

/// What a fetch told of a partition, beside records.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogStatus {
    pub(super) high_watermark: i64,
    pub(super) last_stable: i64,
    /// There were bytes in it.
    pub(super) has_bytes: bool,
}

/// How far a piece of a fetch came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) next_offset: i64,
    /// There were bytes, but no whole batch.
    pub(super) cut: bool,
    /// More of it is still to be read.
    pub(super) more: bool,
}

/// What became of an answer.
#[derive(Debug)]
pub(super) enum PartitionOutcome {
    /// The position moved, and the records are the user's.
    Moved,
    /// Nothing to hand over.
    Nothing,
    /// It is tried again; the metadata of the cluster may be old.
    Retry,
    /// The user must know.
    Fail(Error),
}

impl Positions {
    pub(super) fn new(limits: FetchLimits) -> Self {
        Self { states: HashMap::new(), nodes: HashMap::new(), generation: 0, served: 0, limits }
    }

    /// Replaces the assignment. What is under way for the old one is void.
    pub(super) fn assign(&mut self, assignments: Vec<Assignment>) {
        self.states.clear();
        self.add(assignments);
    }

    /// Adds partitions. Those that are read already go on as they are; one that was read before and removed begins
    /// where it is told now.
    pub(super) fn add(&mut self, assignments: Vec<Assignment>) {
        for Assignment { topic, partition, position, topic_id } in assignments {
            self.generation += 1;
            let topic_id = topic_id.unwrap_or(Uuid::ZERO);
            let state = PartitionState::new(position, topic_id, self.generation, &self.limits);
            self.states.insert(TopicPartition { topic, partition }, state);
        }
    }

    /// Takes a partition away; false when it is not assigned. What is under way for it is void, and nothing else is.
    pub(super) fn remove(&mut self, of: &TopicPartition) -> bool {
        self.states.remove(of).is_some()
    }

    /// Whether the partition is assigned.
    pub(super) fn contains(&self, of: &TopicPartition) -> bool {
        self.states.contains_key(of)
    }

    /// The partitions assigned, in no order.
    pub(super) fn partitions(&self) -> impl Iterator<Item = &TopicPartition> {
        self.states.keys()
    }

    /// Moves a partition; false when it is not assigned.
    pub(super) fn seek(&mut self, of: &TopicPartition, position: Position) -> bool {
        self.generation += 1;
        let generation = self.generation;
        let Some(state) = self.states.get_mut(of) else { return false };
        *state = state.moved(position, generation, &self.limits);
        true
    }

    /// Stops or resumes a partition; false when it is not assigned. What is under way for it is void.
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

    /// The topics assigned, each once.
    pub(super) fn topics(&self) -> Vec<Arc<str>> {
        let topics: HashSet<&Arc<str>> = self.states.keys().map(|of| &of.topic).collect();
        topics.into_iter().cloned().collect()
    }

    /// The next offset to be read, once it is known.
    pub(super) fn position(&self, of: &TopicPartition) -> Option<i64> {
        self.states.get(of)?.offset()
    }

    /// How many offsets lie between the position and the end that this isolation level can read to.
    pub(super) fn lag(&self, of: &TopicPartition, committed_only: bool) -> Option<i64> {
        let state = self.states.get(of)?;
        let end = if committed_only { state.last_stable } else { state.high_watermark };
        Some(end?.saturating_sub(self.position(of)?).max(0))
    }

    /// What to ask for now, node by node.
    pub(super) fn poll(&mut self, now: Instant, metadata: &Metadata) -> DueRequests {
        let mut requests = DueRequests::default();
        let mut leaders = HashSet::new();
        let mut plans: BTreeMap<i32, Vec<(u64, FetchTarget)>> = BTreeMap::new();
        for (of, state) in &mut self.states {
            let leader = leader(of, state, metadata);
            leaders.extend(leader.as_ref().ok().map(|leader| leader.node));
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
            if state.is_ready_to_fetch() && self.nodes.get(&leader.node).is_some_and(|node| !node.is_due(now))
            {
                continue;
            }
            match state.next_request(of, leader, now) {
                PartitionRequest::Fetch(target) => {
                    plans.entry(leader.node).or_default().push((state.served, target))
                }
                PartitionRequest::Lookup(lookup) => {
                    requests.lookups.entry(leader.node).or_default().push(lookup)
                }
            }
        }
        let count = leaders.len().max(1);
        requests.fetches = plans.into_iter().map(|(node, target)| self.plan(node, count, target)).collect();
        requests
    }

    /// A fetch from one of so many leaders: each has its share of the bytes.
    fn plan(&mut self, node: i32, leaders: usize, mut target: Vec<(u64, FetchTarget)>) -> FetchPlan {
        target.sort_by(|(a, x), (b, y)| (a, &x.topic_partition).cmp(&(b, &y.topic_partition)));
        let FetchLimits { fetch_bytes_max, decompressed_bytes_max, backoff, .. } = self.limits;
        let share = fetch_bytes_max / u32::try_from(leaders).unwrap_or(u32::MAX);
        // Those that were granted when there were fewer leaders may have more than their share.
        let granted: usize = self.nodes.values().map(|node| node.prepared_bytes_max).sum();
        let left = decompressed_bytes_max.saturating_sub(granted);
        let prepared_bytes_max = left.min(decompressed_bytes_max / leaders);
        let at = self.nodes.entry(node).or_insert_with(|| NodeState::new(backoff));
        (at.busy, at.prepared_bytes_max) = (true, prepared_bytes_max);
        let partitions = target.into_iter().map(|(_, target)| target).collect();
        FetchPlan { node, bytes_max: share.max(1), prepared_bytes_max, partitions }
    }

    /// A node's fetch came to an end, and all that it brought was handed over.
    pub(super) fn handle_answered(&mut self, node: i32, empty_early: bool, now: Instant, chance: f64) {
        let Some(at) = self.nodes.get_mut(&node) else { return };
        if let Some(wait) = at.handle_answered(empty_early, now, chance) {
            let wait_ms = wait.as_millis();
            tracing::warn!(node, wait_ms, "fetches are answered at once and empty, so they wait in between");
        }
    }

    /// Whether what was asked for the partition then is still of use.
    pub(super) fn is_current(&self, target: &FetchTarget) -> bool {
        self.states.get(&target.topic_partition).is_some_and(|state| state.generation == target.generation)
    }

    /// A position was looked up.
    pub(super) fn handle_found(&mut self, of: &TopicPartition, generation: u64, offset: i64) {
        if let Some(state) = self.current(of, generation) {
            state.handle_found(offset);
        }
    }

    /// The range of a log was looked up, for an offset that is not within it.
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

    /// A broker answered a fetch of this partition as asked; a reset that it confirms comes before its records.
    pub(super) fn handle_fetched(
        &mut self,
        target: &FetchTarget,
        status: LogStatus,
    ) -> Option<PositionReset> {
        let state = self.current(&target.topic_partition, target.generation)?;
        state.high_watermark = Some(status.high_watermark);
        state.last_stable = Some(status.last_stable).filter(|offset| *offset >= 0);
        let reset = state.confirm(target);
        if !status.has_bytes {
            state.busy = false;
            state.succeed();
        }
        reset
    }

    /// A piece of what was fetched was read.
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
        state.position = Position::Offset(progress.next_offset);
        PartitionOutcome::Moved
    }

    /// A fetch or a lookup of this partition failed.
    pub(super) fn handle_failed(
        &mut self,
        of: &TopicPartition,
        generation: u64,
        error: Error,
        now: Instant,
        chance: f64,
        clock_ms: i64,
    ) -> PartitionOutcome {
        let limits = self.limits;
        let Some(state) = self.current(of, generation) else { return PartitionOutcome::Nothing };
        state.busy = false;
        let since = *state.failing_since.get_or_insert(now);
        state.not_before = Some(now + state.backoff.wait(chance));
        match error.code() {
            Some(ErrorCode::OFFSET_OUT_OF_RANGE) => {
                let position = reset(limits.reset, clock_ms);
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

    /// The generation that an error without an answer belongs to.
    pub(super) fn generation(&self, of: &TopicPartition) -> u64 {
        self.states.get(of).map_or(0, |state| state.generation)
    }

    /// When a partition that waits may be looked at again. What is due already waits for something else.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let partitions = self.states.values().filter_map(|state| state.deadline(now, self.limits.patience));
        partitions.chain(self.nodes.values().filter_map(|node| node.deadline(now))).min()
    }

    fn current(&mut self, of: &TopicPartition, generation: u64) -> Option<&mut PartitionState> {
        self.states.get_mut(of).filter(|state| state.generation == generation)
    }
}

fn reset(policy: OffsetReset, clock_ms: i64) -> Option<Position> {
    match policy {
        OffsetReset::Earliest => Some(Position::Earliest),
        OffsetReset::Latest => Some(Position::Latest),
        OffsetReset::ByDuration(age) => Some(Position::Timestamp(
            clock_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX)),
        )),
        OffsetReset::None => None,
    }
}

#[cfg(test)]
mod tests;
