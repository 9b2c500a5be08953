//! An array, read value by value as a column of a table.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, OffsetSizeTrait, StructArray};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::{DataType as ArrowType, TimeUnit};

use super::schema::{arrow_type, per_second};
use crate::row::{Arena, Timestamp, Unscaled, Value};
use crate::types::{DataType, LogicalType};

/// Reads the values of one array as values of one type.
pub(super) struct ColumnReader<'a> {
    data_type: &'a DataType,
    nulls: Option<NullBuffer>,
    values: ArrayValues<'a>,
}

/// What stands at a place that is not null.
type At<'a, T> = Box<dyn Fn(usize) -> T + Send + Sync + 'a>;

enum ArrayValues<'a> {
    Nulls,
    Boolean(At<'a, bool>),
    Integer(At<'a, i128>),
    Float(At<'a, f32>),
    Double(At<'a, f64>),
    Decimal(At<'a, i128>),
    Text(At<'a, &'a str>),
    Bytes(At<'a, &'a [u8]>),
    Date(At<'a, i32>),
    Time {
        at: At<'a, i64>,
        per_second: i64,
    },
    Timestamp {
        at: At<'a, i64>,
        per_second: i64,
    },
    List {
        range: At<'a, Range<usize>>,
        items: Box<ColumnReader<'a>>,
    },
    Map {
        range: At<'a, Range<usize>>,
        entries: Box<[ColumnReader<'a>; 2]>,
    },
    /// `None` is NULL in every row.
    Struct(Vec<Option<ColumnReader<'a>>>),
    Dictionary {
        key: At<'a, usize>,
        values: Box<ColumnReader<'a>>,
    },
}

impl<'a> ColumnReader<'a> {
    /// # Errors
    /// The array's type is none that the column takes, in a sentence.
    pub(super) fn new(array: &'a dyn Array, data_type: &'a DataType) -> Result<Self, String> {
        let values = match dictionary(array, data_type)? {
            Some(values) => values,
            None => values(array, data_type)?,
        };
        Ok(Self { data_type, nulls: array.nulls().cloned(), values })
    }

    /// The value at this place; NULL also where the column has none.
    ///
    /// # Errors
    /// The column cannot hold it, in a sentence.
    pub(super) fn value<'v>(&'v self, at: usize, arena: &'v Arena) -> Result<Value<'v>, String> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(at)) {
            return Ok(Value::Null);
        }
        Ok(match &self.values {
            ArrayValues::Nulls => Value::Null,
            ArrayValues::Boolean(get) => Value::Boolean(get(at)),
            ArrayValues::Integer(get) => self.integer(get(at))?,
            ArrayValues::Float(get) => Value::Float(get(at)),
            ArrayValues::Double(get) => Value::Double(get(at)),
            ArrayValues::Decimal(get) => self.decimal(get(at))?,
            ArrayValues::Text(get) => Value::String(get(at)),
            ArrayValues::Bytes(get) => Value::Bytes(get(at)),
            ArrayValues::Date(get) => Value::Date(get(at)),
            ArrayValues::Time { at: get, per_second } => self.time(get(at), *per_second)?,
            ArrayValues::Timestamp { at: get, per_second } => timestamp(get(at), *per_second),
            ArrayValues::List { range, items } => {
                let list = arena.alloc_slice_fill_copy(range(at).len(), Value::Null);
                for (slot, at) in list.iter_mut().zip(range(at)) {
                    *slot = items.item(at, arena)?;
                }
                Value::Array(list)
            }
            ArrayValues::Map { range, entries } => {
                let map = arena.alloc_slice_fill_copy(range(at).len(), (Value::Null, Value::Null));
                for (slot, at) in map.iter_mut().zip(range(at)) {
                    *slot = (entries[0].item(at, arena)?, entries[1].item(at, arena)?);
                }
                Value::Map(map)
            }
            ArrayValues::Struct(fields) => {
                let row = arena.alloc_slice_fill_copy(fields.len(), Value::Null);
                for (slot, field) in row.iter_mut().zip(fields) {
                    if let Some(field) = field {
                        *slot = field.item(at, arena)?;
                    }
                }
                Value::Row(row)
            }
            ArrayValues::Dictionary { key, values } => values.value(key(at), arena)?,
        })
    }

    /// The same within another value, where nobody else looks for NOT NULL.
    fn item<'v>(&'v self, at: usize, arena: &'v Arena) -> Result<Value<'v>, String> {
        match self.value(at, arena)? {
            Value::Null if !self.data_type.nullable => {
                Err(format!("NULL within it, where {} is expected", self.data_type))
            }
            value => Ok(value),
        }
    }

    fn integer(&self, number: i128) -> Result<Value<'static>, String> {
        let fits = match &self.data_type.logical {
            LogicalType::TinyInt => number.try_into().ok().map(Value::TinyInt),
            LogicalType::SmallInt => number.try_into().ok().map(Value::SmallInt),
            LogicalType::Int | LogicalType::IntervalYearMonth => number.try_into().ok().map(Value::Int),
            _ => number.try_into().ok().map(Value::BigInt),
        };
        fits.ok_or_else(|| self.too_large(number))
    }

    fn decimal(&self, unscaled: i128) -> Result<Value<'static>, String> {
        let LogicalType::Decimal { precision, .. } = self.data_type.logical else { return Ok(Value::Null) };
        let end = 10u128.pow(u32::from(precision.min(38)));
        match unscaled.unsigned_abs() < end {
            true => Ok(Value::Decimal(Unscaled(unscaled))),
            false => Err(self.too_large(format_args!("{unscaled}, without its point,"))),
        }
    }

    fn time(&self, count: i64, per_second: i64) -> Result<Value<'static>, String> {
        let millis = i128::from(count) * 1_000;
        let day = 0..=86_399_999;
        let exact = (millis % i128::from(per_second) == 0).then_some(millis / i128::from(per_second));
        let millis = exact.and_then(|it| i32::try_from(it).ok()).filter(|it| day.contains(it));
        millis.map(Value::Time).ok_or_else(|| {
            format!("{count} of {per_second} in a second is no time of a day to the millisecond")
        })
    }

    #[cold]
    fn too_large(&self, number: impl std::fmt::Display) -> String {
        format!("{number} is too large for {}", self.data_type.logical)
    }
}

fn timestamp(count: i64, per_second: i64) -> Value<'static> {
    // Below a billion: a remainder of a second's parts, each of so many nanoseconds.
    let nanos = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
    Value::Timestamp(Timestamp { seconds: count.div_euclid(per_second), nanos: nanos as u32 })
}

/// The values of an array that has each of them once.
fn dictionary<'a>(array: &'a dyn Array, data_type: &'a DataType) -> Result<Option<ArrayValues<'a>>, String> {
    let ArrowType::Dictionary(key, _) = array.data_type() else { return Ok(None) };
    Ok(match &**key {
        ArrowType::Int8 => keyed::<Int8Type>(array, data_type)?,
        ArrowType::Int16 => keyed::<Int16Type>(array, data_type)?,
        ArrowType::Int32 => keyed::<Int32Type>(array, data_type)?,
        ArrowType::Int64 => keyed::<Int64Type>(array, data_type)?,
        ArrowType::UInt8 => keyed::<UInt8Type>(array, data_type)?,
        ArrowType::UInt16 => keyed::<UInt16Type>(array, data_type)?,
        ArrowType::UInt32 => keyed::<UInt32Type>(array, data_type)?,
        _ => keyed::<UInt64Type>(array, data_type)?,
    })
}

fn keyed<'a, K: ArrowDictionaryKeyType>(
    array: &'a dyn Array,
    data_type: &'a DataType,
) -> Result<Option<ArrayValues<'a>>, String> {
    let Some(array) = array.as_dictionary_opt::<K>() else { return Ok(None) };
    let (keys, values) = (array.keys().values(), ColumnReader::new(array.values(), data_type)?);
    let key = Box::new(move |at: usize| keys[at].as_usize());
    Ok(Some(ArrayValues::Dictionary { key, values: Box::new(values) }))
}

