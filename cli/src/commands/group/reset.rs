//! `group reset`: where a group without members begins next.

use serde_json::{Value, json};
use upsert_kafka_client::{Client, Commit, Committed, OffsetSpec, Role, TopicPartition};

use super::{commit, ends, without_members};
use crate::args::Args;
use crate::cluster::{client, failed};
use crate::commands::records;
use crate::exit::Failure;
use crate::listing::{Listing, OutputFormat, Row};
use crate::output::Output;
use crate::stderr::say;
use crate::text;

/// Shows what the group would begin at, and with `--execute` has it begin there.
pub(crate) async fn reset(args: &Args, out: &mut Output) -> Result<(), Failure> {
    OutputFormat::of(args)?;
    let (group, target) = (args.operand(0), ResetTarget::of(args)?);
    let client = client(args, Role::Any).await?;
    let partitions = partitions(&client, group, args).await?;
    if partitions.is_empty() {
        return Err(Failure::usage(format!("group {group} has committed nothing: name a --topic")));
    }
    without_members(&client, group).await?;
    let moves = moves(&client, group, partitions, target).await?;
    if args.has("--execute") {
        let commits: Vec<_> = moves.iter().map(|it| Commit::new(it.of.clone(), it.to)).collect();
        commit(&client, group, &commits).await?;
    }
    let mut listing = Listing::begin(args, &["topic", "partition", "committed", "new"], out)?;
    moves.iter().try_for_each(|it| listing.add(it))?;
    listing.end()?;
    if !args.has("--execute") {
        say("nothing is changed yet: --execute commits these offsets");
    }
    Ok(())
}

/// What `--to` says.
#[derive(Clone, Copy)]
enum ResetTarget {
    Earliest,
    Latest,
    Offset(i64),
    /// So many offsets on, or back.
    Shift(i64),
    /// The first record of this time, in milliseconds since 1970, or later.
    Time(i64),
}

impl ResetTarget {
    fn of(args: &Args) -> Result<Self, Failure> {
        let text =
            args.value("--to").ok_or_else(|| Failure::usage("--to says where: it is missing".to_owned()))?;
        let parsed = match text {
            "earliest" => Some(Self::Earliest),
            "latest" => Some(Self::Latest),
            _ if text.starts_with(['+', '-']) => text.parse().ok().map(Self::Shift),
            _ => match text.strip_prefix('@') {
                Some(time) => time.parse().ok().map(Self::Time),
                None => text.parse().ok().map(Self::Offset),
            },
        };
        let wrong = || {
            let forms = "earliest, latest, an offset, +N or -N, or @ and milliseconds since 1970";
            Failure::usage(format!("--to {text}: not one of {forms}"))
        };
        parsed.ok_or_else(wrong)
    }
}

/// One partition, and where its group begins next.
struct Move {
    of: TopicPartition,
    from: Option<i64>,
    to: i64,
}

impl Row for Move {
    fn cells(&self, columns: usize) -> Vec<String> {
        vec![
            text::shown(&self.of.topic, columns),
            self.of.partition.to_string(),
            self.from.map_or_else(|| "-".to_owned(), |from| from.to_string()),
            self.to.to_string(),
        ]
    }

    fn json(&self) -> Value {
        json!({ "topic": &*self.of.topic, "partition": self.of.partition, "committed": self.from, "new": self.to })
    }
}

/// The partitions of the topics that are named, or those that the group has committed.
async fn partitions(client: &Client, group: &str, args: &Args) -> Result<Vec<TopicPartition>, Failure> {
    let topics = args.values("--topic");
    if topics.is_empty() {
        let committed = client.admin().group_offsets(group).await.map_err(failed)?;
        let of = |Committed { topic, partition, .. }| TopicPartition { topic, partition };
        return Ok(committed.into_iter().map(of).collect());
    }
    let mut partitions = Vec::new();
    for topic in topics {
        records::exists(client, topic).await?;
        let spans = records::spans(&client.consumer(), topic).await?;
        partitions.extend(spans.iter().map(|span| TopicPartition::new(topic.as_str(), span.partition)));
    }
    Ok(partitions)
}

/// Where each begins, always within its log.
async fn moves(
    client: &Client,
    group: &str,
    partitions: Vec<TopicPartition>,
    target: ResetTarget,
) -> Result<Vec<Move>, Failure> {
    let consumer = client.consumer();
    let list = async |spec: OffsetSpec| {
        let queries: Vec<_> = partitions.iter().map(|of| (of.clone(), spec)).collect();
        consumer.list_offsets(&queries).await.map_err(failed)
    };
    let (starts, ends) = (list(OffsetSpec::Earliest).await?, ends(client, partitions.iter()).await?);
    let timed = match target {
        ResetTarget::Time(ms) => list(OffsetSpec::Timestamp(ms)).await?,
        _ => ends.clone(),
    };
    let committed = consumer.committed(group, &partitions).await.map_err(failed)?;
    let moved = |(at, of): (usize, TopicPartition)| {
        let from = committed[at].offset;
        let wanted = match target {
            ResetTarget::Earliest => starts[at],
            ResetTarget::Latest => ends[at],
            ResetTarget::Offset(offset) => offset,
            ResetTarget::Shift(by) => from.unwrap_or(starts[at]).saturating_add(by),
            ResetTarget::Time(_) => timed[at],
        };
        Move { of, from, to: wanted.clamp(starts[at], ends[at]) }
    };
    Ok(partitions.clone().into_iter().enumerate().map(moved).collect())
}
