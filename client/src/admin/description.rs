//! What an admin is told of a cluster, of its brokers and of its topics.

use upsert_kafka_protocol::Uuid;

use crate::config::Address;

/// The cluster's own facts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterDescription {
    /// Its id; `None` when brokers do not tell.
    pub cluster_id: Option<String>,
    /// Whom to ask for changes.
    pub controller: Option<i32>,
    /// Its brokers, by id.
    pub brokers: Vec<BrokerDescription>,
}

/// A broker and where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokerDescription {
    /// Its id.
    pub id: i32,
    /// Where clients find it.
    pub address: Address,
    /// Where it stands.
    pub rack: Option<String>,
}

/// A topic and its partitions, by index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// Its id; all zero when brokers do not know ids.
    pub topic_id: Uuid,
    /// Whether it belongs to Kafka itself.
    pub internal: bool,
    /// Its partitions.
    pub partitions: Vec<PartitionDescription>,
}

/// Who holds a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionDescription {
    /// Its index.
    pub index: i32,
    /// Who leads it, if anyone does.
    pub leader: Option<i32>,
    /// Since which change of leaders; -1 when brokers do not tell.
    pub leader_epoch: i32,
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Those that are in sync.
    pub in_sync: Vec<i32>,
}
