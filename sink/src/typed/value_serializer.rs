//! A value of a struct becomes a value of a column, if the column can hold it.

use serde_core::Serialize;
use serde_core::ser::{
    Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct, Serializer,
};

use super::row_serializer::{RowFields, of_variant};
use super::serde_error::SerdeError;
use super::temporal;
use crate::arena::ArenaVec;
use crate::format::decimal;
use crate::row::{Arena, Unscaled, Value};
use crate::types::{DataType, LogicalType};

/// Writes one value of this type.
#[derive(Clone, Copy)]
pub(super) struct ValueSerializer<'a, 's> {
    data_type: &'s DataType,
    arena: &'a Arena,
}

/// The items of an ARRAY, of bytes that come one by one, or the fields of a ROW by their places.
pub(super) enum Items<'a, 's> {
    Array { item: ValueSerializer<'a, 's>, items: ArenaVec<'a, Value<'a>> },
    Bytes { arena: &'a Arena, bytes: Vec<u8> },
    Row(RowFields<'a, 's>),
}

/// The entries of a MAP or MULTISET, or the fields of a ROW by their names.
pub(super) enum Entries<'a, 's> {
    Map { of: [ValueSerializer<'a, 's>; 2], key: Value<'a>, entries: ArenaVec<'a, (Value<'a>, Value<'a>)> },
    Row(RowFields<'a, 's>),
}

type Written<'a> = Result<Value<'a>, SerdeError>;

impl<'a, 's> ValueSerializer<'a, 's> {
    pub(super) fn new(data_type: &'s DataType, arena: &'a Arena) -> Self {
        Self { data_type, arena }
    }

    fn null(self) -> Written<'a> {
        if self.data_type.nullable { Ok(Value::Null) } else { Err(self.refused("NULL")) }
    }

    fn integer(self, number: i128) -> Written<'a> {
        let fits = match &self.data_type.logical {
            LogicalType::TinyInt => number.try_into().ok().map(Value::TinyInt),
            LogicalType::SmallInt => number.try_into().ok().map(Value::SmallInt),
            LogicalType::Int | LogicalType::IntervalYearMonth => number.try_into().ok().map(Value::Int),
            LogicalType::BigInt | LogicalType::IntervalDayTime => number.try_into().ok().map(Value::BigInt),
            LogicalType::Float => Some(number as f32).filter(|it| *it as i128 == number).map(Value::Float),
            LogicalType::Double => Some(number as f64).filter(|it| *it as i128 == number).map(Value::Double),
            LogicalType::Decimal { precision, scale } => {
                let unscaled = 10i128.checked_pow((*scale).into()).and_then(|it| number.checked_mul(it));
                let end = 10u128.checked_pow((*precision).into()).unwrap_or(u128::MAX);
                unscaled.filter(|it| it.unsigned_abs() < end).map(|it| Value::Decimal(Unscaled(it)))
            }
            _ => return Err(self.refused("an integer")),
        };
        fits.ok_or_else(|| self.too_large(number))
    }

    fn text(self, text: &str) -> Written<'a> {
        let read = match &self.data_type.logical {
            LogicalType::Char(_) | LogicalType::VarChar(_) => Some(Value::String(self.arena.alloc_str(text))),
            LogicalType::Decimal { precision, scale } => {
                let number = decimal::parse(text, *precision, *scale).and_then(Result::ok);
                let is_exact = fraction_digits(text) <= usize::from(*scale);
                number.filter(|_| is_exact).map(|it| Value::Decimal(Unscaled(it)))
            }
            LogicalType::Date => temporal::date(text).map(Value::Date),
            LogicalType::Time(_) => temporal::time_of_day(text).map(Value::Time),
            LogicalType::Timestamp(_) => temporal::timestamp(text).map(Value::Timestamp),
            LogicalType::TimestampLtz(_) => temporal::instant(text).map(Value::Timestamp),
            _ => return Err(self.refused("text")),
        };
        read.ok_or_else(|| SerdeError::new(format!("'{}' is no {}", shown(text), self.data_type.logical)))
    }

    #[cold]
    fn refused(self, what: &str) -> SerdeError {
        SerdeError::new(format!("{} takes no value that is {what}", self.data_type))
    }

    #[cold]
    fn too_large(self, number: impl std::fmt::Display) -> SerdeError {
        SerdeError::new(format!(
            "{number} is no {}: it is too large, or would lose digits",
            self.data_type.logical
        ))
    }

    fn items(self) -> Result<Items<'a, 's>, SerdeError> {
        Ok(match &self.data_type.logical {
            LogicalType::Array(item) => {
                Items::Array { item: ValueSerializer::new(item, self.arena), items: self.arena.vec() }
            }
            LogicalType::Binary(_) | LogicalType::VarBinary(_) => {
                Items::Bytes { arena: self.arena, bytes: Vec::new() }
            }
            LogicalType::Row(fields) => Items::Row(RowFields::new(fields, None, self.arena)),
            _ => return Err(self.refused("a sequence")),
        })
    }

    fn entries(self, what: &str) -> Result<Entries<'a, 's>, SerdeError> {
        let of = match &self.data_type.logical {
            LogicalType::Map(key, value) => [&**key, &**value],
            LogicalType::Multiset(item) => [&**item, &COUNT],
            LogicalType::Row(fields) => return Ok(Entries::Row(RowFields::new(fields, None, self.arena))),
            _ => return Err(self.refused(what)),
        };
        Ok(Entries::Map {
            of: of.map(|it| ValueSerializer::new(it, self.arena)),
            key: Value::Null,
            entries: self.arena.vec(),
        })
    }
}

