//! Rows of a table, put together as a RecordBatch.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use super::column_builder::ColumnBuilder;
use super::schema::{self, ROW_KIND_COLUMN};
use crate::row::{Row, RowKind};
use crate::types::Field;

/// What batches of a source look like, once somebody has asked.
pub(crate) struct SourceBatches {
    row_kind_column: String,
    schema: Option<SchemaRef>,
}

/// A batch that grows.
pub(super) struct BatchBuilder {
    schema: SchemaRef,
    columns: Vec<(Box<str>, ColumnBuilder)>,
    row_kinds: StringBuilder,
}

impl Default for SourceBatches {
    fn default() -> Self {
        Self::new(ROW_KIND_COLUMN.to_owned())
    }
}

impl SourceBatches {
    pub(super) fn new(row_kind_column: String) -> Self {
        Self { row_kind_column, schema: None }
    }

    pub(super) fn schema(&mut self, columns: &[Field]) -> Result<SchemaRef, String> {
        if let Some(schema) = &self.schema {
            return Ok(Arc::clone(schema));
        }
        let schema = schema::schema(columns, &self.row_kind_column)?;
        Ok(Arc::clone(self.schema.insert(schema)))
    }
}

impl BatchBuilder {
    /// An empty batch of these columns, whose schema that is.
    pub(super) fn new(schema: &SchemaRef, columns: &[Field]) -> Self {
        let column = |it: &Field| (it.name.clone(), ColumnBuilder::new(&it.data_type.logical));
        Self {
            schema: Arc::clone(schema),
            columns: columns.iter().map(column).collect(),
            row_kinds: StringBuilder::new(),
        }
    }

    /// One more row; one that Arrow cannot hold is not in, and the batch stands as before.
    pub(super) fn append(&mut self, kind: RowKind, row: Row<'_>) -> Result<(), String> {
        for ((name, column), value) in self.columns.iter().zip(row) {
            column.fits(*value).map_err(|text| format!("column {name}: {text}"))?;
        }
        for ((_, column), value) in self.columns.iter_mut().zip(row) {
            column.append(*value);
        }
        self.row_kinds.append_value(match kind {
            RowKind::Insert => "+I",
            RowKind::UpdateBefore => "-U",
            RowKind::UpdateAfter => "+U",
            RowKind::Delete => "-D",
        });
        Ok(())
    }

    /// The rows that are in.
    pub(super) fn finish(mut self) -> Result<RecordBatch, String> {
        let mut arrays: Vec<ArrayRef> = self.columns.into_iter().map(|(_, column)| column.finish()).collect();
        arrays.push(Arc::new(self.row_kinds.finish()));
        RecordBatch::try_new(self.schema, arrays).map_err(|error| error.to_string())
    }
}
