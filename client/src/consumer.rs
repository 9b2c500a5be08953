//! Reads partitions that the caller assigns, and keeps offsets for groups.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use upsert_kafka_protocol::records::Corrupt;

use crate::cluster::{Cluster, Metadata, Want};
use crate::environment::until;
use crate::retry::{Backoff, Chance};
use crate::{Config, Error, ErrorKind, IsolationLevel};

mod assignment;
mod completed_fetch;
mod fetched;
mod fetcher;
mod group;
mod offsets;
mod position;
mod reset;

pub use assignment::{Assignment, Position, TopicPartition};
pub use fetched::{ConsumerRecord, Fetched, PartitionRecords, Records};
use fetcher::{Answer, Arrived, Budget, Fetch};
pub use group::{Commit, Committed};
pub use offsets::OffsetSpec;
use position::{Limits, Lookup, Positions, Progress, Sought, Verdict, Wanted};
pub use reset::{PositionReset, ResetCause};

/// A consumer. While the caller works on what one poll gave, the next fetches are already under way, one per node:
/// all of them together hold at most `fetch.max.bytes`, save that the first batch of each may be larger. What
/// they hold compressed is handed over in pieces: [`Config::fetch_max_decompressed_bytes`] bounds each.
pub struct Consumer {
    cluster: Cluster,
    view: watch::Receiver<Arc<Metadata>>,
    positions: Positions,
    /// Topics that the cluster's task must still be told of.
    untold: Vec<Arc<str>>,
    jobs: JoinSet<Done>,
    /// Answers of which something is still to be handed over, in the order in which they came.
    answers: VecDeque<Answer>,
    failures: VecDeque<Error>,
    chance: Chance,
}

/// What was looked up.
#[derive(Clone, Copy)]
enum Found {
    Offset(i64),
    Range(i64, i64),
}

/// What a job of the consumer came to.
enum Done {
    Fetched(Answer),
    Found(Vec<(Lookup, Result<Found, Error>)>),
}

impl Consumer {
    pub(crate) fn new(cluster: Cluster) -> Self {
        let config = cluster.config();
        let limits = Limits {
            fetch_bytes_max: config.fetch_max_bytes,
            partition_bytes_max: config.max_partition_fetch_bytes,
            decompressed_bytes_max: config.fetch_max_decompressed_bytes,
            response_bytes_max: config.response_bytes_max,
            reset: config.auto_offset_reset,
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
            patience: config.default_api_timeout,
        };
        Self {
            view: cluster.watch(),
            positions: Positions::new(limits),
            untold: Vec::new(),
            jobs: JoinSet::new(),
            answers: VecDeque::new(),
            failures: VecDeque::new(),
            chance: cluster.environment().chance(),
            cluster,
        }
    }

