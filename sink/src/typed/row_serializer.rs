//! A struct becomes a row: its fields by their names, a tuple's by their places.

use std::fmt::Display;

use serde_core::Serialize;
use serde_core::ser::{
    Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct, Serializer,
};

use super::serde_error::SerdeError;
use super::value_serializer::ValueSerializer;
use crate::row::{Arena, Row, Value};
use crate::types::{DataType, Field};

/// Writes a row of these columns.
pub(super) struct RowSerializer<'a, 's> {
    fields: RowFields<'a, 's>,
}

/// The fields of a row, or of a ROW, as they come.
pub(super) struct RowFields<'a, 's> {
    columns: &'s [Field],
    /// Where only a key is written: its columns, in its order.
    key: Option<&'s [usize]>,
    arena: &'a Arena,
    row: &'a mut [Value<'a>],
    /// How many came, which is the place of one that has no name.
    count: usize,
    /// The name that a map gave last.
    name: String,
}

impl<'a, 's> RowSerializer<'a, 's> {
    /// Of all columns, or of a key alone.
    pub(super) fn new(columns: &'s [Field], key: Option<&'s [usize]>, arena: &'a Arena) -> Self {
        Self { fields: RowFields::new(columns, key, arena) }
    }

    /// A value that is no struct: a row of one column, or a key of one.
    fn only(self) -> Result<(ValueSerializer<'a, 's>, RowFields<'a, 's>), SerdeError> {
        let fields = self.fields;
        match fields.slots() {
            1 => Ok((fields.value_serializer(fields.slot(0)), fields)),
            more => {
                let what = if fields.key.is_some() { "a key" } else { "a row" };
                Err(SerdeError::new(format!("one value for {what} of {more} columns; a struct is expected")))
            }
        }
    }
}

impl<'a, 's> RowFields<'a, 's> {
    pub(super) fn new(columns: &'s [Field], key: Option<&'s [usize]>, arena: &'a Arena) -> Self {
        let row = arena.alloc_slice_fill_copy(columns.len(), Value::Null);
        Self { columns, key, arena, row, count: 0, name: String::new() }
    }

    fn slots(&self) -> usize {
        self.key.map_or(self.columns.len(), <[usize]>::len)
    }

    fn slot(&self, at: usize) -> usize {
        self.key.map_or(at, |key| key[at])
    }

    fn data_type(&self, slot: usize) -> &'s DataType {
        &self.columns[slot].data_type
    }

    fn value_serializer(&self, slot: usize) -> ValueSerializer<'a, 's> {
        ValueSerializer::new(self.data_type(slot), self.arena)
    }

    fn put<T: Serialize + ?Sized>(&mut self, slot: usize, value: &T) -> Result<(), SerdeError> {
        let written = value.serialize(self.value_serializer(slot));
        self.row[slot] = written.map_err(|error| error.within(&*self.columns[slot].name))?;
        Ok(())
    }

    fn named<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), SerdeError> {
        // Fields mostly come in the order of the columns.
        let is_it = |slot: &usize| self.columns.get(*slot).is_some_and(|it| &*it.name == name);
        let next = Some(self.count).filter(is_it);
        let slot = next.or_else(|| self.columns.iter().position(|it| &*it.name == name));
        self.count += 1;
        match slot {
            Some(slot) => self.put(slot, value),
            None => Err(SerdeError::new(format!("field {name} is no column; there are: {}", self.names()))),
        }
    }

    fn placed<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
        if self.count == self.slots() {
            return Err(self.miscounted("more"));
        }
        self.count += 1;
        self.put(self.slot(self.count - 1), value)
    }

    /// Who counts places has one for each.
    fn all_placed(self) -> Result<Row<'a>, SerdeError> {
        if self.count < self.slots() {
            return Err(self.miscounted("fewer"));
        }
        Ok(self.row)
    }

    /// A ROW by places, within a row.
    pub(super) fn finish_placed(self) -> Result<Row<'a>, SerdeError> {
        self.not_null()?;
        self.all_placed()
    }

    /// A ROW by names, within a row.
    pub(super) fn finish_nested(self) -> Result<Row<'a>, SerdeError> {
        self.not_null()?;
        Ok(self.row)
    }

    /// The columns of a table are its sink's to check, since a delete has few; the fields of a ROW are not.
    fn not_null(&self) -> Result<(), SerdeError> {
        let mut all = self.columns.iter().zip(&*self.row);
        match all.find(|(column, value)| !column.data_type.nullable && **value == Value::Null) {
            Some((column, _)) => {
                Err(SerdeError::new("it is NOT NULL, and has no value").within(&*column.name))
            }
            None => Ok(()),
        }
    }

    #[cold]
    fn miscounted(&self, what: &str) -> SerdeError {
        SerdeError::new(format!("{what} values than the {} columns {}", self.slots(), self.names()))
    }

    #[cold]
    fn names(&self) -> String {
        let names: Vec<&str> = (0..self.slots()).map(|at| &*self.columns[self.slot(at)].name).collect();
        names.join(", ")
    }
}

