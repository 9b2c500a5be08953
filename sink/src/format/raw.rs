//! The `raw` format: one column, its bytes as they are.

use super::charset::Charset;
use super::{
    DecodeError, Decoder, DecodingFormat, EncodeError, Encoded, Encoder, EncodingFormat, FormatError,
    FormatSpec, Ready,
};
use crate::option::{OptionKind, OptionSet, OptionSpec};
use crate::row::{Arena, Row, RowKind, Value};
use crate::types::{Field, LogicalType};

/// The row of the table.
pub(super) const RAW: FormatSpec = FormatSpec {
    name: "raw",
    about: "One column, its bytes as they are",
    options: &[CHARSET, ENDIANNESS],
    metadata: &[],
    carries_changes: false,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

const CHARSET: OptionSpec = OptionSpec {
    key: "charset",
    kind: OptionKind::String,
    default: Some("UTF-8"),
    since: "1.12",
    about: "How texts are spelled in bytes",
};
const ENDIANNESS: OptionSpec = OptionSpec {
    key: "endianness",
    kind: OptionKind::Choice(&["big-endian", "little-endian"]),
    default: Some("big-endian"),
    since: "1.12",
    about: "Which byte of a number comes first",
};

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    _: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    Ok(Ready::decoding(RAW.name, Raw::of(options, columns.iter())?))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let raw = Raw::of(options, slots.iter().map(|slot| &columns[*slot]))?;
    let slot = slots.first().copied().unwrap_or(0);
    Ok(Ready::encoding(RAW.name, RawEncoder { raw, slot }))
}

/// A column and how its values are spelled.
struct Raw {
    name: Box<str>,
    logical: LogicalType,
    charset: Charset,
    is_little_endian: bool,
}

struct RawEncoder {
    raw: Raw,
    slot: usize,
}

impl Raw {
    fn of<'f>(
        options: &OptionSet,
        mut columns: impl ExactSizeIterator<Item = &'f Field> + Clone,
    ) -> Result<Self, FormatError> {
        if columns.len() != 1 {
            let names: Vec<&str> = columns.map(|column| &*column.name).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(FormatError::new(format!("raw holds one column, and there are: {names}")));
        }
        let Some(Field { name, data_type }) = columns.next() else {
            return Err(FormatError::new("raw holds one column, and there is none"));
        };
        use LogicalType as T;
        match data_type.logical {
            T::Boolean | T::TinyInt | T::SmallInt | T::Int | T::BigInt | T::Float | T::Double => {}
            T::Char(_) | T::VarChar(_) | T::Binary(_) | T::VarBinary(_) => {}
            ref other => {
                let why = "it takes BOOLEAN, whole and floating-point numbers, texts and bytes";
                return Err(FormatError::cannot_hold(name, RAW.name, other, why));
            }
        }
        let charset = options.text(CHARSET.key).unwrap_or("UTF-8");
        Ok(Self {
            name: name.clone(),
            logical: data_type.logical.clone(),
            charset: Charset::named(charset).ok_or_else(|| {
                FormatError::new(format!("'{}' = '{charset}': no such charset", CHARSET.key))
            })?,
            is_little_endian: options.text(ENDIANNESS.key) == Some("little-endian"),
        })
    }

    fn value<'a>(&self, bytes: &'a [u8], arena: &'a Arena) -> Result<Value<'a>, DecodeError> {
        use LogicalType as T;
        Ok(match self.logical {
            T::Boolean => Value::Boolean(self.sized::<1>(bytes)? != [0]),
            T::TinyInt => Value::TinyInt(i8::from_be_bytes(self.sized(bytes)?)),
            T::SmallInt => Value::SmallInt(i16::from_be_bytes(self.sized(bytes)?)),
            T::Int => Value::Int(i32::from_be_bytes(self.sized(bytes)?)),
            T::BigInt => Value::BigInt(i64::from_be_bytes(self.sized(bytes)?)),
            T::Float => Value::Float(f32::from_be_bytes(self.sized(bytes)?)),
            T::Double => Value::Double(f64::from_be_bytes(self.sized(bytes)?)),
            T::Binary(_) | T::VarBinary(_) => Value::Bytes(bytes),
            _ => Value::String(self.charset.read(bytes, arena).ok_or_else(|| {
                DecodeError::refused("the bytes are not UTF-8: set 'raw.charset', or declare it as BYTES")
            })?),
        })
    }

    /// The bytes of a number, the highest first.
    fn sized<const N: usize>(&self, bytes: &[u8]) -> Result<[u8; N], DecodeError> {
        let mut sized: [u8; N] = bytes.try_into().map_err(|_| {
            DecodeError::refused(format!(
                "{} has {N} bytes, and the message has {}",
                self.logical,
                bytes.len()
            ))
        })?;
        if self.is_little_endian {
            sized.reverse();
        }
        Ok(sized)
    }

    fn write(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match value {
            Value::Boolean(value) => out.push(value.into()),
            Value::TinyInt(value) => self.put(value.to_be_bytes(), out),
            Value::SmallInt(value) => self.put(value.to_be_bytes(), out),
            Value::Int(value) => self.put(value.to_be_bytes(), out),
            Value::BigInt(value) => self.put(value.to_be_bytes(), out),
            Value::Float(value) => self.put(value.to_be_bytes(), out),
            Value::Double(value) => self.put(value.to_be_bytes(), out),
            Value::String(text) => self.charset.write(text, out),
            Value::Bytes(bytes) => out.extend_from_slice(bytes),
            // The planner has seen to it; if not, better no row than a wrong one.
            _ => return Err(EncodeError::new("the value is not of the column's type").within(&self.name)),
        }
        Ok(())
    }

    fn put<const N: usize>(&self, mut bytes: [u8; N], out: &mut Vec<u8>) {
        if self.is_little_endian {
            bytes.reverse();
        }
        out.extend_from_slice(&bytes);
    }
}

impl Decoder for Raw {
    #[inline]
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let value = match bytes {
            None => Value::Null,
            Some(bytes) => {
                self.value(bytes, arena).map_err(|error| error.within(&self.name, &self.logical))?
            }
        };
        each(RowKind::Insert, Some(arena.alloc_slice_copy(&[value])));
        Ok(())
    }
}

impl Encoder for RawEncoder {
    #[inline]
    fn encode(&self, _: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        match row.get(self.slot) {
            None | Some(Value::Null) => Ok(Encoded::Null),
            Some(value) => self.raw.write(*value, out).map(|()| Encoded::Bytes),
        }
    }
}
