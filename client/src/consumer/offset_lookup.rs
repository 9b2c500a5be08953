//! Looks up the offsets that positions stand for: one ListOffsets request asks a leader for all of its
//! partitions.

use super::list_offsets::{self, OffsetSpec};
use super::position::{LookupKind, OffsetLookup};
use crate::Error;
use crate::cluster::Cluster;

/// What a lookup found.
#[derive(Clone, Copy, Debug)]
pub(super) enum FoundOffsets {
    /// The offset that a position stands for.
    Offset(i64),
    /// The first offset of the log, and the one behind its last.
    Range(i64, i64),
}

/// Asks one leader. Each lookup has its own result, if need be the same error.
pub(super) async fn look_up(
    cluster: Cluster,
    node: i32,
    lookups: Vec<OffsetLookup>,
) -> Vec<(OffsetLookup, Result<FoundOffsets, Error>)> {
    let mut queries = Vec::new();
    for OffsetLookup { topic_partition, kind, .. } in &lookups {
        let specs = match kind {
            LookupKind::Position(position) => &[OffsetSpec::of(*position)][..],
            LookupKind::Range => &[OffsetSpec::Earliest, OffsetSpec::Latest],
        };
        queries.extend(specs.iter().map(|spec| (topic_partition.clone(), *spec)));
    }
    let mut found = list_offsets::ask_leader(cluster, node, queries).await.into_iter();
    let mut next = || found.next().unwrap_or_else(|| Err(list_offsets::missing_from_answer()));
    let answer = |lookup: OffsetLookup| {
        let found = match lookup.kind {
            LookupKind::Position(_) => next().map(FoundOffsets::Offset),
            LookupKind::Range => {
                let (start, end) = (next(), next());
                start.and_then(|start| Ok(FoundOffsets::Range(start, end?)))
            }
        };
        (lookup, found)
    };
    lookups.into_iter().map(answer).collect()
}
