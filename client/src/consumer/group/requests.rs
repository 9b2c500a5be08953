//! What members send to the coordinator of their group, and what comes back.

use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, DescribeGroupsRequest,
    DescribeGroupsResponse, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};

/// A request of a member, in the words of its API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MemberRequest {
    /// The one request of the consumer protocol.
    ConsumerGroupHeartbeat(ConsumerGroupHeartbeatRequest),
    JoinGroup(JoinGroupRequest),
    SyncGroup(SyncGroupRequest),
    Heartbeat(HeartbeatRequest),
    /// Of the member's own group.
    DescribeGroups(DescribeGroupsRequest),
    LeaveGroup(LeaveGroupRequest),
}

/// What the coordinator answers, in the words of its API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MemberResponse {
    ConsumerGroupHeartbeat(ConsumerGroupHeartbeatResponse),
    JoinGroup(JoinGroupResponse),
    SyncGroup(SyncGroupResponse),
    Heartbeat(HeartbeatResponse),
    DescribeGroups(DescribeGroupsResponse),
    LeaveGroup(LeaveGroupResponse),
}

impl MemberResponse {
    /// Whether another broker is the group's coordinator, or none is.
    pub(crate) fn coordinator_moved(&self) -> bool {
        matches!(self.error_code(), ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE)
    }

    /// Whether the coordinator answers as to one who is in the group.
    pub(crate) fn knows_member(&self) -> bool {
        let knows = matches!(self.error_code(), ErrorCode::NONE | ErrorCode::REBALANCE_IN_PROGRESS);
        // Which everybody may ask for.
        knows && !matches!(self, Self::DescribeGroups(_))
    }

    fn error_code(&self) -> ErrorCode {
        match self {
            Self::ConsumerGroupHeartbeat(response) => response.error_code,
            Self::JoinGroup(response) => response.error_code,
            Self::SyncGroup(response) => response.error_code,
            Self::Heartbeat(response) => response.error_code,
            Self::DescribeGroups(response) => {
                response.groups.first().map_or(ErrorCode::NONE, |group| group.error_code)
            }
            Self::LeaveGroup(response) => response.error_code,
        }
    }
}
