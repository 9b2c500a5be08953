//! What a log keeps of its producers beside each segment.

use upsert_kafka_protocol_derive::message;

#[message(versions = 1..=1)]
pub struct ProducerSnapshot {
    /// CRC-32C of all that follows.
    pub crc: u32,
    pub producer_entries: Vec<ProducerEntry>,
}

/// What the log knows of one producer.
#[message]
pub struct ProducerEntry {
    pub producer_id: i64,
    pub epoch: i16,
    /// Of its last record; -1 when there is none.
    pub last_sequence: i32,
    /// Of its last record; -1 when there is none.
    pub last_offset: i64,
    /// From the first to the last record of its last batch.
    pub offset_delta: i32,
    /// Of its last batch, in milliseconds since 1970.
    pub timestamp: i64,
    /// Of the coordinator that last wrote a marker for it; -1 when none has.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins; -1 when none is open.
    pub current_txn_first_offset: i64,
}
