//! The `csv` format: a line a row, as Jackson reads and writes it for Flink.

use std::sync::Arc;

use self::column::CsvColumn;
use self::decoder::CsvDecoder;
use self::dialect::Dialect;
use self::encoder::CsvEncoder;
use super::{Decoder, DecodingFormat, Encoder, EncodingFormat, FormatError, FormatSpec, Ready};
use crate::option::{OptionKind, OptionSet, OptionSpec};
use crate::types::Field;

mod column;
mod decoder;
mod dialect;
mod encoder;
mod line;

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

const FIELD_DELIMITER: OptionSpec = OptionSpec {
    key: "field-delimiter",
    kind: OptionKind::String,
    default: Some(","),
    since: "1.12",
    about: "The character between columns; Java's escapes such as \\t and \\u0001 are known",
};
const DISABLE_QUOTE_CHARACTER: OptionSpec =
    flag("disable-quote-character", "1.12", "Whether nothing is quoted");
const QUOTE_CHARACTER: OptionSpec = OptionSpec {
    key: "quote-character",
    kind: OptionKind::String,
    default: None,
    since: "1.12",
    about: "The character around values that hold others; \" where it is not set",
};
const ALLOW_COMMENTS: OptionSpec =
    flag("allow-comments", "1.12", "Whether lines that begin with # are skipped, and empty ones");
const IGNORE_PARSE_ERRORS: OptionSpec = flag(
    "ignore-parse-errors",
    "1.12",
    "Whether fields that cannot be read become NULL and broken messages are skipped",
);
const ARRAY_ELEMENT_DELIMITER: OptionSpec = OptionSpec {
    key: "array-element-delimiter",
    kind: OptionKind::String,
    default: Some(";"),
    since: "1.12",
    about: "The character between the elements of an ARRAY and the fields of a ROW",
};
const ESCAPE_CHARACTER: OptionSpec = OptionSpec {
    key: "escape-character",
    kind: OptionKind::String,
    default: None,
    since: "1.12",
    about: "The character that takes the next one as it is",
};
const NULL_LITERAL: OptionSpec = OptionSpec {
    key: "null-literal",
    kind: OptionKind::String,
    default: None,
    since: "1.12",
    about: "The text that is NULL; an empty column is written where it is not set",
};
/// Flink says that its default is true, and writes as if it were false.
const SCIENTIFIC_NOTATION: OptionSpec = flag(
    "write-bigdecimal-in-scientific-notation",
    "1.20",
    "Whether a DECIMAL is written as 6E+1 and not as 60.00",
);
const ALLOW_TRAILING_COMMA: OptionSpec = OptionSpec {
    default: Some("true"),
    ..flag("allow-trailing-comma", "2.3", "Whether one empty column more may stand at the end")
};
const EMPTY_STRING_AS_NULL: OptionSpec =
    flag("empty-string-as-null", "2.3", "Whether an empty column is NULL");
const FAIL_ON_MISSING_COLUMNS: OptionSpec =
    flag("fail-on-missing-columns", "2.3", "Whether a line with too few columns is broken as a whole");
const IGNORE_TRAILING_UNMAPPABLE: OptionSpec =
    flag("ignore-trailing-unmappable", "2.3", "Whether columns behind the last one are left out");
const TRIM_SPACES: OptionSpec = flag("trim-spaces", "2.3", "Whether blanks around a column are left out");

const fn flag(key: &'static str, since: &'static str, about: &'static str) -> OptionSpec {
    OptionSpec { key, kind: OptionKind::Bool, default: Some("false"), since, about }
}

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    _: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let columns = columns.iter().map(CsvColumn::read).collect::<Result<_, _>>()?;
    let codec: Arc<dyn Decoder> = Arc::new(CsvDecoder::new(columns, Dialect::of(options)?, options));
    Ok(Box::new(Ready { name: CSV.name, codec }))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let column = |slot: &usize| Ok((*slot, CsvColumn::written(&columns[*slot])?));
    let columns = slots.iter().map(column).collect::<Result<_, FormatError>>()?;
    let codec: Arc<dyn Encoder> = Arc::new(CsvEncoder::new(columns, Dialect::of(options)?, options));
    Ok(Box::new(Ready { name: CSV.name, codec }))
}
