//! What is known of the cluster: brokers, topics, and who leads each partition at which epoch.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::messages::MetadataRequest;
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;
use upsert_kafka_protocol::{ErrorCode, Str};

use super::broker_info::Broker;
use super::metadata_update::MetadataUpdate;
use super::topic_metadata::TopicMetadata;
use crate::Error;

/// One view of the cluster; a newer one replaces it whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) brokers: BTreeMap<i32, Broker>,
    pub(crate) topics: HashMap<Arc<str>, Arc<TopicMetadata>>,
    pub(crate) cluster_id: Option<String>,
    pub(crate) controller: Option<i32>,
    /// Why a topic that was asked for is not among `topics`.
    pub(crate) missing: HashMap<Arc<str>, ErrorCode>,
    /// What was wrong with the last answer, though it could be used.
    pub(crate) inconsistency: Option<String>,
    /// Why the last attempt to renew this view failed.
    pub(crate) problem: Option<Error>,
    /// When a broker last told of it.
    pub(crate) renewed_at: Option<Instant>,
}

impl Metadata {
    /// The leader of a partition with its epoch.
    pub(crate) fn leader(&self, topic: &str, partition: i32) -> Option<(i32, i32)> {
        let partition = self.topics.get(topic)?.partition(partition)?;
        Some((partition.leader?, partition.leader_epoch))
    }

    /// This view, renewed. A leader of an older epoch never replaces a newer one, since brokers learn of
    /// changes at different times; another cluster or a topic made anew begins afresh.
    pub(crate) fn renewed(&self, answer: MetadataUpdate) -> Self {
        let MetadataUpdate { brokers, cluster_id, controller, topics, inconsistency } = answer;
        let same_cluster = cluster_id == self.cluster_id;
        let mut renewed = Self { brokers, cluster_id, controller, inconsistency, ..Self::default() };
        for (name, told) in topics {
            match told {
                Ok(topic) => {
                    let known = self.topics.get(&*topic.name).filter(|_| same_cluster);
                    let merged = merged(known, topic);
                    renewed.topics.insert(Arc::clone(&merged.name), merged);
                }
                Err(code) => _ = renewed.missing.insert(Arc::from(&*name), code),
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
        let at = changed.partitions.get_mut(usize::try_from(partition).ok()?)?;
        (at.leader, at.leader_epoch) = (Some(leader), leader_epoch);
        let mut moved = self.clone();
        moved.topics.insert(Arc::clone(&known.name), Arc::new(changed));
        Some(moved)
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
fn merged(known: Option<&Arc<TopicMetadata>>, mut told: TopicMetadata) -> Arc<TopicMetadata> {
    let Some(known) = known.filter(|known| known.topic_id == told.topic_id) else { return Arc::new(told) };
    for (told, known) in told.partitions.iter_mut().zip(&known.partitions) {
        // A broker without epochs, and an answer without the partition, say -1.
        if told.leader_epoch < known.leader_epoch && told.leader_epoch >= 0 {
            *told = known.clone();
        }
    }
    if **known == told {
        return Arc::clone(known);
    }
    told.name = Arc::clone(&known.name);
    Arc::new(told)
}

/// From this version on a request says whether a topic may be made.
const CREATION_IS_ASKED_FOR: i16 = 4;

#[cfg(test)]
mod tests {
    use upsert_kafka_protocol::messages::MetadataResponse;
    use upsert_kafka_protocol::messages::metadata::{MetadataResponsePartition, MetadataResponseTopic};

    use upsert_kafka_protocol::Uuid;

    use super::*;
    use crate::peer::broker;

    fn renewed(view: &Metadata, response: &MetadataResponse) -> Metadata {
        view.renewed(MetadataUpdate::read(response, &["orders".into(), "lost".into()]).unwrap())
    }

    fn first(response: &MetadataResponse) -> Metadata {
        renewed(&Metadata::default(), response)
    }

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
        let address = "localhost:9092".parse().unwrap();
        MetadataResponse {
            brokers: (0..10).map(|node| broker(node, &address)).collect(),
            cluster_id: Some(Str::from(cluster)),
            topics: vec![topic],
            ..Default::default()
        }
    }

    #[test]
    fn an_older_epoch_never_replaces_a_newer_leader() {
        let view = first(&answer("c", 1, &[(1, 5), (2, 5)]));
        let view = renewed(&view, &answer("c", 1, &[(9, 4), (3, 6)]));
        assert_eq!(view.leader("orders", 0), Some((1, 5)));
        assert_eq!(view.leader("orders", 1), Some((3, 6)));
    }

    #[test]
    fn a_topic_made_anew_and_another_cluster_begin_afresh() {
        let view = first(&answer("c", 1, &[(1, 5)]));
        assert_eq!(renewed(&view, &answer("c", 2, &[(2, 0)])).leader("orders", 0), Some((2, 0)));
        assert_eq!(renewed(&view, &answer("d", 1, &[(3, 0)])).leader("orders", 0), Some((3, 0)));
    }

    #[test]
    fn an_equal_topic_stays_the_same_value() {
        let view = first(&answer("c", 1, &[(1, 5)]));
        let again = renewed(&view, &answer("c", 1, &[(1, 5)]));
        assert!(Arc::ptr_eq(&view.topics["orders"], &again.topics["orders"]));
    }

    #[test]
    fn a_hint_moves_a_leader_only_forward() {
        let view = first(&answer("c", 1, &[(1, 5)]));
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
        let view = first(&response);
        assert_eq!(view.leader("orders", 0), None);
        assert_eq!(view.missing["lost"], ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    }
}
