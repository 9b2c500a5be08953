//! A Kafka client in pure Rust: producer, consumer by assignment, admin.

mod cluster;
mod config;
mod connection;
mod error;
mod retry;

pub use config::{
    Acks, Address, Config, IsolationLevel, MetadataRecovery, Notice, NoticeKind, OffsetReset, Role,
    SecurityProtocol,
};
pub use error::{Error, ErrorKind};
pub use upsert_kafka_protocol::records::{Codec, Compression};
pub use upsert_kafka_protocol::{Bytes, ErrorCode, Uuid};
