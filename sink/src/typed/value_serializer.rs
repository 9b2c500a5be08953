//! A value of a struct becomes a value of a column, if the column can hold it.

use serde_core::Serialize;
use serde_core::ser::{
    Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct, Serializer,
};

use super::row_slots::RowSlots;
use super::scalar_column::ScalarColumn;
use super::serde_error::SerdeError;
use crate::arena::ArenaVec;
use crate::row::{Arena, Value};
use crate::types::{DataType, LogicalType};

/// Writes one value of this type.
#[derive(Clone, Copy)]
pub(super) struct ValueSerializer<'a, 's> {
    column: ScalarColumn<'a, 's>,
}

/// The items of an ARRAY, of bytes that come one by one, or the fields of a row by their places.
pub(super) enum Items<'a, 's> {
    Array { item: ValueSerializer<'a, 's>, items: ArenaVec<'a, Value<'a>> },
    Bytes { arena: &'a Arena, bytes: Vec<u8> },
    Row { slots: RowSlots<'a, 's>, arena: &'a Arena },
}

/// The entries of a MAP or MULTISET, or the fields of a row by their names.
pub(super) enum Entries<'a, 's> {
    Map {
        of: [ValueSerializer<'a, 's>; 2],
        key: Value<'a>,
        entries: ArenaVec<'a, (Value<'a>, Value<'a>)>,
    },
    Row {
        slots: RowSlots<'a, 's>,
        arena: &'a Arena,
        /// What a map called its last field.
        name: &'a str,
    },
}

type Written<'a> = Result<Value<'a>, SerdeError>;

impl<'a, 's> ValueSerializer<'a, 's> {
    pub(super) fn new(data_type: &'s DataType, arena: &'a Arena) -> Self {
        Self { column: ScalarColumn { data_type, arena } }
    }

    fn items(self) -> Result<Items<'a, 's>, SerdeError> {
        let ScalarColumn { data_type, arena } = self.column;
        Ok(match &data_type.logical {
            LogicalType::Array(item) => {
                Items::Array { item: ValueSerializer::new(item, arena), items: arena.vec() }
            }
            LogicalType::Binary(_) | LogicalType::VarBinary(_) => Items::Bytes { arena, bytes: Vec::new() },
            LogicalType::Row(fields) => Items::Row { slots: RowSlots::of_fields(fields, arena), arena },
            _ => return Err(self.column.refused("a sequence")),
        })
    }

    fn entries(self, what: &str) -> Result<Entries<'a, 's>, SerdeError> {
        let ScalarColumn { data_type, arena } = self.column;
        let of = match &data_type.logical {
            LogicalType::Map(key, value) => [&**key, &**value],
            LogicalType::Multiset(item) => [&**item, &COUNT],
            LogicalType::Row(fields) => {
                return Ok(Entries::of_row(RowSlots::of_fields(fields, arena), arena));
            }
            _ => return Err(self.column.refused(what)),
        };
        let of = of.map(|it| ValueSerializer::new(it, arena));
        Ok(Entries::Map { of, key: Value::Null, entries: arena.vec() })
    }
}

/// Of the counts of a MULTISET.
static COUNT: DataType = DataType { logical: LogicalType::Int, nullable: false };

/// What a serializer of values and one of rows do alike: sequences give [`Items`], maps and structs [`Entries`].
macro_rules! common_to_serializers {
    () => {
        type Ok = Value<'a>;
        type Error = SerdeError;
        type SerializeSeq = Items<'a, 's>;
        type SerializeTuple = Items<'a, 's>;
        type SerializeTupleStruct = Items<'a, 's>;
        type SerializeTupleVariant = Impossible<Value<'a>, SerdeError>;
        type SerializeMap = Entries<'a, 's>;
        type SerializeStruct = Entries<'a, 's>;
        type SerializeStructVariant = Impossible<Value<'a>, SerdeError>;

        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value<'a>, SerdeError> {
            value.serialize(self)
        }

        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<Value<'a>, SerdeError> {
            value.serialize(self)
        }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            name: &'static str,
            _: u32,
            variant: &'static str,
            _: &T,
        ) -> Result<Value<'a>, SerdeError> {
            Err(SerdeError::of_variant(name, variant))
        }

        fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a, 's>, SerdeError> {
            self.items()
        }

        fn serialize_tuple(self, _: usize) -> Result<Items<'a, 's>, SerdeError> {
            self.items()
        }

        fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a, 's>, SerdeError> {
            self.items()
        }

        fn serialize_tuple_variant(
            self,
            name: &'static str,
            _: u32,
            variant: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, SerdeError> {
            Err(SerdeError::of_variant(name, variant))
        }

        fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a, 's>, SerdeError> {
            self.entries("a map")
        }

        fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries<'a, 's>, SerdeError> {
            self.entries("a struct")
        }

        fn serialize_struct_variant(
            self,
            name: &'static str,
            _: u32,
            variant: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, SerdeError> {
            Err(SerdeError::of_variant(name, variant))
        }
    };
}
pub(super) use common_to_serializers;

macro_rules! integers {
    ($($method:ident($type:ty);)*) => {$(
        fn $method(self, number: $type) -> Written<'a> {
            self.column.integer(number.into())
        }
    )*};
}

