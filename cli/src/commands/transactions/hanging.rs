//! Transactions that are open in a partition, and those among them that hang: no coordinator will ever end them.

use std::collections::HashMap;

use serde_json::{Value, json};
use upsert_kafka_client::{Client, ProducerDescription, TopicPartition};

use super::age::{age_ms, seconds};
use crate::args::Args;
use crate::cluster::failed;
use crate::exit::{Exit, Failure};
use crate::listing::{Listing, Row};
use crate::output::Output;
use crate::text;

/// What is open in the partitions of a topic, by its age.
pub(super) async fn list(client: &Client, topic: &str, args: &Args, out: &mut Output) -> Result<(), Failure> {
    let described = client.admin().describe_topics(&[topic]).await.map_err(failed)?.into_iter().next();
    let partitions = match described {
        Some(described) => described.map_err(failed)?.partitions,
        None => Vec::new(),
    };
    let owners = owners(client).await?;
    let mut rows = Vec::new();
    for partition in partitions {
        let of = TopicPartition::new(topic, partition.index);
        for producer in client.admin().describe_producers(&of).await.map_err(failed)? {
            let Some(start_offset) = producer.transaction_start_offset else { continue };
            let owner = owners.get(&producer.producer.id).map(String::as_str);
            rows.push(PartitionTransaction { partition: partition.index, start_offset, producer, owner });
        }
    }
    rows.sort_by_key(|row| row.producer.last_timestamp_ms);
    let heads = ["partition", "begins at", "producer", "epoch", "last write", "transactional id"];
    let mut listing = Listing::begin(args, &heads, out)?;
    rows.iter().try_for_each(|row| listing.add(row))?;
    listing.end()
}

/// Ends a transaction that no coordinator knows of, in one partition.
pub(super) async fn abort(client: &Client, topic: &str, args: &Args) -> Result<(), Failure> {
    let missing =
        |flag: &str| Failure::usage(format!("transactions abort --topic {topic}: {flag} is missing"));
    let partition = args.optional::<i32>("--partition")?.ok_or_else(|| missing("--partition"))?;
    let id = args.optional::<i64>("--producer-id")?.ok_or_else(|| missing("--producer-id"))?;
    if let Some(owner) = owners(client).await?.get(&id) {
        let text = format!(
            "producer {id} is that of transactional id {owner}, whose coordinator ends its transaction: it does not hang. \
             Abort it by that id"
        );
        return Err(Failure::new(Exit::Cluster, text));
    }
    let of = TopicPartition::new(topic, partition);
    let producers = client.admin().describe_producers(&of).await.map_err(failed)?;
    let is_meant = |it: &&ProducerDescription| it.producer.id == id && it.transaction_start_offset.is_some();
    let Some(producer) = producers.iter().find(is_meant) else {
        let text =
            format!("topic {topic}, partition {partition}: producer {id} has no transaction open there");
        return Err(Failure::new(Exit::Cluster, text));
    };
    client.admin().abort_transaction(&of, producer).await.map_err(failed)
}

/// The transactional ids with something open, by their producers.
async fn owners(client: &Client) -> Result<HashMap<i64, String>, Failure> {
    let listed = client.admin().list_transactions(&OPEN_STATES).await.map_err(failed)?;
    Ok(listed.into_iter().map(|it| (it.producer_id, it.transactional_id)).collect())
}

/// An open transaction in one partition.
struct PartitionTransaction<'a> {
    partition: i32,
    start_offset: i64,
    producer: ProducerDescription,
    /// `None` of one that hangs.
    owner: Option<&'a str>,
}

impl Row for PartitionTransaction<'_> {
    fn cells(&self, columns: usize) -> Vec<String> {
        vec![
            self.partition.to_string(),
            self.start_offset.to_string(),
            self.producer.producer.id.to_string(),
            self.producer.producer.epoch.to_string(),
            format!("{} ago", seconds(Some(age_ms(self.producer.last_timestamp_ms)))),
            self.owner.map_or_else(|| "none: it hangs".to_owned(), |id| text::shown(id, columns)),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "partition": self.partition, "start_offset": self.start_offset, "producer_id": self.producer.producer.id,
            "producer_epoch": self.producer.producer.epoch, "idle_ms": age_ms(self.producer.last_timestamp_ms),
            "transactional_id": self.owner, "hangs": self.owner.is_none(),
        })
    }
}

const OPEN_STATES: [&str; 3] = ["Ongoing", "PrepareCommit", "PrepareAbort"];
