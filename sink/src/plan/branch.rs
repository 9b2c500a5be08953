//! A branch of a query: one source, what happens to its rows, and the columns that are made of them.

use std::sync::Arc;

use super::table::Table;
use crate::bind::NamedExpr;
use crate::step::Step;

/// What a query takes of one source. UNION ALL gives a query several branches; views and subqueries are part of the
/// branch that reads through them.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) source: BranchSource,
    /// In their order.
    pub(super) steps: Vec<Step>,
    /// How many columns a row has behind the steps: those of the source, then what steps added.
    pub(super) width: usize,
    /// What the query gives, over the row behind the steps.
    pub(super) columns: Vec<NamedExpr>,
}

/// Where a branch has its rows from.
#[derive(Clone, Debug)]
pub(super) enum BranchSource {
    Table(Arc<Table>),
    /// One row without columns, once.
    Once,
}

impl Branch {
    /// One row without columns.
    pub(super) fn once() -> Self {
        Self { source: BranchSource::Once, steps: Vec::new(), width: 0, columns: Vec::new() }
    }

    /// How many types its source's columns and its own have.
    pub(super) fn size(&self) -> usize {
        let own = self.columns.len();
        match &self.source {
            BranchSource::Table(table) => table.size + own,
            BranchSource::Once => own,
        }
    }
}
