//! A `print` table that is written.

use super::check::Check;
use super::pipeline::{Layout, PrintPlan, SinkPlan};
use super::table::Table;
use crate::options::PRINT;

/// Checks the table and makes its plan.
pub(super) fn sink(table: &Table) -> (Option<SinkPlan>, Check<'_>, Vec<String>) {
    let mut check = Check::new(table, &PRINT);
    check.keys([None, None]);
    check.writable_metadata();
    check.parallelism("sink.parallelism");
    let plan = PrintPlan {
        table: table.name.clone(),
        columns: table.columns.clone(),
        identifier: check.given("print-identifier").map(str::to_owned),
        standard_error: check.options.is_true("standard-error"),
        layout: Layout::Row,
    };
    let to = if plan.standard_error { "standard error" } else { "standard output" };
    let lines = vec![format!("writes each change as a line to {to}: {}", table.column_names())];
    (Some(SinkPlan::Print(plan)), check, lines)
}
