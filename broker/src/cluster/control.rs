//! What a test or a simulation does to the core and asks of it, beside the requests of clients.

use bytes::Bytes;

use super::{Answer, Cluster};
use crate::now::Now;
use crate::secret::Secret;
use crate::wait::WatchKey;

impl Cluster {
    /// Says where clients find the node, where that is not what the configuration says.
    pub fn advertise(&mut self, node: i32, host: &str, port: u16) {
        if let Some(node) = self.state.nodes.by_id_mut(node) {
            node.advertise(0, host, port);
        }
    }

    /// Says where clients of a listener find the node.
    pub fn advertise_listener(&mut self, node: i32, listener: usize, host: &str, port: u16) {
        if let Some(node) = self.state.nodes.by_id_mut(node) {
            node.advertise(listener, host, port);
        }
    }

    /// Gives a user another password for PLAIN and SCRAM, or takes the user away. Who is logged in stays.
    pub fn set_user(&mut self, name: &str, password: Option<Secret>) {
        self.state.users.set_password(name, password);
    }

    /// Makes the node the partition's leader, in a new epoch also if it was; that epoch. `None` when there is
    /// no such partition, or the node does not live.
    pub fn move_leader(&mut self, topic: &str, partition: i32, node: i32, now: Now) -> Option<i32> {
        if !self.state.nodes.is_live(node) {
            return None;
        }
        let found = self.state.topics.by_name_mut(topic)?;
        let key = WatchKey::Partition(found.id, partition);
        let partition = found.partition_mut(partition).ok()?;
        partition.elect(Some(node));
        let epoch = partition.leader_epoch;
        self.state.completed.push(key);
        self.complete_delayed(now);
        Some(epoch)
    }

    /// Stops a node: its connections close, others lead and coordinate what it did. What it knew is kept; but of
    /// partitions that nobody leads then, the last batch of each producer alone, as after a real one's kill -9.
    pub fn stop_node(&mut self, node: i32, now: Now) {
        if let Some(node) = self.state.nodes.by_id_mut(node) {
            node.live = false;
        }
        let waiting: Vec<_> = self
            .purgatory
            .remove_if(|(context, _)| context.node == node)
            .into_iter()
            .map(|(context, _)| context.peer)
            .collect();
        waiting.iter().for_each(|peer| self.state.groups.remove_peer(*peer));
        let delayed =
            self.delayed_answers.extract_if(.., |delayed| delayed.node == node).map(|delayed| delayed.peer);
        for peer in waiting.into_iter().chain(delayed) {
            self.answers.push_back((peer, Answer::Close(format!("node {node} is stopped"))));
        }
        self.state.elect();
        self.complete_delayed(now);
    }

    /// Starts a node again. It leads what nobody leads, and coordinates what it did.
    pub fn start_node(&mut self, node: i32, now: Now) {
        if let Some(node) = self.state.nodes.by_id_mut(node) {
            node.live = true;
        }
        // Connections that were there when it stopped ended without a word.
        self.state.sessions.close_node(node);
        self.state.fetch_sessions.forget_node(node);
        self.state.elect();
        self.complete_delayed(now);
    }

    /// Makes all partitions forget a producer, as when it has not written for `producer.id.expiration.ms`; but
    /// those where it has an open transaction.
    pub fn expire_producer(&mut self, producer_id: i64) {
        for topic in self.state.topics.iter_mut() {
            topic.partitions.iter_mut().for_each(|partition| partition.producers.expire(producer_id));
        }
    }

    /// Every batch that lies in a partition, with the offset of its first record; nothing when there is no
    /// such partition.
    pub fn log(&mut self, topic: &str, partition: i32) -> Vec<(i64, Bytes)> {
        let found = self.state.topics.by_name_mut(topic);
        let found = found.and_then(|topic| topic.partition_mut(partition).ok());
        found.map(|partition| partition.log.all()).unwrap_or_default()
    }

    /// Who leads a partition, and in which epoch.
    pub fn leader(&self, topic: &str, partition: i32) -> Option<(i32, i32)> {
        let found = self.state.topics.by_name(topic)?.partition(partition).ok()?;
        Some((found.leader?, found.leader_epoch))
    }

    /// Which node coordinates a group or a transactional id.
    pub fn coordinator(&self, key: &str) -> Option<i32> {
        self.state.nodes.coordinator(key).map(|node| node.id)
    }
}
