//! What a poll does beside waiting: it takes in what its tasks brought, hands records over, and starts the next
//! tasks.
//!
//! All decisions are those of [`Positions`](super::position::Positions), which this shell asks for requests and
//! tells of every result. A request runs as a task of the runtime, so it goes on while nobody polls; its result
//! waits in the `JoinSet` until a poll takes it in.

use std::time::Instant;

use upsert_kafka_protocol::records::Corrupt;

use super::Consumer;
#[cfg(feature = "stream")]
use super::assignment::Position;
use super::assignment::TopicPartition;
use super::completed_fetch::Piece;
use super::epoch_end_lookup::EpochEndAnswer;
use super::fetched::Fetched;
use super::fetcher::{self, FetchedPartition, NodeFetch, PartitionFetch, PollBudget};
use super::offset_lookup::{FoundOffsets, look_up};
use super::partition_records::PartitionRecords;
use super::position::{EpochEnd, FetchTarget, OffsetLookup, PartitionOutcome, Progress};
use super::task_output::TaskOutput;
use crate::cluster::TopicInterest;
use crate::{Error, ErrorKind};

impl Consumer {
    /// Starts every request that the positions allow now, each as a task of its own.
    pub(super) fn start_requests(&mut self, now: Instant) {
        // The cluster's mailbox may be full. It empties soon, and the metadata that comes then leads here again.
        self.unannounced.retain(|topic| !self.cluster.track(topic, TopicInterest::Lasting));
        let metadata = self.metadata.see();
        let requests = self.positions.poll(now, &metadata);
        for (node, lookups) in requests.lookups {
            let cluster = self.cluster.clone();
            self.tasks.spawn(async move { TaskOutput::Lookups(look_up(cluster, node, lookups).await) });
        }
        for plan in requests.fetches {
            let cluster = self.cluster.clone();
            // One fetch a broker: nobody else has the session meanwhile. A task that is cancelled takes it along.
            let mut session = self.sessions.remove(&plan.node).unwrap_or_default();
            self.tasks.spawn(async move {
                let fetched = fetcher::fetch(cluster, plan, &mut session).await;
                TaskOutput::Fetch(fetched, session)
            });
        }
        if requests.misses_follower {
            self.cluster.refresh();
        }
        for (of, error) in requests.failures {
            let generation = self.positions.generation(&of);
            self.handle_failed(&of, generation, error);
        }
    }

    /// Takes in what a task brought: offsets count at once, records are handed over by a later step.
    pub(super) fn handle_output(&mut self, output: TaskOutput) {
        match output {
            TaskOutput::Fetch(fetch, session) => {
                match session.id() {
                    0 => _ = self.session_ids.remove(&fetch.node),
                    id => _ = self.session_ids.insert(fetch.node, id),
                }
                self.sessions.insert(fetch.node, session);
                self.buffered.push_back(fetch);
            }
            TaskOutput::Lookups(lookups) => {
                for (lookup, found) in lookups {
                    self.handle_lookup(lookup, found);
                }
            }
        }
    }

    fn handle_lookup(&mut self, lookup: OffsetLookup, found: Result<FoundOffsets, Error>) {
        let OffsetLookup { topic_partition: of, generation, .. } = lookup;
        match found {
            Ok(FoundOffsets::Offset(offset)) => self.positions.handle_found(&of, generation, offset),
            Ok(FoundOffsets::Range(start, end)) => {
                let outcome = self.positions.handle_range(&of, generation, (start, end));
                self.report(&of, outcome);
            }
            Ok(FoundOffsets::EpochEnd { leader_epoch, answer }) => {
                self.handle_epoch_end(&of, generation, leader_epoch, answer);
            }
            Err(error) => self.handle_failed(&of, generation, error),
        }
    }

    fn handle_epoch_end(
        &mut self,
        of: &TopicPartition,
        generation: u64,
        leader_epoch: i32,
        answer: EpochEndAnswer,
    ) {
        let end = match answer {
            EpochEndAnswer::End(end) => end,
            // As in Java, the position then counts as valid.
            EpochEndAnswer::Unsupported => Some(EpochEnd { epoch: leader_epoch, offset: i64::MAX }),
        };
        let (now, chance) = (self.cluster.now(), self.chance.draw());
        let unix_ms = self.cluster.environment().clock().unix_ms();
        let told = (leader_epoch, end);
        let outcome = self.positions.handle_epoch_end(of, generation, told, (now, chance), unix_ms);
        self.report(of, outcome);
    }

