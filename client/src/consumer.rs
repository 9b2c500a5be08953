//! Reads partitions that the caller assigns, and keeps offsets for groups.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use upsert_kafka_protocol::records::Corrupt;

use crate::cluster::{Cluster, Metadata, Want};
use crate::environment::until;
use crate::retry::{Backoff, Chance};
use crate::{Config, Error, ErrorKind, IsolationLevel};

mod assignment;
mod committed_offsets;
mod completed_fetch;
mod consumer_record;
mod fetched;
mod fetcher;
mod list_offsets;
mod owned_record;
mod position;
mod reset;

pub use assignment::{Assignment, Position, TopicPartition};
pub use committed_offsets::{Commit, Committed};
pub use consumer_record::ConsumerRecord;
pub use fetched::{Fetched, FetchedRecords, PartitionRecords, Records};
use fetcher::{FetchedPartition, NodeFetch, PartitionFetch, PollBudget};
pub use list_offsets::OffsetSpec;
pub use owned_record::{OwnedHeader, OwnedRecord, OwnedRecords};
use position::{FetchLimits, FetchTarget, LookupKind, OffsetLookup, PartitionOutcome, Positions, Progress};
pub use reset::{PositionReset, ResetCause};

/// A consumer. While the caller works on what one poll gave, the next fetches are already under way, one per node:
/// all of them together hold at most `fetch.max.bytes`, save that the first batch of each may be larger. What
/// they hold compressed is handed over in pieces: [`Config::fetch_max_decompressed_bytes`] bounds each.
pub struct Consumer {
    cluster: Cluster,
    metadata: watch::Receiver<Arc<Metadata>>,
    positions: Positions,
    /// Topics that the cluster's task must still be told of.
    unannounced: Vec<Arc<str>>,
    tasks: JoinSet<TaskOutput>,
    /// Answers of which something is still to be handed over, in the order in which they came.
    buffered: VecDeque<NodeFetch>,
    /// What the caller must be told, of which partition.
    failures: VecDeque<(TopicPartition, Error)>,
    chance: Chance,
}

/// What was looked up.
#[derive(Clone, Copy)]
enum FoundOffsets {
    Offset(i64),
    Range(i64, i64),
}

/// What a job of the consumer came to.
enum TaskOutput {
    Fetch(NodeFetch),
    Lookups(Vec<(OffsetLookup, Result<FoundOffsets, Error>)>),
}

impl Consumer {
    pub(crate) fn new(cluster: Cluster) -> Self {
        let config = cluster.config();
        let limits = FetchLimits {
            fetch_bytes_max: config.fetch_max_bytes,
            partition_bytes_max: config.max_partition_fetch_bytes,
            decompressed_bytes_max: config.fetch_max_decompressed_bytes,
            response_bytes_max: config.response_bytes_max,
            reset: config.auto_offset_reset,
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
            patience: config.default_api_timeout,
        };
        Self {
            metadata: cluster.watch(),
            positions: Positions::new(limits),
            unannounced: Vec::new(),
            tasks: JoinSet::new(),
            buffered: VecDeque::new(),
            failures: VecDeque::new(),
            chance: cluster.environment().chance(),
            cluster,
        }
    }

    /// Replaces what is read. Topics are looked for by the next poll.
    pub fn assign(&mut self, assignments: Vec<Assignment>) {
        self.failures.clear();
        self.positions.assign(assignments);
        self.unannounced = self.positions.topics();
        self.discard_stale();
    }

    /// Adds partitions to what is read. Those that are assigned already go on undisturbed: their positions and pauses,
    /// what was fetched of them and what is being fetched all stay.
    ///
    /// # Errors
    /// When one is assigned already or is named twice; then none is added.
    pub fn incremental_assign(&mut self, assignments: Vec<Assignment>) -> Result<(), Error> {
        let mut added = HashSet::new();
        for Assignment { topic, partition, .. } in &assignments {
            let of = TopicPartition::new(Arc::clone(topic), *partition);
            if self.positions.contains(&of) || !added.insert(of.clone()) {
                return Err(of.named(Error::new(ErrorKind::Usage, "assigned to the consumer already")));
            }
        }
        let known: HashSet<Arc<str>> = self.positions.topics().into_iter().collect();
        let topics: HashSet<Arc<str>> = added.into_iter().map(|of| of.topic).collect();
        self.unannounced.extend(topics.into_iter().filter(|topic| !known.contains(topic)));
        self.positions.add(assignments);
        Ok(())
    }

