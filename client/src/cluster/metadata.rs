//! What is known of the cluster: brokers, topics, and who leads each partition at which epoch.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::messages::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use crate::Error;
use crate::config::Address;

/// One view of the cluster; a newer one replaces it whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) brokers: BTreeMap<i32, Broker>,
    pub(crate) topics: HashMap<Arc<str>, Arc<TopicMetadata>>,
    pub(crate) cluster_id: Option<String>,
    pub(crate) controller: Option<i32>,
    /// Why a topic that was asked for is not among `topics`.
    pub(crate) missing: HashMap<Arc<str>, ErrorCode>,
    /// Why the last attempt to renew this view failed.
    pub(crate) problem: Option<Error>,
    /// When a broker last told of it.
    pub(crate) renewed_at: Option<Instant>,
}

/// Where a broker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broker {
    pub(crate) address: Address,
    pub(crate) rack: Option<String>,
}

/// A topic and its partitions, by index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TopicMetadata {
    pub(crate) name: Arc<str>,
    /// Zero when the broker does not know ids.
    pub(crate) topic_id: Uuid,
    pub(crate) internal: bool,
    pub(crate) partitions: Vec<PartitionMetadata>,
}

/// Who leads a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionMetadata {
    pub(crate) index: i32,
    pub(crate) leader: Option<i32>,
    /// -1 when the broker does not know epochs.
    pub(crate) leader_epoch: i32,
    pub(crate) replicas: Vec<i32>,
    pub(crate) in_sync: Vec<i32>,
}

impl Metadata {
    /// The leader of a partition with its epoch.
    pub(crate) fn leader(&self, topic: &str, partition: i32) -> Option<(i32, i32)> {
        let partition = self.topics.get(topic)?.partition(partition)?;
        Some((partition.leader?, partition.leader_epoch))
    }

    /// This view, renewed. A leader of an older epoch never replaces a newer one, since brokers learn of
    /// changes at different times; another cluster or a topic made anew begins afresh.
    pub(crate) fn renewed(&self, response: &MetadataResponse) -> Self {
        let cluster_id = response.cluster_id.as_deref().map(str::to_owned);
        let same_cluster = cluster_id == self.cluster_id;
        let mut renewed = Self {
            brokers: response.brokers.iter().filter_map(broker).collect(),
            cluster_id,
            controller: Some(response.controller_id).filter(|node| *node >= 0),
            ..Self::default()
        };
        for topic in &response.topics {
            let Some(name) = topic.name.as_deref() else { continue };
            let known = self.topics.get_key_value(name).filter(|_| same_cluster);
            let name = known.map_or_else(|| Arc::from(name), |(name, _)| Arc::clone(name));
            match topic.error_code {
                ErrorCode::NONE => {
                    let merged = merged(known.map(|(_, topic)| topic), topic, &name);
                    renewed.topics.insert(name, merged);
                }
                code => _ = renewed.missing.insert(name, code),
            }
        }
        renewed
    }

    /// Whether nothing more is to be learnt of the topic by asking again soon.
    pub(crate) fn settles(&self, topic: &str) -> bool {
        match self.topics.get(topic) {
            Some(topic) => topic.partitions.iter().all(|partition| partition.leader.is_some()),
            None => self.missing.get(topic).is_some_and(|code| !code.is_retriable()),
        }
    }

    /// This view with one leader moved, unless a newer epoch is known already; `None` if so.
    pub(crate) fn moved(&self, topic: &str, partition: i32, leader: i32, leader_epoch: i32) -> Option<Self> {
        let known = self.topics.get(topic)?;
        if leader < 0 || known.partition(partition)?.leader_epoch >= leader_epoch {
            return None;
        }
        let mut changed = TopicMetadata::clone(known);
        let at = changed.partitions.iter_mut().find(|known| known.index == partition)?;
        (at.leader, at.leader_epoch) = (Some(leader), leader_epoch);
        let mut moved = self.clone();
        moved.topics.insert(Arc::clone(&known.name), Arc::new(changed));
        Some(moved)
    }
}

impl TopicMetadata {
    /// The partition of that index.
    pub(crate) fn partition(&self, index: i32) -> Option<&PartitionMetadata> {
        // Indexes have no gaps in practice; a gap must not name the wrong partition.
        let at = usize::try_from(index).ok()?;
        self.partitions
            .get(at)
            .filter(|partition| partition.index == index)
            .or_else(|| self.partitions.iter().find(|partition| partition.index == index))
    }
}

/// Asks for these topics and for the brokers.
pub(crate) fn request(topics: &[Str], version: i16, create: bool) -> MetadataRequest {
    let named = |name: &Str| MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
    MetadataRequest {
        topics: Some(topics.iter().map(named).collect()),
        // Older brokers cannot be told, and create as they are set up to.
        allow_auto_topic_creation: version < CREATION_IS_ASKED_FOR || create,
        ..Default::default()
    }
}

