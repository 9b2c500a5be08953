//! Looks at a cluster as a client would, one step at a time, so that whoever is not let in learns where, why, and what to
//! change.

use std::collections::BTreeMap;
use std::sync::Arc;

use upsert_kafka_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use upsert_kafka_protocol::messages::metadata::{MetadataRequestTopic, MetadataResponseTopic};
use upsert_kafka_protocol::messages::{
    DescribeGroupsRequest, FindCoordinatorRequest, ListOffsetsRequest, MetadataRequest, MetadataResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str};

use crate::cluster::metadata_update::BROKERS_MAX;
use crate::config::Address;
use crate::connection::{Connector, VisitedBroker};
use crate::diagnosis::{Diagnosis, DiagnosisOutcome, DiagnosisStage, DiagnosisStep, clock_step, operations};
use crate::security::Security;
use crate::{BrokerDescription, ClusterDescription, Config, Environment, Error, ErrorKind, Explained, Role};

/// Looks at a cluster: name, connection, TLS, login and versions of every listener, those of `bootstrap.servers` and
/// those that brokers advertise; then what the client may do.
///
/// ```
/// use upsert_kafka_broker::Broker;
/// use upsert_kafka_client::{Config, Doctor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broker = Broker::start(Default::default()).await?;
/// let doctor = Doctor::new(Config::new([broker.address().to_string().parse()?])).topic("orders");
/// let diagnosis = doctor.examine().await;
/// assert_eq!(diagnosis.cluster.map(|cluster| cluster.brokers.len()), Some(1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Doctor {
    config: Config,
    environment: Environment,
    topic: Option<String>,
    group: Option<String>,
}

impl Doctor {
    /// Looks as a client with these settings would.
    pub fn new(config: Config) -> Self {
        Self { config, environment: Environment::new(), topic: None, group: None }
    }

    /// In an environment of the caller's.
    pub fn environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }

    /// Asks too what the client may do with this topic.
    pub fn topic(self, topic: impl Into<String>) -> Self {
        Self { topic: Some(topic.into()), ..self }
    }

    /// Asks too what the client may do with this group.
    pub fn group(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }

    /// Looks. What fails is a step of the diagnosis, and not an error of this call; each step takes no longer than
    /// `socket.connection.setup.timeout.ms`, what is asked no longer than `request.timeout.ms`.
    pub async fn examine(self) -> Diagnosis {
        let checked = self.config.check().and_then(|()| Security::open(&self.config, &self.environment));
        let security = match checked {
            Ok(security) => security,
            Err(why) => {
                let step = DiagnosisStep::failed("settings", DiagnosisStage::Settings, why);
                return Diagnosis { steps: vec![step], cluster: None };
            }
        };
        let Self { config, environment, topic, group } = self;
        let connector = Connector { config: Arc::new(config), environment, security };
        let mut examination = Examination {
            connector,
            diagnosis: Diagnosis::default(),
            inside: Vec::new(),
            brokers: BTreeMap::new(),
            newest: None,
        };
        examination.settings();
        examination.bootstrap().await;
        if let Some(cluster) = examination.cluster().await {
            examination.advertised(&cluster).await;
            examination.diagnosis.cluster = Some(cluster);
            if let Some(topic) = &topic {
                examination.topic(topic).await;
            }
            if let Some(group) = &group {
                examination.group(group).await;
            }
        }
        examination.clock();
        examination.diagnosis
    }
}

/// A look at a cluster under way.
struct Examination {
    connector: Connector,
    diagnosis: Diagnosis,
    /// Listeners that let the client in, by their addresses.
    inside: Vec<(Address, VisitedBroker)>,
    /// Where each broker's connection is in `inside`.
    brokers: BTreeMap<i32, usize>,
    /// The timestamp of the topic's newest record, in milliseconds since 1970.
    newest: Option<i64>,
}

impl Examination {
    fn settings(&mut self) {
        let config = &self.connector.config;
        let mut step = DiagnosisStep::new("settings", DiagnosisStage::Settings, DiagnosisOutcome::Passed);
        for (key, explained) in config.explain(Role::Any).filter(|(key, _)| SETTINGS.contains(key)) {
            let matters = key == "security.protocol" || config.security_protocol.has_sasl();
            if let Explained::Honoured(value) = explained
                && matters
            {
                step = step.with_fact(key, value);
            }
        }
        self.diagnosis.steps.push(step);
    }

    async fn bootstrap(&mut self) {
        for address in self.connector.config.bootstrap_servers.clone() {
            self.visit(&format!("{address} (bootstrap)"), &address).await;
        }
    }

    /// Visits a listener; gives its place among those that let the client in.
    async fn visit(&mut self, subject: &str, address: &Address) -> Option<usize> {
        let visit = self.connector.visit(subject, address).await;
        self.diagnosis.steps.extend(visit.steps);
        self.inside.push((address.clone(), visit.opened?));
        Some(self.inside.len() - 1)
    }

