//! Topics, settings, groups and transactions: each a thin call.

use std::collections::{HashMap, HashSet};

use upsert_kafka_protocol::messages::create_topics::{CreatableTopic, CreatableTopicConfig};
use upsert_kafka_protocol::messages::delete_topics::DeleteTopicState;
use upsert_kafka_protocol::messages::describe_configs::DescribeConfigsResource;
use upsert_kafka_protocol::messages::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponseTopic,
};
use upsert_kafka_protocol::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, DescribeConfigsRequest, MetadataRequest, MetadataResponse,
};
use upsert_kafka_protocol::{ErrorCode, Request, Str};

use crate::cluster::metadata_update::BROKERS_MAX;
use crate::cluster::{Attempts, Cluster, PropagationTimeout};
use crate::config::Address;
use crate::{Error, ErrorKind};

mod description;
mod group_description;
mod groups;
mod transaction_description;
mod transactions;

pub use description::{BrokerDescription, ClusterDescription, PartitionDescription, TopicDescription};
pub use group_description::{GroupDescription, GroupListing, GroupMemberDescription};
pub use transaction_description::{ProducerDescription, TransactionDescription, TransactionListing};

/// Looks at topics, settings, groups and transactions, makes topics, deletes topics and groups, ends transactions. Every
/// call ends within `default.api.timeout.ms`.
#[derive(Clone)]
pub struct Admin {
    cluster: Cluster,
}

/// A topic to create: [`NewTopic::new`] with the broker's defaults, then what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; `None` for the broker's default.
    pub partitions: Option<i32>,
    /// How many replicas of each; `None` for the broker's default.
    pub replication_factor: Option<i16>,
    /// Settings that differ from the broker's.
    pub configs: Vec<(String, String)>,
}

/// A setting of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value; `None` when it is secret or has none.
    pub value: Option<String>,
    /// Whether it was set on the topic itself.
    pub overridden: bool,
    /// Whether it cannot be changed.
    pub read_only: bool,
    /// Whether it is secret.
    pub sensitive: bool,
}

impl Admin {
    pub(crate) fn new(cluster: Cluster) -> Self {
        Self { cluster }
    }

    /// The cluster and its brokers.
    ///
    /// # Errors
    /// When no broker answers in time.
    pub async fn cluster(&self) -> Result<ClusterDescription, Error> {
        let response = self.metadata(Some(Vec::new()), &mut Attempts::new(&self.cluster)).await?;
        if response.brokers.len() > BROKERS_MAX {
            let sentence =
                format!("{} brokers are told of, where {BROKERS_MAX} are the most", response.brokers.len());
            return Err(Error::new(ErrorKind::Protocol, sentence).with_api("Metadata"));
        }
        let broker = |told: &MetadataResponseBroker| {
            let address = Address::told(&told.host, told.port).map_err(|why| {
                let sentence = format!("broker {} cannot be dialled: {why}", told.node_id);
                Error::new(ErrorKind::Protocol, sentence).with_api("Metadata")
            })?;
            let rack = told.rack.as_deref().map(str::to_owned);
            Ok(BrokerDescription { id: told.node_id, address, rack })
        };
        let mut brokers = response.brokers.iter().map(broker).collect::<Result<Vec<_>, Error>>()?;
        brokers.sort_by_key(|broker| broker.id);
        Ok(ClusterDescription {
            cluster_id: response.cluster_id.as_deref().map(str::to_owned),
            controller: Some(response.controller_id).filter(|node| *node >= 0),
            brokers,
        })
    }

    /// All topics that may be seen, by name.
    ///
    /// # Errors
    /// When no broker answers in time.
    pub async fn topics(&self) -> Result<Vec<TopicDescription>, Error> {
        let response = self.metadata(None, &mut Attempts::new(&self.cluster)).await?;
        let seen = response.topics.into_iter().filter(|topic| topic.error_code == ErrorCode::NONE);
        let mut topics: Vec<_> = seen.map(described).collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(topics)
    }

