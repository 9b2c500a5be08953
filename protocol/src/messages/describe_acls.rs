//! DescribeAcls: the access rules that match a filter.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 29, versions = 0..=3, current = 1.., flexible = 2..)]
pub struct DescribeAclsRequest {
    /// 1 any, 2 a topic, 3 a group, 4 the cluster, 5 a transactional id, 6 a delegation token, 7 a user.
    pub resource_type_filter: i8,
    /// Null for any.
    #[versions(0.., nullable = 0..)]
    pub resource_name_filter: Option<Str>,
    /// 1 any kind, 2 all rules that apply to the name, 3 only those for this very name, 4 only those for this
    /// very beginning (KIP-290).
    #[versions(1.., default = 3)]
    pub pattern_type_filter: i8,
    /// As in `User:alice`; null for any.
    #[versions(0.., nullable = 0..)]
    pub principal_filter: Option<Str>,
    /// Null for any.
    #[versions(0.., nullable = 0..)]
    pub host_filter: Option<Str>,
    /// 1 any; the others as in CreateAcls.
    pub operation: i8,
    /// 1 any, 2 deny, 3 allow.
    pub permission_type: i8,
}

#[message(answers = DescribeAclsRequest)]
pub struct DescribeAclsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub resources: Vec<DescribeAclsResource>,
}

/// A resource, or all whose names begin so, and the rules for it.
#[message]
pub struct DescribeAclsResource {
    /// 2 a topic, 3 a group, 4 the cluster, 5 a transactional id, 6 a delegation token, 7 a user.
    pub resource_type: i8,
    pub resource_name: Str,
    /// 3 for this very name, 4 for all names that begin so (KIP-290).
    #[versions(1.., default = 3)]
    pub pattern_type: i8,
    pub acls: Vec<AclDescription>,
}

/// A rule: who may, or may not, do what.
#[message]
pub struct AclDescription {
    /// Type and name, as in `User:alice`; `User:*` is everyone.
    pub principal: Str,
    /// An address, or `*` for all.
    pub host: Str,
    /// As in CreateAcls.
    pub operation: i8,
    /// 2 deny, 3 allow; a deny wins.
    pub permission_type: i8,
}
