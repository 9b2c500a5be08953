//! A broker was unfenced; BrokerRegistrationChangeRecord came in its place.

use upsert_kafka_protocol_derive::message;

#[message(key = 8, versions = 0..=0, flexible = 0..)]
pub struct UnfenceBrokerRecord {
    pub id: i32,
    pub epoch: i64,
}
