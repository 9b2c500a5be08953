//! The tasks that a member of a streams group shall have (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 21, versions = 0..=0)]
pub struct StreamsGroupTargetAssignmentMemberKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// Its value.
#[message(key = 21, versions = 0..=0, flexible = 0..)]
pub struct StreamsGroupTargetAssignmentMemberValue {
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
}

/// Tasks of one part of the topology, by partition.
#[message]
pub struct TaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
}
