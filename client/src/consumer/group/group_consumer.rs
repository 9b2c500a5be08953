//! A consumer whose partitions its group gives and takes.

use std::sync::Arc;

use super::{Member, MemberEvent, Revocation, Subscription};
use crate::cluster::Cluster;
use crate::config::OffsetReset;
use crate::consumer::{Assignment, Commit, Committed, Consumer, Fetched, Position, TopicPartition};
use crate::{Error, ErrorKind, GroupMetadata};

/// A consumer whose partitions its group gives and takes: a [`Member`] and a [`Consumer`] in one.
///
/// Partitions that come, partitions that go, and records are values of one stream. A partition begins at the offset
/// that the group has committed, or where `auto.offset.reset` says. Nothing is committed unless the caller does.
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
    /// Revoked by the last event, which the caller may still commit.
    leaving: Vec<TopicPartition>,
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
        Ok(Self { cluster, member, consumer, unplaced: Vec::new(), leaving: Vec::new() })
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
        loop {
            if !self.unplaced.is_empty() {
                return self.place().await.map(GroupEvent::Given).map(Some);
            }
            let reads = self.consumer.assignment().next().is_some();
            // Both branches are cancel-safe. What happens to the member goes before records of what it may have lost.
            tokio::select! {
                biased;
                event = self.member.next() => match event? {
                    None => return Ok(None),
                    Some(MemberEvent::Given(given)) => self.unplaced = given,
                    Some(MemberEvent::Revoked(revocation)) => {
                        self.leaving = revocation.partitions().to_vec();
                        return Ok(Some(GroupEvent::Revoked(revocation)));
                    }
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
        let commit = |of: &TopicPartition| Some(Commit::new(of.clone(), self.position(of)?));
        let offsets: Vec<Commit> = self.assignment().filter_map(commit).collect();
        self.member.commit(&offsets).await
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
    Ok(Assignment::new(Arc::clone(&committed.topic), committed.partition, position))
}
