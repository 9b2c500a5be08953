//! A consumer whose partitions its group gives and takes.

use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};
use upsert_kafka_protocol::Uuid;

use super::auto_commit::AutoCommit;
use super::{Member, MemberEvent, Revocation, Subscription};
use crate::cluster::Cluster;
use crate::config::OffsetReset;
use crate::consumer::{Assignment, Commit, Committed, Consumer, Fetched, Position, TopicPartition};
use crate::{Error, ErrorKind, GroupMetadata};

/// A consumer whose partitions its group gives and takes: a [`Member`] and a [`Consumer`] in one.
///
/// Partitions that come, partitions that go, and records are values of one stream. A partition begins at the offset
/// that the group has committed, or where `auto.offset.reset` says. Nothing is committed unless the caller does, or
/// asks for it with `enable.auto.commit`: then what the caller has taken is committed every `auto.commit.interval.ms`, and
/// before partitions go. Who asks for the next event has taken those before.
///
/// ```no_run
/// use upsert_kafka_client::{Client, Config, GroupEvent, Role, Subscription};
///
/// # async fn share() -> Result<(), upsert_kafka_client::Error> {
/// let properties = [("bootstrap.servers", "127.0.0.1:9092"), ("group.id", "billing")];
/// let (config, _) = Config::from_properties(properties, Role::Consumer)?;
/// let mut consumer = Client::open(config).await?.group_consumer(Subscription::topics(["orders"]))?;
/// while let Some(event) = consumer.next().await? {
///     match event {
///         GroupEvent::Records(fetched) => {
///             for record in &fetched {
///                 println!("{:?}", record?.value);
///             }
///         }
///         // What was handed over of them is committed before another member reads on.
///         GroupEvent::Revoked(_revocation) => consumer.commit_consumed().await?,
///         GroupEvent::Given(_) | GroupEvent::Lost(_) => {}
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct GroupConsumer {
    cluster: Cluster,
    member: Member,
    consumer: Consumer,
    /// Given, and not yet known where to begin.
    unplaced: Vec<TopicPartition>,
    /// Taken away, and what was taken of them is being committed: the next event.
    revoking: Option<Revocation>,
    /// Revoked by the last event, which the caller may still commit.
    leaving: Vec<TopicPartition>,
    auto_commit: AutoCommit,
    /// At most one: the commit of `enable.auto.commit` that is under way.
    commits: JoinSet<Result<(), Error>>,
}

/// What happens to a consumer of a group.
#[derive(Debug)]
#[non_exhaustive]
pub enum GroupEvent {
    /// Records of partitions that it has.
    Records(Fetched),
    /// These are its own from now on. Their records follow.
    Given(Vec<TopicPartition>),
    /// These are wanted elsewhere, and no record of them follows. What was read of them can be committed until the
    /// revocation is dropped; their positions are known until the next event is asked for.
    Revoked(Revocation),
    /// These are not its own any more: another member may have read on already, and nothing can be committed for them.
    Lost(Revocation),
}

impl GroupConsumer {
    pub(crate) fn new(cluster: Cluster, subscription: Subscription) -> Result<Self, Error> {
        let consumer = Consumer::new(cluster.for_new_owner());
        let member = Member::new(cluster.clone(), subscription)?;
        let config = cluster.config();
        let auto_commit =
            AutoCommit::new(config.enable_auto_commit, config.auto_commit_interval, cluster.now());
        Ok(Self {
            cluster,
            member,
            consumer,
            unplaced: Vec::new(),
            revoking: None,
            leaving: Vec::new(),
            auto_commit,
            commits: JoinSet::new(),
        })
    }

    /// The next event; `None` once the consumer has left its group.
    ///
    /// # Cancellation
    /// The future may be dropped. Nothing is lost.
    ///
    /// # Errors
    /// Those of [`Member::next`] and of [`Consumer::poll`]. A partition for which the group has committed nothing, where
    /// `auto.offset.reset` is `none`; each call says so again.
    pub async fn next(&mut self) -> Result<Option<GroupEvent>, Error> {
        self.forget_leaving();
        self.commit_taken();
        loop {
            if self.revoking.is_some() {
                self.commit_revoking().await;
                return Ok(self.revoking.take().map(|revocation| {
                    self.leaving = revocation.partitions().to_vec();
                    GroupEvent::Revoked(revocation)
                }));
            }
            if !self.unplaced.is_empty() {
                return self.place().await.map(GroupEvent::Given).map(Some);
            }
            let reads = self.consumer.assignment().next().is_some();
            // Both branches are cancel-safe. What happens to the member goes before records of what it may have lost.
            tokio::select! {
                biased;
                event = self.member.next() => match event? {
                    None => {
                        self.consumer.close_sessions().await;
                        return Ok(None);
                    }
                    Some(MemberEvent::Given(given)) => self.unplaced = given,
                    Some(MemberEvent::Revoked(revocation)) => self.revoking = Some(revocation),
                    Some(MemberEvent::Lost(revocation)) => {
                        self.leaving = revocation.partitions().to_vec();
                        self.forget_leaving();
                        return Ok(Some(GroupEvent::Lost(revocation)));
                    }
                },
                fetched = self.consumer.poll(), if reads => return Ok(Some(GroupEvent::Records(fetched?))),
            }
        }
    }

    /// Commits offsets as a member of the group.
    ///
    /// # Errors
    /// Those of [`Member::commit`].
    pub async fn commit(&self, offsets: &[Commit]) -> Result<(), Error> {
        self.member.commit(offsets).await
    }