    /// Replaces what is read. Topics are looked for by the next poll.
    pub fn assign(&mut self, assignments: Vec<Assignment>) {
        self.failures.clear();
        self.positions.assign(assignments);
        self.untold = self.positions.topics();
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
            if let Some(error) = self.failures.pop_front() {
                return Err(error);
            }
            let fetched = self.hand_over();
            // While the caller works on that, the next fetches are under way.
            self.start();
            if let Some(fetched) = fetched {
                return Ok(fetched);
            }
            if !self.failures.is_empty() {
                continue;
            }
            let due = self.positions.deadline(self.cluster.now());
            // Every branch is cancel-safe: what a job brought is dealt with before the next await.
            tokio::select! {
                Some(done) = self.jobs.join_next() => {
                    self.settle(finished(done)?);
                }
                changed = self.view.changed() => {
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
    pub async fn list_offsets(&self, wanted: &[(TopicPartition, OffsetSpec)]) -> Result<Vec<i64>, Error> {
        offsets::find(&self.cluster, wanted).await
    }

    /// The offsets of all partitions of a topic; it is not created by asking.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once when the topic is not allowed.
    pub async fn offsets(&self, topic: &str, spec: OffsetSpec) -> Result<Vec<(i32, i64)>, Error> {
        let deadline = self.cluster.now() + self.config().default_api_timeout;
        let known = self.cluster.topic(topic, Want::WhileUsed, deadline).await?;
        let of = |index| TopicPartition { topic: Arc::clone(&known.name), partition: index };
        let wanted: Vec<_> = known.partitions.iter().map(|partition| (of(partition.index), spec)).collect();
        let found = offsets::find(&self.cluster, &wanted).await?;
        Ok(wanted.into_iter().map(|(of, _)| of.partition).zip(found).collect())
    }

    /// The offsets that a group has committed for these partitions.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once what trying again does not mend.
    pub async fn committed(&self, group: &str, of: &[TopicPartition]) -> Result<Vec<Committed>, Error> {
        group::committed(&self.cluster, group, of).await
    }

    /// Keeps offsets for a group that has no members.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once what trying again does not mend; some may be kept.
    pub async fn commit(&self, group: &str, offsets: &[Commit]) -> Result<(), Error> {
        group::commit(&self.cluster, group, offsets).await
    }

    fn config(&self) -> &Config {
        self.cluster.config()
    }

    /// Sets everything under way that can be.
    fn start(&mut self) {
        let now = self.cluster.now();
        // A full mailbox empties soon: the view that comes then leads here again.
        self.untold.retain(|topic| !self.cluster.want(topic, Want::Lasting));
        let view = Arc::clone(&self.view.borrow_and_update());
        let work = self.positions.poll(now, &view);
        for (node, lookups) in work.lookups {
            let cluster = self.cluster.clone();
            self.jobs.spawn(async move { Done::Found(look_up(cluster, node, lookups).await) });
        }
        for plan in work.fetches {
            let cluster = self.cluster.clone();
            self.jobs.spawn(async move { Done::Fetched(fetcher::fetch(cluster, plan).await) });
        }
        for (of, error) in work.failures {
            let generation = self.positions.generation(&of);
            self.failed(&of, generation, error);
        }
    }

    fn settle(&mut self, done: Done) {
        match done {
            Done::Fetched(answer) => self.answers.push_back(answer),
            Done::Found(found) => {
                for (Lookup { of, generation, .. }, found) in found {
                    match found {
                        Ok(Found::Offset(offset)) => self.positions.handle_found(&of, generation, offset),
                        Ok(Found::Range(start, end)) => {
                            let verdict = self.positions.handle_range(&of, generation, (start, end));
                            self.tell(verdict);
                        }
                        Err(error) => self.failed(&of, generation, error),
                    }
                }
            }
        }
    }

    /// What comes next of the answers that are here, up to the bound for decompressed bytes.
    fn hand_over(&mut self) -> Option<Fetched> {
        while let Some(mut answer) = self.answers.pop_front() {
            let mut fetched = Fetched::default();
            if self.take_all(&mut answer, &mut fetched) {
                let (now, chance) = (self.cluster.now(), self.chance.draw());
                self.positions.handle_answered(answer.node, answer.empty_early, now, chance);
            } else {
                self.answers.push_front(answer);
            }
            if !fetched.partitions.is_empty() || !fetched.resets.is_empty() {
                return Some(fetched);
            }
        }
        None
    }

    /// Moves what may be handed over at once; says whether that was all of the answer. What is prepared goes
    /// without what is not: the caller has work already.
    fn take_all(&mut self, answer: &mut Answer, fetched: &mut Fetched) -> bool {
        let mut budget = Budget::new(self.config().fetch_max_decompressed_bytes);
        while let Some(Fetch { wanted, came }) = answer.partitions.front_mut() {
            let whole = match came {
                _ if !self.positions.is_current(wanted) => true,
                Ok(arrived) => self.take(wanted, arrived, &mut budget, fetched),
                Err(error) => {
                    self.failed(&wanted.of, wanted.generation, error.clone());
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
    fn take(
        &mut self,
        wanted: &Wanted,
        arrived: &mut Arrived,
        budget: &mut Budget,
        fetched: &mut Fetched,
    ) -> bool {
        if let Some(told) = arrived.told.take() {
            if let Some(reset) = self.positions.handle_fetched(wanted, told) {
                tracing::warn!(topic = &*wanted.of.topic, partition = wanted.of.partition, "{reset}");
                fetched.resets.push(reset);
            }
            if !told.has_bytes {
                return true;
            }
        }
        let piece = match arrived.next_piece(budget) {
            None => return false,
            Some(Ok(piece)) => piece,
            Some(Err(corrupt)) => {
                self.failed(&wanted.of, wanted.generation, wanted.of.named(unreadable(&corrupt)));
                return true;
            }
        };
        let (is_full, now, chance) = (piece.is_full, self.cluster.now(), self.chance.draw());
        let progress = Progress { next_offset: piece.next_offset, cut: piece.cut, more: is_full };
        let verdict = self.positions.handle_read(wanted, progress, now, chance);
        if matches!(verdict, Verdict::Moved) {
            fetched.partitions.push(PartitionRecords::new(wanted, arrived.high_watermark, piece));
        }
        self.tell(verdict);
        !is_full
    }

    /// Keeps what the user must know until it is asked for.
    fn tell(&mut self, verdict: Verdict) {
        if let Verdict::Fail(error) = verdict {
            self.failures.push_back(error);
        }
    }

    fn failed(&mut self, of: &TopicPartition, generation: u64, error: Error) {
        let stale = error.refreshes_metadata();
        let clock_ms = self.cluster.environment().clock().unix_ms();
        let verdict = self.positions.handle_failed(
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
        self.tell(verdict);
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer").field("positions", &self.positions).finish_non_exhaustive()
    }
}

/// Asks a leader for all these at once.
async fn look_up(cluster: Cluster, node: i32, lookups: Vec<Lookup>) -> Vec<(Lookup, Result<Found, Error>)> {
    let mut wanted = Vec::new();
    for Lookup { of, sought, .. } in &lookups {
        let specs = match sought {
            Sought::Position(position) => &[OffsetSpec::of(*position)][..],
            Sought::Range => &[OffsetSpec::Earliest, OffsetSpec::Latest],
        };
        wanted.extend(specs.iter().map(|spec| (of.clone(), *spec)));
    }
    let mut found = offsets::ask_leader(cluster, node, wanted).await.into_iter();
    let mut next = || found.next().unwrap_or_else(|| Err(offsets::left_out()));
    let told = |lookup: Lookup| {
        let found = match lookup.sought {
            Sought::Position(_) => next().map(Found::Offset),
            Sought::Range => {
                let (start, end) = (next(), next());
                start.and_then(|start| Ok(Found::Range(start, end?)))
            }
        };
        (lookup, found)
    };
    lookups.into_iter().map(told).collect()
}

/// What a job brought. Its panic is ours; a runtime that shuts down cancels it.
fn finished(done: Result<Done, JoinError>) -> Result<Done, Error> {
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