fn values<'a>(array: &'a dyn Array, data_type: &'a DataType) -> Result<ArrayValues<'a>, String> {
    let given = array.data_type();
    let refused = || {
        let wanted = arrow_type(&data_type.logical);
        format!("it is {}, the batch has {given}; {wanted} is expected", data_type.logical)
    };
    if *given == ArrowType::Null {
        return Ok(ArrayValues::Nulls);
    }
    let found = match &data_type.logical {
        LogicalType::Boolean => {
            array.as_boolean_opt().map(|it| ArrayValues::Boolean(Box::new(|at| it.value(at))))
        }
        LogicalType::TinyInt
        | LogicalType::SmallInt
        | LogicalType::Int
        | LogicalType::BigInt
        | LogicalType::IntervalYearMonth
        | LogicalType::IntervalDayTime => integers(array).map(ArrayValues::Integer),
        LogicalType::Float => primitive::<Float32Type, _>(array, |it| it).map(ArrayValues::Float),
        LogicalType::Double => primitive::<Float64Type, _>(array, |it| it)
            .or_else(|| primitive::<Float32Type, _>(array, f64::from))
            .map(ArrayValues::Double),
        LogicalType::Decimal { scale, .. } => decimals(array, *scale).map(ArrayValues::Decimal),
        LogicalType::Char(_) | LogicalType::VarChar(_) => texts(array).map(ArrayValues::Text),
        LogicalType::Binary(_) | LogicalType::VarBinary(_) => bytes(array).map(ArrayValues::Bytes),
        LogicalType::Date => primitive::<Date32Type, _>(array, |it| it).map(ArrayValues::Date),
        LogicalType::Time(_) => times(array),
        LogicalType::Timestamp(_) => timestamps(array, false),
        LogicalType::TimestampLtz(_) => timestamps(array, true),
        LogicalType::Array(item) => return list(array, item)?.ok_or_else(refused),
        LogicalType::Map(key, value) => return map(array, key, value)?.ok_or_else(refused),
        LogicalType::Multiset(item) => return map(array, item, &COUNT)?.ok_or_else(refused),
        LogicalType::Row(fields) => match array.as_struct_opt() {
            Some(array) => return structs(array, fields),
            None => None,
        },
    };
    found.ok_or_else(refused)
}

