//! `produce`: a line of standard input is a record.

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::time::timeout;
use upsert_kafka_client::{Delivery, Producer, Record, Role, Topic, Transaction};

use crate::args::Args;
use crate::cluster::{client, failed};
use crate::commands::receipts::Receipts;
use crate::exit::{Exit, Failure};
use crate::signal::Stop;
use crate::stderr::{self, say};

pub(super) async fn run(args: &Args, stop: &Stop) -> Result<(), Failure> {
    let partition = args.optional("--partition")?;
    if let Some(negative) = partition.filter(|it: &i32| *it < 0) {
        return Err(Failure::usage(format!("--partition {negative}: partitions are numbered from 0")));
    }
    let Some(sink) = stop.unless_asked(Sink::open(args, partition)).await else {
        return Err(Failure::new(Exit::Running, "a signal came before anything was sent"));
    };
    let sink = sink?;
    let mut receipts = Receipts::default();
    let ended = send_lines(args, &sink, &mut receipts, stop).await;
    let metrics = args.has("--metrics").then(|| sink.producer.clone());
    let outcome = sink.end(ended, receipts, stop).await;
    if let Some(producer) = metrics {
        stderr::write(producer.metrics().to_string().as_bytes());
    }
    let count = outcome?;
    say(format_args!("{count} records"));
    Ok(())
}

/// Where lines go.
struct Sink {
    producer: Producer,
    /// With a `transactional.id` all of the input is one transaction: it is seen whole or not at all.
    transaction: Option<Transaction>,
    topic: Topic,
    partition: Option<i32>,
}

/// Why no more lines are read.
enum Ended {
    /// There are no more.
    Input,
    Signal,
    /// One could not be read or taken in.
    Failed(Failure),
}

impl Sink {
    async fn open(args: &Args, partition: Option<i32>) -> Result<Self, Failure> {
        let producer = client(args, Role::Producer).await?.producer();
        let topic = producer.topic(args.operand(0)).await.map_err(failed)?;
        let transaction = match producer.is_transactional() {
            true => Some(producer.begin().await.map_err(failed)?),
            false => None,
        };
        Ok(Self { producer, transaction, topic, partition })
    }

    async fn send(
        &self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<Delivery, upsert_kafka_client::Error> {
        let record = Record { key, value, partition: self.partition, ..Record::new(&self.topic) };
        match &self.transaction {
            Some(transaction) => transaction.send(record).await,
            None => self.producer.send(record).await,
        }
    }

    /// Sees to it that what was sent is written, or in a transaction that all of it is or nothing; how many records.
    async fn end(self, ended: Ended, receipts: Receipts, stop: &Stop) -> Result<u64, Failure> {
        let sent = receipts.sent();
        match (self.transaction, ended) {
            (None, ended) => flush(&self.producer, ended, receipts, stop).await,
            (Some(transaction), Ended::Input) => {
                // A signal that comes now finds all that was to be done under way.
                let Some(committed) = bounded(stop, transaction.commit()).await else {
                    return Err(Failure::new(Exit::Running, left_open(stop, sent)));
                };
                committed.map(|()| sent).map_err(failed)
            }
            (Some(transaction), ended) => {
                let aborted = match timeout(stop.within(), transaction.abort()).await {
                    Ok(Ok(())) => {
                        format!("the transaction was aborted: none of its {sent} records is written")
                    }
                    Ok(Err(error)) => {
                        format!("the transaction of {sent} records could not be aborted: {error}")
                    }
                    Err(_) => left_open(stop, sent),
                };
                let failure = ended.failure();
                Err(Failure::new(failure.exit, format!("{}; {aborted}", failure.message)))
            }
        }
    }
}

impl Ended {
    fn failure(self) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::Signal | Self::Input => Failure::new(Exit::Running, "a signal came before the input ended"),
        }
    }
}