    /// Takes partitions away from what is read, with what was fetched of them and not yet handed over. The others go
    /// on undisturbed, as with [`Self::incremental_assign`]. [`Self::position`] tells where each stood, until then.
    ///
    /// # Errors
    /// When one is not assigned; then none is taken away.
    pub fn incremental_unassign(&mut self, of: &[TopicPartition]) -> Result<(), Error> {
        if let Some(stranger) = of.iter().find(|of| !self.positions.contains(of)) {
            return Err(not_assigned(stranger));
        }
        for of in of {
            self.positions.remove(of);
        }
        let topics = self.positions.topics();
        self.unannounced.retain(|topic| topics.contains(topic));
        self.discard_stale();
        Ok(())
    }

    /// The partitions that are read, paused ones too, in no order.
    pub fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.positions.partitions()
    }

    /// Waits for what comes next and hands it over; a partition in it has moved, if only past what is not for users.
    /// A topic that was deleted and created again is read from its beginning, and an offset out of range follows
    /// `auto.offset.reset`: [`Fetched::resets`] tells of both. What fails is tried again for
    /// `default.api.timeout.ms` before it is an error, and may be polled again after it.
    ///
    /// The future may be dropped at any time: nothing is lost, and the next poll goes on.
    ///
    /// # Errors
    /// An offset out of range where `auto.offset.reset` is `none`, with the range; a topic that is not there or not
    /// allowed, or was created again with fewer partitions; damaged records; a cluster out of reach. Each names
    /// topic and partition.
    pub async fn poll(&mut self) -> Result<Fetched, Error> {
        if self.positions.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "nothing is assigned to the consumer"));
        }
        loop {
            if let Some((_, error)) = self.failures.pop_front() {
                return Err(error);
            }
            let fetched = self.hand_over();
            // While the caller works on that, the next fetches are under way.
            self.start_requests();
            if let Some(fetched) = fetched {
                return Ok(fetched);
            }
            if !self.failures.is_empty() {
                continue;
            }
            let due = self.positions.deadline(self.cluster.now());
            // Every branch is cancel-safe: what a job brought is dealt with before the next await.
            tokio::select! {
                Some(done) = self.tasks.join_next() => {
                    self.handle_output(finished(done)?);
                }
                changed = self.metadata.changed() => {
                    changed.map_err(|_| Error::new(ErrorKind::Closed, "the client is closed"))?;
                }
                () = until(due) => {}
            }
        }
    }

    /// Reads on from there; what was fetched from elsewhere is dropped.
    ///
    /// # Errors
    /// When the partition is not assigned.
    pub fn seek(&mut self, of: &TopicPartition, position: Position) -> Result<(), Error> {
        if self.positions.seek(of, position) { Ok(()) } else { Err(not_assigned(of)) }
    }

    /// Stops reading these until they are resumed.
    ///
    /// # Errors
    /// When one is not assigned.
    pub fn pause(&mut self, of: &[TopicPartition]) -> Result<(), Error> {
        of.iter()
            .try_for_each(|of| if self.positions.pause(of, true) { Ok(()) } else { Err(not_assigned(of)) })
    }

    /// Reads these again.
    ///
    /// # Errors
    /// When one is not assigned.
    pub fn resume(&mut self, of: &[TopicPartition]) -> Result<(), Error> {
        of.iter()
            .try_for_each(|of| if self.positions.pause(of, false) { Ok(()) } else { Err(not_assigned(of)) })
    }

    /// The offset that is read next; `None` until it was looked up.
    pub fn position(&self, of: &TopicPartition) -> Option<i64> {
        self.positions.position(of)
    }

    /// How far the position is from the end, as of the last fetch.
    pub fn lag(&self, of: &TopicPartition) -> Option<i64> {
        self.positions.lag(of, self.config().isolation_level == IsolationLevel::ReadCommitted)
    }

    /// The offsets of many partitions at once, in their order: each leader is asked in one request, whatever the
    /// topics; where a partition is named more than once, in as many as it is named. A time that no record has
    /// reached gives the end. No topic is created by asking.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once when a topic is not allowed or does not have the partition.
    pub async fn list_offsets(&self, target: &[(TopicPartition, OffsetSpec)]) -> Result<Vec<i64>, Error> {
        list_offsets::list_offsets(&self.cluster, target).await
    }

    /// The offsets of all partitions of a topic; it is not created by asking.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once when the topic is not allowed.
    pub async fn offsets(&self, topic: &str, spec: OffsetSpec) -> Result<Vec<(i32, i64)>, Error> {
        let deadline = self.cluster.now() + self.config().default_api_timeout;
        let known = self.cluster.topic(topic, Want::WhileUsed, deadline).await?;
        let of = |index| TopicPartition { topic: Arc::clone(&known.name), partition: index };
        let target: Vec<_> = known.partitions.iter().map(|partition| (of(partition.index), spec)).collect();
        let found = list_offsets::list_offsets(&self.cluster, &target).await?;
        Ok(target.into_iter().map(|(of, _)| of.partition).zip(found).collect())
    }

    /// The offsets that a group has committed for these partitions.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once what trying again does not mend.
    pub async fn committed(&self, group: &str, of: &[TopicPartition]) -> Result<Vec<Committed>, Error> {
        committed_offsets::committed(&self.cluster, group, of).await
    }

    /// Keeps offsets for a group that has no members.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once what trying again does not mend; some may be kept.
    pub async fn commit(&self, group: &str, offsets: &[Commit]) -> Result<(), Error> {
        committed_offsets::commit(&self.cluster, group, offsets).await
    }

    fn config(&self) -> &Config {
        self.cluster.config()
    }

    /// Sets everything under way that can be.
    fn start_requests(&mut self) {
        let now = self.cluster.now();
        // A full mailbox empties soon: the view that comes then leads here again.
        self.unannounced.retain(|topic| !self.cluster.want(topic, Want::Lasting));
        let metadata = Arc::clone(&self.metadata.borrow_and_update());
        let requests = self.positions.poll(now, &metadata);
        for (node, lookups) in requests.lookups {
            let cluster = self.cluster.clone();
            self.tasks.spawn(async move { TaskOutput::Lookups(look_up(cluster, node, lookups).await) });
        }
        for plan in requests.fetches {
            let cluster = self.cluster.clone();
            self.tasks.spawn(async move { TaskOutput::Fetch(fetcher::fetch(cluster, plan).await) });
        }
        for (of, error) in requests.failures {
            let generation = self.positions.generation(&of);
            self.handle_failed(&of, generation, error);
        }
    }

    fn handle_output(&mut self, done: TaskOutput) {
        match done {
            TaskOutput::Fetch(answer) => self.buffered.push_back(answer),
            TaskOutput::Lookups(found) => {
                for (OffsetLookup { topic_partition: of, generation, .. }, found) in found {
                    match found {
                        Ok(FoundOffsets::Offset(offset)) => {
                            self.positions.handle_found(&of, generation, offset)
                        }
                        Ok(FoundOffsets::Range(start, end)) => {
                            let outcome = self.positions.handle_range(&of, generation, (start, end));
                            self.report(&of, outcome);
                        }
                        Err(error) => self.handle_failed(&of, generation, error),
                    }
                }
            }
        }
    }

    /// What comes next of the answers that are here, up to the bound for decompressed bytes.
    fn hand_over(&mut self) -> Option<Fetched> {
        while let Some(mut answer) = self.buffered.pop_front() {
            let mut fetched = Fetched::default();
            if self.take_from_node(&mut answer, &mut fetched) {
                let (now, chance) = (self.cluster.now(), self.chance.draw());
                self.positions.handle_answered(answer.node, answer.empty_early, now, chance);
            } else {
                self.buffered.push_front(answer);
            }
            if !fetched.partitions.is_empty() || !fetched.resets.is_empty() {
                return Some(fetched);
            }
        }
        None
    }

    /// Moves what may be handed over at once; says whether that was all of the answer. What is prepared goes
    /// without what is not: the caller has work already.
    fn take_from_node(&mut self, answer: &mut NodeFetch, fetched: &mut Fetched) -> bool {
        let mut budget = PollBudget::new(self.config().fetch_max_decompressed_bytes);
        while let Some(PartitionFetch { target, result }) = answer.partitions.front_mut() {
            let whole = match result {
                _ if !self.positions.is_current(target) => true,
                Ok(partition) => self.take_piece(target, partition, &mut budget, fetched),
                Err(error) => {
                    self.handle_failed(&target.topic_partition, target.generation, error.clone());
                    true
                }
            };
            if !whole {
                return false;
            }
            answer.partitions.pop_front();
        }
        true
    }

    /// Moves the next piece of a partition; says whether nothing is left of it.
    fn take_piece(
        &mut self,
        target: &FetchTarget,
        partition: &mut FetchedPartition,
        budget: &mut PollBudget,
        fetched: &mut Fetched,
    ) -> bool {
        if let Some(status) = partition.status.take() {
            if let Some(reset) = self.positions.handle_fetched(target, status) {
                tracing::warn!(
                    topic = &*target.topic_partition.topic,
                    partition = target.topic_partition.partition,
                    "{reset}"
                );
                fetched.resets.push(reset);
            }
            if !status.has_bytes {
                return true;
            }
        }
        let piece = match partition.next_piece(budget) {
            None => return false,
            Some(Ok(piece)) => piece,
            Some(Err(corrupt)) => {
                self.handle_failed(
                    &target.topic_partition,
                    target.generation,
                    target.topic_partition.named(unreadable(&corrupt)),
                );
                return true;
            }
        };
        let (is_full, now, chance) = (piece.is_full, self.cluster.now(), self.chance.draw());
        let progress = Progress { next_offset: piece.next_offset, cut: piece.cut, more: is_full };
        let outcome = self.positions.handle_read(target, progress, now, chance);
        if matches!(outcome, PartitionOutcome::Moved) {
            fetched.partitions.push(PartitionRecords::new(target, partition.high_watermark, piece));
        }
        self.report(&target.topic_partition, outcome);
        !is_full
    }

    /// Keeps what the user must know until it is asked for.
    fn report(&mut self, of: &TopicPartition, outcome: PartitionOutcome) {
        if let PartitionOutcome::Fail(error) = outcome {
            self.failures.push_back((of.clone(), error));
        }
    }

    /// Frees what is held of partitions that are no longer read.
    fn discard_stale(&mut self) {
        let positions = &self.positions;
        self.failures.retain(|(of, _)| positions.contains(of));
        for answer in &mut self.buffered {
            answer.partitions.retain(|fetch| positions.is_current(&fetch.target));
        }
    }

    fn handle_failed(&mut self, of: &TopicPartition, generation: u64, error: Error) {
        let stale = error.refreshes_metadata();
        let clock_ms = self.cluster.environment().clock().unix_ms();
        let outcome = self.positions.handle_failed(
            of,
            generation,
            error,
            self.cluster.now(),
            self.chance.draw(),
            clock_ms,
        );
        if stale {
            self.cluster.refresh();
        }
        self.report(of, outcome);
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer").field("positions", &self.positions).finish_non_exhaustive()
    }
}