/// How many digits a number's text has behind the point, zeros at its end aside and its exponent taken in.
fn fraction_digits(text: &str) -> usize {
    let (mantissa, exponent) = text.trim().split_once(['e', 'E']).unwrap_or((text.trim(), "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let zeros = mantissa.bytes().rev().filter(|it| *it != b'.').take_while(|it| *it == b'0').count();
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let kept = signed(whole.len() + fraction.len()) - signed(zeros);
    usize::try_from(kept.saturating_sub(signed(whole.len()).saturating_add(exponent)).max(0))
        .unwrap_or(usize::MAX)
}

/// A text that may be of any size, for a sentence.
fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)]
}

const SHOWN_BYTES_MAX: usize = 100;

/// Of the counts of a MULTISET.
static COUNT: DataType = DataType { logical: LogicalType::Int, nullable: false };

macro_rules! integers {
    ($($method:ident($type:ty);)*) => {$(
        fn $method(self, number: $type) -> Written<'a> {
            self.integer(number.into())
        }
    )*};
}

impl<'a, 's> Serializer for ValueSerializer<'a, 's> {
    type Ok = Value<'a>;
    type Error = SerdeError;
    type SerializeSeq = Items<'a, 's>;
    type SerializeTuple = Items<'a, 's>;
    type SerializeTupleStruct = Items<'a, 's>;
    type SerializeTupleVariant = Impossible<Value<'a>, SerdeError>;
    type SerializeMap = Entries<'a, 's>;
    type SerializeStruct = Entries<'a, 's>;
    type SerializeStructVariant = Impossible<Value<'a>, SerdeError>;

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
        i128::try_from(number).map_err(|_| self.too_large(number)).and_then(|number| self.integer(number))
    }

    fn serialize_bool(self, it: bool) -> Written<'a> {
        match self.data_type.logical {
            LogicalType::Boolean => Ok(Value::Boolean(it)),
            _ => Err(self.refused("a bool")),
        }
    }

    fn serialize_f32(self, number: f32) -> Written<'a> {
        match self.data_type.logical {
            LogicalType::Float => Ok(Value::Float(number)),
            LogicalType::Double => Ok(Value::Double(number.into())),
            _ => Err(self.refused("a float")),
        }
    }

    fn serialize_f64(self, number: f64) -> Written<'a> {
        match self.data_type.logical {
            LogicalType::Double => Ok(Value::Double(number)),
            LogicalType::Float if number.is_nan() => Ok(Value::Float(f32::NAN)),
            LogicalType::Float if f64::from(number as f32) == number => Ok(Value::Float(number as f32)),
            LogicalType::Float => Err(self.too_large(number)),
            _ => Err(self.refused("a float")),
        }
    }

    fn serialize_char(self, it: char) -> Written<'a> {
        self.text(it.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Written<'a> {
        self.text(text)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Written<'a> {
        match self.data_type.logical {
            LogicalType::Binary(_) | LogicalType::VarBinary(_) => {
                Ok(Value::Bytes(self.arena.alloc_slice_copy(bytes)))
            }
            _ => Err(self.refused("bytes")),
        }
    }

    fn serialize_none(self) -> Written<'a> {
        self.null()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written<'a> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written<'a> {
        self.null()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written<'a> {
        self.null()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written<'a> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Written<'a> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Written<'a> {
        Err(of_variant(name, variant))
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
        Err(of_variant(name, variant))
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
        Err(of_variant(name, variant))
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
            Self::Row(fields) => SerializeTuple::serialize_element(fields, value),
        }
    }

    fn finish(self) -> Written<'a> {
        Ok(match self {
            Self::Array { items, .. } => Value::Array(items.into_slice()),
            Self::Bytes { arena, bytes } => Value::Bytes(arena.alloc_slice_copy(&bytes)),
            Self::Row(fields) => Value::Row(fields.finish_placed()?),
        })
    }
}

/// Holds every `u8`.
static BYTE: DataType = DataType { logical: LogicalType::SmallInt, nullable: true };

impl<'a> SerializeSeq for Items<'a, '_> {
    type Ok = Value<'a>;
    type Error = SerdeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
        self.put(value)
    }

    fn end(self) -> Written<'a> {
        self.finish()
    }
}

impl<'a> SerializeTuple for Items<'a, '_> {
    type Ok = Value<'a>;
    type Error = SerdeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
        self.put(value)
    }

    fn end(self) -> Written<'a> {
        self.finish()
    }
}

impl<'a> SerializeTupleStruct for Items<'a, '_> {
    type Ok = Value<'a>;
    type Error = SerdeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerdeError> {
        self.put(value)
    }

    fn end(self) -> Written<'a> {
        self.finish()
    }
}

impl<'a> Entries<'a, '_> {
    fn finish(self) -> Written<'a> {
        Ok(match self {
            Self::Map { entries, .. } => Value::Map(entries.into_slice()),
            Self::Row(fields) => Value::Row(fields.finish_nested()?),
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
            Self::Row(fields) => SerializeMap::serialize_key(fields, it),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), SerdeError> {
        match self {
            Self::Map { of, key, entries } => {
                let value = it.serialize(of[1]).map_err(|error| error.within("its value"))?;
                entries.push((*key, value));
                Ok(())
            }
            Self::Row(fields) => SerializeMap::serialize_value(fields, it),
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
            Self::Row(fields) => SerializeStruct::serialize_field(fields, name, it),
        }
    }

    fn end(self) -> Written<'a> {
        self.finish()
    }
}
