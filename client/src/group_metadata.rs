//! Whose offsets are committed.

use std::sync::Arc;

/// Whose offsets are committed, by a request or by a transaction: the group, and which member of it speaks, so that one
/// who lost its partitions meanwhile is refused (KIP-447).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMetadata {
    /// The group's id.
    pub group_id: Arc<str>,
    /// The generation, or the member's epoch; -1 goes unchecked.
    pub generation_id: i32,
    /// The member's id; empty goes unchecked.
    pub member_id: String,
    /// The name of a static member.
    pub group_instance_id: Option<String>,
}

impl GroupMetadata {
    /// Of a consumer that assigns its partitions itself: nothing but the group is checked.
    pub fn new(group_id: impl Into<Arc<str>>) -> Self {
        let (generation_id, member_id) = (-1, String::new());
        Self { group_id: group_id.into(), generation_id, member_id, group_instance_id: None }
    }

    /// Of a member: refused when the group has gone on without it.
    #[must_use]
    pub fn member(self, generation_id: i32, member_id: impl Into<String>) -> Self {
        Self { generation_id, member_id: member_id.into(), ..self }
    }

    /// Of a static member, by its name.
    #[must_use]
    pub fn instance(self, group_instance_id: impl Into<String>) -> Self {
        Self { group_instance_id: Some(group_instance_id.into()), ..self }
    }
}
