//! `topic dump`: what a topic holds now, or with `--compacted` the table that it stands for.

use std::collections::HashMap;

use upsert_kafka_client::{Client, Consumer, ConsumerRecord};

use crate::args::Args;
use crate::cluster::reader;
use crate::commands::records::{self, Span};
use crate::exit::{Exit, Failure};
use crate::listing::Listing;
use crate::output::Output;
use crate::record_row::{HEADS, RecordRow};
use crate::stderr::say;

pub(super) async fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    // Wrong usage is said before anything is connected.
    crate::listing::OutputFormat::of(args)?;
    // What is read is there: a fetch that finds nothing would only be in the way of the next partition's.
    let client = reader(args, &[("fetch.max.wait.ms", "0")]).await?;
    let topic = args.operand(0);
    records::exists(&client, topic).await?;
    match args.has("--compacted") {
        true => compacted(args, &client, topic, out).await,
        false => show(args, &client, topic, out).await,
    }
}

/// Every record of a topic, by partition and offset, as they are read.
pub(super) async fn show(args: &Args, client: &Client, topic: &str, out: &mut Output) -> Result<(), Failure> {
    let mut listing = Listing::begin(args, HEADS, out)?;
    listing.title(&format!("topic {topic}"))?;
    let mut consumer = client.consumer();
    for span in records::spans(&consumer, topic).await? {
        let partition = span.partition;
        let add = |record: &ConsumerRecord<'_>| listing.add(&RecordRow { topic, partition, record });
        records::read(&mut consumer, topic, span, add).await?;
    }
    listing.end()
}

/// The newest record of each key that is no tombstone, by partition and offset: what compaction would leave.
///
/// A partition is read twice: first its keys, then those records that are some key's newest. So memory holds the keys
/// of one partition that have a value, and no values.
async fn compacted(args: &Args, client: &Client, topic: &str, out: &mut Output) -> Result<(), Failure> {
    let mut listing = Listing::begin(args, HEADS, out)?;
    listing.title(&format!("topic {topic}, the newest value of each key"))?;
    let mut consumer = client.consumer();
    let mut keyless = 0;
    for span in records::spans(&consumer, topic).await? {
        let partition = span.partition;
        let newest = newest(&mut consumer, topic, span).await?;
        keyless += newest.keyless;
        let add = |record: &ConsumerRecord<'_>| match newest.has(record) {
            true => listing.add(&RecordRow { topic, partition, record }),
            false => Ok(()),
        };
        records::read(&mut consumer, topic, span, add).await?;
    }
    if keyless > 0 {
        say(format_args!("warning: {keyless} records have no key: they are no rows, and are left out"));
    }
    listing.end()
}

async fn newest(consumer: &mut Consumer, topic: &str, span: Span) -> Result<Newest, Failure> {
    let mut newest = Newest::default();
    let partition = span.partition;
    records::read(consumer, topic, span, |record| {
        newest.take(record.key, record.value.is_some(), record.offset);
        if newest.bytes <= KEYS_BYTES_MAX {
            return Ok(());
        }
        let text = format!(
            "topic {topic}, partition {partition}: its keys take more than {} MiB of memory, which is all that \
             --compacted takes; dump it without",
            KEYS_BYTES_MAX >> 20
        );
        Err(Failure::new(Exit::Running, text))
    })
    .await?;
    Ok(newest)
}

/// The offset of each key's newest record, where that is a value.
#[derive(Default)]
struct Newest {
    offsets: HashMap<Box<[u8]>, i64>,
    bytes: usize,
    keyless: u64,
}

impl Newest {
    fn take(&mut self, key: Option<&[u8]>, has_value: bool, offset: i64) {
        let Some(key) = key else {
            self.keyless += 1;
            return;
        };
        match self.offsets.get_mut(key) {
            Some(known) if has_value => *known = offset,
            Some(_) => {
                self.offsets.remove(key);
                self.bytes -= key.len() + ENTRY_BYTES;
            }
            None if has_value => {
                self.offsets.insert(key.into(), offset);
                self.bytes += key.len() + ENTRY_BYTES;
            }
            None => {}
        }
    }

    fn has(&self, record: &ConsumerRecord<'_>) -> bool {
        record.key.is_some_and(|key| self.offsets.get(key) == Some(&record.offset))
    }
}

/// What a key takes beside its bytes: its entry in a map that is half full, and its allocation.
const ENTRY_BYTES: usize = 64;

/// The keys of one partition may take this much: some six million of 100 bytes.
const KEYS_BYTES_MAX: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_newest_value_and_a_tombstone_removes_it() {
        let mut newest = Newest::default();
        let events: [(Option<&[u8]>, bool); 6] = [
            (Some(b"a"), true),
            (Some(b"b"), true),
            (None, true),
            (Some(b"a"), true),
            (Some(b"b"), false),
            (Some(b"c"), false),
        ];
        for (offset, (key, has_value)) in (0..).zip(events) {
            newest.take(key, has_value, offset);
        }
        assert_eq!(newest.offsets, HashMap::from([(b"a"[..].into(), 3)]));
        assert_eq!((newest.bytes, newest.keyless), (1 + ENTRY_BYTES, 1));
    }
}
