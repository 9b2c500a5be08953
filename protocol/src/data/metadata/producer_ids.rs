//! A block of producer ids was given to a broker.

use upsert_kafka_protocol_derive::message;

#[message(key = 15, versions = 0..=0, flexible = 0..)]
pub struct ProducerIdsRecord {
    pub broker_id: i32,
    #[versions(0.., default = -1)]
    pub broker_epoch: i64,
    pub next_producer_id: i64,
}
