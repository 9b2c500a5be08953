//! Where each assigned partition stands, what may be fetched next and from whom, and when to try again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::assignment::{Assignment, Position, TopicPartition};
use crate::cluster::Metadata;
use crate::config::OffsetReset;
use crate::retry::Backoff;
use crate::{Error, ErrorKind};

/// All assigned partitions.
#[derive(Debug)]
pub(super) struct Positions {
    states: HashMap<TopicPartition, State>,
    /// Nodes with a fetch under way or waiting to be polled: one each, which bounds what is buffered.
    busy_nodes: HashSet<i32>,
    generation: u64,
    served: u64,
    limits: Limits,
}

/// What of the configuration decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of all fetches together.
    pub(super) fetch_bytes_max: u32,
    pub(super) partition_bytes_max: u32,
    /// No answer can be larger, so asking for more is futile.
    pub(super) response_bytes_max: usize,
    pub(super) reset: OffsetReset,
    pub(super) backoff: Backoff,
    /// A partition that fails for longer is an error.
    pub(super) patience: Duration,
}

#[derive(Debug)]
struct State {
    position: Position,
    /// Changes with each seek: answers to what was asked before are void.
    generation: u64,
    busy: bool,
    paused: bool,
    /// Not tried before this.
    not_before: Option<Instant>,
    backoff: Backoff,
    failing_since: Option<Instant>,
    high_watermark: Option<i64>,
    last_stable: Option<i64>,
    bytes_max: u32,
    /// When it last got something, in fetches: the longest unserved goes first.
    served: u64,
}

/// What to ask one node for.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) node: i32,
    pub(super) bytes_max: u32,
    pub(super) partitions: Vec<Wanted>,
}

/// What to ask of one partition.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) of: TopicPartition,
    pub(super) topic_id: Uuid,
    pub(super) generation: u64,
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) bytes_max: u32,
}

/// A position to be looked up.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) of: TopicPartition,
    pub(super) generation: u64,
    pub(super) position: Position,
}

/// What a fetch told of a partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) next_offset: i64,
    pub(super) high_watermark: i64,
    pub(super) last_stable: i64,
    /// There were bytes, but no whole batch.
    pub(super) cut: bool,
}

/// What became of an answer.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The position moved, and the records are the user's.
    Moved,
    /// Nothing to hand over.
    Nothing,
    /// It is tried again; the view of the cluster may be old.
    Retry,
    /// The user must know.
    Fail(Error),
}

impl Positions {
    pub(super) fn new(limits: Limits) -> Self {
        Self { states: HashMap::new(), busy_nodes: HashSet::new(), generation: 0, served: 0, limits }
    }

    /// Replaces the assignment. What is under way for the old one is void.
    pub(super) fn assign(&mut self, assignments: Vec<Assignment>) {
        self.states.clear();
        for Assignment { topic, partition, position } in assignments {
            self.generation += 1;
            let state = State::new(position, self.generation, &self.limits);
            self.states.insert(TopicPartition { topic, partition }, state);
        }
    }

    /// Moves a partition; false when it is not assigned.
    pub(super) fn seek(&mut self, of: &TopicPartition, position: Position) -> bool {
        self.generation += 1;
        let generation = self.generation;
        let Some(state) = self.states.get_mut(of) else { return false };
        let (paused, limits) = (state.paused, &self.limits);
        *state = State { paused, ..State::new(position, generation, limits) };
        true
    }