    /// Commits for each partition how far its records were handed over, those of the last event included.
    ///
    /// # Errors
    /// Those of [`Member::commit`].
    pub async fn commit_consumed(&self) -> Result<(), Error> {
        self.member.commit(&self.consumed()).await
    }

    fn consumed(&self) -> Vec<Commit> {
        self.assignment().filter_map(|of| self.consumer.committable(of)).collect()
    }

    /// Begins to commit what the caller has taken, if `enable.auto.commit` says so now. It does not wait, as in Java: a
    /// coordinator that is away holds up no records.
    fn commit_taken(&mut self) {
        while let Some(finished) = self.commits.try_join_next() {
            warn_of_failure(finished);
        }
        if !self.commits.is_empty() || !self.auto_commit.handle_taken(self.cluster.now()) {
            return;
        }
        let offsets = self.consumed();
        if let Some(commit) = self.member.begin_commit(offsets) {
            self.commits.spawn(commit);
        }
    }

    /// Commits what the caller has taken of partitions that go, where `enable.auto.commit` says so.
    async fn commit_revoking(&mut self) {
        if !self.auto_commit.is_enabled() {
            return;
        }
        // An older commit must not come behind this one.
        while let Some(finished) = self.commits.join_next().await {
            warn_of_failure(finished);
        }
        let going = self.revoking.iter().flat_map(Revocation::partitions);
        let offsets: Vec<Commit> = going.filter_map(|of| self.consumer.committable(of)).collect();
        if let Err(error) = self.member.commit(&offsets).await {
            tracing::warn!(%error, "what was read of revoked partitions is not committed, and will be read again");
        }
    }

    /// The partitions that it has, in no order; after a revocation those that it is to let go too, until the next
    /// event is asked for.
    pub fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.consumer.assignment()
    }

    /// The offset of the next record that is handed over; `None` until it is known.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.consumer.position(partition)
    }

    /// How many offsets lie between the position and the end of the log, as the last fetch told it.
    pub fn lag(&self, partition: &TopicPartition) -> Option<i64> {
        self.consumer.lag(partition)
    }

    /// Moves the position of a partition that it has.
    ///
    /// # Errors
    /// When it does not have the partition.
    pub fn seek(&mut self, partition: &TopicPartition, position: Position) -> Result<(), Error> {
        self.consumer.seek(partition, position)
    }

    /// Stops handing over records of these partitions until they are resumed. It has them all the same.
    ///
    /// # Errors
    /// When it does not have one of them.
    pub fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        self.consumer.pause(partitions)
    }

    /// Hands over records of these partitions again.
    ///
    /// # Errors
    /// When it does not have one of them.
    pub fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        self.consumer.resume(partitions)
    }

    /// Under which identity it commits, or has a transaction commit: see [`Member::metadata`].
    pub fn metadata(&self) -> Option<GroupMetadata> {
        self.member.metadata()
    }

    /// Begins to leave: see [`Member::leave`].
    pub fn leave(&self) {
        self.member.leave();
    }

    fn forget_leaving(&mut self) {
        let gone = std::mem::take(&mut self.leaving);
        // A partition that was taken before its place was known was never read.
        let (read, unread): (Vec<_>, Vec<_>) =
            gone.into_iter().partition(|of| self.consumer.assignment().any(|it| it == of));
        self.unplaced.retain(|of| !unread.contains(of));
        // All of them are assigned.
        _ = self.consumer.incremental_unassign(&read);
    }

    /// Begins to read what was given.
    async fn place(&mut self) -> Result<Vec<TopicPartition>, Error> {
        let committed = self.member.committed(&self.unplaced).await?;
        let unix_ms = self.cluster.environment().clock().unix_ms();
        let reset = self.cluster.config().auto_offset_reset;
        let begin = |committed: &Committed| begin(committed, reset, unix_ms);
        self.consumer.incremental_assign(committed.iter().map(begin).collect::<Result<_, _>>()?)?;
        Ok(std::mem::take(&mut self.unplaced))
    }
}

impl std::fmt::Debug for GroupConsumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupConsumer").field("member", &self.member).finish_non_exhaustive()
    }
}

/// As in Java, a commit that fails is told and made again after the interval.
fn warn_of_failure(finished: Result<Result<(), Error>, JoinError>) {
    if let Ok(Err(error)) = finished {
        tracing::warn!(%error, "enable.auto.commit: the offsets are not committed");
    }
}

fn begin(committed: &Committed, reset: OffsetReset, unix_ms: i64) -> Result<Assignment, Error> {
    let position = match (committed.offset, reset) {
        (Some(offset), _) => Position::Offset(offset),
        (None, OffsetReset::Earliest) => Position::Earliest,
        (None, OffsetReset::Latest) => Position::Latest,
        (None, OffsetReset::ByDuration(age)) => {
            Position::Timestamp(unix_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX)))
        }
        (None, OffsetReset::None) => {
            let sentence = "the group has committed no offset, and auto.offset.reset is none: commit one, or set \
                            auto.offset.reset";
            let error = Error::new(ErrorKind::OffsetOutOfRange, sentence);
            return Err(error.with_topic(Arc::clone(&committed.topic)).with_partition(committed.partition));
        }
    };
    let assignment = Assignment::new(Arc::clone(&committed.topic), committed.partition, position);
    // An offset is one of that topic, and not of one that is made under its name before it is fetched.
    let topic_id = committed.topic_id.filter(|_| committed.offset.is_some());
    let assignment = assignment.with_topic_id(topic_id.unwrap_or(Uuid::ZERO));
    // Without an offset there is no record before it.
    Ok(assignment.with_leader_epoch(committed.offset.map_or(-1, |_| committed.leader_epoch)))
}
