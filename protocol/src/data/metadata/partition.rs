//! A partition: leader, replicas, who is in sync.

use upsert_kafka_protocol_derive::message;

use crate::Uuid;

#[message(key = 3, versions = 0..=2, flexible = 0..)]
pub struct PartitionRecord {
    #[versions(0.., default = -1)]
    pub partition_id: i32,
    pub topic_id: Uuid,
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    pub removing_replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    #[versions(0.., default = -1)]
    pub leader: i32,
    #[versions(0.., tag = 0)]
    pub leader_recovery_state: i8,
    #[versions(0.., default = -1)]
    pub leader_epoch: i32,
    #[versions(0.., default = -1)]
    pub partition_epoch: i32,
    #[versions(1..)]
    pub directories: Vec<Uuid>,
    #[versions(2.., tag = 1, nullable = 2.., default = None)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    #[versions(2.., tag = 2, nullable = 2.., default = None)]
    pub last_known_elr: Option<Vec<i32>>,
}
