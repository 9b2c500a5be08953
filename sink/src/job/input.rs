//! What a task reads: a share of Kafka's partitions, or a source of this machine.

use upsert_kafka_client::{GroupMetadata, MembershipLease, PositionReset, TopicPartition, Uuid};

use super::Restore;
use crate::clients::Clients;
use crate::error::Error;
use crate::local_source::{LocalBatch, LocalSource};
use crate::plan::{Notice, SourcePlan};
use crate::progress::OffsetsRebuilt;
use crate::source::{JobIdentity, KafkaSource, Positions, Share, SourceEvent};
use crate::task_transaction::TaskTransaction;

/// A source that is open.
pub(super) enum Input {
    Kafka(Box<KafkaSource>),
    Local(LocalSource),
}

/// What came.
pub(super) enum Polled {
    Kafka(SourceEvent),
    Lines(LocalBatch),
    /// The source is at its end.
    End,
}

impl Input {
    pub(super) async fn open(
        plan: &SourcePlan,
        share: Share,
        restore: Restore,
        job: JobIdentity,
        clients: &mut Clients,
        transaction: Option<&TaskTransaction>,
    ) -> Result<Self, Error> {
        if let Some(local) = &plan.local {
            return Ok(Self::Local(LocalSource::open(&plan.table, local, clients.clock())));
        }
        let source = KafkaSource::open(plan, share, restore, job, clients, transaction).await?;
        Ok(Self::Kafka(Box::new(source)))
    }

    pub(super) fn notices(&self) -> &[Notice] {
        self.kafka().map_or(&[], KafkaSource::notices)
    }

    pub(super) fn resumed(&self) -> &[Notice] {
        self.kafka().map_or(&[], KafkaSource::resumed)
    }

    pub(super) async fn stop_at_end(&mut self) -> Result<(), Error> {
        match self {
            Self::Kafka(source) => source.stop_at_end().await,
            Self::Local(source) => {
                source.stop_at_end();
                Ok(())
            }
        }
    }

    /// Waits for what comes next. Cancel-safe.
    pub(super) async fn poll(&mut self) -> Result<Polled, Error> {
        Ok(match self {
            Self::Kafka(source) => Polled::Kafka(source.next().await?),
            Self::Local(source) => source.poll().await?.map_or(Polled::End, Polled::Lines),
        })
    }

    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Kafka(source) => source.is_done(),
            Self::Local(source) => source.is_done(),
        }
    }

    /// Goes on after a failed poll, if the topic was made again.
    pub(super) async fn recover(&mut self, error: Error) -> Result<(), Error> {
        match self {
            Self::Kafka(source) => source.recover(error).await,
            Self::Local(_) => Err(error),
        }
    }

    pub(super) async fn discover(&mut self) -> Result<bool, Error> {
        match self {
            Self::Kafka(source) => source.discover().await,
            Self::Local(_) => Ok(false),
        }
    }

    pub(super) async fn follow(&mut self, resets: &[PositionReset]) -> Result<bool, Error> {
        match self {
            Self::Kafka(source) => source.follow(resets).await,
            Self::Local(_) => Ok(false),
        }
    }

    pub(super) fn positions(&self) -> Positions {
        self.kafka().map_or_else(Positions::default, KafkaSource::positions)
    }

    pub(super) async fn commit(&mut self, positions: Positions) -> Result<(), Error> {
        match self {
            Self::Kafka(source) => source.commit(positions).await,
            Self::Local(_) => Ok(()),
        }
    }

    /// Whose positions a transaction keeps; `None` where nobody keeps them.
    pub(super) fn group(&self) -> Option<GroupMetadata> {
        self.kafka().and_then(KafkaSource::group)
    }

    /// Whether it is a member that is in no group at the moment, or has not let go of what it lost.
    pub(super) fn is_adrift(&self) -> bool {
        self.kafka().is_some_and(|source| source.is_member() && source.group().is_none())
    }

    /// Refuses to go on where somebody else moved the group's offsets.
    pub(super) async fn check_alone(&self) -> Result<(), Error> {
        match self {
            Self::Kafka(source) => source.check_alone().await,
            Self::Local(_) => Ok(()),
        }
    }

    /// These positions were committed in a transaction.
    pub(super) async fn committed(&mut self, positions: Positions) {
        if let Self::Kafka(source) = self {
            source.committed_in_transaction(positions).await;
        }
    }

    /// Until when the group of the source has it for certain; `None` where it is no member.
    pub(super) fn lease(&self) -> Option<MembershipLease> {
        self.kafka().and_then(KafkaSource::lease)
    }

    /// The source that is a member of a group, where it is one.
    pub(super) fn member(&mut self) -> Option<&mut KafkaSource> {
        match self {
            Self::Kafka(source) if source.is_member() => Some(source),
            Self::Kafka(_) | Self::Local(_) => None,
        }
    }

    pub(super) fn lag(&self) -> i64 {
        self.kafka().map_or(0, KafkaSource::lag)
    }

    pub(super) fn reads(&self, of: &TopicPartition, id: Uuid) -> bool {
        self.kafka().is_some_and(|source| source.reads(of, id))
    }

    pub(super) fn stop_of(&self, of: &TopicPartition) -> Option<i64> {
        self.kafka().and_then(|source| source.stop_of(of))
    }

    pub(super) fn rebuilt_to(&self, of: &TopicPartition) -> i64 {
        self.kafka().map_or(0, |source| source.rebuilt_to(of))
    }

    pub(super) fn rebuilt(&self) -> OffsetsRebuilt {
        self.kafka().map_or_else(OffsetsRebuilt::default, KafkaSource::rebuilt)
    }

    pub(super) fn advance(&mut self, of: &TopicPartition, next: i64, leader_epoch: i32) {
        if let Self::Kafka(source) = self {
            source.advance(of, next, leader_epoch);
        }
    }

    fn kafka(&self) -> Option<&KafkaSource> {
        match self {
            Self::Kafka(source) => Some(source),
            Self::Local(_) => None,
        }
    }
}
