//! The records of one batch, as one fetch brought them.

use upsert_kafka_protocol::records::{Body, TimestampType};

/// The records of one batch that users may see.
#[derive(Debug)]
pub(super) struct BatchRecords {
    pub(super) body: Body,
    pub(super) leader_epoch: i32,
    pub(super) timestamp_type: TimestampType,
}
