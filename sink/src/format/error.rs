//! What went wrong with a format, a message or a row, as sentences.

use std::fmt::{self, Write as _};

/// Columns or options that a format cannot be made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    sentence: String,
}

impl FormatError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into() }
    }

    /// `column x: json cannot hold MAP<INT, INT>: …`
    pub(crate) fn cannot_hold(column: &str, format: &str, data_type: &dyn fmt::Display, why: &str) -> Self {
        Self::new(format!("column {column}: {format} cannot hold {data_type}: {why}"))
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for FormatError {}

/// A message that could not be read: what, and where. One word wide, since every value read may be one.
#[derive(Debug)]
pub struct DecodeError {
    detail: Box<Detail>,
}

#[derive(Debug)]
struct Detail {
    cause: DecodeCause,
    offset: Option<usize>,
    path: String,
    /// The type of the innermost column on the path.
    data_type: Option<String>,
}

#[derive(Debug)]
enum DecodeCause {
    /// The bytes break the format's grammar.
    Malformed { format: &'static str, wanted: &'static str, found: MessageExcerpt },
    /// Well-formed, but no value of the column's type.
    Mismatch { found: MessageExcerpt },
    /// `fail-on-missing-field` is set, and the field is not there.
    Missing { name: Box<str> },
    /// Well-formed, but not what the format makes rows of.
    Refused { sentence: String },
    /// Written by a schema that was not fetched yet.
    NeedsSchema { id: u32 },
}

impl DecodeError {
    #[cold]
    pub(crate) fn malformed(
        format: &'static str,
        offset: Option<usize>,
        wanted: &'static str,
        rest: &str,
    ) -> Self {
        Self::new(DecodeCause::Malformed { format, wanted, found: MessageExcerpt::of(rest) }, offset)
    }

    #[cold]
    pub(crate) fn mismatch(offset: Option<usize>, found: &str) -> Self {
        Self::new(DecodeCause::Mismatch { found: MessageExcerpt::of(found) }, offset)
    }

    #[cold]
    pub(crate) fn missing(name: &str) -> Self {
        Self::new(DecodeCause::Missing { name: name.into() }, None)
    }

    #[cold]
    pub(crate) fn refused(sentence: impl Into<String>) -> Self {
        Self::new(DecodeCause::Refused { sentence: sentence.into() }, None)
    }

    /// The bytes were written by that schema of the registry, which the decoder does not have. For formats with
    /// `ignore-parse-errors` too: the bytes are not to blame.
    #[cold]
    pub fn needs_schema(id: u32) -> Self {
        Self::new(DecodeCause::NeedsSchema { id }, None)
    }

    fn new(cause: DecodeCause, offset: Option<usize>) -> Self {
        Self { detail: Box::new(Detail { cause, offset, path: String::new(), data_type: None }) }
    }

    /// Says which field of that type it happened in; called from the inside out.
    #[cold]
    pub(crate) fn within(mut self, field: &str, data_type: &dyn fmt::Display) -> Self {
        let Detail { path, data_type: innermost, .. } = &mut *self.detail;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        // The key of a map may be of any length.
        let end = field.char_indices().nth(FIELD_CHARS_MAX).map_or(field.len(), |(at, _)| at);
        path.insert_str(0, &field[..end]);
        innermost.get_or_insert_with(|| data_type.to_string());
        self
    }

    /// Whether the bytes break the grammar, so that nothing behind them can be read.
    pub(crate) fn is_malformed(&self) -> bool {
        matches!(self.detail.cause, DecodeCause::Malformed { .. })
    }

    /// The schema without which the bytes cannot be read: to be fetched, and the same bytes decoded again.
    pub fn needed_schema(&self) -> Option<u32> {
        match self.detail.cause {
            DecodeCause::NeedsSchema { id } => Some(id),
            _ => None,
        }
    }

    /// The byte of the message where it was noticed, where that is known.
    pub fn offset(&self) -> Option<usize> {
        self.detail.offset
    }

    /// The column and the fields in it, such as `items[2].price`; empty where none is to blame.
    pub fn path(&self) -> &str {
        &self.detail.path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detail { cause, offset, path, data_type } = &*self.detail;
        if !path.is_empty() {
            write!(f, "column {path}")?;
            match (cause, data_type) {
                (DecodeCause::Mismatch { .. }, Some(data_type)) => write!(f, " of type {data_type}: ")?,
                _ => f.write_str(": ")?,
            }
        }
        match cause {
            DecodeCause::Malformed { format, wanted, found } => {
                write!(f, "the message is not {format}: expected {wanted}, {}", found.or_the_end(wanted))?;
            }
            DecodeCause::Mismatch { found } => {
                write!(f, "cannot read {found} as a value of that type")?;
                if data_type.as_ref().is_some_and(|it| it.starts_with("DECIMAL"))
                    && found.is_debeziums_decimal()
                {
                    write!(f, "; {DECIMAL_HANDLING}")?;
                }
            }
            DecodeCause::Missing { name } => {
                write!(f, "field {name} is missing, and 'fail-on-missing-field' is set")?;
            }
            DecodeCause::Refused { sentence } => f.write_str(sentence)?,
            DecodeCause::NeedsSchema { id } => write!(f, "the schema {id} that wrote it is not known here")?,
        }
        offset.map_or(Ok(()), |offset| write!(f, " (byte {offset})"))
    }
}

impl std::error::Error for DecodeError {}

/// The beginning of a text that is to blame, cut to a bound.
struct MessageExcerpt {
    text: Box<str>,
    cut: bool,
}

const EXCERPT_CHARS_MAX: usize = 40;

/// Characters of a field's name on the path.
const FIELD_CHARS_MAX: usize = 100;

/// For who meets Debezium's bytes where a number should be: Oracle's NUMBER, PostgreSQL's NUMERIC, MySQL's DECIMAL.
const DECIMAL_HANDLING: &str = "Debezium writes decimals as base64 unless its connector has \
    'decimal.handling.mode' = 'string', which is exact, or 'double'";

/// What is said where a message ends in the midst of a value.
const ENDED: &str = "but the text ends there (a message is one whole value: one that is spread over several lines \
    must not be sent line by line)";

impl MessageExcerpt {
    fn of(text: &str) -> Self {
        let end = text.char_indices().nth(EXCERPT_CHARS_MAX).map_or(text.len(), |(at, _)| at);
        Self { text: text[..end].into(), cut: end < text.len() }
    }

    /// `found …`, or that there was nothing more.
    fn or_the_end(&self, wanted: &str) -> String {
        match (&*self.text, wanted) {
            ("", "UTF-8") => "found other bytes".to_owned(),
            ("", _) => ENDED.to_owned(),
            _ => format!("found {self}"),
        }
    }

    /// A text of base64 in quotes, or an object with a scale and such a text.
    fn is_debeziums_decimal(&self) -> bool {
        let text = self.text.trim();
        let Some(text) = text.strip_prefix('"') else {
            return text.starts_with('{') && text.contains("\"scale\"");
        };
        let text = text.strip_suffix('"').unwrap_or(text);
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        let has_letters = text.contains(|c: char| c.is_ascii_alphabetic() || c == '=');
        !text.is_empty()
            && has_letters
            && (self.cut || text.len().is_multiple_of(4))
            && text.chars().all(is_base64)
    }
}

impl fmt::Display for MessageExcerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.text {
            "" => f.write_str("nothing"),
            text => {
                f.write_str("`")?;
                for char in text.chars() {
                    if char.is_control() {
                        write!(f, "{}", char.escape_default())?
                    } else {
                        f.write_char(char)?
                    }
                }
                f.write_str(if self.cut { "…`" } else { "`" })
            }
        }
    }
}

impl fmt::Debug for MessageExcerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A row that could not be written: the column, and why.
#[derive(Debug)]
pub struct EncodeError {
    detail: Box<(String, &'static str)>,
}

impl EncodeError {
    #[cold]
    pub(crate) fn new(why: &'static str) -> Self {
        Self { detail: Box::new((String::new(), why)) }
    }

    /// Says which field it happened in; called from the inside out.
    #[cold]
    pub(crate) fn within(mut self, field: &str) -> Self {
        let (path, _) = &mut *self.detail;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, field);
        self
    }

    /// The column and the fields in it.
    pub fn path(&self) -> &str {
        &self.detail.0
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, why) = &*self.detail;
        write!(f, "column {path}: {why}")
    }
}

impl std::error::Error for EncodeError {}
