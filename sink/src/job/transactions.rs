//! The transactions of a job: which task has one, on which cluster, and by which number it is called.

use std::collections::HashMap;
use std::time::Duration;

use upsert_kafka_client::{Client, Role};

use super::subtask::Subtask;
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::plan::{self, KafkaSinkPlan, Pipeline, SourcePlan};
use crate::source::Share;
use crate::task_transaction::TaskTransaction;
use crate::transactional_ids::TransactionalIds;
use crate::writer::producer_config;

/// What the transactions of a job have in common.
pub(super) struct JobTransactions {
    checkpoint_interval: Duration,
    /// How many tasks of fixed shares have been opened under each prefix, whatever they read: none is called like another.
    tasks: HashMap<String, usize>,
}

impl JobTransactions {
    /// Of a job that commits so often.
    pub(super) fn new(checkpoint_interval: Duration) -> Self {
        Self { checkpoint_interval, tasks: HashMap::new() }
    }

    /// The transaction of one more task of the pipeline, where one of its sinks is exactly-once. Sinks share it: the first
    /// of them says what it is called, and with which settings it is written.
    ///
    /// # Errors
    /// The sinks, or the sinks and the source, are on several clusters; or the cluster refuses the transactional id.
    pub(super) async fn open(
        &mut self,
        pipeline: &Pipeline,
        subtask: Subtask,
        share: &Share,
        clients: &mut Clients,
    ) -> Result<Option<TaskTransaction>, Error> {
        let Some(first) = pipeline.exactly_once_sinks().next() else { return Ok(None) };
        let Some(naming) = first.delivery.naming() else { return Ok(None) };
        let client = client(first, self.checkpoint_interval, clients).await?;
        if subtask.index() == 0 {
            one_cluster(pipeline, &client, clients).await?;
        }
        let ids = match share {
            Share::Fixed(_) => TransactionalIds::of_task(naming.clone(), self.next_number(&naming.prefix)),
            Share::Group { .. } => TransactionalIds::of_member(naming.clone()),
        };
        let transaction = TaskTransaction::new(client, clients.clock().clone(), ids);
        begin(&transaction, pipeline, subtask, share).await.map_err(|e| of_table(first, e))?;
        Ok(Some(transaction))
    }

    fn next_number(&mut self, prefix: &str) -> usize {
        let next = self.tasks.entry(prefix.to_owned()).or_default();
        *next += 1;
        *next - 1
    }
}

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

/// A transaction lives on one cluster, and so do the offsets in it.
async fn one_cluster(pipeline: &Pipeline, client: &Client, clients: &mut Clients) -> Result<(), Error> {
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
    let reader = pipeline.reader();
    if reader.local.is_some() || source_cluster(reader, clients).await? == cluster {
        return Ok(());
    }
    let text = "exactly-once is not supported yet where the source is on another cluster than the sink, since its offsets \
                cannot go into the sink's transaction";
    Err(Error::new(ErrorKind::Cluster, text).within(format_args!("table {}", reader.table)))
}

async fn source_cluster(reader: &SourcePlan, clients: &mut Clients) -> Result<Option<String>, Error> {
    let config = plan::config(&reader.table, &reader.properties, Role::Any)?;
    cluster_id(&clients.open(config).await.map_err(Error::cluster)?).await
}

async fn cluster_id(client: &Client) -> Result<Option<String>, Error> {
    Ok(client.admin().cluster().await.map_err(Error::cluster)?.cluster_id)
}

fn of_table(sink: &KafkaSinkPlan, error: Error) -> Error {
    error.within(format_args!("table {}", sink.table))
}
