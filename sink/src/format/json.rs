//! The `json` format: an object a row, both ways as Flink reads and writes it.

use self::options::{
    DECIMAL_AS_PLAIN_NUMBER, DecodeOptions, EncodeOptions, FAIL_ON_MISSING_FIELD, IGNORE_NULL_FIELDS,
    IGNORE_PARSE_ERRORS, JSON_PARSER, MAP_NULL_KEY_LITERAL, MAP_NULL_KEY_MODE, TIMESTAMP_FORMAT,
};
use self::parser::JsonParserDecoder;
use self::shape::{Member, Members};
use super::{DecodingFormat, EncodingFormat, FormatError, FormatSpec, Ready};
use crate::option::{OptionSet, OptionValue};
use crate::types::Field;

pub(crate) mod node;
pub(super) mod options;
mod parser;
pub(crate) mod reader;
mod shape;
pub(crate) mod text;
mod tree;
mod writer;

pub(super) use self::node::Node;
pub(crate) use self::text::quote;
pub(super) use self::text::write_double;
pub(super) use self::tree::JsonTreeDecoder;
pub(crate) use self::writer::JsonEncoder;

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

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    _: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let members = Members::of(columns)?;
    let decode = DecodeOptions::of(options, columns)?;
    Ok(match options.find(JSON_PARSER.key) {
        Some(OptionValue::Bool(false)) => Ready::decoding(JSON.name, JsonTreeDecoder::new(members, decode)),
        _ => Ready::decoding(JSON.name, JsonParserDecoder::new(members, decode)),
    })
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    Ok(Ready::encoding(JSON.name, encoder(options, columns, slots)?))
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

/// Writes one of the columns for whoever looks on: no row is refused, and amounts are as they are printed.
pub(crate) fn shown(columns: &[Field], slot: usize) -> Result<JsonEncoder, FormatError> {
    let mut options = OptionSet::default();
    options.insert(MAP_NULL_KEY_MODE.key, OptionValue::Choice("LITERAL"));
    options.insert(DECIMAL_AS_PLAIN_NUMBER.key, OptionValue::Bool(true));
    encoder(&options, columns, &[slot])
}

/// The tree decoder of a change event: a missing field is never an error in it.
pub(super) fn tree(options: &OptionSet, columns: &[Field]) -> Result<JsonTreeDecoder, FormatError> {
    let decode = DecodeOptions { fail_on_missing_field: false, ..DecodeOptions::of(options, columns)? };
    Ok(JsonTreeDecoder::new(Members::of(columns)?, decode))
}