/// Waits for every answer, within bounds once a signal came, and says what was not acknowledged.
async fn flush(
    producer: &Producer,
    ended: Ended,
    mut receipts: Receipts,
    stop: &Stop,
) -> Result<u64, Failure> {
    // Each delivery tells its own part of what a failed flush tells once.
    let settled = async {
        let _first_failure = producer.flush().await;
        receipts.settle().await;
    };
    let in_time = bounded(stop, settled).await.is_some();
    let (sent, written) = (receipts.sent(), receipts.written());
    match (receipts.failure(in_time, stop.within()), ended) {
        (None, Ended::Input) => Ok(sent),
        (None, ended) => {
            let failure = ended.failure();
            Err(Failure::new(failure.exit, format!("{}; {written} records are written", failure.message)))
        }
        (Some(lost), Ended::Input) => Err(lost),
        (Some(lost), ended) => {
            Err(Failure::new(lost.exit, format!("{}; {}", ended.failure().message, lost.message)))
        }
    }
}

/// Does something to its end; or for as long as an end may take from when a signal comes.
async fn bounded<T>(stop: &Stop, work: impl Future<Output = T>) -> Option<T> {
    let deadline = async {
        stop.asked().await;
        tokio::time::sleep(stop.within()).await;
    };
    // What is dropped here is told to be in doubt.
    tokio::select! {
        done = work => Some(done),
        () = deadline => None,
    }
}

fn left_open(stop: &Stop, sent: u64) -> String {
    format!(
        "the transaction of {sent} records had no end {:?} after the signal: the cluster aborts it after \
         transaction.timeout.ms, if its commit was not yet heard",
        stop.within()
    )
}

async fn send_lines(args: &Args, sink: &Sink, receipts: &mut Receipts, stop: &Stop) -> Ended {
    let mut input = BufReader::new(tokio::io::stdin());
    let mut line = Vec::new();
    loop {
        // What a signal interrupts is a line that is not yet whole, or a record that is not yet in.
        match stop.unless_asked(read_line(&mut input, &mut line)).await {
            None => return Ended::Signal,
            Some(Ok(false)) => return Ended::Input,
            Some(Ok(true)) => {}
            Some(Err(error)) => {
                let text = format!("standard input, line {}: {error}", receipts.sent() + 1);
                return Ended::Failed(Failure::new(Exit::Running, text));
            }
        }
        let (key, value) = split(&line, args.value("--key-delimiter"));
        let value = (args.value("--null-value").map(str::as_bytes) != Some(value)).then_some(value);
        match stop.unless_asked(sink.send(key, value)).await {
            None => return Ended::Signal,
            Some(Ok(delivery)) => receipts.take(delivery),
            Some(Err(error)) => {
                let text = format!("line {} is not sent: {error}", receipts.sent() + 1);
                return Ended::Failed(Failure::new(Exit::Cluster, text));
            }
        }
    }
}

/// Reads a line without its end; whether there was one.
async fn read_line(input: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let read = input.take(LINE_BYTES_MAX + 1).read_until(b'\n', line).await?;
    if line.pop_if(|last| *last == b'\n').is_none() && read as u64 > LINE_BYTES_MAX {
        return Err(std::io::Error::other(format!("it has more than {} MiB", LINE_BYTES_MAX >> 20)));
    }
    Ok(read > 0)
}

fn split<'a>(line: &'a [u8], delimiter: Option<&str>) -> (Option<&'a [u8]>, &'a [u8]) {
    let Some(delimiter) = delimiter.map(str::as_bytes).filter(|it| !it.is_empty()) else {
        return (None, line);
    };
    match line.windows(delimiter.len()).position(|window| window == delimiter) {
        Some(at) => (Some(&line[..at]), &line[at + delimiter.len()..]),
        None => (None, line),
    }
}

/// A longer line is refused: it is held in memory, and no broker takes it.
const LINE_BYTES_MAX: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_at_the_first_delimiter() {
        assert_eq!(split(b"a|b|c", Some("|")), (Some(&b"a"[..]), &b"b|c"[..]));
        assert_eq!(split(b"abc", Some("|")), (None, &b"abc"[..]));
        assert_eq!(split(b"a|b", None), (None, &b"a|b"[..]));
    }

    #[tokio::test]
    async fn a_line_is_read_without_its_end_and_the_last_may_have_none() {
        let (mut input, mut line, mut lines) = (&b"a\n\nb\r\nc"[..], Vec::new(), Vec::new());
        while read_line(&mut input, &mut line).await.unwrap() {
            lines.push(line.clone());
        }
        assert_eq!(lines, [&b"a"[..], b"", b"b\r", b"c"]);
    }
}