    /// These topics, each described or with the reason why not. All are asked for in one request, and the answer is
    /// a broker's of this moment, not what the client knew. A topic is never created by asking. One that the broker
    /// does not know is asked for again for `topic.metadata.propagation.max.ms`, since a new one is not known to all
    /// brokers at once; one without leaders yet for `default.api.timeout.ms`.
    ///
    /// # Errors
    /// When no broker answers in time.
    pub async fn describe_topics(
        &self,
        names: &[&str],
    ) -> Result<Vec<Result<TopicDescription, Error>>, Error> {
        let mut patience = PropagationTimeout::new(self.cluster.config().topic_metadata_propagation_max);
        let mut attempts = Attempts::new(&self.cluster);
        let mut before = None;
        loop {
            let outcomes = match (self.outcomes(names, &mut attempts).await, before) {
                (Ok(outcomes), _) => outcomes,
                // The time ran out while it was asked for again.
                (Err(_), Some(outcomes)) => return Ok(outcomes),
                (Err(error), None) => return Err(error),
            };
            let Some(error) = passing(&outcomes) else { return Ok(outcomes) };
            patience.handle_answer(error.kind() == ErrorKind::UnknownTopic, self.cluster.now());
            if patience.is_over(self.cluster.now()) || !attempts.pause().await {
                return Ok(outcomes);
            }
            before = Some(outcomes);
        }
    }

    /// The same by the first answer alone: for whoever makes what is missing.
    ///
    /// # Errors
    /// When no broker answers in time.
    pub async fn describe_topics_once(
        &self,
        names: &[&str],
    ) -> Result<Vec<Result<TopicDescription, Error>>, Error> {
        self.outcomes(names, &mut Attempts::new(&self.cluster)).await
    }

    /// Makes topics; each is made, or refused with a reason.
    ///
    /// # Errors
    /// When the controller does not answer in time.
    pub async fn create_topics(&self, topics: &[NewTopic]) -> Result<Vec<Result<(), Error>>, Error> {
        let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
        let config = self.cluster.config();
        self.change(
            &names,
            |left, _| CreateTopicsRequest {
                topics: left.iter().map(|at| creatable(&topics[*at])).collect(),
                timeout_ms: i32::try_from(config.request_timeout.as_millis()).unwrap_or(i32::MAX),
                ..Default::default()
            },
            |response| {
                let results = response.topics.into_iter();
                results.map(|one| (Some(one.name), one.error_code, one.error_message)).collect()
            },
        )
        .await
    }

    /// Deletes topics and their records; each is deleted, or refused with a reason.
    ///
    /// # Errors
    /// When the controller does not answer in time.
    pub async fn delete_topics(&self, names: &[&str]) -> Result<Vec<Result<(), Error>>, Error> {
        let config = self.cluster.config();
        let state = |name: &str| DeleteTopicState { name: Some(text(name)), ..Default::default() };
        self.change(
            names,
            // Up to version 5 by name, then by name or id.
            |left, version| DeleteTopicsRequest {
                topics: left.iter().filter(|_| version > 5).map(|at| state(names[*at])).collect(),
                topic_names: left.iter().map(|at| text(names[*at])).collect(),
                timeout_ms: i32::try_from(config.request_timeout.as_millis()).unwrap_or(i32::MAX),
                ..Default::default()
            },
            |response| {
                let results = response.responses.into_iter();
                results.map(|one| (one.name, one.error_code, one.error_message)).collect()
            },
        )
        .await
    }

    /// The settings of a topic.
    ///
    /// # Errors
    /// When there is no such topic, it may not be seen, or no broker answers in time.
    pub async fn topic_configs(&self, topic: &str) -> Result<Vec<ConfigEntry>, Error> {
        let resource = DescribeConfigsResource {
            resource_type: TOPIC,
            resource_name: text(topic),
            ..Default::default()
        };
        let resource = DescribeConfigsResource { configuration_keys: None, ..resource };
        let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
        let mut patience = PropagationTimeout::new(self.cluster.config().topic_metadata_propagation_max);
        let mut attempts = Attempts::new(&self.cluster);
        loop {
            let attempt = async {
                let response = self.cluster.any().await?.call(&request).await?;
                let result = response.results.into_iter().next().ok_or_else(|| {
                    Error::new(ErrorKind::Protocol, "the broker's answer is empty")
                        .with_api("DescribeConfigs")
                })?;
                accepted(result.error_code, result.error_message.as_deref(), "DescribeConfigs")?;
                Ok(result.configs)
            };
            match attempts.run(attempt).await {
                Ok(configs) => return Ok(configs.into_iter().map(entry).collect()),
                Err(error) => {
                    patience.handle_answer(error.kind() == ErrorKind::UnknownTopic, self.cluster.now());
                    if patience.is_over(self.cluster.now()) {
                        return Err(error.with_topic(topic));
                    }
                    attempts.again(error.with_topic(topic)).await?;
                }
            }
        }
    }