/// Of the counts of a MULTISET.
static COUNT: DataType = DataType { logical: LogicalType::Int, nullable: false };

fn primitive<'a, T: ArrowPrimitiveType, V: 'a>(
    array: &'a dyn Array,
    read: impl Fn(T::Native) -> V + Send + Sync + 'a,
) -> Option<At<'a, V>> {
    let values = array.as_primitive_opt::<T>()?.values();
    Some(Box::new(move |at| read(values[at])))
}

fn integers(array: &dyn Array) -> Option<At<'_, i128>> {
    match array.data_type() {
        ArrowType::Int8 => primitive::<Int8Type, _>(array, i128::from),
        ArrowType::Int16 => primitive::<Int16Type, _>(array, i128::from),
        ArrowType::Int32 => primitive::<Int32Type, _>(array, i128::from),
        ArrowType::Int64 => primitive::<Int64Type, _>(array, i128::from),
        ArrowType::UInt8 => primitive::<UInt8Type, _>(array, i128::from),
        ArrowType::UInt16 => primitive::<UInt16Type, _>(array, i128::from),
        ArrowType::UInt32 => primitive::<UInt32Type, _>(array, i128::from),
        ArrowType::UInt64 => primitive::<UInt64Type, _>(array, i128::from),
        _ => None,
    }
}

fn decimals(array: &dyn Array, wanted: u8) -> Option<At<'_, i128>> {
    let is_meant = |scale: i8| i16::from(scale) == i16::from(wanted);
    match array.data_type() {
        ArrowType::Decimal32(_, scale) if is_meant(*scale) => {
            primitive::<Decimal32Type, _>(array, i128::from)
        }
        ArrowType::Decimal64(_, scale) if is_meant(*scale) => {
            primitive::<Decimal64Type, _>(array, i128::from)
        }
        ArrowType::Decimal128(_, scale) if is_meant(*scale) => primitive::<Decimal128Type, _>(array, |it| it),
        _ => None,
    }
}

fn texts(array: &dyn Array) -> Option<At<'_, &str>> {
    if let Some(it) = array.as_string_opt::<i32>() {
        return Some(Box::new(|at| it.value(at)));
    }
    if let Some(it) = array.as_string_opt::<i64>() {
        return Some(Box::new(|at| it.value(at)));
    }
    array.as_string_view_opt().map(|it| Box::new(|at| it.value(at)) as At<'_, _>)
}

