//! A row becomes a struct: its columns by their names, a tuple's by their places.

use serde_core::de::{Deserializer, Visitor};
use serde_core::forward_to_deserialize_any;

use super::serde_error::SerdeError;
use super::value_deserializer::{Columns, ValueDeserializer, common_to_deserializers};
use crate::row::Row;
use crate::types::Field;

/// Reads a row of a table, or its key alone.
pub(super) struct RowDeserializer<'de> {
    columns: Columns<'de>,
}

impl<'de> RowDeserializer<'de> {
    pub(super) fn whole(columns: &'de [Field], row: Row<'de>) -> Self {
        Self { columns: Columns::new(columns, None, row) }
    }

    /// The columns of a key, or all where there is none.
    pub(super) fn of_key(columns: &'de [Field], key: &'de [usize], row: Row<'de>) -> Self {
        Self { columns: Columns::new(columns, Some(key).filter(|key| !key.is_empty()), row) }
    }

    /// A type that is no struct: the only column, its name and its value.
    fn only(self) -> Result<(&'de str, ValueDeserializer<'de>), SerdeError> {
        match self.columns.len() {
            1 => {
                let (column, value) = self.columns.column(0);
                Ok((&column.name, ValueDeserializer::new(&column.data_type.logical, value)))
            }
            more => Err(SerdeError::new(format!("{more} columns for one value; a struct is expected"))),
        }
    }
}

macro_rules! only_value {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
            let (name, value) = self.only()?;
            value.$method(visitor).map_err(|error| error.within(name))
        }
    )*};
}

impl<'de> Deserializer<'de> for RowDeserializer<'de> {
    type Error = SerdeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_map(self.columns)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SerdeError> {
        visitor.visit_seq(self.columns)
    }

    common_to_deserializers!();

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
        self.only()?.1.deserialize_enum(name, variants, visitor)
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