    /// Asks the first that let the client in about the cluster.
    async fn cluster(&mut self) -> Option<ClusterDescription> {
        let limit = self.connector.config.request_timeout;
        let (_, broker) = self.inside.first_mut()?;
        let response = match broker.ask(metadata(None), METADATA_VERSION_MAX, limit).await {
            Ok(response) => response,
            Err(why) => {
                self.diagnosis.steps.push(DiagnosisStep::failed("cluster", DiagnosisStage::Cluster, why));
                return None;
            }
        };
        let described = match described(&response) {
            Ok(described) => described,
            Err(why) => {
                self.diagnosis.steps.push(DiagnosisStep::failed("cluster", DiagnosisStage::Cluster, why));
                return None;
            }
        };
        let mut step = DiagnosisStep::new("cluster", DiagnosisStage::Cluster, DiagnosisOutcome::Passed);
        if let Some(id) = &described.cluster_id {
            step = step.with_fact("id", id.as_str());
        }
        let brokers: Vec<String> =
            described.brokers.iter().map(|it| format!("{} at {}", it.id, it.address)).collect();
        step = step.with_fact("brokers", brokers.join(", "));
        if let Some(may) = operations(response.cluster_authorized_operations) {
            step = step.with_fact("the client may", may);
        }
        self.diagnosis.steps.push(step);
        Some(described)
    }

    /// Every listener that brokers advertise; one that was visited as a bootstrap server is not visited again.
    async fn advertised(&mut self, cluster: &ClusterDescription) {
        for BrokerDescription { id, address, .. } in &cluster.brokers {
            let known = self.inside.iter().position(|(visited, _)| visited == address);
            let at = match known {
                Some(at) => Some(at),
                None => self.visit(&format!("{address} (broker {id})"), address).await,
            };
            if let Some(at) = at {
                self.brokers.insert(*id, at);
            }
        }
    }

    async fn topic(&mut self, topic: &str) {
        let subject = format!("topic {topic}");
        let limit = self.connector.config.request_timeout;
        let Some((_, broker)) = self.inside.first_mut() else { return };
        let answered = broker.ask(metadata(Some(topic)), METADATA_VERSION_MAX, limit).await;
        let told = answered.and_then(|response| match response.topics.into_iter().next() {
            Some(topic) if topic.error_code == ErrorCode::NONE => Ok(topic),
            Some(topic) => Err(Error::from_code(topic.error_code, "Metadata")),
            None => Err(Error::from_code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "Metadata")),
        });
        let step = match told {
            Ok(topic) => {
                self.newest = self.newest_record(&topic).await;
                let step = DiagnosisStep::new(subject, DiagnosisStage::Topic, DiagnosisOutcome::Passed);
                let step = step.with_fact("partitions", topic.partitions.len().to_string());
                may(
                    step,
                    topic.topic_authorized_operations,
                    &[("READ", "consume it"), ("WRITE", "produce to it")],
                )
            }
            Err(why) => DiagnosisStep::failed(subject, DiagnosisStage::Topic, why),
        };
        self.diagnosis.steps.push(step);
    }

    async fn group(&mut self, group: &str) {
        let subject = format!("group {group}");
        let step = match self.described_group(group).await {
            Ok((state, bits)) => {
                let step = DiagnosisStep::new(subject, DiagnosisStage::Group, DiagnosisOutcome::Passed)
                    .with_fact("state", state);
                may(step, bits, &[("READ", "commit its offsets")])
            }
            Err(why) => DiagnosisStep::failed(subject, DiagnosisStage::Group, why),
        };
        self.diagnosis.steps.push(step);
    }

    /// The state of a group, and what the client may do with it: known by its coordinator.
    async fn described_group(&mut self, group: &str) -> Result<(String, i32), Error> {
        let limit = self.connector.config.request_timeout;
        let nowhere = || Error::new(ErrorKind::Unreachable, "no listener let the client in");
        let (_, broker) = self.inside.first_mut().ok_or_else(nowhere)?;
        let request = FindCoordinatorRequest { key: Str::from(group.to_owned()), ..Default::default() };
        let coordinator = broker.ask(request, FIND_COORDINATOR_VERSION_MAX, limit).await?;
        if coordinator.error_code != ErrorCode::NONE {
            let message = coordinator.error_message.as_deref();
            return Err(Error::refused(coordinator.error_code, "FindCoordinator", message));
        }
        let at = self.brokers.get(&coordinator.node_id).copied();
        let unreached = || {
            let sentence = format!("its coordinator is broker {}, which let nobody in", coordinator.node_id);
            Error::new(ErrorKind::Unreachable, sentence)
        };
        let (_, broker) = at.and_then(|at| self.inside.get_mut(at)).ok_or_else(unreached)?;
        let request = DescribeGroupsRequest {
            groups: vec![Str::from(group.to_owned())],
            include_authorized_operations: true,
            ..Default::default()
        };
        let response = broker.ask(request, DESCRIBE_GROUPS_VERSION_MAX, limit).await?;
        let described = response.groups.into_iter().next().ok_or_else(|| {
            Error::new(ErrorKind::Protocol, "the answer tells of no group").with_api("DescribeGroups")
        })?;
        match described.error_code {
            ErrorCode::NONE => Ok((described.group_state.to_string(), described.authorized_operations)),
            code => Err(Error::from_code(code, "DescribeGroups")),
        }
    }

    /// The timestamp of a topic's newest record, where a leader that let the client in tells one.
    async fn newest_record(&mut self, topic: &MetadataResponseTopic) -> Option<i64> {
        let limit = self.connector.config.request_timeout;
        let mut newest = None;
        for (leader, at) in &self.brokers {
            let led = topic.partitions.iter().filter(|partition| partition.leader_id == *leader);
            let partitions: Vec<_> = led.map(|partition| newest_of(partition.partition_index)).collect();
            let (false, Some((_, broker))) = (partitions.is_empty(), self.inside.get_mut(*at)) else {
                continue;
            };
            let name = topic.name.clone().unwrap_or_default();
            let topics = vec![ListOffsetsTopic { name, partitions, ..Default::default() }];
            let request = ListOffsetsRequest { replica_id: -1, topics, ..Default::default() };
            // Brokers before 3.0 do not know the question, and who may not READ gets no answer: then nothing is known.
            let Ok(response) = broker.ask(request, LIST_OFFSETS_VERSION_MAX, limit).await else { continue };
            let told = response.topics.iter().flat_map(|topic| &topic.partitions);
            let told = told.filter(|it| it.error_code == ErrorCode::NONE && it.timestamp >= 0);
            newest = newest.max(told.map(|it| it.timestamp).max());
        }
        newest
    }

    fn clock(&mut self) {
        let now_ms = self.connector.environment.clock().unix_ms();
        let login = self.connector.security.login().and_then(|login| login.clock_skew());
        self.diagnosis.steps.push(clock_step(now_ms, login.as_ref(), self.newest));
    }
}

