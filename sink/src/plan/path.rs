//! The whole name of a table.

/// Catalog, database, table.
pub(super) type Path = [String; 3];
