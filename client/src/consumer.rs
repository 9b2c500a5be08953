//! Reads the partitions that the caller assigns, and keeps offsets for groups.
//!
//! [`Consumer`] is the public API. `driver` carries: it starts requests and takes in their results. `position`
//! decides what to ask of whom, and what a result means; it is a core, with neither clock nor socket. A fetched
//! answer stays compressed in `completed_fetch` until a poll may hand its records over.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::cluster::{Cluster, TopicInterest, View};
use crate::environment::until;
use crate::retry::{Backoff, Chance};
use crate::{Config, Error, ErrorKind, GroupMetadata, IsolationLevel};

mod assignment;
mod batch_records;
pub(crate) mod committed_offsets;
mod completed_fetch;
mod consumer_record;
mod driver;
mod epoch_end_lookup;
mod fetch_session;
mod fetched;
mod fetcher;
pub(crate) mod group;
mod list_offsets;
mod offset_lookup;
mod owned_record;
mod owned_records;
mod partition_records;
mod position;
#[cfg(feature = "stream")]
mod record_stream;
mod reset;
mod session_close;
mod task_output;

pub use assignment::{Assignment, Position, TopicPartition};
pub use committed_offsets::{Commit, Committed};
pub use consumer_record::ConsumerRecord;
use fetch_session::FetchSession;
pub use fetched::{Fetched, FetchedRecords};
use fetcher::NodeFetch;
pub use group::{Assignor, GroupConsumer, GroupEvent, Member, MemberEvent, Revocation, Subscription};
pub use list_offsets::OffsetSpec;
pub use owned_record::{OwnedHeader, OwnedRecord};
pub use owned_records::OwnedRecords;
pub use partition_records::{PartitionRecords, Records};
use position::{FetchLimits, Positions};
#[cfg(feature = "stream")]
pub use record_stream::RecordStream;
pub use reset::{PositionReset, ResetCause};
use task_output::{TaskOutput, finished};

