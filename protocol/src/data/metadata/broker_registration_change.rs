//! A broker was fenced, unfenced, or is about to leave.

use upsert_kafka_protocol_derive::message;

use crate::Uuid;

#[message(key = 17, versions = 0..=3, flexible = 0..)]
pub struct BrokerRegistrationChangeRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    #[versions(0.., tag = 0)]
    pub fenced: i8,
    #[versions(1.., tag = 1)]
    pub in_controlled_shutdown: i8,
    #[versions(2.., tag = 2)]
    pub log_dirs: Vec<Uuid>,
    #[versions(3.., tag = 3, nullable = 3.., default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}
