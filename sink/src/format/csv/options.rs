//! The options of `csv`.

use crate::option::{OptionKind, OptionSpec};

pub(super) const FIELD_DELIMITER: OptionSpec = OptionSpec {
    key: "field-delimiter",
    kind: OptionKind::String,
    default: Some(","),
    since: "1.12",
    about: "The character between columns; Java's escapes such as \\t and \\u0001 are known",
};
pub(super) const DISABLE_QUOTE_CHARACTER: OptionSpec =
    flag("disable-quote-character", "1.12", "Whether nothing is quoted");
pub(super) const QUOTE_CHARACTER: OptionSpec = OptionSpec {
    key: "quote-character",
    kind: OptionKind::String,
    default: None,
    since: "1.12",
    about: "The character around values that hold others; \" where it is not set",
};
pub(super) const ALLOW_COMMENTS: OptionSpec =
    flag("allow-comments", "1.12", "Whether lines that begin with # are skipped, and empty ones");
pub(super) const IGNORE_PARSE_ERRORS: OptionSpec = flag(
    "ignore-parse-errors",
    "1.12",
    "Whether fields that cannot be read become NULL and broken messages are skipped",
);
pub(super) const ARRAY_ELEMENT_DELIMITER: OptionSpec = OptionSpec {
    key: "array-element-delimiter",
    kind: OptionKind::String,
    default: Some(";"),
    since: "1.12",
    about: "The character between the elements of an ARRAY and the fields of a ROW",
};
pub(super) const ESCAPE_CHARACTER: OptionSpec = OptionSpec {
    key: "escape-character",
    kind: OptionKind::String,
    default: None,
    since: "1.12",
    about: "The character that takes the next one as it is",
};
pub(super) const NULL_LITERAL: OptionSpec = OptionSpec {
    key: "null-literal",
    kind: OptionKind::String,
    default: None,
    since: "1.12",
    about: "The text that is NULL; an empty column is written where it is not set",
};
/// Flink says that its default is true, and writes as if it were false.
pub(super) const SCIENTIFIC_NOTATION: OptionSpec = flag(
    "write-bigdecimal-in-scientific-notation",
    "1.20",
    "Whether a DECIMAL is written as 6E+1 and not as 60.00",
);
pub(super) const ALLOW_TRAILING_COMMA: OptionSpec = OptionSpec {
    default: Some("true"),
    ..flag("allow-trailing-comma", "2.3", "Whether one empty column more may stand at the end")
};
pub(super) const EMPTY_STRING_AS_NULL: OptionSpec =
    flag("empty-string-as-null", "2.3", "Whether an empty column is NULL");
pub(super) const FAIL_ON_MISSING_COLUMNS: OptionSpec =
    flag("fail-on-missing-columns", "2.3", "Whether a line with too few columns is broken as a whole");
pub(super) const IGNORE_TRAILING_UNMAPPABLE: OptionSpec =
    flag("ignore-trailing-unmappable", "2.3", "Whether columns behind the last one are left out");
pub(super) const TRIM_SPACES: OptionSpec =
    flag("trim-spaces", "2.3", "Whether blanks around a column are left out");

const fn flag(key: &'static str, since: &'static str, about: &'static str) -> OptionSpec {
    OptionSpec { key, kind: OptionKind::Bool, default: Some("false"), since, about }
}
