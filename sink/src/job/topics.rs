//! Sees to it that a job's topics exist, and that the sink's are compacted.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::timeout;
use tracing::{info, warn};
use upsert_kafka_client::{Admin, ErrorCode, NewTopic, Role};

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::plan::{self, KafkaSinkPlan, Notice, Pipeline, Plan, SinkPlan};
use crate::serializer::ChangeMode;

/// How missing topics are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct NewTopics {
    partitions: Option<i32>,
    replication_factor: Option<i16>,
    configs: Vec<(String, String)>,
}

impl NewTopics {
    /// As the broker makes them by default; sinks' topics are compacted beside.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many partitions each has.
    pub fn partitions(self, partitions: i32) -> Self {
        Self { partitions: Some(partitions), ..self }
    }

    /// How many brokers keep each partition.
    pub fn replication_factor(self, replication_factor: i16) -> Self {
        Self { replication_factor: Some(replication_factor), ..self }
    }

    /// One more setting of each topic, such as `max.message.bytes`.
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.configs.push((name.into(), value.into()));
        self
    }
}

/// A topic that a table names.
struct TableTopic<'a> {
    table: &'a str,
    topic: &'a str,
    properties: &'a [(String, String)],
    is_sink: bool,
    /// Whether it keeps the last record of each key alone.
    is_compacted: bool,
}

/// What the cluster's side of a job came to.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) notices: Vec<Notice>,
    /// The id of the cluster that each table is written to, where it has one.
    pub(super) sink_clusters: HashMap<String, String>,
}

/// Checks every topic of the plan; makes the missing ones where that was asked for.
pub(super) async fn check(
    plan: &Plan,
    new: Option<&NewTopics>,
    clients: &mut Clients,
) -> Result<Checked, Error> {
    let mut checked = Checked::default();
    for named in plan.pipelines.iter().flat_map(named) {
        let admin = admin(&named, clients).await?;
        match (described(&admin, &named, new.is_some()).await.map_err(|e| named.failed(e))?, new) {
            (Found::There, _) => checked.notices.extend(compaction(&admin, &named).await),
            (Found::Missing, Some(new)) => create(&admin, &named, new).await?,
            (Found::Missing, None) => return Err(named.missing()),
        }
        if named.is_sink
            && let Some(id) = admin.cluster().await.map_err(|e| named.failed(e))?.cluster_id
        {
            checked.sink_clusters.insert(named.table.to_owned(), id);
        }
    }
    Ok(checked)
}

/// Sees to it that the progress topic of a sink exists, and keeps the last record of each key for ever.
pub(super) async fn check_progress_topic(
    sink: &KafkaSinkPlan,
    new: Option<&NewTopics>,
    clients: &mut Clients,
) -> Result<(), Error> {
    let KafkaSinkPlan { table, progress_topic: topic, properties, .. } = sink;
    let named = TableTopic { table, topic, properties, is_sink: false, is_compacted: true };
    let admin = admin(&named, clients).await?;
    match (described(&admin, &named, new.is_some()).await.map_err(|e| named.failed(e))?, new) {
        (Found::There, _) => {}
        (Found::Missing, Some(new)) => return create(&admin, &named, &new.clone().partitions(1)).await,
        (Found::Missing, None) => {
            let text = format!(
                "table {table}: 'sink.progress-topic' = '{topic}' does not exist; the source is on another cluster, so this \
                 topic is to keep how far it is written: create it with cleanup.policy=compact, or run with --create-topics"
            );
            return Err(Error::new(ErrorKind::Cluster, text));
        }
    }
    let configs = match timeout(CONFIGS_TIMEOUT, admin.topic_configs(topic)).await {
        Ok(Ok(configs)) => configs,
        Ok(Err(error)) => {
            warn!(topic, %error, "whether the progress topic is compacted is not known");
            return Ok(());
        }
        Err(_) => {
            warn!(topic, "whether the progress topic is compacted is not known: no answer");
            return Ok(());
        }
    };
    let policy = configs.iter().find(|it| it.name == "cleanup.policy").and_then(|it| it.value.as_deref());
    match policy {
        Some(policy) if policy != "compact" => {
            let text = format!(
                "table {table}: 'sink.progress-topic' = '{topic}' has cleanup.policy={policy}, by which how far the source \
                 is written would be forgotten: it must be compact"
            );
            Err(Error::new(ErrorKind::Cluster, text))
        }
        _ => Ok(()),
    }
}

/// What the cluster says of a topic.
enum Found {
    There,
    Missing,
}

