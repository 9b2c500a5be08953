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
    pub epoch: i32,
    pub metadata_hash: i64,
    #[versions(0.., tag = 0, default = -1)]
    pub validated_topology_epoch: i32,
    #[versions(0.., tag = 1, nullable = 0..)]
    pub last_assignment_configs: Option<Vec<LastAssignmentConfig>>,
    #[versions(0.., tag = 2, default = -1)]
    pub stored_description_topology_epoch: i32,
    #[versions(0.., tag = 3, default = -1)]
    pub failed_description_topology_epoch: i32,
}

#[message]
pub struct LastAssignmentConfig {
    pub key: Str,
    pub value: Str,
}
