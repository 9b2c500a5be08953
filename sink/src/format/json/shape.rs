//! Columns as the JSON format needs them: shapes of values, names found by hash and written as labels.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::text::quoted;
use crate::format::FormatError;
use crate::types::{DataType, Field, LogicalType};

/// What a value is in JSON. INTERVALs are whole numbers, and every text or byte type is one.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    String,
    Bytes,
    Date,
    Time,
    Timestamp,
    TimestampLtz,
    Array(Box<Member>),
    /// Of string keys; a MULTISET is one of counts.
    Map(Box<Member>),
    Row(Box<Members>),
}

/// A column, a field of a ROW, or what an ARRAY or MAP holds (then without a name).
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: Box<str>,
    pub(super) shape: Shape,
    /// For errors.
    pub(super) logical: LogicalType,
    /// What stands before the value in JSON: `,"name":`.
    label: Box<[u8]>,
}

impl Member {
    /// Refuses a type that JSON has no text for, naming the column.
    pub(super) fn new(column: &str, name: &str, data_type: &DataType) -> Result<Self, FormatError> {
        let mut label = vec![b','];
        label.extend(quoted(name));
        label.push(b':');
        let shape = shape(column, &data_type.logical)?;
        Ok(Self { name: name.into(), shape, logical: data_type.logical.clone(), label: label.into() })
    }

    #[inline]
    pub(super) fn label(&self) -> &[u8] {
        &self.label
    }

    /// The name as it most likely stands in a message.
    #[inline]
    pub(super) fn quoted(&self) -> &[u8] {
        &self.label[1..self.label.len() - 1]
    }
}

/// Members in declared order, found by name.
#[derive(Clone, Debug)]
pub(super) struct Members {
    pub(super) list: Vec<Member>,
    index: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl Members {
    /// The columns of a table.
    pub(super) fn of(columns: &[Field]) -> Result<Self, FormatError> {
        Self::within("", columns)
    }

    fn within(row: &str, fields: &[Field]) -> Result<Self, FormatError> {
        let path = |field: &Field| {
            if row.is_empty() { field.name.to_string() } else { format!("{row}.{}", field.name) }
        };
        let list: Vec<Member> = fields
            .iter()
            .map(|field| Member::new(&path(field), &field.name, &field.data_type))
            .collect::<Result<_, _>>()?;
        let hasher = DefaultHashBuilder::default();
        let mut index = HashTable::with_capacity(list.len());
        for (at, member) in list.iter().enumerate() {
            index.insert_unique(hasher.hash_one(&*member.name), at, |&at| hasher.hash_one(&*list[at].name));
        }
        Ok(Self { list, index, hasher })
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Finds a name, trying `guess` first: fields mostly arrive in the order they were declared.
    #[inline]
    pub(super) fn find(&self, name: &str, guess: usize) -> Option<usize> {
        match self.list.get(guess) {
            Some(member) if *member.name == *name => Some(guess),
            _ => self.index.find(self.hasher.hash_one(name), |&at| *self.list[at].name == *name).copied(),
        }
    }
}

fn shape(column: &str, logical: &LogicalType) -> Result<Shape, FormatError> {
    Ok(match logical {
        LogicalType::Boolean => Shape::Boolean,
        LogicalType::TinyInt => Shape::TinyInt,
        LogicalType::SmallInt => Shape::SmallInt,
        LogicalType::Int | LogicalType::IntervalYearMonth => Shape::Int,
        LogicalType::BigInt | LogicalType::IntervalDayTime => Shape::BigInt,
        LogicalType::Float => Shape::Float,
        LogicalType::Double => Shape::Double,
        &LogicalType::Decimal { precision, scale } => Shape::Decimal { precision, scale },
        LogicalType::Char(_) | LogicalType::VarChar(_) => Shape::String,
        LogicalType::Binary(_) | LogicalType::VarBinary(_) => Shape::Bytes,
        LogicalType::Date => Shape::Date,
        LogicalType::Time(_) => Shape::Time,
        LogicalType::Timestamp(_) => Shape::Timestamp,
        LogicalType::TimestampLtz(_) => Shape::TimestampLtz,
        LogicalType::Array(item) => Shape::Array(Box::new(Member::new(column, "", item)?)),
        LogicalType::Map(key, value) => map(column, logical, key, value)?,
        LogicalType::Multiset(item) => map(column, logical, item, &LogicalType::Int.not_null())?,
        LogicalType::Row(fields) => Shape::Row(Box::new(Members::within(column, fields)?)),
    })
}

fn map(column: &str, map: &LogicalType, key: &DataType, value: &DataType) -> Result<Shape, FormatError> {
    match key.logical {
        LogicalType::Char(_) | LogicalType::VarChar(_) => {
            Ok(Shape::Map(Box::new(Member::new(column, "", value)?)))
        }
        _ => Err(FormatError::cannot_hold(column, "json", map, "the names of an object are strings")),
    }
}

/// Whether a DECIMAL stands anywhere among the columns: Jackson then reads fractions as decimals.
pub(super) fn holds_decimal(fields: &[Field]) -> bool {
    fields.iter().any(|field| decimal_within(&field.data_type))
}

fn decimal_within(data_type: &DataType) -> bool {
    match &data_type.logical {
        LogicalType::Decimal { .. } => true,
        LogicalType::Array(item) | LogicalType::Multiset(item) => decimal_within(item),
        LogicalType::Map(key, value) => decimal_within(key) || decimal_within(value),
        LogicalType::Row(fields) => holds_decimal(fields),
        _ => false,
    }
}
