//! A struct becomes a row: its fields by their names, a tuple's by their places.

use std::fmt::Display;

use serde_core::Serialize;
use serde_core::ser::{Impossible, Serializer};

use super::row_slots::RowSlots;
use super::serde_error::SerdeError;
use super::value_serializer::{Entries, Items, ValueSerializer, common_to_serializers};
use crate::row::{Arena, Row, Value};
use crate::types::Field;

/// Writes a row of a table. To serde it is a value of ROW.
pub(super) struct RowSerializer<'a, 's> {
    slots: RowSlots<'a, 's>,
    arena: &'a Arena,
}

impl<'a, 's> RowSerializer<'a, 's> {
    /// Of all columns, or of a key alone.
    pub(super) fn new(columns: &'s [Field], key: Option<&'s [usize]>, arena: &'a Arena) -> Self {
        Self { slots: RowSlots::of_table(columns, key, arena), arena }
    }

    /// The row that this value is.
    ///
    /// # Errors
    /// It is none of these columns.
    pub(super) fn row<T: Serialize + ?Sized>(self, value: &T) -> Result<Row<'a>, SerdeError> {
        match value.serialize(self)? {
            Value::Row(row) => Ok(row),
            _ => Err(SerdeError::new(NO_ROW)),
        }
    }

    fn items(self) -> Result<Items<'a, 's>, SerdeError> {
        Ok(Items::Row { slots: self.slots, arena: self.arena })
    }

    fn entries(self, _: &str) -> Result<Entries<'a, 's>, SerdeError> {
        Ok(Entries::of_row(self.slots, self.arena))
    }

    /// A value that is no struct: a row of one column, or a key of one.
    fn only(
        mut self,
        write: impl FnOnce(ValueSerializer<'a, 's>) -> Result<Value<'a>, SerdeError>,
    ) -> Result<Value<'a>, SerdeError> {
        let slot = self.slots.only()?;
        let written = write(ValueSerializer::new(self.slots.data_type(slot), self.arena));
        self.slots.put(slot, written)?;
        self.slots.finish().map(Value::Row)
    }
}

const NO_ROW: &str = "no row";

macro_rules! only_value {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method(self, $($argument: $type),*) -> Result<Value<'a>, SerdeError> {
            self.only(|value| value.$method($($argument),*))
        }
    )*};
}

impl<'a, 's> Serializer for RowSerializer<'a, 's> {
    common_to_serializers!();

    only_value! {
        serialize_bool(v: bool);
        serialize_i8(v: i8);
        serialize_i16(v: i16);
        serialize_i32(v: i32);
        serialize_i64(v: i64);
        serialize_i128(v: i128);
        serialize_u8(v: u8);
        serialize_u16(v: u16);
        serialize_u32(v: u32);
        serialize_u64(v: u64);
        serialize_u128(v: u128);
        serialize_f32(v: f32);
        serialize_f64(v: f64);
        serialize_char(v: char);
        serialize_str(v: &str);
        serialize_bytes(v: &[u8]);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    fn serialize_none(self) -> Result<Value<'a>, SerdeError> {
        Err(SerdeError::new(NO_ROW))
    }

    fn serialize_unit(self) -> Result<Value<'a>, SerdeError> {
        Err(SerdeError::new(NO_ROW))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value<'a>, SerdeError> {
        Err(SerdeError::new(NO_ROW))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<Value<'a>, SerdeError> {
        self.only(|to| to.collect_str(value))
    }
}
