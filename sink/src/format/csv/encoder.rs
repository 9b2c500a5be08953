//! Rows to CSV, byte for byte as Flink's `csv` format: a line without its end.

use super::column::{CsvColumn, CsvParts};
use super::dialect::Dialect;
use super::options::SCIENTIFIC_NOTATION;
use super::quoting::Quoting;
use crate::format::time::{self, Standard};
use crate::format::{EncodeError, Encoded, Encoder, base64, decimal, number};
use crate::option::OptionSet;
use crate::row::{Row, RowKind, Value};
use crate::types::LogicalType;

/// Writes some of a row's columns.
pub(super) struct CsvEncoder {
    columns: Box<[(usize, CsvColumn)]>,
    dialect: Dialect,
    quoting: Quoting,
    scientific_notation: bool,
}

impl Encoder for CsvEncoder {
    #[inline]
    fn encode(&self, _: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        for (at, (slot, column)) in self.columns.iter().enumerate() {
            if at > 0 {
                push(self.dialect.delimiter, out);
            }
            let value = row.get(*slot).unwrap_or(&Value::Null);
            self.column(column, value, out).map_err(|error| error.within(&column.name))?;
        }
        Ok(Encoded::Bytes)
    }
}

impl CsvEncoder {
    pub(super) fn new(columns: Box<[(usize, CsvColumn)]>, dialect: Dialect, options: &OptionSet) -> Self {
        let quoting = Quoting::of(&dialect);
        let scientific_notation = options.is_true(SCIENTIFIC_NOTATION.key);
        Self { columns, dialect, quoting, scientific_notation }
    }

    /// By reference, and what is met most first, as in JSON's encoder.
    #[inline]
    fn column(&self, column: &CsvColumn, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match value {
            Value::String(text) => self.quoting.write(text, out),
            Value::Double(value) => number::write_f64(*value, out),
            Value::Int(value) => integer(*value, out),
            Value::BigInt(value) => integer(*value, out),
            Value::Null => self.null(out),
            value => return self.other(column, *value, out),
        }
        Ok(())
    }

    #[inline(never)]
    fn other(&self, column: &CsvColumn, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        self.value(column, value, out)?;
        if !is_bare(value) {
            self.quoting.quote(start, out);
        }
        Ok(())
    }

    fn null(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.dialect.null_literal.as_deref().unwrap_or_default().as_bytes());
    }

    fn value(&self, column: &CsvColumn, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (&column.parts, value) {
            (_, Value::Null) => self.null(out),
            (CsvParts::None, value) => self.simple(&column.logical, value, out)?,
            (CsvParts::Elements(item), Value::Array(items)) => {
                for (at, item_value) in items.iter().enumerate() {
                    if at > 0 {
                        push(self.dialect.element_delimiter, out);
                    }
                    self.value(item, *item_value, out)?;
                }
            }
            (CsvParts::Fields(fields), Value::Row(row)) => {
                for (at, (field, field_value)) in fields.iter().zip(row).enumerate() {
                    if at > 0 {
                        push(self.dialect.element_delimiter, out);
                    }
                    self.value(field, *field_value, out).map_err(|error| error.within(&field.name))?;
                }
            }
            _ => return Err(EncodeError::new(OTHER_TYPE)),
        }
        Ok(())
    }

    fn simple(&self, logical: &LogicalType, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (logical, value) {
            (_, Value::String(text)) => out.extend_from_slice(text.as_bytes()),
            (_, Value::Boolean(value)) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            (_, Value::TinyInt(value)) => integer(value, out),
            (_, Value::SmallInt(value)) => integer(value, out),
            (_, Value::Int(value)) => integer(value, out),
            (_, Value::BigInt(value)) => integer(value, out),
            (_, Value::Float(value)) => number::write_f32(value, out),
            (_, Value::Double(value)) => number::write_f64(value, out),
            (&LogicalType::Decimal { scale, .. }, Value::Decimal(value)) if self.scientific_notation => {
                decimal::write_stripped(value.0, scale, out);
            }
            (&LogicalType::Decimal { scale, .. }, Value::Decimal(value)) => {
                decimal::write_plain(value.0, scale, out);
            }
            (_, Value::Bytes(bytes)) => base64::encode(bytes, out),
            (_, Value::Date(days)) => time::write_date(days.into(), out),
            (_, Value::Time(millis)) => time::write_time_with_millis(millis, out),
            (LogicalType::TimestampLtz(_), Value::Timestamp(instant)) => {
                time::write_timestamp(instant, Standard::Sql, out);
                out.push(b'Z');
            }
            (_, Value::Timestamp(time)) => time::write_timestamp(time, Standard::Sql, out),
            _ => return Err(EncodeError::new(OTHER_TYPE)),
        }
        Ok(())
    }
}

const OTHER_TYPE: &str = "the value is not of the column's type";

/// Numbers and truths are never quoted.
fn is_bare(value: Value<'_>) -> bool {
    use Value as V;
    matches!(
        value,
        V::Boolean(_)
            | V::TinyInt(_)
            | V::SmallInt(_)
            | V::Int(_)
            | V::BigInt(_)
            | V::Float(_)
            | V::Double(_)
            | V::Decimal(_)
    )
}

#[inline]
fn push(char: char, out: &mut Vec<u8>) {
    match char {
        '\0'..='\x7F' => out.push(char as u8),
        _ => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

#[inline]
fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}