    /// Stops or resumes a partition; false when it is not assigned. What is under way for it is void.
    pub(super) fn pause(&mut self, of: &TopicPartition, paused: bool) -> bool {
        self.generation += 1;
        let generation = self.generation;
        let Some(state) = self.states.get_mut(of) else { return false };
        if paused && !state.paused {
            (state.generation, state.busy) = (generation, false);
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
        match self.states.get(of)?.position {
            Position::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    /// How many offsets lie between the position and the end that this isolation level can read to.
    pub(super) fn lag(&self, of: &TopicPartition, committed_only: bool) -> Option<i64> {
        let state = self.states.get(of)?;
        let end = if committed_only { state.last_stable } else { state.high_watermark };
        Some((end? - self.position(of)?).max(0))
    }

    /// The positions that must be looked up now; they count as under way.
    pub(super) fn poll_lookups(&mut self, now: Instant) -> Vec<Lookup> {
        let due = self.states.iter_mut().filter(|(_, state)| state.is_due(now) && !state.is_known());
        due.map(|(of, state)| {
            state.busy = true;
            state.failing_since.get_or_insert(now);
            Lookup { of: of.clone(), generation: state.generation, position: state.position }
        })
        .collect()
    }

    /// What to fetch now, node by node; all of it counts as under way. Partitions without a leader come back
    /// as failures to be handled.
    pub(super) fn poll_fetches(
        &mut self,
        now: Instant,
        view: &Metadata,
    ) -> (Vec<Plan>, Vec<(TopicPartition, Error)>) {
        let mut leaders = HashSet::new();
        let mut plans: BTreeMap<i32, Vec<(u64, Wanted)>> = BTreeMap::new();
        let mut leaderless = Vec::new();
        for (of, state) in &mut self.states {
            let leader = leader(of, view);
            leaders.extend(leader.as_ref().ok().map(|leader| leader.node));
            let Position::Offset(offset) = state.position else { continue };
            if !state.is_due(now)
                || leader.as_ref().is_ok_and(|leader| self.busy_nodes.contains(&leader.node))
            {
                continue;
            }
            match leader {
                Ok(leader) => {
                    state.busy = true;
                    let wanted = Wanted {
                        of: of.clone(),
                        topic_id: leader.topic_id,
                        generation: state.generation,
                        offset,
                        leader_epoch: leader.epoch,
                        bytes_max: state.bytes_max,
                    };
                    plans.entry(leader.node).or_default().push((state.served, wanted));
                }
                Err(Some(error)) => leaderless.push((of.clone(), error)),
                // The topic is being asked for, and nothing is known against it.
                Err(None) => {}
            }
        }
        let share = self.limits.fetch_bytes_max / u32::try_from(leaders.len().max(1)).unwrap_or(u32::MAX);
        self.busy_nodes.extend(plans.keys());
        (plans.into_iter().map(|(node, wanted)| Plan::new(node, share, wanted)).collect(), leaderless)
    }

    /// A node's fetch came to an end, whatever it brought.
    pub(super) fn handle_answered(&mut self, node: i32) {
        self.busy_nodes.remove(&node);
    }

    /// A position was looked up.
    pub(super) fn handle_found(&mut self, of: &TopicPartition, generation: u64, offset: i64) {
        if let Some(state) = self.current(of, generation) {
            state.succeed();
            state.position = Position::Offset(offset);
        }
    }

    /// A fetch brought something, or that there is nothing.
    pub(super) fn handle_fetched(&mut self, wanted: &Wanted, progress: Progress) -> Verdict {
        self.served += 1;
        let (served, limits) = (self.served, self.limits);
        let Some(state) = self.current(&wanted.of, wanted.generation) else { return Verdict::Nothing };
        state.succeed();
        state.high_watermark = Some(progress.high_watermark);
        state.last_stable = Some(progress.last_stable).filter(|offset| *offset >= 0);
        if progress.cut {
            return state.widen(wanted, limits.response_bytes_max);
        }
        if progress.next_offset <= wanted.offset {
            return Verdict::Nothing;
        }
        state.served = served;
        state.bytes_max = limits.partition_bytes_max;
        state.position = Position::Offset(progress.next_offset);
        Verdict::Moved
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
    ) -> Verdict {
        let limits = self.limits;
        let Some(state) = self.current(of, generation) else { return Verdict::Nothing };
        state.busy = false;
        if error.code() == Some(ErrorCode::OFFSET_OUT_OF_RANGE)
            && let Some(position) = reset(limits.reset, clock_ms)
        {
            tracing::info!(
                topic = &*of.topic,
                partition = of.partition,
                ?position,
                "offset out of range, reset"
            );
            state.position = position;
            return Verdict::Retry;
        }
        let since = *state.failing_since.get_or_insert(now);
        state.not_before = Some(now + state.backoff.wait(chance));
        if error.is_retriable() && now.saturating_duration_since(since) < limits.patience {
            return Verdict::Retry;
        }
        state.failing_since = None;
        Verdict::Fail(error)
    }

    /// The generation that an error without an answer belongs to.
    pub(super) fn generation(&self, of: &TopicPartition) -> u64 {
        self.states.get(of).map_or(0, |state| state.generation)
    }

    /// When a partition that waits may be tried again. What is due already waits for something else.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let waiting = self.states.values().filter(|state| !state.busy && !state.paused);
        waiting.filter_map(|state| state.not_before.filter(|at| *at > now)).min()
    }

    fn current(&mut self, of: &TopicPartition, generation: u64) -> Option<&mut State> {
        self.states.get_mut(of).filter(|state| state.generation == generation)
    }
}

impl State {
    fn new(position: Position, generation: u64, limits: &Limits) -> Self {
        Self {
            position,
            generation,
            busy: false,
            paused: false,
            not_before: None,
            backoff: limits.backoff,
            failing_since: None,
            high_watermark: None,
            last_stable: None,
            bytes_max: limits.partition_bytes_max,
            served: 0,
        }
    }

    fn is_known(&self) -> bool {
        matches!(self.position, Position::Offset(_))
    }

    fn is_due(&self, now: Instant) -> bool {
        !self.busy && !self.paused && self.not_before.is_none_or(|at| at <= now)
    }

    fn succeed(&mut self) {
        self.busy = false;
        self.not_before = None;
        self.failing_since = None;
        self.backoff.reset();
    }

    /// Asks for twice as much next time, since the batch is larger than what was asked for.
    fn widen(&mut self, wanted: &Wanted, response_bytes_max: usize) -> Verdict {
        if self.bytes_max as usize >= response_bytes_max {
            let sentence = format!(
                "the batch at offset {} is larger than {response_bytes_max} bytes, the most that an answer may hold",
                wanted.offset
            );
            return Verdict::Fail(wanted.of.named(Error::new(ErrorKind::TooLarge, sentence)));
        }
        self.bytes_max = self.bytes_max.saturating_mul(2).clamp(1, i32::MAX.unsigned_abs());
        Verdict::Nothing
    }
}

impl Plan {
    fn new(node: i32, share: u32, mut wanted: Vec<(u64, Wanted)>) -> Self {
        wanted.sort_by(|(a, x), (b, y)| (a, &x.of).cmp(&(b, &y.of)));
        Self {
            node,
            bytes_max: share.max(1),
            partitions: wanted.into_iter().map(|(_, wanted)| wanted).collect(),
        }
    }
}

struct Leader {
    node: i32,
    epoch: i32,
    topic_id: Uuid,
}

/// The leader; or why there is none, where that is known yet.
fn leader(of: &TopicPartition, view: &Metadata) -> Result<Leader, Option<Error>> {
    let Some(topic) = view.topics.get(&of.topic) else {
        let missing = view.missing.get(&of.topic).map(|code| Error::from_code(*code, "Metadata"));
        return Err(missing.or_else(|| view.problem.clone()).map(|error| of.named(error)));
    };
    let Some(partition) = topic.partition(of.partition) else {
        let sentence = format!("the topic has {} partitions", topic.partitions.len());
        return Err(Some(of.named(Error::new(ErrorKind::UnknownTopic, sentence))));
    };
    match partition.leader {
        Some(node) => Ok(Leader { node, epoch: partition.leader_epoch, topic_id: topic.topic_id }),
        None => Err(Some(of.named(Error::from_code(ErrorCode::LEADER_NOT_AVAILABLE, "Metadata")))),
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
