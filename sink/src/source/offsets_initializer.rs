//! Where each partition of a topic begins and ends, decided before a broker is asked for any offset.
//!
//! Three things have a say, and the first that has an opinion wins.
//!
//! 1. **The checkpoint**: what the job's group has committed, if this job committed it ([`CommittedBy`] tells by the
//!    metadata). It belongs to a topic by the topic's id: a topic that was deleted and created again begins anew.
//! 2. **`scan.startup.mode`**, for a job that has no checkpoint. Some of its modes look at the group's offsets again,
//!    now whoever committed them.
//! 3. **`auto.offset.reset`**, where such a mode finds no offset.
//!
//! What comes out is an [`UnresolvedOffset`]: an offset, or what the brokers are to be asked for. Flink's
//! `OffsetsInitializer` has the same task.

use std::fmt;

use upsert_kafka_client::{Committed, OffsetReset, Uuid};

use super::checkpoint_metadata::{CheckpointMetadata, CommittedBy, JobIdentity};
use crate::plan::sets;
use crate::scan::{Bounded, Startup};

/// What the offsets of a job's group mean at its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restore {
    /// Those that this very job committed are its checkpoint and win over the startup mode, as a restore does in
    /// Flink. Those of another job are an error.
    #[default]
    Checkpoint,
    /// None counts: the startup mode decides.
    Nothing,
    /// All count, whoever committed them.
    Offsets,
    /// None counts, and the job commits none: for a query that only looks on, and leaves its group to others.
    LookOn,
}

/// An offset, or what brokers must be asked for to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnresolvedOffset {
    /// This offset.
    At(i64),
    /// That of the first record there is.
    Earliest,
    /// The one behind the last record there is now.
    Latest,
    /// That of the first record of this time, in milliseconds, or later; else the end.
    Timestamp(i64),
    /// There is none: the group has committed nothing, and `auto.offset.reset` is none.
    Missing,
}

/// How a topic as a whole is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopicStart {
    /// By `scan.startup.mode`: there is no checkpoint.
    Fresh,
    /// From the checkpoint. A partition without an offset in it was created since, so nothing of it was read yet; unless
    /// the topic had it when the job began.
    Restored {
        /// Of how many partitions the job began the topic, 0 where that is not known.
        begun: i32,
    },
    /// From its beginning: the checkpoint is of a topic of the same name that was deleted since.
    Recreated {
        /// The deleted topic's id.
        old: Uuid,
    },
}

impl TopicStart {
    /// What this comes to for a process that has seen a topic of this name with the id `known`: with the topic its broker
    /// has forgotten what was committed of it.
    pub(super) fn of_known(self, known: Option<&Uuid>, now: Uuid) -> Self {
        match (self, known) {
            (Self::Fresh, Some(&old)) if old != now && old != Uuid::ZERO && now != Uuid::ZERO => {
                Self::Recreated { old }
            }
            _ => self,
        }
    }

    /// What the checkpoint is to say of a topic that has so many partitions: see [`CheckpointMetadata`].
    pub(super) fn begun(self, partitions: usize) -> i32 {
        match self {
            Self::Fresh => i32::try_from(partitions).unwrap_or(i32::MAX),
            Self::Restored { begun } => begun,
            Self::Recreated { .. } => 0,
        }
    }
}

/// Why a job must not begin where its group stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RestoreRefused {
    /// The group's offsets are the checkpoint of a job with other sinks.
    AnotherJob(JobIdentity),
    /// They are a checkpoint that does not say which job's.
    UnnamedJob,
    /// A later version of this program committed them.
    LaterVersion,
}

/// The decision for one topic of one job.
#[derive(Debug)]
pub(crate) struct OffsetsInitializer<'a> {
    topic_id: Uuid,
    restore: Restore,
    job: &'a JobIdentity,
}

impl<'a> OffsetsInitializer<'a> {
    pub(crate) fn new(topic_id: Uuid, restore: Restore, job: &'a JobIdentity) -> Self {
        Self { topic_id, restore, job }
    }

    /// How the topic is begun, judged by what the group has committed for all of its partitions.
    pub(crate) fn topic_start(&self, committed: &[Committed]) -> Result<TopicStart, RestoreRefused> {
        if matches!(self.restore, Restore::Nothing | Restore::LookOn) {
            return Ok(TopicStart::Fresh);
        }
        let (mut start, mut old) = (TopicStart::Fresh, None);
        for it in committed.iter().filter(|it| it.offset.is_some()) {
            match self.judge(it)? {
                Usable::Yes(begun) => {
                    let least = if let TopicStart::Restored { begun } = start { begun } else { i32::MAX };
                    start = TopicStart::Restored { begun: begun.min(least) };
                }
                Usable::OfDeleted(id) => old = Some(id),
                Usable::No => {}
            }
        }
        Ok(match (start, old) {
            (TopicStart::Fresh, Some(old)) => TopicStart::Recreated { old },
            _ => start,
        })
    }

