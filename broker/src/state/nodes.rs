//! The nodes of the cluster: where each listens, which of them live, and who coordinates what.

use upsert_kafka_protocol::{Str, murmur2};

use crate::config::{BrokerConfig, ListenerConfig};

/// Every node, by number from 1 on.
#[derive(Debug)]
pub(crate) struct Nodes(Vec<Node>);

/// One node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: i32,
    pub(crate) live: bool,
    pub(crate) rack: Option<Str>,
    /// Where clients find it, by listener.
    addresses: Vec<Advertised>,
}

/// A host and a port that clients are told.
#[derive(Clone, Debug)]
pub(crate) struct Advertised {
    pub(crate) host: Str,
    pub(crate) port: i32,
}

impl Node {
    /// Where clients of that listener find it: a node has an address for each.
    pub(crate) fn address(&self, listener: usize) -> &Advertised {
        self.addresses.get(listener).unwrap_or(&self.addresses[0])
    }

    pub(crate) fn advertise(&mut self, listener: usize, host: &str, port: u16) {
        if let Some(address) = self.addresses.get_mut(listener) {
            *address = Advertised { host: host.into(), port: i32::from(port) };
        }
    }
}

impl Nodes {
    /// All of them live, behind ports that follow each other.
    pub(crate) fn new(config: &BrokerConfig) -> Self {
        let listeners = config.all_listeners();
        let node = |id| {
            let address = |listener: &ListenerConfig| Advertised {
                host: Str::from(listener.advertised_host.as_str()),
                port: i32::from(listener.advertised_port) + id - 1,
            };
            let at = usize::try_from(id - 1).unwrap_or(usize::MAX);
            let rack =
                config.racks.get(at).filter(|rack| !rack.is_empty()).map(|rack| Str::from(rack.as_str()));
            Node { id, live: true, rack, addresses: listeners.iter().map(address).collect() }
        };
        Self((1..=config.nodes.max(1)).map(node).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Node> {
        self.0.iter()
    }

    pub(crate) fn live(&self) -> impl Iterator<Item = &Node> {
        self.iter().filter(|node| node.live)
    }

    pub(crate) fn by_id(&self, id: i32) -> Option<&Node> {
        self.iter().find(|node| node.id == id)
    }

    pub(crate) fn by_id_mut(&mut self, id: i32) -> Option<&mut Node> {
        self.0.iter_mut().find(|node| node.id == id)
    }

    pub(crate) fn is_live(&self, id: i32) -> bool {
        self.by_id(id).is_some_and(|node| node.live)
    }

    /// The node that leads a partition of that number unless somebody chooses another.
    pub(crate) fn leader_of(&self, index: i32) -> Option<i32> {
        let live: Vec<_> = self.live().map(|node| node.id).collect();
        let turn = usize::try_from(index).unwrap_or(0).checked_rem(live.len())?;
        live.get(turn).copied()
    }

    /// The node of that rack to read a partition from, where its leader stands in another: the first that lives, as of
    /// replicas that are equally caught up Kafka takes one (KIP-392).
    pub(crate) fn nearer_than(&self, leader: i32, rack: &str) -> Option<i32> {
        let stands_there = |node: &&Node| node.rack.as_deref() == Some(rack);
        let mut near = self.live().filter(stands_there).map(|node| node.id);
        let first = near.next()?;
        (first != leader && near.all(|id| id != leader)).then_some(first)
    }

    /// The coordinator of a group or a transactional id: of the live nodes the one whose hash with the key is the
    /// greatest (rendezvous hashing), so that a node that stops moves no other node's keys.
    pub(crate) fn coordinator(&self, key: &str) -> Option<&Node> {
        let weight = |node: &&Node| murmur2(&[key.as_bytes(), &node.id.to_be_bytes()].concat());
        self.live().max_by_key(weight)
    }

    /// Whether the node coordinates the key.
    pub(crate) fn coordinates(&self, id: i32, key: &str) -> bool {
        self.coordinator(key).is_some_and(|node| node.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(nodes: i32) -> Nodes {
        Nodes::new(&BrokerConfig { nodes, advertised_port: 9092, ..BrokerConfig::default() })
    }

    #[test]
    fn partitions_are_led_in_turn_by_those_that_live() {
        let mut nodes = nodes(3);
        let turns = |nodes: &Nodes| [0, 1, 2, 3].map(|index| nodes.leader_of(index).unwrap_or(-1));
        assert_eq!(turns(&nodes), [1, 2, 3, 1]);
        nodes.0[1].live = false;
        assert_eq!(turns(&nodes), [1, 3, 1, 3]);
        nodes.0.iter_mut().for_each(|node| node.live = false);
        assert_eq!(turns(&nodes), [-1; 4]);
    }

    #[test]
    fn keys_spread_and_a_stop_moves_only_its_own() {
        let mut nodes = nodes(3);
        let keys: Vec<_> = (0..300).map(|key| format!("group-{key}")).collect();
        let of =
            |nodes: &Nodes| -> Vec<_> { keys.iter().map(|key| nodes.coordinator(key).unwrap().id).collect() };
        let before = of(&nodes);
        assert!((1..=3).all(|id| before.iter().filter(|it| **it == id).count() > 60));
        nodes.0[2].live = false;
        let after = of(&nodes);
        assert!(before.iter().zip(&after).all(|(was, is)| *was == 3 || was == is));
        assert!(!after.contains(&3));
    }
}
