//! The values of a column, put together as an array.
//!
//! A value is first asked whether it fits, and then appended: half of a value is never in.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int8Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder, Time32MillisecondBuilder,
};
use arrow_array::types::{
    ArrowTimestampType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{ArrayRef, ListArray, MapArray, PrimitiveArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::{DataType as ArrowType, TimeUnit};

use super::schema::{arrow_type, per_second, unit};
use crate::row::{Row, Timestamp, Value};
use crate::types::LogicalType;

/// An array that grows.
pub(super) struct ColumnBuilder {
    data_type: ArrowType,
    values: ValueBuilder,
    /// Whether there are values of the column that do not fit.
    may_misfit: bool,
}

enum ValueBuilder {
    Boolean(BooleanBuilder),
    TinyInt(Int8Builder),
    SmallInt(Int16Builder),
    Int(Int32Builder),
    BigInt(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Time(Time32MillisecondBuilder),
    Timestamp { counts: Vec<i64>, nulls: NullBufferBuilder, unit: TimeUnit },
    List { offsets: Vec<i32>, nulls: NullBufferBuilder, items: Box<ColumnBuilder> },
    Map { offsets: Vec<i32>, nulls: NullBufferBuilder, entries: Box<[ColumnBuilder; 2]> },
    Struct { nulls: NullBufferBuilder, fields: Vec<ColumnBuilder>, length: usize },
}

impl ColumnBuilder {
    pub(super) fn new(logical: &LogicalType) -> Self {
        let data_type = arrow_type(logical);
        let nulls = || NullBufferBuilder::new(0);
        let map = |key: &LogicalType, value: &LogicalType| ValueBuilder::Map {
            offsets: vec![0],
            nulls: nulls(),
            entries: Box::new([Self::new(key), Self::new(value)]),
        };
        let values = match logical {
            LogicalType::Boolean => ValueBuilder::Boolean(BooleanBuilder::new()),
            LogicalType::TinyInt => ValueBuilder::TinyInt(Int8Builder::new()),
            LogicalType::SmallInt => ValueBuilder::SmallInt(Int16Builder::new()),
            LogicalType::Int | LogicalType::IntervalYearMonth => ValueBuilder::Int(Int32Builder::new()),
            LogicalType::BigInt | LogicalType::IntervalDayTime => ValueBuilder::BigInt(Int64Builder::new()),
            LogicalType::Float => ValueBuilder::Float(Float32Builder::new()),
            LogicalType::Double => ValueBuilder::Double(Float64Builder::new()),
            LogicalType::Decimal { .. } => {
                ValueBuilder::Decimal(Decimal128Builder::new().with_data_type(data_type.clone()))
            }
            LogicalType::Char(_) | LogicalType::VarChar(_) => ValueBuilder::Text(StringBuilder::new()),
            LogicalType::Binary(_) | LogicalType::VarBinary(_) => ValueBuilder::Bytes(BinaryBuilder::new()),
            LogicalType::Date => ValueBuilder::Date(Date32Builder::new()),
            LogicalType::Time(_) => ValueBuilder::Time(Time32MillisecondBuilder::new()),
            LogicalType::Timestamp(precision) | LogicalType::TimestampLtz(precision) => {
                ValueBuilder::Timestamp { counts: Vec::new(), nulls: nulls(), unit: unit(*precision) }
            }
            LogicalType::Array(item) => ValueBuilder::List {
                offsets: vec![0],
                nulls: nulls(),
                items: Box::new(Self::new(&item.logical)),
            },
            LogicalType::Map(key, value) => map(&key.logical, &value.logical),
            LogicalType::Multiset(item) => map(&item.logical, &LogicalType::Int),
            LogicalType::Row(fields) => ValueBuilder::Struct {
                nulls: nulls(),
                fields: fields.iter().map(|it| Self::new(&it.data_type.logical)).collect(),
                length: 0,
            },
        };
        let may_misfit = match &values {
            ValueBuilder::Timestamp { .. } | ValueBuilder::Map { .. } => true,
            ValueBuilder::List { items, .. } => items.may_misfit,
            ValueBuilder::Struct { fields, .. } => fields.iter().any(|it| it.may_misfit),
            _ => false,
        };
        Self { data_type, values, may_misfit }
    }

    /// Whether Arrow has such a value.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub(super) fn fits(&self, value: Value<'_>) -> Result<(), String> {
        if !self.may_misfit {
            return Ok(());
        }
        match (&self.values, value) {
            (ValueBuilder::Timestamp { unit, .. }, Value::Timestamp(at)) => match count(at, *unit) {
                Some(_) => Ok(()),
                None => Err(format!("second {} of 1970 is too far away for {}", at.seconds, self.data_type)),
            },
            (ValueBuilder::List { items, .. }, Value::Array(values)) => {
                values.iter().try_for_each(|it| items.fits(*it))
            }
            (ValueBuilder::Map { entries, .. }, Value::Map(values)) => {
                values.iter().try_for_each(|(key, value)| {
                    if *key == Value::Null {
                        return Err("a map's key is NULL, which Arrow's maps do not have".to_owned());
                    }
                    entries[0].fits(*key)?;
                    entries[1].fits(*value)
                })
            }
            (ValueBuilder::Struct { fields, .. }, Value::Row(row)) => {
                fields.iter().zip(row).try_for_each(|(field, it)| field.fits(*it))
            }
            _ => Ok(()),
        }
    }

    /// One more value, which fits. One of another type, which no decoder gives, is NULL.
    pub(super) fn append(&mut self, value: Value<'_>) {
        match (&mut self.values, value) {
            (ValueBuilder::Boolean(it), Value::Boolean(value)) => it.append_value(value),
            (ValueBuilder::TinyInt(it), Value::TinyInt(value)) => it.append_value(value),
            (ValueBuilder::SmallInt(it), Value::SmallInt(value)) => it.append_value(value),
            (ValueBuilder::Int(it), Value::Int(value)) => it.append_value(value),
            (ValueBuilder::BigInt(it), Value::BigInt(value)) => it.append_value(value),
            (ValueBuilder::Float(it), Value::Float(value)) => it.append_value(value),
            (ValueBuilder::Double(it), Value::Double(value)) => it.append_value(value),
            (ValueBuilder::Decimal(it), Value::Decimal(value)) => it.append_value(value.0),
            // A batch is of one fetch, whose bytes are bounded far below what offsets of 32 bits reach.
            (ValueBuilder::Text(it), Value::String(value)) => it.append_value(value),
            (ValueBuilder::Bytes(it), Value::Bytes(value)) => it.append_value(value),
            (ValueBuilder::Date(it), Value::Date(value)) => it.append_value(value),
            (ValueBuilder::Time(it), Value::Time(value)) => it.append_value(value),
            (ValueBuilder::Timestamp { counts, nulls, unit }, Value::Timestamp(at)) => {
                counts.push(count(at, *unit).unwrap_or_default());
                nulls.append_non_null();
            }
            (ValueBuilder::List { offsets, nulls, items }, Value::Array(values)) => {
                values.iter().for_each(|it| items.append(*it));
                grow(offsets, values.len());
                nulls.append_non_null();
            }
            (ValueBuilder::Map { offsets, nulls, entries }, Value::Map(values)) => {
                for (key, value) in values {
                    entries[0].append(*key);
                    entries[1].append(*value);
                }
                grow(offsets, values.len());
                nulls.append_non_null();
            }
            (ValueBuilder::Struct { nulls, fields, length }, Value::Row(row)) => {
                append_all(fields, row);
                *length += 1;
                nulls.append_non_null();
            }
            (values, _) => values.append_null(),
        }
    }

    /// The array.
    pub(super) fn finish(self) -> ArrayRef {
        match self.values {
            ValueBuilder::Boolean(mut it) => Arc::new(it.finish()),
            ValueBuilder::TinyInt(mut it) => Arc::new(it.finish()),
            ValueBuilder::SmallInt(mut it) => Arc::new(it.finish()),
            ValueBuilder::Int(mut it) => Arc::new(it.finish()),
            ValueBuilder::BigInt(mut it) => Arc::new(it.finish()),
            ValueBuilder::Float(mut it) => Arc::new(it.finish()),
            ValueBuilder::Double(mut it) => Arc::new(it.finish()),
            ValueBuilder::Decimal(mut it) => Arc::new(it.finish()),
            ValueBuilder::Text(mut it) => Arc::new(it.finish()),
            ValueBuilder::Bytes(mut it) => Arc::new(it.finish()),
            ValueBuilder::Date(mut it) => Arc::new(it.finish()),
            ValueBuilder::Time(mut it) => Arc::new(it.finish()),
            ValueBuilder::Timestamp { counts, nulls, unit } => match unit {
                TimeUnit::Second => timestamps::<TimestampSecondType>(counts, nulls, self.data_type),
                TimeUnit::Millisecond => {
                    timestamps::<TimestampMillisecondType>(counts, nulls, self.data_type)
                }
                TimeUnit::Microsecond => {
                    timestamps::<TimestampMicrosecondType>(counts, nulls, self.data_type)
                }
                TimeUnit::Nanosecond => timestamps::<TimestampNanosecondType>(counts, nulls, self.data_type),
            },
            ValueBuilder::List { offsets, mut nulls, items } => {
                let ArrowType::List(field) = self.data_type else { return nothing() };
                let offsets = OffsetBuffer::new(offsets.into());
                Arc::new(ListArray::new(field, offsets, items.finish(), nulls.finish()))
            }
            ValueBuilder::Map { offsets, mut nulls, entries } => {
                let ArrowType::Map(field, ordered) = self.data_type else { return nothing() };
                let ArrowType::Struct(fields) = field.data_type() else { return nothing() };
                let arrays = entries.map(Self::finish).to_vec();
                let entries = StructArray::new(fields.clone(), arrays, None);
                let offsets = OffsetBuffer::new(offsets.into());
                Arc::new(MapArray::new(field, offsets, entries, nulls.finish(), ordered))
            }
            ValueBuilder::Struct { mut nulls, fields, length } => {
                let ArrowType::Struct(of) = self.data_type else { return nothing() };
                let arrays: Vec<_> = fields.into_iter().map(Self::finish).collect();
                match StructArray::try_new_with_length(of, arrays, nulls.finish(), length) {
                    Ok(array) => Arc::new(array),
                    Err(_) => nothing(),
                }
            }
        }
    }
}

impl ValueBuilder {
    fn append_null(&mut self) {
        match self {
            Self::Boolean(it) => it.append_null(),
            Self::TinyInt(it) => it.append_null(),
            Self::SmallInt(it) => it.append_null(),
            Self::Int(it) => it.append_null(),
            Self::BigInt(it) => it.append_null(),
            Self::Float(it) => it.append_null(),
            Self::Double(it) => it.append_null(),
            Self::Decimal(it) => it.append_null(),
            Self::Text(it) => it.append_null(),
            Self::Bytes(it) => it.append_null(),
            Self::Date(it) => it.append_null(),
            Self::Time(it) => it.append_null(),
            Self::Timestamp { counts, nulls, .. } => {
                counts.push(0);
                nulls.append_null();
            }
            Self::List { offsets, nulls, .. } | Self::Map { offsets, nulls, .. } => {
                grow(offsets, 0);
                nulls.append_null();
            }
            Self::Struct { nulls, fields, length } => {
                fields.iter_mut().for_each(|it| it.append(Value::Null));
                *length += 1;
                nulls.append_null();
            }
        }
    }
}

fn append_all(fields: &mut [ColumnBuilder], row: Row<'_>) {
    let values = row.iter().copied().chain(std::iter::repeat(Value::Null));
    fields.iter_mut().zip(values).for_each(|(field, value)| field.append(value));
}

/// As many items more.
fn grow(offsets: &mut Vec<i32>, items: usize) {
    let last = offsets.last().copied().unwrap_or_default();
    offsets.push(last.saturating_add(i32::try_from(items).unwrap_or(i32::MAX)));
}

/// The moment in this unit, its further digits cut.
fn count(at: Timestamp, unit: TimeUnit) -> Option<i64> {
    let per_second = per_second(unit);
    let part = i64::from(at.nanos) / (1_000_000_000 / per_second);
    // Before 1970 the whole seconds alone may be too far away.
    i64::try_from(i128::from(at.seconds) * i128::from(per_second) + i128::from(part)).ok()
}

fn timestamps<T: ArrowTimestampType>(
    counts: Vec<i64>,
    mut nulls: NullBufferBuilder,
    data_type: ArrowType,
) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(counts.into(), nulls.finish()).with_data_type(data_type))
}

/// Of a column whose builder is not of its type: there is none.
#[cold]
fn nothing() -> ArrayRef {
    arrow_array::new_empty_array(&ArrowType::Null)
}
