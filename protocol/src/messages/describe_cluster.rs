//! DescribeCluster: the brokers, or the controllers, of a cluster (KIP-700, KIP-919).

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 60, versions = 0..=2, flexible = 0..)]
pub struct DescribeClusterRequest {
    pub include_cluster_authorized_operations: bool,
    /// 1 brokers, 2 controllers.
    #[versions(1.., default = 1)]
    pub endpoint_type: i8,
    #[versions(2..)]
    pub include_fenced_brokers: bool,
}

#[message(answers = DescribeClusterRequest)]
pub struct DescribeClusterResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0.., default = None)]
    pub error_message: Option<Str>,
    /// 1 brokers, 2 controllers.
    #[versions(1.., default = 1)]
    pub endpoint_type: i8,
    pub cluster_id: Str,
    #[versions(0.., default = -1)]
    pub controller_id: i32,
    pub brokers: Vec<DescribeClusterBroker>,
    /// A bit set of operations; the least int32 when it was not asked for.
    #[versions(0.., default = -2147483648)]
    pub cluster_authorized_operations: i32,
}

#[message]
pub struct DescribeClusterBroker {
    pub broker_id: i32,
    pub host: Str,
    pub port: i32,
    #[versions(0.., nullable = 0.., default = None)]
    pub rack: Option<Str>,
    #[versions(2..)]
    pub is_fenced: bool,
}
