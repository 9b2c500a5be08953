//! The options of `json`, and what they come to: those of formats that put a change event around its rows are among them.

use super::node::Fractions;
use super::shape::holds_decimal;
use crate::format::FormatError;
use crate::format::time::Standard;
use crate::option::{OptionKind, OptionSet, OptionSpec};
use crate::types::Field;

/// The options of the rows within a change event.
pub(in crate::format) const EVENT_OPTIONS: &[OptionSpec] = &[
    IGNORE_PARSE_ERRORS,
    TIMESTAMP_FORMAT,
    MAP_NULL_KEY_MODE,
    MAP_NULL_KEY_LITERAL,
    DECIMAL_AS_PLAIN_NUMBER,
    IGNORE_NULL_FIELDS,
];

/// Options of a format's own, and behind them those of the rows within its events.
pub(in crate::format) const fn with_event_options<const OWN: usize, const ALL: usize>(
    own: [OptionSpec; OWN],
) -> [OptionSpec; ALL] {
    assert!(ALL == OWN + EVENT_OPTIONS.len());
    let mut all = [IGNORE_PARSE_ERRORS; ALL];
    let mut at = 0;
    while at < ALL {
        all[at] = if at < OWN { own[at] } else { EVENT_OPTIONS[at - OWN] };
        at += 1;
    }
    all
}

/// How messages are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct DecodeOptions {
    pub(super) timestamps: Standard,
    pub(super) fail_on_missing_field: bool,
    pub(super) ignore_parse_errors: bool,
    pub(super) fractions: Fractions,
}

/// How rows are written.
#[derive(Clone, Debug)]
pub(super) struct EncodeOptions {
    pub(super) timestamps: Standard,
    pub(super) null_keys: NullKeys,
    pub(super) decimal_as_plain_number: bool,
    pub(super) ignore_null_fields: bool,
}

/// What becomes of a map's entry without a key: `map-null-key.mode`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NullKeys {
    Fail,
    Drop,
    Literal(Box<str>),
}

impl DecodeOptions {
    pub(super) fn of(options: &OptionSet, columns: &[Field]) -> Result<Self, FormatError> {
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
    pub(super) fn of(options: &OptionSet) -> Result<Self, FormatError> {
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

pub(in crate::format) const FAIL_ON_MISSING_FIELD: OptionSpec = OptionSpec {
    key: "fail-on-missing-field",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.12",
    about: "Whether a message without one of the columns is an error; NULL otherwise",
};
pub(in crate::format) const IGNORE_PARSE_ERRORS: OptionSpec = OptionSpec {
    key: "ignore-parse-errors",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.12",
    about: "Whether fields that cannot be read become NULL and broken messages are skipped",
};
pub(in crate::format) const TIMESTAMP_FORMAT: OptionSpec = OptionSpec {
    key: "timestamp-format.standard",
    kind: OptionKind::Exact(&["SQL", "ISO-8601"]),
    default: Some("SQL"),
    since: "1.12",
    about: "A blank or a T between the date and the time of a timestamp",
};
/// Flink judges its value only when the format writes.
pub(in crate::format) const MAP_NULL_KEY_MODE: OptionSpec = OptionSpec {
    key: "map-null-key.mode",
    kind: OptionKind::String,
    default: Some("FAIL"),
    since: "1.12",
    about: "What becomes of a map's NULL key: FAIL, DROP the entry, or write the LITERAL",
};
pub(in crate::format) const MAP_NULL_KEY_LITERAL: OptionSpec = OptionSpec {
    key: "map-null-key.literal",
    kind: OptionKind::String,
    default: Some("null"),
    since: "1.12",
    about: "What is written for a map's NULL key under LITERAL",
};
pub(in crate::format) const DECIMAL_AS_PLAIN_NUMBER: OptionSpec = OptionSpec {
    key: "encode.decimal-as-plain-number",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.13",
    about: "Whether a DECIMAL is written as 60.00 and not as 6E+1",
};
pub(in crate::format) const IGNORE_NULL_FIELDS: OptionSpec = OptionSpec {
    key: "encode.ignore-null-fields",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.20",
    about: "Whether fields that are NULL are left out",
};
pub(super) const JSON_PARSER: OptionSpec = OptionSpec {
    key: "decode.json-parser.enabled",
    kind: OptionKind::Bool,
    default: Some("true"),
    since: "2.0",
    about: "Whether messages are read token by token, or first as a tree as older versions did",
};