    /// The next records among the answers that have arrived, up to the bound for decompressed bytes; `None`
    /// when no answer has any.
    pub(super) fn hand_over(&mut self) -> Option<Fetched> {
        while let Some(mut fetch) = self.buffered.pop_front() {
            let mut fetched = Fetched::default();
            if self.take_from_node(&mut fetch, &mut fetched) {
                let (now, chance) = (self.cluster.now(), self.chance.draw());
                self.positions.handle_answered(fetch.node, fetch.empty_early, now, chance);
            } else {
                self.buffered.push_front(fetch);
            }
            if !fetched.partitions.is_empty() || !fetched.resets.is_empty() {
                return Some(fetched);
            }
        }
        None
    }

    /// Moves records of one answer to what is handed over, until its bound is reached. True when nothing is
    /// left of the answer. Once records that were decompressed beforehand are among them, none are decompressed
    /// now: the caller has work already.
    fn take_from_node(&mut self, fetch: &mut NodeFetch, fetched: &mut Fetched) -> bool {
        let mut budget = PollBudget::new(self.config().fetch_max_decompressed_bytes);
        while let Some(PartitionFetch { target, result }) = fetch.partitions.front_mut() {
            let is_done = match result {
                _ if !self.positions.is_current(target) => true,
                Ok(partition) => self.take_piece(target, partition, &mut budget, fetched),
                Err(error) => {
                    self.handle_failed(&target.topic_partition, target.generation, error.clone());
                    true
                }
            };
            if !is_done {
                return false;
            }
            fetch.partitions.pop_front();
        }
        true
    }

    /// Moves the next piece of a partition to what is handed over. True when nothing is left of the partition.
    fn take_piece(
        &mut self,
        target: &FetchTarget,
        partition: &mut FetchedPartition,
        budget: &mut PollBudget,
        fetched: &mut Fetched,
    ) -> bool {
        let of = &target.topic_partition;
        if let Some(status) = partition.status.take() {
            if let Some(reset) = self.positions.handle_fetched(target, status, self.cluster.now()) {
                tracing::warn!(topic = &*of.topic, partition = of.partition, "{reset}");
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
                self.handle_failed(of, target.generation, of.named(unreadable(&corrupt)));
                return true;
            }
        };
        let (is_full, now, chance) = (piece.is_full, self.cluster.now(), self.chance.draw());
        let Piece { next_offset, leader_epoch, cut, .. } = piece;
        let progress = Progress { next_offset, leader_epoch, cut, more: is_full };
        let outcome = self.positions.handle_read(target, progress, now, chance);
        if matches!(outcome, PartitionOutcome::Moved) {
            fetched.partitions.push(PartitionRecords::new(target, partition.high_watermark, piece));
        }
        self.report(of, outcome);
        !is_full
    }

    /// Keeps an error for the next poll, if there is one.
    fn report(&mut self, of: &TopicPartition, outcome: PartitionOutcome) {
        if let PartitionOutcome::Fail(error) = outcome {
            self.failures.push_back((of.clone(), error));
        }
    }

    /// Drops what is held of partitions whose answers no longer count: fetched records, and errors not yet told.
    pub(super) fn discard_stale(&mut self) {
        let positions = &self.positions;
        self.failures.retain(|(of, _)| positions.contains(of));
        for fetch in &mut self.buffered {
            fetch.partitions.retain(|partition| positions.is_current(&partition.target));
        }
    }

    /// A request of the partition failed: the positions say whether it is sent again or reported.
    fn handle_failed(&mut self, of: &TopicPartition, generation: u64, error: Error) {
        let is_metadata_stale = error.refreshes_metadata();
        let unix_ms = self.cluster.environment().clock().unix_ms();
        let outcome = self.positions.handle_failed(
            of,
            generation,
            error,
            self.cluster.now(),
            self.chance.draw(),
            unix_ms,
        );
        if is_metadata_stale {
            self.cluster.refresh();
        }
        self.report(of, outcome);
    }

    /// Reads on from a record that was handed over and not taken.
    #[cfg(feature = "stream")]
    pub(super) fn return_to(&mut self, of: &TopicPartition, offset: i64) {
        self.positions.seek(of, Position::Offset(offset));
    }

    /// Has the next poll report a record that cannot be decoded, and fetches that record again after a wait.
    #[cfg(feature = "stream")]
    pub(super) fn stay_at(&mut self, of: &TopicPartition, offset: i64, error: Error) {
        self.return_to(of, offset);
        let generation = self.positions.generation(of);
        self.handle_failed(of, generation, error);
    }
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
