//! Offsets that a consumer group keeps from the moment a transaction is committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use upsert_kafka_protocol::Str;
use upsert_kafka_protocol::messages::TxnOffsetCommitRequest;
use upsert_kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};

use super::producer_id::ProducerId;
use crate::Commit;

/// Whose offsets a transaction carries: the group, and which member of it speaks, so that one who lost its
/// partitions meanwhile is refused (KIP-447).
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

/// What one `send_offsets` hands over.
#[derive(Clone, Debug)]
pub(crate) struct Offsets {
    pub(crate) group: GroupMetadata,
    pub(crate) commits: Vec<Commit>,
}

impl Offsets {
    /// The request, by topic.
    pub(crate) fn request(&self, transactional_id: &str, identity: ProducerId) -> TxnOffsetCommitRequest {
        let mut topics: BTreeMap<&Arc<str>, Vec<TxnOffsetCommitRequestPartition>> = BTreeMap::new();
        for commit in &self.commits {
            topics.entry(&commit.topic).or_default().push(TxnOffsetCommitRequestPartition {
                partition_index: commit.partition,
                committed_offset: commit.offset,
                committed_leader_epoch: commit.leader_epoch,
                committed_metadata: Some(Str::from(commit.metadata.as_str())),
                ..Default::default()
            });
        }
        let topics = topics.into_iter().map(|(name, partitions)| TxnOffsetCommitRequestTopic {
            name: Str::from(&**name),
            partitions,
            ..Default::default()
        });
        let group = &self.group;
        TxnOffsetCommitRequest {
            transactional_id: Str::from(transactional_id),
            group_id: Str::from(&*group.group_id),
            producer_id: identity.id,
            producer_epoch: identity.epoch,
            generation_id_or_member_epoch: group.generation_id,
            member_id: Str::from(group.member_id.as_str()),
            group_instance_id: group.group_instance_id.as_deref().map(Str::from),
            topics: topics.collect(),
            ..Default::default()
        }
    }
}
