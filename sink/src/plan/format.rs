//! A format of a table, with what its options came to.

use crate::error::Finding;
use crate::format::FormatSpec;
use crate::option::OptionSet;
use crate::options::Space;

/// The format of a key or a value.
pub(super) struct Format {
    pub(super) spec: &'static FormatSpec,
    pub(super) options: OptionSet,
    /// The option that names it.
    pub(super) key: &'static str,
    pub(super) prefix: &'static str,
    /// Values of its options that do not parse.
    pub(super) findings: Vec<Finding>,
}

impl Format {
    /// The keys that it knows.
    pub(super) fn space(&self) -> Space {
        Space::format(self.prefix, self.spec)
    }
}
