//! Upsert Kafka as a library.

pub mod option;
pub mod row;
pub mod types;
