//! Looks up the offsets that positions stand for, and whether the log still holds what was read: one request of each
//! kind asks a leader for all of its partitions.

use super::epoch_end_lookup::{self, EpochEndAnswer, EpochEndQuery};
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
    /// Where an epoch ended, by the leader of `leader_epoch`.
    EpochEnd { leader_epoch: i32, answer: EpochEndAnswer },
}

/// What a lookup came to.
pub(super) type LookupResult = (OffsetLookup, Result<FoundOffsets, Error>);

/// Asks one leader. Each lookup has its own result, if need be the same error.
pub(super) async fn look_up(cluster: Cluster, node: i32, lookups: Vec<OffsetLookup>) -> Vec<LookupResult> {
    let is_epoch_end = |lookup: &OffsetLookup| matches!(lookup.kind, LookupKind::EpochEnd { .. });
    let (epoch_ends, offsets): (Vec<_>, Vec<_>) = lookups.into_iter().partition(is_epoch_end);
    let (mut found, ends) = tokio::join!(
        look_up_offsets(cluster.clone(), node, offsets),
        look_up_epoch_ends(cluster, node, epoch_ends)
    );
    found.extend(ends);
    found
}

async fn look_up_offsets(cluster: Cluster, node: i32, lookups: Vec<OffsetLookup>) -> Vec<LookupResult> {
    let mut queries = Vec::new();
    for OffsetLookup { topic_partition, kind, .. } in &lookups {
        let specs = match kind {
            LookupKind::Position(position) => &[OffsetSpec::of(*position)][..],
            LookupKind::Range | LookupKind::EpochEnd { .. } => &[OffsetSpec::Earliest, OffsetSpec::Latest],
        };
        queries.extend(specs.iter().map(|spec| (topic_partition.clone(), *spec)));
    }
    let mut found = list_offsets::ask_leader(cluster, node, queries).await.into_iter();
    let mut next = || found.next().unwrap_or_else(|| Err(list_offsets::missing_from_answer()));
    let answer = |lookup: OffsetLookup| {
        let found = match lookup.kind {
            LookupKind::Position(_) => next().map(FoundOffsets::Offset),
            LookupKind::Range | LookupKind::EpochEnd { .. } => {
                let (start, end) = (next(), next());
                start.and_then(|start| Ok(FoundOffsets::Range(start, end?)))
            }
        };
        (lookup, found)
    };
    lookups.into_iter().map(answer).collect()
}

async fn look_up_epoch_ends(cluster: Cluster, node: i32, lookups: Vec<OffsetLookup>) -> Vec<LookupResult> {
    let query = |lookup: &OffsetLookup| match lookup.kind {
        LookupKind::EpochEnd { offset_epoch, leader_epoch } => Some(EpochEndQuery {
            topic_partition: lookup.topic_partition.clone(),
            offset_epoch,
            leader_epoch,
        }),
        LookupKind::Position(_) | LookupKind::Range => None,
    };
    let queries: Vec<_> = lookups.iter().filter_map(query).collect();
    if queries.is_empty() {
        return Vec::new();
    }
    let answers = epoch_end_lookup::ask_leader(cluster, node, &queries).await;
    let found = |(answer, query): (Result<EpochEndAnswer, Error>, EpochEndQuery)| {
        answer.map(|answer| FoundOffsets::EpochEnd { leader_epoch: query.leader_epoch, answer })
    };
    lookups.into_iter().zip(answers.into_iter().zip(queries).map(found)).collect()
}
