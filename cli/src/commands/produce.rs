//! `produce`: a line of standard input is a record.

use tokio::io::{AsyncBufReadExt, BufReader};
use upsert_kafka_client::{Record, Role};

use crate::args::Args;
use crate::commands::topic::{client, failed};
use crate::exit::{Exit, Failure};

pub(super) async fn run(args: &Args) -> Result<(), Failure> {
    let partition = args.optional("--partition")?;
    let producer = client(args, Role::Producer).await?.producer();
    let topic = producer.topic(args.operand(0)).await.map_err(failed)?;
    let mut input = BufReader::new(tokio::io::stdin());
    let mut line = Vec::new();
    let mut count = 0u64;
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line).await;
        if read.map_err(|e| Failure::new(Exit::Running, format!("standard input: {e}")))? == 0 {
            break;
        }
        let (key, value) = split(line.strip_suffix(b"\n").unwrap_or(&line), args.value("--key-delimiter"));
        let value = (args.value("--null-value").map(str::as_bytes) != Some(value)).then_some(value);
        let record = Record { key, value, partition, ..Record::new(&topic) };
        // The flush tells what became of it.
        let _delivery = producer.send(record).await.map_err(failed)?;
        count += 1;
    }
    producer.flush().await.map_err(failed)?;
    eprintln!("{count} records");
    Ok(())
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
