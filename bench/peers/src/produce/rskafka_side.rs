//! rskafka: the caller makes the batches, one partition after another, five requests at a time. It has neither
//! accumulator nor partitioner nor idempotence: what encoding and a socket cost.

use std::collections::BTreeMap;

use chrono::Utc;
use rskafka::client::ClientBuilder;
use rskafka::client::partition::{Compression, UnknownTopicHandling};
use rskafka::record::Record;
use tokio::task::JoinSet;

use super::{Figures, Load, Row, runtime, timed};

pub(crate) fn run(broker: &str, load: &Load) -> Figures {
    runtime().block_on(async {
        let client = ClientBuilder::new(vec![broker.to_owned()]).build().await.expect("a broker");
        let mut partitions = Vec::new();
        for index in 0..load.partitions {
            let partition = client.partition_client(load.topic, index, UnknownTopicHandling::Retry).await;
            partitions.push(std::sync::Arc::new(partition.expect("a partition")));
        }
        // Room for what leads a record, and for a key.
        let per_batch = (load.batch_size / (load.value_bytes + 28)).max(1) as u64;
        timed(load, async |count| {
            let (mut row, mut flying) = (Row::new(load), JoinSet::new());
            for (nth, first) in (0..count).step_by(per_batch as usize).enumerate() {
                let numbers = first..count.min(first + per_batch);
                let records = numbers.map(|number| record(&mut row, load, number)).collect();
                let partition = std::sync::Arc::clone(&partitions[nth % partitions.len()]);
                flying.spawn(async move { partition.produce(records, Compression::NoCompression).await });
                if flying.len() == IN_FLIGHT {
                    flying.join_next().await.expect("one flies").expect("no panic").expect("written");
                }
            }
            while let Some(done) = flying.join_next().await {
                done.expect("no panic").expect("written");
            }
        })
        .await
    })
}

fn record(row: &mut Row, load: &Load, number: u64) -> Record {
    row.turn_to(number);
    let key = load.keyed.then(|| row.key.to_vec());
    Record { key, value: Some(row.value.clone()), headers: BTreeMap::new(), timestamp: Utc::now() }
}

const IN_FLIGHT: usize = 5;
