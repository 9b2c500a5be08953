//! TxnOffsetCommit: offsets of a group that are committed with the transaction.
//!
//! Behavior
//! - Until the transaction ends they are kept aside; an OffsetFetch that requires stable offsets hears so.
//! - The group must have been added to the transaction, up to version 4; from 5 on TxnOffsetCommit adds it.
//! - A request that names a generation, member or instance is checked against the group (KIP-447); one that names none is
//!   not. A group that is not there knows no generation: `ILLEGAL_GENERATION`,
//!   and so does a member epoch that is not the member's.
//!
//! Versions: 2 leader epochs; 3 flexible, members; 4 `TRANSACTION_ABORTABLE`; 5 KIP-890; 6 topic ids.

use upsert_kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic, TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
};
use upsert_kafka_protocol::messages::{TxnOffsetCommitRequest, TxnOffsetCommitResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::offset_commit::{Position, position, unfound};
use super::{Outcome, RequestContext, Serve};
use crate::config::AclOperation;
use crate::state::State;
use crate::state::committer::Committer;
use crate::state::names::owned;
use crate::state::transaction::Participant;

/// The first version that adds the group to the transaction.
const ADDING_SINCE: i16 = 5;

/// The first version whose clients know `TRANSACTION_ABORTABLE`.
const ABORTABLE_SINCE: i16 = 4;

impl Serve for TxnOffsetCommitRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<TxnOffsetCommitResponse> {
        if let Err(code) = admit(self, state, context) {
            return self.refuse(context, code);
        }
        answer(self, |topic, part| {
            state.check_topic(context, AclOperation::Read, &topic.name, topic.topic_id)?;
            commit(self, topic, part, state)
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<TxnOffsetCommitResponse> {
        answer(self, |_, _| Err(code))
    }
}

fn answer(
    request: &TxnOffsetCommitRequest,
    mut each: impl FnMut(&TxnOffsetCommitRequestTopic, &TxnOffsetCommitRequestPartition) -> Result<(), ErrorCode>,
) -> Outcome<TxnOffsetCommitResponse> {
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let of = |part: &TxnOffsetCommitRequestPartition| TxnOffsetCommitResponsePartition {
            partition_index: part.partition_index,
            error_code: each(topic, part).err().unwrap_or(ErrorCode::NONE),
            ..Default::default()
        };
        topics.push(TxnOffsetCommitResponseTopic {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partitions: topic.partitions.iter().map(of).collect(),
            ..Default::default()
        });
    }
    Outcome::Answer(TxnOffsetCommitResponse { topics, ..Default::default() })
}

/// Whether the group and the transaction may take committed offsets from who asks.
fn admit(
    request: &TxnOffsetCommitRequest,
    state: &mut State,
    context: &RequestContext,
) -> Result<(), ErrorCode> {
    if !state.nodes.coordinates(context.node, &request.group_id) {
        return Err(ErrorCode::NOT_COORDINATOR);
    }
    let id = &request.transactional_id;
    let producer = (request.producer_id, request.producer_epoch);
    let group = Participant::Group(owned(&request.group_id));
    let admitted = if context.version >= ADDING_SINCE {
        state.add_to_transaction(id, producer, [group], context.now)
    } else {
        state.verify_in_transaction(id, producer, &group)
    };
    admitted.map_err(|code| match code {
        ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
        ErrorCode::TRANSACTION_ABORTABLE if context.version < ABORTABLE_SINCE => ErrorCode::INVALID_TXN_STATE,
        code => code,
    })?;
    let checked = state.groups.check_commit(&request.group_id, committer(request));
    checked.map_err(|code| unfound(code, false))
}

fn committer(request: &TxnOffsetCommitRequest) -> Committer<'_> {
    Committer {
        epoch: request.generation_id_or_member_epoch,
        member_id: &request.member_id,
        instance: request.group_instance_id.as_deref(),
        transactional: true,
        knows_epochs: true,
    }
}

fn commit(
    request: &TxnOffsetCommitRequest,
    topic: &TxnOffsetCommitRequestTopic,
    part: &TxnOffsetCommitRequestPartition,
    state: &mut State,
) -> Result<(), ErrorCode> {
    let (name, id, committed): (Str, _, _) = position(
        Position {
            topic: &topic.name,
            topic_id: topic.topic_id,
            partition: part.partition_index,
            offset: part.committed_offset,
            leader_epoch: part.committed_leader_epoch,
            metadata: part.committed_metadata.as_deref().unwrap_or(""),
        },
        state,
    )?;
    let partition = (id, part.partition_index);
    state.groups.check_partition(&request.group_id, committer(request), partition)?;
    let offsets = state.groups.offsets(&request.group_id);
    offsets.commit_later(request.producer_id, &name, part.partition_index, committed);
    Ok(())
}
