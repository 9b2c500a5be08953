//! Topics by name and id, and their partitions: leader, log, producers, transactions.

use std::collections::BTreeMap;

use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::compaction::Compaction;
use super::configs::{Configs, Given};
use super::isolation::Isolation;
use super::leader_epochs::LeaderEpochs;
use super::log::Log;
use super::names;
use super::nodes::Nodes;
use super::producers::Producers;
use super::refusal::Refusal;
use crate::config::BrokerConfig;

/// The isolation level of consumers that read only committed records.
pub(crate) const READ_COMMITTED: i8 = 1;

/// Every topic.
#[derive(Debug)]
pub(crate) struct Topics {
    by_name: BTreeMap<Str, Topic>,
    names: BTreeMap<Uuid, Str>,
    /// Topics by their names in metrics, where two names may be the same.
    metric_names: BTreeMap<String, Str>,
    /// How many partitions all topics have together.
    partitions: usize,
    topics_max: usize,
    partitions_max: usize,
    /// The settings of topics that were given to the brokers.
    defaults: Given,
    /// The state from which the next topic id is drawn.
    seed: u64,
    /// Grows whenever there are other topics or partitions.
    revision: u64,
}

/// One topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: Str,
    pub(crate) id: Uuid,
    pub(crate) configs: Configs,
    pub(crate) partitions: Vec<Partition>,
}

/// One partition.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    /// The node that leads; `None` while no node lives.
    pub(crate) leader: Option<i32>,
    /// The preferred leader: the first of the replicas.
    pub(crate) preferred: Option<i32>,
    /// Grows with each election.
    pub(crate) leader_epoch: i32,
    epochs: LeaderEpochs,
    pub(crate) log: Log,
    pub(crate) producers: Producers,
    pub(crate) isolation: Isolation,
    /// Up to which offset the log was compacted.
    pub(crate) compacted_to: i64,
    /// The compaction that is under way.
    pub(crate) compaction: Option<Compaction>,
}