fn bytes(array: &dyn Array) -> Option<At<'_, &[u8]>> {
    if let Some(it) = array.as_binary_opt::<i32>() {
        return Some(Box::new(|at| it.value(at)));
    }
    if let Some(it) = array.as_binary_opt::<i64>() {
        return Some(Box::new(|at| it.value(at)));
    }
    if let Some(it) = array.as_binary_view_opt() {
        return Some(Box::new(|at| it.value(at)));
    }
    array.as_fixed_size_binary_opt().map(|it| Box::new(|at| it.value(at)) as At<'_, _>)
}

fn times(array: &dyn Array) -> Option<ArrayValues<'_>> {
    let (at, unit) = match array.data_type() {
        ArrowType::Time32(unit @ TimeUnit::Second) => {
            (primitive::<Time32SecondType, _>(array, i64::from)?, unit)
        }
        ArrowType::Time32(unit) => (primitive::<Time32MillisecondType, _>(array, i64::from)?, unit),
        ArrowType::Time64(unit @ TimeUnit::Microsecond) => {
            (primitive::<Time64MicrosecondType, _>(array, |it| it)?, unit)
        }
        ArrowType::Time64(unit) => (primitive::<Time64NanosecondType, _>(array, |it| it)?, unit),
        _ => return None,
    };
    Some(ArrayValues::Time { at, per_second: per_second(*unit) })
}

/// Instants have a zone, whichever; wall clocks have none.
fn timestamps(array: &dyn Array, is_instant: bool) -> Option<ArrayValues<'_>> {
    let ArrowType::Timestamp(unit, zone) = array.data_type() else { return None };
    if zone.is_some() != is_instant {
        return None;
    }
    let at = match unit {
        TimeUnit::Second => primitive::<TimestampSecondType, _>(array, |it| it)?,
        TimeUnit::Millisecond => primitive::<TimestampMillisecondType, _>(array, |it| it)?,
        TimeUnit::Microsecond => primitive::<TimestampMicrosecondType, _>(array, |it| it)?,
        TimeUnit::Nanosecond => primitive::<TimestampNanosecondType, _>(array, |it| it)?,
    };
    Some(ArrayValues::Timestamp { at, per_second: per_second(*unit) })
}

fn list<'a>(array: &'a dyn Array, item: &'a DataType) -> Result<Option<ArrayValues<'a>>, String> {
    let (range, items) = if let Some(it) = array.as_list_opt::<i32>() {
        (offsets(it.value_offsets()), it.values())
    } else if let Some(it) = array.as_list_opt::<i64>() {
        (offsets(it.value_offsets()), it.values())
    } else if let Some(it) = array.as_fixed_size_list_opt() {
        let length = usize::try_from(it.value_length()).unwrap_or(0);
        let range = move |at| {
            let from = it.value_offset_at(at);
            from..from + length
        };
        (Box::new(range) as At<'a, _>, it.values())
    } else {
        return Ok(None);
    };
    Ok(Some(ArrayValues::List { range, items: Box::new(ColumnReader::new(items, item)?) }))
}

fn offsets<O: OffsetSizeTrait>(offsets: &[O]) -> At<'_, Range<usize>> {
    Box::new(|at| offsets[at].as_usize()..offsets[at + 1].as_usize())
}

fn map<'a>(
    array: &'a dyn Array,
    key: &'a DataType,
    value: &'a DataType,
) -> Result<Option<ArrayValues<'a>>, String> {
    let Some(array) = array.as_map_opt() else { return Ok(None) };
    let entries = [ColumnReader::new(array.keys(), key)?, ColumnReader::new(array.values(), value)?];
    Ok(Some(ArrayValues::Map { range: offsets(array.value_offsets()), entries: Box::new(entries) }))
}

/// By the names of the fields.
fn structs<'a>(array: &'a StructArray, fields: &'a [crate::types::Field]) -> Result<ArrayValues<'a>, String> {
    let unknown = |name: &&&str| fields.iter().all(|it| *it.name != ***name);
    if let Some(name) = array.column_names().iter().find(unknown) {
        return Err(format!("the batch has a field {name}, the column has none"));
    }
    let readers = fields.iter().map(|field| match array.column_by_name(&field.name) {
        Some(of) => ColumnReader::new(of, &field.data_type)
            .map(Some)
            .map_err(|text| format!("field {}: {text}", field.name)),
        None if field.data_type.nullable => Ok(None),
        None => Err(format!("field {} is NOT NULL, the batch has none", field.name)),
    });
    Ok(ArrayValues::Struct(readers.collect::<Result<_, _>>()?))
}
