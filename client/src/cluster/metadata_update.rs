//! A Metadata response, checked before anything relies on it.
//!
//! A cluster may have a million topics, and a broken or hostile broker may claim so. So the update keeps the topics
//! that were asked for, the brokers that lead them or follow, and a few more brokers to turn to. Every partition stands at its
//! index, every address can be dialled, and numbers that no cluster has are an error. What is merely inconsistent, for
//! instance a leader that is not among the brokers, is left out, and a warning tells the first such thing.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use upsert_kafka_protocol::messages::MetadataResponse;
use upsert_kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::broker_info::Broker;
use super::topic_metadata::{PartitionMetadata, TopicMetadata};
use crate::config::Address;
use crate::{Error, ErrorKind};

/// A response with more brokers is an error. The largest clusters have a few hundred.
pub(crate) const BROKERS_MAX: usize = 10_000;

/// Of brokers that hold nothing which was asked for, and are not the controller, so many are kept: to turn to when
/// the others do not answer.
pub(crate) const SPARE_BROKERS_MAX: usize = 32;

/// A topic with more partitions, or with a higher index, is an error. Each costs 16 bytes here, and a producer
/// some 300 more.
pub(crate) const TOPIC_PARTITIONS_MAX: usize = 250_000;

/// All topics that were asked for have at most so many partitions together, or the response is an error.
pub(crate) const PARTITIONS_MAX: usize = 1_000_000;

/// A topic's name with its metadata, or with the error that the broker gave instead.
pub(crate) type TopicOutcome = (Str, Result<TopicMetadata, ErrorCode>);

/// What a response says of the brokers and of the topics that were asked for.
#[derive(Debug, Default)]
pub(crate) struct MetadataUpdate {
    pub(crate) brokers: BTreeMap<i32, Broker>,
    pub(crate) cluster_id: Option<String>,
    pub(crate) controller: Option<i32>,
    /// Each topic that was asked for.
    pub(crate) topics: Vec<TopicOutcome>,
    /// The first thing in the response that contradicts itself, though the rest can be used.
    pub(crate) inconsistency: Option<String>,
}

impl MetadataUpdate {
    /// Takes over what was asked for; all else is left to be dropped with the response.
    ///
    /// # Errors
    /// There is no broker in it that could be asked, or more of something than any cluster has.
    pub(crate) fn read(response: &MetadataResponse, asked: &[Str]) -> Result<Self, Error> {
        if response.brokers.len() > BROKERS_MAX {
            return Err(implausible(format!("{} brokers, where {BROKERS_MAX}", response.brokers.len())));
        }
        let mut inconsistencies = Inconsistencies::default();
        let brokers = dialable(&response.brokers, &mut inconsistencies)?;
        let mut topics = topics(response, asked, &mut inconsistencies)?;
        for (name, topic) in &mut topics {
            if let Ok(topic) = topic {
                drop_unknown_leaders(name, topic, &brokers, &mut inconsistencies);
            }
        }
        let controller = Some(response.controller_id).filter(|node| *node >= 0);
        let leaders = topics.iter().filter_map(|(_, topic)| topic.as_ref().ok());
        let leaders = leaders.flat_map(|topic| topic.partitions.iter().filter_map(|it| it.leader));
        let mut needed: HashSet<i32> = leaders.chain(controller).collect();
        needed.extend(followers(response, asked).filter(|node| brokers.contains_key(node)));
        Ok(Self {
            brokers: kept_brokers(brokers, &needed),
            cluster_id: response.cluster_id.as_deref().map(str::to_owned),
            controller,
            topics,
            inconsistency: inconsistencies.first,
        })
    }
}

/// Keeps the first inconsistency; the others are mostly of its kind.
#[derive(Default)]
struct Inconsistencies {
    first: Option<String>,
}

impl Inconsistencies {
    fn add(&mut self, sentence: impl FnOnce() -> String) {
        self.first.get_or_insert_with(sentence);
    }
}

/// The brokers whose addresses can be dialled, by id.
fn dialable(
    told: &[MetadataResponseBroker],
    inconsistencies: &mut Inconsistencies,
) -> Result<BTreeMap<i32, Broker>, Error> {
    let mut brokers = BTreeMap::new();
    for broker in told {
        match Address::told(&broker.host, broker.port) {
            Ok(address) => {
                let rack = broker.rack.as_deref().map(str::to_owned);
                let before = brokers.insert(broker.node_id, Broker { address, rack });
                if before.is_some_and(|before| before.address != brokers[&broker.node_id].address) {
                    inconsistencies.add(|| format!("broker {} is listed twice", broker.node_id));
                }
            }
            Err(why) => inconsistencies.add(|| format!("broker {} cannot be dialled: {why}", broker.node_id)),
        }
    }
    if brokers.is_empty() {
        let why = inconsistencies
            .first
            .take()
            .unwrap_or_else(|| "it knows none of its cluster's brokers yet".to_owned());
        return Err(Error::new(
            ErrorKind::Unreachable,
            format!("the answer names no broker to turn to: {why}"),
        ));
    }
    Ok(brokers)
}

