//! CSV to rows.

use super::column::{CsvColumn, CsvParts};
use super::dialect::Dialect;
use super::line::Line;
use super::options::{
    ALLOW_COMMENTS, ALLOW_TRAILING_COMMA, EMPTY_STRING_AS_NULL, FAIL_ON_MISSING_COLUMNS, IGNORE_PARSE_ERRORS,
    IGNORE_TRAILING_UNMAPPABLE, TRIM_SPACES,
};
use crate::format::time::{self, Standard};
use crate::format::{DecodeError, Decoder, base64, decimal, number};
use crate::option::OptionSet;
use crate::row::{Arena, Row, RowKind, Unscaled, Value};
use crate::types::LogicalType;

/// Reads the first line of each message.
pub(super) struct CsvDecoder {
    columns: Box<[CsvColumn]>,
    dialect: Dialect,
    allow_comments: bool,
    allow_trailing_comma: bool,
    empty_string_as_null: bool,
    fail_on_missing_columns: bool,
    ignore_parse_errors: bool,
    ignore_trailing_unmappable: bool,
    trim_spaces: bool,
}

impl Decoder for CsvDecoder {
    #[inline]
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let Some(bytes) = bytes else { return Ok(()) };
        match self.row(bytes, arena) {
            Ok(row) => each(RowKind::Insert, Some(row)),
            Err(_) if self.ignore_parse_errors => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl CsvDecoder {
    pub(super) fn new(columns: Box<[CsvColumn]>, dialect: Dialect, options: &OptionSet) -> Self {
        Self {
            columns,
            dialect,
            allow_comments: options.is_true(ALLOW_COMMENTS.key),
            allow_trailing_comma: options.is_true(ALLOW_TRAILING_COMMA.key),
            empty_string_as_null: options.is_true(EMPTY_STRING_AS_NULL.key),
            fail_on_missing_columns: options.is_true(FAIL_ON_MISSING_COLUMNS.key),
            ignore_parse_errors: options.is_true(IGNORE_PARSE_ERRORS.key),
            ignore_trailing_unmappable: options.is_true(IGNORE_TRAILING_UNMAPPABLE.key),
            trim_spaces: options.is_true(TRIM_SPACES.key),
        }
    }

    fn row<'a>(&self, bytes: &'a [u8], arena: &'a Arena) -> Result<Row<'a>, DecodeError> {
        let text = str::from_utf8(bytes)
            .map_err(|error| DecodeError::malformed("csv", Some(error.valid_up_to()), "UTF-8", ""))?;
        let mut line = Line::new(text, &self.dialect, self.trim_spaces, arena);
        if self.allow_comments {
            line.skip_comments();
        }
        if line.is_empty() {
            return Err(DecodeError::refused("the csv message has no line"));
        }
        let row = arena.alloc_slice_fill_copy(self.columns.len(), Value::Null);
        for (at, (column, slot)) in self.columns.iter().zip(row.iter_mut()).enumerate() {
            if !line.goes_on() {
                if self.fail_on_missing_columns || !self.ignore_parse_errors {
                    return Err(self.missing(at));
                }
                // Fewer columns than the table has are read by column names, which are all missing then.
                break;
            }
            *slot = self.value_or_null(column, line.column()?, arena)?;
        }
        self.end(&mut line)?;
        Ok(row)
    }

    /// What stands behind the last column.
    fn end(&self, line: &mut Line<'_, '_>) -> Result<(), DecodeError> {
        if !line.goes_on() || self.ignore_trailing_unmappable {
            return Ok(());
        }
        let more = line.column()?;
        if more.is_empty() && !line.goes_on() && self.allow_trailing_comma {
            return Ok(());
        }
        Err(DecodeError::refused(format!(
            "the csv message has more columns than the table's {}: is '{}' the delimiter?",
            self.columns.len(),
            self.dialect.delimiter.escape_default()
        )))
    }

    #[cold]
    fn missing(&self, found: usize) -> DecodeError {
        DecodeError::refused(format!(
            "the csv message has {found} columns, and the table {}: is '{}' the delimiter?",
            self.columns.len(),
            self.dialect.delimiter.escape_default()
        ))
    }

    #[inline]
    fn value_or_null<'a>(
        &self,
        column: &CsvColumn,
        text: &'a str,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        // Flink looks for the literal in single values, and in the elements of others.
        if matches!(column.parts, CsvParts::None) && self.is_null(text) {
            return Ok(Value::Null);
        }
        match self.value(column, text, arena) {
            Err(_) if self.ignore_parse_errors => Ok(Value::Null),
            Err(error) => Err(error.within(&column.name, &column.logical)),
            value => value,
        }
    }

    fn is_null(&self, text: &str) -> bool {
        self.dialect.null_literal.as_deref() == Some(text) || (self.empty_string_as_null && text.is_empty())
    }

    #[inline]
    fn value<'a>(
        &self,
        column: &CsvColumn,
        text: &'a str,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        match &column.parts {
            CsvParts::None => {
                simple(&column.logical, text, arena).ok_or_else(|| DecodeError::mismatch(None, text))
            }
            CsvParts::Elements(item) => self.elements(item, text, arena),
            CsvParts::Fields(fields) => self.fields(fields, text, arena),
        }
    }

    fn elements<'a>(
        &self,
        item: &CsvColumn,
        text: &'a str,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        if text.is_empty() {
            return Ok(Value::Array(&[]));
        }
        let mut values = arena.vec();
        for (at, part) in text.split(self.dialect.element_delimiter).enumerate() {
            let value = self.value_or_null(item, part, arena);
            values.push(value.map_err(|error| error.within(&format!("[{at}]"), &item.logical))?);
        }
        Ok(Value::Array(values.into_slice()))
    }

    /// Too few are an error, more than there are fields are left out.
    fn fields<'a>(
        &self,
        fields: &[CsvColumn],
        text: &'a str,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        if text.is_empty() {
            return Ok(Value::Null);
        }
        let row = arena.alloc_slice_fill_copy(fields.len(), Value::Null);
        let mut parts = text.split(self.dialect.element_delimiter);
        for (field, slot) in fields.iter().zip(row.iter_mut()) {
            match parts.next() {
                Some(part) => *slot = self.value_or_null(field, part, arena)?,
                None if self.ignore_parse_errors => break,
                None => return Err(DecodeError::mismatch(None, text)),
            }
        }
        Ok(Value::Row(row))
    }
}

