//! Whether UPDATE_BEFORE reaches the sink.

use super::{SinkPlan, SourcePlan};
use crate::expr::Projection;

/// It is dropped if and only if the source's PRIMARY KEY is the sink's and no filter stands between: then the new
/// value has the old one's key. Otherwise it becomes a tombstone of the old key. With the reason.
pub(super) fn update_before(
    source: &SourcePlan,
    sink: &SinkPlan,
    projection: &Projection,
) -> (bool, &'static str) {
    let sink = match sink {
        SinkPlan::Print(_) => return (false, "every change is printed"),
        SinkPlan::UpsertKafka(sink) => sink,
    };
    if !source.carries_changes {
        return (true, "the source only inserts: every row is written, those of one key one after another");
    }
    if source.primary_key.is_empty() {
        return (false, "UPDATE_BEFORE becomes a tombstone of the old key: the source has no PRIMARY KEY");
    }
    let mut from: Vec<Option<usize>> =
        sink.primary_key.iter().map(|index| projection.slots()[*index].source).collect();
    let mut key: Vec<Option<usize>> = source.primary_key.iter().copied().map(Some).collect();
    from.sort_unstable();
    from.dedup();
    key.sort_unstable();
    if from == key {
        (
            true,
            "UPDATE_BEFORE is dropped: the source's PRIMARY KEY is the sink's, so the new value replaces the old",
        )
    } else {
        (
            false,
            "UPDATE_BEFORE becomes a tombstone of the old key: the source's PRIMARY KEY is not the sink's",
        )
    }
}
