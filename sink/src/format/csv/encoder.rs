//! Rows to CSV, byte for byte as Flink's `csv` format: a line without its end.

use super::column::{CsvColumn, CsvParts};
use super::dialect::Dialect;
use super::options::SCIENTIFIC_NOTATION;
use crate::format::time::{self, Standard};
use crate::format::{EncodeError, Encoded, Encoder, base64, decimal, number};
use crate::option::OptionSet;
use crate::row::{Row, RowKind, Value};
use crate::types::LogicalType;

/// Writes some of a row's columns.
pub(super) struct CsvEncoder {
    columns: Box<[(usize, CsvColumn)]>,
    dialect: Dialect,
    /// The highest character that asks for quotes: whatever is not above delimiter and quote does.
    quoted_max: char,
    scientific_notation: bool,
}

/// A text with more characters is quoted without a look.
const UNQUOTED_CHARS_MAX: usize = 24;

impl Encoder for CsvEncoder {
    #[inline]
    fn encode(&self, _: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        for (at, (slot, column)) in self.columns.iter().enumerate() {
            if at > 0 {
                push(self.dialect.delimiter, out);
            }
            let value = row.get(*slot).copied().unwrap_or(Value::Null);
            self.column(column, value, out).map_err(|error| error.within(&column.name))?;
        }
        Ok(Encoded::Bytes)
    }
}

impl CsvEncoder {
    pub(super) fn new(columns: Box<[(usize, CsvColumn)]>, dialect: Dialect, options: &OptionSet) -> Self {
        let quoted_max = dialect.delimiter.max(dialect.quote.unwrap_or('\0'));
        let scientific_notation = options.is_true(SCIENTIFIC_NOTATION.key);
        Self { columns, dialect, quoted_max, scientific_notation }
    }

    #[inline]
    fn column(&self, column: &CsvColumn, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        match value {
            Value::Null => {
                self.null(out);
                return Ok(());
            }
            Value::String(text) => out.extend_from_slice(text.as_bytes()),
            value => {
                self.value(column, value, out)?;
                if is_bare(value) {
                    return Ok(());
                }
            }
        }
        self.quote(start, out);
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

    /// Puts quotes around what was written from there on, if it needs them, and doubles what must be doubled inside.
    #[inline]
    fn quote(&self, start: usize, out: &mut Vec<u8>) {
        let Some(quote) = self.dialect.quote else { return };
        // What was written is text; if it were not, it would be quoted.
        let text = str::from_utf8(&out[start..]).unwrap_or("\"");
        if !self.needs_quotes(text) {
            return;
        }
        let doubled = text.chars().filter(|char| self.is_doubled(*char)).map(char::len_utf8).sum::<usize>();
        // From the end to the front, so that nothing is overwritten before it was moved.
        let mut read = out.len();
        let mut write = read + doubled + 2 * quote.len_utf8();
        out.resize(write, 0);
        put_before(quote, &mut write, out);
        while read > start {
            let char = last_char(&out[start..read]);
            read -= char.len_utf8();
            put_before(char, &mut write, out);
            if self.is_doubled(char) {
                put_before(char, &mut write, out);
            }
        }
        put_before(quote, &mut write, out);
    }

    fn is_doubled(&self, char: char) -> bool {
        Some(char) == self.dialect.quote || Some(char) == self.dialect.escape
    }

    fn needs_quotes(&self, text: &str) -> bool {
        let escape = self.dialect.escape.unwrap_or('\\');
        let asks = |char: char| char <= self.quoted_max || char == escape;
        if self.quoted_max.is_ascii() && escape.is_ascii() {
            // No byte of a longer character is one of ASCII.
            return text.bytes().any(|byte| asks(char::from(byte)) && byte.is_ascii()) || is_long(text);
        }
        // Java compares halves of characters beyond U+FFFF.
        let half_asks = |half: u16| u32::from(half) <= u32::from(self.quoted_max);
        text.chars().any(asks) || text.encode_utf16().any(half_asks) || is_long(text)
    }
}

const OTHER_TYPE: &str = "the value is not of the column's type";

fn is_long(text: &str) -> bool {
    text.len() > UNQUOTED_CHARS_MAX && text.encode_utf16().count() > UNQUOTED_CHARS_MAX
}

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

fn put_before(char: char, end: &mut usize, out: &mut [u8]) {
    *end -= char.len_utf8();
    char.encode_utf8(&mut out[*end..]);
}

/// The last character of a text's bytes.
fn last_char(text: &[u8]) -> char {
    let is_first = |byte: &u8| !(0x80..0xC0).contains(byte);
    let first = text.iter().rposition(is_first).unwrap_or(0);
    str::from_utf8(&text[first..]).ok().and_then(|char| char.chars().next()).unwrap_or('\u{FFFD}')
}

fn push(char: char, out: &mut Vec<u8>) {
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}
