//! Upsert Kafka as a library.

pub mod format;
pub mod option;
pub mod row;
pub mod types;
