//! The options of a table as they were given, each with who said so.

use std::collections::BTreeMap;
use std::fmt;

use super::secret::{HIDDEN, shown};
use crate::error::Position;

/// One option of a table, as it was given.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) value: String,
    /// None when the text does not say it.
    pub(crate) at: Option<Position>,
    pub(crate) origin: Origin,
}

impl Given {
    /// What the text of a table says.
    pub(crate) fn table(value: String, at: Position) -> Self {
        Self { value, at: Some(at), origin: Origin::Table }
    }

    /// What somebody else says.
    pub(crate) fn by(origin: Origin, value: impl Into<String>) -> Self {
        Self { value: value.into(), at: None, origin }
    }

    /// The value, or `***` where it may hold a secret.
    pub(crate) fn shown(&self, key: &str) -> &str {
        if matches!(self.origin, Origin::Secret(_)) { HIDDEN } else { shown(key, &self.value) }
    }
}

/// Values may be secrets.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").field("at", &self.at).field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// All options of a table, by key; of one given twice, the last.
pub(crate) type Options = BTreeMap<String, Given>;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The table's WITH.
    Table,
    /// The caller, who overrides the table.
    Caller,
    /// The caller's properties, which stand for what the table does not say.
    Properties,
    /// The section of the credentials file that the table names.
    Section(String),
    /// A value of the secret of that name, in the place of its key.
    Secret(String),
    /// Another option of the table, which has this meaning here.
    Mapped(&'static str),
    /// Nobody: the option's default.
    Default,
}

/// As `explain` has it behind a value.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table => Ok(()),
            Self::Caller => f.write_str(" (set by the caller)"),
            Self::Properties => f.write_str(" (properties of the caller)"),
            Self::Section(name) => write!(f, " (section {name})"),
            Self::Secret(name) => write!(f, " (secret {name})"),
            Self::Mapped(key) => write!(f, " (from '{key}')"),
            Self::Default => f.write_str(" (default)"),
        }
    }
}
