//! The `csv` format: a line a row, as Jackson reads and writes it for Flink.

use self::column::CsvColumn;
use self::decoder::CsvDecoder;
use self::dialect::Dialect;
use self::encoder::CsvEncoder;
use self::options::{
    ALLOW_COMMENTS, ALLOW_TRAILING_COMMA, ARRAY_ELEMENT_DELIMITER, DISABLE_QUOTE_CHARACTER,
    EMPTY_STRING_AS_NULL, ESCAPE_CHARACTER, FAIL_ON_MISSING_COLUMNS, FIELD_DELIMITER, IGNORE_PARSE_ERRORS,
    IGNORE_TRAILING_UNMAPPABLE, NULL_LITERAL, QUOTE_CHARACTER, SCIENTIFIC_NOTATION, TRIM_SPACES,
};
use super::{DecodingFormat, EncodingFormat, FormatError, FormatSpec, Ready};
use crate::option::OptionSet;
use crate::types::Field;

mod column;
mod decoder;
mod dialect;
mod encoder;
mod line;
mod options;
mod quoting;

/// The row of the table.
pub(super) const CSV: FormatSpec = FormatSpec {
    name: "csv",
    about: "Comma-separated values",
    options: &[
        FIELD_DELIMITER,
        DISABLE_QUOTE_CHARACTER,
        QUOTE_CHARACTER,
        ALLOW_COMMENTS,
        IGNORE_PARSE_ERRORS,
        ARRAY_ELEMENT_DELIMITER,
        ESCAPE_CHARACTER,
        NULL_LITERAL,
        SCIENTIFIC_NOTATION,
        ALLOW_TRAILING_COMMA,
        EMPTY_STRING_AS_NULL,
        FAIL_ON_MISSING_COLUMNS,
        IGNORE_TRAILING_UNMAPPABLE,
        TRIM_SPACES,
    ],
    metadata: &[],
    carries_changes: false,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    _: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let columns = columns.iter().map(CsvColumn::read).collect::<Result<_, _>>()?;
    Ok(Ready::decoding(CSV.name, CsvDecoder::new(columns, Dialect::of(options)?, options)))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let column = |slot: &usize| Ok((*slot, CsvColumn::written(&columns[*slot])?));
    let columns = slots.iter().map(column).collect::<Result<_, FormatError>>()?;
    Ok(Ready::encoding(CSV.name, CsvEncoder::new(columns, Dialect::of(options)?, options)))
}