/// The topics that were asked for, each once. The response may hold others, and one more than once.
fn topics(
    response: &MetadataResponse,
    asked: &[Str],
    inconsistencies: &mut Inconsistencies,
) -> Result<Vec<TopicOutcome>, Error> {
    let mut missing: BTreeSet<&Str> = asked.iter().collect();
    let mut topics = Vec::with_capacity(asked.len());
    let mut partitions = 0;
    for topic in &response.topics {
        let Some(name) = topic.name.as_ref().and_then(|name| missing.take(name)) else { continue };
        let told = match topic.error_code {
            ErrorCode::NONE => filled_topic(name, topic, inconsistencies)?,
            code => Err(code),
        };
        partitions += told.as_ref().map_or(0, |topic| topic.partitions.len());
        if partitions > PARTITIONS_MAX {
            return Err(implausible(format!(
                "more than {PARTITIONS_MAX} partitions in all, where that many"
            )));
        }
        topics.push((name.clone(), told));
    }
    // A broker that leaves one out knows it as little as one that says so.
    let left_out = missing.into_iter().map(|name| (name.clone(), Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)));
    topics.extend(left_out);
    Ok(topics)
}

/// The topic with a partition at every index from 0 on: one that the response leaves out has no leader. Of an index
/// that comes twice the newer epoch counts, and one below 0 is left out. A topic without partitions is not there yet.
fn filled_topic(
    name: &Str,
    topic: &MetadataResponseTopic,
    inconsistencies: &mut Inconsistencies,
) -> Result<Result<TopicMetadata, ErrorCode>, Error> {
    let told = &topic.partitions;
    let last = told.iter().filter_map(|it| usize::try_from(it.partition_index).ok()).max();
    let Some(last) = last else { return Ok(Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)) };
    let most = told.len().max(last.saturating_add(1));
    if most > TOPIC_PARTITIONS_MAX {
        return Err(implausible(format!("{most} partitions of one topic, where {TOPIC_PARTITIONS_MAX}"))
            .with_topic(&**name));
    }
    let mut places: Vec<Option<PartitionMetadata>> = vec![None; last + 1];
    for told in told {
        let place = usize::try_from(told.partition_index).ok().and_then(|index| places.get_mut(index));
        if let Some(place) = place
            && place.as_ref().is_none_or(|known| known.leader_epoch < told.leader_epoch)
        {
            *place = Some(partition(told));
        }
    }
    let placed = places.iter().flatten().count();
    if placed != told.len() || placed != places.len() {
        let (told, last) = (told.len(), places.len() - 1);
        inconsistencies.add(|| {
            format!("topic {name}: {told} partitions are told of, of which {placed} lie in 0 to {last}")
        });
    }
    let leaderless = |index| PartitionMetadata { index, leader: None, leader_epoch: -1 };
    Ok(Ok(TopicMetadata {
        name: Arc::from(&**name),
        topic_id: topic.topic_id,
        internal: topic.is_internal,
        partitions: (0..)
            .zip(places)
            .map(|(index, place)| place.unwrap_or_else(|| leaderless(index)))
            .collect(),
    }))
}

fn partition(told: &MetadataResponsePartition) -> PartitionMetadata {
    PartitionMetadata {
        index: told.partition_index,
        leader: Some(told.leader_id).filter(|node| *node >= 0),
        leader_epoch: told.leader_epoch,
    }
}

/// The replicas of what was asked for: a leader may have a reader turn to one (KIP-392).
fn followers<'a>(response: &'a MetadataResponse, asked: &'a [Str]) -> impl Iterator<Item = i32> + 'a {
    let asked: HashSet<&Str> = asked.iter().collect();
    let is_asked =
        move |topic: &&MetadataResponseTopic| topic.name.as_ref().is_some_and(|it| asked.contains(it));
    let topics = response.topics.iter().filter(is_asked);
    topics.flat_map(|topic| &topic.partitions).flat_map(|it| it.replica_nodes.iter().copied())
}

/// A leader that is not among the brokers cannot be asked, so the partition counts as one without a leader.
fn drop_unknown_leaders(
    name: &Str,
    topic: &mut TopicMetadata,
    brokers: &BTreeMap<i32, Broker>,
    inconsistencies: &mut Inconsistencies,
) {
    for partition in &mut topic.partitions {
        if let Some(leader) = partition.leader.filter(|node| !brokers.contains_key(node)) {
            inconsistencies.add(|| {
                let index = partition.index;
                format!("topic {name}, partition {index}: its leader {leader} is not among the brokers")
            });
            partition.leader = None;
        }
    }
}

/// The brokers that are needed, and up to [`SPARE_BROKERS_MAX`] others.
fn kept_brokers(brokers: BTreeMap<i32, Broker>, needed: &HashSet<i32>) -> BTreeMap<i32, Broker> {
    let mut spare = SPARE_BROKERS_MAX;
    let mut keeps = |node: &i32| {
        let needed = needed.contains(node);
        let stays = needed || spare > 0;
        spare -= usize::from(stays && !needed);
        stays
    };
    brokers.into_iter().filter(|(node, _)| keeps(node)).collect()
}

fn implausible(what: String) -> Error {
    let sentence = format!("the answer tells of {what} are the most that is believed");
    Error::new(ErrorKind::Protocol, sentence).with_api("Metadata")
}

#[cfg(test)]
mod tests;