macro_rules! only_value {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method(self, $($argument: $type),*) -> Result<Row<'a>, SerdeError> {
            let (value, fields) = self.only()?;
            let slot = fields.slot(0);
            let written = value.$method($($argument),*);
            fields.row[slot] = written.map_err(|error| error.within(&*fields.columns[slot].name))?;
            Ok(fields.row)
        }
    )*};
}

impl<'a, 's> Serializer for RowSerializer<'a, 's> {
    type Ok = Row<'a>;
    type Error = SerdeError;
    type SerializeSeq = RowFields<'a, 's>;
    type SerializeTuple = RowFields<'a, 's>;
    type SerializeTupleStruct = RowFields<'a, 's>;
    type SerializeTupleVariant = Impossible<Row<'a>, SerdeError>;
    type SerializeMap = RowFields<'a, 's>;
    type SerializeStruct = RowFields<'a, 's>;
    type SerializeStructVariant = Impossible<Row<'a>, SerdeError>;

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

    fn serialize_none(self) -> Result<Row<'a>, SerdeError> {
        Err(SerdeError::new("no row"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Row<'a>, SerdeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Row<'a>, SerdeError> {
        Err(SerdeError::new("no row"))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Row<'a>, SerdeError> {
        Err(SerdeError::new("no row"))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Row<'a>, SerdeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<Row<'a>, SerdeError> {
        Err(of_variant(name, variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, SerdeError> {
        Ok(self.fields)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, SerdeError> {
        Ok(self.fields)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, SerdeError> {
        Ok(self.fields)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, SerdeError> {
        Err(of_variant(name, variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, SerdeError> {
        Ok(self.fields)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, SerdeError> {
        Ok(self.fields)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, SerdeError> {
        Err(of_variant(name, variant))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<Row<'a>, SerdeError> {
        self.serialize_str(&value.to_string())
    }
}

#[cold]
pub(super) fn of_variant(name: &str, variant: &str) -> SerdeError {
    SerdeError::new(format!(
        "{name}::{variant} has fields, and SQL has no such type; let serde tag it as a struct, or flatten it"
    ))
}

impl<'a> SerializeSeq for RowFields<'a, '_> {
    type Ok = Row<'a>;
    type Error = SerdeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
        self.placed(value)
    }

    fn end(self) -> Result<Row<'a>, SerdeError> {
        self.all_placed()
    }
}

impl<'a> SerializeTuple for RowFields<'a, '_> {
    type Ok = Row<'a>;
    type Error = SerdeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
        self.placed(value)
    }

    fn end(self) -> Result<Row<'a>, SerdeError> {
        self.all_placed()
    }
}

impl<'a> SerializeTupleStruct for RowFields<'a, '_> {
    type Ok = Row<'a>;
    type Error = SerdeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
        self.placed(value)
    }

    fn end(self) -> Result<Row<'a>, SerdeError> {
        self.all_placed()
    }
}

impl<'a> SerializeStruct for RowFields<'a, '_> {
    type Ok = Row<'a>;
    type Error = SerdeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), SerdeError> {
        self.named(name, value)
    }

    fn end(self) -> Result<Row<'a>, SerdeError> {
        Ok(self.row)
    }
}

impl<'a> SerializeMap for RowFields<'a, '_> {
    type Ok = Row<'a>;
    type Error = SerdeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SerdeError> {
        let name = key.serialize(ValueSerializer::new(&NAME, self.arena))?;
        if let Value::String(name) = name {
            name.clone_into(&mut self.name);
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
        let name = std::mem::take(&mut self.name);
        let put = self.named(&name, value);
        self.name = name;
        put
    }

    fn end(self) -> Result<Row<'a>, SerdeError> {
        Ok(self.row)
    }
}

/// Of what a map calls its fields.
static NAME: DataType = DataType { logical: crate::types::LogicalType::STRING, nullable: false };
