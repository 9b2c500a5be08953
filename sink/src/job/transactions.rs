//! The transactions of a job: which task has one, on which cluster, and by which number it is called.

use std::collections::HashMap;
use std::time::Duration;

use upsert_kafka_client::{Client, Role};

use super::subtask::Subtask;
use super::topics::{self, NewTopics};
use crate::claims::Claims;
use crate::clients::Clients;
use crate::delivery_guarantee::NamingStrategy;
use crate::error::{Error, ErrorKind};
use crate::plan::{self, InsertPlan, KafkaSinkPlan, Pipeline, SinkPlan, SourcePlan};
use crate::progress_topic::ProgressTopic;
use crate::source::Share;
use crate::task_transaction::TaskTransaction;
use crate::transactional_ids::TransactionalIds;
use crate::writer::producer_config;

/// What the transactions of a job have in common.
pub(super) struct JobTransactions {
    checkpoint_interval: Duration,
    /// How many tasks of fixed shares have been opened under each prefix, whatever they read: none is called like another.
    tasks: HashMap<String, usize>,
    /// By the number of a statement whose rows are exchanged: which statements share a transaction.
    connected: HashMap<usize, usize>,
    /// Those transactions.
    shared: HashMap<usize, SharedTransaction>,
    /// How a progress topic is made that is missing.
    create_topics: Option<NewTopics>,
}

/// One that several tasks have.
struct SharedTransaction {
    transaction: TaskTransaction,
    /// Of its sinks.
    cluster: Option<String>,
    /// Whether groups give the tasks their partitions.
    of_members: bool,
}

impl JobTransactions {
    /// Of a job that commits so often.
    pub(super) fn new(
        pipelines: &[Pipeline],
        checkpoint_interval: Duration,
        create_topics: Option<NewTopics>,
    ) -> Self {
        let (tasks, shared) = (HashMap::new(), HashMap::new());
        Self { checkpoint_interval, tasks, connected: connected(pipelines), shared, create_topics }
    }

    /// The transaction of one more task of the pipeline, where one of its sinks is exactly-once. Sinks share it: the first
    /// of them says what it is called, and with which settings it is written.
    ///
    /// # Errors
    /// The sinks are on several clusters; their progress topic is missing, where the source is on another one; or the
    /// cluster refuses the transactional id.
    pub(super) async fn open(
        &mut self,
        pipeline: &Pipeline,
        subtask: Subtask,
        share: &Share,
        clients: &mut Clients,
    ) -> Result<Option<TaskTransaction>, Error> {
        let Some(first) = pipeline.exactly_once_sinks().next() else { return Ok(None) };
        let Some(naming) = first.delivery.naming() else { return Ok(None) };
        if let Some(shared) = self.connected_to(pipeline).and_then(|it| self.shared.get(&it)) {
            return Ok(Some(shared.transaction.reader().await));
        }
        let client = client(first, self.checkpoint_interval, clients).await?;
        let cluster = one_cluster(pipeline, &client, clients).await?;
        let ids = match share {
            Share::Fixed(_) => TransactionalIds::of_task(naming.clone(), self.next_number(&naming.prefix)),
            Share::Group { .. } => TransactionalIds::of_member(naming.clone()),
        };
        let clock = clients.clock().clone();
        let transaction = match source_cluster(pipeline.reader(), clients).await? {
            Some(elsewhere) if Some(&elsewhere) != cluster.as_ref() => {
                let topic = self.progress_topic(pipeline, &client, elsewhere, subtask, clients).await?;
                TaskTransaction::with_progress_topic(client, clock, ids, topic, clients.seed())
            }
            _ => TaskTransaction::new(client, clock, ids),
        };
        begin(&transaction, pipeline, subtask, share).await.map_err(|e| of_table(first, e))?;
        Ok(Some(transaction))
    }

