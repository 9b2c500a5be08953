//! `topic list|create|dump`: a look at a cluster's topics.

use std::io::Write;

use upsert_kafka_client::{
    Assignment, Client, Config, ConsumerRecord, Error, NewTopic, OffsetSpec, Position, Role,
};

use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::{record_json, table};

/// A client of the cluster that `--bootstrap` names, with the settings of `--property`.
pub(super) async fn client(args: &Args, role: Role) -> Result<Client, Failure> {
    let mut pairs = vec![("bootstrap.servers", args.value("--bootstrap").unwrap_or("127.0.0.1:9092"))];
    for text in args.values("--property") {
        let pair = text.split_once('=');
        pairs.push(
            pair.ok_or_else(|| Failure::usage(format!("--property {text}: not of the form KEY=VALUE")))?,
        );
    }
    let (config, notices) =
        Config::from_properties(pairs, role).map_err(|e| Failure::usage(e.to_string()))?;
    notices.iter().for_each(|notice| eprintln!("warning: {notice}"));
    Client::open(config).await.map_err(failed)
}

/// What a broker refused or did not answer.
pub(super) fn failed(error: Error) -> Failure {
    Failure::new(Exit::Cluster, error.to_string())
}

/// Whether `--output json` was given.
pub(super) fn is_json(args: &Args) -> Result<bool, Failure> {
    match args.value("--output") {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(Failure::usage(format!("--output {other}: text or json"))),
    }
}

pub(super) async fn list(args: &Args) -> Result<(), Failure> {
    let json = is_json(args)?;
    let mut topics = client(args, Role::Admin).await?.admin().topics().await.map_err(failed)?;
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    if json {
        for it in topics {
            println!("{}", serde_json::json!({ "topic": it.name, "partitions": it.partitions.len() }));
        }
        return Ok(());
    }
    let rows: Vec<_> =
        topics.iter().map(|it| vec![it.name.clone(), it.partitions.len().to_string()]).collect();
    print!("{}", table::render(&["topic", "partitions"], &rows));
    Ok(())
}

pub(super) async fn create(args: &Args) -> Result<(), Failure> {
    let config = |text: &String| match text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(Failure::usage(format!("--config {text}: not of the form KEY=VALUE"))),
    };
    let topic = NewTopic {
        name: args.operand(0).to_owned(),
        partitions: args.optional("--partitions")?,
        replication_factor: args.optional("--replication-factor")?,
        configs: args.values("--config").iter().map(config).collect::<Result<_, _>>()?,
    };
    let created = client(args, Role::Admin).await?.admin().create_topics(&[topic]).await.map_err(failed)?;
    created.into_iter().collect::<Result<(), _>>().map_err(failed)
}

pub(super) async fn dump(args: &Args) -> Result<(), Failure> {
    let json = is_json(args)?;
    let client = client(args, Role::Consumer).await?;
    if !json {
        return show(&client, args.operand(0)).await;
    }
    let mut out = std::io::stdout().lock();
    let lines = read(&client, args.operand(0), |topic, partition, record| {
        record_json::object(topic, partition, record).to_string()
    });
    for line in lines.await? {
        writeln!(out, "{line}").map_err(|e| Failure::new(Exit::Running, format!("standard output: {e}")))?;
    }
    Ok(())
}

/// Every record of a topic as a table.
pub(super) async fn show(client: &Client, topic: &str) -> Result<(), Failure> {
    let rows = read(client, topic, |_, partition, record| {
        let (key, value) = (record_json::text(record.key), record_json::text(record.value));
        vec![partition.to_string(), record.offset.to_string(), key, value]
    });
    let rows = rows.await?;
    println!("topic {topic}");
    print!("{}", table::render(&["partition", "offset", "key", "value"], &rows));
    Ok(())
}

/// Every record from the beginning to the end there is now, by partition and offset.
async fn read<T>(
    client: &Client,
    topic: &str,
    row: impl Fn(&str, i32, &ConsumerRecord<'_>) -> T,
) -> Result<Vec<T>, Failure> {
    let mut consumer = client.consumer();
    let starts = consumer.offsets(topic, OffsetSpec::Earliest).await.map_err(failed)?;
    let ends = consumer.offsets(topic, OffsetSpec::Latest).await.map_err(failed)?;
    let end_of = |index: i32| ends.iter().find(|(it, _)| *it == index).map_or(0, |(_, end)| *end);
    let mut open: Vec<_> =
        starts.iter().filter(|(index, start)| *start < end_of(*index)).map(|(i, _)| *i).collect();
    let assignment = starts
        .iter()
        .filter(|(index, _)| open.contains(index))
        .map(|(index, start)| Assignment::new(topic, *index, Position::Offset(*start)));
    consumer.assign(assignment.collect());
    let mut rows = Vec::new();
    while !open.is_empty() {
        let fetched = consumer.poll().await.map_err(failed)?;
        for records in fetched.partitions() {
            let (index, end) = (records.partition(), end_of(records.partition()));
            for record in records.records() {
                let record = record.map_err(failed)?;
                if record.offset < end {
                    rows.push(((index, record.offset), row(topic, index, &record)));
                }
            }
            if records.next_offset() >= end {
                open.retain(|it| *it != index);
            }
        }
    }
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}
