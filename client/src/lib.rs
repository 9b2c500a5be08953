//! A Kafka client in pure Rust: producer, consumer by assignment, admin.

mod admin;
mod client;
mod cluster;
mod config;
mod connection;
mod consumer;
mod environment;
mod error;
mod metrics;
mod producer;
mod record;
mod retry;

pub use admin::{
    Admin, BrokerDescription, ClusterDescription, ConfigEntry, NewTopic, PartitionDescription,
    TopicDescription,
};
pub use client::Client;
pub use config::{
    Acks, Address, Config, Explained, IsolationLevel, MetadataRecovery, Notice, NoticeKind, OffsetReset,
    PartitionerClass, Role, SecurityProtocol,
};
pub use consumer::{
    Assignment, Commit, Committed, Consumer, ConsumerRecord, Fetched, FetchedRecords, OffsetSpec,
    OwnedHeader, OwnedRecord, OwnedRecords, PartitionRecords, Position, PositionReset, Records, ResetCause,
    TopicPartition,
};
pub use environment::{Clock, Dial, DialTarget, Dialing, Environment, Time, Transport};
pub use error::{Error, ErrorKind, Scope};
pub use metrics::{Metric, Metrics};
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub use producer::simulation;
pub use producer::{
    Delivery, GroupMetadata, Partitioner, Partitions, Producer, ProducerId, RoundRobinPartitioner, Topic,
    Transaction,
};
pub use record::{Header, Receipt, Record};
pub use upsert_kafka_protocol::records::{Codec, Compression, TimestampType};
pub use upsert_kafka_protocol::{Bytes, ErrorCode, Uuid};

#[cfg(test)]
#[path = "tests/heard.rs"]
mod heard;
#[cfg(test)]
#[path = "tests/peer.rs"]
mod peer;