    /// Where one partition of a topic that is begun so begins.
    pub(crate) fn starting_offset(
        &self,
        startup: &Startup,
        partition: i32,
        committed: Option<&Committed>,
        start: TopicStart,
        reset: AutoOffsetReset,
    ) -> UnresolvedOffset {
        let offset = committed.and_then(|it| it.offset);
        match start {
            TopicStart::Restored { begun } => {
                let is_usable = committed.is_some_and(|it| matches!(self.judge(it), Ok(Usable::Yes(_))));
                match offset {
                    Some(offset) if is_usable => return UnresolvedOffset::At(offset),
                    _ if partition >= begun => return UnresolvedOffset::Earliest,
                    // Another member began the topic, and this partition of it is begun here.
                    _ => {}
                }
            }
            TopicStart::Recreated { .. } => return UnresolvedOffset::Earliest,
            TopicStart::Fresh => {}
        }
        match startup {
            Startup::EarliestOffset => UnresolvedOffset::Earliest,
            Startup::LatestOffset => UnresolvedOffset::Latest,
            Startup::Timestamp(ms) => UnresolvedOffset::Timestamp(*ms),
            Startup::GroupOffsets => offset.map_or_else(|| reset.starting_offset(), UnresolvedOffset::At),
            Startup::SpecificOffsets(offsets) => match offsets.get(&partition) {
                Some(given) => UnresolvedOffset::At(*given),
                None => offset.map_or(UnresolvedOffset::Earliest, UnresolvedOffset::At),
            },
        }
    }

    fn judge(&self, committed: &Committed) -> Result<Usable, RestoreRefused> {
        match CommittedBy::of(&committed.metadata) {
            CommittedBy::Checkpoint(it) if self.is_of_deleted(&it) => Ok(Usable::OfDeleted(it.topic_id)),
            CommittedBy::Checkpoint(it) if it.job == *self.job => Ok(Usable::Yes(it.begun)),
            _ if self.restore == Restore::Offsets => Ok(Usable::Yes(0)),
            CommittedBy::Checkpoint(it) => Err(RestoreRefused::AnotherJob(it.job)),
            CommittedBy::UnnamedJob => Err(RestoreRefused::UnnamedJob),
            CommittedBy::LaterVersion => Err(RestoreRefused::LaterVersion),
            CommittedBy::Other => Ok(Usable::No),
        }
    }

    /// Brokers before Kafka 2.8 know no ids.
    fn is_of_deleted(&self, kept: &CheckpointMetadata) -> bool {
        kept.topic_id != Uuid::ZERO && self.topic_id != Uuid::ZERO && kept.topic_id != self.topic_id
    }
}

/// Whether a committed offset is one to begin at.
enum Usable {
    /// With what it says of when the job began: see [`CheckpointMetadata`].
    Yes(i32),
    No,
    OfDeleted(Uuid),
}

/// Where a partition ends, exclusively; `None` is never.
pub(crate) fn stopping_offset(
    bounded: &Bounded,
    partition: i32,
    committed: Option<&Committed>,
) -> Option<UnresolvedOffset> {
    let offset = committed.and_then(|it| it.offset);
    Some(match bounded {
        Bounded::Unbounded => return None,
        Bounded::LatestOffset => UnresolvedOffset::Latest,
        Bounded::Timestamp(ms) => UnresolvedOffset::Timestamp(*ms),
        Bounded::GroupOffsets => offset.map_or(UnresolvedOffset::Missing, UnresolvedOffset::At),
        Bounded::SpecificOffsets(offsets) => match offsets.get(&partition) {
            Some(given) => UnresolvedOffset::At(*given),
            None => offset.map_or(UnresolvedOffset::Earliest, UnresolvedOffset::At),
        },
    })
}

impl fmt::Display for RestoreRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnotherJob(job) => write!(f, "the checkpoint of another job, which writes {job}"),
            Self::UnnamedJob => {
                f.write_str("a checkpoint of an earlier version, which does not say of which job")
            }
            Self::LaterVersion => f.write_str("the checkpoint of a later version of upsert-kafka"),
        }
    }
}

/// `auto.offset.reset`: where to read when there is no offset, or the log no longer has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AutoOffsetReset {
    Earliest,
    Latest,
    /// Fail; Flink's default here.
    #[default]
    None,
}

impl AutoOffsetReset {
    /// What a table's `properties.auto.offset.reset` says; the planner has refused other words.
    pub(crate) fn of(properties: &[(String, String)]) -> Self {
        let given =
            properties.iter().find(|(key, _)| key == RESET).map(|(_, value)| value.to_ascii_lowercase());
        match given.as_deref() {
            Some("earliest") => Self::Earliest,
            Some("latest") => Self::Latest,
            _ => Self::None,
        }
    }

    /// What the consumer does when the log no longer has the offset it is told to read: what the table says; where
    /// it says nothing, a job that asked for the group's offsets fails, and any other loses as little as it can.
    pub(crate) fn of_consumer(properties: &[(String, String)], startup: &Startup) -> OffsetReset {
        if !sets(properties, RESET) && *startup != Startup::GroupOffsets {
            return OffsetReset::Earliest;
        }
        match Self::of(properties) {
            Self::Earliest => OffsetReset::Earliest,
            Self::Latest => OffsetReset::Latest,
            Self::None => OffsetReset::None,
        }
    }

    fn starting_offset(self) -> UnresolvedOffset {
        match self {
            Self::Earliest => UnresolvedOffset::Earliest,
            Self::Latest => UnresolvedOffset::Latest,
            Self::None => UnresolvedOffset::Missing,
        }
    }
}

const RESET: &str = "auto.offset.reset";

#[cfg(test)]
mod tests;
