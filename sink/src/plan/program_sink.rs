//! The plan of a table that a program writes: what it brings is the table's row, and no query made it.

use super::pipeline::KafkaSinkPlan;
use crate::expr::Expr;

#[derive(Debug)]
pub(crate) struct ProgramSinkPlan {
    /// What a job would write rows by.
    pub(crate) sink: KafkaSinkPlan,
    /// What happens to a row first.
    pub(crate) casts: Vec<MetadataCast>,
}

/// What makes of a metadata column, as it is declared, what a record has. A job's INSERT does so in its projection.
#[derive(Debug)]
pub(crate) struct MetadataCast {
    /// Its name.
    pub(crate) column: String,
    /// Its place in the row.
    pub(crate) slot: usize,
    /// Of the row as it is declared.
    pub(crate) expr: Expr,
}