    /// What one answer tells of each topic.
    async fn outcomes(
        &self,
        names: &[&str],
        attempts: &mut Attempts,
    ) -> Result<Vec<Result<TopicDescription, Error>>, Error> {
        let response = self.metadata(Some(names.iter().map(|name| text(name)).collect()), attempts).await?;
        let asked: HashSet<&str> = names.iter().copied().collect();
        let mut told: HashMap<String, Result<TopicDescription, Error>> = HashMap::new();
        for topic in response.topics {
            let name = topic.name.as_deref().unwrap_or_default().to_owned();
            if !asked.contains(&*name) {
                continue;
            }
            told.entry(name.clone()).or_insert_with(|| match topic.error_code {
                ErrorCode::NONE => Ok(described(topic)),
                code => Err(Error::from_code(code, "Metadata").with_topic(name)),
            });
        }
        // A broker that leaves one out knows it as little as one that says so.
        let unknown =
            |name| Err(Error::from_code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "Metadata").with_topic(name));
        Ok(names.iter().map(|name| told.get(*name).cloned().unwrap_or_else(|| unknown(*name))).collect())
    }

    /// What some broker knows of these topics, or of all.
    async fn metadata(
        &self,
        names: Option<Vec<Str>>,
        attempts: &mut Attempts,
    ) -> Result<MetadataResponse, Error> {
        loop {
            let attempt = async {
                let connection = self.cluster.any().await?;
                let version = connection.version::<MetadataRequest>()?;
                let named =
                    |name: &Str| MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
                let topics = names.as_ref().map(|names| names.iter().map(named).collect());
                let request = MetadataRequest {
                    // Version 0 has no null, and an empty list means all.
                    topics: topics.or_else(|| (version == 0).then(Vec::new)),
                    // Older brokers cannot be told.
                    allow_auto_topic_creation: version < 4,
                    ..Default::default()
                };
                let timeout = self.cluster.config().request_timeout;
                let response = connection.call_at(&request, version, timeout).await?;
                match response.brokers.is_empty() {
                    false => Ok(response),
                    // It has only started, and knows no topics either.
                    true => {
                        let sentence = "the broker knows none of its cluster's brokers yet";
                        Err(connection.named(Error::new(ErrorKind::Unreachable, sentence), "Metadata"))
                    }
                }
            };
            match attempts.run(attempt).await {
                Ok(response) => return Ok(response),
                Err(error) => attempts.again(error).await?,
            }
        }
    }

    /// Asks the controller for a change of each name; those it refuses for a moment are asked for again.
    async fn change<R: Request>(
        &self,
        names: &[&str],
        request: impl Fn(&[usize], i16) -> R,
        results: impl Fn(R::Response) -> Vec<(Option<Str>, ErrorCode, Option<Str>)>,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let api = crate::connection::api_name::<R>();
        let mut done: Vec<Option<Result<(), Error>>> = names.iter().map(|_| None).collect();
        let mut attempts = Attempts::new(&self.cluster);
        loop {
            let left: Vec<usize> = (0..names.len()).filter(|at| done[*at].is_none()).collect();
            if left.is_empty() {
                return Ok(done.into_iter().flatten().collect());
            }
            let places: HashMap<&str, usize> = left.iter().map(|at| (names[*at], *at)).collect();
            let attempt = async {
                let controller = self.cluster.controller().await?;
                let version = controller.version::<R>()?;
                let timeout = self.cluster.config().request_timeout;
                controller.call_at(&request(&left, version), version, timeout).await
            };
            let mut moment = match attempts.run(attempt).await {
                Err(error) => Some(error),
                Ok(response) => {
                    let mut moment = None;
                    for (name, code, message) in results(response) {
                        let place = name.as_deref().and_then(|name| places.get(name));
                        let Some(at) = place.copied() else { continue };
                        match accepted(code, message.as_deref(), api)
                            .map_err(|error| error.with_topic(names[at]))
                        {
                            Err(error) if passes(code) => moment = Some(error),
                            outcome => done[at] = Some(outcome),
                        }
                    }
                    moment
                }
            };
            if moment.is_none() && left.iter().any(|at| done[*at].is_none()) {
                let sentence = "the broker's answer leaves some topics out";
                moment = Some(Error::new(ErrorKind::Protocol, sentence).with_api(api));
            }
            if let Some(error) = moment {
                attempts.again(error).await?;
            }
        }
    }
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Admin")
    }
}

