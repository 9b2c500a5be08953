//! A value of a column becomes a value of a struct.

use std::str::FromStr;

use serde_core::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde_core::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_core::forward_to_deserialize_any;

use super::serde_error::SerdeError;
use super::temporal;
use crate::format::decimal;
use crate::row::{Row, Unscaled, Value};
use crate::types::{Field, LogicalType};

/// Reads one value of this type.
#[derive(Clone, Copy)]
pub(super) struct ValueDeserializer<'de> {
    logical: &'de LogicalType,
    value: Value<'de>,
}

/// The columns of a row, or the fields of a ROW, that are still to be read.
pub(super) struct Columns<'de> {
    columns: &'de [Field],
    /// Where only a key is read: its columns, in its order.
    key: Option<&'de [usize]>,
    row: Row<'de>,
    at: usize,
}

/// The items of an ARRAY that are still to be read.
struct ArrayItems<'de> {
    item: &'de LogicalType,
    items: std::slice::Iter<'de, Value<'de>>,
    at: usize,
}

/// The entries of a MAP that are still to be read.
struct MapEntries<'de> {
    of: [&'de LogicalType; 2],
    entries: std::slice::Iter<'de, (Value<'de>, Value<'de>)>,
    value: Value<'de>,
}

impl<'de> ValueDeserializer<'de> {
    pub(super) fn new(logical: &'de LogicalType, value: Value<'de>) -> Self {
        Self { logical, value }
    }

    /// A DECIMAL's digits.
    fn decimal_text(self) -> Option<String> {
        let (LogicalType::Decimal { scale, .. }, Value::Decimal(Unscaled(unscaled))) =
            (self.logical, self.value)
        else {
            return None;
        };
        let mut text = Vec::new();
        decimal::write_plain(unscaled, *scale, &mut text);
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    /// A DECIMAL as a number, if it is one of that type.
    fn decimal<N: FromStr>(self) -> Option<N> {
        let text = self.decimal_text()?;
        let whole = match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|it| it == b'0') => whole,
            _ => &*text,
        };
        whole.parse().ok()
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        match self.value {
            Value::Decimal(_) => visitor.visit_string(self.decimal_text().unwrap_or_default()),
            Value::Date(days) => visitor.visit_string(temporal::date_text(days)),
            Value::Time(millis) => visitor.visit_string(temporal::time_text(millis)),
            Value::Timestamp(at) => visitor.visit_string(temporal::timestamp_text(at, self.logical)),
            _ => self.deserialize_any(visitor),
        }
    }
}

/// What a deserializer of values and one of rows do alike: a tuple is a sequence, and a newtype what it wraps.
macro_rules! common_to_deserializers {
    () => {
        fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, SerdeError> {
            self.deserialize_seq(visitor)
        }

        fn deserialize_tuple_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            _: usize,
            visitor: V,
        ) -> Result<V::Value, SerdeError> {
            self.deserialize_seq(visitor)
        }

        fn deserialize_newtype_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            visitor: V,
        ) -> Result<V::Value, SerdeError> {
            visitor.visit_newtype_struct(self)
        }
    };
}
pub(super) use common_to_deserializers;

