//! What went wrong with a format, a message or a row, as sentences.

use std::fmt;

/// Columns or options that a format cannot be made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    sentence: String,
}

impl FormatError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into() }
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for FormatError {}

/// A message that could not be read: what, and where.
#[derive(Debug)]
pub struct DecodeError {
    sentence: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for DecodeError {}

/// A row that could not be written: the column, and why.
#[derive(Debug)]
pub struct EncodeError {
    sentence: String,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for EncodeError {}
