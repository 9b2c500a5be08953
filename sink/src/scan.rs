//! Where a source begins and ends, as its table says.

use std::collections::BTreeMap;

/// `scan.startup.mode`, with what the mode needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Startup {
    /// The first record there is.
    EarliestOffset,
    /// Behind the last record at the start of the job.
    LatestOffset,
    /// Where the group stands; without an offset `properties.auto.offset.reset` says.
    GroupOffsets,
    /// The first record at this time, in milliseconds, or later; else the end.
    Timestamp(i64),
    /// By partition; others begin at the group's offset, else at the first record.
    SpecificOffsets(BTreeMap<i32, i64>),
}

/// `scan.bounded.mode`, with what the mode needs. The stopping offset itself is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bounded {
    /// Never.
    Unbounded,
    /// Behind the last record at the start of the job.
    LatestOffset,
    /// Where the group stands.
    GroupOffsets,
    /// The first record at this time, in milliseconds, or later; else the end.
    Timestamp(i64),
    /// By partition; others end at the group's offset, else nothing of them is read.
    SpecificOffsets(BTreeMap<i32, i64>),
}

impl Startup {
    /// The name of the mode, as the option has it.
    pub(crate) fn mode(&self) -> &'static str {
        match self {
            Self::EarliestOffset => "earliest-offset",
            Self::LatestOffset => "latest-offset",
            Self::GroupOffsets => "group-offsets",
            Self::Timestamp(_) => "timestamp",
            Self::SpecificOffsets(_) => "specific-offsets",
        }
    }
}

impl Bounded {
    /// The name of the mode, as the option has it.
    pub(crate) fn mode(&self) -> &'static str {
        match self {
            Self::Unbounded => "unbounded",
            Self::LatestOffset => "latest-offset",
            Self::GroupOffsets => "group-offsets",
            Self::Timestamp(_) => "timestamp",
            Self::SpecificOffsets(_) => "specific-offsets",
        }
    }
}
