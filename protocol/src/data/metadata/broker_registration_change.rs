//! A broker was fenced, unfenced, or is about to leave.

use upsert_kafka_protocol_derive::message;

use crate::Uuid;

#[message(key = 17, versions = 0..=3, flexible = 0..)]
pub struct BrokerRegistrationChangeRecord {
    pub broker_id: i32,
    /// Of the registration that changes.
    pub broker_epoch: i64,
    /// 1 fenced, -1 unfenced, 0 as before.
    #[versions(0.., tag = 0)]
    pub fenced: i8,
    /// 1 is about to leave, 0 as before.
    #[versions(1.., tag = 1)]
    pub in_controlled_shutdown: i8,
    /// The ids of the log folders that are online (KIP-858); empty when they have not changed.
    #[versions(2.., tag = 2)]
    pub log_dirs: Vec<Uuid>,
    /// The ids of the log folders that get no new replicas (KIP-1066); null when that has not changed.
    #[versions(3.., tag = 3, nullable = 3.., default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}