/// A value of one of the simple types; `None` where the text is none.
#[inline]
fn simple<'a>(logical: &LogicalType, text: &'a str, arena: &'a Arena) -> Option<Value<'a>> {
    use LogicalType as T;
    match logical {
        T::Char(_) | T::VarChar(_) => Some(Value::String(text)),
        T::Int => number::integer(text).map(Value::Int),
        T::BigInt => number::integer(text).map(Value::BigInt),
        T::Double => number::floating(text).map(Value::Double),
        T::Boolean => Some(Value::Boolean(number::trim(text).eq_ignore_ascii_case("true"))),
        T::TinyInt => number::integer(text).map(Value::TinyInt),
        T::SmallInt => number::integer(text).map(Value::SmallInt),
        T::Float => number::floating(text).map(Value::Float),
        // Unlike the other numbers it has no blanks around it.
        &T::Decimal { precision, scale } if text == number::trim(text) => {
            let value = decimal::parse(text, precision, scale)?;
            Some(value.map_or(Value::Null, |value| Value::Decimal(Unscaled(value))))
        }
        T::Binary(_) | T::VarBinary(_) => {
            let mut bytes = arena.vec();
            base64::decode(text, &mut bytes)?;
            Some(Value::Bytes(bytes.into_slice()))
        }
        T::Date => time::parse_lenient_date(text).map(Value::Date),
        T::Time(precision) => {
            let millis = time::parse_clock(text)?;
            let unit = 10_i32.pow(3 - u32::from(*precision).min(3));
            Some(Value::Time(millis - millis % unit))
        }
        T::Timestamp(_) => time::parse_timestamp(text, Standard::Sql).map(Value::Timestamp),
        T::TimestampLtz(_) => time::parse_instant(text, Standard::Sql).map(Value::Timestamp),
        _ => None,
    }
}
