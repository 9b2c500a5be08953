//! A row becomes a struct: its columns by their names, a tuple's by their places.

use serde_core::de::value::BorrowedStrDeserializer;
use serde_core::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_core::forward_to_deserialize_any;

use super::serde_error::SerdeError;
use super::value_deserializer::ValueDeserializer;
use crate::row::{Row, Value};
use crate::types::Field;

/// Reads some of a row's columns, or the fields of a ROW.
#[derive(Clone, Copy)]
pub(super) struct RowDeserializer<'de> {
    columns: &'de [Field],
    /// Where only a key is read: its columns, in its order.
    key: Option<&'de [usize]>,
    row: Row<'de>,
}

/// The columns that are still to be read.
struct Columns<'de> {
    of: RowDeserializer<'de>,
    at: usize,
}

impl<'de> RowDeserializer<'de> {
    pub(super) fn whole(columns: &'de [Field], row: Row<'de>) -> Self {
        Self { columns, key: None, row }
    }

    /// The columns of a key, or all where there is none.
    pub(super) fn of_key(columns: &'de [Field], key: &'de [usize], row: Row<'de>) -> Self {
        Self { columns, key: Some(key).filter(|key| !key.is_empty()), row }
    }

    fn len(&self) -> usize {
        self.key.map_or(self.columns.len(), <[usize]>::len)
    }

    fn column(&self, at: usize) -> (&'de Field, Value<'de>) {
        let slot = self.key.map_or(at, |key| key[at]);
        (&self.columns[slot], self.row[slot])
    }

    /// A type that is no struct: the only column's.
    fn only(self) -> Result<ValueDeserializer<'de>, SerdeError> {
        match self.len() {
            1 => {
                let (column, value) = self.column(0);
                Ok(ValueDeserializer::new(&column.data_type.logical, value))
            }
            more => Err(SerdeError::new(format!("{more} columns for one value; a struct is expected"))),
        }
    }
}

macro_rules! only_value {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
            let value = self.only()?;
            value.$method(visitor).map_err(|error| error.within(&*self.column(0).0.name))
        }
    )*};
}

impl<'de> Deserializer<'de> for RowDeserializer<'de> {
    type Error = SerdeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_map(Columns { of: self, at: 0 })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_seq(Columns { of: self, at: 0 })
    }

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

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SerdeError> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    only_value! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf
    }

    forward_to_deserialize_any! { struct map identifier ignored_any }
}

impl<'de> MapAccess<'de> for Columns<'de> {
    type Error = SerdeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, SerdeError> {
        if self.at == self.of.len() {
            return Ok(None);
        }
        let (column, _) = self.of.column(self.at);
        seed.deserialize(BorrowedStrDeserializer::new(&column.name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, SerdeError> {
        let (column, value) = self.of.column(self.at);
        self.at += 1;
        let value = ValueDeserializer::new(&column.data_type.logical, value);
        seed.deserialize(value).map_err(|error| error.within(&*column.name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.of.len() - self.at)
    }
}

impl<'de> SeqAccess<'de> for Columns<'de> {
    type Error = SerdeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SerdeError> {
        if self.at == self.of.len() {
            return Ok(None);
        }
        self.next_value_seed(seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.of.len() - self.at)
    }
}
