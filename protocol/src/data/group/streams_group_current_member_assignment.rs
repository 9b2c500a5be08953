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
    /// The one the next heartbeat must bring.
    pub member_epoch: i32,
    /// The one before, still taken from a member that missed the last answer.
    pub previous_member_epoch: i32,
    /// 0 has what it shall have, 1 must give up tasks, 2 waits for tasks that others still have.
    pub state: i8,
    /// Those it runs.
    pub active_tasks: Vec<TaskIds>,
    /// Those whose state it copies.
    pub standby_tasks: Vec<TaskIds>,
    /// Those it makes ready to run.
    pub warmup_tasks: Vec<TaskIds>,
    /// Those it must give up, as the two that follow.
    pub active_tasks_pending_revocation: Vec<TaskIds>,
    pub standby_tasks_pending_revocation: Vec<TaskIds>,
    pub warmup_tasks_pending_revocation: Vec<TaskIds>,
}

/// Tasks of one subtopology, by partition.
#[message]
pub struct TaskIds {
    pub subtopology_id: Str,
    pub partitions: Vec<i32>,
    /// The epoch at which each task came to the member, in the order of `partitions`; null when unknown.
    #[versions(0.., tag = 0, nullable = 0..)]
    pub assignment_epochs: Option<Vec<i32>>,
}
