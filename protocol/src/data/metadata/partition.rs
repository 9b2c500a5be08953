//! A partition: leader, replicas, who is in sync.

use upsert_kafka_protocol_derive::message;

use crate::Uuid;

#[message(key = 3, versions = 0..=2, flexible = 0..)]
pub struct PartitionRecord {
    #[versions(0.., default = -1)]
    pub partition_id: i32,
    pub topic_id: Uuid,
    /// The preferred leader first.
    pub replicas: Vec<i32>,
    /// The replicas in sync.
    pub isr: Vec<i32>,
    /// Those that go in a move.
    pub removing_replicas: Vec<i32>,
    /// Those that come in a move.
    pub adding_replicas: Vec<i32>,
    /// -1 when there is none.
    #[versions(0.., default = -1)]
    pub leader: i32,
    /// 1 while the leader recovers from an unclean election, else 0 (KIP-704).
    #[versions(0.., tag = 0)]
    pub leader_recovery_state: i8,
    /// Grows with each new leader.
    #[versions(0.., default = -1)]
    pub leader_epoch: i32,
    /// Grows with each change of the partition.
    #[versions(0.., default = -1)]
    pub partition_epoch: i32,
    /// The ids of the replicas' folders, in the order of `replicas` (KIP-858).
    #[versions(1..)]
    pub directories: Vec<Uuid>,
    /// Not in sync, but with every committed record, so that they may lead (KIP-966); null for none.
    #[versions(2.., tag = 1, nullable = 2.., default = None)]
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// Were eligible, until they came back from a crash and may miss records (KIP-966); null for none.
    #[versions(2.., tag = 2, nullable = 2.., default = None)]
    pub last_known_elr: Option<Vec<i32>>,
}
