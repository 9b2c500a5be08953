//! Offsets that a consumer group keeps from the moment a transaction is committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use upsert_kafka_protocol::Str;
use upsert_kafka_protocol::messages::TxnOffsetCommitRequest;
use upsert_kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};

use super::producer_id::ProducerId;
use crate::{Commit, GroupMetadata};

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
