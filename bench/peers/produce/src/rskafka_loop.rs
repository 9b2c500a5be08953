//! rskafka: batches made by the caller, a task for each partition.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rskafka::client::ClientBuilder;
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::record::Record;

use crate::{Load, Outcome};

pub(crate) struct Sender(Vec<Arc<PartitionClient>>);

/// What a record takes beside its key and value.
const OVERHEAD_BYTES: usize = 10;

impl Sender {
    pub(crate) async fn connect(load: &Load) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let client = ClientBuilder::new(vec![load.address.clone()]).build().await?;
        let mut partitions = Vec::new();
        for partition in 0..load.partitions() {
            let found = client.partition_client(&*load.topic, partition, UnknownTopicHandling::Retry);
            partitions.push(Arc::new(found.await?));
        }
        Ok(Self(partitions))
    }

    pub(crate) async fn drive(&self, load: &Load, count: u64) -> Outcome {
        let of_batch = (load.batch_bytes / (load.value_bytes + OVERHEAD_BYTES)).max(1) as u64;
        let share = count / self.0.len() as u64;
        let tasks = self.0.iter().map(|partition| {
            let (partition, load) = (Arc::clone(partition), load.clone());
            tokio::spawn(async move {
                let mut sent = 0;
                while sent < share {
                    let until = share.min(sent + of_batch);
                    let records = (sent..until).map(|number| record(&load, number)).collect();
                    partition.produce(records, Compression::NoCompression).await?;
                    sent = until;
                }
                Outcome::Ok(())
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await??;
        }
        Ok(())
    }
}

fn record(load: &Load, number: u64) -> Record {
    Record {
        key: load.keyed.then(|| Load::key(number).to_vec()),
        value: Some(load.value(number)),
        headers: BTreeMap::new(),
        timestamp: DateTime::<Utc>::UNIX_EPOCH,
    }
}
