//! `consume`: records as they come.

use std::io::Write;

use upsert_kafka_client::{Assignment, Consumer, Fetched, OffsetSpec, Position, Role};

use crate::args::Args;
use crate::commands::topic::{client, failed, is_json};
use crate::exit::{Exit, Failure};
use crate::record_json;
use crate::signal::Signals;

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let json = is_json(args)?;
    let mut left = args.number("--count", u64::MAX)?;
    let mut consumer = client(args, Role::Consumer).await?.consumer();
    let assignment = assignment(&consumer, args).await?;
    consumer.assign(assignment);
    let mut stopped = std::pin::pin!(Signals::new()?.first());
    while left > 0 {
        // poll is cancel-safe, and after a signal nothing more is wanted.
        tokio::select! {
            fetched = consumer.poll() => print(&fetched.map_err(failed)?, json, &mut left)?,
            () = &mut stopped => break,
        }
    }
    Ok(())
}

async fn assignment(consumer: &Consumer, args: &Args) -> Result<Vec<Assignment>, Failure> {
    let topic = args.operand(0);
    let position = match args.value("--from") {
        None | Some("latest") => Position::Latest,
        Some("earliest") => Position::Earliest,
        Some(_) => Position::Offset(args.number("--from", 0)?),
    };
    let only: Option<i32> = args.optional("--partition")?;
    let partitions = consumer.offsets(topic, OffsetSpec::Earliest).await.map_err(failed)?;
    let chosen: Vec<_> = partitions
        .iter()
        .filter(|(index, _)| only.is_none_or(|only| only == *index))
        .map(|(index, _)| Assignment::new(topic, *index, position))
        .collect();
    if chosen.is_empty() {
        return Err(Failure::new(
            Exit::Cluster,
            format!("topic {topic}: no partition {}", only.unwrap_or(0)),
        ));
    }
    Ok(chosen)
}

fn print(fetched: &Fetched, json: bool, left: &mut u64) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for records in fetched.partitions() {
        for record in records.records() {
            let record = record.map_err(failed)?;
            if *left == 0 {
                return Ok(());
            }
            *left -= 1;
            let written = match json {
                true => {
                    writeln!(out, "{}", record_json::object(records.topic(), records.partition(), &record))
                }
                false => {
                    writeln!(out, "{}\t{}", record_json::text(record.key), record_json::text(record.value))
                }
            };
            written.map_err(|e| Failure::new(Exit::Running, format!("standard output: {e}")))?;
        }
    }
    out.flush().map_err(|e| Failure::new(Exit::Running, format!("standard output: {e}")))
}