impl Topics {
    pub(crate) fn new(config: &BrokerConfig) -> Self {
        Self {
            by_name: BTreeMap::new(),
            names: BTreeMap::new(),
            metric_names: BTreeMap::new(),
            partitions: 0,
            topics_max: config.topics_max,
            partitions_max: config.partitions_max,
            defaults: Given::new(),
            seed: config.seed,
            revision: 0,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.by_name.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Topic> {
        self.by_name.values_mut()
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Topic> {
        self.by_name.get(name)
    }

    pub(crate) fn by_name_mut(&mut self, name: &str) -> Option<&mut Topic> {
        self.by_name.get_mut(name)
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<&Topic> {
        self.by_name.get(self.names.get(&id)?)
    }

    /// The topic as a request names it: by id where there is one, else by name.
    pub(crate) fn find(&self, name: &str, id: Uuid) -> Result<&Topic, ErrorCode> {
        if id == Uuid::ZERO {
            self.by_name(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
        } else {
            self.by_id(id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
        }
    }

    /// As [`Self::find`].
    pub(crate) fn find_mut(&mut self, name: &str, id: Uuid) -> Result<&mut Topic, ErrorCode> {
        if id == Uuid::ZERO {
            return self.by_name.get_mut(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        let name = self.names.get(&id);
        name.and_then(|name| self.by_name.get_mut(name)).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
    }

    /// Whether a topic of that name could be made.
    pub(crate) fn check_new(&self, name: &str) -> Result<(), Refusal> {
        names::check(name)?;
        if self.by_name.contains_key(name) {
            let message = format!("Topic '{name}' already exists.");
            return Err(Refusal::new(ErrorCode::TOPIC_ALREADY_EXISTS, message));
        }
        if let Some(other) = self.metric_names.get(&names::in_metrics(name)) {
            let message = format!("Topic '{name}' collides with existing topic: {other}");
            return Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, message));
        }
        Ok(())
    }

    /// Whether there may be so many topics and partitions more.
    pub(crate) fn check_room(&self, topics: usize, partitions: usize) -> Result<(), Refusal> {
        let no = |message| Err(Refusal::new(ErrorCode::POLICY_VIOLATION, message));
        if self.by_name.len().saturating_add(topics) > self.topics_max {
            return no(format!("This broker keeps no more than {} topics (topics_max).", self.topics_max));
        }
        if self.partitions.saturating_add(partitions) > self.partitions_max {
            let max = self.partitions_max;
            return no(format!("This broker keeps no more than {max} partitions (partitions_max)."));
        }
        Ok(())
    }

    /// Makes a topic of a name that was checked, with a partition for each leader.
    pub(crate) fn create(&mut self, name: &str, leaders: &[Option<i32>], configs: Configs) -> &Topic {
        let (name, id) = (super::names::owned(name), self.fresh_id());
        let mut topic = Topic { name: name.clone(), id, configs, partitions: Vec::new() };
        topic.add_partitions(leaders);
        self.names.insert(id, name.clone());
        self.metric_names.insert(names::in_metrics(&name), name.clone());
        self.partitions += leaders.len();
        self.revision += 1;
        self.by_name.entry(name).or_insert(topic)
    }

    /// Gives a topic one more partition for each leader.
    pub(crate) fn add_partitions(&mut self, name: &str, leaders: &[Option<i32>]) {
        if let Some(topic) = self.by_name.get_mut(name) {
            topic.add_partitions(leaders);
            self.partitions += leaders.len();
            self.revision += 1;
        }
    }

    /// Grows whenever there are other topics or partitions.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The settings of topics that were given to the brokers.
    pub(crate) fn defaults(&self) -> &Given {
        &self.defaults
    }

    /// Gives the brokers other ones, which hold for all topics that have none of their own.
    pub(crate) fn set_defaults(&mut self, defaults: Given) {
        self.defaults = defaults;
        for topic in self.by_name.values_mut() {
            topic.configs = topic.configs.over(&self.defaults);
        }
    }

    pub(crate) fn delete(&mut self, name: &str) -> Option<Topic> {
        let topic = self.by_name.remove(name)?;
        self.revision += 1;
        self.names.remove(&topic.id);
        self.metric_names.remove(&names::in_metrics(name));
        self.partitions = self.partitions.saturating_sub(topic.partitions.len());
        Some(topic)
    }

    /// An id that nothing has had.
    pub(crate) fn fresh_id(&mut self) -> Uuid {
        let mut id = [0; 16];
        let (high, low) = id.split_at_mut(8);
        high.copy_from_slice(&mix(&mut self.seed).to_be_bytes());
        low.copy_from_slice(&mix(&mut self.seed).to_be_bytes());
        Uuid(id)
    }
}

impl Topic {
    fn add_partitions(&mut self, leaders: &[Option<i32>]) {
        let led =
            |leader: &Option<i32>| Partition { leader: *leader, preferred: *leader, ..Partition::default() };
        self.partitions.extend(leaders.iter().map(led));
    }

    pub(crate) fn partition_count(&self) -> i32 {
        i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }

    /// The partition of that number.
    pub(crate) fn partition(&self, index: i32) -> Result<&Partition, ErrorCode> {
        let index = usize::try_from(index).ok();
        index.and_then(|index| self.partitions.get(index)).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }

    /// As [`Self::partition`].
    pub(crate) fn partition_mut(&mut self, index: i32) -> Result<&mut Partition, ErrorCode> {
        let index = usize::try_from(index).ok();
        index.and_then(|index| self.partitions.get_mut(index)).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }
}

impl Partition {
    /// The replicas: all nodes, the preferred leader first.
    pub(crate) fn replicas(&self, nodes: &Nodes) -> Vec<i32> {
        let others = nodes.iter().map(|node| node.id).filter(|id| Some(*id) != self.preferred);
        self.preferred.into_iter().chain(others).collect()
    }

    /// Whether the node leads in the leader epoch that the client knows (KIP-320).
    pub(crate) fn check_leader(&self, node: i32, believed_epoch: i32) -> Result<(), ErrorCode> {
        self.check_epoch(believed_epoch)?;
        if self.leader == Some(node) { Ok(()) } else { Err(ErrorCode::NOT_LEADER_OR_FOLLOWER) }
    }

    /// Whether the client knows the leader epoch (KIP-320): all that a follower asks of a consumer.
    pub(crate) fn check_follower(&self, believed_epoch: i32) -> Result<(), ErrorCode> {
        self.check_epoch(believed_epoch)?;
        // Without a leader nobody knows how far its followers may be read.
        self.leader.map(|_| ()).ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)
    }

    /// The offset before which every transaction is decided.
    pub(crate) fn last_stable_offset(&self) -> i64 {
        self.isolation.last_stable_offset(self.log.end_offset()).max(self.log.start_offset())
    }

    /// Removes the records before an offset.
    pub(crate) fn delete_before(&mut self, offset: i64) {
        self.log.delete_before(offset);
        let start_offset = self.log.start_offset();
        self.epochs.delete_before(start_offset);
        self.isolation.forget_before(start_offset);
    }

    /// The offset up to which a reader of that isolation may read.
    pub(crate) fn bound(&self, isolation_level: i8) -> i64 {
        if isolation_level == READ_COMMITTED { self.last_stable_offset() } else { self.log.end_offset() }
    }

    /// Elects a leader, in a new epoch. A node that takes over from a leader was its follower and knows all that it knew.
    /// A node that comes back to a partition without leader knows only what a restart leaves.
    pub(crate) fn elect(&mut self, leader: Option<i32>) {
        if self.leader.is_none() {
            self.producers.restart();
        }
        self.leader = leader;
        self.leader_epoch += 1;
        self.epochs.begin(self.leader_epoch, self.log.end_offset());
    }

    /// The end offset of a leader epoch, or of the one before it that wrote anything.
    pub(crate) fn end_of_epoch(&self, epoch: i32) -> Option<(i32, i64)> {
        self.epochs.end(epoch, self.log.end_offset())
    }

    /// -1 does not say.
    fn check_epoch(&self, believed: i32) -> Result<(), ErrorCode> {
        match believed {
            -1 => Ok(()),
            old if old < self.leader_epoch => Err(ErrorCode::FENCED_LEADER_EPOCH),
            new if new > self.leader_epoch => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
            _ => Ok(()),
        }
    }
}

/// SplitMix64: the state steps by an odd number, so no value comes twice.
fn mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_found_by_name_and_by_id_until_it_is_deleted() {
        let mut topics = Topics::new(&BrokerConfig { seed: 1, ..Default::default() });
        let id = topics.create("a", &[Some(1); 2], Configs::default()).id;
        assert_eq!(topics.find("a", Uuid::ZERO).unwrap().id, id);
        assert_eq!(topics.find("", id).unwrap().name, "a");
        assert!(topics.by_name("a").unwrap().partition(1).is_ok());
        for index in [-1, 2] {
            let error = topics.by_name("a").unwrap().partition(index).unwrap_err();
            assert_eq!(error, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        topics.delete("a").unwrap();
        assert_eq!(topics.find("a", Uuid::ZERO).unwrap_err(), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        assert_eq!(topics.find("", id).unwrap_err(), ErrorCode::UNKNOWN_TOPIC_ID);
        let again = topics.create("a", &[Some(1)], Configs::default()).id;
        assert_ne!(again, id);
    }

    #[test]
    fn a_name_is_new_when_it_is_valid_free_and_apart() {
        let mut topics = Topics::new(&BrokerConfig { seed: 1, ..Default::default() });
        topics.create("a.b", &[Some(1)], Configs::default());
        let code = |topics: &Topics, name| topics.check_new(name).err().map(|refusal| refusal.code);
        assert_eq!(code(&topics, "a.c"), None);
        assert_eq!(code(&topics, "a.b"), Some(ErrorCode::TOPIC_ALREADY_EXISTS));
        assert_eq!(code(&topics, "a_b"), Some(ErrorCode::INVALID_TOPIC_EXCEPTION));
        assert_eq!(code(&topics, "a b"), Some(ErrorCode::INVALID_TOPIC_EXCEPTION));
        topics.delete("a.b");
        assert_eq!(code(&topics, "a_b"), None);
    }

    #[test]
    fn there_is_room_until_there_are_as_many_as_may_be() {
        let config = BrokerConfig { topics_max: 2, partitions_max: 5, ..Default::default() };
        let mut topics = Topics::new(&config);
        let code = |topics: &Topics, more| topics.check_room(1, more).err().map(|refusal| refusal.code);
        topics.create("a", &[Some(1); 3], Configs::default());
        assert_eq!(code(&topics, 2), None);
        assert_eq!(code(&topics, 3), Some(ErrorCode::POLICY_VIOLATION));
        topics.create("b", &[Some(1); 1], Configs::default());
        assert_eq!(code(&topics, 0), Some(ErrorCode::POLICY_VIOLATION));
        topics.delete("a");
        assert_eq!(code(&topics, 4), None);
    }
}