/// Asks for the record of a partition with the highest timestamp (KIP-734).
fn newest_of(partition_index: i32) -> ListOffsetsPartition {
    ListOffsetsPartition {
        partition_index,
        current_leader_epoch: -1,
        timestamp: MAX_TIMESTAMP,
        ..Default::default()
    }
}

/// As ListOffsets means the record with the highest timestamp.
const MAX_TIMESTAMP: i64 = -3;
/// Later versions add other questions.
const LIST_OFFSETS_VERSION_MAX: i16 = 8;

/// The settings that say how the steps go.
const SETTINGS: [&str; 2] = ["sasl.mechanism", "security.protocol"];

/// Adds what the bits of an answer allow, and warns of what is missing for `needed`.
fn may(step: DiagnosisStep, bits: i32, needed: &[(&str, &str)]) -> DiagnosisStep {
    let Some(names) = operations(bits) else {
        return step.with_fact("the client may", "unknown: the broker does not tell");
    };
    let has = |operation: &str| names.split(", ").any(|it| it == operation);
    let missing: Vec<String> = needed
        .iter()
        .filter(|(operation, _)| !has(operation))
        .map(|(operation, what)| format!("without {operation} the client may not {what}"))
        .collect();
    let step = step.with_fact("the client may", names);
    match missing.is_empty() {
        true => step,
        false => DiagnosisStep { outcome: DiagnosisOutcome::Warned(missing.join("; ")), ..step },
    }
}

fn metadata(topic: Option<&str>) -> MetadataRequest {
    let topic = topic
        .map(|name| MetadataRequestTopic { name: Some(Str::from(name.to_owned())), ..Default::default() });
    MetadataRequest {
        topics: Some(topic.into_iter().collect()),
        allow_auto_topic_creation: false,
        include_cluster_authorized_operations: true,
        include_topic_authorized_operations: true,
        ..Default::default()
    }
}

fn described(response: &MetadataResponse) -> Result<ClusterDescription, Error> {
    let nonsense = |why: String| Error::new(ErrorKind::Protocol, why).with_api("Metadata");
    if response.brokers.len() > BROKERS_MAX {
        return Err(nonsense(format!(
            "{} brokers are told of, where {BROKERS_MAX} are the most",
            response.brokers.len()
        )));
    }
    let mut brokers = Vec::new();
    for told in &response.brokers {
        let address = Address::told(&told.host, told.port)
            .map_err(|why| nonsense(format!("broker {} cannot be dialled: {why}", told.node_id)))?;
        let rack = told.rack.as_deref().map(str::to_owned);
        brokers.push(BrokerDescription { id: told.node_id, address, rack });
    }
    brokers.sort_by_key(|broker| broker.id);
    Ok(ClusterDescription {
        cluster_id: response.cluster_id.as_deref().map(str::to_owned),
        controller: Some(response.controller_id).filter(|node| *node >= 0),
        brokers,
    })
}

/// The last version that tells what may be done with the cluster.
const METADATA_VERSION_MAX: i16 = 10;
/// The last version that asks for one key.
const FIND_COORDINATOR_VERSION_MAX: i16 = 3;
/// Later versions do not tell what may be done with a group that is not there yet.
const DESCRIBE_GROUPS_VERSION_MAX: i16 = 5;
