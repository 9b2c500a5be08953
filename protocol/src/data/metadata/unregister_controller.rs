//! A controller left the cluster for good.

use upsert_kafka_protocol_derive::message;

#[message(key = 29, versions = 0..=0, flexible = 0..)]
pub struct UnregisterControllerRecord {
    pub controller_id: i32,
}
