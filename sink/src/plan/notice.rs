//! What the user should know but need not change.

use std::fmt;

/// A sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The table it is about, where it is about one.
    pub table: Option<String>,
    /// Without the table.
    pub text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            Some(table) => write!(f, "table {table}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}
