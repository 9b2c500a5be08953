//! Records in a view: batch by batch and record by record, where JSON has base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use upsert_kafka_protocol::Bytes;
use upsert_kafka_protocol::records::{Batch, ControlType, Corrupt, Record, batches};

use crate::record_row;

/// Puts batches in the place of every `records` field of a Produce, a Fetch or the like.
pub(super) fn show(view: &mut Value, limit: usize) {
    match view {
        Value::Object(object) => {
            for (name, value) in object {
                match value.as_str().filter(|_| name == "records").and_then(|it| STANDARD.decode(it).ok()) {
                    Some(bytes) => *value = shown(&bytes.into(), limit),
                    None => show(value, limit),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|it| show(it, limit)),
        _ => {}
    }
}

/// What can be read; a batch that is cut off or damaged says so in its place.
fn shown(blob: &Bytes, limit: usize) -> Value {
    let mut found = batches(blob);
    let mut out = Vec::new();
    for batch in found.by_ref() {
        out.push(batch.map_or_else(|e| wrong(&e), |batch| shown_batch(&batch, limit)));
    }
    if found.remaining() > 0 {
        out.push(json!({ "cutOff": found.remaining() }));
    }
    Value::Array(out)
}

fn shown_batch(batch: &Batch, limit: usize) -> Value {
    let compression = batch.compression().map(|it| it.name());
    let mut out = json!({
        "baseOffset": batch.base_offset(),
        "lastOffset": batch.last_offset(),
        "magic": batch.magic(),
        "compression": compression.unwrap_or("unknown"),
        "timestampType": format!("{:?}", batch.timestamp_type()),
        "leaderEpoch": batch.leader_epoch(),
        "producerId": batch.producer_id(),
        "producerEpoch": batch.producer_epoch(),
        "baseSequence": batch.base_sequence(),
        "transactional": batch.is_transactional(),
        "control": batch.is_control(),
    });
    if let Err(error) = batch.check() {
        out["checksum"] = error.to_string().into();
    }
    match batch.body(limit) {
        Ok(body) => {
            let records = body.iter().map(|it| it.map_or_else(|e| wrong(&e), |it| shown_record(batch, &it)));
            out["records"] = records.collect();
        }
        Err(error) => out["records"] = wrong(&error),
    }
    out
}

fn shown_record(batch: &Batch, record: &Record<'_>) -> Value {
    let headers: Vec<_> =
        record.headers().map(|(key, value)| json!([key, record_row::bytes(value)])).collect();
    let mut out = json!({
        "offset": record.offset,
        "timestamp": record.timestamp_ms,
        "headers": headers,
        "key": record_row::bytes(record.key),
        "value": record_row::bytes(record.value),
    });
    if let Some(control) = ControlType::of_key(record.key).filter(|_| batch.is_control()) {
        out["controlType"] = control.name().map_or_else(|| control.0.into(), Value::from);
    }
    out
}

fn wrong(error: &Corrupt) -> Value {
    json!({ "error": error.to_string() })
}
