//! Sees to it that a job's topics exist, and that the sink's are compacted.

use tracing::info;
use upsert_kafka_client::{Admin, Client, NewTopic, Role};

use crate::error::{Error, ErrorKind};
use crate::plan::{self, Notice, Pipeline, Plan, SinkPlan};

/// How missing topics are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopics {
    /// `None` for the broker's default.
    pub partitions: Option<i32>,
    /// `None` for the broker's default.
    pub replication_factor: Option<i16>,
}

/// A topic that a table names.
struct Named<'a> {
    table: &'a str,
    topic: &'a str,
    properties: &'a [(String, String)],
    is_sink: bool,
}

/// Checks every topic of the plan; makes the missing ones where that was asked for.
pub(super) async fn check(plan: &Plan, new: Option<&NewTopics>) -> Result<Vec<Notice>, Error> {
    let mut notices = Vec::new();
    for named in plan.pipelines.iter().flat_map(named) {
        let admin = admin(&named).await?;
        let known = admin.topics().await.map_err(|e| named.failed(e))?;
        match (known.iter().any(|it| it.name == named.topic), new) {
            (true, _) => notices.extend(compaction(&admin, &named).await?),
            (false, Some(new)) => create(&admin, &named, new).await?,
            (false, None) => return Err(named.missing()),
        }
    }
    Ok(notices)
}

fn named(pipeline: &Pipeline) -> Vec<Named<'_>> {
    let source = &pipeline.source;
    let mut all: Vec<_> = source
        .topics
        .iter()
        .map(|topic| Named { table: &source.table, topic, properties: &source.properties, is_sink: false })
        .collect();
    if let SinkPlan::UpsertKafka(plan) = &pipeline.sink {
        let (table, topic, properties) = (&plan.table, &plan.topic, &plan.properties);
        all.push(Named { table, topic, properties, is_sink: true });
    }
    all
}

async fn admin(named: &Named<'_>) -> Result<Admin, Error> {
    let config = plan::config(named.table, named.properties, Role::Any)?;
    Ok(Client::open(config).await.map_err(|e| named.failed(e))?.admin())
}

async fn create(admin: &Admin, named: &Named<'_>, new: &NewTopics) -> Result<(), Error> {
    let compact = ("cleanup.policy".to_owned(), "compact".to_owned());
    let topic = NewTopic {
        name: named.topic.to_owned(),
        partitions: new.partitions,
        replication_factor: new.replication_factor,
        configs: if named.is_sink { vec![compact] } else { Vec::new() },
    };
    info!(topic = named.topic, partitions = ?new.partitions, "creating");
    let created = admin.create_topics(&[topic]).await.map_err(|e| named.failed(e))?;
    created.into_iter().collect::<Result<(), _>>().map_err(|e| named.failed(e))
}

async fn compaction(admin: &Admin, named: &Named<'_>) -> Result<Option<Notice>, Error> {
    if !named.is_sink {
        return Ok(None);
    }
    let configs = admin.topic_configs(named.topic).await.map_err(|e| named.failed(e))?;
    let policy = configs.iter().find(|it| it.name == "cleanup.policy").and_then(|it| it.value.as_deref());
    if policy.is_none_or(|policy| policy.contains("compact")) {
        return Ok(None);
    }
    let text = format!(
        "topic {} has cleanup.policy={}: without compaction it keeps every change and never equals the table",
        named.topic,
        policy.unwrap_or_default()
    );
    Ok(Some(Notice { table: Some(named.table.to_owned()), text }))
}

impl Named<'_> {
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
