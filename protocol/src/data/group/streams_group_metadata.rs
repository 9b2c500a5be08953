//! A streams group's epoch (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 17, versions = 0..=0)]
pub struct StreamsGroupMetadataKey {
    pub group_id: Str,
}

/// Its value.
#[message(key = 17, versions = 0..=0, flexible = 0..)]
pub struct StreamsGroupMetadataValue {
    /// Grows whenever members, topology or topics change.
    pub epoch: i32,
    /// A hash over the topics it reads, with their partitions and racks, by which a change is seen.
    pub metadata_hash: i64,
    /// The topology that was last found to fit its topics; -1 for none.
    #[versions(0.., tag = 0, default = -1)]
    pub validated_topology_epoch: i32,
    /// The settings that the last assignment was made with; null for none.
    #[versions(0.., tag = 1, nullable = 0..)]
    pub last_assignment_configs: Option<Vec<LastAssignmentConfig>>,
    /// The topology whose description is kept; -1 for none (KIP-1331).
    #[versions(0.., tag = 2, default = -1)]
    pub stored_description_topology_epoch: i32,
    /// The topology whose description was refused for good; -1 for none (KIP-1331).
    #[versions(0.., tag = 3, default = -1)]
    pub failed_description_topology_epoch: i32,
}

/// A setting of the assignor, and its value.
#[message]
pub struct LastAssignmentConfig {
    pub key: Str,
    pub value: Str,
}
