//! A broker left the cluster for good.

use upsert_kafka_protocol_derive::message;

#[message(key = 1, versions = 0..=0, flexible = 0..)]
pub struct UnregisterBrokerRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
}
