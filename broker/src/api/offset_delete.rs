//! OffsetDelete: forgets a group's offsets.
//!
//! Behavior
//! - Offsets that a transaction has not decided on yet are forgotten too.
//! - A group with members must be of consumers (else `NON_EMPTY_GROUP`), and none of them subscribed to the
//!   topic.
//!
//! Versions: 0 only.

use std::collections::BTreeSet;

use upsert_kafka_protocol::messages::offset_delete::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic, OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
};
use upsert_kafka_protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse};
use upsert_kafka_protocol::{ErrorCode, Uuid};

use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::State;

impl Serve for OffsetDeleteRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<OffsetDeleteResponse> {
        let names = self.topics.iter().map(|topic| &topic.name);
        let denied: BTreeSet<_> =
            names.filter(|name| !state.may_topic(context, AclOperation::Read, name)).collect();
        let State { groups, topics, nodes, .. } = state;
        let group = match groups.of_mut(&self.group_id) {
            _ if !nodes.coordinates(context.node, &self.group_id) => Err(ErrorCode::NOT_COORDINATOR),
            Some(group) if !group.is_empty() && !group.is_of_consumers() => Err(ErrorCode::NON_EMPTY_GROUP),
            Some(group) => Ok(group),
            None => Err(ErrorCode::GROUP_ID_NOT_FOUND),
        };
        let group = match group {
            Ok(group) => group,
            Err(code) => return self.refuse(context, code),
        };
        let one = |topic: &OffsetDeleteRequestTopic| {
            let subscribed = group.subscribes(&topic.name);
            let partition = |part: &OffsetDeleteRequestPartition| {
                let index = part.partition_index;
                let found = match denied.contains(&topic.name) {
                    true => Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED),
                    false => topics.find(&topic.name, Uuid::ZERO).and_then(|topic| topic.partition(index)),
                };
                let error_code = match found {
                    Err(code) => code,
                    Ok(_) if subscribed => ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC,
                    Ok(_) => {
                        group.offsets.forget(&topic.name, index);
                        ErrorCode::NONE
                    }
                };
                OffsetDeleteResponsePartition { partition_index: index, error_code, ..Default::default() }
            };
            OffsetDeleteResponseTopic {
                name: topic.name.clone(),
                partitions: topic.partitions.iter().map(partition).collect(),
                ..Default::default()
            }
        };
        let topics = self.topics.iter().map(one).collect();
        Outcome::Answer(OffsetDeleteResponse { topics, ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<OffsetDeleteResponse> {
        Outcome::Answer(OffsetDeleteResponse { error_code, ..Default::default() })
    }
}
