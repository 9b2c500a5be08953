//! CreateAcls: new access rules.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 30, versions = 0..=3, current = 1.., flexible = 2..)]
pub struct CreateAclsRequest {
    pub creations: Vec<AclCreation>,
}

/// A rule: who may, or may not, do what to which resource.
#[message]
pub struct AclCreation {
    /// 2 a topic, 3 a group, 4 the cluster, 5 a transactional id, 6 a delegation token, 7 a user.
    pub resource_type: i8,
    /// `*` for all of the type, and `kafka-cluster` for the cluster.
    pub resource_name: Str,
    /// 3 for this very name, 4 for all names that begin so (KIP-290).
    #[versions(1.., default = 3)]
    pub resource_pattern_type: i8,
    /// Type and name, as in `User:alice`; `User:*` is everyone.
    pub principal: Str,
    /// An address, or `*` for all.
    pub host: Str,
    /// 2 all, 3 read, 4 write, 5 create, 6 delete, 7 alter, 8 describe, 9 cluster action, 10 describe
    /// configs, 11 alter configs, 12 idempotent write, 13 create tokens, 14 describe tokens, 15 two-phase
    /// commit.
    pub operation: i8,
    /// 2 deny, 3 allow; a deny wins.
    pub permission_type: i8,
}

#[message(answers = CreateAclsRequest)]
pub struct CreateAclsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub results: Vec<AclCreationResult>,
}

/// Whether one rule was made, in the order of the request.
#[message]
pub struct AclCreationResult {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
}
