//! A broker was fenced; BrokerRegistrationChangeRecord came in its place.

use upsert_kafka_protocol_derive::message;

#[message(key = 7, versions = 0..=0, flexible = 0..)]
pub struct FenceBrokerRecord {
    pub id: i32,
    pub epoch: i64,
}
