//! Whether UPDATE_BEFORE reaches the sink.

use super::pipeline::{KafkaSinkPlan, SinkPlan, SourcePlan};
use crate::expr::{Expr, Projection};
use crate::serializer::ChangeMode;
use crate::step::Step;

/// Whether UPDATE_BEFORE is dropped, and why.
///
/// Flink drops the old row of an update if and only if the source's PRIMARY KEY is the sink's and no filter stands
/// between: then the new row has the same key and replaces the old one. Otherwise the old row becomes a tombstone of its
/// key.
///
/// A filter judges the old and the new row each by itself, as in Flink. Where it takes the old row and not the new one,
/// only the tombstone of the old row says that the row is gone; so the old row must reach the filter.
pub(super) fn update_before(
    source: &SourcePlan,
    sink: &SinkPlan,
    steps: &[Step],
    is_union: bool,
    projection: &Projection,
) -> (bool, &'static str) {
    let sink = match sink {
        SinkPlan::Print(_) => return (false, "every change is printed"),
        SinkPlan::Blackhole(_) => return (true, "no change is written"),
        SinkPlan::Kafka(sink) => sink,
    };
    if !source.carries_changes {
        return (true, "the source only inserts: every row is written, those of one key one after another");
    }
    if sink.changes == ChangeMode::Format {
        return (false, "the value's format tells old and new rows");
    }
    if source.primary_key.is_empty() {
        return (false, "UPDATE_BEFORE becomes a tombstone of the old key: the source has no PRIMARY KEY");
    }
    if steps.iter().any(|step| matches!(step, Step::Filter(_))) {
        return (false, "UPDATE_BEFORE becomes a tombstone of the old key: WHERE may leave out the new row");
    }
    if !steps.is_empty() {
        return (false, "UPDATE_BEFORE becomes a tombstone of the old key: of a row there are several");
    }
    if is_union {
        return (false, "UPDATE_BEFORE becomes a tombstone of the old key: UNION ALL has no PRIMARY KEY");
    }
    if has_same_key(source, sink, projection) {
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

/// Whether the sink's PRIMARY KEY is made of the source's, so that rows of one key there are rows of one key here.
pub(super) fn has_same_key(source: &SourcePlan, sink: &KafkaSinkPlan, projection: &Projection) -> bool {
    let key_exprs = sink.primary_key.iter().map(|index| projection.expr(*index));
    let mut from: Vec<Option<usize>> = key_exprs.map(Expr::source_column).collect();
    let mut key: Vec<Option<usize>> = source.primary_key.iter().copied().map(Some).collect();
    from.sort_unstable();
    from.dedup();
    key.sort_unstable();
    from == key
}

#[cfg(test)]
mod tests {
    use super::{Step, update_before};
    use crate::expr::Expr;
    use crate::plan::{PlanOptions, plan};
    use crate::types::LogicalType;

    const JOB: &str = "
        CREATE TABLE src (id INT, ok BOOLEAN, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'kafka',
            'topic' = 'in', 'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g',
            'format' = 'debezium-json');
        CREATE TABLE o (id BIGINT, ok BOOLEAN, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
            'topic' = 'out', 'properties.bootstrap.servers' = 'a:1', 'key.format' = 'json',
            'value.format' = 'json');
        INSERT INTO o SELECT * FROM src";

    #[test]
    fn a_filter_needs_the_old_row_and_a_cast_key_does_not() {
        let plan = plan(JOB, &PlanOptions::default()).unwrap();
        let (source, insert) = plan.inserts().next().unwrap();
        let filter = Step::Filter(Expr::column(1, LogicalType::Boolean.nullable()));
        let drops = |steps: &[Step], is_union| {
            update_before(source, &insert.sink, steps, is_union, &insert.projection).0
        };
        assert!(drops(&[], false), "the key is the source's, cast from INT to BIGINT");
        assert!(!drops(&[filter], false));
        assert!(!drops(&[], true), "rows of one key come from two places");
    }
}
