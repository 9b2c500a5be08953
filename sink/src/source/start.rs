//! Where a partition is read from, and up to where: decided from the options and what the group kept.

use upsert_kafka_client::{Committed, OffsetReset};

use crate::scan::{Bounded, Startup};

/// The note that our commits carry: only such offsets are a checkpoint of ours.
pub(crate) const MARK: &str = "upsert-kafka";

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

/// Where to begin. Marked offsets win over the startup mode, as Flink's restore does; others count for
/// group-offsets alone. After a restart a partition without a mark came meanwhile: nothing of it was read.
pub(crate) fn begin(
    startup: &Startup,
    partition: i32,
    committed: Option<&Committed>,
    run: Run,
    reset: Reset,
) -> Place {
    let kept = committed.and_then(|it| Some((it.offset?, it.metadata == MARK)));
    match (run, kept) {
        (Run::Again, Some((offset, true))) => return Place::At(offset),
        (Run::Again, _) => return Place::Start,
        (Run::First, _) => {}
    }
    match startup {
        Startup::EarliestOffset => Place::Start,
        Startup::LatestOffset => Place::End,
        Startup::Timestamp(ms) => Place::Since(*ms),
        Startup::GroupOffsets => kept.map_or_else(|| reset.place(), |(offset, _)| Place::At(offset)),
        Startup::SpecificOffsets(offsets) => match offsets.get(&partition) {
            Some(offset) => Place::At(*offset),
            None => kept.map_or(Place::Start, |(offset, _)| Place::At(offset)),
        },
    }
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

/// Whether a job of this group read the topic before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// No mark stands anywhere, or marks do not count.
    First,
    /// At least one partition has a mark.
    Again,
}

impl Run {
    /// What the group's offsets of all partitions of the topic tell.
    pub(crate) fn of(committed: &[Committed], ignore_marks: bool) -> Self {
        let marked = committed.iter().any(|it| it.offset.is_some() && it.metadata == MARK);
        if marked && !ignore_marks { Self::Again } else { Self::First }
    }
}

/// `auto.offset.reset`, where it counts: group-offsets without an offset.
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
        match properties.iter().find(|(key, _)| key == "auto.offset.reset").map(|(_, value)| value.as_str()) {
            Some("earliest") => Self::Earliest,
            Some("latest") => Self::Latest,
            _ => Self::None,
        }
    }

    /// What the consumer does when the log no longer has the offset it is told to read: a job that asked for
    /// the group's offsets decides itself, any other loses as little as it can.
    pub(crate) fn of_consumer(self, startup: &Startup) -> OffsetReset {
        match (startup, self) {
            (Startup::GroupOffsets, Self::Latest) => OffsetReset::Latest,
            (Startup::GroupOffsets, Self::None) => OffsetReset::None,
            _ => OffsetReset::Earliest,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(offset: i64, metadata: &str) -> Committed {
        Committed {
            topic: "t".into(),
            partition: 0,
            offset: Some(offset),
            leader_epoch: -1,
            metadata: metadata.into(),
        }
    }

    #[test]
    fn a_marked_offset_wins_over_every_mode() {
        let kept = committed(7, MARK);
        for startup in [Startup::EarliestOffset, Startup::LatestOffset, Startup::GroupOffsets] {
            assert_eq!(begin(&startup, 0, Some(&kept), Run::Again, Reset::None), Place::At(7));
        }
        assert_eq!(begin(&Startup::LatestOffset, 0, Some(&kept), Run::First, Reset::None), Place::End);
    }

    #[test]
    fn after_a_restart_a_partition_without_a_mark_is_read_from_its_beginning() {
        let marked = [committed(7, MARK), Committed { partition: 1, offset: None, ..committed(0, "") }];
        assert_eq!(Run::of(&marked, false), Run::Again);
        assert_eq!(Run::of(&marked, true), Run::First);
        assert_eq!(Run::of(&[committed(7, "")], false), Run::First);
        let new = begin(&Startup::LatestOffset, 1, Some(&marked[1]), Run::Again, Reset::None);
        assert_eq!(new, Place::Start);
    }

    #[test]
    fn an_offset_that_the_log_lost_is_an_error_only_where_the_group_decides() {
        assert_eq!(Reset::None.of_consumer(&Startup::GroupOffsets), OffsetReset::None);
        assert_eq!(Reset::Latest.of_consumer(&Startup::GroupOffsets), OffsetReset::Latest);
        assert_eq!(Reset::Latest.of_consumer(&Startup::LatestOffset), OffsetReset::Earliest);
    }

    #[test]
    fn an_unmarked_offset_counts_for_group_offsets_alone() {
        let kept = committed(7, "");
        assert_eq!(begin(&Startup::EarliestOffset, 0, Some(&kept), Run::First, Reset::None), Place::Start);
        assert_eq!(begin(&Startup::GroupOffsets, 0, Some(&kept), Run::First, Reset::None), Place::At(7));
    }

    #[test]
    fn group_offsets_without_an_offset_follow_the_reset() {
        for (reset, place) in
            [(Reset::None, Place::Unknown), (Reset::Earliest, Place::Start), (Reset::Latest, Place::End)]
        {
            assert_eq!(begin(&Startup::GroupOffsets, 0, None, Run::First, reset), place);
        }
    }

    #[test]
    fn an_unlisted_partition_starts_at_its_commit_else_at_the_beginning() {
        let startup = Startup::SpecificOffsets([(1, 42)].into());
        assert_eq!(begin(&startup, 1, None, Run::First, Reset::None), Place::At(42));
        assert_eq!(begin(&startup, 0, None, Run::First, Reset::None), Place::Start);
        assert_eq!(begin(&startup, 0, Some(&committed(9, "")), Run::First, Reset::None), Place::At(9));
    }

    #[test]
    fn a_bounded_scan_of_specific_offsets_reads_nothing_of_the_unlisted() {
        let bounded = Bounded::SpecificOffsets([(1, 42)].into());
        assert_eq!(end(&bounded, 0, None), Some(Place::Start));
        assert_eq!(end(&Bounded::Unbounded, 0, None), None);
        assert_eq!(end(&Bounded::GroupOffsets, 0, None), Some(Place::Unknown));
    }
}
