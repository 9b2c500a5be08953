//! The answers to JoinGroup and SyncGroup, some of them long after the request.

use upsert_kafka_protocol::messages::join_group::JoinGroupResponseMember;
use upsert_kafka_protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::ClassicGroup;
use super::member::Member;
use crate::state::names::owned;
use crate::wait::PeerId;

/// An answer that may come long after its request.
#[derive(Clone, Debug)]
pub(crate) enum GroupAnswer {
    Join(JoinGroupResponse),
    Sync(SyncGroupResponse),
}

impl ClassicGroup {
    /// Takes the answers there are.
    pub(crate) fn take_answers(&mut self) -> Vec<(PeerId, GroupAnswer)> {
        std::mem::take(&mut self.answers)
    }

    /// Answers a JoinGroup with the generation, and with all members when this one is to assign.
    pub(super) fn answer_join(&mut self, at: usize, peer: PeerId, with_members: bool, skip: bool) {
        self.members[at].joining = None;
        let protocol = self.protocol.clone();
        let told = |member: &Member| JoinGroupResponseMember {
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            metadata: member.metadata(protocol.as_deref().unwrap_or("")),
            ..Default::default()
        };
        let answer = JoinGroupResponse {
            generation_id: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            skip_assignment: skip,
            member_id: self.members[at].id.clone(),
            members: if with_members { self.members.iter().map(told).collect() } else { Vec::new() },
            ..Default::default()
        };
        self.answers.push((peer, GroupAnswer::Join(answer)));
    }

    /// Refuses a JoinGroup; the id is the one to come back with, or the one that was no good.
    pub(super) fn refuse_join(&mut self, peer: PeerId, member_id: &str, error_code: ErrorCode) {
        self.answers.push((peer, GroupAnswer::Join(refused_join(owned(member_id), error_code))));
    }

    pub(super) fn answer_sync(&mut self, at: usize, peer: PeerId) {
        let answer = SyncGroupResponse {
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            assignment: self.members[at].assignment.clone(),
            ..Default::default()
        };
        self.answers.push((peer, GroupAnswer::Sync(answer)));
    }

    pub(super) fn refuse_sync(&mut self, peer: PeerId, error_code: ErrorCode) {
        self.answers.push((peer, GroupAnswer::Sync(SyncGroupResponse { error_code, ..Default::default() })));
    }

    /// Refuses the requests of a member that is removed.
    pub(super) fn dismiss(&mut self, at: usize, code: ErrorCode) {
        let (joining, syncing) = (self.members[at].joining.take(), self.members[at].syncing.take());
        let id = self.members[at].id.clone();
        joining.into_iter().for_each(|peer| self.refuse_join(peer, &id, code));
        syncing.into_iter().for_each(|peer| self.refuse_sync(peer, code));
    }
}

/// The answer to a JoinGroup that is refused.
pub(crate) fn refused_join(member_id: Str, error_code: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse { error_code, member_id, protocol_name: None, ..Default::default() }
}
