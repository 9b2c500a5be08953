//! Tables that are written for a person who looks on, or for nobody: `print` and `blackhole`.

use super::check::Check;
use super::pipeline::{BlackholePlan, Layout, PrintPlan, SinkPlan};
use super::table::Table;
use crate::options::{BLACKHOLE, PRINT};

/// Checks the table and makes its plan.
pub(super) fn sink(table: &Table) -> (Option<SinkPlan>, Check<'_>, Vec<String>) {
    let mut check = Check::new(table, &PRINT);
    check.keys([None, None]);
    check.writable_metadata(&[]);
    let parallelism = check.parallelism("sink.parallelism");
    let plan = PrintPlan {
        table: table.name.clone(),
        columns: table.columns.clone(),
        primary_key: table.primary_key.clone(),
        identifier: check.given("print-identifier").filter(|it| !it.is_empty()).map(str::to_owned),
        standard_error: check.options.is_true("standard-error"),
        layout: Layout::Row,
        parallelism,
    };
    let to = if plan.standard_error { "standard error" } else { "standard output" };
    let lines = vec![format!("writes each change as a line to {to}: {}", table.column_names())];
    (Some(SinkPlan::Print(plan)), check, lines)
}

/// Checks a table that forgets its rows and makes its plan.
pub(super) fn blackhole(table: &Table) -> (Option<SinkPlan>, Check<'_>, Vec<String>) {
    let mut check = Check::new(table, &BLACKHOLE);
    check.keys([None, None]);
    check.writable_metadata(&[]);
    let parallelism = check.parallelism("sink.parallelism");
    let plan = BlackholePlan {
        table: table.name.clone(),
        columns: table.columns.clone(),
        primary_key: table.primary_key.clone(),
        parallelism,
    };
    let lines = vec![format!("counts each change and forgets it: {}", table.column_names())];
    (Some(SinkPlan::Blackhole(plan)), check, lines)
}
