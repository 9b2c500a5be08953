//! A broker entered the cluster.

use upsert_kafka_protocol_derive::message;

use crate::{Str, Uuid};

#[message(key = 0, versions = 0..=4, flexible = 0..)]
pub struct RegisterBrokerRecord {
    pub broker_id: i32,
    #[versions(2..)]
    pub is_migrating_zk_broker: bool,
    pub incarnation_id: Uuid,
    pub broker_epoch: i64,
    pub end_points: Vec<BrokerEndpoint>,
    pub features: Vec<BrokerFeature>,
    #[versions(0.., nullable = 0..)]
    pub rack: Option<Str>,
    #[versions(0.., default = true)]
    pub fenced: bool,
    #[versions(1..)]
    pub in_controlled_shutdown: bool,
    #[versions(3.., tag = 0)]
    pub log_dirs: Vec<Uuid>,
    #[versions(4.., tag = 1, nullable = 4.., default = None)]
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

#[message]
pub struct BrokerEndpoint {
    pub name: Str,
    pub host: Str,
    pub port: u16,
    pub security_protocol: i16,
}

#[message]
pub struct BrokerFeature {
    pub name: Str,
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}
