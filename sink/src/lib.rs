//! Upsert Kafka as a library.

pub mod error;
pub mod expr;
pub mod format;
pub mod option;
pub mod options;
pub mod plan;
pub mod row;
pub mod scan;
pub mod settings;
pub mod sql;
pub mod types;
