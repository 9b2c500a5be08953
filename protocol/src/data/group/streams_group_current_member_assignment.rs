//! The tasks that a member of a streams group has now (KIP-1071).

use upsert_kafka_protocol_derive::message;

use crate::Str;

/// The key of a record of the log.
#[message(key = 22, versions = 0..=0)]
pub struct StreamsGroupCurrentMemberAssignmentKey {
    pub group_id: Str,
    pub member_id: Str,
}

/// Its value.
#[message(key = 22, versions = 0..=0, flexible = 0..)]
pub struct StreamsGroupCurrentMemberAssignmentValue {
    pub member_epoch: i32,
    pub previous_member_epoch: i32,
    pub state: i8,
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
    pub active_tasks_pending_revocation: Vec<TaskIds>,
    pub standby_tasks_pending_revocation: Vec<TaskIds>,
    pub warmup_tasks_pending_revocation: Vec<TaskIds>,
}

/// Tasks of one part of the topology, by partition.
#[message]
pub struct TaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
    #[versions(0.., tag = 0, nullable = 0..)]
    pub assignment_epochs: Option<Vec<i32>>,
}
