//! What a query needs to know of earlier rows, and what its sink takes of changes.

use std::collections::BTreeSet;

use super::pipeline::{SinkPlan, SourcePlan};
use super::update_before::has_same_key;
use crate::error::{Finding, Rule};
use crate::expr::{Expr, Projection};
use crate::normalize::NormalizePlan;
use crate::serializer::ChangeMode;
use crate::state::StateLimits;
use crate::step::Step;

/// How the rows of an upsert-kafka table come to a query.
pub(super) struct Changelog {
    pub(super) source: SourcePlan,
    /// What is left of the steps of the query.
    pub(super) steps: Vec<Step>,
    /// Whether deletes have the columns of their key alone.
    pub(super) key_only_deletes: bool,
}

/// Decides whether the last row of each key is kept: as in Flink 2.2 it is, unless the query hands every change to a sink
/// of the same key, which then takes deletes that have their key alone. The filter of a query that keeps rows is
/// judged where they are kept.
pub(super) fn changelog(
    mut source: SourcePlan,
    sink: &SinkPlan,
    steps: Vec<Step>,
    projection: &Projection,
    limits: StateLimits,
) -> Changelog {
    if !source.upsert_mode {
        return Changelog { source, steps, key_only_deletes: false };
    }
    let takes_upserts = match sink {
        // A format that carries changes tells old rows too.
        SinkPlan::Kafka(sink) => {
            let by_key = sink.changes != ChangeMode::Format && !sink.primary_key.is_empty();
            by_key && has_same_key(&source, sink, projection)
        }
        SinkPlan::Print(_) => false,
        SinkPlan::Blackhole(_) => true,
    };
    let mut of_steps = BTreeSet::new();
    steps.iter().flat_map(Step::exprs).for_each(|expr| expr.columns(&mut of_steps));
    // What steps add stands behind the source's columns.
    of_steps.retain(|column| *column < source.columns.len());
    let is_filter = |step: &Step| matches!(step, Step::Filter(_));
    let is_of_key = |column: &usize| source.primary_key.contains(column);
    if takes_upserts && of_steps.iter().all(is_of_key) && steps.iter().all(is_filter) {
        return Changelog { source, steps, key_only_deletes: true };
    }
    let mut read = of_steps;
    projection.exprs().for_each(|expr| expr.columns(&mut read));
    read.retain(|column| *column < source.columns.len());
    let (filter, steps) = first_filter(steps);
    source.normalize = Some(NormalizePlan {
        table: source.table.as_str().into(),
        key: source.primary_key.clone(),
        columns: read.into_iter().filter(|column| !source.primary_key.contains(column)).collect(),
        filter,
        limits,
    });
    Changelog { source, steps, key_only_deletes: false }
}

/// The filter that stands first, if the rows that are kept can be judged by it, and the steps behind it.
fn first_filter(steps: Vec<Step>) -> (Option<Expr>, Vec<Step>) {
    let mut rest = steps.into_iter().peekable();
    let first = rest.next_if(|step| matches!(step, Step::Filter(filter) if filter.is_deterministic()));
    let filter = match first {
        Some(Step::Filter(filter)) => Some(filter),
        _ => None,
    };
    (filter, rest.collect())
}

/// That a sink which can only insert is fed with rows that change, if it is.
pub(super) fn insert_only(source: &SourcePlan, sink: &SinkPlan) -> Option<Finding> {
    let SinkPlan::Kafka(sink) = sink else { return None };
    let text = format!(
        "takes rows that are inserted, and table {} has rows that change and go: use a 'format' that carries changes, \
         such as debezium-json, or 'connector' = 'upsert-kafka'",
        source.table
    );
    let is_refused = sink.is_insert_only && source.carries_changes;
    is_refused.then(|| Finding::new(Rule::Columns, text).of(&sink.table))
}