macro_rules! numbers {
    ($($method:ident($visit:ident);)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
            match self.decimal() {
                Some(number) => visitor.$visit(number),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de> {
    type Error = SerdeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        match (self.value, self.logical) {
            (Value::Null, _) => visitor.visit_unit(),
            (Value::Boolean(it), _) => visitor.visit_bool(it),
            (Value::TinyInt(it), _) => visitor.visit_i8(it),
            (Value::SmallInt(it), _) => visitor.visit_i16(it),
            (Value::Int(it), _) => visitor.visit_i32(it),
            (Value::BigInt(it), _) => visitor.visit_i64(it),
            (Value::Float(it), _) => visitor.visit_f32(it),
            (Value::Double(it), _) => visitor.visit_f64(it),
            (Value::String(it), _) => visitor.visit_borrowed_str(it),
            (Value::Bytes(it), _) => visitor.visit_borrowed_bytes(it),
            (Value::Array(items), LogicalType::Array(item)) => {
                visitor.visit_seq(ArrayItems { item: &item.logical, items: items.iter(), at: 0 })
            }
            (Value::Map(entries), LogicalType::Map(key, value)) => visitor.visit_map(MapEntries {
                of: [&key.logical, &value.logical],
                entries: entries.iter(),
                value: Value::Null,
            }),
            (Value::Map(entries), LogicalType::Multiset(item)) => visitor.visit_map(MapEntries {
                of: [&item.logical, &LogicalType::Int],
                entries: entries.iter(),
                value: Value::Null,
            }),
            (Value::Row(row), LogicalType::Row(fields)) => visitor.visit_map(Columns::new(fields, None, row)),
            (Value::Decimal(_) | Value::Date(_) | Value::Time(_) | Value::Timestamp(_), _) => {
                self.text(visitor)
            }
            // The decoder gives no value that its column cannot hold.
            (other, logical) => Err(SerdeError::new(format!("{other:?} in a column of {logical}"))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        if self.value == Value::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// Bytes one by one, and a ROW by its places.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        match (self.value, self.logical) {
            (Value::Bytes(bytes), _) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            (Value::Row(row), LogicalType::Row(fields)) => visitor.visit_seq(Columns::new(fields, None, row)),
            _ => self.deserialize_any(visitor),
        }
    }

    common_to_deserializers!();

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        match self.value {
            Value::String(variant) => {
                BorrowedStrDeserializer::new(variant).deserialize_enum(name, variants, visitor)
            }
            _ => Err(SerdeError::new(format!("{name} is read from text, not from {}", self.logical))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_unit()
    }

    numbers! {
        deserialize_i8(visit_i64);
        deserialize_i16(visit_i64);
        deserialize_i32(visit_i64);
        deserialize_i64(visit_i64);
        deserialize_i128(visit_i128);
        deserialize_u8(visit_u64);
        deserialize_u16(visit_u64);
        deserialize_u32(visit_u64);
        deserialize_u64(visit_u64);
        deserialize_u128(visit_u128);
        deserialize_f32(visit_f64);
        deserialize_f64(visit_f64);
    }

    forward_to_deserialize_any! {
        bool char str string bytes byte_buf unit unit_struct map struct identifier
    }
}

impl<'de> Columns<'de> {
    /// All of them, or those of a key.
    pub(super) fn new(columns: &'de [Field], key: Option<&'de [usize]>, row: Row<'de>) -> Self {
        Self { columns, key, row, at: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.key.map_or(self.columns.len(), <[usize]>::len)
    }

    /// That one of them, with its value.
    pub(super) fn column(&self, at: usize) -> (&'de Field, Value<'de>) {
        let slot = self.key.map_or(at, |key| key[at]);
        (&self.columns[slot], self.row[slot])
    }

    fn left(&self) -> usize {
        self.len() - self.at
    }
}

impl<'de> MapAccess<'de> for Columns<'de> {
    type Error = SerdeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, SerdeError> {
        if self.left() == 0 {
            return Ok(None);
        }
        let (column, _) = self.column(self.at);
        seed.deserialize(BorrowedStrDeserializer::new(&column.name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, SerdeError> {
        let (column, value) = self.column(self.at);
        self.at += 1;
        let value = ValueDeserializer::new(&column.data_type.logical, value);
        seed.deserialize(value).map_err(|error| error.within(&*column.name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left())
    }
}

impl<'de> SeqAccess<'de> for Columns<'de> {
    type Error = SerdeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SerdeError> {
        if self.left() == 0 {
            return Ok(None);
        }
        self.next_value_seed(seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left())
    }
}

impl<'de> SeqAccess<'de> for ArrayItems<'de> {
    type Error = SerdeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SerdeError> {
        let Some(value) = self.items.next() else { return Ok(None) };
        self.at += 1;
        let read = seed.deserialize(ValueDeserializer::new(self.item, *value));
        read.map(Some).map_err(|error| error.within(format!("[{}]", self.at - 1)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

impl<'de> MapAccess<'de> for MapEntries<'de> {
    type Error = SerdeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, SerdeError> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = *value;
        let read = seed.deserialize(ValueDeserializer::new(self.of[0], *key));
        read.map(Some).map_err(|error| error.within("its key"))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, SerdeError> {
        let read = seed.deserialize(ValueDeserializer::new(self.of[1], self.value));
        read.map_err(|error| error.within("its value"))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}
