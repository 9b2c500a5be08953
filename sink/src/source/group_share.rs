//! A source's part in its group: the member through which partitions come and go.

use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;
use upsert_kafka_client::{
    Client, Commit, ErrorKind as ClientErrorKind, Fetched, GroupMetadata, Member, MemberEvent,
    MembershipLease, Revocation, Subscription, TopicPartition,
};

use crate::job::subtask::Subtask;

/// How a task comes to its partitions.
#[derive(Clone, Debug)]
pub(crate) enum Share {
    /// Those with its numbers, of every topic: for a job that is alone, or ends by itself.
    Fixed(Subtask),
    /// Those that its group gives it, as a member; a static one, where it has a name (KIP-345).
    Group {
        /// `group.instance.id`.
        instance: Option<String>,
    },
}

impl Share {
    /// Which part is its own, where that is fixed.
    pub(super) fn subtask(&self) -> Option<Subtask> {
        match self {
            Self::Fixed(subtask) => Some(*subtask),
            Self::Group { .. } => None,
        }
    }
}

/// What happens to a source.
pub(crate) enum SourceEvent {
    /// Records of partitions that it has.
    Fetched(Fetched),
    /// These are its own from now on: [`take`](super::KafkaSource::take) them.
    Given(Vec<TopicPartition>),
    /// These are wanted elsewhere, and are its own until the revocation is dropped: commit, then
    /// [`let_go`](super::KafkaSource::let_go).
    Revoked(Revocation),
    /// These are not its own any more: nothing can be committed for them.
    Lost(Revocation),
    /// It has left its group.
    Left,
}

/// The member of one task.
pub(super) struct GroupShare {
    member: Member,
}

impl GroupShare {
    /// Joins at once.
    pub(super) fn join(client: &Client, topics: &[String]) -> Result<Self, upsert_kafka_client::Error> {
        let member = client.member(Subscription::topics(topics.iter().map(String::as_str)))?;
        Ok(Self { member })
    }

    /// What the group does with the source's partitions. Cancel-safe.
    ///
    /// # Errors
    /// The group refuses the member for good, or its topics.
    pub(super) async fn changed(&mut self) -> Result<SourceEvent, upsert_kafka_client::Error> {
        loop {
            return Ok(match self.member.next().await {
                Ok(Some(MemberEvent::Given(given))) => SourceEvent::Given(given),
                Ok(Some(MemberEvent::Revoked(revocation))) => SourceEvent::Revoked(revocation),
                Ok(Some(MemberEvent::Lost(revocation))) => SourceEvent::Lost(revocation),
                Ok(Some(_)) => continue,
                Ok(None) => SourceEvent::Left,
                // The task was away for too long: what it lost was told, and it joins again.
                Err(error) if error.kind() == ClientErrorKind::Timeout => {
                    warn!(%error, "joins its group again");
                    continue;
                }
                Err(error) => return Err(error),
            });
        }
    }

    /// Returns once the group has given the source all that it wants it to have.
    pub(super) fn settled(&self) -> impl Future<Output = ()> + Send + use<> {
        self.member.settled()
    }

    /// Returns once the group has said that it has this member.
    pub(super) fn confirmed(&self) -> impl Future<Output = ()> + Send + use<> {
        self.member.confirmed()
    }

    /// Until when the group has this member for certain.
    pub(super) fn lease(&self) -> MembershipLease {
        self.member.lease()
    }

    /// Looks for new partitions, which the group then gives to somebody.
    pub(super) fn refresh_topics(&self) {
        self.member.refresh_topics();
    }

    /// As whom it commits; `None` while it is in no group.
    pub(super) fn metadata(&self) -> Option<GroupMetadata> {
        self.member.metadata()
    }

    /// Whether the offsets are committed. They are not where the group has gone on without the member: it is told what it
    /// lost, and whoever has that now reads on from what was committed before.
    pub(super) async fn commit(&self, offsets: &[Commit]) -> Result<bool, upsert_kafka_client::Error> {
        for _ in 0..COMMITS_MAX {
            let Some(identity) = self.member.metadata() else { return Ok(false) };
            match self.member.commit(offsets).await {
                Ok(()) => return Ok(true),
                // The member is asked for its share meanwhile, by a task of its own.
                Err(error) if error.is_rebalancing() => sleep(COMMIT_PAUSE).await,
                Err(error) if !error.is_stale_member() => return Err(error),
                // A generation began meanwhile, in which it has these still.
                Err(_) if self.member.metadata().is_some_and(|now| now != identity) => {}
                Err(error) => {
                    warn!(%error, "the group has gone on without this member: its last rows are read again");
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    /// Leaves: what is left is let go at once, since the caller has committed it.
    pub(super) async fn leave(&mut self) {
        self.member.leave();
        loop {
            match self.member.next().await {
                Ok(None) => return,
                Ok(Some(event)) => drop(event),
                Err(error) => warn!(%error, "while leaving the group"),
            }
        }
    }
}

/// How often offsets are committed anew because the group is rebalancing, or a generation has ended under way. After that
/// the next checkpoint tries again; what is taken away before is read again by whoever has it then.
const COMMITS_MAX: u32 = 40;

/// How long a rebalance is waited for before offsets are committed anew: two seconds in all, since others wait for this
/// member meanwhile.
const COMMIT_PAUSE: Duration = Duration::from_millis(50);
