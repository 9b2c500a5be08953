//! Why a struct is no row, or a row no struct: a sentence, and the way to the value that it is about.

use std::fmt;

use crate::error::{Error, ErrorKind};

/// The way is told from the value up: each that the error passes puts its name in front.
#[derive(Debug)]
pub(super) struct SerdeError {
    text: String,
    /// Innermost first.
    way: Vec<String>,
}

impl SerdeError {
    #[cold]
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), way: Vec::new() }
    }

    /// The value is a variant of an enum that has fields.
    #[cold]
    pub(super) fn of_variant(name: &str, variant: &str) -> Self {
        Self::new(format!(
            "{name}::{variant} has fields, and SQL has no such type; let serde tag it as a struct, or flatten it"
        ))
    }

    /// The same, in this column or field.
    #[cold]
    pub(super) fn within(mut self, name: impl Into<String>) -> Self {
        self.way.push(name.into());
        self
    }

    /// As an error of the table that is written.
    #[cold]
    pub(super) fn of_sink(self, table: &str) -> Error {
        Error::caused(ErrorKind::Sink, format!("table {table}"), self)
    }

    /// As an error of the table that is read.
    #[cold]
    pub(super) fn of_source(self, table: &str) -> Error {
        Error::caused(ErrorKind::Source, format!("table {table}"), self)
    }
}

impl fmt::Display for SerdeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.way.is_empty() {
            let way: Vec<&str> = self.way.iter().rev().map(String::as_str).collect();
            write!(f, "column {}: ", way.join("."))?;
        }
        f.write_str(&self.text)
    }
}

impl std::error::Error for SerdeError {}

impl serde_core::ser::Error for SerdeError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(text.to_string())
    }
}

impl serde_core::de::Error for SerdeError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(text.to_string())
    }
}
