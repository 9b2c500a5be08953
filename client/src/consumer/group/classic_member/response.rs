//! What a member of the classic protocol makes of its coordinator's answers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::messages::describe_groups::DescribedGroup;
use upsert_kafka_protocol::messages::{DescribeGroupsResponse, JoinGroupResponse, SyncGroupResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::{ClassicMember, ClassicState, NO_GENERATION};
use crate::consumer::group::assignor::Assignor;
use crate::consumer::group::consumer_protocol;
use crate::consumer::group::group_member::GroupMember;
use crate::consumer::group::ownership::TopicIdPartition;
use crate::consumer::group::requests::MemberResponse;
use crate::{Error, ErrorKind, TopicPartition};

impl ClassicMember {
    /// The coordinator's answer to the request under way.
    pub(crate) fn handle_response(&mut self, response: MemberResponse, now: Instant, chance: f64) {
        self.in_flight = false;
        match response {
            MemberResponse::JoinGroup(response) => self.handle_joined(response, now, chance),
            MemberResponse::SyncGroup(response) => self.handle_synced(&response, now, chance),
            MemberResponse::Heartbeat(response) => match response.error_code {
                ErrorCode::NONE => self.handle_alive(now),
                code => self.handle_refused(code, "Heartbeat", now, chance),
            },
            MemberResponse::DescribeGroups(response) => self.handle_described(&response, now, chance),
            MemberResponse::LeaveGroup(_) => self.state = ClassicState::Left,
            // Of the other protocol.
            MemberResponse::ConsumerGroupHeartbeat(_) => {}
        }
    }

    fn handle_joined(&mut self, response: JoinGroupResponse, now: Instant, chance: f64) {
        if !response.member_id.is_empty() {
            self.member_id = response.member_id.clone();
        }
        match response.error_code {
            // It asked to leave meanwhile.
            _ if self.is_leaving() => {}
            ErrorCode::NONE => match self.joined(response) {
                Ok(state) => self.state = state,
                Err(error) => self.fail(error.with_api("JoinGroup")),
            },
            // The id that the next JoinGroup is to name (KIP-394).
            ErrorCode::MEMBER_ID_REQUIRED => self.state = ClassicState::Preparing,
            code => self.handle_refused(code, "JoinGroup", now, chance),
        }
    }

    fn joined(&mut self, response: JoinGroupResponse) -> Result<ClassicState, Error> {
        let protocol = response.protocol_name.as_deref().unwrap_or_default();
        let known = Assignor::by_name(protocol).filter(|it| self.settings.assignors.contains(it));
        let assignor = known.ok_or_else(|| {
            Error::new(
                ErrorKind::Protocol,
                format!("the group shares by '{protocol}', which was not offered"),
            )
        })?;
        self.generation = response.generation_id;
        self.assignor = Some(assignor);
        self.group_topics.clear();
        if response.leader != self.member_id {
            return Ok(ClassicState::Syncing);
        }
        let members = response.members.into_iter().map(|member| {
            let said = assignor.understood(consumer_protocol::read_subscription(&member.metadata)?);
            Ok(GroupMember { member_id: member.member_id, instance_id: member.group_instance_id, said })
        });
        let members: Vec<GroupMember> = members.collect::<Result<_, Error>>()?;
        self.group_topics = members.iter().flat_map(|member| &member.said.topics).cloned().collect();
        self.topics_known = false;
        // A leader that came back under its static name is told that the assignment stays (KIP-814).
        self.leads_on = response.skip_assignment;
        if self.leads_on {
            return Ok(ClassicState::Syncing);
        }
        Ok(ClassicState::Sharing(members, assignor))
    }

    fn handle_synced(&mut self, response: &SyncGroupResponse, now: Instant, chance: f64) {
        match response.error_code {
            _ if self.is_leaving() => {}
            ErrorCode::NONE => match consumer_protocol::read_assignment(&response.assignment) {
                Ok(assigned) => self.handle_assigned(assigned, now),
                Err(error) => self.fail(error.with_api("SyncGroup")),
            },
            code => self.handle_refused(code, "SyncGroup", now, chance),
        }
    }

    fn handle_assigned(&mut self, assigned: Vec<TopicPartition>, now: Instant) {
        let of =
            |TopicPartition { topic, partition }| TopicIdPartition { topic, partition, topic_id: Uuid::ZERO };
        self.state = ClassicState::Stable;
        self.owned_since = self.generation;
        self.last_assigned.clone_from(&assigned);
        self.ownership.aim(assigned.into_iter().map(of).collect());
        self.rejoins = self.ownership.is_revoking();
        self.handle_alive(now);
        self.join_for_others();
    }

    fn handle_alive(&mut self, now: Instant) {
        self.backoff.reset();
        self.due = now + self.settings.heartbeat_interval;
    }

    fn handle_refused(&mut self, code: ErrorCode, api: &'static str, now: Instant, chance: f64) {
        match code {
            ErrorCode::UNKNOWN_MEMBER_ID if self.is_leaving() => self.state = ClassicState::Left,
            _ if self.is_leaving() => {}
            ErrorCode::REBALANCE_IN_PROGRESS => {
                self.handle_alive(now);
                if !matches!(self.state, ClassicState::Preparing) {
                    self.prepare("the group rebalances");
                }
            }
            ErrorCode::ILLEGAL_GENERATION => self.lose("the generation is over"),
            ErrorCode::UNKNOWN_MEMBER_ID => {
                self.member_id = Str::default();
                self.lose("the group does not know the member");
            }
            code if code.is_retriable() => {
                if matches!(self.state, ClassicState::Joining | ClassicState::Syncing) {
                    self.state = ClassicState::Preparing;
                }
                self.wait(now, chance);
            }
            code => self.fail(Error::from_code(code, api)),
        }
    }

    /// Others may have the member's partitions already; it joins anew.
    fn lose(&mut self, reason: &'static str) {
        self.generation = NO_GENERATION;
        self.owned_since = NO_GENERATION;
        self.ownership.lose_all();
        self.prepare(reason);
    }

    /// The group as it is: the member joins again where something is nobody's. Another state than `Stable` is one in which
    /// the members are asked to join, this one too.
    fn handle_described(&mut self, response: &DescribeGroupsResponse, now: Instant, chance: f64) {
        let Some(group) = response.groups.first().filter(|_| matches!(self.state, ClassicState::Stable))
        else {
            return;
        };
        match group.error_code {
            ErrorCode::NONE if &*group.group_state != STABLE => self.wait(now, chance),
            ErrorCode::NONE if self.is_assigned_whole(group) => self.looks = false,
            code if code.is_retriable() => self.wait(now, chance),
            // It may not look: then it does not know.
            _ => self.prepare("partitions may be with nobody"),
        }
    }

    /// Whether each partition of the member's topics is with somebody.
    fn is_assigned_whole(&self, group: &DescribedGroup) -> bool {
        let assigned =
            group.members.iter().map(|it| consumer_protocol::read_assignment(&it.member_assignment));
        let assigned: HashSet<TopicPartition> = assigned.flat_map(Result::unwrap_or_default).collect();
        let wanted = self.subscribed.iter().flatten().filter_map(|topic| self.counts.get_key_value(topic));
        let mut wanted = wanted.flat_map(|(topic, count)| {
            (0..*count).map(|index| TopicPartition::new(Arc::clone(topic), index))
        });
        wanted.all(|of| assigned.contains(&of))
    }
}

/// The state of a group whose members have what they were given.
const STABLE: &str = "Stable";