    /// The transaction of all tasks that read for exactly-once sinks whose rows an exchange mixes with those of this
    /// pipeline; `None` where each task has its own. The first pipeline of them says what it is called.
    ///
    /// # Errors
    /// They are on several clusters; some are members of groups and others are not; or the cluster refuses the
    /// transactional id.
    pub(super) async fn shared(
        &mut self,
        pipeline: &Pipeline,
        of_members: bool,
        clients: &mut Clients,
    ) -> Result<Option<TaskTransaction>, Error> {
        let Some(connected) = self.connected_to(pipeline) else { return Ok(None) };
        let Some(first) = pipeline.exactly_once_sinks().next() else { return Ok(None) };
        let Some(naming) = first.delivery.naming() else { return Ok(None) };
        let client = client(first, self.checkpoint_interval, clients).await?;
        let cluster = one_cluster(pipeline, &client, clients).await?;
        if source_cluster(pipeline.reader(), clients).await?.is_some_and(|it| Some(it) != cluster) {
            return Err(of_table(first, Error::new(ErrorKind::Cluster, EXCHANGED_ELSEWHERE)));
        }
        if let Some(known) = self.shared.get(&connected) {
            if known.cluster != cluster || known.of_members != of_members {
                return Err(of_table(first, Error::new(ErrorKind::Cluster, MIXED)));
            }
            return Ok(Some(known.transaction.clone()));
        }
        let ids = match of_members {
            true => TransactionalIds::of_member(naming.clone()),
            false => TransactionalIds::of_task(naming.clone(), self.next_number(&naming.prefix)),
        };
        let transaction = TaskTransaction::shared(client, clients.clock().clone(), ids);
        let began = async {
            if of_members {
                return transaction.end_lingering_of_tasks().await;
            }
            transaction.end_lingering_of_all(pipeline.reader().topics()).await?;
            transaction.take_over().await
        };
        began.await.map_err(|e| of_table(first, e))?;
        let shared = SharedTransaction { transaction: transaction.clone(), cluster, of_members };
        self.shared.insert(connected, shared);
        Ok(Some(transaction))
    }

    fn connected_to(&self, pipeline: &Pipeline) -> Option<usize> {
        exchanged(pipeline).find_map(|statement| self.connected.get(&statement).copied())
    }

    /// Where the positions of a source on another cluster are kept; nowhere, where its table has no group.
    async fn progress_topic(
        &self,
        pipeline: &Pipeline,
        client: &Client,
        cluster: String,
        subtask: Subtask,
        clients: &mut Clients,
    ) -> Result<Option<ProgressTopic>, Error> {
        let Some(sink) = pipeline.exactly_once_sinks().next() else { return Ok(None) };
        let Some(group) = &pipeline.reader().group_id else { return Ok(None) };
        if sink.delivery.naming().is_some_and(|it| it.strategy == NamingStrategy::Incrementing) {
            let text = "'sink.transaction-naming-strategy' = 'INCREMENTING' is not for a source on another cluster, where \
                        the id under which a partition is written must be known to whoever has it next: use 'POOLING'";
            return Err(of_table(sink, Error::new(ErrorKind::Cluster, text)));
        }
        if subtask.index() == 0 {
            topics::check_progress_topic(sink, self.create_topics.as_ref(), clients).await?;
        }
        let claims = Claims::new(cluster, group.clone());
        ProgressTopic::new(&sink.progress_topic, client, claims).map(Some).map_err(|e| of_table(sink, e))
    }

    fn next_number(&mut self, prefix: &str) -> usize {
        let next = self.tasks.entry(prefix.to_owned()).or_default();
        *next += 1;
        *next - 1
    }
}

/// The exactly-once statements of a pipeline whose rows go to tasks of the sink.
fn exchanged(pipeline: &Pipeline) -> impl Iterator<Item = usize> {
    let firsts = pipeline.sinks().filter_map(<[InsertPlan]>::first);
    let is_meant = |insert: &&InsertPlan| match &insert.sink {
        SinkPlan::Kafka(sink) => {
            sink.delivery.naming().is_some() && insert.distribution.sink_tasks().is_some()
        }
        SinkPlan::Print(_) | SinkPlan::Blackhole(_) => false,
    };
    firsts.filter(is_meant).map(|insert| insert.statement)
}