/// Reads the partitions that are assigned to it. It is no member of a group: nothing is assigned by others, and
/// [`commit`](Self::commit) and [`committed`](Self::committed) are told whose offsets they mean.
///
/// ```no_run
/// use upsert_kafka_client::{Assignment, Client, Config, Position, Role};
///
/// # async fn read() -> Result<(), upsert_kafka_client::Error> {
/// let (config, _) = Config::from_properties([("bootstrap.servers", "127.0.0.1:9092")], Role::Consumer)?;
/// let mut consumer = Client::open(config).await?.consumer();
/// consumer.assign(vec![Assignment::new("orders", 0, Position::Earliest)]);
/// loop {
///     for record in &consumer.poll().await? {
///         let record = record?;
///         println!("{} at {}: {:?}", record.topic, record.offset, record.value);
///     }
/// }
/// # }
/// ```
///
/// # Between polls
///
/// Before a poll returns, it starts the next fetches: one of each broker that leads assigned partitions. They
/// go on while the caller works, in tasks of the runtime: request, answer, checksums, and the decompression of
/// what a next poll will hand over. The client's own tasks go on too: metadata is renewed, and idle connections
/// are closed.
///
/// Everything else waits for a poll. Until it comes, no broker is asked a second time, nothing that failed is
/// tried again, no moved leader is followed, and no position is looked up. So a consumer that is not polled
/// stops after one answer from each broker. Prefetching is bounded by that: all answers together hold at most
/// `fetch.max.bytes`, save that the first batch of each may be larger, and at most
/// [`Config::fetch_max_decompressed_bytes`] are decompressed beforehand. A slow caller loses nothing: no broker
/// counts the time between polls.
pub struct Consumer {
    cluster: Cluster,
    metadata: View,
    positions: Positions,
    /// Topics whose metadata the cluster's task was not asked for yet: its mailbox was full.
    unannounced: Vec<Arc<str>>,
    /// Requests under way: at most one fetch a broker, and one lookup a partition.
    tasks: JoinSet<TaskOutput>,
    /// Answers of which something is still to be handed over, in the order in which they came; at most one a
    /// broker.
    buffered: VecDeque<NodeFetch>,
    /// The session with each broker of which no fetch is under way.
    sessions: HashMap<i32, FetchSession>,
    /// The id of the session with each broker, also while a fetch is under way.
    session_ids: BTreeMap<i32, i32>,
    /// Errors that polls have yet to tell, each with its partition.
    failures: VecDeque<(TopicPartition, Error)>,
    chance: Chance,
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
            read_replica_age_max: config.metadata_max_age,
        };
        Self {
            metadata: cluster.watch(),
            positions: Positions::new(limits),
            unannounced: Vec::new(),
            tasks: JoinSet::new(),
            buffered: VecDeque::new(),
            sessions: HashMap::new(),
            session_ids: BTreeMap::new(),
            failures: VecDeque::new(),
            chance: cluster.environment().chance(),
            cluster,
        }
    }

    /// Replaces the assignment: every partition begins at its new position, and all that was fetched before is
    /// dropped. Topics are looked for by the next poll.
    pub fn assign(&mut self, assignments: Vec<Assignment>) {
        self.failures.clear();
        self.positions.assign(assignments);
        self.unannounced = self.positions.topics();
        self.discard_stale();
    }

    /// Adds partitions to the assignment. The other partitions are not disturbed: they keep their positions and
    /// pauses, what was fetched of them, and the fetches that are under way.
    ///
    /// # Errors
    /// When a partition is assigned already, or is named twice. None is added then.
    pub fn incremental_assign(&mut self, assignments: Vec<Assignment>) -> Result<(), Error> {
        let mut added = HashSet::new();
        for Assignment { topic, partition, .. } in &assignments {
            let of = TopicPartition::new(Arc::clone(topic), *partition);
            if self.positions.contains(&of) || !added.insert(of.clone()) {
                return Err(of.named(Error::new(ErrorKind::Usage, "assigned to the consumer already")));
            }
        }
        let known: HashSet<Arc<str>> = self.positions.topics().into_iter().collect();
        let topics: BTreeSet<Arc<str>> = added.into_iter().map(|of| of.topic).collect();
        self.unannounced.extend(topics.into_iter().filter(|topic| !known.contains(topic)));
        self.positions.add(assignments);
        Ok(())
    }

    /// Takes partitions out of the assignment, and drops what was fetched of them and not handed over. The
    /// other partitions are not disturbed, as with [`incremental_assign`](Self::incremental_assign). A
    /// partition that is added again later begins where it is told then; ask for its
    /// [`position`](Self::position) before it goes.
    ///
    /// # Errors
    /// When a partition is not assigned. None is taken out then.
    pub fn incremental_unassign(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        if let Some(other) = partitions.iter().find(|of| !self.positions.contains(of)) {
            return Err(not_assigned(other));
        }
        for of in partitions {
            self.positions.remove(of);
        }
        let topics = self.positions.topics();
        self.unannounced.retain(|topic| topics.contains(topic));
        self.discard_stale();
        Ok(())
    }

    /// The assigned partitions, paused ones too, in order.
    pub fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.positions.partitions()
    }

    /// Waits for records and hands them over. A partition may come without records: its position has moved past
    /// what is not for users.
    ///
    /// A topic that was deleted and created again is read from its beginning, and an offset out of range follows
    /// `auto.offset.reset`: [`Fetched::resets`] tells of both. A request that fails is sent again for
    /// `default.api.timeout.ms` before its error is told, and polls after that try anew.
    ///
    /// # Cancellation
    /// The future may be dropped at any time. Nothing is lost: the next poll goes on.
    ///
    /// # Errors
    /// An offset out of range where `auto.offset.reset` is `none`, with the log's range; a topic that does not
    /// exist, may not be read, or was created again with fewer partitions; damaged records; a cluster out of
    /// reach. Each names topic and partition. An error when nothing is assigned.
    pub async fn poll(&mut self) -> Result<Fetched, Error> {
        if self.positions.is_empty() {
            return Err(Error::new(ErrorKind::Usage, "nothing is assigned to the consumer"));
        }
        loop {
            if let Some((_, error)) = self.failures.pop_front() {
                return Err(error);
            }
            let fetched = self.hand_over();
            // The next fetches are under way while the caller works on these records.
            let now = self.cluster.now();
            self.start_requests(now);
            if let Some(fetched) = fetched {
                return Ok(fetched);
            }
            if !self.failures.is_empty() {
                continue;
            }
            // Of the same moment: what has become due since would be neither sent nor waited for.
            let deadline = self.positions.deadline(now);
            // Every branch is cancel-safe: what a task brought is taken in before the next await. The first two end, since
            // requests are started above; and so is what the last one waits for.
            tokio::select! {
                biased;
                Some(output) = self.tasks.join_next() => self.handle_output(finished(output)?),
                changed = self.metadata.changed() => {
                    changed.map_err(|_| Error::new(ErrorKind::Closed, "the client is closed"))?;
                }
                () = until(deadline) => {}
            }
        }
    }

    /// Moves a partition's position, and drops what was fetched of it and not handed over.
    ///
    /// # Errors
    /// When the partition is not assigned.
    pub fn seek(&mut self, partition: &TopicPartition, position: Position) -> Result<(), Error> {
        if self.positions.seek(partition, position) { Ok(()) } else { Err(not_assigned(partition)) }
    }

    /// Stops fetching these partitions until they are resumed. Their positions stay.
    ///
    /// # Errors
    /// When one is not assigned.
    pub fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        self.set_paused(partitions, true)
    }

    /// Fetches these partitions again.
    ///
    /// # Errors
    /// When one is not assigned.
    pub fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        self.set_paused(partitions, false)
    }

    /// The offset of the next record that a poll hands over; `None` until it was looked up, and for a partition
    /// that is not assigned.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.positions.position(partition)
    }

    /// How far the partition was handed over, as it may be committed: with the topic that this belongs to, and the leader
    /// epoch of its last record.
    pub(crate) fn committable(&self, partition: &TopicPartition) -> Option<Commit> {
        let commit = Commit::new(partition.clone(), self.position(partition)?);
        let commit = commit.with_topic_id(self.positions.topic_id(partition));
        Some(commit.with_leader_epoch(self.positions.offset_epoch(partition)))
    }

    /// How many offsets lie between the position and the end of the log, as the last fetch told it.
    pub fn lag(&self, partition: &TopicPartition) -> Option<i64> {
        self.positions.lag(partition, self.config().isolation_level == IsolationLevel::ReadCommitted)
    }

    /// Looks up offsets of many partitions, and gives them in the same order. Each leader is asked once for all
    /// of its partitions, of whatever topics; a partition that is named several times takes as many requests. A
    /// timestamp that no record has reached gives the end of the log. Asking creates no topic.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once when a topic is not allowed or does not have the partition.
    pub async fn list_offsets(&self, queries: &[(TopicPartition, OffsetSpec)]) -> Result<Vec<i64>, Error> {
        list_offsets::list_offsets(&self.cluster, queries).await
    }

    /// Looks up an offset in every partition of a topic. Asking creates no topic.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once when the topic is not allowed.
    pub async fn offsets(&self, topic: &str, spec: OffsetSpec) -> Result<Vec<(i32, i64)>, Error> {
        let deadline = self.cluster.now() + self.config().default_api_timeout;
        let known = self.cluster.topic(topic, TopicInterest::WhileUsed, deadline).await?;
        let of = |index| TopicPartition { topic: Arc::clone(&known.name), partition: index };
        let queries: Vec<_> = known.partitions.iter().map(|partition| (of(partition.index), spec)).collect();
        let found = list_offsets::list_offsets(&self.cluster, &queries).await?;
        Ok(queries.into_iter().map(|(of, _)| of.partition).zip(found).collect())
    }

    /// The offsets that a group has committed for these partitions, in the same order.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once when a retry cannot help.
    pub async fn committed(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Committed>, Error> {
        let stable = self.config().isolation_level == IsolationLevel::ReadCommitted;
        committed_offsets::committed(&self.cluster, group, partitions, stable).await
    }

    /// The same, whatever `isolation.level` says, once no open transaction holds newer offsets for them (KIP-447): for a
    /// program that goes on where a transaction ended. Brokers before Kafka 2.5 do not wait.
    ///
    /// # Errors
    /// As of [`committed`](Self::committed); and where such a transaction is still open after `default.api.timeout.ms`.
    pub async fn committed_stable(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Committed>, Error> {
        committed_offsets::committed(&self.cluster, group, partitions, true).await
    }

    /// Commits offsets for a group that has no members.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once when a retry cannot help. Some of the offsets may be
    /// committed then.
    pub async fn commit(&self, group: &str, offsets: &[Commit]) -> Result<(), Error> {
        committed_offsets::commit(&self.cluster, &GroupMetadata::new(group), offsets).await
    }

    /// Ends the consumer: it tells the brokers that its fetch sessions are over, and waits a second at most for that. One
    /// that is dropped tells it in the background, if the runtime goes on for long enough.
    pub async fn close(mut self) {
        self.close_sessions().await;
    }

    pub(super) async fn close_sessions(&mut self) {
        let sessions: Vec<_> = std::mem::take(&mut self.session_ids).into_iter().collect();
        self.sessions.clear();
        session_close::close(self.cluster.clone(), sessions).await;
    }

    fn set_paused(&mut self, partitions: &[TopicPartition], paused: bool) -> Result<(), Error> {
        for of in partitions {
            if !self.positions.pause(of, paused) {
                return Err(not_assigned(of));
            }
        }
        Ok(())
    }

    fn config(&self) -> &Config {
        self.cluster.config()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let sessions: Vec<_> = std::mem::take(&mut self.session_ids).into_iter().collect();
        if let (false, Ok(runtime)) = (sessions.is_empty(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(session_close::close(self.cluster.clone(), sessions));
        }
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer").field("positions", &self.positions).finish_non_exhaustive()
    }
}

fn not_assigned(of: &TopicPartition) -> Error {
    of.named(Error::new(ErrorKind::Usage, "not assigned to the consumer"))
}

#[cfg(test)]
mod tests;
