//! Record sets: good ones fact by fact, broken ones refused where Java refuses them.

use serde_json::{Value, json};
use upsert_kafka_protocol::Bytes;
use upsert_kafka_protocol::records::{Batch, ControlType, DECOMPRESSED_BYTES_MAX, Record, batches};

use super::difference::fact;
use super::line::bytes;
use crate::hex;

/// A record set as Java wrote it, or one that was broken.
pub(super) fn check(line: &Value) -> Result<(), String> {
    let blob = Bytes::from(bytes(line, "hex")?);
    match line["valid"].as_bool() {
        Some(true) => good(line, &blob),
        Some(false) => broken(line, &blob),
        None => Err("it does not say whether it is 'valid'".into()),
    }
}

fn good(line: &Value, blob: &Bytes) -> Result<(), String> {
    let mut found = batches(blob);
    for (at, theirs) in list(&line["batches"]).iter().enumerate() {
        let ours = found.next().ok_or_else(|| format!("batch {at} is missing"))?;
        let outcome = ours.map_err(|e| e.to_string()).and_then(|ours| compare_batch(&ours, theirs));
        outcome.map_err(|why| format!("batch {at}: {why}"))?;
    }
    fact(line, "partial_trailing_bytes", found.remaining())?;
    match found.next() {
        None => Ok(()),
        Some(_) => Err("a batch more than Java finds".into()),
    }
}

fn compare_batch(ours: &Batch, theirs: &Value) -> Result<(), String> {
    ours.check().map_err(|e| e.to_string())?;
    compare_head(ours, theirs)?;
    let body = ours.body(DECOMPRESSED_BYTES_MAX).map_err(|e| e.to_string())?;
    let records: Vec<_> = body.iter().collect::<Result<_, _>>().map_err(|e| e.to_string())?;
    // A wrapper says the offset of its last record only.
    let first = match records.first() {
        Some(first) if ours.magic() < 2 => first.offset,
        _ => ours.base_offset(),
    };
    fact(theirs, "base_offset", first)?;
    let expected = list(&theirs["records"]);
    if records.len() != expected.len() {
        return Err(format!("{} records, not {}", records.len(), expected.len()));
    }
    for (at, (record, theirs)) in records.iter().zip(expected).enumerate() {
        compare_record(ours, record, theirs).map_err(|why| format!("record {at}: {why}"))?;
    }
    Ok(())
}

/// A format has facts that an older one lacks; the line says those that there are.
fn compare_head(ours: &Batch, theirs: &Value) -> Result<(), String> {
    fact(theirs, "position", ours.position())?;
    fact(theirs, "size", ours.bytes().len())?;
    fact(theirs, "magic", ours.magic())?;
    fact(theirs, "attributes", ours.attributes())?;
    fact(theirs, "compression", ours.compression().map_err(|e| e.to_string())?.name())?;
    fact(theirs, "last_offset", ours.last_offset())?;
    fact(theirs, "next_offset", ours.next_offset())?;
    fact(theirs, "timestamp_type", format!("{:?}", ours.timestamp_type()))?;
    fact(theirs, "max_timestamp", ours.max_timestamp())?;
    fact(theirs, "crc", ours.crc())?;
    fact(theirs, "leader_epoch", ours.leader_epoch())?;
    fact(theirs, "producer_id", ours.producer_id())?;
    fact(theirs, "producer_epoch", ours.producer_epoch())?;
    fact(theirs, "base_sequence", ours.base_sequence())?;
    fact(theirs, "last_sequence", ours.last_sequence())?;
    fact(theirs, "transactional", ours.is_transactional())?;
    fact(theirs, "control", ours.is_control())?;
    fact(theirs, "base_timestamp_field", ours.base_timestamp())?;
    fact(theirs, "max_timestamp_field", ours.max_timestamp())?;
    fact(theirs, "last_offset_delta", ours.last_offset_delta())?;
    fact(theirs, "count", ours.count())?;
    fact(theirs, "delete_horizon", ours.delete_horizon())
}

fn compare_record(batch: &Batch, ours: &Record<'_>, theirs: &Value) -> Result<(), String> {
    fact(theirs, "offset", ours.offset)?;
    fact(theirs, "timestamp", ours.timestamp_ms)?;
    fact(theirs, "key", ours.key.map(hex::encode))?;
    fact(theirs, "value", ours.value.map(hex::encode))?;
    fact(theirs, "sequence", batch.sequence_of(ours))?;
    let headers = ours.headers().map(|(key, value)| json!({"key": key, "value": value.map(hex::encode)}));
    fact(theirs, "headers", headers.collect::<Vec<_>>())?;
    if batch.is_control() {
        let control = ControlType::of_key(ours.key).ok_or("its key is no control record's")?;
        fact(theirs, "control_type", control.name())?;
    }
    Ok(())
}

fn broken(line: &Value, blob: &Bytes) -> Result<(), String> {
    let (batch_count, record_count, refused) = read(blob);
    let counts = format!("after {batch_count} batches and {record_count} records");
    match (refused, line["stage"].as_str().unwrap_or("none")) {
        (None, "none") => {
            fact(line, "batches_before", batch_count)?;
            fact(line, "records_before", record_count)
        }
        (Some(why), "none") => Err(format!("stricter than Java, {counts}: {why}")),
        (None, stage) => {
            Err(format!("laxer than Java, which throws {} at {stage}; {counts}", line["exception"]))
        }
        (Some(why), _) => {
            // Java looks at a message's key and value only when asked: the broken one counts.
            let lazy = usize::from(blob.get(MAGIC).is_some_and(|magic| *magic < 2));
            let before = line["records_before"].as_u64().unwrap_or_default();
            let enough = (record_count + lazy) as u64 >= before;
            if enough { Ok(()) } else { Err(format!("{before} records were good, but {counts}: {why}")) }
        }
    }
}

/// Batches and records up to the first error.
fn read(blob: &Bytes) -> (usize, usize, Option<String>) {
    let (mut batch_count, mut record_count) = (0, 0);
    for batch in batches(blob) {
        let outcome = batch.and_then(|batch| {
            batch_count += 1;
            batch.check()?;
            batch
                .body(DECOMPRESSED_BYTES_MAX)?
                .iter()
                .try_for_each(|record| record.map(|_| record_count += 1))
        });
        if let Err(why) = outcome {
            return (batch_count, record_count, Some(why.to_string()));
        }
    }
    (batch_count, record_count, None)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Where a batch of any format says which it is of.
const MAGIC: usize = 16;
