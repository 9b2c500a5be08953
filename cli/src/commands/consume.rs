//! `consume`: records as they come.

use upsert_kafka_client::{Assignment, Consumer, Fetched, Position};

use crate::args::Args;
use crate::cluster::{failed, reader};
use crate::commands::records::{self, Span};
use crate::exit::{Exit, Failure};
use crate::listing::{Listing, OutputFormat};
use crate::output::{Output, reader_left};
use crate::record_row::{HEADS, RecordRow};
use crate::signal::Stop;

mod group;

pub(super) async fn run(args: &Args, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
    if let Some(group) = args.value("--group") {
        return group::run(args, group, stop, out).await;
    }
    OutputFormat::of(args)?;
    let mut left = args.number("--count", u64::MAX)?;
    let Some(consumer) = stop.unless_asked(assigned(args)).await else { return Ok(()) };
    let mut consumer = consumer?;
    let mut listing = Listing::begin(args, HEADS, out)?;
    let mut gone = std::pin::pin!(reader_left());
    while left > 0 {
        // poll is cancel-safe, and after either of the others nothing more is wanted.
        let fetched = tokio::select! {
            fetched = stop.unless_asked(consumer.poll()) => fetched,
            () = &mut gone => return Err(Failure::quiet()),
        };
        let Some(fetched) = fetched else { break };
        print(&fetched.map_err(failed)?, &mut listing, &mut left, stop)?;
        listing.show()?;
    }
    listing.end()
}

async fn assigned(args: &Args) -> Result<Consumer, Failure> {
    let topic = args.operand(0);
    let from = From::of(args)?;
    let only: Option<i32> = args.optional("--partition")?;
    let client = reader(args, &[]).await?;
    records::exists(&client, topic).await?;
    let mut consumer = client.consumer();
    let mut spans = records::spans(&consumer, topic).await?;
    let all = spans.len();
    spans.retain(|span| only.is_none_or(|only| only == span.partition));
    if spans.is_empty() {
        let text = format!("topic {topic}: no partition {}: it has {all}", only.unwrap_or(0));
        return Err(Failure::new(Exit::Cluster, text));
    }
    let assignment =
        spans.iter().map(|span| Ok(Assignment::new(topic, span.partition, from.position(topic, *span)?)));
    consumer.assign(assignment.collect::<Result<_, Failure>>()?);
    Ok(consumer)
}

/// What `--from` says.
#[derive(Clone, Copy)]
enum From {
    Earliest,
    Latest,
    Offset(i64),
}

impl From {
    fn of(args: &Args) -> Result<Self, Failure> {
        match args.value("--from") {
            None | Some("latest") => Ok(Self::Latest),
            Some("earliest") => Ok(Self::Earliest),
            Some(text) => text.parse().map(Self::Offset).map_err(|_| {
                Failure::usage(format!("--from {text}: neither earliest nor latest nor an offset"))
            }),
        }
    }

    fn position(self, topic: &str, span: Span) -> Result<Position, Failure> {
        let Span { partition, start, end } = span;
        match self {
            Self::Earliest => Ok(Position::Earliest),
            Self::Latest => Ok(Position::Latest),
            Self::Offset(offset) if (start..=end).contains(&offset) => Ok(Position::Offset(offset)),
            Self::Offset(offset) => {
                let holds = match start == end {
                    true => format!("holds nothing, and the next record gets offset {end}"),
                    false => format!("holds offsets {start} to {}", end - 1),
                };
                let text =
                    format!("topic {topic}, partition {partition}: --from {offset} is outside: it {holds}");
                Err(Failure::new(Exit::Cluster, text))
            }
        }
    }
}

fn print(fetched: &Fetched, listing: &mut Listing<'_>, left: &mut u64, stop: &Stop) -> Result<(), Failure> {
    for records in fetched.partitions() {
        let (topic, partition) = (&**records.topic(), records.partition());
        for record in records.records() {
            if *left == 0 || stop.is_asked() {
                return Ok(());
            }
            *left -= 1;
            listing.add(&RecordRow { topic, partition, record: &record.map_err(failed)? })?;
        }
    }
    Ok(())
}
