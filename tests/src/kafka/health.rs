//! What a cluster says of itself, and what is amiss in it.

use std::collections::BTreeMap;
use std::time::Duration;

/// A cluster as its brokers and its controllers see it.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// The brokers that are registered and may lead.
    pub brokers: Vec<i32>,
    /// Each partition of every topic, Kafka's own among them.
    pub partitions: Vec<Partition>,
    /// The controllers, and how far each is behind the one that leads.
    pub voters: Vec<(i32, Duration)>,
}

/// Who holds a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// Who leads it, if anyone does.
    pub leader: Option<i32>,
    /// Who should hold it.
    pub replicas: Vec<i32>,
    /// Who has all of it.
    pub in_sync: Vec<i32>,
}

impl Cluster {
    /// All that is amiss in a cluster of so many nodes.
    pub fn ills(&self, nodes: usize) -> Vec<String> {
        let mut ills = Vec::new();
        if self.brokers.len() != nodes {
            ills.push(format!("of {nodes} brokers only {:?} are registered", self.brokers));
        }
        let caught_up = self.voters.iter().filter(|(_, behind)| *behind < BEHIND_MAX).count();
        if caught_up != nodes {
            ills.push(format!("of {nodes} controllers only {caught_up} keep up: {:?}", self.voters));
        }
        ills.extend(self.partitions.iter().filter_map(Partition::ill));
        ills
    }

    /// The node that leads most of a topic.
    pub fn busiest_leader(&self, topic: &str) -> Option<i32> {
        let mut leads = BTreeMap::new();
        let partitions = self.partitions.iter().filter(|it| it.topic == topic);
        partitions.filter_map(|it| it.leader).for_each(|node| *leads.entry(node).or_insert(0) += 1);
        leads.into_iter().max_by_key(|(_, count)| *count).map(|(node, _)| node)
    }
}

impl Partition {
    fn ill(&self) -> Option<String> {
        let Self { topic, partition, leader, replicas, in_sync } = self;
        let well = leader.is_some() && in_sync.len() == replicas.len();
        (!well).then(|| {
            format!(
                "topic {topic}, partition {partition}: led by {leader:?}, in sync {in_sync:?} of {replicas:?}"
            )
        })
    }
}

/// A controller fetches twice a second.
const BEHIND_MAX: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy() -> Cluster {
        let partition = |partition, leader| Partition {
            topic: "orders".into(),
            partition,
            leader: Some(leader),
            replicas: vec![1, 2],
            in_sync: vec![2, 1],
        };
        Cluster {
            brokers: vec![1, 2],
            partitions: vec![partition(0, 2), partition(1, 1), partition(2, 2)],
            voters: vec![(1, Duration::ZERO), (2, Duration::from_millis(400))],
        }
    }

    #[test]
    fn nothing_is_amiss_where_all_are_there() {
        assert_eq!(healthy().ills(2), Vec::<String>::new());
        assert_eq!(healthy().busiest_leader("orders"), Some(2));
        assert_eq!(healthy().busiest_leader("payments"), None);
    }

    #[test]
    fn each_ill_is_seen() {
        let ill = |hurt: fn(&mut Cluster)| {
            let mut cluster = healthy();
            hurt(&mut cluster);
            cluster.ills(2).len()
        };
        assert_eq!(ill(|it| it.brokers.truncate(1)), 1);
        assert_eq!(ill(|it| it.voters.truncate(1)), 1);
        assert_eq!(ill(|it| it.voters[1].1 = Duration::from_secs(9)), 1);
        assert_eq!(ill(|it| it.partitions[0].leader = None), 1);
        assert_eq!(ill(|it| it.partitions[2].in_sync.truncate(1)), 1);
    }
}
