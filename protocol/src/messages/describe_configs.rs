//! DescribeConfigs: the settings of topics and brokers.

use upsert_kafka_protocol_derive::message;

use crate::{ErrorCode, Str};

#[message(key = 32, versions = 0..=4, current = 1.., flexible = 4..)]
pub struct DescribeConfigsRequest {
    pub resources: Vec<DescribeConfigsResource>,
    /// Also where else each setting could come from, and with which value.
    #[versions(1..)]
    pub include_synonyms: bool,
    #[versions(3..)]
    pub include_documentation: bool,
}

/// Whose settings to tell.
#[message]
pub struct DescribeConfigsResource {
    /// 2 a topic, 4 a broker, 8 a broker's loggers, 16 client metrics, 32 a group.
    pub resource_type: i8,
    /// A topic's or group's name, a broker's number in digits; empty for all brokers.
    pub resource_name: Str,
    /// Null for all of them.
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
    /// As in the request.
    pub resource_type: i8,
    pub resource_name: Str,
    pub configs: Vec<DescribeConfigsResourceResult>,
}

/// One setting: its value, and where it comes from.
#[message]
pub struct DescribeConfigsResourceResult {
    pub name: Str,
    /// Null for one that is sensitive, or that has none.
    #[versions(0.., nullable = 0..)]
    pub value: Option<Str>,
    pub read_only: bool,
    #[versions(0..=0)]
    pub is_default: bool,
    /// Where the value comes from: 1 the topic, 2 the broker, 3 all brokers, 4 the broker's file, 5 the
    /// default, 6 the broker's loggers, 7 client metrics, 8 the group; 0 and -1 unknown.
    #[versions(1.., default = -1, ignorable)]
    pub config_source: i8,
    /// A secret, the value of which is not told.
    pub is_sensitive: bool,
    #[versions(1.., ignorable)]
    pub synonyms: Vec<DescribeConfigsSynonym>,
    /// 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password; 0 unknown.
    #[versions(3.., ignorable)]
    pub config_type: i8,
    #[versions(3.., nullable = 0.., ignorable)]
    pub documentation: Option<Str>,
}

/// Where else the setting could be made, what counts most first.
#[message]
pub struct DescribeConfigsSynonym {
    pub name: Str,
    #[versions(0.., nullable = 0..)]
    pub value: Option<Str>,
    /// As `config_source`.
    pub source: i8,
}