/// For each such statement the smallest of those with which it shares tasks that read, through however many others.
fn connected(pipelines: &[Pipeline]) -> HashMap<usize, usize> {
    let mut connected: HashMap<usize, usize> = HashMap::new();
    for pipeline in pipelines {
        let own: Vec<usize> = exchanged(pipeline).collect();
        let known = own.iter().map(|it| connected.get(it).copied().unwrap_or(*it));
        let Some(least) = known.clone().min() else { continue };
        let merged: Vec<usize> = known.collect();
        for group in connected.values_mut().filter(|group| merged.contains(group)) {
            *group = least;
        }
        connected.extend(own.into_iter().map(|it| (it, least)));
    }
    connected
}

const EXCHANGED_ELSEWHERE: &str = "'sink.delivery-guarantee' = 'exactly-once' is not supported yet where rows go to tasks of \
     the sink and the source is on another cluster: give 'sink.parallelism' and 'scan.parallelism' one value, or leave them \
     out, and read one topic for each INSERT";

const MIXED: &str = "'sink.delivery-guarantee' = 'exactly-once': tables whose rows go to the same tasks of the sink are in one \
     transaction, so all of them are on one cluster, and all share their partitions with other processes or none does: let \
     each of them be bounded or none, and name a group, or none";

/// Ends what earlier runs left, as far as it is known to be nobody's, and says at once what cannot be.
async fn begin(
    transaction: &TaskTransaction,
    pipeline: &Pipeline,
    subtask: Subtask,
    share: &Share,
) -> Result<(), Error> {
    match share {
        // Its partitions are given later, and with them what it is called by.
        Share::Group { .. } if subtask.index() > 0 => Ok(()),
        Share::Group { .. } => transaction.end_lingering_of_tasks().await,
        Share::Fixed(_) if subtask.index() > 0 => transaction.take_over().await,
        Share::Fixed(_) => {
            transaction.end_lingering_of_all(pipeline.reader().topics()).await?;
            transaction.take_over().await
        }
    }
}

async fn client(
    sink: &KafkaSinkPlan,
    checkpoint_interval: Duration,
    clients: &mut Clients,
) -> Result<Client, Error> {
    let mut config = producer_config(sink)?;
    if !plan::sets(&sink.properties, "transaction.timeout.ms") {
        config.transaction_timeout += checkpoint_interval;
    }
    clients.open(config).await.map_err(|e| of_table(sink, Error::cluster(e)))
}

/// The one on which all sinks are: a transaction lives on one.
async fn one_cluster(
    pipeline: &Pipeline,
    client: &Client,
    clients: &mut Clients,
) -> Result<Option<String>, Error> {
    let cluster = cluster_id(client).await?;
    for sink in pipeline.exactly_once_sinks().skip(1) {
        let other = clients.open(producer_config(sink)?).await.map_err(Error::cluster)?;
        if cluster_id(&other).await? != cluster {
            let text = "'sink.delivery-guarantee' = 'exactly-once': another exactly-once table that is written from the \
                        same topics is on another cluster, and a transaction lives on one: read the topics under another \
                        'properties.group.id' for one of the two";
            return Err(of_table(sink, Error::new(ErrorKind::Cluster, text)));
        }
    }
    Ok(cluster)
}

/// `None` where what is read is on no cluster, or on one that has no id.
async fn source_cluster(reader: &SourcePlan, clients: &mut Clients) -> Result<Option<String>, Error> {
    if reader.local.is_some() {
        return Ok(None);
    }
    let config = plan::config(&reader.table, &reader.properties, Role::Any)?;
    cluster_id(&clients.open(config).await.map_err(Error::cluster)?).await
}

async fn cluster_id(client: &Client) -> Result<Option<String>, Error> {
    Ok(client.admin().cluster().await.map_err(Error::cluster)?.cluster_id)
}

fn of_table(sink: &KafkaSinkPlan, error: Error) -> Error {
    error.within(format_args!("table {}", sink.table))
}