/// Looks for the topic. A new one may not be known to every broker yet, so that it is looked for for a while; but not
/// where it is created when it is missing.
async fn described(
    admin: &Admin,
    named: &TableTopic<'_>,
    creates: bool,
) -> Result<Found, upsert_kafka_client::Error> {
    use upsert_kafka_client::ErrorKind::UnknownTopic;
    let is_missing = |told: Vec<Result<_, upsert_kafka_client::Error>>| match told.into_iter().next() {
        Some(Err(e)) if e.kind() == UnknownTopic => Ok(Found::Missing),
        Some(Err(e)) => Err(e),
        Some(Ok(upsert_kafka_client::TopicDescription { .. })) | None => Ok(Found::There),
    };
    if creates && let Ok(Found::Missing) = is_missing(admin.describe_topics_once(&[named.topic]).await?) {
        return Ok(Found::Missing);
    }
    is_missing(admin.describe_topics(&[named.topic]).await?)
}

/// Every topic, each once in each role.
fn named(pipeline: &Pipeline) -> Vec<TableTopic<'_>> {
    let reader = pipeline.reader();
    let mut all: Vec<_> = reader
        .topics
        .iter()
        .map(|topic| TableTopic {
            table: &reader.table,
            topic,
            properties: &reader.properties,
            is_sink: false,
            is_compacted: false,
        })
        .collect();
    all.extend(reader.errors.dead_letter_topic().map(|topic| TableTopic {
        table: &reader.table,
        topic,
        properties: &reader.properties,
        is_sink: false,
        is_compacted: false,
    }));
    for insert in &pipeline.inserts {
        if let SinkPlan::Kafka(plan) = &insert.sink {
            let KafkaSinkPlan { table, properties, .. } = &**plan;
            let is_compacted = plan.changes != ChangeMode::Format;
            all.extend(plan.topics.names().iter().map(|topic| TableTopic {
                table,
                topic,
                properties,
                is_sink: true,
                is_compacted,
            }));
        }
    }
    all
}

async fn admin(named: &TableTopic<'_>, clients: &mut Clients) -> Result<Admin, Error> {
    let config = plan::config(named.table, named.properties, Role::Any)?;
    Ok(clients.open(config).await.map_err(|e| named.failed(e))?.admin())
}

async fn create(admin: &Admin, named: &TableTopic<'_>, new: &NewTopics) -> Result<(), Error> {
    let mut topic = NewTopic::new(named.topic);
    (topic.partitions, topic.replication_factor) = (new.partitions, new.replication_factor);
    topic.configs.clone_from(&new.configs);
    if named.is_compacted {
        topic = topic.config("cleanup.policy", "compact");
    }
    info!(topic = named.topic, partitions = ?new.partitions, "creating");
    let created = admin.create_topics(&[topic]).await.map_err(|e| named.failed(e))?;
    // Somebody else may have created it meanwhile, or the broker that was asked did not know of it yet.
    let is_new = |e: &upsert_kafka_client::Error| e.code() != Some(ErrorCode::TOPIC_ALREADY_EXISTS);
    match created.into_iter().find_map(Result::err).filter(is_new) {
        Some(e) => Err(named.failed(e)),
        None => Ok(()),
    }
}

/// What is wrong with a sink's topic, if it is known: a broker that cannot or may not tell stops nobody.
async fn compaction(admin: &Admin, named: &TableTopic<'_>) -> Option<Notice> {
    if !named.is_compacted {
        return None;
    }
    let asked = timeout(CONFIGS_TIMEOUT, admin.topic_configs(named.topic));
    let text = match asked.await.map_err(|_| format!("no answer within {} s", CONFIGS_TIMEOUT.as_secs())) {
        Ok(Ok(configs)) => {
            let policy = configs.iter().find(|it| it.name == "cleanup.policy")?.value.as_deref()?;
            if policy.contains("compact") {
                return None;
            }
            format!(
                "topic {} has cleanup.policy={policy}: without compaction it keeps every change and never equals the \
                 table",
                named.topic
            )
        }
        Ok(Err(error)) => format!("whether topic {} is compacted is not known: {error}", named.topic),
        Err(why) => format!("whether topic {} is compacted is not known: {why}", named.topic),
    };
    Some(Notice { table: Some(named.table.to_owned()), text })
}

/// What only feeds a warning is not waited for any longer.
const CONFIGS_TIMEOUT: Duration = Duration::from_secs(5);

impl TableTopic<'_> {
    fn missing(&self) -> Error {
        let text = format!(
            "table {}: topic {} does not exist; create it, or run with --create-topics",
            self.table, self.topic
        );
        Error::new(ErrorKind::Cluster, text)
    }

    fn failed(&self, error: upsert_kafka_client::Error) -> Error {
        Error::cluster(error).within(format_args!("table {}", self.table))
    }
}
