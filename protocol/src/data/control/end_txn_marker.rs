//! Ends a transaction in a partition: the value of a commit or an abort.

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0)]
pub struct EndTxnMarker {
    pub coordinator_epoch: i32,
}
