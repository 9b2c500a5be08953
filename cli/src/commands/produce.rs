//! `produce`: a line of standard input is a record.

use tokio::io::{AsyncBufReadExt, BufReader};
use upsert_kafka_client::{Producer, Record, Role, Topic, Transaction};

use crate::args::Args;
use crate::commands::topic::{client, failed};
use crate::exit::{Exit, Failure};

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let producer = client(args, Role::Producer).await?.producer();
    let topic = producer.topic(args.operand(0)).await.map_err(failed)?;
    // With a `transactional.id` all of the input is one transaction: it is seen whole or not at all.
    let transaction = match producer.is_transactional() {
        true => Some(producer.begin().await.map_err(failed)?),
        false => None,
    };
    let count = send_lines(args, &producer, transaction.as_ref(), &topic).await?;
    match transaction {
        Some(transaction) => transaction.commit().await.map_err(failed)?,
        None => producer.flush().await.map_err(failed)?,
    }
    if args.has("--metrics") {
        eprint!("{}", producer.metrics());
    }
    eprintln!("{count} records");
    Ok(())
}

async fn send_lines(
    args: &Args,
    producer: &Producer,
    transaction: Option<&Transaction>,
    topic: &Topic,
) -> Result<u64, Failure> {
    let partition = args.optional("--partition")?;
    let mut input = BufReader::new(tokio::io::stdin());
    let mut line = Vec::new();
    let mut count = 0u64;
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line).await;
        if read.map_err(|e| Failure::new(Exit::Running, format!("standard input: {e}")))? == 0 {
            return Ok(count);
        }
        let (key, value) = split(line.strip_suffix(b"\n").unwrap_or(&line), args.value("--key-delimiter"));
        let value = (args.value("--null-value").map(str::as_bytes) != Some(value)).then_some(value);
        let record = Record { key, value, partition, ..Record::new(topic) };
        let sent = match transaction {
            Some(transaction) => transaction.send(record).await,
            None => producer.send(record).await,
        };
        // The flush or the commit tells what became of it.
        drop(sent.map_err(failed)?);
        count += 1;
    }
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

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_key_ends_at_the_first_delimiter() {
        assert_eq!(split(b"a|b|c", Some("|")), (Some(&b"a"[..]), &b"b|c"[..]));
        assert_eq!(split(b"abc", Some("|")), (None, &b"abc"[..]));
        assert_eq!(split(b"a|b", None), (None, &b"a|b"[..]));
    }
}
