//! DescribeConfigs: the settings of topics and brokers.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 32, versions = 0..=4, current = 1.., flexible = 4..)]
pub struct DescribeConfigsRequest {
    pub resources: Vec<DescribeConfigsResource>,
    #[versions(1..)]
    pub include_synonyms: bool,
    #[versions(3..)]
    pub include_documentation: bool,
}

/// A topic or broker; keys null asks for all of them.
#[message]
pub struct DescribeConfigsResource {
    /// 2 a topic, 4 a broker.
    pub resource_type: i8,
    pub resource_name: Str,
    #[versions(0.., nullable = 0..)]
    pub configuration_keys: Option<Vec<Str>>,
}

#[message(answers = DescribeConfigsRequest)]
pub struct DescribeConfigsResponse {
    /// How long the client should pause, in milliseconds (KIP-219).
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult>,
}

/// The settings of one resource.
#[message]
pub struct DescribeConfigsResult {
    pub error_code: ErrorCode,
    /// The error in words, for people.
    #[versions(0.., nullable = 0..)]
    pub error_message: Option<Str>,
    pub resource_type: i8,
    pub resource_name: Str,
    pub configs: Vec<DescribeConfigsResourceResult>,
}

/// A setting.
#[message]
pub struct DescribeConfigsResourceResult {
    pub name: Str,
    #[versions(0.., nullable = 0..)]
    pub value: Option<Str>,
    pub read_only: bool,
    #[versions(0..=0)]
    pub is_default: bool,
    #[versions(1.., default = -1, ignorable)]
    pub config_source: i8,
    pub is_sensitive: bool,
    #[versions(1.., ignorable)]
    pub synonyms: Vec<DescribeConfigsSynonym>,
    #[versions(3.., ignorable)]
    pub config_type: i8,
    #[versions(3.., nullable = 0.., ignorable)]
    pub documentation: Option<Str>,
}

/// Where else the setting could be made, in order.
#[message]
pub struct DescribeConfigsSynonym {
    pub name: Str,
    #[versions(0.., nullable = 0..)]
    pub value: Option<Str>,
    pub source: i8,
}
