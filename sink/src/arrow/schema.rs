//! Which of Arrow's types a column has.

use std::sync::Arc;

use arrow_schema::{DataType as ArrowType, Field as ArrowField, Fields, Schema, SchemaRef, TimeUnit};

use crate::types::{DataType, Field, LogicalType};

/// The column of row kinds, unless another name is set.
pub const ROW_KIND_COLUMN: &str = "_row_kind";

/// The columns of a table, and behind them that of row kinds.
///
/// # Errors
/// Two columns of one name, in a sentence.
pub(super) fn schema(columns: &[Field], row_kind_column: &str) -> Result<SchemaRef, String> {
    if columns.iter().any(|it| &*it.name == row_kind_column) {
        return Err(format!("it has a column {row_kind_column}, so row kinds need another name"));
    }
    let mut fields: Vec<ArrowField> = columns.iter().map(field).collect();
    fields.push(ArrowField::new(row_kind_column, ArrowType::Utf8, false));
    Ok(Arc::new(Schema::new(fields)))
}

/// A column as a source gives it.
pub(super) fn arrow_type(logical: &LogicalType) -> ArrowType {
    match logical {
        LogicalType::Boolean => ArrowType::Boolean,
        LogicalType::TinyInt => ArrowType::Int8,
        LogicalType::SmallInt => ArrowType::Int16,
        LogicalType::Int | LogicalType::IntervalYearMonth => ArrowType::Int32,
        LogicalType::BigInt | LogicalType::IntervalDayTime => ArrowType::Int64,
        LogicalType::Float => ArrowType::Float32,
        LogicalType::Double => ArrowType::Float64,
        LogicalType::Decimal { precision, scale } => {
            ArrowType::Decimal128(*precision, i8::try_from(*scale).unwrap_or(i8::MAX))
        }
        LogicalType::Char(_) | LogicalType::VarChar(_) => ArrowType::Utf8,
        LogicalType::Binary(_) | LogicalType::VarBinary(_) => ArrowType::Binary,
        LogicalType::Date => ArrowType::Date32,
        LogicalType::Time(_) => ArrowType::Time32(TimeUnit::Millisecond),
        LogicalType::Timestamp(precision) => ArrowType::Timestamp(unit(*precision), None),
        LogicalType::TimestampLtz(precision) => ArrowType::Timestamp(unit(*precision), Some(UTC.into())),
        LogicalType::Array(item) => ArrowType::List(Arc::new(nullable("item", item))),
        LogicalType::Map(key, value) => map(key, nullable("value", value)),
        LogicalType::Multiset(item) => map(item, ArrowField::new("value", ArrowType::Int32, true)),
        LogicalType::Row(fields) => ArrowType::Struct(fields.iter().map(field).collect()),
    }
}

/// What a timestamp of so many digits is counted in.
pub(super) fn unit(precision: u8) -> TimeUnit {
    match precision {
        0 => TimeUnit::Second,
        1..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

/// How many of a unit are a second.
pub(super) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

fn field(column: &Field) -> ArrowField {
    nullable(&column.name, &column.data_type)
}

fn nullable(name: &str, data_type: &DataType) -> ArrowField {
    ArrowField::new(name, arrow_type(&data_type.logical), true)
}

fn map(key: &DataType, value: ArrowField) -> ArrowType {
    let key = ArrowField::new("key", arrow_type(&key.logical), false);
    let entries = ArrowType::Struct(Fields::from(vec![key, value]));
    ArrowType::Map(Arc::new(ArrowField::new("entries", entries, false)), false)
}

/// The zone of instants.
const UTC: &str = "UTC";
