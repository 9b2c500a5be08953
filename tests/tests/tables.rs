//! Kafka's tables beyond the seed's: read as tables, written with metadata, buffered, shared by tasks; tables without Kafka.

mod local;
mod stage;
mod upsert_source;
mod written;
