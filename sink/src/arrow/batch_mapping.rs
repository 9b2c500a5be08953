//! What the columns of a batch mean to a table.

use std::sync::Arc;

use arrow_array::{RecordBatch, new_empty_array};
use arrow_schema::{DataType as ArrowType, Schema, SchemaRef};

use super::column_reader::ColumnReader;
use super::schema::ROW_KIND_COLUMN;
use crate::row::{Arena, Row, RowKind, Value};
use crate::types::{DataType, Field, LogicalType};

/// The last schema that was looked at, and what came of it.
pub(crate) struct BatchMapping {
    row_kind_column: String,
    last: Option<(SchemaRef, Arc<Mapping>)>,
}

/// Where each column of the table stands in a batch.
pub(super) struct Mapping {
    /// `None` is NULL in every row.
    columns: Vec<Option<usize>>,
    /// `None`: each row is an upsert.
    row_kind: Option<usize>,
}

/// The rows of one batch.
pub(super) struct BatchRows<'a> {
    columns: &'a [Field],
    readers: Vec<Option<ColumnReader<'a>>>,
    row_kind: Option<ColumnReader<'a>>,
}

impl Default for BatchMapping {
    fn default() -> Self {
        Self::new(ROW_KIND_COLUMN.to_owned())
    }
}

impl BatchMapping {
    pub(super) fn new(row_kind_column: String) -> Self {
        Self { row_kind_column, last: None }
    }

    /// What the batch's schema means; looked up where the last batch had the same.
    pub(super) fn of(
        &mut self,
        batch: &RecordBatch,
        columns: &[Field],
        key: &[usize],
    ) -> Result<Arc<Mapping>, String> {
        let schema = batch.schema_ref();
        if let Some((last, mapping)) = &self.last
            && (Arc::ptr_eq(last, schema) || last == schema)
        {
            return Ok(Arc::clone(mapping));
        }
        let mapping = Arc::new(Mapping::new(schema, columns, key, &self.row_kind_column)?);
        self.last = Some((Arc::clone(schema), Arc::clone(&mapping)));
        Ok(mapping)
    }
}

impl Mapping {
    pub(super) fn new(
        schema: &Schema,
        columns: &[Field],
        key: &[usize],
        row_kind_column: &str,
    ) -> Result<Self, String> {
        let mut mapping = Self { columns: vec![None; columns.len()], row_kind: None };
        for (index, field) in schema.fields().iter().enumerate() {
            let empty = new_empty_array(field.data_type());
            if let Some(slot) = columns.iter().position(|it| *it.name == **field.name()) {
                ColumnReader::new(&empty, &columns[slot].data_type)
                    .map_err(|text| format!("column {}: {text}", field.name()))?;
                if mapping.columns[slot].replace(index).is_some() {
                    return Err(format!("the batch has two columns {}", field.name()));
                }
            } else if field.name() == row_kind_column {
                ColumnReader::new(&empty, row_kind_type(field.data_type()))
                    .map_err(|text| format!("column {row_kind_column}: {text}"))?;
                mapping.row_kind = Some(index);
            } else {
                let names: Vec<&str> = columns.iter().map(|it| &*it.name).collect();
                let (name, names) = (field.name(), names.join(", "));
                return Err(format!(
                    "the batch has a column {name}, the table has none; there are: {names}, and {row_kind_column}"
                ));
            }
        }
        let is_missing = |(slot, column): &(usize, &Field)| {
            mapping.columns[*slot].is_none() && (!column.data_type.nullable || key.contains(slot))
        };
        match columns.iter().enumerate().find(is_missing) {
            Some((_, column)) => Err(format!("column {} is NOT NULL, the batch has none", column.name)),
            None => Ok(mapping),
        }
    }

    /// The rows of a batch that has the schema.
    pub(super) fn rows<'a>(
        &self,
        batch: &'a RecordBatch,
        columns: &'a [Field],
    ) -> Result<BatchRows<'a>, String> {
        let readers = self.columns.iter().zip(columns).map(|(index, column)| {
            let reader = index.map(|index| ColumnReader::new(batch.column(index), &column.data_type));
            reader.transpose().map_err(|text| format!("column {}: {text}", column.name))
        });
        let row_kind = self.row_kind.map(|index| {
            let array = batch.column(index);
            ColumnReader::new(array, row_kind_type(array.data_type()))
        });
        Ok(BatchRows {
            columns,
            readers: readers.collect::<Result<_, _>>()?,
            row_kind: row_kind.transpose()?,
        })
    }
}

impl BatchRows<'_> {
    /// One row, in the arena.
    pub(super) fn row<'a>(&'a self, at: usize, arena: &'a Arena) -> Result<(RowKind, Row<'a>), String> {
        let row = arena.alloc_slice_fill_copy(self.columns.len(), Value::Null);
        for ((slot, reader), column) in row.iter_mut().zip(&self.readers).zip(self.columns) {
            if let Some(reader) = reader {
                *slot = reader.value(at, arena).map_err(|text| format!("column {}: {text}", column.name))?;
            }
        }
        let kind = match &self.row_kind {
            None => RowKind::UpdateAfter,
            Some(reader) => row_kind(reader.value(at, arena)?)?,
        };
        Ok((kind, row))
    }
}

/// A row kind as Flink prints it, or as the number that it has there.
fn row_kind(value: Value<'_>) -> Result<RowKind, String> {
    Ok(match value {
        Value::String("+I") | Value::TinyInt(0) => RowKind::Insert,
        Value::String("-U") | Value::TinyInt(1) => RowKind::UpdateBefore,
        Value::String("+U") | Value::TinyInt(2) => RowKind::UpdateAfter,
        Value::String("-D") | Value::TinyInt(3) => RowKind::Delete,
        other => return Err(format!("{other:?} is no row kind; there are: +I, -U, +U, -D, or 0 to 3")),
    })
}

/// Numbers where the batch has integers, else text.
fn row_kind_type(data_type: &ArrowType) -> &'static DataType {
    static NUMBER: DataType = DataType { logical: LogicalType::TinyInt, nullable: false };
    static TEXT: DataType = DataType { logical: LogicalType::STRING, nullable: false };
    if data_type.is_integer() { &NUMBER } else { &TEXT }
}
