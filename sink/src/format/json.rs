//! The `json` format: an object a row, both ways as Flink reads and writes it.

use std::sync::Arc;

use self::node::Fractions;
use self::parser::JsonParserDecoder;
use self::shape::{Member, Members, holds_decimal};
use self::writer::NullKeys;
use super::time::Standard;
use super::{Decoder, DecodingFormat, Encoder, EncodingFormat, FormatError, FormatSpec, Ready};
use crate::option::{OptionKind, OptionSet, OptionSpec, OptionValue};
use crate::types::Field;

pub(crate) mod node;
mod parser;
pub(crate) mod reader;
mod shape;
pub(crate) mod text;
mod tree;
mod writer;

pub(super) use self::node::Node;
pub(super) use self::text::{quote, write_double};
pub(super) use self::tree::JsonTreeDecoder;
pub(super) use self::writer::JsonEncoder;

/// The row of the table.
pub(super) const JSON: FormatSpec = FormatSpec {
    name: "json",
    about: "A JSON object for each row",
    options: &[
        FAIL_ON_MISSING_FIELD,
        IGNORE_PARSE_ERRORS,
        TIMESTAMP_FORMAT,
        MAP_NULL_KEY_MODE,
        MAP_NULL_KEY_LITERAL,
        DECIMAL_AS_PLAIN_NUMBER,
        IGNORE_NULL_FIELDS,
        JSON_PARSER,
    ],
    metadata: &[],
    carries_changes: false,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

pub(super) const FAIL_ON_MISSING_FIELD: OptionSpec = OptionSpec {
    key: "fail-on-missing-field",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.12",
    about: "Whether a message without one of the columns is an error; NULL otherwise",
};
pub(super) const IGNORE_PARSE_ERRORS: OptionSpec = OptionSpec {
    key: "ignore-parse-errors",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.12",
    about: "Whether fields that cannot be read become NULL and broken messages are skipped",
};
pub(super) const TIMESTAMP_FORMAT: OptionSpec = OptionSpec {
    key: "timestamp-format.standard",
    kind: OptionKind::Exact(&["SQL", "ISO-8601"]),
    default: Some("SQL"),
    since: "1.12",
    about: "A blank or a T between the date and the time of a timestamp",
};
/// Flink judges its value only when the format writes.
pub(super) const MAP_NULL_KEY_MODE: OptionSpec = OptionSpec {
    key: "map-null-key.mode",
    kind: OptionKind::String,
    default: Some("FAIL"),
    since: "1.12",
    about: "What becomes of a map's NULL key: FAIL, DROP the entry, or write the LITERAL",
};
pub(super) const MAP_NULL_KEY_LITERAL: OptionSpec = OptionSpec {
    key: "map-null-key.literal",
    kind: OptionKind::String,
    default: Some("null"),
    since: "1.12",
    about: "What is written for a map's NULL key under LITERAL",
};
pub(super) const DECIMAL_AS_PLAIN_NUMBER: OptionSpec = OptionSpec {
    key: "encode.decimal-as-plain-number",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.13",
    about: "Whether a DECIMAL is written as 60.00 and not as 6E+1",
};
pub(super) const IGNORE_NULL_FIELDS: OptionSpec = OptionSpec {
    key: "encode.ignore-null-fields",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.20",
    about: "Whether fields that are NULL are left out",
};
const JSON_PARSER: OptionSpec = OptionSpec {
    key: "decode.json-parser.enabled",
    kind: OptionKind::Bool,
    default: Some("true"),
    since: "2.0",
    about: "Whether messages are read token by token, or first as a tree as older versions did",
};

/// How messages are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct DecodeOptions {
    timestamps: Standard,
    fail_on_missing_field: bool,
    ignore_parse_errors: bool,
    fractions: Fractions,
}

/// How rows are written.
#[derive(Clone, Debug)]
struct EncodeOptions {
    timestamps: Standard,
    null_keys: NullKeys,
    decimal_as_plain_number: bool,
    ignore_null_fields: bool,
}

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    _: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let members = Members::of(columns)?;
    let decode = DecodeOptions::of(options, columns)?;
    let codec: Arc<dyn Decoder> = match options.find(JSON_PARSER.key) {
        Some(OptionValue::Bool(false)) => Arc::new(JsonTreeDecoder::new(members, decode)),
        _ => Arc::new(JsonParserDecoder::new(members, decode)),
    };
    Ok(Box::new(Ready { name: JSON.name, codec }))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let codec: Arc<dyn Encoder> = Arc::new(encoder(options, columns, slots)?);
    Ok(Box::new(Ready { name: JSON.name, codec }))
}

/// Writes those of the columns that are in `slots`, for formats that put something around the object.
pub(super) fn encoder(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<JsonEncoder, FormatError> {
    let member = |&slot: &usize| {
        let Field { name, data_type } = &columns[slot];
        Ok((slot, Member::new(name, name, data_type)?))
    };
    let members = slots.iter().map(member).collect::<Result<_, FormatError>>()?;
    Ok(JsonEncoder::new(members, EncodeOptions::of(options)?))
}

/// The tree decoder of a change event: a missing field is never an error in it.
pub(super) fn tree(options: &OptionSet, columns: &[Field]) -> Result<JsonTreeDecoder, FormatError> {
    let decode = DecodeOptions { fail_on_missing_field: false, ..DecodeOptions::of(options, columns)? };
    Ok(JsonTreeDecoder::new(Members::of(columns)?, decode))
}

impl DecodeOptions {
    fn of(options: &OptionSet, columns: &[Field]) -> Result<Self, FormatError> {
        let (missing, ignore) = (FAIL_ON_MISSING_FIELD.key, IGNORE_PARSE_ERRORS.key);
        let decode = Self {
            timestamps: timestamps(options),
            fail_on_missing_field: options.is_true(missing),
            ignore_parse_errors: options.is_true(ignore),
            fractions: if holds_decimal(columns) { Fractions::Decimals } else { Fractions::Doubles },
        };
        if decode.fail_on_missing_field && decode.ignore_parse_errors {
            return Err(FormatError::new(format!("'{missing}' and '{ignore}' cannot both be true")));
        }
        Ok(decode)
    }
}

impl EncodeOptions {
    fn of(options: &OptionSet) -> Result<Self, FormatError> {
        let literal = || options.text(MAP_NULL_KEY_LITERAL.key).unwrap_or("null").into();
        let mode = options.text(MAP_NULL_KEY_MODE.key).unwrap_or("FAIL");
        let null_keys = match mode.to_ascii_uppercase().as_str() {
            "FAIL" => NullKeys::Fail,
            "DROP" => NullKeys::Drop,
            "LITERAL" => NullKeys::Literal(literal()),
            _ => {
                let key = MAP_NULL_KEY_MODE.key;
                return Err(FormatError::new(format!("'{key}' is '{mode}', not FAIL, DROP or LITERAL")));
            }
        };
        Ok(Self {
            timestamps: timestamps(options),
            null_keys,
            decimal_as_plain_number: options.is_true(DECIMAL_AS_PLAIN_NUMBER.key),
            ignore_null_fields: options.is_true(IGNORE_NULL_FIELDS.key),
        })
    }
}

fn timestamps(options: &OptionSet) -> Standard {
    match options.text(TIMESTAMP_FORMAT.key) {
        Some("ISO-8601") => Standard::Iso8601,
        _ => Standard::Sql,
    }
}
