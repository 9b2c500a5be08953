//! `consume --group`: a share of a topic's records, as a member of a group, which keeps how far it came.
//!
//! What was shown is committed, and nothing else: once a second, when partitions are taken away, and at the end. So a
//! record that was not shown is shown by whoever has its partition next.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use upsert_kafka_client::{
    Commit, Fetched, GroupConsumer, GroupEvent, OffsetReset, Subscription, TopicPartition,
};

use crate::args::Args;
use crate::cluster::{failed, reader};
use crate::commands::records;
use crate::exit::Failure;
use crate::listing::{Listing, OutputFormat};
use crate::output::{Output, reader_left};
use crate::record_row::{HEADS, RecordRow};
use crate::signal::Stop;

pub(super) async fn run(args: &Args, group: &str, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    let mut member = GroupReader {
        left: args.number("--count", u64::MAX)?,
        shown: BTreeMap::new(),
        committed: Instant::now(),
    };
    let Some(consumer) = stop.unless_asked(joined(args, group)).await else { return Ok(()) };
    let mut consumer = consumer?;
    let mut listing = Listing::begin(args, HEADS, out)?;
    let mut gone = std::pin::pin!(reader_left());
    while member.left > 0 {
        // next is cancel-safe, and after either of the others nothing more is wanted.
        let event = tokio::select! {
            event = stop.unless_asked(consumer.next()) => event,
            () = &mut gone => return Err(Failure::quiet()),
        };
        let Some(event) = event else { break };
        let Some(event) = event.map_err(failed)? else { break };
        member.handle(event, &consumer, &mut listing, stop).await?;
    }
    member.commit(&consumer).await?;
    leave(consumer).await;
    listing.end()
}

/// What of a group's records this process has shown.
struct GroupReader {
    /// How many more it shows.
    left: u64,
    /// Behind the last one that was shown, where that is not committed yet.
    shown: BTreeMap<TopicPartition, i64>,
    committed: Instant,
}

impl GroupReader {
    async fn handle(
        &mut self,
        event: GroupEvent,
        consumer: &GroupConsumer,
        listing: &mut Listing<'_>,
        stop: &Stop,
    ) -> Result<(), Failure> {
        match event {
            GroupEvent::Records(fetched) => {
                self.show(&fetched, listing, stop)?;
                listing.show()?;
                if self.committed.elapsed() >= COMMIT_INTERVAL {
                    self.commit(consumer).await?;
                }
                Ok(())
            }
            // Dropped behind the commit, it lets another member read on.
            GroupEvent::Revoked(_revocation) => self.commit(consumer).await,
            GroupEvent::Lost(lost) => {
                self.shown.retain(|of, _| !lost.partitions().contains(of));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn show(&mut self, fetched: &Fetched, listing: &mut Listing<'_>, stop: &Stop) -> Result<(), Failure> {
        for records in fetched.partitions() {
            let (topic, partition) = (records.topic(), records.partition());
            for record in records.records() {
                if self.left == 0 || stop.is_asked() {
                    return Ok(());
                }
                self.left -= 1;
                let record = record.map_err(failed)?;
                listing.add(&RecordRow { topic, partition, record: &record })?;
                self.shown.insert(TopicPartition::new(&**topic, partition), record.offset + 1);
            }
        }
        Ok(())
    }

    async fn commit(&mut self, consumer: &GroupConsumer) -> Result<(), Failure> {
        let shown = std::mem::take(&mut self.shown);
        let offsets: Vec<_> = shown.into_iter().map(|(of, next)| Commit::new(of, next)).collect();
        self.committed = Instant::now();
        if offsets.is_empty() {
            return Ok(());
        }
        match consumer.commit(&offsets).await {
            // Whoever has the partitions now shows the last records once more.
            Err(error) if error.is_stale_member() || error.is_rebalancing() => Ok(()),
            committed => committed.map_err(failed),
        }
    }
}

async fn joined(args: &Args, group: &str) -> Result<GroupConsumer, Failure> {
    if args.has("--partition") {
        return Err(Failure::usage(
            "--partition and --group exclude each other: a group gives out partitions",
        ));
    }
    let reset = match args.value("--from") {
        None | Some("latest") => OffsetReset::Latest,
        Some("earliest") => OffsetReset::Earliest,
        Some(text) => {
            let text = format!(
                "--from {text}: a group goes on where it stands; earliest or latest say where it begins"
            );
            return Err(Failure::usage(text));
        }
    };
    let topic = args.operand(0);
    let client = reader(args, &[]).await?;
    records::exists(&client, topic).await?;
    let config = client.config().clone().with(|it| {
        it.group_id = Some(group.to_owned());
        it.auto_offset_reset = reset;
    });
    let client = client.with_config(config).map_err(failed)?;
    client.group_consumer(Subscription::topics([topic])).map_err(failed)
}

/// Tells the group, so that others need not wait until they miss this member.
async fn leave(mut consumer: GroupConsumer) {
    consumer.leave();
    while let Ok(Some(_let_go)) = consumer.next().await {}
}

/// How often what was shown is committed, as often as Java's console consumer does or more.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
