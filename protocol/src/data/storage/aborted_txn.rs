//! A row of a segment's index of aborted transactions.

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0)]
pub struct AbortedTxn {
    pub producer_id: i64,
    pub first_offset: i64,
    pub last_offset: i64,
    pub last_stable_offset: i64,
}
