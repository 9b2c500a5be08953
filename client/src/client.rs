//! The way in: one cluster, and what can be done with it.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::config::PartitionerClass;
use crate::{
    Admin, Config, Consumer, Environment, Error, GroupConsumer, Member, Partitioner, Producer,
    RoundRobinPartitioner, Subscription,
};

/// One cluster. Producers, consumers and admins made from it share what is known of it and one connection to each
/// broker. Each producer has one more, for its batches, and each consumer two, for fetches and for its group, since a
/// broker holds these back and answers a connection's requests in their order. They are opened when they are needed,
/// and closed with their owner. Clones are cheap.
#[derive(Clone)]
pub struct Client {
    cluster: Cluster,
}

impl Client {
    /// Finds the cluster: every bootstrap address, with every IP of its name, is tried until one answers.
    ///
    /// # Errors
    /// Contradictory settings; or, after [`Config::bootstrap_timeout`], each address with its cause.
    pub async fn open(config: Config) -> Result<Self, Error> {
        Self::open_in(config, Environment::new()).await
    }

    /// The same in an environment of the caller's: a dialer, a clock, a source of chance.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub async fn open_in(config: Config, environment: Environment) -> Result<Self, Error> {
        Ok(Self { cluster: Cluster::open(Arc::new(config), environment).await? })
    }

    /// A client that shares what is known of the cluster, and whose producers, consumers and admins follow other
    /// settings.
    ///
    /// # Errors
    /// Contradictory settings; or some that reach a cluster [in another way](Config::connects_like).
    pub fn with_config(&self, config: Config) -> Result<Self, Error> {
        Ok(Self { cluster: self.cluster.with_config(config)? })
    }

    #[cfg(test)]
    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// What the client was told.
    pub fn config(&self) -> &Config {
        self.cluster.config()
    }

    /// A producer with a buffer of its own. To be called within a tokio runtime.
    pub fn producer(&self) -> Producer {
        match self.config().partitioner_class {
            PartitionerClass::BuiltIn => Producer::new(self.cluster.for_new_owner(), None),
            PartitionerClass::RoundRobin => self.producer_with(RoundRobinPartitioner),
        }
    }

    /// A producer whose partitions are chosen by a partitioner of your own, where a record names none.
    /// As with Java, `partitioner.ignore.keys` and the like then mean nothing, unless it leaves a record
    /// to the built-in rule.
    pub fn producer_with(&self, partitioner: impl Partitioner + 'static) -> Producer {
        Producer::new(self.cluster.for_new_owner(), Some(Arc::new(partitioner)))
    }

    /// A consumer without any partition yet.
    pub fn consumer(&self) -> Consumer {
        Consumer::new(self.cluster.for_new_owner())
    }

    /// A consumer whose partitions come from the group that `group.id` names, which it joins at once. To be called within
    /// a tokio runtime.
    ///
    /// # Errors
    /// As [`Client::member`].
    pub fn group_consumer(&self, subscription: Subscription) -> Result<GroupConsumer, Error> {
        GroupConsumer::new(self.cluster.for_new_owner(), subscription)
    }

    /// A member of the group that `group.id` names, which joins at once. To be called within a tokio runtime.
    ///
    /// # Errors
    /// No group is named, or a pattern is to be matched and `group.protocol` is not `consumer`.
    pub fn member(&self, subscription: Subscription) -> Result<Member, Error> {
        Member::new(self.cluster.for_new_owner(), subscription)
    }

    /// Topics, settings and groups.
    pub fn admin(&self) -> Admin {
        Admin::new(self.cluster.clone())
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({:?})", self.config().bootstrap_servers)
    }
}

#[cfg(test)]
mod tests;
