//! A new access rule.

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 18, versions = 0..=0, flexible = 0..)]
pub struct AccessControlEntryRecord {
    pub id: Uuid,
    /// 2 a topic, 3 a group, 4 the cluster, 5 a transactional id, 6 a delegation token, 7 a user.
    pub resource_type: i8,
    /// `*` for all of the type, and `kafka-cluster` for the cluster.
    pub resource_name: Str,
    /// 3 for this very name, 4 for all names that begin so (KIP-290).
    pub pattern_type: i8,
    /// Type and name, as in `User:alice`; `User:*` is everyone.
    pub principal: Str,
    /// An address, or `*` for all.
    pub host: Str,
    /// As in CreateAcls.
    pub operation: i8,
    /// 2 deny, 3 allow; a deny wins.
    pub permission_type: i8,
}
