//! A row of a segment's index of aborted transactions.

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0)]
pub struct AbortedTxn {
    pub producer_id: i64,
    pub first_offset: i64,
    /// That of the abort's marker.
    pub last_offset: i64,
    /// The partition's, as the abort was written.
    pub last_stable_offset: i64,
}
