//! `--input TABLE=FILE`: the values of a file become the records of a table's topic.

use upsert_kafka_client::{Client, Record};
use upsert_kafka_sink::plan::Plan;

use super::place::Places;
use super::reading::{InputLayout, Reading, unreadable};
use crate::args::Args;
use crate::exit::{Exit, Failure};

/// What the command line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Input {
    table: String,
    path: String,
}

/// An input and where it goes.
pub(super) struct Feed {
    pub(super) topic: String,
    pub(super) path: String,
    pub(super) layout: InputLayout,
}

impl Input {
    /// Every `--input`.
    ///
    /// # Errors
    /// One that is not of the form, or whose file is not there.
    pub(super) fn all(args: &Args) -> Result<Vec<Self>, Failure> {
        args.values("--input").iter().map(|text| Self::parse(text)).collect()
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let Some((table, path)) = text.split_once('=') else {
            return Err(Failure::usage(format!("--input {text}: not of the form TABLE=FILE")));
        };
        if path != "-" {
            std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
        }
        Ok(Self { table: table.to_owned(), path: path.to_owned() })
    }

    /// The topic and the format of the table, among those that the job reads.
    ///
    /// # Errors
    /// When it reads no such table.
    pub(super) fn of(self, plan: &Plan) -> Result<Feed, Failure> {
        let Self { table, path } = self;
        let source = plan.sources().find(|source| source.table() == table);
        let Some(topic) = source.and_then(|source| source.topics().first()).cloned() else {
            let read: Vec<_> = plan.sources().map(|source| source.table()).collect();
            let text =
                format!("--input {table}=…: the job reads no table {table}; it reads {}", read.join(", "));
            return Err(Failure::usage(text));
        };
        let report = plan.tables().iter().find(|report| report.role == "source" && report.name == table);
        let options = report.map_or(&[][..], |report| &report.options);
        let format = options.iter().find(|option| option.key == "format" || option.key == "value.format");
        let is_json = format.is_some_and(|format| format.value.ends_with("json"));
        Ok(Feed { topic, path, layout: if is_json { InputLayout::Json } else { InputLayout::Lines } })
    }
}

/// The size of the largest value. A small file need not be read for it, since no value is larger than its file; of what
/// can be read only once a size is assumed.
///
/// # Errors
/// When a file cannot be read, or a value is too large.
pub(super) async fn largest(feeds: &[Feed]) -> Result<usize, Failure> {
    let mut largest = 0;
    for feed in feeds {
        let known = std::fs::metadata(&feed.path).ok().filter(std::fs::Metadata::is_file);
        let size = known.map(|it| usize::try_from(it.len()).unwrap_or(usize::MAX));
        largest = largest.max(match size {
            None => UNKNOWN_BYTES,
            Some(size) if size <= SMALL_FILE_BYTES => size,
            Some(_) => feed.largest().await?,
        });
    }
    Ok(largest)
}

impl Feed {
    async fn largest(&self) -> Result<usize, Failure> {
        let (mut reading, mut largest) = (Reading::open(&self.path, self.layout).await?, 0);
        while let Some(value) = reading.next().await? {
            largest = largest.max(value.bytes.len());
        }
        Ok(largest)
    }
}

/// Feeds every input into its topic, in order, and tells where each record came from.
///
/// # Errors
/// When an input cannot be read, a value is too large, or the broker refuses one.
pub(super) async fn feed(client: &Client, feeds: Vec<Feed>, partitions: i32) -> Result<Places, Failure> {
    let mut places = Places::new(partitions);
    for feed in feeds {
        let failed = |e: upsert_kafka_client::Error| {
            Failure::new(Exit::Running, format!("--input {}: {e}", feed.path))
        };
        let producer = client.producer();
        let topic = producer.topic(&feed.topic).await.map_err(failed)?;
        let mut reading = Reading::open(&feed.path, feed.layout).await?;
        let (before, mut count) = (places.count(&feed.topic), 0);
        while let Some(value) = reading.next().await? {
            let partition = Some(places.partition(before + count));
            let record = Record { partition, ..Record::new(&topic).value(&value.bytes) };
            // The flush tells what became of it.
            let _delivery = producer.send(record).await.map_err(|e| {
                Failure::new(Exit::Running, format!("--input {}, line {}: {e}", feed.path, value.line))
            })?;
            count += 1;
        }
        producer.flush().await.map_err(failed)?;
        places.add(&feed.topic, feed.path, feed.layout, count);
    }
    Ok(places)
}

/// A file up to this size is not read for its largest value.
const SMALL_FILE_BYTES: usize = 256 * 1024;

/// The largest value that is provided for where the input can be read only once.
const UNKNOWN_BYTES: usize = 32 << 20;
