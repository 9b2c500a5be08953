//! Kafka's tables beyond the seed's: read as tables, written with metadata, buffered, shared by tasks, exchanged between them; tables without Kafka;
//! queries beyond a projection.

mod exchange;
mod failures;
mod local;
mod partitioner;
mod queries;
mod sources;
mod stage;
mod upsert_source;
mod written;