impl NewTopic {
    /// A topic with the broker's defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), partitions: None, replication_factor: None, configs: Vec::new() }
    }

    /// So many partitions.
    #[must_use]
    pub fn partitions(self, partitions: i32) -> Self {
        Self { partitions: Some(partitions), ..self }
    }

    /// So many replicas of each partition.
    #[must_use]
    pub fn replication_factor(self, replication_factor: i16) -> Self {
        Self { replication_factor: Some(replication_factor), ..self }
    }

    /// One more setting that differs from the broker's: `topic.config("cleanup.policy", "compact")`.
    #[must_use]
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.configs.push((name.into(), value.into()));
        self
    }
}

/// Refusals that do not last: the controller moved or is only starting.
fn passes(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::NOT_CONTROLLER | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
}

/// Among the outcomes the error that may pass by itself, if there is one; a missing leader before a missing topic.
fn passing(outcomes: &[Result<TopicDescription, Error>]) -> Option<&Error> {
    let passing = || outcomes.iter().filter_map(|it| it.as_ref().err()).filter(|error| error.is_retriable());
    passing().find(|error| error.kind() != ErrorKind::UnknownTopic).or_else(|| passing().next())
}

fn accepted(code: ErrorCode, message: Option<&str>, api: &'static str) -> Result<(), Error> {
    match code {
        ErrorCode::NONE => Ok(()),
        code => Err(Error::refused(code, api, message)),
    }
}

fn creatable(topic: &NewTopic) -> CreatableTopic {
    let config = |(name, value): &(String, String)| CreatableTopicConfig {
        name: text(name),
        value: Some(text(value)),
        ..Default::default()
    };
    CreatableTopic {
        name: text(&topic.name),
        num_partitions: topic.partitions.unwrap_or(-1),
        replication_factor: topic.replication_factor.unwrap_or(-1),
        configs: topic.configs.iter().map(config).collect(),
        ..Default::default()
    }
}

fn described(topic: MetadataResponseTopic) -> TopicDescription {
    let mut partitions: Vec<_> = topic
        .partitions
        .into_iter()
        .map(|partition| PartitionDescription {
            index: partition.partition_index,
            leader: Some(partition.leader_id).filter(|node| *node >= 0),
            leader_epoch: partition.leader_epoch,
            replicas: partition.replica_nodes,
            in_sync: partition.isr_nodes,
        })
        .collect();
    partitions.sort_by_key(|partition| partition.index);
    TopicDescription {
        name: topic.name.as_deref().unwrap_or_default().to_owned(),
        topic_id: topic.topic_id,
        internal: topic.is_internal,
        partitions,
    }
}

fn entry(
    told: upsert_kafka_protocol::messages::describe_configs::DescribeConfigsResourceResult,
) -> ConfigEntry {
    ConfigEntry {
        name: told.name.to_string(),
        value: told.value.as_deref().map(str::to_owned),
        overridden: told.config_source == SET_ON_TOPIC,
        read_only: told.read_only,
        sensitive: told.is_sensitive,
    }
}

fn text(text: &str) -> Str {
    Str::from(text.to_owned())
}

/// DescribeConfigs' number for topics.
const TOPIC: i8 = 2;
/// DescribeConfigs' number for a setting made on the topic.
const SET_ON_TOPIC: i8 = 1;

#[cfg(test)]
mod tests;