/// The known topic itself when nothing changed, so that whoever holds it sees so by its address.
fn merged(
    known: Option<&Arc<TopicMetadata>>,
    topic: &MetadataResponseTopic,
    name: &Arc<str>,
) -> Arc<TopicMetadata> {
    let known = known.filter(|known| known.topic_id == topic.topic_id);
    let mut partitions: Vec<_> = topic
        .partitions
        .iter()
        .map(|partition| newer(known.and_then(|known| known.partition(partition.partition_index)), partition))
        .collect();
    partitions.sort_by_key(|partition| partition.index);
    let merged = TopicMetadata {
        name: Arc::clone(name),
        topic_id: topic.topic_id,
        internal: topic.is_internal,
        partitions,
    };
    match known {
        Some(known) if **known == merged => Arc::clone(known),
        _ => Arc::new(merged),
    }
}

fn newer(known: Option<&PartitionMetadata>, told: &MetadataResponsePartition) -> PartitionMetadata {
    match known {
        Some(known) if told.leader_epoch < known.leader_epoch && told.leader_epoch >= 0 => known.clone(),
        _ => PartitionMetadata {
            index: told.partition_index,
            leader: Some(told.leader_id).filter(|node| *node >= 0),
            leader_epoch: told.leader_epoch,
            replicas: told.replica_nodes.clone(),
            in_sync: told.isr_nodes.clone(),
        },
    }
}

fn broker(told: &MetadataResponseBroker) -> Option<(i32, Broker)> {
    let address = Address { host: told.host.to_string(), port: u16::try_from(told.port).ok()? };
    Some((told.node_id, Broker { address, rack: told.rack.as_deref().map(str::to_owned) }))
}

/// From this version on a request says whether a topic may be made.
const CREATION_IS_ASKED_FOR: i16 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cluster: &'static str, id: u8, leaders: &[(i32, i32)]) -> MetadataResponse {
        let partitions =
            leaders.iter().enumerate().map(|(index, (leader_id, leader_epoch))| MetadataResponsePartition {
                partition_index: index as i32,
                leader_id: *leader_id,
                leader_epoch: *leader_epoch,
                ..Default::default()
            });
        let topic = MetadataResponseTopic {
            name: Some(Str::from("orders")),
            topic_id: Uuid([id; 16]),
            partitions: partitions.collect(),
            ..Default::default()
        };
        MetadataResponse { cluster_id: Some(Str::from(cluster)), topics: vec![topic], ..Default::default() }
    }

    #[test]
    fn an_older_epoch_never_replaces_a_newer_leader() {
        let view = Metadata::default().renewed(&answer("c", 1, &[(1, 5), (2, 5)]));
        let view = view.renewed(&answer("c", 1, &[(9, 4), (3, 6)]));
        assert_eq!(view.leader("orders", 0), Some((1, 5)));
        assert_eq!(view.leader("orders", 1), Some((3, 6)));
    }

    #[test]
    fn a_topic_made_anew_and_another_cluster_begin_afresh() {
        let view = Metadata::default().renewed(&answer("c", 1, &[(1, 5)]));
        assert_eq!(view.renewed(&answer("c", 2, &[(2, 0)])).leader("orders", 0), Some((2, 0)));
        assert_eq!(view.renewed(&answer("d", 1, &[(3, 0)])).leader("orders", 0), Some((3, 0)));
    }

    #[test]
    fn an_equal_topic_stays_the_same_value() {
        let view = Metadata::default().renewed(&answer("c", 1, &[(1, 5)]));
        let again = view.renewed(&answer("c", 1, &[(1, 5)]));
        assert!(Arc::ptr_eq(&view.topics["orders"], &again.topics["orders"]));
    }

    #[test]
    fn a_hint_moves_a_leader_only_forward() {
        let view = Metadata::default().renewed(&answer("c", 1, &[(1, 5)]));
        assert!(view.moved("orders", 0, 2, 5).is_none());
        assert!(view.moved("orders", 7, 2, 6).is_none());
        assert!(view.moved("payments", 0, 2, 6).is_none());
        assert_eq!(view.moved("orders", 0, 2, 6).unwrap().leader("orders", 0), Some((2, 6)));
    }

    #[test]
    fn no_leader_is_none_and_a_missing_topic_says_why() {
        let mut response = answer("c", 1, &[(-1, 7)]);
        response.topics.push(MetadataResponseTopic {
            name: Some(Str::from("lost")),
            error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            ..Default::default()
        });
        let view = Metadata::default().renewed(&response);
        assert_eq!(view.leader("orders", 0), None);
        assert_eq!(view.missing["lost"], ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    }
}
