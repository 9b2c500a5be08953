//! `transactions list|describe|abort`: transactions, seen and ended from outside.

use std::collections::HashMap;

use serde_json::{Value, json};
use upsert_kafka_client::{Admin, Client, Role, TransactionDescription, TransactionListing};

use crate::args::Args;
use crate::cluster::{client, failed};
use crate::exit::{Exit, Failure};
use crate::listing::{Listing, OutputFormat, Row};
use crate::output::Output;
use crate::stderr::say;
use crate::text;

mod age;
mod hanging;

use age::{age_ms, seconds};

pub(super) async fn list(args: &Args, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    let client = client(args, Role::Any).await?;
    if let Some(topic) = args.value("--topic") {
        return hanging::list(&client, topic, args, out).await;
    }
    let listed = client.admin().list_transactions(&[]).await.map_err(failed)?;
    let open = open_for(&client.admin(), &listed).await?;
    let heads = ["transactional id", "state", "producer", "coordinator", "open for"];
    let mut listing = Listing::begin(args, &heads, out)?;
    for it in &listed {
        listing.add(&ListedTransaction { it, open_ms: open.get(&*it.transactional_id).copied() })?;
    }
    listing.end()
}

/// A transactional id, and what it is in the middle of.
pub(super) async fn describe(args: &Args, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    let described = described(&client(args, Role::Admin).await?.admin(), args.operand(0)).await?;
    let heads = [
        "transactional id",
        "state",
        "producer",
        "epoch",
        "coordinator",
        "timeout",
        "open for",
        "partitions",
    ];
    let mut listing = Listing::begin(args, &heads, out)?;
    listing.add(&DescribedTransaction(&described))?;
    listing.end()
}

pub(super) async fn abort(args: &Args) -> Result<(), Failure> {
    let client = client(args, Role::Any).await?;
    match (args.optional_operand(0), args.value("--topic")) {
        (Some(id), None) => abort_open(&client, id).await,
        (None, Some(topic)) => hanging::abort(&client, topic, args).await,
        _ => {
            let text = "transactions abort: name a transactional id, or with --topic, --partition and --producer-id a \
                        transaction that hangs";
            Err(Failure::usage(text))
        }
    }
}

async fn abort_open(client: &Client, id: &str) -> Result<(), Failure> {
    let described = described(&client.admin(), id).await?;
    if !described.is_open() {
        // Who asks twice has it as he wants it.
        say(format_args!("transactional id {id}: no transaction is open, it is {}", described.state));
        return Ok(());
    }
    client.admin().fence_producer(id).await.map(drop).map_err(failed)
}

async fn described(admin: &Admin, id: &str) -> Result<TransactionDescription, Failure> {
    let described = admin.describe_transactions(&[id]).await.map_err(failed)?.into_iter().next();
    let missing = || Failure::new(Exit::Cluster, format!("transactional id {id}: the cluster does not tell"));
    described.ok_or_else(missing)?.map_err(failed)
}

/// For how long those that are open have been so, in milliseconds.
async fn open_for(admin: &Admin, listed: &[TransactionListing]) -> Result<HashMap<String, i64>, Failure> {
    let is_open = |it: &&TransactionListing| it.state == "Ongoing" || it.state.starts_with("Prepare");
    let ids: Vec<&str> = listed.iter().filter(is_open).map(|it| it.transactional_id.as_str()).collect();
    let described = admin.describe_transactions(&ids).await.map_err(failed)?;
    // One that is over by now is no failure.
    let open = described.into_iter().filter_map(Result::ok);
    Ok(open.filter_map(|it| Some((it.transactional_id.clone(), age_ms(it.started_ms?)))).collect())
}

struct ListedTransaction<'a> {
    it: &'a TransactionListing,
    open_ms: Option<i64>,
}

impl Row for ListedTransaction<'_> {
    fn cells(&self, columns: usize) -> Vec<String> {
        vec![
            text::shown(&self.it.transactional_id, columns),
            self.it.state.clone(),
            self.it.producer_id.to_string(),
            self.it.coordinator.to_string(),
            seconds(self.open_ms),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "transactional_id": self.it.transactional_id, "state": self.it.state, "producer_id": self.it.producer_id,
            "coordinator": self.it.coordinator, "open_ms": self.open_ms,
        })
    }
}

struct DescribedTransaction<'a>(&'a TransactionDescription);

impl DescribedTransaction<'_> {
    fn open_ms(&self) -> Option<i64> {
        self.0.started_ms.filter(|_| self.0.is_open()).map(age_ms)
    }

    fn partitions(&self) -> Vec<String> {
        self.0.partitions.iter().map(|of| format!("{}-{}", of.topic, of.partition)).collect()
    }
}

impl Row for DescribedTransaction<'_> {
    fn cells(&self, columns: usize) -> Vec<String> {
        let it = self.0;
        vec![
            text::shown(&it.transactional_id, columns),
            it.state.clone(),
            it.producer.id.to_string(),
            it.producer.epoch.to_string(),
            it.coordinator.to_string(),
            format!("{} ms", it.timeout_ms),
            seconds(self.open_ms()),
            text::shown(&self.partitions().join(" "), columns),
        ]
    }

    fn json(&self) -> Value {
        let it = self.0;
        json!({
            "transactional_id": it.transactional_id, "state": it.state, "producer_id": it.producer.id,
            "producer_epoch": it.producer.epoch, "coordinator": it.coordinator, "timeout_ms": it.timeout_ms,
            "open_ms": self.open_ms(), "partitions": self.partitions(),
        })
    }
}
