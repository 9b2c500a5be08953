//! What can be chosen about a broker.

use std::net::{Ipv4Addr, SocketAddr};

/// Settings of a broker, Kafka's defaults except where said.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// Where the first node listens, the others on the ports that follow; port 0 takes a free one for each.
    /// Loopback by default.
    pub listen: SocketAddr,
    /// How many nodes there are, numbered from 1. They share one state, so what one of them knew is never
    /// lost; but each partition has one leader among them, and each group and transaction one coordinator.
    pub nodes: i32,
    /// The host that metadata tells clients; empty takes the listening address, or loopback when that
    /// is unspecified.
    pub advertised_host: String,
    /// The port of the first node that metadata tells clients, the others' follow; 0 takes the listening
    /// ones.
    pub advertised_port: u16,
    /// The name of the cluster.
    pub cluster_id: String,
    /// Whether metadata makes a topic that is asked for and missing.
    pub auto_create_topics: bool,
    /// The partitions of a topic that is made without saying how many.
    pub default_partitions: i32,
    /// A longer request closes the connection.
    pub frame_bytes_max: usize,
    /// A longer note beside a committed offset is refused.
    pub offset_metadata_bytes_max: usize,
    /// From which topic ids are made. 0 lets the shell choose, so that two brokers differ.
    pub seed: u64,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            nodes: 1,
            advertised_host: String::new(),
            advertised_port: 0,
            cluster_id: "upsert-kafka-embedded0".to_owned(),
            auto_create_topics: true,
            default_partitions: 1,
            frame_bytes_max: 100 << 20,
            offset_metadata_bytes_max: 4096,
            seed: 0,
        }
    }
}
