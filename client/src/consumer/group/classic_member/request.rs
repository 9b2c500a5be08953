//! The requests of a member of the classic protocol.

use std::sync::Arc;

use bytes::Bytes;
use upsert_kafka_protocol::Str;
use upsert_kafka_protocol::messages::join_group::JoinGroupRequestProtocol;
use upsert_kafka_protocol::messages::leave_group::MemberIdentity;
use upsert_kafka_protocol::messages::sync_group::SyncGroupRequestAssignment;
use upsert_kafka_protocol::messages::{
    DescribeGroupsRequest, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest,
};

use super::{ClassicMember, ClassicState};
use crate::consumer::group::assignor::Assignor;
use crate::consumer::group::consumer_protocol::{self, MemberSubscription};
use crate::consumer::group::requests::MemberRequest;
use crate::{Error, TopicPartition};

impl ClassicMember {
    pub(super) fn join(&mut self) -> Result<MemberRequest, Error> {
        let settings = &self.settings;
        let protocol = |assignor: &Assignor| {
            let metadata = consumer_protocol::subscription_bytes(&self.subscription(*assignor))?;
            Ok(JoinGroupRequestProtocol { name: Str::from(assignor.name()), metadata, ..Default::default() })
        };
        let request = JoinGroupRequest {
            group_id: settings.group_id.clone(),
            session_timeout_ms: settings.session_timeout_ms(),
            rebalance_timeout_ms: settings.rebalance_timeout_ms(),
            member_id: self.member_id.clone(),
            group_instance_id: settings.instance_id.clone(),
            protocol_type: Str::from(PROTOCOL_TYPE),
            protocols: settings.assignors.iter().map(protocol).collect::<Result<_, Error>>()?,
            reason: Some(Str::from(self.reason)),
            ..Default::default()
        };
        // Who says that it has nothing from before may be taken for who was there before.
        self.looks = self.settings.instance_id.is_some() && self.generation < 0;
        self.state = ClassicState::Joining;
        self.joined_for.clone_from(&self.subscribed);
        Ok(MemberRequest::JoinGroup(request))
    }

    /// The leader's SyncGroup, with what each member gets.
    pub(super) fn share(&mut self) -> Result<MemberRequest, Error> {
        let ClassicState::Sharing(members, assignor) =
            std::mem::replace(&mut self.state, ClassicState::Syncing)
        else {
            return Ok(self.sync(Vec::new()));
        };
        let shared = assignor.assign(&members, &self.counts);
        let assignment = |(member_id, partitions): (Str, Vec<TopicPartition>)| {
            let assignment = consumer_protocol::assignment_bytes(&partitions)?;
            Ok(SyncGroupRequestAssignment { member_id, assignment, ..Default::default() })
        };
        let assignments = shared.into_iter().map(assignment).collect::<Result<_, Error>>()?;
        self.shared = Some(self.counts.clone());
        Ok(self.sync(assignments))
    }

    pub(super) fn sync(&self, assignments: Vec<SyncGroupRequestAssignment>) -> MemberRequest {
        let settings = &self.settings;
        MemberRequest::SyncGroup(SyncGroupRequest {
            group_id: settings.group_id.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            group_instance_id: settings.instance_id.clone(),
            protocol_type: Some(Str::from(PROTOCOL_TYPE)),
            protocol_name: self.assignor.map(|assignor| Str::from(assignor.name())),
            assignments,
            ..Default::default()
        })
    }

    pub(super) fn heartbeat(&self) -> MemberRequest {
        let settings = &self.settings;
        MemberRequest::Heartbeat(HeartbeatRequest {
            group_id: settings.group_id.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            group_instance_id: settings.instance_id.clone(),
            ..Default::default()
        })
    }

    /// Asks who has what.
    pub(super) fn describe(&self) -> MemberRequest {
        let groups = vec![self.settings.group_id.clone()];
        MemberRequest::DescribeGroups(DescribeGroupsRequest { groups, ..Default::default() })
    }

    /// Names the member twice: where versions up to 2 look for it, and where later ones do.
    pub(super) fn leave_request(&self) -> MemberRequest {
        let settings = &self.settings;
        let identity = MemberIdentity {
            member_id: self.member_id.clone(),
            group_instance_id: settings.instance_id.clone(),
            reason: Some(Str::from("the consumer is closed")),
            ..Default::default()
        };
        MemberRequest::LeaveGroup(LeaveGroupRequest {
            group_id: settings.group_id.clone(),
            members: vec![identity],
            ..Default::default()
        })
    }

    fn subscription(&self, assignor: Assignor) -> MemberSubscription {
        let owned = self.ownership.held().iter();
        let owned = owned.map(|of| TopicPartition::new(Arc::clone(&of.topic), of.partition));
        let owned: Vec<_> = owned.filter(|_| self.owned_since >= 0).collect();
        MemberSubscription {
            topics: self.subscribed.iter().flatten().cloned().collect(),
            user_data: self.user_data(assignor),
            owned,
            generation: self.owned_since,
            rack: self.settings.rack_id.clone(),
        }
    }

    /// What members of the sticky assignors say beside; those that read `generation` need none.
    fn user_data(&self, assignor: Assignor) -> Option<Bytes> {
        match assignor {
            Assignor::Range | Assignor::RoundRobin => None,
            Assignor::CooperativeSticky => Some(Bytes::copy_from_slice(&self.owned_since.to_be_bytes())),
            Assignor::Sticky => {
                Some(consumer_protocol::sticky_user_data(&self.last_assigned, self.owned_since))
            }
        }
    }
}

/// The type of group that consumers make.
const PROTOCOL_TYPE: &str = "consumer";
