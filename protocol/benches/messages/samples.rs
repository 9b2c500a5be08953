//! The messages that are timed: the largest that a client meets, and the first.

use bytes::Bytes;
use upsert_kafka_protocol::messages::api_versions::ApiVersion;
use upsert_kafka_protocol::messages::fetch::FetchableTopicResponse;
use upsert_kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::{ApiVersionsResponse, FetchResponse, MetadataResponse, ProduceRequest};
use upsert_kafka_protocol::{Str, Uuid};

/// 1,000 topics of 10 partitions on three brokers.
pub(crate) fn metadata() -> MetadataResponse {
    MetadataResponse {
        brokers: (1..=3).map(broker).collect(),
        cluster_id: Some(Str::from("5L6g3nShT-eMCtK--X86sw")),
        controller_id: 1,
        topics: (0..1000).map(topic).collect(),
        ..Default::default()
    }
}

fn broker(node_id: i32) -> MetadataResponseBroker {
    let host = format!("broker-{node_id}.kafka.example.com").into();
    let rack = Some(format!("eu-central-{node_id}").into());
    MetadataResponseBroker { node_id, host, port: 9092, rack, ..Default::default() }
}

fn topic(at: u32) -> MetadataResponseTopic {
    let mut id = [7; 16];
    id[12..].copy_from_slice(&at.to_be_bytes());
    MetadataResponseTopic {
        name: Some(format!("orders.of.shop-{at:04}").into()),
        topic_id: Uuid(id),
        partitions: (0..10).map(partition).collect(),
        ..Default::default()
    }
}

fn partition(partition_index: i32) -> MetadataResponsePartition {
    let leader_id = partition_index % 3 + 1;
    let replicas = vec![leader_id, leader_id % 3 + 1, (leader_id + 1) % 3 + 1];
    MetadataResponsePartition {
        partition_index,
        leader_id,
        leader_epoch: 12,
        replica_nodes: replicas.clone(),
        isr_nodes: replicas,
        ..Default::default()
    }
}

/// 10 partitions of 16 KB.
pub(crate) fn produce() -> ProduceRequest {
    let partition = |index| PartitionProduceData {
        index,
        records: Some(text(16 * 1024, index.unsigned_abs() as usize)),
        ..Default::default()
    };
    let topic = TopicProduceData {
        name: "orders".into(),
        partition_data: (0..10).map(partition).collect(),
        ..Default::default()
    };
    ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() }
}

/// 50 partitions of 20 KB.
pub(crate) fn fetch() -> FetchResponse {
    let partition = |partition_index: i32| upsert_kafka_protocol::messages::fetch::PartitionData {
        partition_index,
        high_watermark: 1_000_000,
        last_stable_offset: 1_000_000,
        log_start_offset: 0,
        aborted_transactions: Some(Vec::new()),
        records: Some(text(20 * 1024, partition_index.unsigned_abs() as usize)),
        ..Default::default()
    };
    let topic = FetchableTopicResponse {
        topic: "orders".into(),
        partitions: (0..50).map(partition).collect(),
        ..Default::default()
    };
    FetchResponse { session_id: 77, responses: vec![topic], ..Default::default() }
}

/// 60 keys.
pub(crate) fn api_versions() -> ApiVersionsResponse {
    let key = |api_key| ApiVersion { api_key, max_version: api_key % 18, ..Default::default() };
    ApiVersionsResponse { api_keys: (0..60).map(key).collect(), ..Default::default() }
}

/// Bytes that look like a batch of orders.
fn text(size: usize, seed: usize) -> Bytes {
    (seed..).flat_map(|at| format!(r#"{{"order_id":{at},"item":"bread"}}"#).into_bytes()).take(size).collect()
}