impl<'a, 's> Serializer for ValueSerializer<'a, 's> {
    common_to_serializers!();

    integers! {
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
    }

    fn serialize_u128(self, number: u128) -> Written<'a> {
        self.column.large_integer(number)
    }

    fn serialize_bool(self, it: bool) -> Written<'a> {
        self.column.boolean(it)
    }

    fn serialize_f32(self, number: f32) -> Written<'a> {
        self.column.float(number)
    }

    fn serialize_f64(self, number: f64) -> Written<'a> {
        self.column.double(number)
    }

    fn serialize_char(self, it: char) -> Written<'a> {
        self.column.text(it.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Written<'a> {
        self.column.text(text)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Written<'a> {
        self.column.bytes(bytes)
    }

    fn serialize_none(self) -> Written<'a> {
        self.column.null()
    }

    fn serialize_unit(self) -> Written<'a> {
        self.column.null()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written<'a> {
        self.column.null()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written<'a> {
        self.column.text(variant)
    }
}

impl<'a> Items<'a, '_> {
    fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
        match self {
            Self::Array { item, items } => {
                let at = items.len();
                items.push(value.serialize(*item).map_err(|error| error.within(format!("[{at}]")))?);
                Ok(())
            }
            Self::Bytes { arena, bytes } => {
                let byte = value.serialize(ValueSerializer::new(&BYTE, arena))?;
                let Value::SmallInt(byte) = byte else { return Err(SerdeError::new("bytes have no NULL")) };
                let byte = u8::try_from(byte).map_err(|_| SerdeError::new(format!("{byte} is no byte")))?;
                bytes.push(byte);
                Ok(())
            }
            Self::Row { slots, arena } => {
                let slot = slots.next()?;
                put_field(slots, slot, value, arena)
            }
        }
    }

    fn finish(self) -> Written<'a> {
        Ok(match self {
            Self::Array { items, .. } => Value::Array(items.into_slice()),
            Self::Bytes { arena, bytes } => Value::Bytes(arena.alloc_slice_copy(&bytes)),
            Self::Row { slots, .. } => Value::Row(slots.finish_placed()?),
        })
    }
}

/// Holds every `u8`.
static BYTE: DataType = DataType { logical: LogicalType::SmallInt, nullable: true };

/// Puts what the value is in the slot's column.
fn put_field<'a, T: Serialize + ?Sized>(
    slots: &mut RowSlots<'a, '_>,
    slot: usize,
    value: &T,
    arena: &'a Arena,
) -> Result<(), SerdeError> {
    let written = value.serialize(ValueSerializer::new(slots.data_type(slot), arena));
    slots.put(slot, written)
}

macro_rules! sequences {
    ($($trait:ident::$method:ident;)*) => {$(
        impl<'a> $trait for Items<'a, '_> {
            type Ok = Value<'a>;
            type Error = SerdeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
                self.put(value)
            }

            fn end(self) -> Written<'a> {
                self.finish()
            }
        }
    )*};
}

sequences! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
}

impl<'a, 's> Entries<'a, 's> {
    pub(super) fn of_row(slots: RowSlots<'a, 's>, arena: &'a Arena) -> Self {
        Self::Row { slots, arena, name: "" }
    }

    fn finish(self) -> Written<'a> {
        Ok(match self {
            Self::Map { entries, .. } => Value::Map(entries.into_slice()),
            Self::Row { slots, .. } => Value::Row(slots.finish()?),
        })
    }
}

impl<'a> SerializeMap for Entries<'a, '_> {
    type Ok = Value<'a>;
    type Error = SerdeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), SerdeError> {
        match self {
            Self::Map { of, key, .. } => {
                *key = it.serialize(of[0]).map_err(|error| error.within("its key"))?;
                Ok(())
            }
            Self::Row { arena, name, .. } => {
                if let Value::String(key) = it.serialize(ValueSerializer::new(&NAME, arena))? {
                    *name = key;
                }
                Ok(())
            }
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), SerdeError> {
        match self {
            Self::Map { of, key, entries } => {
                let value = it.serialize(of[1]).map_err(|error| error.within("its value"))?;
                entries.push((*key, value));
                Ok(())
            }
            Self::Row { slots, arena, name } => {
                let slot = slots.named(name)?;
                put_field(slots, slot, it, arena)
            }
        }
    }

    fn end(self) -> Written<'a> {
        self.finish()
    }
}

impl<'a> SerializeStruct for Entries<'a, '_> {
    type Ok = Value<'a>;
    type Error = SerdeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        it: &T,
    ) -> Result<(), SerdeError> {
        match self {
            Self::Map { .. } => {
                SerializeMap::serialize_key(self, name)?;
                SerializeMap::serialize_value(self, it)
            }
            Self::Row { slots, arena, .. } => {
                let slot = slots.named(name)?;
                put_field(slots, slot, it, arena)
            }
        }
    }

    fn end(self) -> Written<'a> {
        self.finish()
    }
}

/// Of what a map calls the fields of a row.
static NAME: DataType = DataType { logical: LogicalType::STRING, nullable: false };