/// Asks a leader for all these at once.
async fn look_up(
    cluster: Cluster,
    node: i32,
    lookups: Vec<OffsetLookup>,
) -> Vec<(OffsetLookup, Result<FoundOffsets, Error>)> {
    let mut queries = Vec::new();
    for OffsetLookup { topic_partition, kind, .. } in &lookups {
        let specs = match kind {
            LookupKind::Position(position) => &[OffsetSpec::of(*position)][..],
            LookupKind::Range => &[OffsetSpec::Earliest, OffsetSpec::Latest],
        };
        queries.extend(specs.iter().map(|spec| (topic_partition.clone(), *spec)));
    }
    let mut found = list_offsets::ask_leader(cluster, node, queries).await.into_iter();
    let mut next = || found.next().unwrap_or_else(|| Err(list_offsets::missing_from_answer()));
    let answer = |lookup: OffsetLookup| {
        let found = match lookup.kind {
            LookupKind::Position(_) => next().map(FoundOffsets::Offset),
            LookupKind::Range => {
                let (start, end) = (next(), next());
                start.and_then(|start| Ok(FoundOffsets::Range(start, end?)))
            }
        };
        (lookup, found)
    };
    lookups.into_iter().map(answer).collect()
}

/// What a job brought. Its panic is ours; a runtime that shuts down cancels it.
fn finished(done: Result<TaskOutput, JoinError>) -> Result<TaskOutput, Error> {
    done.map_err(|failed| match failed.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Error::new(ErrorKind::Closed, "the runtime shuts down"),
    })
}

fn unreadable(corrupt: &Corrupt) -> Error {
    match corrupt.exceeds_limit() {
        true => Error::new(
            ErrorKind::TooLarge,
            format!("{corrupt} (fetch.max.decompressed.bytes); seek behind it, or raise the limit"),
        ),
        false => Error::new(ErrorKind::Corrupt, corrupt.to_string()),
    }
}

fn not_assigned(of: &TopicPartition) -> Error {
    of.named(Error::new(ErrorKind::Usage, "not assigned to the consumer"))
}

#[cfg(test)]
mod tests;
