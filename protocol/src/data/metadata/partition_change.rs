//! What changed in a partition: leader, replicas, who is in sync.

use upsert_kafka_protocol_derive::message;

use crate::Uuid;

#[message(key = 5, versions = 0..=2, flexible = 0..)]
pub struct PartitionChangeRecord {
    #[versions(0.., default = -1)]
    pub partition_id: i32,
    pub topic_id: Uuid,
    #[versions(0.., tag = 0, nullable = 0.., default = None)]
    pub isr: Option<Vec<i32>>,
    #[versions(0.., tag = 1, default = -2)]
    pub leader: i32,
    #[versions(0.., tag = 2, nullable = 0.., default = None)]
    pub replicas: Option<Vec<i32>>,
    #[versions(0.., tag = 3, nullable = 0.., default = None)]
    pub removing_replicas: Option<Vec<i32>>,
    #[versions(0.., tag = 4, nullable = 0.., default = None)]
    pub adding_replicas: Option<Vec<i32>>,
    #[versions(0.., tag = 5, default = -1)]
    pub leader_recovery_state: i8,
    #[versions(1.., tag = 8, nullable = 1.., default = None)]
    pub directories: Option<Vec<Uuid>>,
    #[versions(2.., tag = 6, nullable = 2.., default = None)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    #[versions(2.., tag = 7, nullable = 2.., default = None)]
    pub last_known_elr: Option<Vec<i32>>,
}
