//! Where a partition is read from, and up to where: decided from the options and what the group kept.

use std::fmt;

use upsert_kafka_client::{Committed, OffsetReset, Uuid};

use super::checkpoint_metadata::{CheckpointMetadata, JobIdentity, Note};
use crate::plan::sets;
use crate::scan::{Bounded, Startup};

/// What the offsets of a job's group mean at its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restore {
    /// Those that this very job committed are its checkpoint and win over the startup mode, as a restore does in
    /// Flink. Those of another job are an error.
    #[default]
    Checkpoint,
    /// None counts: the startup mode decides.
    Nothing,
    /// All count, whoever committed them.
    Offsets,
}

/// A place in a partition, before any broker was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// This offset.
    At(i64),
    /// The first record there is.
    Start,
    /// Behind the last record there is now.
    End,
    /// The first record of that time or later, else the end.
    Since(i64),
    /// Nothing is kept, and `auto.offset.reset` is none.
    Unknown,
}

/// How a topic is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// By the startup mode: nothing is kept, or what is kept does not count.
    First,
    /// From the group's offsets. A partition without one came meanwhile: nothing of it was read.
    Again,
    /// From its beginning: what is kept belongs to a topic of the same name that was deleted since.
    Recreated {
        /// The deleted topic's id.
        old: Uuid,
    },
}

/// Why a group's offsets cannot be a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// They are the checkpoint of a job with other sinks.
    AnotherJob(JobIdentity),
    /// They are a checkpoint, and nobody knows which job's.
    UnnamedJob,
    /// A later version of this program wrote them.
    LaterVersion,
}

/// What a group keeps of one topic, and what that means to a job.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    topic_id: Uuid,
    restore: Restore,
    job: &'a JobIdentity,
}

impl<'a> Kept<'a> {
    pub(crate) fn new(topic_id: Uuid, restore: Restore, job: &'a JobIdentity) -> Self {
        Self { topic_id, restore, job }
    }

    /// How the topic is begun, by the offsets of all its partitions.
    pub(crate) fn run(&self, committed: &[Committed]) -> Result<Run, Refused> {
        if self.restore == Restore::Nothing {
            return Ok(Run::First);
        }
        let (mut run, mut old) = (Run::First, None);
        for it in committed.iter().filter(|it| it.offset.is_some()) {
            match self.counts(it)? {
                Usable::Yes => run = Run::Again,
                Usable::OfDeleted(id) => old = Some(id),
                Usable::No => {}
            }
        }
        Ok(match (run, old) {
            (Run::First, Some(old)) => Run::Recreated { old },
            _ => run,
        })
    }

    /// Where to begin in one partition of a topic that is begun so.
    pub(crate) fn begin(
        &self,
        startup: &Startup,
        partition: i32,
        committed: Option<&Committed>,
        run: Run,
        reset: Reset,
    ) -> Place {
        let kept = committed.and_then(|it| it.offset);
        match run {
            Run::Again => {
                let counts = committed.is_some_and(|it| matches!(self.counts(it), Ok(Usable::Yes)));
                return kept.filter(|_| counts).map_or(Place::Start, Place::At);
            }
            Run::Recreated { .. } => return Place::Start,
            Run::First => {}
        }
        match startup {
            Startup::EarliestOffset => Place::Start,
            Startup::LatestOffset => Place::End,
            Startup::Timestamp(ms) => Place::Since(*ms),
            Startup::GroupOffsets => kept.map_or_else(|| reset.place(), Place::At),
            Startup::SpecificOffsets(offsets) => match offsets.get(&partition) {
                Some(offset) => Place::At(*offset),
                None => kept.map_or(Place::Start, Place::At),
            },
        }
    }

    fn counts(&self, committed: &Committed) -> Result<Usable, Refused> {
        let note = Note::of(&committed.metadata);
        match note {
            Note::Checkpoint(it) if self.is_of_deleted(&it) => Ok(Usable::OfDeleted(it.topic_id)),
            _ if self.restore == Restore::Offsets => Ok(Usable::Yes),
            Note::Checkpoint(it) if it.job == *self.job => Ok(Usable::Yes),
            Note::Checkpoint(it) => Err(Refused::AnotherJob(it.job)),
            Note::Unnamed => Err(Refused::UnnamedJob),
            Note::Newer => Err(Refused::LaterVersion),
            Note::Foreign => Ok(Usable::No),
        }
    }

    /// Brokers before Kafka 2.8 know no ids.
    fn is_of_deleted(&self, kept: &CheckpointMetadata) -> bool {
        kept.topic_id != Uuid::ZERO && self.topic_id != Uuid::ZERO && kept.topic_id != self.topic_id
    }
}

/// Whether an offset is one to start from.
enum Usable {
    Yes,
    No,
    OfDeleted(Uuid),
}

/// Where to end, exclusively; `None` is never.
pub(crate) fn end(bounded: &Bounded, partition: i32, committed: Option<&Committed>) -> Option<Place> {
    let kept = committed.and_then(|it| it.offset);
    Some(match bounded {
        Bounded::Unbounded => return None,
        Bounded::LatestOffset => Place::End,
        Bounded::Timestamp(ms) => Place::Since(*ms),
        Bounded::GroupOffsets => kept.map_or(Place::Unknown, Place::At),
        Bounded::SpecificOffsets(offsets) => match offsets.get(&partition) {
            Some(offset) => Place::At(*offset),
            None => kept.map_or(Place::Start, Place::At),
        },
    })
}

impl fmt::Display for Refused {
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
pub(crate) enum Reset {
    Earliest,
    Latest,
    /// Fail; Flink's default here.
    #[default]
    None,
}

impl Reset {
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

    fn place(self) -> Place {
        match self {
            Self::Earliest => Place::Start,
            Self::Latest => Place::End,
            Self::None => Place::Unknown,
        }
    }
}

const RESET: &str = "auto.offset.reset";

#[cfg(test)]
mod tests;
